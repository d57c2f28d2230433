package azure

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Evidence is what an Azure confidential VM says of itself. Nothing of it is trusted, and
// nothing of it is written to.
type Evidence struct {
	HCL                []byte         // the HCL report, NV index 0x01400001; without one nothing passes
	Certificates, CRLs [][]byte       // those of attest.ReportEvidence
	Quote              *QuoteEvidence // of the virtual TPM, or nil
}

// QuoteEvidence is a quote as TPM2_Quote returned it, and values of PCRs.
type QuoteEvidence struct {
	Message   []byte // TPMS_ATTEST, or a TPM2B_ATTEST
	Signature []byte // 256 bytes, or a TPMT_SIGNATURE
	PCRs      PCRs   // signed by nobody; may be nil
}

// Config says what a Verifier trusts and demands. Its policy is required.
type Config struct {
	attest.ReportConfig
	Demands []Demands // all must be met
}

// Demands are what runtime data and quote must say. The zero Demands demand nothing.
type Demands struct {
	// QualifyingData is what the quote was asked for with, 1 to 64 bytes; the quote's must
	// be exactly these. It is what makes a quote fresh.
	QualifyingData []byte
	// UserData is what the guest put into the report, 1 to 64 bytes, not all zero; zeros
	// stand behind them up to 64.
	UserData []byte
	// PCRs are registers with the values that each may have: one at least. 16 and 23 are
	// refused, since the guest can reset them.
	PCRs       map[Register][][]byte
	SecureBoot bool // the paravisor says that the VM was started with it
	Quote      bool // there must be one
}

func (d Demands) any() bool       { return d.needQuote() || len(d.UserData) > 0 || d.SecureBoot }
func (d Demands) needQuote() bool { return d.Quote || len(d.QualifyingData) > 0 || len(d.PCRs) > 0 }

// check returns what is wrong with demands, as an error of a configuration. Rules: AZR-10, AZR-11.
func (d Demands) check() error {
	config := func(id, where, expected, actual string) error {
		return rule.Config(&rule.Error{Rule: id, Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual})
	}
	switch {
	case d.QualifyingData != nil && len(d.QualifyingData) == 0, len(d.QualifyingData) > 64:
		return config("AZR-10", "qualifying_data", "1 to 64 bytes", fmt.Sprintf("%d bytes", len(d.QualifyingData)))
	case d.UserData != nil && nonZero(d.UserData) < 0, len(d.UserData) > 64:
		return config("AZR-10", "user_data", "1 to 64 bytes, not all zero", fmt.Sprintf("%d bytes", len(d.UserData)))
	}
	for r, values := range d.PCRs {
		switch {
		case r.Bank.Size() == 0 || r.Index < 0 || r.Index >= registers:
			return config("AZR-11", "pcrs", "a register 0 to 23 of a known bank", r.String())
		case r.Index == 16 || r.Index == 23:
			return config("AZR-11", "pcrs", "a register that the guest cannot reset", r.String())
		case len(values) == 0 || slices.ContainsFunc(values, func(v []byte) bool { return len(v) != r.Bank.Size() }):
			return config("AZR-11", "pcrs", fmt.Sprintf("values of %d bytes", r.Bank.Size()), r.String()+" with none, or of another size")
		}
	}
	return nil
}

// clone returns a copy that shares nothing with d.
func (d Demands) clone() Demands {
	d.QualifyingData, d.UserData, d.PCRs = slices.Clone(d.QualifyingData), slices.Clone(d.UserData), maps.Clone(d.PCRs)
	for r, values := range d.PCRs {
		d.PCRs[r] = slices.Clone(values)
		for i, v := range values {
			d.PCRs[r][i] = slices.Clone(v)
		}
	}
	return d
}

// A Verifier verifies evidence of Azure confidential VMs. It may be used concurrently.
type Verifier struct {
	report  *attest.ReportVerifier
	demands []Demands
	proves  bool // the policy demands the code at VMPL 0
	svn     bool // the policy has a floor for GUEST_SVN, or measurements
}

