package azure_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/policy"
)

// real reads a file of the real captures, which are not part of this repository.
func real(t *testing.T, name ...string) []byte {
	t.Helper()
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to verify")
	}
	b, err := os.ReadFile(filepath.Join(append([]string{root}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyed demands the ID key of a report, as users do who know it.
func keyed(t *testing.T, hcl []byte) attest.ReportConfig {
	t.Helper()
	p, err := policy.New(policy.Rules{IDBlock: policy.IDBlockRules{IDKeys: []string{hex.EncodeToString(hcl[0x20+0xE0 : 0x20+0x110])}}})
	if err != nil {
		t.Fatal(err)
	}
	return attest.ReportConfig{Policy: p}
}

// quoteOf converts a quote in the forms of the captures.
func quoteOf(t *testing.T, message, signature []byte, pcrs []string) *azure.QuoteEvidence {
	t.Helper()
	var values [][]byte
	for _, p := range pcrs {
		values = append(values, must(hex.DecodeString(p)))
	}
	p, err := azure.SHA256PCRs(values)
	if err != nil {
		t.Fatal(err)
	}
	return &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: p}
}

// TestRealCaptures: every set that Azure made verifies at its time, with the ID key of its
// own report, up to the signer's name and the digest of the PCRs.
func TestRealCaptures(t *testing.T) {
	for _, name := range []string{"milan-v2-vcek-azure-hcl", "milan-v3-vcek-azure-hcl", "genoa-v3-vcek-azure-hcl"} {
		hcl := real(t, "real", name, "hcl_report.bin")
		var c struct {
			VerifyAt time.Time `json:"verify_at"`
		}
		if err := json.Unmarshal(real(t, "real", name, "case.json"), &c); err != nil {
			t.Fatal(err)
		}
		e := azure.Evidence{HCL: hcl, Certificates: [][]byte{real(t, "real", name, "vek.der")}}
		if name == "milan-v2-vcek-azure-hcl" {
			var q struct {
				Message, Signature string
				PCRs               []string
			}
			if err := json.Unmarshal(real(t, "azure", "trustee", "tpm-quote-v1.json"), &q); err != nil {
				t.Fatal(err)
			}
			e.Quote = quoteOf(t, must(hex.DecodeString(q.Message)), must(hex.DecodeString(q.Signature)), q.PCRs)
		} else {
			var q struct {
				PCRs []string `json:"pcrs_sha256"`
			}
			if err := json.Unmarshal(real(t, "real", name, "vtpm_quote", "pcrs.json"), &q); err != nil {
				t.Fatal(err)
			}
			e.Quote = quoteOf(t, real(t, "real", name, "vtpm_quote", "message.bin"), real(t, "real", name, "vtpm_quote", "signature.bin"), q.PCRs)
		}
		v, err := azure.NewVerifier(azure.Config{ReportConfig: keyed(t, hcl), RequireQuote: true})
		if err != nil {
			t.Fatal(err)
		}
		audit := v.Audit(e, c.VerifyAt)
		if !audit.Passed() {
			t.Errorf("%s: %v", name, audit.Err)
			continue
		}
		for _, id := range []string{"runtime_data", "ak", "vmpl0_code", "quote", "quote_signer", "quote_signature", "pcr_digest"} {
			i := slices.IndexFunc(audit.Checks, func(c attest.Check) bool { return c.ID == id })
			if audit.Checks[i].Status != attest.Pass {
				t.Errorf("%s: %s is %s", name, id, audit.Checks[i].Status)
			}
		}
		if n := len(audit.Result.Facts.PCRs); n != 24 {
			t.Errorf("%s: %d PCRs", name, n)
		}
		runtime := real(t, "real", name, "runtime_data.json")
		if h, err := azure.ParseHCL(hcl); err != nil || string(h.RuntimeData) != string(runtime) {
			t.Errorf("%s: other runtime data: %v", name, err)
		}
	}
}

// TestRealContainer: evidence of Confidential Containers, through package carrier.
func TestRealContainer(t *testing.T) {
	c, err := carrier.Open(real(t, "azure", "trustee", "evidence-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	pcrs, err := azure.SHA256PCRs(c.Quote.PCRs)
	if err != nil {
		t.Fatal(err)
	}
	e := azure.Evidence{HCL: c.HCL, Certificates: [][]byte{c.Certificates[0].DER}, Quote: &azure.QuoteEvidence{Message: c.Quote.Message, Signature: c.Quote.Signature, PCRs: pcrs}}
	config := keyed(t, c.HCL)
	config.Policy = policy.Intersect(config.Policy, must(policy.New(policy.Rules{Azure: policy.AzureRules{QualifyingData: hexOf(nonce)}})))
	v, err := azure.NewVerifier(azure.Config{ReportConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(e, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
}

// TestRealBincode: a quote that a crate of Rust's wrote down, of a VM whose certificates are
// not at hand: it is read, its key signed it, and its values are those of its digest.
func TestRealBincode(t *testing.T) {
	b := real(t, "azure", "kinvolk", "quote.bin")
	next := func(each int) []byte {
		n := int(binary.LittleEndian.Uint64(b)) * each
		part := b[8 : 8+n]
		b = b[8+n:]
		return part
	}
	signature, message, values := next(1), next(1), next(32)
	q, err := azure.ParseQuote(message)
	if err != nil || len(b) != 0 {
		t.Fatal(err)
	}
	block, _ := pem.Decode(real(t, "azure", "kinvolk", "akpub.pem"))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	if err := rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	if len(q.Selected) != 24 || q.PCRDigest != sha256.Sum256(values) {
		t.Errorf("%d registers, or another digest", len(q.Selected))
	}
}

// TestRealRefusals: genuine evidence that does not belong together.
func TestRealRefusals(t *testing.T) {
	hcl := real(t, "azure", "trustee", "hcl-report.bin")
	vcek := real(t, "azure", "trustee", "vcek.pem")
	when := time.Date(2026, 11, 1, 9, 22, 19, 0, time.UTC)
	v, err := azure.NewVerifier(azure.Config{ReportConfig: keyed(t, hcl), RequireQuote: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(azure.Evidence{HCL: hcl, Certificates: [][]byte{vcek}, Quote: &azure.QuoteEvidence{
		Message: real(t, "azure", "trustee", "tpm-quote.msg"), Signature: real(t, "azure", "trustee", "tpm-quote.sig")}}, when)
	checkError(t, "a quote of another AK", err, "QuoteInvalidError", "TPM-20")

	_, err = v.Verify(azure.Evidence{HCL: real(t, "azure", "kinvolk", "hcl-report-tdx.bin")}, when)
	checkError(t, "TDX", err, "HCLInvalidError", "HCL-07")
	if !strings.Contains(err.Error(), "TDX") {
		t.Error(err)
	}

	snp := real(t, "azure", "kinvolk", "hcl-report-snp.bin")
	v, err = azure.NewVerifier(azure.Config{ReportConfig: keyed(t, snp)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(azure.Evidence{HCL: snp, Certificates: [][]byte{real(t, "azure", "kinvolk", "certs.pem")}}, when)
	checkError(t, "certificates of another machine", err, "ReportSignatureInvalidError", "RPT-23")
	if h, err := azure.ParseHCL(snp); err != nil {
		t.Error(err)
	} else if r, err := azure.ParseRuntimeData(h.RuntimeData); err != nil || r.UserData != nil || r.AK.N.BitLen() != 2048 {
		t.Errorf("the oldest layout: %v", err)
	}
}
