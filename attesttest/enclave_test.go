package attesttest_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
)

// TestReproducible: seed and time decide every byte; each alone does not.
func TestReproducible(t *testing.T) {
	c := attesttest.Config{Now: now, Seed: "a"}
	e, again := newEnclave(t, c), newEnclave(t, c)
	if diff := cmp.Diff(e.Evidence(), again.Evidence()); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(e.TLSCertificate().Certificate[0], again.TLSCertificate().Certificate[0]) || !e.WebRoots().Equal(again.WebRoots()) {
		t.Error("the web certificates differ")
	}
	other := newEnclave(t, attesttest.Config{Now: now, Seed: "b"})
	random, random2 := newEnclave(t, attesttest.Config{Now: now}), newEnclave(t, attesttest.Config{Now: now})
	for _, f := range []*attesttest.Enclave{other, random, random2} {
		if f.ReleaseRoot().Equal(e.ReleaseRoot()) || f.Evidence().LiveSPKI == e.Evidence().LiveSPKI || f.WebRoots().Equal(e.WebRoots()) {
			t.Error("two seeds, one key")
		}
	}
	if random.ReleaseRoot().Equal(random2.ReleaseRoot()) {
		t.Error("no seed gives the same key again")
	}
	if !bytes.Equal(e.AMDRoot(), random.AMDRoot()) {
		t.Error("the AMD root depends on the seed")
	}
}

// TestIndependent: what a caller does to evidence stays there.
func TestIndependent(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Now: now})
	got := e.Evidence()
	for _, b := range [][]byte{got.Envelope, got.Bundle, got.CRLs[0], e.AMDRoot(), e.ReleaseRoot()} {
		clear(b)
	}
	if _, err := newVerifier(t, e).Verify(e.Evidence(), now); err != nil {
		t.Error(err)
	}
}

// TestVersions: two enclaves of one seed have one publisher, who can go on and
// back.
func TestVersions(t *testing.T) {
	version := func(n uint64, life time.Duration) attest.Evidence {
		return newEnclave(t, attesttest.Config{Now: now, Seed: "p", BundleVersion: n, BundleLife: life}).Evidence()
	}
	v := newVerifier(t, newEnclave(t, attesttest.Config{Now: now, Seed: "p", BundleVersion: 5}))
	for _, tt := range []struct {
		evidence attest.Evidence
		want     string
	}{
		{version(5, 0), ""},
		{version(7, 0), ""},
		{version(6, 0), "BundleRollbackError"},
		{version(7, time.Hour), "BundleRollbackError"},
		{version(8, time.Hour), ""},
	} {
		_, err := v.Verify(tt.evidence, now)
		if attest.ErrorType(err) != tt.want || (tt.want == "" && err != nil) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]attesttest.Config{
		"product":        {Product: 4},
		"report version": {ReportVersion: 1},
		"report 6":       {ReportVersion: 6},
		"signing key":    {SigningKey: 7},
		"early":          {Now: time.Date(2024, 6, 1, 23, 0, 0, 0, time.UTC)},
		"late":           {Now: time.Date(2049, 5, 31, 1, 0, 0, 0, time.UTC)},
		"max age":        {MaxAge: -time.Second},
		"max age ms":     {MaxAge: 1500 * time.Millisecond},
		"bundle version": {BundleVersion: 1},
		"bundle large":   {BundleVersion: 1<<53 - 1},
		"bundle life":    {BundleLife: -1},
		"hosts":          {Hosts: []string{}},
	} {
		if e, err := attesttest.New(c); e != nil || err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if e, err := attesttest.New(attesttest.Config{}, "no-such-fault"); e != nil || err == nil {
		t.Error("a fault that does not exist")
	}
	for _, at := range []time.Time{time.Date(2024, 6, 3, 0, 0, 0, 0, time.UTC), time.Date(2049, 5, 30, 0, 0, 0, 0, time.UTC)} {
		e := newEnclave(t, attesttest.Config{
			Product: snpreport.Turin, Now: at, MaxAge: 48 * time.Hour, BundleVersion: 1<<53 - 2, BundleLife: 1,
			Workload: "a <b> & \"c\"", Hosts: []string{"enclave.example.com"},
		})
		if e.Now() != at {
			t.Errorf("starts at %v", e.Now())
		}
		if _, err := newVerifier(t, e).Verify(e.Evidence(), at); err != nil {
			t.Error(err)
		}
		if err := e.TLSCertificate().Leaf.VerifyHostname("enclave.example.com"); err != nil {
			t.Error(err)
		}
	}
}

// TestFaultTable: names and errors are complete, and no error type of the
// verification lacks a fault.
func TestFaultTable(t *testing.T) {
	seen, types := map[attesttest.Fault]bool{}, map[string]bool{}
	for _, f := range attesttest.Faults() {
		if seen[f] || f.ErrorType() == "" || f.About() == "" {
			t.Errorf("%s: twice, or incomplete", f)
		}
		seen[f], types[f.ErrorType()] = true, true
	}
	// All of attest/errors.go but EvidenceUnavailableError, which is no refusal.
	const refusals = 20
	if len(types) != refusals {
		t.Errorf("%d error types: %v", len(types), types)
	}
	if none := attesttest.Fault("none"); none.ErrorType() != "" || none.About() != "" || none.Fits(attesttest.Config{}) {
		t.Error("a fault that does not exist")
	}
}

// TestRoots: every AMD root and authority that an enclave shows is listed.
func TestRoots(t *testing.T) {
	listed := map[[32]byte]bool{}
	for _, sum := range attesttest.TestRoots() {
		listed[sum] = true
	}
	if len(listed) != 10 {
		t.Errorf("%d keys", len(listed))
	}
	for _, c := range configs() {
		if c.ReportVersion != 5 {
			continue
		}
		for _, spoil := range [][]attesttest.Fault{nil, {attesttest.ChainRogueRoot}} {
			envelope, err := attest.ParseEnvelope(newEnclave(t, c, spoil...).Evidence().Envelope)
			if err != nil {
				t.Fatal(err)
			}
			_, rest := pem.Decode(envelope.ChainPEM) // the leaf
			for range 2 {
				var block *pem.Block
				block, rest = pem.Decode(rest)
				cert, err := x509.ParseCertificate(block.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				if !listed[sha256.Sum256(cert.RawSubjectPublicKeyInfo)] {
					t.Errorf("%v: %v is not listed", c.Product, cert.Subject)
				}
			}
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for name, tt := range map[string]struct {
		config attesttest.Config
		spoil  []attesttest.Fault
	}{
		"first": {attesttest.Config{}, nil},
		"again": {attesttest.Config{Now: now, Seed: "b"}, nil},
		"debug": {attesttest.Config{Now: now, Seed: "b"}, []attesttest.Fault{attesttest.PolicyDebug}},
		"rogue": {attesttest.Config{Now: now, Seed: "b"}, []attesttest.Fault{attesttest.ChainRogueRoot}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				newEnclave(b, tt.config, tt.spoil...)
			}
		})
	}
}
