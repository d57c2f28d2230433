package certchain

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// A Cache remembers chains that verified, so that the same bytes against the
// same roots cost no signature check again. What it answers is what Verify would
// answer, save for the time that takes: dates are checked on every call. Refusals
// are not remembered.
//
// A Cache may be used by several goroutines at once. A nil Cache remembers
// nothing and verifies every time.
// Rules: CHN-70, CHN-71.
type Cache struct {
	mu     sync.Mutex
	size   int
	chains map[[32]byte]*Chain
	keys   [][32]byte // of chains, a ring: next is the oldest once it is full
	next   int
}

// NewCache returns a Cache of at most size chains; when it is full, the oldest
// makes room. Below 1 it remembers nothing.
func NewCache(size int) *Cache {
	return &Cache{size: size, chains: make(map[[32]byte]*Chain)}
}

// Verify is the function Verify with a cache.
func (c *Cache) Verify(certs [][]byte, roots *Roots, at time.Time) (*Chain, error) {
	if c == nil {
		return Verify(certs, roots, at)
	}
	return c.recall(keyOf(kindDER, certs, roots), at, func() (*Chain, error) { return Verify(certs, roots, at) })
}

// VerifyPEM is the function VerifyPEM with a cache of texts: one that differs in
// a line break is another.
func (c *Cache) VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	if c == nil {
		return VerifyPEM(text, roots, at)
	}
	return c.recall(keyOf(kindPEM, [][]byte{text}, roots), at, func() (*Chain, error) { return VerifyPEM(text, roots, at) })
}

// recall returns what is remembered under key, or what verify returns.
func (c *Cache) recall(key [32]byte, at time.Time, verify func() (*Chain, error)) (*Chain, error) {
	c.mu.Lock()
	known := c.chains[key]
	c.mu.Unlock()
	if known == nil || at.IsZero() {
		chain, err := verify()
		if err == nil {
			c.remember(key, *chain)
		}
		return chain, err
	}
	if err := checkDates(&known.dates, at); err != nil {
		return nil, err
	}
	chain := *known // the caller's own: nobody can write to what is remembered
	return &chain, nil
}

func (c *Cache) remember(key [32]byte, chain Chain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size < 1 || c.chains[key] != nil {
		return
	}
	if len(c.keys) < c.size {
		c.keys = append(c.keys, key)
	} else {
		delete(c.chains, c.keys[c.next])
		c.keys[c.next] = key
		c.next = (c.next + 1) % c.size
	}
	c.chains[key] = &chain
}

const (
	kindDER = "attest certchain cache, DER\x00"
	kindPEM = "attest certchain cache, PEM\x00"
)

// keyOf hashes everything that a verdict depends on but the time: the kind of
// input, the roots, the number of parts, and each part with its length before it,
// so that no two lists of parts hash the same bytes. Of what is more or longer
// than is ever accepted the number and the length are enough, and the rest is
// not read.
func keyOf(kind string, parts [][]byte, roots *Roots) (key [32]byte) {
	h := sha256.New()
	h.Write([]byte(kind))
	fingerprint := roots.Fingerprint()
	h.Write(fingerprint[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(parts))))
	for _, part := range parts[:min(len(parts), maxChain)] {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part[:min(len(part), maxPEM)]) // a certificate is shorter
	}
	h.Sum(key[:0])
	return key
}
