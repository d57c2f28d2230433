package certchain_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// TestCacheCopiesNothingTooLong: input that is refused by its size is not copied before,
// with a cache or without.
// Rules: CHN-02, CHN-03, CHN-09, CHN-70.
func TestCacheCopiesNothingTooLong(t *testing.T) {
	long, parts := make([]byte, 64<<10+1), slices.Repeat([][]byte{make([]byte, 16<<10)}, 4)
	for name, c := range map[string]*certchain.Cache{"a cache": certchain.NewCache(1), "none": nil} {
		for input, verify := range map[string]func() error{
			"a text":        func() error { return second(c.VerifyPEM(long, certchain.Builtin(), now)) },
			"a certificate": func() error { return second(c.Verify([][]byte{long, {1}}, certchain.Builtin(), now)) },
			"a list":        func() error { return second(c.Verify(parts, certchain.Builtin(), now)) },
		} {
			verify() // what is allocated once is no part of it
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := verify()
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; err == nil || n > 48<<10 {
				t.Errorf("%s, %s: %v; %d bytes were allocated", name, input, err, n)
			}
		}
	}
}

// TestCacheOfThree: a chain of as many certificates as there may be is remembered.
func TestCacheOfThree(t *testing.T) {
	s := mint.Evidence("Milan", 3, "vcek")
	c, roots := certchain.NewCache(1), rootsOf(t, "Milan")
	if _, err := c.Verify([][]byte{s.Leaf, s.Intermediate, s.ARK}, roots, now); err != nil || c.Len() != 1 {
		t.Errorf("%v, %d chains remembered", err, c.Len())
	}
}
