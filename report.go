package attest

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
)

// ReportEvidence is a SEV-SNP report and the certificates that came with it.
// Nothing of it is trusted, and nothing of it is written to.
type ReportEvidence struct {
	// Report is the report in any form that form.Open knows. Certificates
	// of a table behind it are used like those of Certificates.
	Report []byte
	// Certificates hold the leaf and, unless built in, the certificates between it and
	// the root, in any order. Each is PEM text, a DER certificate or a certificate
	// table.
	Certificates [][]byte
	// CRLs are DER certificate revocation lists. Each that is given must be good.
	CRLs [][]byte
}

// ReportConfig is the trust and the demands of a ReportVerifier.
type ReportConfig struct {
	// Policy is required: the zero Policy is refused. policy.Default has the
	// safe defaults and no further demand.
	Policy policy.Policy
	// AMDRoots are the AMD roots; nil means those of certchain.Builtin.
	AMDRoots *certchain.Roots
	// Launch, unless it is nil, are measurements that were computed from the artefacts
	// of a launch. MEASUREMENT must be one of them, besides all that the policy demands.
	// An empty list is refused.
	Launch []LaunchMeasurement
	// RequireCRL refuses evidence without a CRL.
	RequireCRL bool
	// Cache keeps chains that were verified, or is nil. It may be shared.
	Cache *certchain.Cache
}

// A ReportVerifier verifies SEV-SNP reports by themselves: that an AMD chip
// made them, at which firmware level, and that they meet a policy. It knows
// nothing of TLS: each party that holds a report can show it. It may be used
// concurrently.
type ReportVerifier struct {
	config ReportConfig
}

// NewReportVerifier checks the configuration. The error is an ordinary one, and no
// AttestationError.
func NewReportVerifier(c ReportConfig) (*ReportVerifier, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	return &ReportVerifier{c}, nil
}

// complete fills in what c leaves out, copies what the caller may write to, and
// refuses a configuration by which nothing could pass.
func (c *ReportConfig) complete() (err error) {
	if err := c.Policy.Check(); err != nil {
		return err
	}
	c.AMDRoots = cmp.Or(c.AMDRoots, certchain.Builtin())
	if c.AMDRoots.Empty() {
		return errors.New("attest: no AMD root: nothing could pass")
	}
	c.Policy, err = demandLaunch(c.Policy, c.Launch)
	c.Launch = slices.Clone(c.Launch)
	return err
}

// Verify carries out steps 8 to 14, 17 and 18 of SPEC.md section 2 at the time
// at and returns the error of the first that fails, in this order:
// *ReportInvalidError, *CertChainInvalidError, *CRLInvalidError or
// *CertRevokedError, *ReportSignatureInvalidError, *EndorsementMismatchError,
// *PolicyViolationError, *MeasurementNotAllowedError, *TCBBelowFloorError,
// *ReportDataMismatchError. A zero time, or a ReportVerifier that was not made
// by NewReportVerifier, is an ordinary error. On error the result is nil.
// Rules: GEN-01, GEN-05.
func (v *ReportVerifier) Verify(e ReportEvidence, at time.Time) (*Result, error) {
	a := v.verify(e, at, false)
	return a.Result, a.Err
}

// Audit is Verify, but carries out every step whose input was verified, and
// reports on all.
func (v *ReportVerifier) Audit(e ReportEvidence, at time.Time) *Audit {
	return v.verify(e, at, true)
}

func (v *ReportVerifier) verify(e ReportEvidence, at time.Time, audit bool) *Audit {
	if v == nil || v.config.AMDRoots == nil {
		return &Audit{Err: errors.New("attest: a ReportVerifier is made by NewReportVerifier")}
	}
	if at.IsZero() {
		return &Audit{Err: errZeroTime}
	}
	s := newSession(at)
	s.hardware, s.trust = e, v.config
	return s.run(reportSteps, audit)
}
