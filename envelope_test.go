package attest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint/document"
)

// TestEnvelopeMembers: each member is required, is of one type, and is never null.
// Rules: ENV-01.
func TestEnvelopeMembers(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	good := p.evidenceOf(t).Envelope
	if _, err := attest.ParseEnvelope(good); err != nil {
		t.Fatal(err)
	}
	required := []string{"schema", "workload", "snp_report_b64", "vcek_chain_pem", "tls_spki_sha256", "workload_identity_tag", "issued_at", "max_age_seconds"}
	refused := func(name string, m []byte) {
		t.Helper()
		e, err := attest.ParseEnvelope(m)
		var invalid *attest.EnvelopeInvalidError
		if !errors.As(err, &invalid) || e != nil || invalid.Requirement() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range required {
		refused(name+" absent", with(p.Envelope, name, nil).Text())
	}
	for _, name := range append(required, "workload_identity_manifest_jws") {
		for what, value := range map[string]any{"null": json.RawMessage("null"), "empty": "", "list": []string{"x"}, "object": members{}, "bool": true, "float": 1.5} {
			refused(name+" is "+what, with(p.Envelope, name, value).Text())
		}
	}
	refused("trust_bundle_url is a number", with(p.Envelope, "trust_bundle_url", 5).Text())
	for _, address := range []string{
		"http://x.example/b", "file:///etc/passwd", "HTTPS://x.example/b", "https://", "https:///b", "https://?x", "https://#x", "//x.example/b", "x", "[::1]",
		"https://[::1", "https://::1]", "https://[]", "https://[[::1]]", "https://x]", "https://[::1]x", "https://x y/", "https://ü.example/", "https://x/\x00", "https://x/\n",
		"https://x.example:port/", "https://x:1a", "https://:443/", "https://u@", "https://u@:443", "https://::1", "https://a:b:443", "https://x:1:2", "https://[zzz]", "https://[1]", "https://[::1%25eth0]",
	} { // ENV-03
		refused("trust_bundle_url "+address, with(p.Envelope, "trust_bundle_url", address).Text())
	}

	for _, address := range []string{
		"https://x", "https://x.example:8443/a/b?c=d#e", "https://[::1]", "https://[::1]:443/", "https://u:p@x/", "https://u@[::1]:1/", "https://x?[", "https://x#:a", "https://x/@:a", "https://X.example:",
	} {
		if _, err := attest.ParseEnvelope(with(p.Envelope, "trust_bundle_url", address).Text()); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}

	digest := strings.Repeat("ab", 32)
	for name, change := range map[string]document.Object{
		"schema in capitals":     with(p.Envelope, "schema", "TRESOR.ATTESTATION/V1"),
		"digest in upper case":   with(p.Envelope, "tls_spki_sha256", strings.ToUpper(digest)),
		"digest with prefix":     with(p.Envelope, "tls_spki_sha256", "sha256:"+digest),
		"digest of 62 digits":    with(p.Envelope, "tls_spki_sha256", digest[:62]),
		"digest of 66 digits":    with(p.Envelope, "workload_identity_tag", digest+"ab"),
		"digest with line break": with(p.Envelope, "workload_identity_tag", digest+"\n"),
		"report, URL alphabet":   with(p.Envelope, "snp_report_b64", "-_-_"),
		"report, line break":     with(p.Envelope, "snp_report_b64", "AAAA\nAAAA"),
		"report, no padding":     with(p.Envelope, "snp_report_b64", "AA"),
		"report, stray bits":     with(p.Envelope, "snp_report_b64", "AB=="),
		"max age 0":              with(p.Envelope, "max_age_seconds", 0),
		"max age -1":             with(p.Envelope, "max_age_seconds", -1),
		"max age 1e2":            with(p.Envelope, "max_age_seconds", json.RawMessage("1e2")),
		"max age in quotes":      with(p.Envelope, "max_age_seconds", "300"),
		"time without zone":      with(p.Envelope, "issued_at", "2026-04-01T11:59:00"),
		"time in words":          with(p.Envelope, "issued_at", "now"),
		"folded name":            with(p.Envelope, "Workload", "x"),
		"Unicode folded name":    with(p.Envelope, "ſchema", "x"),
	} {
		refused(name, change.Text())
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "null": []byte("null"), "array": []byte("[]"), "text": []byte("<html>"), "BOM": append([]byte("\ufeff"), good...),
		"trailing": append(bytes.Clone(good), '{', '}'), "NUL": append(bytes.Clone(good), 0),
		"duplicate":         []byte(strings.Replace(string(good), `{`, `{"workload":"router",`, 1)),
		"escaped duplicate": []byte(strings.Replace(string(good), `{`, `{"\u0077orkload":"router",`, 1)),
		"too long":          append(bytes.Clone(good), bytes.Repeat([]byte(" "), 64<<10)...),
		"too deep":          with(p.Envelope, "x", json.RawMessage(strings.Repeat("[", 8)+strings.Repeat("]", 8))).Text(),
	} {
		refused(name, text)
	}
	// What is accepted: white space, unknown members with anything in them, a huge age.
	for name, change := range map[string]document.Object{
		"unknown member":     with(p.Envelope, "x", members{"y": []any{1.5, nil, "z"}}),
		"huge age":           with(p.Envelope, "max_age_seconds", json.RawMessage("1"+strings.Repeat("0", 400))),
		"2^63 seconds":       with(p.Envelope, "max_age_seconds", json.RawMessage("9223372036854775808")),
		"no manifest":        with(p.Envelope, "workload_identity_manifest_jws", nil),
		"empty bundle URL":   with(p.Envelope, "trust_bundle_url", ""),
		"a bundle URL":       with(p.Envelope, "trust_bundle_url", "https://x.example/b?c"),
		"fraction of second": with(p.Envelope, "issued_at", "2026-04-01T13:59:00.123+02:00"),
	} {
		e, err := attest.ParseEnvelope(change.Text())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(name, "age") && e.MaxAge != 24*time.Hour {
			t.Errorf("%s: %v", name, e.MaxAge)
		}
	}
}

// TestFreshness: both bounds, one nanosecond on either side.
func TestFreshness(t *testing.T) {
	issued := time.Date(2026, 4, 1, 11, 59, 0, 0, time.UTC)
	for _, tt := range []struct {
		maxAge any
		at     time.Time
		typ    string
		rule   string
	}{
		{300, issued.Add(-5 * time.Minute), "", ""},
		{300, issued.Add(-5*time.Minute - 1), "EnvelopeStaleError", "ENV-20"},
		{300, issued.Add(360 * time.Second), "", ""},
		{300, issued.Add(360*time.Second + 1), "EnvelopeStaleError", "ENV-21"},
		{1, issued.Add(61 * time.Second), "", ""},
		{1, issued.Add(62 * time.Second), "EnvelopeStaleError", "ENV-21"},
		{86400, issued.Add(86460 * time.Second), "", ""},
		{999999, issued.Add(86460 * time.Second), "", ""}, // counts as 86400
		{999999, issued.Add(86461 * time.Second), "EnvelopeStaleError", "ENV-21"},
	} {
		p := newEndpoint("Milan", 3, "vcek")
		p.Envelope.Set("max_age_seconds", tt.maxAge)
		p.Bundle.Payload.Set("valid_until", "2027-01-01T00:00:00Z")
		_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), tt.at)
		if tt.typ == "" {
			if err != nil {
				t.Errorf("%v at %v: %v", tt.maxAge, tt.at, err)
			}
			continue
		}
		wantError(t, err, tt.typ, tt.rule)
	}
}

// TestDevMode: an empty chain is no way around the hardware.
func TestDevMode(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	p.Envelope.Set("vcek_chain_pem", document.RawJSON(`""`)) // else it is filled in
	_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	wantError(t, err, "EnvelopeInvalidError", "JSN-12")
}
