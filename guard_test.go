package attest

import (
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
)

// These are guards that no evidence can reach. They keep a mistake of this
// package from becoming a PASS.

// Every step passed, but no step evaluated the policy.
func TestForgottenPolicy(t *testing.T) {
	s := newSession(time.Unix(1, 0))
	s.chain, s.trust.Policy = new(certchain.Chain), policy.Default()
	pass := []steps.Step[*session]{{ID: "all", Check: func(*session) (steps.Outcome, error) { return steps.Outcome{}, nil }}}
	if a := s.run(pass, false); a.Result != nil || a.Passed() || !errors.Is(a.Err, errIncomplete) {
		t.Errorf("%+v", a)
	}
}

// TestTables: a step needs only what stands before it, and the steps of a report
// are those of an endpoint, by number and ID.
func TestTables(t *testing.T) {
	seen := map[string]bool{}
	for i, row := range endpointSteps {
		for _, need := range row.Needs {
			if !seen[need] {
				t.Errorf("%s needs %s, which does not stand before it", row.ID, need)
			}
		}
		if row.ID == "" || row.Rule == "" || seen[row.ID] || reportSteps[i].ID != row.ID || reportSteps[i].Rule != row.Rule {
			t.Errorf("step %d: %v, %v", i+1, row, reportSteps[i])
		}
		seen[row.ID] = true
	}
	if len(endpointSteps) != 19 || len(reportSteps) != 19 {
		t.Errorf("%d and %d steps", len(endpointSteps), len(reportSteps))
	}
}