// NewVerifier checks and copies its argument. Demands without measurements or ID keys in the policy, or
// with a relaxation of debugging, migration or VMPL, are refused: an ordinary error. Rules: AZR-10, AZR-11, AZR-12.
func NewVerifier(c Config) (*Verifier, error) {
	report, err := attest.NewReportVerifier(c.ReportConfig)
	if err != nil {
		return nil, err
	}
	v := &Verifier{report: report}
	measured := c.Launch != nil || demanded(c.Policy, "measurements")
	v.proves = (measured || demanded(c.Policy, "id_block.id_keys")) && !relaxed(c.Policy)
	v.svn = measured || demanded(c.Policy, "min_guest_svn")
	for _, d := range c.Demands {
		if err := d.check(); err != nil {
			return nil, err
		}
		v.demands = append(v.demands, d.clone())
	}
	if v.has(Demands.any) && !v.proves {
		return nil, rule.Config(&rule.Error{Rule: "AZR-12", Message: "a demand on runtime data or quote proves nothing", Offset: rule.NoOffset,
			Expected: "measurements or id_block.id_keys in the policy, and no relaxation of debugging, migration or VMPL", Actual: "neither, or such a relaxation"})
	}
	return v, nil
}

func demanded(p policy.Policy, member string) bool {
	return slices.ContainsFunc(p.Demands(), func(d policy.Enforced) bool { return d.Name == member })
}

// relaxed reports whether the guest may be watched or run below VMPL 0.
func relaxed(p policy.Policy) bool {
	return slices.ContainsFunc(p.Relaxed(), func(name string) bool { return name != "allow-vlek" && name != "allow_unknown_bits" })
}

// Proves reports whether the policy demands the code at VMPL 0, so that runtime data and
// quote can be facts. A caller that asks for a quote without that asks for nothing.
func (v *Verifier) Proves() bool { return v != nil && v.proves }

// Verify carries out steps 8 to 14, 17 and 18 of SPEC.md section 2, then steps 20 to 30 of
// section 21.3, but step 20 before all, at the time at. The error is that of the first step
// that fails: an AttestationError of attest.ReportVerifier, or one of those that package
// attest has for these steps. A zero time, or a Verifier that was not made by NewVerifier, is
// an ordinary error. On error the result is nil.
func (v *Verifier) Verify(e Evidence, at time.Time) (*Result, error) {
	a := v.verify(e, at, false)
	return a.Result, a.Err
}

// Audit is Verify, but carries out every step whose input was verified, and reports on all.
func (v *Verifier) Audit(e Evidence, at time.Time) *Audit { return v.verify(e, at, true) }

func (v *Verifier) verify(e Evidence, at time.Time, audit bool) *Audit {
	if v == nil || v.report == nil {
		return &Audit{Err: errors.New("azure: a Verifier is made by NewVerifier")}
	}
	s := &session{Verifier: v, evidence: e}
	var report attest.ReportEvidence
	if s.hcl, s.hclErr = ParseHCL(e.HCL); s.hclErr == nil {
		report = attest.ReportEvidence{Report: s.hcl.Report, Certificates: e.Certificates, CRLs: e.CRLs}
	}
	first := v.report.Audit(report, at)
	if len(first.Checks) == 0 { // a zero time
		return &Audit{Err: first.Err}
	}
	switch {
	case s.hclErr != nil:
		first = &attest.Audit{Checks: unreached(first.Checks)}
	case first.Result != nil:
		s.report = &first.Result.Report
	default:
		s.report, _ = snpreport.Parse(s.hcl.Report) // a step that reads it needs step 8
	}
	checks, err := steps.Continue(first.Checks, first.Err, table, s, audit)
	a := &Audit{Err: err, Checks: checks}
	if err == nil && first.Result != nil {
		a.Result = s.conclude(first.Result, checks)
	}
	return a
}

// unreached returns the checks of a report that there is none of.
func unreached(checks []attest.Check) []attest.Check {
	checks = slices.Clone(checks)
	for i, c := range checks {
		if c.Status != attest.NotApplicable {
			checks[i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: c.Requirement, Status: attest.NotReached, Reason: "needs step hcl"}
		}
	}
	return checks
}
