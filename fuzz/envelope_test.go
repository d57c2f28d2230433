package fuzz

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
)

// FuzzEnvelope: an envelope to the verdict. Bundle, live key and CRL are good.
func FuzzEnvelope(f *testing.F) {
	s := &seeded{F: f}
	for i, x := range fixtures() {
		s.add(byte(i), x.evidence.Envelope)
		s.addSpliced(x.evidence.Envelope, func(b []byte) []any { return []any{byte(i), b} })
	}
	for _, fault := range attesttest.Faults() {
		c := attesttest.Config{Product: snpreport.Genoa, Now: now, Seed: "fuzz"}
		if fault.Fits(c) {
			s.add(byte(1), must(attesttest.New(c, fault)).Evidence().Envelope)
		}
	}
	s.enough(200)
	f.Fuzz(func(t *testing.T, which byte, envelope []byte) {
		x := fixtures()[int(which)%len(fixtures())]
		e := x.evidence
		e.Envelope = envelope
		result, err := x.verify(t, e)
		if err != nil {
			return
		}
		x.same(t, result)
		// Another reader of JSON sees the same document: no member is read twice, or
		// under another name.
		var other struct {
			Schema, Workload string
			Key              string `json:"tls_spki_sha256"`
			Tag              string `json:"workload_identity_tag"`
		}
		d := json.NewDecoder(bytes.NewReader(envelope))
		if err := d.Decode(&other); err != nil || d.More() {
			t.Fatalf("accepted, but encoding/json does not read it: %v", err)
		}
		if other.Schema != "tresor.attestation/v1" || other.Workload != result.Workload || other.Key != x.envelope["tls_spki_sha256"] || other.Tag != x.envelope["workload_identity_tag"] {
			t.Fatalf("accepted, but encoding/json reads %+v", other)
		}
	})
}

// FuzzParseEnvelope: what is read is what encoding/json reads, and nothing
// half-parsed gets out.
func FuzzParseEnvelope(f *testing.F) {
	s := &seeded{F: f}
	s.add(fixtures()[0].evidence.Envelope)
	s.addSpliced([]byte(`{"schema":"tresor.attestation/v1","workload":"r","snp_report_b64":"AA==","vcek_chain_pem":"x","tls_spki_sha256":"`+zeros64+
		`","workload_identity_tag":"`+zeros64+`","issued_at":"2026-04-01T12:00:00Z","max_age_seconds":1}`), func(b []byte) []any { return []any{b} })
	s.enough(50)
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := attest.ParseEnvelope(text)
		if err != nil {
			checkOutcome(t, nil, err)
			if e != nil {
				t.Fatal("an envelope with an error")
			}
			return
		}
		var other struct {
			Workload string
			Report   []byte `json:"snp_report_b64"`
			Chain    string `json:"vcek_chain_pem"`
			Manifest string `json:"workload_identity_manifest_jws"`
			URL      string `json:"trust_bundle_url"`
		}
		if err := json.Unmarshal(text, &other); err != nil {
			t.Fatalf("accepted, but encoding/json does not read it: %v", err)
		}
		if other.Workload != e.Workload || !bytes.Equal(other.Report, e.Report) || other.Chain != string(e.ChainPEM) ||
			other.Manifest != string(e.ManifestJWS) || other.URL != e.TrustBundleURL || e.Workload == "" || len(e.Report) == 0 {
			t.Fatalf("%+v, encoding/json %+v", e, other)
		}
	})
}

const zeros64 = "0000000000000000000000000000000000000000000000000000000000000000"
