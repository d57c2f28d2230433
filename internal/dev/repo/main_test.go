package repo

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/dev/stress"
)

// slow are the tests that run the commands of RECIPE.md, and one that builds the core
// anew, to count what it does.
const slow = "^TestRecipe|^TestParsedOnce"

func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		panic(err)
	}
	stress.Main(m, slow)
}

// at is the time at which the evidence of package mint is valid.
var at = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// wantError checks the type and the rule of a refusal.
func wantError(t *testing.T, err error, typ, rule string) {
	t.Helper()
	var a attest.AttestationError
	if !errors.As(err, &a) || attest.ErrorType(a) != typ || a.Requirement() != rule {
		t.Errorf("%v, want %s of %s", err, typ, rule)
	}
}

// configuredRule returns the rule that an error about a configuration names, or "".
func configuredRule(err error) string {
	var named interface{ Rule() string }
	if errors.As(err, &named) {
		return named.Rule()
	}
	return ""
}
