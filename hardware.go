package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// hardware is the part of a verification that is about the report and AMD:
// steps 8 to 14, 17 and 18. Each method is one step; it reads what the steps
// before it left.
type hardware struct {
	roots  *certchain.Roots
	cache  *certchain.Cache
	policy policy.Policy
	at     time.Time

	result  *Result           // of which the fields below are filled in
	report  *snpreport.Report // of result
	chain   *certchain.Chain
	outcome policy.Outcome
	level   string // TCB of the chain, for people
}

func newHardware(c ReportConfig, at time.Time) *hardware {
	result := new(Result)
	return &hardware{roots: c.AMDRoots, cache: c.Cache, policy: c.Policy, at: at, result: result, report: &result.Report}
}

// parseReport is step 8.
func (h *hardware) parseReport(raw []byte) (finding, AttestationError) {
	if err := h.report.UnmarshalBinary(raw); err != nil {
		return finding{}, reportInvalid(err)
	}
	return finding{actual: fmt.Sprintf("version %d", h.report.Version)}, nil
}

func reportInvalid(err error) *ReportInvalidError {
	e := &ReportInvalidError{Failure{Message: "the report is malformed", Rule: "RPT-01", Cause: err}}
	var p *rule.Error
	if errors.As(err, &p) {
		e.Rule, e.Expected, e.Actual = p.Rule, p.Expected, p.Actual
		e.Message = "report: " + p.Place() + " is wrong"
	}
	return e
}

// verifyChain is step 9, with what verifying the certificates gave.
func (h *hardware) verifyChain(chain *certchain.Chain, err error) (finding, AttestationError) {
	if err != nil {
		return finding{}, chainInvalid(err)
	}
	h.chain = chain
	return finding{actual: fmt.Sprintf("%v of %v, root %x", chain.SigningKey, chain.Product, chain.RootSHA256)}, nil
}

func chainInvalid(err error) *CertChainInvalidError {
	e := &CertChainInvalidError{Failure{Message: err.Error(), Rule: "CHN-01", Cause: err}}
	var c *rule.Error
	if errors.As(err, &c) {
		e.Rule, e.Expected, e.Actual = c.Rule, c.Expected, c.Actual
		e.Message = c.Place() + " is wrong"
	}
	return e
}

// maxCRLs is one for each key of a chain, and room.
const maxCRLs = 4

// checkRevocation is step 10.
func (h *hardware) checkRevocation(crls [][]byte, required bool) (finding, AttestationError) {
	if len(crls) == 0 {
		if required {
			return finding{}, &CRLInvalidError{Failure{Rule: "CRL-01", Message: "a CRL is required, and none was given"}}
		}
		return finding{status: NotChecked, reason: "no CRL was given"}, nil
	}
	if len(crls) > maxCRLs {
		return finding{}, &CRLInvalidError{Failure{Rule: "CRL-22", Message: "too many CRLs", Expected: fmt.Sprintf("at most %d", maxCRLs), Actual: fmt.Sprint(len(crls))}}
	}
	var numbers []string
	for _, der := range crls {
		crl, err := certchain.ParseCRL(der)
		if err == nil {
			err = crl.Check(h.chain, h.roots, h.at)
		}
		if err != nil {
			return finding{}, notRevoked(err)
		}
		numbers = append(numbers, crl.Number)
	}
	return finding{actual: "CRL number " + strings.Join(numbers, ", ")}, nil
}

// notRevoked describes why a CRL does not show that nothing is revoked.
func notRevoked(err error) AttestationError {
	var revoked *certchain.RevokedError
	var invalid *rule.Error
	switch {
	case errors.As(err, &revoked):
		return &CertRevokedError{
			Failure: Failure{Rule: revoked.Rule, Message: revoked.Message, Actual: revoked.Actual, Cause: err},
			Role:    revoked.Role.String(), Serial: revoked.Serial,
		}
	case errors.As(err, &invalid):
		return &CRLInvalidError{Failure{Rule: invalid.Rule, Message: invalid.Place() + " is wrong", Expected: invalid.Expected, Actual: invalid.Actual, Cause: err}}
	}
	return &CRLInvalidError{Failure{Rule: "CRL-01", Message: err.Error(), Cause: err}}
}

// verifySignature is step 11.
func (h *hardware) verifySignature() (finding, AttestationError) {
	if err := h.chain.VerifyReport(h.report); err != nil {
		return finding{}, signatureInvalid(err)
	}
	return finding{}, nil
}

func signatureInvalid(err error) *ReportSignatureInvalidError {
	e := &ReportSignatureInvalidError{Failure{Rule: "RPT-23", Message: err.Error(), Cause: err}}
	var s *rule.Error
	if errors.As(err, &s) {
		e.Rule, e.Message = s.Rule, s.Message
	}
	return e
}

// endorse is step 12. It leaves everything that the policy may look at.
func (h *hardware) endorse() (finding, AttestationError) {
	if err := checkEndorsement(h.report, h.chain); err != nil {
		return finding{}, err
	}
	h.outcome = h.policy.Evaluate(facts(h.report, h.chain))
	h.level = h.chain.TCB.String()
	return finding{actual: h.level}, nil
}

// violations returns those of one kind.
func (h *hardware) violations(kind policy.Kind) []policy.Violation {
	var list []policy.Violation
	for _, v := range h.outcome.Violations {
		if v.Kind == kind {
			list = append(list, v)
		}
	}
	return list
}

func violated(v policy.Violation) Failure {
	return Failure{Rule: v.Rule, Message: "policy: " + v.Name + " is not met", Expected: v.Expected, Actual: v.Actual}
}

// unchecked says that nothing demanded a rule, when the outcome says so.
func (h *hardware) unchecked(name string) finding {
	for _, n := range h.outcome.NotChecked {
		if n.Name == name {
			return finding{status: NotChecked, reason: n.Reason}
		}
	}
	return finding{}
}

// checkPolicy is step 13.
func (h *hardware) checkPolicy() (finding, AttestationError) {
	if list := h.violations(policy.KindPolicy); len(list) > 0 {
		return finding{}, &PolicyViolationError{Failure: violated(list[0]), Violations: list}
	}
	return finding{}, nil
}

// checkMeasurement is step 14.
func (h *hardware) checkMeasurement() (finding, AttestationError) {
	if list := h.violations(policy.KindMeasurement); len(list) > 0 {
		return finding{}, &MeasurementNotAllowedError{
			Failure:     violated(list[0]),
			Measurement: hex.EncodeToString(h.report.Measurement[:]),
			Allowed:     list[0].Allowed,
		}
	}
	f := h.unchecked("measurements")
	f.actual = hex.EncodeToString(h.report.Measurement[:])
	return f, nil
}

// checkMinTCB is step 17.
func (h *hardware) checkMinTCB() (finding, AttestationError) {
	if list := h.violations(policy.KindTCB); len(list) > 0 {
		return finding{}, &TCBBelowFloorError{Failure: violated(list[0]), Violations: list}
	}
	f := h.unchecked("min_tcb")
	f.actual = h.level
	return f, nil
}

// checkReportData is step 18, as far as the policy demands it.
func (h *hardware) checkReportData() (finding, AttestationError) {
	if list := h.violations(policy.KindReportData); len(list) > 0 {
		return finding{}, &ReportDataMismatchError{violated(list[0])}
	}
	f := h.unchecked("report_data")
	f.actual = hex.EncodeToString(h.report.ReportData[:])
	return f, nil
}
