package azure

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
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

// Config says what a Verifier trusts and demands. Its policy is required; what it demands
// of runtime data and quote are its rules of the member azure.
type Config struct {
	attest.ReportConfig
	RequireQuote bool // there must be a quote, whatever else is demanded
}

// demands are policy.AzureRules, decoded.
type demands struct {
	qualifyingData, userData []byte // nil: none; user data has 64 bytes
	pcrs                     map[Register][][]byte
	secureBoot               bool
}

// decode reads rules whose form the policy has checked.
func decode(r policy.AzureRules) demands {
	bytesOf := func(s *string) (b []byte) {
		if s != nil {
			b, _ = hex.DecodeString(*s)
		}
		return b
	}
	d := demands{bytesOf(r.QualifyingData), bytesOf(r.UserData), map[Register][][]byte{}, r.SecureBoot}
	if d.userData != nil {
		d.userData = append(d.userData, make([]byte, 64-len(d.userData))...)
	}
	for _, known := range banks {
		for index, values := range r.PCRs[known.name] {
			i, _ := strconv.Atoi(index)
			for _, v := range values {
				d.pcrs[Register{known.bank, i}] = append(d.pcrs[Register{known.bank, i}], bytesOf(&v))
			}
		}
	}
	return d
}

func (d demands) needQuote() bool { return d.qualifyingData != nil || len(d.pcrs) > 0 }

// A Verifier verifies evidence of Azure confidential VMs. It may be used concurrently.
type Verifier struct {
	report  *attest.ReportVerifier
	demands []demands // all must be met
	asks    bool      // there must be a quote
	proves  bool      // the policy demands the code at VMPL 0
	svn     bool      // the policy has a floor for GUEST_SVN, or measurements
}

// NewVerifier checks and copies its argument. Demands without measurements or ID keys in the policy, or
// with a relaxation of debugging, migration or VMPL, are refused: an ordinary error. Rules: AZR-12.
func NewVerifier(c Config) (*Verifier, error) {
	v := &Verifier{asks: c.RequireQuote}
	for _, r := range c.Policy.Azure() {
		v.demands = append(v.demands, decode(r))
		v.asks = v.asks || v.demands[len(v.demands)-1].needQuote()
	}
	c.Policy = c.Policy.WithoutAzure()
	report, err := attest.NewReportVerifier(c.ReportConfig)
	if err != nil {
		return nil, err
	}
	measured := c.Launch != nil || demanded(c.Policy, "measurements")
	v.report, v.svn = report, measured || demanded(c.Policy, "min_guest_svn")
	v.proves = (measured || demanded(c.Policy, "id_block.id_keys")) && !relaxed(c.Policy)
	if (v.asks || len(v.demands) > 0) && !v.proves {
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
	return slices.ContainsFunc(p.Relaxed(), func(name string) bool { return !slices.Contains([]string{"allow-vlek", "allow_unknown_bits"}, name) })
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
	if s.hclErr != nil {
		first = &attest.Audit{Checks: unreached(first.Checks)}
	} else {
		s.report, _ = snpreport.Parse(s.hcl.Report) // a step that reads it needs step 8
	}
	checks, err := steps.Continue(first.Checks, first.Err, table, s, audit)
	a := &Audit{Err: err, Checks: checks}
	if err == nil { // and so there is a first one
		a.Result = s.conclude(first.Result, checks)
	}
	return a
}

// unreached returns the checks where there is no report: steps 8 to 18 are not reached.
func unreached(checks []attest.Check) []attest.Check {
	for i, c := range checks[7:18] {
		if c.Status != attest.NotApplicable {
			checks[7+i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: c.Requirement, Status: attest.NotReached, Reason: "needs step hcl"}
		}
	}
	return checks
}
