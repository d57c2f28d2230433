package azure

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
)

// A Result states what was verified. There is none unless everything passed. Checks are
// all 30 steps.
type Result struct {
	*attest.Result
	// Facts are what the paravisor and the quote say, or nil where no demand says which
	// code is at VMPL 0: then nothing of it is proven.
	Facts *Facts
}

// Facts are what the paravisor says of its VM, and a quote of its TPM.
type Facts struct {
	AKSHA256        [32]byte // of the modulus of the attestation key, 256 bytes big-endian
	UserData        []byte   // 64 bytes, or nil
	VMConfiguration VMConfiguration
	Quote           *Quote // nil: there was none
	PCRs            PCRs   // those that the quote proves
}

// An Audit is the outcome of a verification, step by step, whether it passed or not. It
// passed when Passed says so: the zero Audit has no error, and did not.
type Audit struct {
	Result *Result // nil unless Err is nil
	Err    error   // of the first step that failed
	Checks []attest.Check
}

// Passed reports whether every step passed, did not apply or was not demanded.
func (a *Audit) Passed() bool {
	return a != nil && a.Err == nil && a.Result != nil && (&attest.Audit{Result: a.Result.Result}).Passed()
}

// limits are what no verdict on an Azure VM says.
var limits = []string{
	"the code of the paravisor is Microsoft's and mostly closed: a measurement names it, and says nothing of what it does",
	"the root user of the guest can have anything quoted at any time: PCRs prove what was started, and qualifying data that the quote is fresh",
	"PCRs describe the boot, and not what runs now; PCR 6 tells one VM from another",
	"CVE-2025-49707: an older paravisor let the guest replace the attestation key; which GUEST_SVN has the repair is not public",
}

// weakness is that of a policy which allows every release of a paravisor.
var weakness = attest.Warning{Source: "CVE-2025-49707",
	Text: "ID keys are demanded without a floor for GUEST_SVN: every paravisor that was ever signed passes, with its known faults"}

func (r *RuntimeData) akHash() [32]byte { return sha256.Sum256(r.AK.N.FillBytes(make([]byte, akSize))) }

func compareRegisters(a, b Register) int { return 64*(int(a.Bank)-int(b.Bank)) + a.Index - b.Index }

// conclude makes the result of what has passed. Rules: AZR-14, AZR-15.
func (s *session) conclude(base *attest.Result, checks []attest.Check) *Result {
	r := &Result{Result: base}
	r.Checks = checks
	for _, c := range checks[22:] { // from step 23 on, steps may be left out
		if c.Status == attest.NotChecked {
			r.NotChecked = append(r.NotChecked, policy.Unchecked{Name: "azure." + c.ID, Reason: c.Reason})
		}
	}
	r.Limits = append(r.Limits, limits...)
	if !s.trusted {
		return r
	}
	if !s.svn {
		r.Warnings = append(r.Warnings, weakness)
	}
	r.Facts = &Facts{AKSHA256: s.runtime.akHash(), UserData: s.runtime.UserData, VMConfiguration: s.runtime.VMConfiguration, Quote: s.quote}
	if slices.ContainsFunc(checks, func(c attest.Check) bool { return c.ID == "pcr_digest" && c.Status == attest.Pass }) {
		r.Facts.PCRs = PCRs{}
		for _, register := range s.quote.Selected {
			r.Facts.PCRs[register] = slices.Clone(s.evidence.Quote.PCRs[register])
		}
	}
	return r
}

// Registers returns the registers in the order of bank and index.
func (p PCRs) Registers() []Register { return slices.SortedFunc(maps.Keys(p), compareRegisters) }
