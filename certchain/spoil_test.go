//go:build !race

package certchain_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// TestCacheReadsOnce: a caller that writes to its buffer during Verify, which is its
// fault, teaches the cache nothing: what is hashed is what was verified. The race
// detector rightly minds, so this test does without it.
// Rules: CHN-70.
func TestCacheReadsOnce(t *testing.T) {
	e, roots := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	spoiled := bytes.Clone(e.Leaf)
	spoiled[len(spoiled)-1] ^= 1
	for range 100 {
		cache := certchain.NewCache(1)
		leaf := bytes.Clone(spoiled)
		var done atomic.Bool
		var writer sync.WaitGroup
		writer.Go(func() {
			for !done.Load() {
				leaf[len(leaf)-1] ^= 1
			}
		})
		_, _ = cache.Verify([][]byte{leaf, e.Intermediate}, roots, now)
		done.Store(true)
		writer.Wait()
		if _, err := cache.Verify([][]byte{spoiled, e.Intermediate}, roots, now); err == nil {
			t.Fatal("a spoiled leaf is accepted")
		}
	}
}
