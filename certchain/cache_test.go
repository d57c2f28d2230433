package certchain_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// TestCachePoison changes everything that a caller can reach, and then asks
// again. CHN-70, CHN-71.
func TestCachePoison(t *testing.T) {
	roots := rootsOf(t, "Milan")
	cache := certchain.NewCache(4)
	want, err := certchain.Verify(mint.Evidence("Milan", 3, "vcek").Chain(), roots, now)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // miss, hit, hit on what the hit returned
		e := mint.Evidence("Milan", 3, "vcek")
		certs, text := e.Chain(), e.PEM()
		a, err := cache.Verify(certs, roots, now)
		if err != nil {
			t.Fatal(err)
		}
		b, err := cache.VerifyPEM(text, roots, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*certchain.Chain{a, b} {
			if !certchain.SameFacts(c, want) {
				t.Fatalf("remembered %+v, want %+v", c, want)
			}
			*c = certchain.Chain{Product: snpreport.Turin, NotAfter: now.AddDate(100, 0, 0), HWID: [64]byte{1}}
		}
		clear(text)
		for _, der := range certs {
			clear(der)
		}
		clear(certs)
	}
	if cache.Len() != 2 {
		t.Errorf("%d chains remembered", cache.Len())
	}
}

// TestCacheKey: whatever the verdict depends on is part of the key. Each call
// would succeed if the cache took it for the first one.
func TestCacheKey(t *testing.T) {
	e, genoa := mint.Evidence("Milan", 3, "vcek"), mint.Evidence("Genoa", 3, "vcek")
	milan := rootsOf(t, "Milan")
	cache := certchain.NewCache(16)
	if _, err := cache.Verify(e.Chain(), milan, now); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.VerifyPEM(e.PEM(), milan, now); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(e.Leaf)
	flipped[len(flipped)-1] ^= 1
	text := bytes.Clone(e.PEM())
	text[100] ^= 1
	joined := slices.Concat(e.Leaf, e.Intermediate)
	for name, verify := range map[string]func() (*certchain.Chain, error){
		"other roots":      func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), rootsOf(t, "Genoa"), now) },
		"built-in roots":   func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), certchain.Builtin(), now) },
		"no roots":         func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), nil, now) },
		"empty selection":  func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), milan.Restrict(), now) },
		"PEM, other roots": func() (*certchain.Chain, error) { return cache.VerifyPEM(e.PEM(), rootsOf(t, "Turin"), now) },
		"a bit": func() (*certchain.Chain, error) {
			return cache.Verify([][]byte{flipped, e.Intermediate, e.ARK}, milan, now)
		},
		"PEM, a bit": func() (*certchain.Chain, error) { return cache.VerifyPEM(text, milan, now) },
		"one more":   func() (*certchain.Chain, error) { return cache.Verify(append(e.Chain(), e.ARK), milan, now) },
		"an empty one more": func() (*certchain.Chain, error) {
			return cache.Verify([][]byte{e.Leaf, e.Intermediate, nil}, milan, now)
		},
		"joined":             func() (*certchain.Chain, error) { return cache.Verify([][]byte{joined, e.ARK}, milan, now) },
		"PEM as DER":         func() (*certchain.Chain, error) { return cache.Verify([][]byte{e.PEM()}, milan, now) },
		"another chain":      func() (*certchain.Chain, error) { return cache.Verify(genoa.Chain(), milan, now) },
		"no time":            func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), milan, time.Time{}) },
		"PEM, no time":       func() (*certchain.Chain, error) { return cache.VerifyPEM(e.PEM(), milan, time.Time{}) },
		"expired since":      func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), milan, mint.NotAfterLeaf.Add(1)) },
		"PEM, expired since": func() (*certchain.Chain, error) { return cache.VerifyPEM(e.PEM(), milan, mint.NotAfterLeaf.Add(1)) },
		"before its time":    func() (*certchain.Chain, error) { return cache.Verify(e.Chain(), milan, mint.NotBefore.Add(-1)) },
	} {
		if chain, err := verify(); err == nil || chain != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if cache.Len() != 2 {
		t.Errorf("%d chains remembered: refusals were", cache.Len())
	}
}

