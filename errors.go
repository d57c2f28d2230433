package attest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// An AttestationError names the rule of SPEC.md that was broken. Every error type
// below is one, always as a pointer. All of them are refusals, of evidence that
// was checked and fails, but two: EvidenceUnavailableError, without a verdict, and
// PinChangedError, where the evidence passes.
//
// The errors of the packages that this one is built on, which stand below these as
// their Cause, and those by which packages transport and kds refuse to send or to
// ask are AttestationErrors too; ErrorType tells them apart. What is wrong with a
// configuration is none: no error of a function that makes a verifier, a policy,
// roots or a transport is.
type AttestationError interface {
	error
	Requirement() string // the rule of SPEC.md that was broken, e.g. "RPT-02"
}

// Failure is the part that all AttestationErrors share: Rule, Message, Where, Offset,
// Expected, Actual and Cause. Each error type below embeds one; its method Details
// returns it, to code that does not care for the type. Of a wrapped error,
//
//	var d rule.Detailed
//	errors.As(err, &d)
//
// finds it.
type Failure = rule.Error

// The error types, in the order of the steps that return them.
type (
	// EnvelopeInvalidError: the envelope is malformed (step 1).
	EnvelopeInvalidError struct{ Failure }

	// EnvelopeStaleError: the envelope is too old, or from the future (step 2).
	EnvelopeStaleError struct {
		Failure
		IssuedAt time.Time
		MaxAge   time.Duration
	}

	// BundleSignatureInvalid: no pinned release root signed the trust bundle
	// (step 3).
	BundleSignatureInvalid struct{ Failure }

	// BundleInvalidError: a release root signed it, but it is malformed (step 4).
	BundleInvalidError struct{ Failure }

	// BundleExpiredError: the trust bundle is past its valid_until (step 5).
	BundleExpiredError struct {
		Failure
		ValidUntil time.Time
	}

	// BundleRollbackError: a newer trust bundle was accepted before, or another
	// one of the same version (step 6).
	BundleRollbackError struct {
		Failure
		Version uint64 // of the trust bundle
		Highest uint64 // accepted before
	}

	// WorkloadMismatchError: envelope, trust bundle and caller do not mean the same
	// workload (step 7).
	WorkloadMismatchError struct {
		Failure
		Workload string // the one that differs
	}

	// ReportInvalidError: the report has no layout that we know (step 8).
	ReportInvalidError struct{ Failure }

	// CertChainInvalidError: the certificates do not lead from a VCEK or VLEK to
	// an AMD root (step 9).
	CertChainInvalidError struct{ Failure }

	// CRLInvalidError: a CRL was given or required, and is absent or no good
	// (step 10).
	CRLInvalidError struct{ Failure }

	// CertRevokedError: AMD revoked a certificate of the chain (step 10).
	CertRevokedError struct {
		Failure
		Role   string // "ARK", "ASK" or "ASVK"
		Serial string // lower-case hex
	}

	// ReportSignatureInvalidError: the leaf's key did not sign the report
	// (step 11).
	ReportSignatureInvalidError struct{ Failure }

	// EndorsementMismatchError: the leaf is of another chip, product, kind or
	// firmware level than the report (step 12).
	EndorsementMismatchError struct{ Failure }

	// PolicyViolationError: the report is genuine, but not what the policy
	// demands (step 13). Failure describes the first violation.
	PolicyViolationError struct {
		Failure
		Violations []policy.Violation // all of them, in the order of SPEC.md
	}

	// MeasurementNotAllowedError: MEASUREMENT is on no list of allowed ones, or
	// not on all of them (step 14).
	MeasurementNotAllowedError struct {
		Failure
		Measurement string   // lower-case hex
		Allowed     []string // lower-case hex; the list that lacks it
	}

	// IdentityTagNotAllowedError: the trust bundle does not list the workload
	// identity tag (step 15).
	IdentityTagNotAllowedError struct {
		Failure
		Tag     string   // lower-case hex
		Allowed []string // lower-case hex
	}

	// IdentityManifestMismatchError: the manifest is not the one of the tag, or is
	// malformed, or is of another workload (step 16).
	IdentityManifestMismatchError struct{ Failure }

	// TCBBelowFloorError: REPORTED_TCB or COMMITTED_TCB is below a floor, or the
	// floor cannot be applied (step 17).
	TCBBelowFloorError struct {
		Failure
		Violations []policy.Violation
	}

	// ReportDataMismatchError: REPORT_DATA has other contents than it must (step 18).
	ReportDataMismatchError struct{ Failure }

	// SPKIMismatchError: the live connection's key is not the attested one (step
	// 19).
	SPKIMismatchError struct {
		Failure
		Attested string // SHA-256 of the SubjectPublicKeyInfo, lower-case hex
		Live     string
	}

	// PinChangedError: everything was verified, but it differs from the recorded
	// pin. Nothing in this package returns it, since it records nothing.
	PinChangedError struct {
		Failure
		Changes []Failure // in the order of the pin's members; Expected is the recorded value
	}

	// EvidenceUnavailableError: evidence could not be read or fetched, or
	// Config.Memory could not tell what was accepted before (step 6). There is no
	// verdict.
	EvidenceUnavailableError struct{ Failure }
)

// Temporary reports that asking again may help, for code that retries requests: net.Error
// and url.Error have it too. No refusal has this method.
func (e *EvidenceUnavailableError) Temporary() bool { return true }

// Timeout reports whether time ran out, as net.Error has it.
func (e *EvidenceUnavailableError) Timeout() bool {
	var t interface{ Timeout() bool }
	return e != nil && errors.As(e.Cause, &t) && t.Timeout()
}

// errorPackages are those whose error types stand in verdicts.
var errorPackages = []string{"*attest", "*receipt", "*launch", "*azure"}

// ErrorType returns the name of the outermost error type in err's chain that is one
// of this package, or of packages receipt, launch and azure, e.g.
// "ReportInvalidError", as it stands in JSON verdicts; "" when there is none.
func ErrorType(err error) string {
	pkg, name, _ := strings.Cut(fmt.Sprintf("%T", err), ".")
	if _, is := err.(AttestationError); is && slices.Contains(errorPackages, pkg) {
		return name
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return ErrorType(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if name := ErrorType(inner); name != "" {
				return name
			}
		}
	}
	return ""
}
