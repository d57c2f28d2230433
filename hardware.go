package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport/form"
)

// Steps 8 to 14 and 17: the report, and AMD.

// parseReport is step 8.
func (s *session) parseReport() (steps.Outcome, error) {
	var carried form.Carried
	var err error
	if s.envelope != nil {
		carried.Report = s.envelope.Report
	} else {
		carried, err = form.Open(s.hardware.Report)
	}
	if err == nil {
		err = s.report.UnmarshalBinary(carried.Report)
	}
	s.table = carried.Certs
	if err != nil {
		return steps.Outcome{}, &ReportInvalidError{rule.From(err, "RPT-01", "the report is malformed")}
	}
	return steps.Outcome{Actual: fmt.Sprintf("version %d", s.report.Version)}, nil
}

// verifyChain is step 9.
func (s *session) verifyChain() (_ steps.Outcome, err error) {
	trust := s.trust
	if s.envelope != nil {
		s.chain, err = trust.Cache.VerifyPEM(s.envelope.ChainPEM, trust.AMDRoots, s.at)
	} else {
		s.chain, err = form.Verify(trust.Cache, s.table, s.hardware.Certificates, trust.AMDRoots, s.at)
	}
	if err != nil {
		return steps.Outcome{}, &CertChainInvalidError{rule.From(err, "CHN-01", "the certificate chain is not valid")}
	}
	return steps.Outcome{Actual: fmt.Sprintf("%v of %v, root %x", s.chain.SigningKey, s.chain.Product, s.chain.RootSHA256)}, nil
}

// maxCRLs is one for each key of a chain, and room.
const maxCRLs = 4

// checkRevocation is step 10.
func (s *session) checkRevocation() (steps.Outcome, error) {
	if err := s.chain.CheckKnownRevoked(); err != nil {
		return steps.Outcome{}, revocationError(err)
	}
	crls := s.hardware.CRLs
	switch {
	case len(crls) == 0 && s.trust.RequireCRL:
		return steps.Outcome{}, &CRLInvalidError{Failure{Rule: "CRL-01", Message: "a CRL is required, and none was given"}}
	case len(crls) == 0:
		return s.notChecked("revocation", "no CRL was given")
	case len(crls) > maxCRLs:
		return steps.Outcome{}, &CRLInvalidError{Failure{Rule: "CRL-22", Message: "too many CRLs", Expected: fmt.Sprintf("at most %d", maxCRLs), Actual: fmt.Sprint(len(crls))}}
	}
	var numbers []string
	for _, der := range crls {
		crl, err := certchain.ParseCRL(der)
		if err == nil {
			err = crl.Check(s.chain, s.trust.AMDRoots, s.at)
		}
		if err != nil {
			return steps.Outcome{}, revocationError(err)
		}
		numbers = append(numbers, crl.Number)
		s.result.CRLs = append(s.result.CRLs, crl)
	}
	return steps.Outcome{Actual: "CRL number " + strings.Join(numbers, ", ")}, nil
}

// revocationError says that a certificate is revoked, or why a CRL cannot tell.
func revocationError(err error) error {
	var revoked *certchain.RevokedError
	if errors.As(err, &revoked) {
		return &CertRevokedError{
			Failure: rule.From(err, "CRL-21", "AMD revoked a certificate"),
			Role:    revoked.Role.String(), Serial: revoked.Serial,
		}
	}
	return &CRLInvalidError{rule.From(err, "CRL-01", "the CRL is not valid")}
}

// verifySignature is step 11.
func (s *session) verifySignature() (steps.Outcome, error) {
	if err := s.chain.VerifyReport(s.report); err != nil {
		f := rule.From(err, "RPT-23", "")
		if f.Rule == "RPT-23" {
			f.Message = "the report was not signed with the key in this certificate" + s.whyUnsigned()
		}
		return steps.Outcome{}, &ReportSignatureInvalidError{f}
	}
	return steps.Outcome{}, nil
}

// whyUnsigned says by what the report and the leaf differ: most reports whose signature
// does not hold came with the certificate of another chip or firmware level. It changes
// no verdict, since nothing of the report is authenticated.
func (s *session) whyUnsigned() string {
	list := s.chain.Differences(s.report)
	if len(list) == 0 {
		return "; the two name the same product, chip and TCB, so the report itself was changed"
	}
	var parts []string
	for _, d := range list {
		parts = append(parts, fmt.Sprintf("%s (certificate %.100s, report %.100s)", d.Message, d.Expected, d.Actual))
	}
	return "; not authenticated: " + strings.Join(parts, "; ")
}

// checkEndorsement is step 12. It leaves everything that the policy may look at.
func (s *session) checkEndorsement() (steps.Outcome, error) {
	if err := s.chain.CheckEndorsement(s.report); err != nil {
		return steps.Outcome{}, &EndorsementMismatchError{rule.From(err, "END-01", "the report is not of the leaf")}
	}
	s.outcome = s.trust.Policy.Evaluate(facts(s.report, s.chain))
	return steps.Outcome{Actual: s.chain.TCB.String()}, nil
}

// violations returns those of one kind.
func (s *session) violations(kind policy.Kind) []policy.Violation {
	var list []policy.Violation
	for _, v := range s.outcome.Violations {
		if v.Kind == kind {
			list = append(list, v)
		}
	}
	return list
}

func failureOf(v policy.Violation) Failure {
	return Failure{Rule: v.Rule, Message: v.Message, Where: v.Name, Offset: rule.NoOffset, Expected: v.Expected, Actual: v.Actual}
}

// demanded is the outcome of a step that no policy demands, when that is so.
func (s *session) demanded(name string) steps.Outcome {
	i := slices.IndexFunc(s.outcome.NotChecked, func(n policy.Unchecked) bool { return n.Name == name })
	if i == -1 {
		return steps.Outcome{}
	}
	return steps.Outcome{Status: NotChecked, Reason: s.outcome.NotChecked[i].Reason}
}

// checkPolicy is step 13.
func (s *session) checkPolicy() (steps.Outcome, error) {
	if list := s.violations(policy.KindPolicy); len(list) > 0 {
		return steps.Outcome{}, &PolicyViolationError{Failure: failureOf(list[0]), Violations: list}
	}
	return steps.Outcome{}, nil
}

// checkMeasurement is step 14.
func (s *session) checkMeasurement() (steps.Outcome, error) {
	measurement := hex.EncodeToString(s.report.Measurement[:])
	if list := s.violations(policy.KindMeasurement); len(list) > 0 {
		return steps.Outcome{}, &MeasurementNotAllowedError{Failure: failureOf(list[0]), Measurement: measurement, Allowed: list[0].Allowed}
	}
	o := s.demanded("measurements")
	o.Actual = measurement
	return o, nil
}

// checkMinTCB is step 17.
func (s *session) checkMinTCB() (steps.Outcome, error) {
	if list := s.violations(policy.KindTCB); len(list) > 0 {
		return steps.Outcome{}, &TCBBelowFloorError{Failure: failureOf(list[0]), Violations: list}
	}
	o := s.demanded("min_tcb")
	o.Actual = s.chain.TCB.String()
	return o, nil
}
