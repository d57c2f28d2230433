package repo

import (
	"bytes"
	"os"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// TestSample: the sample of the README is what its generator writes, and verifies.
func TestSample(t *testing.T) {
	file := func(name string) []byte {
		b, err := os.ReadFile("testdata/sample/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	e := mint.Evidence("Genoa", 5, "vcek")
	if !bytes.Equal(file("report.bin"), e.Report) || !bytes.Equal(file("chain.pem"), mint.PEM(e.Leaf, e.Intermediate)) || !bytes.Equal(file("ark.pem"), mint.PEM(e.ARK)) {
		t.Error("testdata/sample is not what go run ./testdata/sample writes")
	}
	roots, err := certchain.NewRoots(e.ARK)
	if err != nil {
		t.Fatal(err)
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: roots, RequireCRL: true})
	if err != nil {
		t.Fatal(err)
	}
	evidence := attest.ReportEvidence{Report: file("report.bin"), Certificates: [][]byte{file("chain.pem")}, CRLs: [][]byte{file("crl.der")}}
	if _, err := v.Verify(evidence, at); err != nil {
		t.Error(err)
	}
	evidence.Report = file("altered.bin")
	_, err = v.Verify(evidence, at)
	wantError(t, err, "ReportSignatureInvalidError", "RPT-23")
}
