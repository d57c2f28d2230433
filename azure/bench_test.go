package azure_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
)

// BenchmarkVerify: a whole verification, with the chain remembered as a server has it, to
// be compared with BenchmarkPrimitives.
func BenchmarkVerify(b *testing.B) {
	v, e := verifier(b, all()), evidence(vm())
	for b.Loop() {
		if _, err := v.Verify(e, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPrimitives: the report and its chain, SHA-256 of the runtime data, one RSA-2048
// verification, SHA-256 of the quote.
func BenchmarkPrimitives(b *testing.B) {
	a := vm()
	e := evidence(a)
	report := must(attest.NewReportVerifier(trust(measured(policy.AzureRules{}))))
	ak := a.AK.Public()
	for b.Loop() {
		if _, err := report.Verify(attest.ReportEvidence{Report: a.Report, Certificates: e.Certificates}, at); err != nil {
			b.Fatal(err)
		}
		sha256.Sum256(a.HCL.Runtime)
		digest := sha256.Sum256(e.Quote.Message)
		if err := rsa.VerifyPKCS1v15(ak, crypto.SHA256, digest[:], e.Quote.Signature); err != nil {
			b.Fatal(err)
		}
	}
}
