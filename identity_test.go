package attest_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// webCertificate returns a certificate of a TLS server, in DER.
func webCertificate(t testing.TB, serial int64, name string) *x509.Certificate {
	t.Helper()
	key := mint.Ed25519Key("web")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"api.example"},
		NotBefore: at, NotAfter: at.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSPKISHA256: the same as from crypto/x509, and an error for any part of a
// certificate, or for a certificate and more.
func TestSPKISHA256(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := webCertificate(t, rapid.Int64Min(1).Draw(r, "serial"), rapid.StringMatching(`[a-z]{0,200}`).Draw(r, "name"))
		if got, err := attest.SPKISHA256(c.Raw); err != nil || got != sha256.Sum256(c.RawSubjectPublicKeyInfo) {
			r.Errorf("%x, %v", got, err)
		}
		cut := rapid.IntRange(0, len(c.Raw)-1).Draw(r, "length")
		for _, der := range [][]byte{c.Raw[:cut], append(bytes.Clone(c.Raw), 0), c.RawSubjectPublicKeyInfo, c.RawTBSCertificate} {
			if got, err := attest.SPKISHA256(der); err == nil || got != [32]byte{} || attest.ErrorType(err) != "" {
				r.Errorf("%x has the key %x: %v", der, got, err)
			}
		}
	})
	s := mint.Evidence("Milan", 3, "vcek")
	if _, err := attest.SPKISHA256(s.Leaf); err != nil { // version 3, RSA-PSS, P-384
		t.Error(err)
	}
}

func FuzzSPKISHA256(f *testing.F) {
	f.Add(webCertificate(f, 1, "a").Raw)
	f.Add(mint.CACert("ARK-Milan"))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := attest.SPKISHA256(der)
		if c, wrong := x509.ParseCertificate(der); wrong == nil && (err != nil || got != sha256.Sum256(c.RawSubjectPublicKeyInfo)) {
			t.Errorf("%x, %v", got, err)
		}
		if err != nil && got != [32]byte{} {
			t.Errorf("%x beside %v", got, err)
		}
	})
}

// TestParsedEnvelope: an envelope that was parsed before is as good as its text, and
// nothing else is: not one that was written to, nor one that ParseEnvelope did not
// make.
func TestParsedEnvelope(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	v := p.verifierOf(t, p.config(t))
	parsed, err := attest.ParseEnvelope(e.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	e.Envelope, e.Parsed = nil, parsed
	if _, err := v.Verify(e, at); err != nil {
		t.Error(err)
	}
	parsed.TLSSPKISHA256, parsed.MaxAge, parsed.Workload = [32]byte{}, 0, "other"
	clear(parsed.Report)
	clear(parsed.ChainPEM)
	clear(parsed.ManifestJWS)
	if result, err := v.Verify(e, at); err != nil || result.TLSSPKISHA256 != e.LiveSPKI {
		t.Errorf("%v, %v", result, err)
	}
	e.Parsed = &attest.Envelope{Workload: "router", Report: parsed.Report, ChainPEM: parsed.ChainPEM, IssuedAt: at, MaxAge: time.Hour}
	_, err = v.Verify(e, at)
	wantError(t, err, "EnvelopeInvalidError", "ENV-01")
	if a := v.Audit(e, at); a.Checks[7].Status != attest.NotReached {
		t.Errorf("%+v", a.Checks[7])
	}
}

// TestResultSays: what most programs ask first.
func TestResultSays(t *testing.T) {
	for kind, chip := range map[string]bool{"vcek": true, "vlek": false} {
		s := newSample("Turin", 5, kind)
		result, err := s.verifier(t).Verify(s.evidence(), at)
		if err != nil {
			t.Fatal(err)
		}
		if result.Measurement() != fmt.Sprintf("%x", s.Spec.Measurement) || result.Product() != snpreport.Turin {
			t.Errorf("%s of %v", result.Measurement(), result.Product())
		}
		if want := fmt.Sprintf("%x", s.Spec.ChipID); chip != (result.ChipID() == want) || !chip && result.ChipID() != "" {
			t.Errorf("%s: chip %q, want %s", kind, result.ChipID(), want)
		}
	}
}

// TestZeroValues: what no verification made says nothing, and no method of it
// panics.
// Rules: GEN-02.
func TestZeroValues(t *testing.T) {
	for _, r := range []*attest.Result{nil, {}, {Report: snpreport.Report{Measurement: [48]byte{1}}}} {
		if r.Measurement() != "" || r.ChipID() != "" || r.Product() != 0 || r.Facts().Report != nil || r.TCB(snpreport.TCBVersion{}).String() != "" {
			t.Errorf("%+v says something", r)
		}
	}
	for _, a := range []*attest.Audit{nil, {}, {Result: new(attest.Result)}, {Checks: []attest.Check{{Status: attest.Pass}}}} {
		if a.Passed() {
			t.Errorf("%+v passed", a)
		}
	}
	for _, b := range []*attest.Bundle{nil, {}, {IdentityTags: [][32]byte{{1}}}} {
		for _, err := range []error{b.CheckTag([32]byte{1}), b.CheckVersion(attest.BundleVersion{})} {
			if err == nil || attest.ErrorType(err) != "" {
				t.Errorf("%+v: %v", b, err)
			}
		}
		if roots := b.AMDRoots(); len(roots) != 0 {
			t.Errorf("%d roots", len(roots))
		}
	}
	for _, v := range []*attest.Verifier{nil, {}} {
		if result, err := v.Verify(attest.Evidence{}, at); result != nil || err == nil || v.Audit(attest.Evidence{}, at).Passed() {
			t.Errorf("%v, %v", result, err)
		}
	}
	for _, v := range []*attest.ReportVerifier{nil, {}} {
		if result, err := v.Verify(attest.ReportEvidence{}, at); result != nil || err == nil || v.Audit(attest.ReportEvidence{}, at).Passed() {
			t.Errorf("%v, %v", result, err)
		}
	}
	s := newSample("Milan", 3, "vcek")
	if !s.verifier(t).Audit(s.evidence(), at).Passed() {
		t.Error("an audit that passes did not")
	}
}

// TestErrorType: the outermost error of this package, through any wrapping.
func TestErrorType(t *testing.T) {
	inner := &attest.ReportInvalidError{Failure: attest.Failure{Rule: "RPT-01"}}
	outer := &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: "TRN-60", Cause: inner}}
	for want, list := range map[string][]error{
		"":                         {nil, io.EOF, &rule.Error{Rule: "RPT-01"}, fmt.Errorf("report: %w", io.EOF), errors.Join(io.EOF)},
		"ReportInvalidError":       {inner, fmt.Errorf("report: %w", inner), errors.Join(io.EOF, fmt.Errorf("report: %w", inner)), &rule.Error{Cause: inner}},
		"EvidenceUnavailableError": {outer, fmt.Errorf("a: %w", fmt.Errorf("b: %w", outer)), errors.Join(outer, inner)},
	} {
		for _, err := range list {
			if got := attest.ErrorType(err); got != want {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
		}
	}
}

