package attest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"time"
)

// OpenBundle verifies a trust bundle by itself, at the time at: steps 3 to 5 of
// SPEC.md. Release roots are as in NewVerifier; wrong ones, and a zero time, are
// an ordinary error. The others are, in the order of the checks, a
// *BundleSignatureInvalid, a *BundleInvalidError and a *BundleExpiredError. What
// the bundle allows says nothing about any endpoint yet: for that, see Verifier.
func OpenBundle(compact []byte, releaseRoots []ed25519.PublicKey, at time.Time) (*Bundle, error) {
	if at.IsZero() {
		return nil, errZeroTime
	}
	if len(releaseRoots) == 0 {
		return nil, errNoReleaseRoot
	}
	roots, err := newKeys("release root", releaseRoots, nil)
	if err != nil {
		return nil, err
	}
	b, payload, bad := openBundle(compact, roots)
	if bad != nil {
		return nil, bad
	}
	if bad := b.parse(payload); bad != nil {
		return nil, bad
	}
	if bad := b.checkValidity(at); bad != nil {
		return nil, bad
	}
	return b, nil
}

// OpenManifest verifies a workload identity manifest by itself: step 16 of
// SPEC.md, for a tag that something else vouches for. The manifest's signature is
// not checked. The error is an *IdentityManifestMismatchError.
func OpenManifest(compact []byte, tag [32]byte, workload string) (*Manifest, error) {
	m, bad := checkManifest(compact, tag, workload, nil)
	if bad != nil {
		return nil, bad
	}
	return m, nil
}

// CheckVersion returns nil when the bundle may follow a known one: step 6 of
// SPEC.md. The error is a *BundleRollbackError.
func (b *Bundle) CheckVersion(known BundleVersion) error {
	if bad := b.against(known); bad != nil {
		return bad
	}
	return nil
}

// CheckTag returns nil when the bundle lists the workload identity tag: step 15
// of SPEC.md. The error is an *IdentityTagNotAllowedError.
func (b *Bundle) CheckTag(tag [32]byte) error {
	if bad := b.checkTag(tag); bad != nil {
		return bad
	}
	return nil
}

func (b *Bundle) checkTag(tag [32]byte) *IdentityTagNotAllowedError {
	if slices.Contains(b.IdentityTags, tag) {
		return nil
	}
	e := &IdentityTagNotAllowedError{
		Failure: Failure{Rule: "IDT-01", Message: "the trust bundle does not list the workload identity tag", Expected: "one of its tags", Actual: hex.EncodeToString(tag[:])},
		Tag:     hex.EncodeToString(tag[:]),
	}
	for _, allowed := range b.IdentityTags {
		e.Allowed = append(e.Allowed, hex.EncodeToString(allowed[:]))
	}
	return e
}

// AMDRoots returns the certificates of amd_root_ca_pem in DER, in their order.
func (b *Bundle) AMDRoots() [][]byte {
	roots := make([][]byte, len(b.amdRoots))
	for i, der := range b.amdRoots {
		roots[i] = bytes.Clone(der)
	}
	return roots
}
