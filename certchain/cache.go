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
	own := make([][]byte, len(certs)) // the same bytes are hashed and verified, also when the caller writes to its own
	for i, der := range certs {
		own[i] = bytes.Clone(der)
	}
	return c.verify(func() (*Chain, error) { return Verify(own, roots, at) }, at, kindDER, roots, own...)
}

// VerifyPEM is the function VerifyPEM with a cache of texts: one that differs in
// a line break is another.
func (c *Cache) VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	own := bytes.Clone(text)
	return c.verify(func() (*Chain, error) { return VerifyPEM(own, roots, at) }, at, kindPEM, roots, own)
}

// verify returns the chain that is remembered of parts and roots, or calls uncached.
func (c *Cache) verify(uncached func() (*Chain, error), at time.Time, kind string, roots *Roots, parts ...[]byte) (*Chain, error) {
	if c == nil || at.IsZero() {
		return uncached()
	}
	known, err := c.chains.recall(func() (*proof, error) {
		chain, err := uncached()
		if err != nil {
			return nil, err
		}
		chain.proof.signatures = c.signatures
		return chain.proof, nil
	}, kind, roots.Fingerprint(), parts...)
	if err != nil {
		return nil, err
	}
	if err := known.dates.check(at); err != nil {
		return nil, err
	}
	return known.chain(), nil
}