// TestTimeout: a net.Error asks whether time ran out.
func TestTimeout(t *testing.T) {
	for cause, want := range map[error]bool{context.DeadlineExceeded: true, fmt.Errorf("dial: %w", context.DeadlineExceeded): true, io.EOF: false, nil: false} {
		if got := (&attest.EvidenceUnavailableError{Failure: attest.Failure{Cause: cause}}).Timeout(); got != want {
			t.Errorf("%v: %v", cause, got)
		}
	}
}

// TestDetails: each refusal says the same by its fields, by rule.Detailed and in
// what an audit lists; what is wrong stands behind its place.
func TestDetails(t *testing.T) {
	for _, f := range faults {
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Memory = spoil(p, f.step)
		a := p.verifierOf(t, c).Audit(p.evidenceOf(t), at)
		var d rule.Detailed
		if !errors.As(fmt.Errorf("endpoint: %w", a.Err), &d) {
			t.Errorf("%T has no details", a.Err)
			continue
		}
		got, check := d.Details(), a.Checks[f.step-1]
		if got.Rule != check.Requirement || got.Expected != check.Expected || got.Actual != check.Actual || got.Problem() != check.Reason || got.Message == "" {
			t.Errorf("%T: %+v, %+v", a.Err, got, check)
		}
		if text := a.Err.Error(); text != got.Error() || !bytes.HasSuffix([]byte(text), []byte(" ["+got.Rule+"]")) {
			t.Errorf("%q", text)
		}
	}
}

// TestReleaseRootsAreCopied: what the caller does with its keys afterwards does not
// count.
func TestReleaseRootsAreCopied(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	root := bytes.Clone(p.release.Public().(ed25519.PublicKey))
	v, err := attest.NewVerifier([]ed25519.PublicKey{root}, p.config(t))
	if err != nil {
		t.Fatal(err)
	}
	copy(root, mint.Ed25519Key("another").Public().(ed25519.PublicKey))
	if _, err := v.Verify(e, at); err != nil {
		t.Error(err)
	}
	p.release = mint.Ed25519Key("another")
	_, err = v.Verify(p.evidenceOf(t), at)
	wantError(t, err, "BundleSignatureInvalid", "JWS-10")
}
