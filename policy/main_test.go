package policy_test

import (
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
)

func TestMain(m *testing.M) { stress.Main(m) }
