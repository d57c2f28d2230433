package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/rule"
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
	// and returns the one that is recorded then: v, exactly if v is the newest. To compare
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

var errNoBundle = errors.New("attest: a Bundle is what a Verifier or OpenBundle returns")

// CheckVersion returns nil when the bundle may follow a known one: it is of a
// higher version, or it is that one. Step 6 of SPEC.md. The error is a
// *BundleRollbackError; of a Bundle that was not verified, an ordinary one.
func (b *Bundle) CheckVersion(known BundleVersion) error {
	rollback := func(id, message, expected, actual string) error {
		return &BundleRollbackError{
			Failure: Failure{Rule: id, Message: message, Expected: expected, Actual: actual},
			Version: b.Version, Highest: known.Version,
		}
	}
	switch {
	case b == nil || b.Version == 0:
		return errNoBundle
	case b.Version < known.Version:
		return rollback("BND-40", "a newer trust bundle was accepted before", fmt.Sprintf("version %d or higher", known.Version), fmt.Sprintf("version %d", b.Version))
	case b.Version == known.Version && b.SHA256 != known.SHA256:
		return rollback("BND-41", "another trust bundle of this version was accepted before", hex.EncodeToString(known.SHA256[:]), hex.EncodeToString(b.SHA256[:]))
	}
	return nil
}

// checkRollback is step 6. A publisher withdraws what it allowed by a newer
// bundle; an attacker who can serve an older one could undo that.
func (s *session) checkRollback() (steps.Outcome, error) {
	memory := s.verifier.memory
	if _, none := memory.(NoMemory); none {
		return s.notChecked("bundle_rollback", "nothing remembers earlier bundles")
	}
	known, ok, err := memory.Highest(s.bundle.Workload)
	if err == nil && ok && known.Version == 0 {
		err = errors.New("it knows a trust bundle of version 0, which none has")
	}
	if err != nil {
		return steps.Outcome{}, rollbackUnknown(err)
	}
	said := "the first bundle for this workload"
	if ok {
		if err := s.bundle.CheckVersion(known); err != nil {
			return steps.Outcome{}, err
		}
		said = fmt.Sprintf("version %d, before %d", s.bundle.Version, known.Version)
	}
	if this := (BundleVersion{s.bundle.Version, s.bundle.SHA256}); known != this && s.bundleAccepted() {
		if err := s.accept(memory, this); err != nil {
			return steps.Outcome{}, err
		}
	}
	return steps.Outcome{Actual: said}, nil
}

// bundleAccepted reports whether steps 5 and 7 pass, without which a bundle is not
// recorded. Whatever else is wrong with the evidence, a bundle that passes steps 3
// to 7 is the publisher's word.
func (s *session) bundleAccepted() bool {
	if s.envelope == nil || s.bundle.checkValidity(s.at) != nil {
		return false
	}
	_, err := s.checkWorkload()
	return err == nil
}

// accept records the bundle. What the memory holds then decides, should another
// verification have been faster.
// Rules: BND-43.
func (s *session) accept(memory BundleMemory, this BundleVersion) error {
	known, err := memory.Accept(s.bundle.Workload, this)
	if err == nil && known.Version < this.Version {
		err = fmt.Errorf("it recorded version %d instead of %d", known.Version, this.Version)
	}
	if err != nil {
		return rollbackUnknown(err)
	}
	return s.bundle.CheckVersion(known)
}

// rollbackUnknown: the accepted versions cannot be read or recorded, so the step
// has no verdict.
func rollbackUnknown(err error) error {
	return &EvidenceUnavailableError{rule.Error{Rule: "BND-42", Message: "the memory of accepted trust bundles: " + err.Error(), Offset: rule.NoOffset, Cause: err}}
}
