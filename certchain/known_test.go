package certchain_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
)

// IntermediateBuiltin says whether the roots know the very certificate.
func TestIntermediateBuiltin(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	roots := rootsOf(t, "Milan")
	ask, err := certchain.ParseCertificate(e.Intermediate)
	if err != nil {
		t.Fatal(err)
	}
	other := mint.ASK("Milan")
	other.Serial = []byte{9, 9}
	for _, tt := range []struct {
		name  string
		certs [][]byte
		roots *certchain.Roots
		want  bool
	}{
		{"not known", [][]byte{e.Leaf, e.Intermediate}, roots, false},
		{"known, sent", [][]byte{e.Leaf, e.Intermediate}, roots.Knowing(ask), true},
		{"known, not sent", [][]byte{e.Leaf}, roots.Knowing(ask), true},
		{"another one sent", [][]byte{e.Leaf, other.Encode(mint.CAKey("ARK-Milan"))}, roots.Knowing(ask), false},
	} {
		chain, err := certchain.Verify(tt.certs, tt.roots, now)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if chain.IntermediateBuiltin != tt.want {
			t.Errorf("%s: %v", tt.name, chain.IntermediateBuiltin)
		}
	}
}

// CHN-70: sets of roots that say different things have different fingerprints.
func TestFingerprints(t *testing.T) {
	milan := rootsOf(t, "Milan")
	ask, err := certchain.ParseCertificate(mint.CACert("SEV-Milan"))
	if err != nil {
		t.Fatal(err)
	}
	var nobody *certchain.Roots
	seen := map[[32]byte]string{}
	for name, roots := range map[string]*certchain.Roots{
		"nil": nil, "built-in": certchain.Builtin(), "built-in, none selected": certchain.Builtin().Restrict(), "none, not custom": nobody.Restrict(),
		"none, custom": milan.Restrict(), "Milan": milan, "Genoa": rootsOf(t, "Genoa"), "both": rootsOf(t, "Milan", "Genoa"), "knowing": milan.Knowing(ask),
	} {
		if other, ok := seen[roots.Fingerprint()]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[roots.Fingerprint()] = name
	}
	if rootsOf(t, "Genoa", "Milan").Fingerprint() != rootsOf(t, "Milan", "Genoa").Fingerprint() {
		t.Error("the order matters")
	}
}

// CHN-70: lists of parts whose bytes follow each other alike are not one; nor is
// one that only begins like what was remembered.
func TestCacheBoundaries(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	cache := certchain.NewCache(4)
	if _, err := cache.Verify(e.Chain(), roots, now); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.VerifyPEM(e.PEM(), roots, now); err != nil {
		t.Fatal(err)
	}
	for name, certs := range map[string][][]byte{
		"cut elsewhere": {slices.Concat(e.Leaf, e.Intermediate[:10]), e.Intermediate[10:], e.ARK},
		"a fourth":      {e.Leaf, e.Intermediate, e.ARK, e.ARK},
		"too long":      {e.Leaf, e.Intermediate, slices.Concat(e.ARK, make([]byte, 8<<10))},
	} {
		if _, err := cache.Verify(certs, roots, now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := cache.VerifyPEM(slices.Concat(e.PEM(), make([]byte, 64<<10)), roots, now); err == nil {
		t.Error("too long a text: accepted")
	}
}

// What is remembered is not verified again: that takes hundreds of allocations.
func TestCacheRemembers(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	cache, text, certs := certchain.NewCache(4), e.PEM(), e.Chain()
	for name, verify := range map[string]func() (*certchain.Chain, error){
		"PEM": func() (*certchain.Chain, error) { return cache.VerifyPEM(text, roots, now) },
		"DER": func() (*certchain.Chain, error) { return cache.Verify(certs, roots, now) },
	} {
		if _, err := verify(); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() { verify() }); n > 20 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// CHN-70: the last byte of the longest text counts.
func TestCacheOfLongestText(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	cache := certchain.NewCache(4)
	text := slices.Concat(e.PEM(), bytes.Repeat([]byte("\n"), 64<<10-len(e.PEM())))
	if _, err := cache.VerifyPEM(text, roots, now); err != nil || cache.Len() != 1 {
		t.Fatal(err)
	}
	text[len(text)-1] = 'x'
	if _, err := cache.VerifyPEM(text, roots, now); err == nil {
		t.Error("accepted with another last byte")
	}
}

// CHN-10: a length of more bytes than any input needs is none, even where they add
// up to a small one.
func TestLengthThatWraps(t *testing.T) {
	body := make([]byte, 0x80)
	wraps := append([]byte{0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0x80}, body...)
	_, err := certchain.ParseCertificate(wraps)
	if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "CHN-10" || e.Where != "certificate: Certificate" || e.Offset != 0 {
		t.Errorf("%v", err)
	}
}
