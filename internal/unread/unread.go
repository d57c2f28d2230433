// Package unread gives evidence that could not be read in the form that people hold it in
// its place in a verdict: the type of the error, and the step that fails.
package unread

import (
	"errors"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/verdict"
)

// Report gives an error of package carrier about a report the type that it has in a
// verdict. what names the input, and stands first in the message of an input that is
// too long or of no known form. A *carrier.PrivateKeyError, and an error that has a
// type, stay.
// Rules: CLI-03, FRM-02, FRM-03.
func Report(what string, err error) error {
	return refusal(what, err, func(f attest.Failure) error { return &attest.ReportInvalidError{Failure: f} })
}

// Chain is Report of certificates.
func Chain(what string, err error) error {
	return refusal(what, err, func(f attest.Failure) error { return &attest.CertChainInvalidError{Failure: f} })
}

func refusal(what string, err error, malformed func(attest.Failure) error) error {
	var unread *carrier.UnreadError
	var key *carrier.PrivateKeyError
	var fault *carrier.Failure
	switch {
	case attest.ErrorType(err) != "", errors.As(err, &key):
		return err
	case errors.As(err, &fault) && fault.Rule == "FRM-01": // too long, so that only a part of it may be here
		return verdict.Unavailable(what, err)
	case errors.As(err, &unread):
		f := rule.From(err, "FRM-02", "nothing can be read")
		f.Message = what + ": " + f.Message
		return &hinted{&attest.EvidenceUnavailableError{Failure: f}, unread.Convert}
	}
	return malformed(rule.From(err, "FRM-10", "the evidence is malformed"))
}

// hinted is an error that knows what to try next.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }
func (h *hinted) Hint() string  { return h.hint }

// Audit is the audit of a report whose form, or that of whose certificates, breaks the
// rules of that form: the step that would have read it fails by the error, and no other
// is reached.
func Audit(config attest.ReportConfig, refused error, at time.Time) *attest.Audit {
	v, err := attest.NewReportVerifier(config)
	if err != nil {
		return &attest.Audit{Err: err}
	}
	step := map[string]string{"ReportInvalidError": "report", "CertChainInvalidError": "chain"}[verdict.Type(refused)]
	a := &attest.Audit{Err: refused, Checks: v.Audit(attest.ReportEvidence{}, at).Checks}
	description := verdict.Describe(refused)
	for i, c := range a.Checks {
		switch {
		case c.ID == step:
			a.Checks[i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: description.Requirement, Status: attest.Fail,
				Expected: description.Expected, Actual: description.Actual, Reason: description.Message}
		case c.Status != attest.NotApplicable:
			a.Checks[i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: c.Requirement, Status: attest.NotReached, Reason: "the evidence could not be read"}
		}
	}
	return a
}
