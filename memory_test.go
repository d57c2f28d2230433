package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// remembering returns evidence, and a verifier that has verified it.
func remembering(t *testing.T) (attest.Evidence, *attest.Verifier, *attest.Result) {
	p := newEndpoint("Milan", 3, "vcek")
	p.Bundle.Payload.Set("unread", 1)
	p.Bundle.Payload.Set("min_tcb", members{"Milan": members{"bootloader": 1, "tee": 0, "snp": 1, "microcode": 1}})
	c := p.config(t)
	c.Cache = certchain.NewCache(4)
	e, v := p.evidenceOf(t), p.verifierOf(t, c)
	result, err := v.Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	return e, v, result
}

// BND-44: another byte is another bundle, whatever was remembered.
func TestRememberedBundleIsKnownByItsBytes(t *testing.T) {
	e, v, _ := remembering(t)
	for i := 0; i < len(e.Bundle); i += stress.Of(7, 1) {
		flipped := e
		flipped.Bundle = bytes.Clone(e.Bundle)
		flipped.Bundle[i] ^= 1
		if _, err := v.Verify(flipped, at); err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
	}
	for _, other := range [][]byte{nil, {}, e.Bundle[:len(e.Bundle)-1], append(bytes.Clone(e.Bundle), '\n')} {
		var invalid *attest.BundleSignatureInvalid
		cut := e
		cut.Bundle = other
		if _, err := v.Verify(cut, at); !errors.As(err, &invalid) {
			t.Errorf("%d bytes: %v", len(other), err)
		}
	}
	if _, err := v.Verify(e, at); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
}

// BND-44: a caller's buffer, and what a caller was given, are not what is
// remembered.
func TestRememberedBundleIsNotTheCallers(t *testing.T) {
	e, v, first := remembering(t)
	want, err := v.Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Bundle.Measurements, want.Bundle.Measurements); diff != "" {
		t.Fatal(diff)
	}
	for _, r := range []*attest.Result{first, want} {
		b := r.Bundle
		b.Version, b.ValidUntil, b.Workload = 99, at.AddDate(9, 0, 0), "other"
		clear(b.Measurements)
		clear(b.IdentityTags)
		clear(b.Products)
		clear(b.IgnoredMembers)
		clear(b.MinTCB.ByProduct[snpreport.Milan])
		clear(b.MinTCB.ByProduct)
	}
	again, err := v.Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	b := again.Bundle
	if b.Version != 17 || b.Measurements[0] == [48]byte{} || b.IdentityTags[0] == [32]byte{} || b.Products[0] == 0 || b.IgnoredMembers[0] != "unread" || len(b.MinTCB.ByProduct[snpreport.Milan]) != 4 {
		t.Errorf("%+v", b)
	}

	kept := bytes.Clone(e.Bundle)
	e.Bundle[len(e.Bundle)-1] ^= 1 // the very array that was verified
	if _, err := v.Verify(e, at); err == nil {
		t.Error("accepted what the caller changed in place")
	}
	e.Bundle = kept
	if _, err := v.Verify(e, at); err != nil {
		t.Error(err)
	}
}

// BND-44: steps 5 to 7 are carried out each time, and so is every later one.
func TestRememberedBundleIsJudgedAgain(t *testing.T) {
	e, v, _ := remembering(t)
	may := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	a := v.Audit(e, may)
	if c := a.Checks[5-1]; c.Status != attest.Fail || c.Requirement != "BND-30" {
		t.Errorf("%+v", c)
	}
	for _, step := range []int{3, 4} {
		if c := a.Checks[step-1]; c.Status != attest.Pass || c.Actual == "" {
			t.Errorf("%+v", c)
		}
	}

	newer := newEndpoint("Milan", 3, "vcek")
	newer.Bundle.Payload.Set("version", 18)
	if _, err := v.Verify(newer.evidenceOf(t), at); err != nil {
		t.Fatal(err)
	}
	var rollback *attest.BundleRollbackError
	if _, err := v.Verify(e, at); !errors.As(err, &rollback) {
		t.Errorf("%v", err)
	}

	e, v, _ = remembering(t)
	other := newEndpoint("Milan", 3, "vcek")
	other.Envelope.Set("workload", "other")
	spoiled := e
	spoiled.Envelope = other.evidenceOf(t).Envelope
	var mismatch *attest.WorkloadMismatchError
	if _, err := v.Verify(spoiled, at); !errors.As(err, &mismatch) {
		t.Errorf("%v", err)
	}
}

