package steps_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/rule"
)

func broken(id string) error {
	return fmt.Errorf("step: %w", &rule.Error{Rule: id, Message: "it is broken", Where: "FIELD", Offset: 4, Expected: "1", Actual: "2"})
}

// row is a step whose check appends its ID to the state.
func row(id string, o steps.Outcome, err error, needs ...string) steps.Step[*[]string] {
	return steps.Step[*[]string]{ID: id, Rule: "TST-" + id, Needs: needs, Check: func(s *[]string) (steps.Outcome, error) {
		*s = append(*s, id)
		return o, err
	}}
}

// TestRun: what an audit finds, and what a verification does, of the same table.
func TestRun(t *testing.T) {
	table := []steps.Step[*[]string]{
		row("a", steps.Outcome{Actual: "version 1"}, nil),
		row("b", steps.Outcome{Status: steps.NotChecked, Reason: "nothing asked"}, nil, "a"),
		row("c", steps.Outcome{Actual: "lost"}, broken("TST-z"), "b"),
		row("d", steps.Outcome{}, nil, "a", "c"),
		row("e", steps.Outcome{Status: steps.NotApplicable}, nil, "a"),
		row("f", steps.Outcome{}, errors.New("second"), "e"),
	}
	head := []steps.Check{
		{Step: 1, ID: "a", Requirement: "TST-a", Status: steps.Pass, Actual: "version 1"},
		{Step: 2, ID: "b", Requirement: "TST-b", Status: steps.NotChecked, Reason: "nothing asked"},
		{Step: 3, ID: "c", Requirement: "TST-z", Status: steps.Fail, Expected: "1", Actual: "2", Reason: "it is broken: FIELD at offset 0x4"},
	}
	const earlier = "an earlier step failed"
	for _, tt := range []struct {
		audit bool
		done  []string
		tail  []steps.Check
	}{
		{false, []string{"a", "b", "c"}, []steps.Check{
			{Step: 4, ID: "d", Requirement: "TST-d", Status: steps.NotReached, Reason: earlier},
			{Step: 5, ID: "e", Requirement: "TST-e", Status: steps.NotReached, Reason: earlier},
			{Step: 6, ID: "f", Requirement: "TST-f", Status: steps.NotReached, Reason: earlier},
		}},
		{true, []string{"a", "b", "c", "e", "f"}, []steps.Check{
			{Step: 4, ID: "d", Requirement: "TST-d", Status: steps.NotReached, Reason: "needs step c"},
			{Step: 5, ID: "e", Requirement: "TST-e", Status: steps.NotApplicable},
			{Step: 6, ID: "f", Requirement: "TST-f", Status: steps.Fail, Reason: "second"},
		}},
	} {
		var done []string
		checks, err := steps.Run(table, &done, tt.audit)
		if d := cmp.Diff(slices.Concat(head, tt.tail), checks); d != "" {
			t.Errorf("audit %v: %s", tt.audit, d)
		}
		if !slices.Equal(done, tt.done) {
			t.Errorf("audit %v carried out %q, want %q", tt.audit, done, tt.done)
		}
		var e *rule.Error
		if !errors.As(err, &e) || e.Rule != "TST-z" {
			t.Errorf("audit %v: %v", tt.audit, err)
		}
	}
}

