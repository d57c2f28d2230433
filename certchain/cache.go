package certchain

import (
	"bytes"
	"time"
)

// A Cache remembers chains that verified, and signatures of reports and CRLs that
// verified with their keys, so that the same bytes against the same roots need no
// second check of signatures. It gives the answers of Verify, VerifyReport and
// (*CRL).Check, sooner: all that is not a signature, dates for example, is checked
// on every call. Refusals are not remembered.
//
// A Cache may be used by several goroutines at once. Nil and the zero Cache
// remember nothing and verify every time.
// Rules: CHN-70, CHN-71.
type Cache struct {
	chains     *memory[*proof]
	signatures *memory[struct{}]
}

// NewCache returns a Cache of at most size chains and as many signatures; when it is
// full, the oldest makes room. Below 1 it remembers none.
func NewCache(size int) *Cache {
	return &Cache{newMemory[*proof](size), newMemory[struct{}](size)}
}

// Verify is the function Verify with a cache.
func (c *Cache) Verify(certs [][]byte, roots *Roots, at time.Time) (*Chain, error) {
	return c.verify(kindDER, certs, roots, at, func(own [][]byte) (*Chain, error) { return Verify(own, roots, at) })
}

// VerifyPEM is the function VerifyPEM with a cache of texts: one that differs in
// a line break is another.
func (c *Cache) VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	return c.verify(kindPEM, [][]byte{text}, roots, at, func(own [][]byte) (*Chain, error) { return VerifyPEM(own[0], roots, at) })
}

// verify returns the chain that is remembered of parts and roots, or calls uncached.
// Parts that it will refuse by their size are neither copied nor hashed.
func (c *Cache) verify(kind string, parts [][]byte, roots *Roots, at time.Time, uncached func(own [][]byte) (*Chain, error)) (*Chain, error) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if c == nil || len(parts) > MaxChain || size > maxPEM || at.IsZero() {
		return uncached(parts)
	}
	own := make([][]byte, len(parts)) // the same bytes are hashed and verified, also when the caller writes to its own
	for i, part := range parts {
		own[i] = bytes.Clone(part)
	}
	known, err := c.chains.recall(func() (*proof, error) {
		chain, err := uncached(own)
		if err != nil {
			return nil, err
		}
		chain.proof.signatures = c.signatures
		return chain.proof, nil
	}, kind, roots.Fingerprint(), own...)
	if err != nil {
		return nil, err
	}
	if err := known.dates.check(at); err != nil {
		return nil, err
	}
	return known.chain(), nil
}
