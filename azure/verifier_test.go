package azure_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// TestGoodEvidence: what nothing is wrong with passes, with the facts that it proves.
// Rules: AZR-01, AZR-04, AZR-06, AZR-14, TPM-20, TPM-31, TPM-41.
func TestGoodEvidence(t *testing.T) {
	r, err := verifier(t, all()).Verify(evidence(vm()), at)
	if err != nil {
		t.Fatal(err)
	}
	f := r.Facts
	if f == nil || !bytes.HasPrefix(f.UserData, userData) || len(f.UserData) != 64 || f.VMConfiguration.SecureBoot == nil || !*f.VMConfiguration.SecureBoot {
		t.Fatalf("facts %+v", f)
	}
	if f.AKSHA256 != sha256.Sum256(paravisor.AKKey("ak").Public().N.Bytes()) {
		t.Errorf("key %x", f.AKSHA256)
	}
	if q := f.Quote; q == nil || !bytes.Equal(q.ExtraData, nonce) || q.Clock != 1798044 || q.ResetCount != 2 || !q.Safe || len(q.Selected) != 24 {
		t.Errorf("quote %+v", f.Quote)
	}
	if len(f.PCRs) != 24 || len(f.PCRs.Registers()) != 24 || f.PCRs.Registers()[4].String() != "sha256:4" {
		t.Errorf("%d PCRs", len(f.PCRs))
	}
	if len(r.Checks) != 30 || !strings.Contains(strings.Join(r.Limits, "\n"), "CVE-2025-49707") {
		t.Errorf("%d checks, limits %q", len(r.Checks), r.Limits)
	}
	for _, c := range r.Checks[19:] {
		if c.Status != attest.Pass {
			t.Errorf("step %d %s: %s, %s", c.Step, c.ID, c.Status, c.Reason)
		}
	}
}

