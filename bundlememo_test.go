package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
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
	for i := range e.Bundle {
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
