package fuzz

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// A fixture is an endpoint that is accepted. The publisher's key is this test's:
// bundles can be signed anew.
type fixture struct {
	evidence attest.Evidence
	payload  []byte // of the bundle
	envelope map[string]any
	config   attest.Config
	verifier *attest.Verifier
	result   *attest.Result
}

var release = mint.Ed25519Key("fuzz release")

// fixtures has one of each product.
var fixtures = sync.OnceValue(func() []*fixture {
	var all []*fixture
	for _, p := range snpreport.Products() {
		all = append(all, newFixture(p))
	}
	return all
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newFixture(p snpreport.Product) *fixture {
	enclave := must(attesttest.New(attesttest.Config{Product: p, Now: now, Seed: "fuzz"}))
	f := &fixture{evidence: enclave.Evidence(), config: enclave.VerifierConfig()}
	f.config.ManifestKeys, f.config.Memory, f.config.Cache = nil, nil, certchain.NewCache(4)
	f.payload = must(base64.RawURLEncoding.DecodeString(strings.Split(string(f.evidence.Bundle), ".")[1]))
	f.evidence.Bundle = sign(`{"alg":"EdDSA"}`, f.payload)
	if err := json.Unmarshal(f.evidence.Envelope, &f.envelope); err != nil {
		panic(err)
	}
	f.verifier = must(attest.NewVerifier([]ed25519.PublicKey{release.Public().(ed25519.PublicKey)}, f.config))
	f.result = must(f.verifier.Verify(f.evidence, now))
	return f
}

// sign makes a compact JWS.
func sign(header string, payload []byte) []byte {
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString(payload)
	return []byte(signed + "." + enc.EncodeToString(ed25519.Sign(release, []byte(signed))))
}

// maxAllocated bounds what a verification allocates, in bytes: what crypto needs
// for one, and a multiple of the input.
const maxAllocated = 4 << 20

// maxText bounds the text of an error: nobody can fill a log.
const maxText = 16 << 10

// verify is Verify, with what holds for any evidence.
func (f *fixture) verify(t *testing.T, e attest.Evidence) (*attest.Result, error) {
	t.Helper()
	before := clone(e)
	var m1, m2 runtime.MemStats
	runtime.ReadMemStats(&m1)
	result, err := f.verifier.Verify(e, now)
	runtime.ReadMemStats(&m2)
	size := len(e.Envelope) + len(e.Bundle) + len(bytes.Join(e.CRLs, nil))
	if n := m2.TotalAlloc - m1.TotalAlloc; n > uint64(maxAllocated+64*size) {
		t.Fatalf("%d bytes allocated for %d", n, size)
	}
	checkOutcome(t, result, err)
	audit := f.verifier.Audit(e, now)
	if (audit.Err == nil) != (err == nil) || (audit.Result == nil) != (result == nil) || len(audit.Checks) != 19 {
		t.Fatalf("Verify: %v; Audit: %v", err, audit.Err)
	}
	if err != nil && audit.Err.Error() != err.Error() {
		t.Fatalf("Verify: %v; Audit: %v", err, audit.Err)
	}
	if after := clone(e); !bytes.Equal(before.Envelope, after.Envelope) || !bytes.Equal(before.Bundle, after.Bundle) ||
		!bytes.Equal(bytes.Join(before.CRLs, nil), bytes.Join(after.CRLs, nil)) {
		t.Fatal("the evidence was written to")
	}
	return result, err
}

func clone(e attest.Evidence) attest.Evidence {
	c := attest.Evidence{Envelope: bytes.Clone(e.Envelope), Bundle: bytes.Clone(e.Bundle), LiveSPKI: e.LiveSPKI}
	for _, crl := range e.CRLs {
		c.CRLs = append(c.CRLs, bytes.Clone(crl))
	}
	return c
}

// checkOutcome: a refusal is of a declared type, names a rule, is not long, and
// comes without a result.
func checkOutcome(t *testing.T, result *attest.Result, err error) {
	t.Helper()
	if err == nil {
		if result == nil {
			t.Fatal("neither result nor error")
		}
		return
	}
	var refusal attest.AttestationError
	if result != nil || !errors.As(err, &refusal) || attest.ErrorType(refusal) == "" {
		t.Fatalf("result %v, error %T: %v", result, err, err)
	}
	if attest.ErrorType(refusal) == "PinChangedError" || attest.ErrorType(refusal) == "EvidenceUnavailableError" {
		t.Fatalf("an error that this package never returns: %v", err)
	}
	if rule := refusal.Requirement(); len(rule) != 6 || rule[3] != '-' || len(err.Error()) > maxText {
		t.Fatalf("rule %q, text of %d bytes", rule, len(err.Error()))
	}
}

// same: what was accepted is what was signed, by the hardware and by the
// publisher; and what nobody signed is within its bounds.
func (f *fixture) same(t *testing.T, r *attest.Result) {
	t.Helper()
	raw, want := r.Report.Raw(), f.result.Report.Raw()
	switch {
	case !bytes.Equal(raw[:mint.SignedSize], want[:mint.SignedSize]):
		t.Fatal("accepted another report")
	case r.Chain.LeafKeySHA256 != f.result.Chain.LeafKeySHA256 || r.Chain.RootSHA256 != f.result.Chain.RootSHA256 || r.Chain.TCB != f.result.Chain.TCB:
		t.Fatal("accepted another chain")
	case r.TLSSPKISHA256 != f.result.TLSSPKISHA256 || r.IdentityTag != f.result.IdentityTag || r.Workload != f.result.Workload:
		t.Fatal("accepted another key or workload")
	case r.Bundle.SHA256 != f.result.Bundle.SHA256:
		t.Fatal("accepted another bundle")
	case r.Manifest != nil && *r.Manifest != *f.result.Manifest:
		t.Fatal("accepted another manifest")
	case r.MaxAge < time.Second || r.MaxAge > 24*time.Hour || now.Sub(r.IssuedAt) > r.MaxAge+time.Minute || now.Sub(r.IssuedAt) < -5*time.Minute:
		t.Fatalf("accepted an envelope of %v for %v", r.IssuedAt, r.MaxAge)
	}
}

func facts(r *attest.Result) policy.Facts { return r.Facts() }