// TestAlsoGood: what is unusual and passes.
func TestAlsoGood(t *testing.T) {
	v := verifier(t, all())
	for name, change := range map[string]func(a *paravisor.VM, e *azure.Evidence){
		"cut at its size":  func(a *paravisor.VM, e *azure.Evidence) { a.HCL.Total = 0; e.HCL = a.HCL.Encode() },
		"header version 1": func(a *paravisor.VM, e *azure.Evidence) { a.HCL.HeaderVersion = 1; e.HCL = a.HCL.Encode() },
		"4096 bytes":       func(a *paravisor.VM, e *azure.Evidence) { a.HCL.Total = 4096; e.HCL = a.HCL.Encode() },
		"user-data in lower case": func(a *paravisor.VM, e *azure.Evidence) {
			a.Runtime.UserData = strings.ToLower(a.Runtime.UserData)
			a.Seal()
			e.HCL = a.HCL.Encode()
		},
		"members that are new": func(a *paravisor.VM, e *azure.Evidence) {
			a.HCL.Runtime = append([]byte(`{"new":[1.5,null],`), a.HCL.Runtime[1:]...)
			a.Bind()
			e.HCL = a.HCL.Encode()
		},
		"keys in another order": func(a *paravisor.VM, e *azure.Evidence) {
			slices.Reverse(a.Runtime.Keys)
			a.Seal()
			e.HCL = a.HCL.Encode()
		},
		"TPM2B_ATTEST": func(_ *paravisor.VM, e *azure.Evidence) {
			e.Quote.Message = append([]byte{0, byte(len(e.Quote.Message))}, e.Quote.Message...)
		},
		"TPMT_SIGNATURE": func(_ *paravisor.VM, e *azure.Evidence) {
			e.Quote.Signature = paravisor.TPMTSignature(0x14, 0xB, e.Quote.Signature)
		},
		"more values": func(_ *paravisor.VM, e *azure.Evidence) {
			e.Quote.PCRs[azure.Register{Bank: azure.SHA1, Index: 4}] = make([]byte, 20)
		},
		"two banks": func(a *paravisor.VM, e *azure.Evidence) {
			sha1 := make([]byte, 20)
			a.Quote.Selections = []paravisor.Selection{{Hash: 4, Bits: []byte{1}}, {Hash: 0xB, Bits: []byte{0x90, 0, 0, 0}}}
			digest := sha256.Sum256(slices.Concat(sha1, a.PCRs[4], a.PCRs[7]))
			a.Quote.Digest = digest[:]
			e.Quote.Message, e.Quote.Signature = a.SignedQuote()
			e.Quote.PCRs[azure.Register{Bank: azure.SHA1, Index: 0}] = sha1
		},
	} {
		a := vm()
		e := evidence(a)
		change(a, &e)
		if _, err := v.Verify(e, at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoBanksInOrder: values count by their names, in the order of the selection.
// Rules: TPM-41.
func TestTwoBanksInOrder(t *testing.T) {
	a := vm()
	a.Quote.Selections = []paravisor.Selection{{Hash: 4, Bits: []byte{1}}, {Hash: 0xB, Bits: []byte{0x90, 0, 0}}}
	digest := sha256.Sum256(slices.Concat(a.PCRs[4], a.PCRs[7], make([]byte, 20)))
	a.Quote.Digest = digest[:]
	e := evidence(a)
	e.Quote.PCRs[azure.Register{Bank: azure.SHA1, Index: 0}] = make([]byte, 20)
	_, err := verifier(t, all()).Verify(e, at)
	checkError(t, "banks in another order", err, "PCRMismatchError", "TPM-41")
}

// TestNothingWithoutTheCode: whoever has an SEV-SNP machine can make all of this. Without
// a demand on the code at VMPL 0 nothing of it is a fact.
// Rules: AZR-02, AZR-12, AZR-13.
func TestNothingWithoutTheCode(t *testing.T) {
	v, err := azure.NewVerifier(azure.Config{ReportConfig: trust(policy.Rules{})})
	if err != nil || v.Proves() {
		t.Fatal(err)
	}
	r, err := v.Verify(evidence(vm()), at)
	if err != nil {
		t.Fatal(err)
	}
	if r.Facts != nil {
		t.Errorf("facts %+v", r.Facts)
	}
	for _, c := range r.Checks[22:] {
		if c.Status != attest.NotChecked {
			t.Errorf("%s: %s", c.ID, c.Status)
		}
	}
	for name, tt := range map[string]struct {
		rules policy.Rules
		relax policy.Relax
		quote bool
		rule  string
	}{
		"neither":          {policy.Rules{Azure: policy.AzureRules{QualifyingData: hexOf(nonce)}}, policy.Relax{}, false, "AZR-12"},
		"a quote":          {policy.Rules{}, policy.Relax{}, true, "AZR-12"},
		"user-data":        {policy.Rules{Azure: policy.AzureRules{UserData: hexOf(userData)}}, policy.Relax{}, false, "AZR-12"},
		"PCRs":             {policy.Rules{Azure: policy.AzureRules{PCRs: all().PCRs}}, policy.Relax{}, false, "AZR-12"},
		"Secure Boot":      {policy.Rules{MinGuestSVN: 1, Azure: policy.AzureRules{SecureBoot: true}}, policy.Relax{}, false, "AZR-12"},
		"debugging":        {measured(all()), policy.Relax{Debug: true}, false, "AZR-12"},
		"migration":        {measured(all()), policy.Relax{Migration: true}, false, "AZR-12"},
		"VMPL 1":           {measured(all()), policy.Relax{VMPL: 1}, false, "AZR-12"},
		"a VLEK":           {measured(all()), policy.Relax{VLEK: true}, false, ""},
		"a measurement":    {measured(all()), policy.Relax{}, true, ""},
		"an ID key":        {keyedRules(all()), policy.Relax{}, false, ""},
		"nothing demanded": {policy.Rules{}, policy.Relax{Debug: true}, false, ""},
	} {
		c := azure.Config{ReportConfig: trust(tt.rules), RequireQuote: tt.quote}
		c.Policy = c.Policy.Relax(tt.relax)
		v, err := azure.NewVerifier(c)
		if got := configRule(err); got != tt.rule || (v == nil) != (tt.rule != "") {
			t.Errorf("%s: got %q, want %q: %v", name, got, tt.rule, err)
		}
	}
	launched := azure.Config{ReportConfig: trust(policy.Rules{Azure: all()})}
	launched.Launch = []attest.LaunchMeasurement{{Label: "x", Measurement: vm().Spec.Measurement}}
	if v, err := azure.NewVerifier(launched); err != nil || !v.Proves() {
		t.Errorf("a computed measurement: %v", err)
	} else if _, err := v.Verify(evidence(vm()), at); err != nil {
		t.Error(err)
	}
}

// TestNotByItself: a verifier of reports refuses what it does not hold against anything.
// Rules: AZR-16.
func TestNotByItself(t *testing.T) {
	a := vm()
	for _, rules := range []policy.AzureRules{{QualifyingData: hexOf(nonce)}, {UserData: hexOf(userData)}, {PCRs: all().PCRs}, {SecureBoot: true}} {
		v := must(attest.NewReportVerifier(trust(measured(rules))))
		_, err := v.Verify(attest.ReportEvidence{Report: a.Report, Certificates: a.Chain()}, at)
		checkError(t, "a report by itself", err, "PolicyViolationError", "AZR-16")
	}
}

// TestSVNWarning: ID keys alone let every release of the paravisor pass.
// Rules: AZR-15.
func TestSVNWarning(t *testing.T) {
	keyed := keyedRules(policy.AzureRules{})
	floor := keyed
	floor.MinGuestSVN = 10
	for name, tt := range map[string]struct {
		rules policy.Rules
		warn  bool
	}{"ID keys": {keyed, true}, "with a floor": {floor, false}, "measurement": {measured(policy.AzureRules{}), false}, "nothing": {policy.Rules{}, false}} {
		r, err := must(azure.NewVerifier(azure.Config{ReportConfig: trust(tt.rules)})).Verify(evidence(vm()), at)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := slices.ContainsFunc(r.Warnings, func(w attest.Warning) bool { return strings.Contains(w.Text, "GUEST_SVN") }); got != tt.warn {
			t.Errorf("%s: %v", name, r.Warnings)
		}
	}
	high := keyed
	high.MinGuestSVN = 11
	_, err := must(azure.NewVerifier(azure.Config{ReportConfig: trust(high)})).Verify(evidence(vm()), at)
	checkError(t, "below the floor", err, "PolicyViolationError", "POL-43")
}

// TestWithoutQuote: nothing demands one, so that what the paravisor says is still proven.
func TestWithoutQuote(t *testing.T) {
	e := evidence(vm())
	e.Quote = nil
	r, err := verifier(t, policy.AzureRules{UserData: hexOf(userData)}).Verify(e, at)
	if err != nil || r.Facts == nil || r.Facts.Quote != nil || r.Facts.PCRs != nil {
		t.Fatal(err)
	}
	var unchecked []string
	for _, n := range r.NotChecked {
		if strings.HasPrefix(n.Name, "azure.") {
			unchecked = append(unchecked, n.Name)
		}
	}
	if got := strings.Join(unchecked, " "); got != "azure.quote azure.quote_signer azure.quote_signature azure.qualifying_data azure.pcr_digest azure.pcrs" {
		t.Error(got)
	}
}

// TestDemandsIntersect: those of several sources must all be met.
func TestDemandsIntersect(t *testing.T) {
	_, err := verifier(t, all(), policy.AzureRules{QualifyingData: hexOf([]byte("another"))}).Verify(evidence(vm()), at)
	checkError(t, "two nonces", err, "QualifyingDataMismatchError", "AZR-06")
	_, err = verifier(t, all(), pcr("sha256", "4", make([]byte, 32))).Verify(evidence(vm()), at)
	checkError(t, "two lists", err, "PCRMismatchError", "AZR-08")
	if _, err = verifier(t, all(), all()).Verify(evidence(vm()), at); err != nil {
		t.Error(err)
	}
}

// TestFailsClosed: what is zero or nil refuses.
func TestFailsClosed(t *testing.T) {
	var none *azure.Verifier
	for name, err := range map[string]error{
		"nil":       none.Audit(evidence(vm()), at).Err,
		"zero":      new(azure.Verifier).Audit(evidence(vm()), at).Err,
		"no time":   verifier(t).Audit(evidence(vm()), time.Time{}).Err,
		"no policy": func() error { _, err := azure.NewVerifier(azure.Config{}); return err }(),
	} {
		if err == nil || attest.ErrorType(err) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := verifier(t).Verify(azure.Evidence{}, at); attest.ErrorType(err) != "HCLInvalidError" {
		t.Error(err)
	}
}

// TestCopies: what a caller changes afterwards changes nothing.
func TestCopies(t *testing.T) {
	d := all()
	v := verifier(t, d)
	*d.QualifyingData = "00"
	d.PCRs["sha256"]["4"][0], d.PCRs["sha256"]["4"][1] = "00", "00"
	delete(d.PCRs["sha256"], "7")
	e := evidence(vm())
	before := evidence(vm())
	if _, err := v.Verify(e, at); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(e.HCL, before.HCL) || !bytes.Equal(e.Quote.Message, before.Quote.Message) {
		t.Error("evidence was written to")
	}
}

func privateAK() *rsa.PrivateKey {
	k := paravisor.AKKey("ak")
	p, q := k.Primes()
	key := &rsa.PrivateKey{PublicKey: *k.Public(), Primes: []*big.Int{p, q}}
	phi := new(big.Int).Mul(new(big.Int).Sub(p, big.NewInt(1)), new(big.Int).Sub(q, big.NewInt(1)))
	key.D = new(big.Int).ModInverse(big.NewInt(65537), phi)
	key.Precompute()
	return key
}
