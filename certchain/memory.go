package certchain

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// A memory holds proofs, by the hash of their input.
type memory[V any] struct {
	mu    sync.Mutex
	size  int
	known map[[32]byte]V
	keys  [][32]byte // of known, the oldest first
}

// recall returns the proof that is remembered of parts, see keyOf, or calls prove and
// remembers its proof. A nil memory proves every time.
func (m *memory[V]) recall(prove func() (V, error), kind string, by [32]byte, parts ...[]byte) (V, error) {
	if m == nil {
		return prove()
	}
	key := keyOf(kind, by, parts...)
	m.mu.Lock()
	v, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := prove()
	if err == nil {
		m.remember(key, v)
	}
	return v, err
}

func newMemory[V any](size int) *memory[V] {
	return &memory[V]{size: size, known: map[[32]byte]V{}}
}

func (m *memory[V]) remember(key [32]byte, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; ok || m.size < 1 {
		return
	}
	if len(m.keys) == m.size {
		delete(m.known, m.keys[0])
		m.keys = m.keys[1:]
	}
	m.keys = append(m.keys, key)
	m.known[key] = v
}

const (
	kindDER    = "attest certchain cache, DER\x00"
	kindPEM    = "attest certchain cache, PEM\x00"
	kindReport = "attest certchain cache, report\x00"
	kindCRL    = "attest certchain cache, CRL\x00"
)

// keyOf hashes everything that a proof depends on: the kind of what was proven, the
// SHA-256 of what it was proven by (the roots, or a key), and each part with its length
// before it, so that no two lists of parts hash the same bytes.
func keyOf(kind string, by [32]byte, parts ...[]byte) (key [32]byte) {
	h := sha256.New()
	h.Write([]byte(kind))
	h.Write(by[:])
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	h.Sum(key[:0])
	return key
}
