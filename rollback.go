package attest

import (
	"encoding/hex"
	"fmt"
)

// checkRollback is step 6. A publisher withdraws what it allowed by a newer
// bundle; whoever can serve an older one could undo that.
func (s *session) checkRollback() (finding, AttestationError) {
	if _, none := s.config.Memory.(NoMemory); none {
		return finding{status: NotChecked, reason: "nothing remembers earlier bundles"}, nil
	}
	known, ok, err := s.config.Memory.Highest(s.bundle.Workload)
	if err != nil {
		return finding{}, memoryFailed(err)
	}
	if !ok {
		return finding{actual: "the first bundle for this workload"}, nil
	}
	if err := s.bundle.against(known); err != nil {
		return finding{}, err
	}
	return finding{actual: fmt.Sprintf("version %d, before %d", s.bundle.Version, known.Version)}, nil
}

// against refuses a bundle below a known one, or of the same version with other
// bytes.
func (b *Bundle) against(known BundleVersion) AttestationError {
	rollback := func(rule, message, expected, actual string) AttestationError {
		return &BundleRollbackError{
			Failure: Failure{Rule: rule, Message: message, Expected: expected, Actual: actual},
			Version: b.Version, Highest: known.Version,
		}
	}
	switch {
	case b.Version < known.Version:
		return rollback("BND-40", "a newer trust bundle was accepted before", fmt.Sprintf("version %d or higher", known.Version), fmt.Sprintf("version %d", b.Version))
	case b.Version == known.Version && b.SHA256 != known.SHA256:
		return rollback("BND-41", "another trust bundle of this version was accepted before", hex.EncodeToString(known.SHA256[:]), hex.EncodeToString(b.SHA256[:]))
	}
	return nil
}

// acceptBundle records the bundle once it was accepted as a whole: steps 3 to 7.
// Whatever else is wrong with the evidence, what the publisher signed is news.
// What the memory holds then decides, should another verification have been
// faster.
// Rules: BND-43.
func (s *session) acceptBundle(r *run) {
	if !r.passed(stepBundleSignature, stepWorkload) { // step 6 passes only where there is a memory
		return
	}
	known, err := s.config.Memory.Accept(s.bundle.Workload, BundleVersion{s.bundle.Version, s.bundle.SHA256})
	if err != nil {
		r.record(stepBundleRollback, finding{}, memoryFailed(err))
		return
	}
	if err := s.bundle.against(known); err != nil {
		r.record(stepBundleRollback, finding{}, err)
	}
}

// memoryFailed is no verdict: what was accepted before is not known.
func memoryFailed(err error) AttestationError {
	return &EvidenceUnavailableError{Failure{Rule: "BND-42", Message: "the memory of accepted trust bundles: " + err.Error(), Cause: err}}
}
