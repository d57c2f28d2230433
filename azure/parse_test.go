package azure_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"pgregory.net/rapid"
)

// TestParsePCRs: the two forms of a file with values.
// Rules: TPM-40.
func TestParsePCRs(t *testing.T) {
	value := strings.Repeat("ab", 32)
	array := `["` + strings.Repeat(value+`","`, 23) + value + `"]`
	for text, want := range map[string]string{
		`{"sha256":{"0":"` + value + `"}}`:                                   "1",
		`{"sha256":{"23":"` + strings.ToUpper(value) + `"}}`:                 "1",
		`{"sha1":{"4":"` + value[:40] + `"},"sha256":{"4":"` + value + `"}}`: "2",
		array:                                     "24",
		"\n" + array:                              "JSN-04",
		array[:len(array)-1] + `,"00"]`:           "JSN-16",
		`{"sha256":` + array + `}`:                "JSN-13",
		array + `,"sha1":[]`:                      "JSN-16",
		array + `,"x":1`:                          "JSN-11",
		`{}`:                                      "TPM-40",
		`{"sha256":{}}`:                           "TPM-40",
		`{"sha256":{"24":"` + value + `"}}`:       "TPM-40",
		`{"sha256":{"04":"` + value + `"}}`:       "TPM-40",
		`{"sha256":{"+4":"` + value + `"}}`:       "TPM-40",
		`{"sha256":{"4":"` + value[2:] + `"}}`:    "TPM-40",
		`{"sha256":{"4":"x` + value[1:] + `"}}`:   "TPM-40",
		`{"sha256":{"4":""}}`:                     "JSN-12",
		`{"sha256":{"4":"` + value + `","4":""}}`: "JSN-09",
		`{"sm3":{"4":"` + value + `"}}`:           "JSN-11",
		`{"SHA256":{"4":"` + value + `"}}`:        "JSN-10",
		"":                                        "JSN-04",
		strings.Repeat(" ", 70000) + "{}":         "JSN-01",
	} {
		p, err := azure.ParsePCRs([]byte(text))
		got := fmt.Sprint(len(p))
		if err != nil {
			got = ruleOf(err)
		}
		if got != want || (p == nil) != (err != nil) {
			t.Errorf("%.60q: got %s, want %s: %v", text, got, want, err)
		}
	}
	for name, values := range map[string][][]byte{"23 values": make([][]byte, 23), "empty values": make([][]byte, 24)} {
		if p, err := azure.SHA256PCRs(values); p != nil || ruleOf(err) != "TPM-40" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBanks: names and sizes.
func TestBanks(t *testing.T) {
	for bank, want := range map[azure.Bank]string{azure.SHA1: "sha1 20", azure.SHA256: "sha256 32", azure.SHA384: "sha384 48", azure.SHA512: "sha512 64", 0x12: "TPM_ALG_ID 0x0012 0"} {
		if got := fmt.Sprint(bank, " ", bank.Size()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestVMConfiguration: what the paravisor does not say is nil or empty.
// Rules: HCL-26.
func TestVMConfiguration(t *testing.T) {
	yes, no := true, false
	for text, want := range map[string]azure.VMConfiguration{
		`{}`: {},
		`{"secure-boot":true,"tpm-enabled":false,"tpm-persisted":true,"console-enabled":false,"vmUniqueId":"a","root-cert-thumbprint":"b"}`: {
			SecureBoot: &yes, TPMEnabled: &no, TPMPersisted: &yes, ConsoleEnabled: &no, VMUniqueID: "a", RootCertThumbprint: "b"},
	} {
		r, err := azure.ParseRuntimeData([]byte(`{"keys":[` + paravisor.AKJSON("HCLAkPub", paravisor.AKKey("ak")) + `],"vm-configuration":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.VMConfiguration); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// quotes draws a quote that is well formed.
var quotes = rapid.Custom(func(t *rapid.T) paravisor.QuoteSpec {
	some := func(most int, name string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, name) }
	q := paravisor.QuoteSpec{
		Magic: 0xFF544347, Type: 0x8018, Signer: some(68, "signer"), Extra: some(66, "extra"), Clock: rapid.Uint64().Draw(t, "clock"),
		ResetCount: rapid.Uint32().Draw(t, "resets"), RestartCount: rapid.Uint32().Draw(t, "restarts"), Safe: rapid.ByteRange(0, 1).Draw(t, "safe"),
		Firmware: rapid.Uint64().Draw(t, "firmware"), Digest: rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"),
	}
	for _, hash := range rapid.Permutation([]uint16{4, 0xB, 0xC, 0xD}).Draw(t, "banks")[:rapid.IntRange(1, 4).Draw(t, "n")] {
		bits := rapid.SliceOfN(rapid.Byte(), 1, 3).Draw(t, "bits")
		bits[0] |= 1
		q.Selections = append(q.Selections, paravisor.Selection{Hash: hash, Bits: bits})
	}
	return q
})

// TestQuotes: what a TPM writes is read, field by field.
func TestQuotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := quotes.Draw(t, "quote")
		q, err := azure.ParseQuote(spec.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(q.QualifiedSigner, spec.Signer) || !bytes.Equal(q.ExtraData, spec.Extra) || q.Clock != spec.Clock || q.ResetCount != spec.ResetCount ||
			q.RestartCount != spec.RestartCount || q.Safe != (spec.Safe == 1) || q.FirmwareVersion != spec.Firmware || !bytes.Equal(q.PCRDigest[:], spec.Digest) {
			t.Fatalf("read as %+v", q)
		}
		if got := selections(q.Selected); got != selected(spec) {
			t.Fatalf("selected %s, want %s", got, selected(spec))
		}
	})
}

func selections(list []azure.Register) string { return fmt.Sprint(list) }

// selected says what a quote selects, the slow way.
func selected(q paravisor.QuoteSpec) string {
	var list []string
	for _, s := range q.Selections {
		for n := range 8 * len(s.Bits) {
			if s.Bits[n/8]&(1<<(n%8)) != 0 {
				list = append(list, fmt.Sprintf("%s:%d", map[uint16]string{4: "sha1", 0xB: "sha256", 0xC: "sha384", 0xD: "sha512"}[s.Hash], n))
			}
		}
	}
	return fmt.Sprint(list)
}

// FuzzParseHCL: what is read is what stands there, and writing it down gives the same bytes.
func FuzzParseHCL(f *testing.F) {
	f.Add(vm().HCL.Encode())
	for _, x := range faults() {
		a := vm()
		if x.change != nil && strings.HasPrefix(x.rule, "HCL-0") {
			x.change(a)
			f.Add(a.HCL.Encode())
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := azure.ParseHCL(b)
		if (h == nil) == (err == nil) {
			t.Fatalf("%v beside %v", h, err)
		}
		if err != nil {
			return
		}
		spec := paravisor.NewHCL(h.Report, h.RuntimeData)
		spec.HeaderVersion, spec.Total = h.HeaderVersion, len(b)
		if !bytes.Equal(spec.Encode(), b) {
			t.Fatal("written down it is another")
		}
	})
}

// FuzzParseRuntimeData: what is read has a key that can be used.
func FuzzParseRuntimeData(f *testing.F) {
	f.Add([]byte(vm().Runtime.Encode()))
	f.Add([]byte(`{"keys":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := azure.ParseRuntimeData(b)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v beside %v", r, err)
		}
		if err == nil && (r.AK == nil || r.AK.N.BitLen() != 2048 || r.AK.E != 65537 || r.UserData != nil && len(r.UserData) != 64) {
			t.Fatalf("read as %+v", r)
		}
	})
}

// FuzzParseQuote: what is read, written down, is the same bytes.
func FuzzParseQuote(f *testing.F) {
	f.Add(vm().Quote.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := azure.ParseQuote(b)
		if (q == nil) == (err == nil) {
			t.Fatalf("%v beside %v", q, err)
		}
		if err != nil {
			return
		}
		spec := paravisor.QuoteSpec{
			Magic: 0xFF544347, Type: 0x8018, Signer: q.QualifiedSigner, Extra: q.ExtraData, Clock: q.Clock, ResetCount: q.ResetCount,
			RestartCount: q.RestartCount, Firmware: q.FirmwareVersion, Digest: q.PCRDigest[:],
		}
		if q.Safe {
			spec.Safe = 1
		}
		again := spec.Encode() // without a selection, whose bitmaps may have several sizes
		body := bytes.TrimPrefix(b, []byte{byte((len(b) - 2) >> 8), byte(len(b) - 2)})
		head := len(again) - 4 - 2 - 32
		if !bytes.Equal(body[:head], again[:head]) || !bytes.Equal(body[len(body)-34:], again[len(again)-34:]) {
			t.Fatal("written down it is another")
		}
	})
}

// FuzzParsePCRs: values have the size of their bank.
func FuzzParsePCRs(f *testing.F) {
	f.Add([]byte(`{"sha256":{"0":"` + strings.Repeat("ab", 32) + `"}}`))
	f.Add([]byte(`["00"]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := azure.ParsePCRs(b)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v beside %v", p, err)
		}
		for r, v := range p {
			if r.Index < 0 || r.Index > 23 || len(v) != r.Bank.Size() {
				t.Fatalf("%v has %d bytes", r, len(v))
			}
		}
	})
}
