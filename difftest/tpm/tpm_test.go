package tpm

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Error(err)
	}
	if err := SignatureDifferences.Check(CompareSignature); err != nil {
		t.Error(err)
	}
}

// quotes are synthetic ones, and real ones when ATTEST_REAL_VECTORS names a folder.
func quotes(t testing.TB) map[string][]byte {
	all := map[string][]byte{
		"synthetic": vm.Quote.Encode(),
		"two banks": quote(func(q *paravisor.QuoteSpec) {
			q.Selections = []paravisor.Selection{{Hash: 4, Bits: []byte{0x80}}, {Hash: 0xC, Bits: []byte{1, 2, 3, 0}}}
			q.Extra, q.Signer, q.Safe, q.Clock, q.ResetCount, q.RestartCount = nil, nil, 0, 1<<63+2, 3, 4
		})(),
	}
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		return all
	}
	for _, pattern := range []string{"real/*azure-hcl*/vtpm_quote/message.bin", "azure/*/*.msg"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = b
		}
	}
	return all
}

func explain(t *testing.T, table difftest.Table[[]byte], compare func([]byte) difftest.Outcome, b []byte) {
	t.Helper()
	if _, err := table.Explain(b, compare(b)); err != nil {
		t.Fatal(err)
	}
}

// TestMutations changes every byte of every quote, and its length.
func TestMutations(t *testing.T) {
	for name, b := range quotes(t) {
		if o := Compare(b); o.Ours != difftest.Accepts || !o.Agree() {
			t.Errorf("%s: %+v", name, o)
		}
		for i := range b {
			explain(t, Differences, Compare, b[:i])
			for _, change := range []byte{0x01, 0x02, 0x10, 0x80, 0xFF} {
				changed := bytes.Clone(b)
				changed[i] ^= change
				explain(t, Differences, Compare, changed)
			}
		}
	}
}

// TestSignatures: the forms of a signature, each byte of their heads, and their length.
func TestSignatures(t *testing.T) {
	_, raw := vm.SignedQuote()
	for _, b := range [][]byte{raw, tpmt()} {
		if o := CompareSignature(b); o.Ours != difftest.Accepts || !o.Agree() {
			t.Errorf("%+v", o)
		}
		for i := range 8 {
			for _, change := range []byte{0x01, 0x02, 0x0C, 0x80} {
				changed := bytes.Clone(b)
				changed[i] ^= change
				explain(t, SignatureDifferences, CompareSignature, changed)
			}
		}
		for _, n := range []int{0, 1, 5, 6, 255, len(b) - 1} {
			explain(t, SignatureDifferences, CompareSignature, b[:n])
		}
		explain(t, SignatureDifferences, CompareSignature, append(bytes.Clone(b), 0))
	}
}

// TestNames: the name of an attestation key, which package azure writes down by hand, is
// what go-tpm makes of the template; genuine quotes name their key so.
func TestNames(t *testing.T) {
	check := func(what string, n, signer []byte) {
		public := tpm2.TPMTPublic{
			Type: tpm2.TPMAlgRSA, NameAlg: tpm2.TPMAlgSHA256,
			ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, NoDA: true, Restricted: true, SignEncrypt: true},
			Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{
				Scheme:  tpm2.TPMTRSAScheme{Scheme: tpm2.TPMAlgRSASSA, Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgRSASSA, &tpm2.TPMSSigSchemeRSASSA{HashAlg: tpm2.TPMAlgSHA256})},
				KeyBits: 2048,
			}),
			Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: n}),
		}
		name, err := tpm2.ObjectName(&public)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := tpm2.TPMAlgSHA256.Hash()
		if err != nil {
			t.Fatal(err)
		}
		h := hash.New()
		h.Write(append([]byte{0x40, 0x00, 0x00, 0x0B}, name.Buffer...)) // TPM_RH_ENDORSEMENT
		if want := h.Sum([]byte{0x00, 0x0B}); !bytes.Equal(signer, want) {
			t.Errorf("%s: %x, want %x", what, signer, want)
		}
	}
	check("synthetic", vm.AK.Public().N.Bytes(), vm.Quote.Signer)
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real quotes to compare")
	}
	reports, err := filepath.Glob(filepath.Join(root, "real/*azure-hcl*/hcl_report.bin"))
	if err != nil || len(reports) == 0 {
		t.Fatal(err)
	}
	for _, name := range reports {
		message, err := os.ReadFile(filepath.Join(filepath.Dir(name), "vtpm_quote", "message.bin"))
		if err != nil {
			continue // not every capture has a quote
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		h, err := azure.ParseHCL(b)
		if err != nil {
			t.Fatal(err)
		}
		r, err := azure.ParseRuntimeData(h.RuntimeData)
		if err != nil {
			t.Fatal(err)
		}
		q, err := azure.ParseQuote(message)
		if err != nil {
			t.Fatal(err)
		}
		check(name, r.AK.N.Bytes(), q.QualifiedSigner)
	}
}

// FuzzQuote: whatever the bytes, both say the same or the table says why not.
func FuzzQuote(f *testing.F) {
	for _, b := range quotes(f) {
		f.Add(b)
	}
	for _, d := range Differences {
		f.Add(d.Example())
	}
	f.Fuzz(func(t *testing.T, b []byte) { explain(t, Differences, Compare, b) })
}
