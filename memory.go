package attest

import (
	"fmt"
	"sync"
)

// BundleVersion identifies a trust bundle that was accepted.
type BundleVersion struct {
	Version uint64
	SHA256  [32]byte // of the compact JWS
}

// A BundleMemory remembers the newest trust bundle that was accepted for each
// workload, whichever release root signed it, so that an older one is noticed.
// It must be safe for concurrent use. An error means that it is not known what
// was accepted, never that nothing was.
type BundleMemory interface {
	// Highest returns the newest one; ok is false when none was ever accepted.
	Highest(workload string) (v BundleVersion, ok bool, err error)
	// Accept records v, unless one of the same or a higher version is recorded,
	// and returns what is recorded then: v, exactly if v is the newest. To compare
	// and to record is one step: no other user of the memory comes in between.
	Accept(workload string, v BundleVersion) (BundleVersion, error)
}

// NewBundleMemory returns a BundleMemory that lasts as long as the process.
func NewBundleMemory() BundleMemory { return &bundleMemory{highest: map[string]BundleVersion{}} }

// NoMemory is the BundleMemory of a Verifier that is meant to remember nothing:
// its step 6 is not checked, and its result says so.
type NoMemory struct{}

// Highest knows no trust bundle.
func (NoMemory) Highest(string) (v BundleVersion, ok bool, err error) { return v, false, nil }

// Accept returns v, and does not record it.
func (NoMemory) Accept(_ string, v BundleVersion) (BundleVersion, error) { return v, nil }

// isNilPointer reports whether m holds a nil pointer, whose methods would panic:
// of a pointer, %p prints the address. (The core does not import reflect.)
func isNilPointer(m BundleMemory) bool { return fmt.Sprintf("%p", m) == "0x0" }

type bundleMemory struct {
	mu      sync.Mutex
	highest map[string]BundleVersion
}

func (m *bundleMemory) Highest(workload string) (BundleVersion, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.highest[workload]
	return v, ok, nil
}

func (m *bundleMemory) Accept(workload string, v BundleVersion) (BundleVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.highest[workload]; known.Version >= v.Version { // absent: 0, which no bundle has
		return known, nil
	}
	m.highest[workload] = v
	return v, nil
}
