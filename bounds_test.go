package attest_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
)

// refusedBy verifies an endpoint and wants a refusal by type and rule, or none.
func refusedBy(t *testing.T, p *endpoint, change func(*attest.Evidence), typ, rule string) {
	t.Helper()
	e := p.evidenceOf(t)
	if change != nil {
		change(&e)
	}
	_, err := p.verifierOf(t, p.config(t)).Verify(e, at)
	if typ == "" {
		if err != nil {
			t.Errorf("%v", err)
		}
		return
	}
	wantError(t, err, typ, rule)
}

// The lists of a bundle, at their greatest length and one beyond.
func TestLongestLists(t *testing.T) {
	for _, n := range []int{1024, 1025} {
		typ := map[int]string{1025: "BundleInvalidError"}[n]
		p := newEndpoint("Milan", 3, "vcek")
		p.evidenceOf(t) // makes the tag
		tags := p.Bundle.Payload.Get("allowed_workload_identity_tags").([]string)
		for i := 1; i < n; i++ {
			tags = append(tags, fmt.Sprintf("%064x", i))
		}
		p.Bundle.Payload.Set("allowed_workload_identity_tags", tags)
		refusedBy(t, p, nil, typ, map[int]string{1025: "JSN-16"}[n])

		p = newEndpoint("Milan", 3, "vcek")
		p.Bundle.Payload.Set("allowed_products", strings.Split(strings.Repeat("Milan ", n-1)+"Milan", " "))
		refusedBy(t, p, nil, typ, map[int]string{1025: "JSN-16"}[n])
	}
	p := newEndpoint("Milan", 3, "vcek")
	p.Bundle.Payload.Set("allowed_products", []string{""})
	refusedBy(t, p, nil, "BundleInvalidError", "JSN-12")

	// BND-13: every certificate has to be an ARK, not just the first.
	p = newEndpoint("Milan", 3, "vcek")
	p.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(p.ARK, p.Intermediate)))
	refusedBy(t, p, nil, "BundleInvalidError", "BND-13")
}

// The largest documents, and one byte more.
func TestLargestDocuments(t *testing.T) {
	pad := func(n int) func(*attest.Evidence) {
		return func(e *attest.Evidence) { e.Envelope = append(e.Envelope, strings.Repeat(" ", n-len(e.Envelope))...) }
	}
	refusedBy(t, newEndpoint("Milan", 3, "vcek"), pad(64<<10), "", "")
	refusedBy(t, newEndpoint("Milan", 3, "vcek"), pad(64<<10+1), "EnvelopeInvalidError", "JSN-01")

	for n, rule := range map[int]string{256 << 10: "", 256<<10 + 1: "JWS-01"} {
		p := newEndpoint("Milan", 3, "vcek")
		p.evidenceOf(t)
		payload := p.Bundle.Payload.Text()
		payload = append(payload, strings.Repeat(" ", n-len(payload))...)
		typ := map[string]string{"JWS-01": "BundleSignatureInvalid"}[rule]
		refusedBy(t, p, func(e *attest.Evidence) { e.Bundle = compact(edDSA, payload, p.release) }, typ, rule)
	}
}

// ENV-02, JSN-12: a schema that is absent or empty is not the schema.
func TestEnvelopeSchema(t *testing.T) {
	for schema, rule := range map[any]string{nil: "JSN-12", "": "JSN-12", "tresor.attestation/v2": "ENV-02"} {
		p := newEndpoint("Milan", 3, "vcek")
		p.evidenceOf(t)
		p.Envelope.Set("schema", schema)
		refusedBy(t, p, func(e *attest.Evidence) { e.Envelope = p.Envelope.Text() }, "EnvelopeInvalidError", rule)
	}
}

// What a step refuses has the rule of the package that found it.
func TestRuleOfTheCause(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	refusedBy(t, p, func(e *attest.Evidence) { e.CRLs = [][]byte{{0x30, 0}} }, "CRLInvalidError", "CRL-02")
	p = newEndpoint("Milan", 3, "vcek")
	p.hardware.crl.NextUpdate = mint.At(at.AddDate(0, 0, -1))
	refusedBy(t, p, nil, "CRLInvalidError", "CRL-20")
	p = newEndpoint("Milan", 3, "vcek")
	p.evidenceOf(t)
	mint.PutSignature(p.Report, new(big.Int), big.NewInt(1))
	p.Envelope.Set("snp_report_b64", base64.StdEncoding.EncodeToString(p.Report))
	refusedBy(t, p, func(e *attest.Evidence) { e.Envelope = p.Envelope.Text() }, "ReportSignatureInvalidError", "RPT-21")
}

