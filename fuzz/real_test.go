package fuzz

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
)

// recording is a real report with its leaf, and what is known of it.
type recording struct {
	name     string
	expect   string
	verifyAt time.Time
	notAfter time.Time
	evidence attest.ReportEvidence
	chain    []byte
	relax    policy.Relax
	signedBy string
}

// captures reads the real recordings, which are not part of this repository.
func captures(t *testing.T) []recording {
	t.Helper()
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to verify")
	}
	reports, err := filepath.Glob(filepath.Join(root, "real", "*", "report.bin"))
	if err != nil || len(reports) == 0 {
		t.Fatalf("%d captures in %s: %v", len(reports), root, err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var all []recording
	for _, name := range reports {
		dir := filepath.Dir(name)
		var c struct {
			Expect     string
			SigningKey string    `json:"signing_key"`
			VerifyAt   time.Time `json:"verify_at"`
			Report     struct {
				VMPL          uint32
				PolicyDecoded struct{ Debug bool } `json:"policy_decoded"`
			}
			VEK struct {
				NotAfter time.Time `json:"not_after"`
			}
		}
		if err := json.Unmarshal(read(filepath.Join(dir, "case.json")), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, recording{
			name: filepath.Base(dir), expect: c.Expect, verifyAt: c.VerifyAt, notAfter: c.VEK.NotAfter, signedBy: c.SigningKey,
			evidence: attest.ReportEvidence{Report: read(name), Certificates: [][]byte{read(filepath.Join(dir, "vek.der"))}},
			chain:    read(filepath.Join(dir, "chain.pem")),
			relax:    policy.Relax{Debug: c.Report.PolicyDecoded.Debug, VLEK: c.SigningKey == "vlek", VMPL: c.Report.VMPL},
		})
	}
	return all
}

func realVerifier(t *testing.T, r policy.Relax) *attest.ReportVerifier {
	t.Helper()
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default().Relax(r), Cache: certchain.NewCache(4)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRealCaptures: genuine evidence is accepted with the built-in roots, by its
// leaf alone and with the chain that came with it, and refused out of its time.
func TestRealCaptures(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(c.name, func(t *testing.T) {
			v := realVerifier(t, c.relax)
			result, err := v.Verify(c.evidence, c.verifyAt)
			if strings.HasPrefix(c.expect, "reject") {
				wantError(t, err, "ReportInvalidError", "RPT-02")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if result.CustomRoots || result.Chain.SigningKey.String() != c.signedBy {
				t.Errorf("%+v", result.Chain)
			}
			e := c.evidence
			e.Certificates = [][]byte{c.chain, c.evidence.Certificates[0]}
			if _, err := v.Verify(e, c.verifyAt); err != nil {
				t.Errorf("with its chain: %v", err)
			}
			// Lesson: an expired leaf accepted, because only signatures were checked.
			if _, err := v.Verify(c.evidence, c.notAfter); err != nil {
				t.Errorf("in its last second: %v", err)
			}
			_, err = v.Verify(c.evidence, c.notAfter.Add(time.Second))
			wantError(t, err, "CertChainInvalidError", "")
			if c.relax != (policy.Relax{}) {
				_, err := realVerifier(t, policy.Relax{}).Verify(c.evidence, c.verifyAt)
				wantError(t, err, "PolicyViolationError", "")
			}
		})
	}
}

// TestRealCapturesFlipped: one bit of the report or of the leaf is enough.
func TestRealCapturesFlipped(t *testing.T) {
	for _, c := range captures(t) {
		if strings.HasPrefix(c.expect, "reject") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			v := realVerifier(t, c.relax)
			refused := func(what string, bit int, e attest.ReportEvidence) {
				if result, err := v.Verify(e, c.verifyAt); err == nil || result != nil {
					t.Errorf("bit %d of the %s flipped, and accepted", bit, what)
				}
			}
			for bit := 0; bit < 8*len(c.evidence.Report); bit += 397 { // a prime: every place in a byte
				e := c.evidence
				e.Report = bytes.Clone(e.Report)
				e.Report[bit/8] ^= 1 << (bit % 8)
				refused("report", bit, e)
			}
			for leaf, bit := c.evidence.Certificates[0], 0; bit < 8*len(leaf); bit += 397 {
				e := c.evidence
				flipped := bytes.Clone(leaf)
				flipped[bit/8] ^= 1 << (bit % 8)
				e.Certificates = [][]byte{flipped}
				refused("leaf", bit, e)
			}
		})
	}
}
