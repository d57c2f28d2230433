package verdict

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// Exit codes.
const (
	ExitVerified  = 0
	ExitRefused   = 1 // the evidence was checked and fails
	ExitUsage     = 2 // flags, or files of the trust configuration
	ExitUndecided = 3 // evidence could not be read or fetched
	ExitChanged   = 4 // verified, but it differs from the pin
	ExitInternal  = 5
)

// An Error says why there is no PASS.
type Error struct {
	Type        string `json:"type"`
	Requirement string `json:"requirement"`
	Message     string `json:"message"`
	Expected    string `json:"expected"`
	Actual      string `json:"actual"`
	Hint        string `json:"hint,omitempty"` // what to try next

	ExpectedFrom string `json:"expected_from,omitempty"` // what the two values were read from
	ActualFrom   string `json:"actual_from,omitempty"`

	Violations []Violation `json:"violations,omitempty"` // of a policy: all of them
	Changes    []Change    `json:"changes,omitempty"`    // since the pin: all of them

	cause error
}

// A Violation is one demand of a policy that is not met.
type Violation = policy.Violation

// A Change is one thing that differs from a pin.
type Change struct {
	Member   string `json:"member"`
	Recorded string `json:"recorded"`
	Now      string `json:"now"`
}

// Describe makes the description of an error, without Hint, ExpectedFrom and
// ActualFrom: these depend on the program. An error of no known type is internal.
func Describe(err error) *Error {
	e := &Error{Type: Type(err), Message: err.Error(), cause: err}
	switch list := Rules(err); {
	case len(list) > 0:
		e.Requirement = list[0]
	case e.Type == "UsageError":
		e.Requirement = "CLI-02"
	}
	if refusal, ok := errors.AsType[rule.Detailed](err); ok && attest.ErrorType(err) != "" {
		f := refusal.Details()
		e.Message, e.Expected, e.Actual = f.Problem(), f.Expected, f.Actual
	}
	if list := allowed(err); len(list) > 0 {
		e.Expected = enumerate(list)
	}
	e.Violations = slices.Clone(violations(err))
	if changed, ok := errors.AsType[*attest.PinChangedError](err); ok {
		for _, change := range changed.Changes {
			e.Changes = append(e.Changes, Change{change.Where, change.Expected, change.Actual})
		}
	}
	return e
}

// Cause returns the error that e describes.
func (e *Error) Cause() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Unavailable makes the error of evidence that could not be read or fetched. what
// names the flag or the layer, and stands first in the message.
// Rules: CLI-03.
func Unavailable(what string, err error) error {
	f := attest.Failure{Message: err.Error(), Offset: rule.NoOffset}
	if d, ok := err.(rule.Detailed); ok { // another that wraps one says more
		f = d.Details()
	}
	f.Rule, f.Message, f.Cause = "CLI-03", strings.TrimSuffix(what+": "+f.Message, ": "), err
	return &attest.EvidenceUnavailableError{Failure: f}
}

// allowed returns the list that lacks what was found.
func allowed(err error) []string {
	if m, ok := errors.AsType[*attest.MeasurementNotAllowedError](err); ok {
		return m.Allowed
	}
	if t, ok := errors.AsType[*attest.IdentityTagNotAllowedError](err); ok {
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

// violations returns those of a policy, or the differences of an ID block.
func violations(err error) (list []Violation) {
	if p, ok := errors.AsType[*attest.PolicyViolationError](err); ok {
		return p.Violations
	}
	if t, ok := errors.AsType[*attest.TCBBelowFloorError](err); ok {
		return t.Violations
	}
	if b, ok := errors.AsType[*launch.IDBlockInvalidError](err); ok {
		for _, d := range b.Differences {
			list = append(list, Violation{Rule: d.Rule, Name: d.Where, Expected: d.Expected, Actual: d.Actual})
		}
	}
	return list
}

// Type returns the word of SPEC.md for an error. An error of another package
// chooses its own by a method VerdictType.
func Type(err error) string {
	var own interface{ VerdictType() string }
	var refusal attest.AttestationError
	switch {
	case errors.As(err, &own):
		return own.VerdictType()
	case errors.As(err, &refusal) && attest.ErrorType(refusal) != "":
		return attest.ErrorType(refusal)
	}
	return "InternalError"
}

// ExitCode returns the exit code for an error; nil: verified.
func ExitCode(err error) int {
	if err == nil {
		return ExitVerified
	}
	switch Type(err) {
	case "UsageError":
		return ExitUsage
	case "EvidenceUnavailableError":
		return ExitUndecided
	case "PinChangedError":
		return ExitChanged
	case "InternalError":
		return ExitInternal
	}
	return ExitRefused
}

// Rules returns the rules of SPEC.md that an error and its causes name, outermost
// first. What is wrong with a configuration names one too, but is no
// attest.AttestationError.
func Rules(err error) []string {
	var list []string
	for ; err != nil; err = errors.Unwrap(err) {
		if rule := ruleOf(err); rule != "" {
			list = append(list, rule)
		}
	}
	return list
}

func ruleOf(err error) string {
	switch e := err.(type) {
	case interface{ Requirement() string }:
		return e.Requirement()
	case interface{ Rule() string }:
		return e.Rule()
	}
	return ""
}