// TestCacheDates: a hit is refused by the dates of each of the three, with the
// error of Verify.
func TestCacheDates(t *testing.T) {
	mid, ark := mint.ASK("Milan"), mint.ARK("Milan")
	e := mint.Evidence("Milan", 3, "vcek")
	key := mint.CAKey("ARK-Milan")
	for name, change := range map[string]func(){
		"leaf":         func() { e.LeafSpec.SetValidity(mint.NotBefore, now) },
		"intermediate": func() { mid.SetValidity(mint.NotBefore, now) },
		"anchor":       func() { ark.SetValidity(mint.NotBefore, now) },
	} {
		mid, ark = mint.ASK("Milan"), mint.ARK("Milan")
		e = mint.Evidence("Milan", 3, "vcek")
		change()
		e.Reissue()
		certs := [][]byte{e.Leaf, mid.Encode(key), ark.Encode(key)}
		roots, err := certchain.NewRoots(certs[2])
		if err != nil {
			t.Fatal(err)
		}
		cache := certchain.NewCache(1)
		if _, err := cache.Verify(certs, roots, now); err != nil {
			t.Fatal(err)
		}
		_, got := cache.Verify(certs, roots, now.Add(time.Second))
		_, want := certchain.Verify(certs, roots, now.Add(time.Second))
		if got == nil || want == nil || got.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestCacheBounded: the oldest makes room, and nothing grows past the size.
func TestCacheBounded(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	text := e.PEM()
	for _, size := range []int{-1, 0, 1, 3} {
		cache := certchain.NewCache(size)
		for i := range 8 {
			if _, err := cache.VerifyPEM(append(text, bytes.Repeat([]byte{'\n'}, i)...), roots, now); err != nil {
				t.Fatal(err)
			}
			if n := cache.Len(); n > max(size, 0) || n != min(i+1, max(size, 0)) {
				t.Fatalf("size %d: %d chains after %d", size, n, i+1)
			}
		}
	}
	// Two goroutines may find the same chain missing.
	cache := certchain.NewCache(2)
	cache.RememberTwice()
	if n := cache.Len(); n != 1 {
		t.Errorf("%d chains after the same one twice", n)
	}
	var none *certchain.Cache
	for range 2 {
		if _, err := none.VerifyPEM(text, roots, now); err != nil {
			t.Fatal(err)
		}
		if _, err := none.Verify(e.Chain(), roots, now); err != nil {
			t.Fatal(err)
		}
	}
	big := make([]byte, 64<<10+1)
	wantRule(t, "CHN-03", second(certchain.NewCache(1).VerifyPEM(big, roots, now)))
	wantRule(t, "CHN-09", second(certchain.NewCache(1).Verify([][]byte{big}, roots, now)))
}

// TestCacheModel compares every answer with that of Verify, in any order of
// calls.
func TestCacheModel(t *testing.T) {
	type input struct {
		certs [][]byte
		text  []byte
	}
	var inputs []input
	for _, p := range []string{"Milan", "Turin"} {
		for _, kind := range []string{"vcek", "vlek"} {
			e := mint.Evidence(p, 3, kind)
			inputs = append(inputs, input{e.Chain(), e.PEM()}, input{e.Chain()[:2], mint.PEM(e.Leaf)})
		}
	}
	roots := []*certchain.Roots{nil, certchain.Builtin(), rootsOf(t, "Milan"), rootsOf(t, "Milan", "Turin")}
	times := []time.Time{{}, now, mint.NotBefore, mint.NotBefore.Add(-1), mint.NotAfterLeaf, mint.NotAfterLeaf.Add(1), mint.NotAfterCA.Add(1)}
	type answer struct {
		chain *certchain.Chain
		err   error
	}
	known := map[string]answer{}
	rapid.Check(t, func(t *rapid.T) {
		cache := certchain.NewCache(rapid.IntRange(0, 3).Draw(t, "size"))
		for range 12 {
			i := rapid.IntRange(0, len(inputs)-1).Draw(t, "input")
			r := rapid.IntRange(0, len(roots)-1).Draw(t, "roots")
			a := rapid.IntRange(0, len(times)-1).Draw(t, "time")
			pem := rapid.Bool().Draw(t, "pem")
			key := fmt.Sprint(i, r, a, pem)
			var got answer
			want, ok := known[key]
			if pem {
				got.chain, got.err = cache.VerifyPEM(inputs[i].text, roots[r], times[a])
				if !ok {
					want.chain, want.err = certchain.VerifyPEM(inputs[i].text, roots[r], times[a])
				}
			} else {
				got.chain, got.err = cache.Verify(inputs[i].certs, roots[r], times[a])
				if !ok {
					want.chain, want.err = certchain.Verify(inputs[i].certs, roots[r], times[a])
				}
			}
			known[key] = want
			if fmt.Sprint(got.err) != fmt.Sprint(want.err) || (got.chain == nil) != (want.chain == nil) {
				t.Fatalf("%s: %v, want %v", key, got.err, want.err)
			}
			if got.chain != nil && !certchain.SameFacts(got.chain, want.chain) {
				t.Fatalf("%s: other facts", key)
			}
		}
	})
}

// TestCacheConcurrent is for the race detector.
func TestCacheConcurrent(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	report, err := snpreport.Parse(e.Report)
	if err != nil {
		t.Fatal(err)
	}
	cache, text := certchain.NewCache(2), e.PEM()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 8 {
				own := append(bytes.Clone(text), bytes.Repeat([]byte{' '}, (i+j)%3)...)
				chain, err := cache.VerifyPEM(own, roots, now)
				if err == nil {
					err = chain.VerifyReport(report)
				}
				if err != nil {
					t.Error(err)
					return
				}
				chain.NotAfter, chain.TCB = time.Time{}, snpreport.TCB{}
			}
		})
	}
	group.Wait()
	if cache.Len() != 2 {
		t.Errorf("%d chains", cache.Len())
	}
}
