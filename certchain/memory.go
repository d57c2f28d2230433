package certchain

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// A Memory remembers chains that verified, so that the same bytes against the
// same roots cost no signature check again. What it answers is what Verify would
// answer, save for the time that takes: dates are checked on every call. Refusals
// are not remembered.
//
// A Memory may be used by several goroutines at once. A nil Memory remembers
// nothing and verifies every time.
// Rules: CHN-70, CHN-71.
type Memory struct {
	mu     sync.Mutex
	size   int
	chains map[[32]byte]*Chain
	keys   [][32]byte // of chains, a ring: next is the oldest once it is full
	next   int
}

// NewMemory returns a Memory of at most size chains; when it is full, the oldest
// makes room. Below 1 it remembers nothing.
func NewMemory(size int) *Memory {
	return &Memory{size: size, chains: make(map[[32]byte]*Chain)}
}

// Verify is the function Verify with a memory.
func (m *Memory) Verify(certs [][]byte, roots *Roots, at time.Time) (*Chain, error) {
	total := 0
	for _, der := range certs {
		total += len(der)
	}
	verify := func() (*Chain, error) { return Verify(certs, roots, at) }
	if m == nil || len(certs) > maxChain || total > maxChain*maxCertificate {
		return verify() // and be refused, or not remembered
	}
	return m.recall(keyOf(kindDER, certs, roots), at, verify)
}

// VerifyPEM is the function VerifyPEM with a memory of texts: one that differs in
// a line break is another.
func (m *Memory) VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	verify := func() (*Chain, error) { return VerifyPEM(text, roots, at) }
	if m == nil || len(text) > maxPEM {
		return verify()
	}
	return m.recall(keyOf(kindPEM, [][]byte{text}, roots), at, verify)
}

// recall returns what is remembered under key, or what verify returns.
func (m *Memory) recall(key [32]byte, at time.Time, verify func() (*Chain, error)) (*Chain, error) {
	m.mu.Lock()
	known := m.chains[key]
	m.mu.Unlock()
	if known == nil || at.IsZero() {
		chain, err := verify()
		if err == nil {
			m.remember(key, *chain)
		}
		return chain, err
	}
	if err := checkDates(&known.dates, at); err != nil {
		return nil, err
	}
	chain := *known // the caller's own: nobody can write to what is remembered
	return &chain, nil
}

func (m *Memory) remember(key [32]byte, chain Chain) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size < 1 || m.chains[key] != nil {
		return
	}
	if len(m.keys) < m.size {
		m.keys = append(m.keys, key)
	} else {
		delete(m.chains, m.keys[m.next])
		m.keys[m.next] = key
		m.next = (m.next + 1) % m.size
	}
	m.chains[key] = &chain
}

const (
	kindDER = "attest certchain memory, DER\x00"
	kindPEM = "attest certchain memory, PEM\x00"
)

// keyOf hashes everything that a verdict depends on but the time: the kind of
// input, the roots, and each part with its length before it, so that no two
// lists of parts hash the same bytes.
func keyOf(kind string, parts [][]byte, roots *Roots) (key [32]byte) {
	h := sha256.New()
	h.Write([]byte(kind))
	fingerprint := roots.Fingerprint()
	h.Write(fingerprint[:])
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	h.Sum(key[:0])
	return key
}
