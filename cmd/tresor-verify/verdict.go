package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest"
)

// frame is how a verification was done.
type frame struct {
	mode    string // "live", "offline" or "replay"
	at      time.Time
	source  string // of the time: "clock", "given" or "recorded"
	relaxed []string
	changed error // what differs from the pin; nil: nothing
	dated   bool  // the time is printed whatever it is: there will be more verdicts
}

// verdict makes the JSON object.
// Rules: CLI-08.
func (u *ui) verdict(a *attest.Audit, f frame) *verdictJSON {
	err := cmp.Or(a.Err, f.changed)
	code := exitCode(err)
	v := &verdictJSON{
		Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code,
		Mode: f.mode, Time: stamp(f.at), TimeSource: f.source, Relaxed: append([]string{}, f.relaxed...), Checks: checksJSON(a.Checks),
	}
	if err != nil {
		v.Error = u.command.describe(err)
	}
	if code == exitVerified || code == exitChanged {
		v.addFacts(a.Result)
	}
	return v
}

// answer prints the verdict and returns the exit code.
func (h *hardwareFlags) answer(u *ui, a *attest.Audit, f frame) int {
	err := cmp.Or(a.Err, f.changed)
	code := exitCode(err)
	if h.json {
		u.object(u.verdict(a, f))
		return code
	}
	switch {
	case code == exitChanged:
		u.refusal(code, err)
		u.endpointFacts(a.Result)
	case err != nil:
		u.refusal(code, err)
	case a.Result.Bundle != nil:
		u.line("PASS")
		u.endpointFacts(a.Result)
	default:
		u.line("PASS")
		u.reportFacts(a.Result)
	}
	u.field("relaxed", strings.Join(f.relaxed, ", "))
	if f.mode != "live" || f.source != "clock" || f.dated {
		u.field("verified", f.mode+", for "+stamp(f.at)+" ("+f.source+")")
	}
	if h.explain {
		u.explain(2, a.Checks)
	}
	return code
}

// refusal writes the block that says why there is no PASS.
func (u *ui) refusal(code int, err error) {
	e := u.command.describe(err)
	u.line("%s: %s", map[int]string{exitRefused: "FAIL", exitUsage: "ERROR", exitUndecided: "UNDECIDED", exitChanged: "CHANGED", exitInternal: "ERROR"}[code], e.Type)
	u.because(e)
}

// because writes what an error says beside its type.
// Rules: CLI-12.
func (u *ui) because(e *errorJSON) {
	u.field("message", e.Message)
	u.field("rule", e.Requirement)
	if len(e.Changes) > 0 {
		for _, c := range e.Changes {
			u.field("changed", fmt.Sprintf("%s: recorded %s, now %s", c.Member, c.Recorded, c.Now))
		}
	} else {
		u.field("expected", e.Expected)
		u.field("actual", e.Actual)
		u.field("expected is from", e.ExpectedFrom)
		u.field("actual is from", e.ActualFrom)
	}
	for i, v := range e.Violations {
		if i > 0 {
			u.field("also", fmt.Sprintf("%s: expected %s, got %s (%s)", v.Name, v.Expected, v.Actual, v.Rule))
		}
	}
	u.field("hint", e.Hint)
}

// field writes "name: value", unless there is no value.
func (u *ui) field(name, value string) {
	if value != "" {
		u.line("%-22s %s", name+":", value)
	}
}

// explain writes every step.
func (u *ui) explain(section int, checks []attest.Check) {
	u.line("")
	u.line("steps (SPEC.md section %d):", section)
	width := 17
	for _, c := range checks {
		width = max(width, len(c.ID))
	}
	for _, c := range checks {
		u.line("%2d  %-*s %-7s %-14s %s", c.Step, width, c.ID, c.Requirement, c.Status, checkText(c))
	}
}

func checkText(c attest.Check) string {
	switch {
	case c.Status == attest.Fail && c.Expected != "":
		return fmt.Sprintf("%s: expected %s, got %s", c.Reason, c.Expected, c.Actual)
	case c.Reason != "":
		return c.Reason
	}
	return c.Actual
}

func verdictWord(code int) string {
	switch code {
	case exitVerified:
		return "pass"
	case exitRefused, exitChanged:
		return "fail"
	}
	return "error"
}
