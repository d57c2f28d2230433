package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// describe makes the JSON of any error of a command. What it is not able to
// classify is internal.
func (c command) describe(err error) *errorJSON {
	e := &errorJSON{Type: errorType(err), Message: err.Error()}
	switch list := rules(err); {
	case len(list) > 0:
		e.Requirement = list[0]
	case e.Type == "UsageError":
		e.Requirement = "CLI-02"
	}
	var refusal rule.Detailed
	if attest.ErrorType(err) != "" && errors.As(err, &refusal) {
		f := refusal.Details()
		e.Message, e.Expected, e.Actual = f.Problem(), f.Expected, f.Actual
	}
	var known *advised
	if errors.As(err, &known) && known.about != "" {
		e.Message = known.about + ": " + e.Message
	}
	if list := allowed(err); len(list) > 0 {
		e.Expected = enumerate(list)
	}
	for _, v := range violations(err) {
		e.Violations = append(e.Violations, violationJSON{v.Rule, v.Name, v.Expected, v.Actual})
	}
	var changed *attest.PinChangedError
	if errors.As(err, &changed) {
		for _, change := range changed.Changes {
			e.Changes = append(e.Changes, changeJSON{change.Member, change.Recorded, change.Now})
		}
	}
	a := c.advise(err)
	e.Hint = a.next
	if e.Expected != "" {
		e.ExpectedFrom = a.expected
	}
	if e.Actual != "" {
		e.ActualFrom = a.actual
	}
	return e
}

// allowed returns the list that lacks what was found.
func allowed(err error) []string {
	var m *attest.MeasurementNotAllowedError
	var t *attest.IdentityTagNotAllowedError
	switch {
	case errors.As(err, &m):
		return m.Allowed
	case errors.As(err, &t):
		return t.Allowed
	}
	return nil
}

// enumerate names the first few of a list.
func enumerate(list []string) string {
	const most = 4
	if n := len(list) - most; n > 0 {
		return fmt.Sprintf("%s or one of %d more", strings.Join(list[:most], ", "), n)
	}
	return strings.Join(list, " or ")
}

// violations returns those of a policy.
func violations(err error) []policy.Violation {
	var p *attest.PolicyViolationError
	var t *attest.TCBBelowFloorError
	switch {
	case errors.As(err, &p):
		return p.Violations
	case errors.As(err, &t):
		return t.Violations
	}
	return nil
}

// errorType returns the word of contract and SPEC.md for an error.
func errorType(err error) string {
	var usage *usageError
	var refusal attest.AttestationError
	switch {
	case errors.As(err, &usage):
		return "UsageError"
	case errors.As(err, &refusal) && attest.ErrorType(refusal) != "":
		return attest.ErrorType(refusal)
	}
	return "InternalError"
}

// exitCode returns the code for an error.
func exitCode(err error) int {
	if err == nil {
		return exitVerified
	}
	switch errorType(err) {
	case "UsageError":
		return exitUsage
	case "EvidenceUnavailableError":
		return exitUndecided
	case "PinChangedError":
		return exitChanged
	case "InternalError":
		return exitInternal
	}
	return exitRefused
}