// BND-44: a bundle that passed is remembered by who pinned its key, and by
// nobody else who shares the memory of chains.
func TestRememberedBundleIsTheVerifiers(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	c := p.config(t)
	c.Cache = certchain.NewCache(4)
	e := p.evidenceOf(t)
	if _, err := p.verifierOf(t, c).Verify(e, at); err != nil {
		t.Fatal(err)
	}
	v, err := attest.NewVerifier([]ed25519.PublicKey{mint.Ed25519Key("somebody").Public().(ed25519.PublicKey)}, c)
	if err != nil {
		t.Fatal(err)
	}
	var invalid *attest.BundleSignatureInvalid
	if _, err := v.Verify(e, at); !errors.As(err, &invalid) {
		t.Errorf("%v", err)
	}
}

// What is remembered costs less. Two bundles in turn are never remembered.
func TestRememberedBundleIsNotReadAgain(t *testing.T) {
	e, v, _ := remembering(t)
	second := newEndpoint("Milan", 3, "vcek")
	second.Bundle.Payload.Set("version", 18)
	second.Bundle.Payload.Set("unread", 2)
	c := second.config(t)
	c.Cache, c.Memory = certchain.NewCache(4), attest.NoMemory{}
	both := second.verifierOf(t, c)
	allocations := func(v *attest.Verifier, list ...attest.Evidence) float64 {
		return testing.AllocsPerRun(10, func() {
			for _, e := range list {
				if _, err := v.Verify(e, at); err != nil {
					t.Fatal(err)
				}
			}
		}) / float64(len(list))
	}
	one, two := allocations(v, e), allocations(both, e, second.evidenceOf(t))
	if one >= two*9/10 {
		t.Errorf("%v allocations with a remembered bundle, %v without", one, two)
	}
}

// TestRollback: older is refused, other bytes of the same version are refused,
// newer is accepted and remembered, under any pinned root.
func TestRollback(t *testing.T) {
	old, second := newEndpoint("Milan", 3, "vcek"), mint.Ed25519Key("second")
	v, err := attest.NewVerifier([]ed25519.PublicKey{old.release.Public().(ed25519.PublicKey), second.Public().(ed25519.PublicKey)}, old.config(t))
	if err != nil {
		t.Fatal(err)
	}
	bundle := func(version int, key ed25519.PrivateKey, more ...string) attest.Evidence {
		p := newEndpoint("Milan", 3, "vcek")
		p.Bundle.Payload, p.release = with(p.Bundle.Payload, "version", version), key
		for _, name := range more {
			p.Bundle.Payload = with(p.Bundle.Payload, name, 1)
		}
		return p.evidenceOf(t)
	}
	for _, step := range []struct {
		e    attest.Evidence
		rule string
	}{
		{bundle(17, old.release), ""},
		{bundle(17, old.release), ""},
		{bundle(16, old.release), "BND-40"},
		{bundle(16, second), "BND-40"},
		{bundle(17, second), "BND-41"},
		{bundle(17, old.release, "x"), "BND-41"},
		{bundle(18, second), ""},
		{bundle(17, old.release), "BND-40"},
		{bundle(18, second), ""},
	} {
		_, err := v.Verify(step.e, at)
		if step.rule == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, err, "BundleRollbackError", step.rule)
	}
}

// TestMemoryIsWrittenLate: only a bundle that was accepted as a whole counts, and
// then whatever else is wrong with the evidence. Behind a stale envelope only an
// audit looks at it.
// Rules: BND-43.
func TestMemoryIsWrittenLate(t *testing.T) {
	for _, f := range faults {
		if f.step == 6 {
			continue
		}
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Memory = spoil(p, f.step)
		v := p.verifierOf(t, c)
		e := p.evidenceOf(t)
		v.Audit(e, at)
		_, known, _ := c.Memory.Highest("router")
		c.Memory = spoil(newEndpoint("Milan", 3, "vcek"), f.step)
		p.verifierOf(t, c).Verify(e, at)
		if _, same, _ := c.Memory.Highest("router"); same != known && f.step != 2 {
			t.Errorf("%s: Verify and Audit differ", f.typ)
		}
		if want := f.step > 7 || f.step == 2; known != want {
			t.Errorf("%s: remembered: %v, want %v", f.typ, known, want)
		}
	}
}

// brokenMemory can not say what was accepted.
type brokenMemory struct{ highest, accept error }

func (m brokenMemory) Highest(string) (attest.BundleVersion, bool, error) {
	return attest.BundleVersion{}, false, m.highest
}

func (m brokenMemory) Accept(string, attest.BundleVersion) (attest.BundleVersion, error) {
	return attest.BundleVersion{Version: 99}, m.accept
}

