package azure_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// told writes down the steps of an audit, from a number on: what did not pass, with its
// reason.
func told(a *azure.Audit, from int) string {
	var lines []string
	for _, c := range a.Checks[from-1:] {
		switch line := fmt.Sprint(c.Step, " ", c.Status); {
		case c.Status == attest.Fail:
			lines = append(lines, line+" "+c.Requirement)
		case c.Status != attest.Pass:
			lines = append(lines, line+": "+c.Reason)
		}
	}
	return strings.Join(lines, "\n")
}

// TestNeeds: a step that reads what another one has not proven is not reached, and says
// what it needs.
// Rules: AZR-02, AZR-13.
func TestNeeds(t *testing.T) {
	const single = " not_applicable: a report is verified by itself\n"
	const behindQuote = "26 not_reached: needs step quote\n27 not_reached: needs step quote\n28 not_reached: needs step quote_signature\n" +
		"29 not_reached: needs step quote_signature\n30 not_reached: needs step pcr_digest"
	const behindCode = "24 not_reached: needs step vmpl0_code\n25 not_reached: needs step vmpl0_code\n" + behindQuote
	for name, tt := range map[string]struct {
		from int
		want string
	}{
		"no HCL": {1, "1" + single + "2" + single + "3" + single + "4" + single + "5" + single + "6" + single + "7" + single +
			"8 not_reached: needs step hcl\n9 not_reached: needs step hcl\n10 not_reached: needs step hcl\n11 not_reached: needs step hcl\n12 not_reached: needs step hcl\n" +
			"13 not_reached: needs step hcl\n14 not_reached: needs step hcl\n15" + single + "16" + single + "17 not_reached: needs step hcl\n18 not_reached: needs step hcl\n19" + single +
			"20 fail HCL-01\n21 not_reached: needs step hcl\n22 not_reached: needs step runtime_data\n23 not_reached: needs step ak\n" + behindCode},
		"a report that was changed": {20, "21 not_reached: needs step endorsement\n22 not_reached: needs step runtime_data\n23 not_reached: needs step ak\n" + behindCode},
		"another measurement":       {20, "23 not_reached: needs step measurement\n" + behindCode},
		"VMPL 1":                    {20, "23 not_reached: needs step policy\n" + behindCode},
		"e = 3":                     {20, "22 fail HCL-24\n23 not_reached: needs step ak\n" + behindCode},
		"no Secure Boot":            {20, "23 fail AZR-03\n" + behindCode},
		"no quote":                  {20, "25 fail AZR-05\n" + behindQuote},
		"no signer":                 {20, "26 fail TPM-20"},
		"signed by another key":     {20, "27 fail TPM-31\n28 not_reached: needs step quote_signature\n29 not_reached: needs step quote_signature\n30 not_reached: needs step pcr_digest"},
		"no values":                 {20, "29 fail TPM-41\n30 not_reached: needs step pcr_digest"},
	} {
		e := spoiled(t, name)
		if diff := cmp.Diff(tt.want, told(verifier(t, all()).Audit(e, at), tt.from)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// spoiled returns the evidence of a fault, by its name.
func spoiled(t *testing.T, name string) azure.Evidence {
	t.Helper()
	for _, f := range faults() {
		if f.name == name {
			return f.evidence()
		}
	}
	t.Fatalf("no fault is %q", name)
	return azure.Evidence{}
}

// TestUnchecked: what nothing demands is not checked, and says why.
// Rules: AZR-02, AZR-05, AZR-14.
func TestUnchecked(t *testing.T) {
	const anybody = ": no demand says which code is at VMPL 0: whoever has an SEV-SNP machine can make it\n"
	unproven := azure.Config{ReportConfig: trust(policy.Rules{})}
	for name, tt := range map[string]struct {
		v      *azure.Verifier
		change func(e *azure.Evidence)
		want   string
	}{
		"nothing demanded, all there": {verifier(t), nil, "24 not_checked: no user-data was demanded\n28 not_checked: no qualifying data was demanded\n30 not_checked: no value of a PCR was demanded"},
		"nothing demanded, no values": {verifier(t), func(e *azure.Evidence) { e.Quote.PCRs = nil },
			"24 not_checked: no user-data was demanded\n28 not_checked: no qualifying data was demanded\n29 not_checked: no values of PCRs were given\n30 not_checked: no value of a PCR was demanded"},
		"nothing demanded, no quote": {verifier(t), func(e *azure.Evidence) { e.Quote = nil },
			"24 not_checked: no user-data was demanded\n25 not_checked: there is no quote\n26 not_checked: there is no quote\n27 not_checked: there is no quote\n" +
				"28 not_checked: there is no quote\n29 not_checked: there is no quote\n30 not_checked: there is no quote"},
		"nothing says which code": {must(azure.NewVerifier(unproven)), nil,
			strings.TrimSuffix("23 not_checked"+anybody+"24 not_checked"+anybody+"25 not_checked"+anybody+"26 not_checked"+anybody+"27 not_checked"+anybody+
				"28 not_checked"+anybody+"29 not_checked"+anybody+"30 not_checked"+anybody, "\n")},
		"user-data demanded, all there":                        {verifier(t, policy.AzureRules{UserData: hexOf(userData)}), nil, "28 not_checked: no qualifying data was demanded\n30 not_checked: no value of a PCR was demanded"},
		"two demands, of which the last is on user-data alone": {verifier(t, all(), policy.AzureRules{UserData: hexOf(userData)}), nil, ""},
	} {
		e := evidence(vm())
		if tt.change != nil {
			tt.change(&e)
		}
		a := tt.v.Audit(e, at)
		if diff := cmp.Diff(tt.want, told(a, 20)); diff != "" || !a.Passed() {
			t.Errorf("%s: %v %s", name, a.Err, diff)
			continue
		}
		var unchecked []string // in the result, too
		for _, n := range a.Result.NotChecked {
			if strings.HasPrefix(n.Name, "azure.") {
				unchecked = append(unchecked, n.Name+": "+n.Reason)
			}
		}
		var want []string
		for _, c := range a.Checks[19:] {
			if c.Status == attest.NotChecked {
				want = append(want, "azure."+c.ID+": "+c.Reason)
			}
		}
		if diff := cmp.Diff(want, unchecked); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestEachDemand: each demand holds by itself, beside others, and whichever comes first.
// Rules: AZR-04, AZR-05, AZR-06, AZR-07, AZR-08, AZR-12.
func TestEachDemand(t *testing.T) {
	pcrs := vm().PCRs
	wrong := func(at int) []byte {
		v := bytes.Clone(pcrs[4])
		v[at] ^= 1
		return v
	}
	none := func(e *azure.Evidence) { e.Quote = nil }
	noValues := func(e *azure.Evidence) { e.Quote.PCRs = nil }
	sha1 := func(e *azure.Evidence) {
		a := vm()
		a.Quote.Selections = []paravisor.Selection{{Hash: 4, Bits: []byte{1}}, {Hash: 0xD, Bits: []byte{2}}}
		digest := sha256.Sum256(make([]byte, 20+64))
		a.Quote.Digest = digest[:]
		e.Quote.Message, e.Quote.Signature = a.SignedQuote()
		e.Quote.PCRs = azure.PCRs{{Bank: azure.SHA1, Index: 0}: make([]byte, 20), {Bank: azure.SHA512, Index: 1}: make([]byte, 64)}
	}
	insecure := func(e *azure.Evidence) {
		a := vm()
		a.Runtime.VMConfiguration = `{"secure-boot":false}`
		a.Seal()
		e.HCL = a.HCL.Encode()
	}
	qualifying, user := policy.AzureRules{QualifyingData: hexOf(nonce)}, policy.AzureRules{UserData: hexOf(userData)}
	other := policy.AzureRules{QualifyingData: hexOf([]byte("another"))}
	for name, tt := range map[string]struct {
		demands   []policy.AzureRules
		change    func(e *azure.Evidence)
		err, rule string
	}{
		"qualifying data alone, without a quote":  {[]policy.AzureRules{qualifying}, none, "QuoteInvalidError", "AZR-05"},
		"a register alone, without a quote":       {[]policy.AzureRules{pcr("sha256", "4", pcrs[4])}, none, "QuoteInvalidError", "AZR-05"},
		"a demand on the quote before another":    {[]policy.AzureRules{qualifying, user}, none, "QuoteInvalidError", "AZR-05"},
		"a register alone, without values":        {[]policy.AzureRules{pcr("sha256", "4", pcrs[4])}, noValues, "PCRMismatchError", "TPM-41"},
		"another nonce before the right one":      {[]policy.AzureRules{other, qualifying}, nil, "QualifyingDataMismatchError", "AZR-06"},
		"another value before the right one":      {[]policy.AzureRules{pcr("sha256", "4", pcrs[5]), all()}, nil, "PCRMismatchError", "AZR-08"},
		"the right value, then another":           {[]policy.AzureRules{pcr("sha256", "4", pcrs[4], make([]byte, 32))}, nil, "", ""},
		"a value with another beginning":          {[]policy.AzureRules{pcr("sha256", "4", wrong(0))}, nil, "PCRMismatchError", "AZR-08"},
		"a value with another end":                {[]policy.AzureRules{pcr("sha256", "4", wrong(31))}, nil, "PCRMismatchError", "AZR-08"},
		"a register of the first bank":            {[]policy.AzureRules{pcr("sha1", "0", make([]byte, 20))}, sha1, "", ""},
		"another value of the first bank":         {[]policy.AzureRules{pcr("sha1", "0", append(make([]byte, 19), 1))}, sha1, "PCRMismatchError", "AZR-08"},
		"a register of the last bank":             {[]policy.AzureRules{pcr("sha512", "1", make([]byte, 64))}, sha1, "", ""},
		"another value of the last bank":          {[]policy.AzureRules{pcr("sha512", "1", append(make([]byte, 63), 1))}, sha1, "PCRMismatchError", "AZR-08"},
		"Secure Boot is off, and nothing asks":    {[]policy.AzureRules{qualifying}, insecure, "", ""},
		"Secure Boot is off, and one of two asks": {[]policy.AzureRules{{SecureBoot: true}, qualifying}, insecure, "PolicyViolationError", "AZR-03"},
	} {
		e := evidence(vm())
		if tt.change != nil {
			tt.change(&e)
		}
		_, err := verifier(t, tt.demands...).Verify(e, at)
		checkError(t, name, err, tt.err, tt.rule)
	}
	required := azure.Config{ReportConfig: trust(measured(user)), RequireQuote: true}
	_, err := must(azure.NewVerifier(required)).Verify(azure.Evidence{HCL: evidence(vm()).HCL, Certificates: evidence(vm()).Certificates}, at)
	checkError(t, "a quote is required", err, "QuoteInvalidError", "AZR-05")
}

// TestProves: what makes runtime data and quote count.
// Rules: AZR-12.
func TestProves(t *testing.T) {
	unknown := measured(all())
	unknown.GuestPolicy.AllowUnknownBits = new(true)
	for name, rules := range map[string]policy.Rules{"an ID key": keyedRules(policy.AzureRules{}), "a measurement": measured(policy.AzureRules{}), "unknown bits": unknown} {
		if v, err := azure.NewVerifier(azure.Config{ReportConfig: trust(rules)}); err != nil || !v.Proves() {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *azure.Verifier
	if none.Proves() {
		t.Error("nil proves")
	}
	if err := new(azure.Verifier).Audit(evidence(vm()), at).Err; err == nil || !strings.HasPrefix(err.Error(), "azure: ") {
		t.Error(err)
	}
	if a := verifier(t).Audit(evidence(vm()), time.Time{}); a.Checks != nil {
		t.Errorf("%d steps without a time", len(a.Checks))
	}
}

// TestMessageIsCopied: what a caller does to a result does not change the evidence.
func TestMessageIsCopied(t *testing.T) {
	e := evidence(vm())
	before := bytes.Clone(e.Quote.Message)
	r, err := verifier(t, all()).Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	clear(r.Facts.Quote.ExtraData)
	clear(r.Facts.UserData)
	if !bytes.Equal(e.Quote.Message, before) {
		t.Errorf("now %s", hex.EncodeToString(e.Quote.Message))
	}
}

// TestDetails: an error says where the fault is, what was expected there, and what stands
// there.
func TestDetails(t *testing.T) {
	for name, want := range map[string]string{
		"no key was made":              "keys[0].n@73: a modulus, not all zero: the paravisor has no attestation key",
		"257 bytes":                    "keys[0].n@73: a modulus of 2048 bits, odd, not another number",
		"257 bytes of zero":            "keys[0].n@73: a modulus of 2048 bits, odd, not another number",
		"3 bytes of signature":         "signature@-1: 256 bytes, or a TPMT_SIGNATURE, not 3 bytes",
		"4 bytes of signature":         "hash@2: 0x000b (SHA-256), not unsupported: sha1",
		"no AK":                        "keys@8: one key with the kid HCLAkPub, not none",
		"no values":                    "@-1: sha256:0, not none of its size",
		"a value of 31 bytes":          "@-1: sha256:9, not none of its size",
		"no signature":                 "signature@-1: 256 bytes, or a TPMT_SIGNATURE, not 0 bytes",
		"a TPMT_SIGNATURE that is cut": "signature@4: 256 bytes, and nothing behind them, not 200 bytes in all",
		"RSAPSS":                       "sigAlg@0: 0x0014 (RSASSA), not unsupported: 0x0016 RSAPSS",
		"a reserved byte":              "reserved bytes@31: 0, not 1",
		"variable size, one less":      "data size@1216: 1173, for variable data of 1153 bytes, not 1174",
		"a byte in the padding":        "padding@2599: 0, not 1",
		"half a quote":                 "quote@53: more bytes, not the end",
		"safe is 2":                    "safe@82: 0 or 1, not 2",
		"another magic":                "magic@0: 0xff544347, not 0xff544348",
		"a certification":              "type@4: 0x8018, a quote, not 0x8017",
		"a long signer":                "qualifiedSigner and extraData@6: at most 68 and 66 bytes, not 69 and 9 bytes",
		"no selection":                 "pcrSelect@82: 1 to 16 selections, not 0",
		"a bank twice":                 "hash@94: a known bank, once, not sha256",
		"register 24":                  "pcrSelect@89: 1 to 4 bytes with at least one of the registers 0 to 23, not 4 bytes, 1 of these",
		"a digest of 20 bytes":         "pcrDigest@110: 32 bytes, and nothing behind them, not 20 bytes, and 0",
		"a value that is not allowed":  "@-1: sha256:7 one of [ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879], not 0707070707070707070707070707070707070707070707070707070707070707",
		"another signature":            `signature@0: "HCLA", not "HCLB"`,
		"TDX":                          "report type@1224: 2, not 4 (TDX)",
	} {
		_, err := verifier(t, all()).Verify(spoiled(t, name), at)
		var d rule.Detailed
		if !errors.As(err, &d) {
			t.Fatal(name, err)
		}
		f := d.Details()
		if got := fmt.Sprintf("%s@%d: %s, not %s", f.Where, f.Offset, f.Expected, f.Actual); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
