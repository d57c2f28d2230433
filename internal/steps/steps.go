// Package steps carries out the steps of a verification, in their order.
//
// A verification is a table of rows, each a check with the rule of SPEC.md that it
// stands for, and a state that the checks read and fill. Package attest has the
// table of an endpoint and of a report, package receipt that of a receipt.
//
// A package above attest that adds steps of its own to those of a report, as for a
// virtual machine behind a paravisor, calls Continue with what
// attest.ReportVerifier.Audit returned: its Checks, which are steps 1 to 19, and its
// Err. Its rows follow from step 20 on, and may need the steps before by their IDs,
// e.g. "endorsement".
//
// Rules: ORD-01, ORD-02, ORD-03.
package steps

import (
	"cmp"
	"errors"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// How a step ended.
const (
	Pass          = "pass"
	Fail          = "fail"
	NotReached    = "not_reached"    // an earlier step failed
	NotApplicable = "not_applicable" // this verification has no such step
	NotChecked    = "not_checked"    // nothing demanded it
)

// A Check is the record of one step.
type Check struct {
	Step        int    `json:"step"`        // from 1
	ID          string `json:"id"`          // stable, e.g. "report_signature"
	Requirement string `json:"requirement"` // rule of SPEC.md: the broken one when Status is Fail
	Status      string `json:"status"`
	Expected    string `json:"expected,omitempty"`
	Actual      string `json:"actual,omitempty"`
	Reason      string `json:"reason,omitempty"` // why it was not run; what is wrong
}

// An Outcome is the result of a check that does not fail. The zero Outcome is a pass.
type Outcome struct {
	Status string // Pass when empty; NotApplicable or NotChecked
	Actual string // what was found
	Reason string // why it was not checked
}

// A Step is one row of a table over a state S.
type Step[S any] struct {
	ID    string
	Rule  string   // of SPEC.md
	Needs []string // IDs of the earlier steps whose outcome the check reads
	Check func(S) (Outcome, error)
}

// Run carries out the rows, in their order, and returns what each found, and the
// error of the first that failed. After a failure only an audit goes on, and only
// with steps whose needs passed, did not apply or were not demanded.
//
// The verdict is nil when every step passed, did not apply or was not demanded. A
// row that was not carried out, without a failure before it, is a mistake in the
// table: its error is none of evidence.
func Run[S any](rows []Step[S], state S, audit bool) ([]Check, error) {
	return Continue(nil, nil, rows, state, audit)
}

// Continue is Run behind steps that another table has carried out: checks, and err,
// the error of the first that failed. It does not write to checks.
func Continue[S any](checks []Check, err error, rows []Step[S], state S, audit bool) ([]Check, error) {
	checks = slices.Grow(slices.Clip(checks), len(rows))
	for _, row := range rows {
		c := Check{Step: len(checks) + 1, ID: row.ID, Requirement: row.Rule, Status: NotReached}
		need := unmet(checks, row.Needs)
		switch {
		case err != nil && !audit:
			c.Reason = "an earlier step failed"
		case need != "":
			c.Reason = "needs step " + need
		default:
			outcome, failed := row.Check(state)
			c.record(outcome, failed)
			if err == nil {
				err = failed
			}
		}
		checks = append(checks, c)
	}
	if err == nil && slices.ContainsFunc(checks, func(c Check) bool { return !c.met() }) {
		err = errors.New("internal error: a step was not carried out")
	}
	return checks, err
}

// Omit returns rows in which the steps with these IDs do not apply, for a reason.
func Omit[S any](rows []Step[S], reason string, ids ...string) []Step[S] {
	rows = slices.Clone(rows)
	for i := range rows {
		if slices.Contains(ids, rows[i].ID) {
			rows[i].Needs = nil
			rows[i].Check = func(S) (Outcome, error) { return Outcome{Status: NotApplicable, Reason: reason}, nil }
		}
	}
	return rows
}

// record writes down how the step ended.
func (c *Check) record(o Outcome, err error) {
	if err == nil {
		c.Status, c.Actual, c.Reason = cmp.Or(o.Status, Pass), o.Actual, o.Reason
		return
	}
	c.Status, c.Actual, c.Reason = Fail, o.Actual, err.Error()
	var d rule.Detailed
	if errors.As(err, &d) {
		f := d.Details()
		c.Requirement, c.Expected, c.Actual, c.Reason = f.Rule, f.Expected, f.Actual, f.Problem()
	}
}

// met reports whether a step that reads the outcome of this one may be carried out.
func (c Check) met() bool {
	return c.Status == Pass || c.Status == NotApplicable || c.Status == NotChecked
}

// unmet returns the first of needs that is not met, or "".
func unmet(checks []Check, needs []string) string {
	for _, need := range needs {
		i := slices.IndexFunc(checks, func(c Check) bool { return c.ID == need })
		if i < 0 || !checks[i].met() {
			return need
		}
	}
	return ""
}