// TestBrokenMemory: not to know is no first run; and when another verification
// was faster, its bundle counts.
func TestBrokenMemory(t *testing.T) {
	for _, tt := range []struct {
		memory    attest.BundleMemory
		typ, rule string
	}{
		{brokenMemory{highest: errors.New("damaged")}, "EvidenceUnavailableError", "BND-42"},
		{brokenMemory{accept: errors.New("disk full")}, "EvidenceUnavailableError", "BND-42"},
		{brokenMemory{}, "BundleRollbackError", "BND-40"},
		// Lesson: what a memory answers was believed, though it recorded nothing.
		{answers{accepted: attest.BundleVersion{Version: 16}}, "EvidenceUnavailableError", "BND-42"},
		{answers{}, "EvidenceUnavailableError", "BND-42"},
		{answers{accepted: attest.BundleVersion{Version: 17}}, "BundleRollbackError", "BND-41"},
		{obedient{}, "EvidenceUnavailableError", "BND-42"},
	} {
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Memory = tt.memory
		_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
		wantError(t, err, tt.typ, tt.rule)
	}
}

// answers is a memory that says the same whatever it is given.
type answers struct {
	highest, accepted attest.BundleVersion
}

func (a answers) Highest(string) (attest.BundleVersion, bool, error) { return a.highest, false, nil }

func (a answers) Accept(string, attest.BundleVersion) (attest.BundleVersion, error) {
	return a.accepted, nil
}

// obedient is a memory that knows a bundle of version 0, and records any.
type obedient struct{}

func (obedient) Highest(string) (attest.BundleVersion, bool, error) {
	return attest.BundleVersion{}, true, nil
}

func (obedient) Accept(_ string, v attest.BundleVersion) (attest.BundleVersion, error) { return v, nil }

// readOnly is a memory that cannot record.
type readOnly struct{ attest.BundleMemory }

func (readOnly) Accept(string, attest.BundleVersion) (attest.BundleVersion, error) {
	return attest.BundleVersion{}, errors.New("read-only file system")
}

// TestKnownBundle: there is nothing to record about a bundle that the memory holds,
// so that a memory that cannot be written to does not matter.
// Rules: BND-43.
func TestKnownBundle(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e, c := p.evidenceOf(t), p.config(t)
	c.Memory.Accept("router", attest.BundleVersion{Version: 17, SHA256: sha256.Sum256(e.Bundle)})
	c.Memory = readOnly{c.Memory}
	if _, err := p.verifierOf(t, c).Verify(e, at); err != nil {
		t.Error(err)
	}
	p.Bundle.Payload.Set("version", 18)
	_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
	wantError(t, err, "EvidenceUnavailableError", "BND-42")
}

// TestMemoryOfConfig: a Verifier remembers bundles unless it is told not to, and a
// memory that is a nil pointer is refused.
func TestMemoryOfConfig(t *testing.T) {
	for _, tt := range []struct {
		memory    attest.BundleMemory
		typ, rule string
	}{{nil, "BundleRollbackError", "BND-40"}, {attest.NoMemory{}, "", ""}, {&attest.NoMemory{}, "", ""}} {
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Memory = tt.memory
		v := p.verifierOf(t, c)
		older := p.evidenceOf(t)
		p.Bundle.Payload.Set("version", 18)
		if _, err := v.Verify(p.evidenceOf(t), at); err != nil {
			t.Fatal(err)
		}
		result, err := v.Verify(older, at)
		if tt.typ != "" {
			wantError(t, err, tt.typ, tt.rule)
			continue
		}
		if err != nil || !slices.ContainsFunc(result.NotChecked, func(n policy.Unchecked) bool { return n.Name == "bundle_rollback" }) {
			t.Errorf("%v, %v", result, err)
		}
	}
	none := attest.NoMemory{}
	if v, err := none.Accept("router", attest.BundleVersion{Version: 3}); err != nil || v.Version != 3 {
		t.Errorf("%v, %v", v, err)
	}
	if _, known, err := none.Highest("router"); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
}

// TestBundleMemory: many at once never lower a version.
func TestBundleMemory(t *testing.T) {
	m := attest.NewBundleMemory()
	if _, ok, err := m.Highest("router"); ok || err != nil {
		t.Error("a new memory remembers something")
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			last := uint64(0)
			for j := range 100 {
				v := attest.BundleVersion{Version: uint64(i + 8*j + 1)}
				got, err := m.Accept("router", v)
				if err != nil || got.Version < v.Version || got.Version < last {
					t.Errorf("%v %v after %d", got, err, last)
				}
				last = got.Version
			}
		})
	}
	wg.Wait()
	if v, ok, _ := m.Highest("router"); !ok || v.Version != 800 {
		t.Errorf("%v", v)
	}
	if _, ok, _ := m.Highest("other"); ok {
		t.Error("one workload for another")
	}
	known, _ := m.Accept("router", attest.BundleVersion{Version: 800, SHA256: [32]byte{1}})
	if known.SHA256 != [32]byte{} {
		t.Error("other bytes of the same version were recorded")
	}
}

// coming encodes an authority of a product that is known by name at most.
func coming(commonName string) []byte {
	s := mint.ARK("Milan")
	s.Subject, s.Issuer = mint.Name(commonName), mint.Name("ARK-Venice")
	return s.Encode(mint.CAKey("ARK-Milan"))
}