// TestIncomplete: without an error, nothing but pass, not_applicable and
// not_checked is a pass.
func TestIncomplete(t *testing.T) {
	var done []string
	for name, table := range map[string][]steps.Step[*[]string]{
		"an unknown need": {row("a", steps.Outcome{}, nil, "z")},
		"a later need":    {row("a", steps.Outcome{}, nil, "b"), row("b", steps.Outcome{}, nil)},
		"fail":            {row("a", steps.Outcome{Status: steps.Fail}, nil)},
		"not reached":     {row("a", steps.Outcome{Status: steps.NotReached}, nil)},
		"no status":       {row("a", steps.Outcome{Status: "passed"}, nil)},
	} {
		if _, err := steps.Run(table, &done, true); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if checks, err := steps.Run([]steps.Step[*[]string]{row("a", steps.Outcome{}, nil)}, &done, false); err != nil || checks[0].Status != steps.Pass {
		t.Errorf("%v, %v", checks, err)
	}
}

// TestContinue: another table goes on with the numbers, the needs and the verdict.
func TestContinue(t *testing.T) {
	var done []string
	first := []steps.Step[*[]string]{row("a", steps.Outcome{}, nil), row("b", steps.Outcome{}, broken("TST-z"))}
	checks, err := steps.Run(first, &done, true)
	before := slices.Clone(checks)
	second := []steps.Step[*[]string]{row("c", steps.Outcome{}, nil, "a"), row("d", steps.Outcome{}, errors.New("later"), "b"), row("e", steps.Outcome{}, errors.New("later"))}
	all, verdict := steps.Continue(checks, err, second, &done, true)
	if verdict == nil || verdict != err {
		t.Errorf("%v", verdict)
	}
	got := ""
	for _, c := range all {
		got += fmt.Sprint(c.Step, c.ID, " ", c.Status, "; ")
	}
	if want := "1a pass; 2b fail; 3c pass; 4d not_reached; 5e fail; "; got != want {
		t.Errorf("%s", got)
	}
	if !slices.Equal(checks[:cap(checks)][:2], before) {
		t.Error("the checks before were written to")
	}
	if all, err = steps.Continue(checks, err, second, &done, false); err != verdict || all[2].Status != steps.NotReached {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := steps.Continue([]steps.Check{{Status: steps.NotReached}}, nil, nil, &done, false); err == nil {
		t.Error("what the steps before left out is forgotten")
	}
}

func TestOmit(t *testing.T) {
	var done []string
	table := []steps.Step[*[]string]{row("a", steps.Outcome{}, broken("TST-y")), row("b", steps.Outcome{}, nil, "a")}
	checks, err := steps.Run(steps.Omit(table, "there is none", "a"), &done, false)
	if err != nil || checks[0].Status != steps.NotApplicable || checks[0].Reason != "there is none" || checks[1].Status != steps.Pass {
		t.Errorf("%v, %v", checks, err)
	}
	if checks, err := steps.Run(steps.Omit(table, "", "b"), &done, true); err == nil || checks[1].Status != steps.NotApplicable {
		t.Errorf("of the last row: %v, %v", checks, err)
	}
	if _, err := steps.Run(table, &done, false); err == nil {
		t.Error("Omit changed its argument")
	}
}

// TestVerdict: of any table, the verdict is nil exactly when no step failed, and
// the error of the first that failed otherwise. An audit carries out exactly the
// steps whose needs are met, a verification none behind the first failure.
// Rules: ORD-01, ORD-02, ORD-03.
func TestVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table []steps.Step[*[]string]
		var failures []error
		var want []string
		met := map[string]bool{}
		n, audit := rapid.IntRange(1, 8).Draw(t, "rows"), rapid.Bool().Draw(t, "audit")
		for i := range n {
			id, o := string(rune('a'+i)), steps.Outcome{}
			var err error
			switch rapid.SampledFrom([]string{"", steps.Pass, steps.Fail, steps.NotChecked, steps.NotApplicable}).Draw(t, "end") {
			case steps.Fail:
				err = fmt.Errorf("%s failed", id)
			case steps.NotChecked:
				o.Status = steps.NotChecked
			case steps.NotApplicable:
				o.Status = steps.NotApplicable
			}
			var needs []string
			ready := audit || len(failures) == 0
			for j := range i {
				if rapid.Bool().Draw(t, "needs") {
					needs = append(needs, string(rune('a'+j)))
					ready = ready && met[needs[len(needs)-1]]
				}
			}
			if ready {
				want = append(want, id)
				met[id] = err == nil
				if err != nil {
					failures = append(failures, err)
				}
			}
			table = append(table, row(id, o, err, needs...))
		}
		var done []string
		checks, err := steps.Run(table, &done, audit)
		if !slices.Equal(done, want) || len(checks) != n {
			t.Fatalf("carried out %q, want %q: %v", done, want, checks)
		}
		if len(failures) == 0 && err != nil || len(failures) > 0 && err != failures[0] {
			t.Fatalf("%v, want the first of %v", err, failures)
		}
	})
}
