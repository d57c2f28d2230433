package certchain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// A Cache remembers chains that verified, so that the same bytes against the
// same roots need no second check of signatures. It gives the answers of Verify,
// sooner: dates are checked on every call. Refusals are not remembered.
//
// A Cache may be used by several goroutines at once. Nil and the zero Cache
// remember no chain and verify every time.
// Rules: CHN-70, CHN-71.
type Cache struct {
	mu     sync.Mutex
	size   int
	proofs map[[32]byte]*proof
	keys   [][32]byte // of proofs, a ring: next is the oldest once it is full
	next   int
}

// NewCache returns a Cache of at most size chains; when it is full, the oldest
// makes room. Below 1 it remembers none.
func NewCache(size int) *Cache {
	return &Cache{size: size, proofs: make(map[[32]byte]*proof)}
}

// Verify is the function Verify with a cache.
func (c *Cache) Verify(certs [][]byte, roots *Roots, at time.Time) (*Chain, error) {
	if c == nil || len(certs) > MaxChain || slices.ContainsFunc(certs, func(der []byte) bool { return len(der) > MaxCertificate }) {
		return Verify(certs, roots, at)
	}
	own := make([][]byte, len(certs)) // the same bytes are hashed and verified, also when the caller writes to its own
	for i, der := range certs {
		own[i] = bytes.Clone(der)
	}
	return c.recall(keyOf(kindDER, own, roots), at, func() (*Chain, error) { return Verify(own, roots, at) })
}

// VerifyPEM is the function VerifyPEM with a cache of texts: one that differs in
// a line break is another.
func (c *Cache) VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	if c == nil || len(text) > maxPEM {
		return VerifyPEM(text, roots, at)
	}
	own := bytes.Clone(text)
	return c.recall(keyOf(kindPEM, [][]byte{own}, roots), at, func() (*Chain, error) { return VerifyPEM(own, roots, at) })
}

// recall returns the chain that is remembered under key, or calls verify.
func (c *Cache) recall(key [32]byte, at time.Time, verify func() (*Chain, error)) (*Chain, error) {
	c.mu.Lock()
	known := c.proofs[key]
	c.mu.Unlock()
	if known == nil || at.IsZero() {
		chain, err := verify()
		if err == nil {
			c.remember(key, chain.proof)
		}
		return chain, err
	}
	if err := known.dates.check(at); err != nil {
		return nil, err
	}
	return known.chain(), nil
}

func (c *Cache) remember(key [32]byte, p *proof) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size < 1 || c.proofs[key] != nil {
		return
	}
	if len(c.keys) < c.size {
		c.keys = append(c.keys, key)
	} else {
		delete(c.proofs, c.keys[c.next])
		c.keys[c.next] = key
		c.next = (c.next + 1) % c.size
	}
	c.proofs[key] = p
}

const (
	kindDER = "attest certchain cache, DER\x00"
	kindPEM = "attest certchain cache, PEM\x00"
)

// keyOf hashes everything that a verdict depends on but the time: the kind of
// input, the roots, the number of parts, and each part with its length before it,
// so that no two lists of parts hash the same bytes.
func keyOf(kind string, parts [][]byte, roots *Roots) (key [32]byte) {
	h := sha256.New()
	h.Write([]byte(kind))
	fingerprint := roots.Fingerprint()
	h.Write(fingerprint[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(parts))))
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	h.Sum(key[:0])
	return key
}
