package leak_test

import (
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
)

// slow are the tests that play every scenario against several transports: half
// a minute, and longer on a machine that does other things.
const slow = "^(TestScenarios|TestMutants|TestBusy)$"

func TestMain(m *testing.M) { stress.Main(m, slow) }