// TestSources: a certificate in two sources counts once, twice in one source twice,
// wherever the source stands; a certificate that is only beside a table counts.
// Rules: CAR-21.
func TestSources(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	table := mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: s.Leaf}}}.Encode()
	twice := mint.PEM(s.Leaf, s.Leaf)
	extended := append(bytes.Clone(e.Report), table...)
	for _, tt := range []struct {
		name   string
		report []byte
		certs  [][]byte
		rule   string // "": accepted
	}{
		{"in a table and beside it", extended, [][]byte{mint.PEM(s.Leaf, s.Intermediate)}, ""},
		{"the leaf in the table, the rest beside it", extended, [][]byte{mint.PEM(s.Intermediate, s.ARK)}, ""},
		{"an unknown ASK in no table, but beside it", extended, [][]byte{s.Intermediate}, ""},
		{"nothing beside the table", extended, nil, "CHN-44"},
		{"twice in a text beside a table", extended, [][]byte{s.Intermediate, twice}, ""},
		{"twice in the first of two texts", e.Report, [][]byte{twice, s.Intermediate}, "CHN-40"},
		{"twice in the second of two texts", e.Report, [][]byte{s.Intermediate, twice}, "CHN-40"},
	} {
		_, err := s.verifier(t).Verify(attest.ReportEvidence{Report: tt.report, Certificates: tt.certs, CRLs: e.CRLs}, at)
		if tt.rule == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		wantError(t, err, "CertChainInvalidError", tt.rule)
	}
}

// TestRequiredCRL: a list without an element is no CRL.
func TestRequiredCRL(t *testing.T) {
	for _, none := range [][][]byte{nil, {}} {
		refusedBy(t, newEndpoint("Milan", 3, "vcek"), func(e *attest.Evidence) { e.CRLs = none }, "CRLInvalidError", "CRL-01")
	}
	refusedBy(t, newEndpoint("Milan", 3, "vcek"), func(e *attest.Evidence) { e.CRLs = [][]byte{{}} }, "CRLInvalidError", "CRL-01")
}

// CHN-01 and below: certificates in odd forms are read by one rule.
func TestFormsOfCertificates(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	broken := []byte("-----BEGIN NOTHING-----\n")
	table := func(guid string, data []byte) []byte {
		return mint.Table{Entries: []mint.TableEntry{{GUID: guid, Data: data}}}.Encode()
	}
	for _, tt := range []struct {
		name string
		blob []byte
		rule string // "": no error
		want int    // certificates
	}{
		{"a byte", []byte{0x30}, "CAR-11", 0},
		{"a header", []byte{0x30, 0x80}, "", 1},
		{"a table that begins like DER", table("30010000-0000-0000-0000-000000000000", s.Leaf), "", 0},
		{"a table that begins with a zero and holds PEM", table("00000000-0000-0000-0000-000000000001", s.PEM()), "", 0},
		{"a text that is no PEM", []byte(strings.Repeat("certificate ", 4)), "CAR-11", 0},
		{"a table of malformed PEM", table(mint.GUIDVCEK, broken), "CHN-05", 0},
		{"a VLEK and an ARK", mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVLEK, Data: s.Leaf}, {GUID: mint.GUIDARK, Data: s.ARK}}}.Encode(), "", 2},
	} {
		certs, err := form.SplitCertificates(tt.blob)
		var rule interface{ Requirement() string }
		got := ""
		if errors.As(err, &rule) {
			got = rule.Requirement()
		}
		if got != tt.rule || len(certs) != tt.want || (err == nil) != (tt.rule == "") {
			t.Errorf("%s: %d certificates, %v", tt.name, len(certs), err)
		}
	}

	// Malformed PEM that the host put behind the report is not passed over, though
	// all that is needed comes from elsewhere.
	e := s.evidence()
	e.Report = append(e.Report, table(mint.GUIDVCEK, broken)...)
	_, err := s.verifier(t).Verify(e, at)
	wantError(t, err, "CertChainInvalidError", "CHN-05")
}
