package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

const (
	maxManifestPayload = 48 << 10 // bytes; it travels in the envelope
	manifestSchema     = "workload-identity/v1"
)

// manifestKind is for a manifest whose signature is checked. typ is not looked
// at.
var manifestKind = jws.Kind{Algorithm: jws.EdDSA, IgnoreType: true, MaxPayload: maxManifestPayload}

var manifestNames = []string{"schema", "workload", "version", "image_digest", "binary_digest", "build_metadata"}

// A Manifest says what a workload identity tag stands for. Its claims are the
// publisher's: the hardware vouches for the tag, not for them.
type Manifest struct {
	Workload     string
	Version      string
	ImageDigest  string
	BinaryDigest string
}

// openManifest returns the payload. Without a key the tag alone vouches for it.
func openManifest(compact []byte, keys []jws.Key) ([]byte, error) {
	if len(keys) == 0 {
		return jws.UnverifiedPayload(compact, manifestKind.MaxPayload)
	}
	m, err := jws.Parse(compact, manifestKind)
	if err != nil {
		return nil, err
	}
	payload, _, err := m.Verify(keys...)
	return payload, err
}

// OpenManifest verifies a workload identity manifest by itself: step 16 of
// SPEC.md, for a tag that something else vouches for. The manifest's signature is
// not checked. The error is an *IdentityManifestMismatchError.
func OpenManifest(compact []byte, tag [32]byte, workload string) (*Manifest, error) {
	return parseManifest(compact, tag, workload, nil)
}

// parseManifest checks that the tag is the SHA-256 of the manifest's exact bytes;
// that its framing, schema and workload are in order; that its signature holds, when
// keys are configured for it.
func parseManifest(compact []byte, tag [32]byte, workload string, keys []jws.Key) (*Manifest, error) {
	mismatch := func(f Failure) (*Manifest, error) { return nil, &IdentityManifestMismatchError{f} }
	if digest := sha256.Sum256(compact); digest != tag {
		return mismatch(Failure{
			Rule: "IDT-10", Message: "the manifest is not the one that the tag stands for",
			Expected: hex.EncodeToString(tag[:]), Actual: hex.EncodeToString(digest[:]),
		})
	}
	payload, err := openManifest(compact, keys)
	if err != nil {
		return mismatch(rule.From(err, "IDT-11", "the manifest is malformed, or not signed as it must be"))
	}
	m := new(Manifest)
	err = strictjson.Decode(payload, len(payload), manifestNames, func(o *strictjson.Object) {
		o.Required("schema").OneOf(manifestSchema)
		m.Workload = o.Required("workload").NonEmpty()
		m.Version = o.Required("version").NonEmpty()
		m.ImageDigest = o.Required("image_digest").NonEmpty()
		m.BinaryDigest = o.Required("binary_digest").NonEmpty()
	})
	if err != nil {
		return mismatch(rule.From(err, "IDT-12", "the manifest is malformed"))
	}
	if m.Workload != workload {
		return mismatch(Failure{
			Rule: "IDT-13", Message: "the manifest is of another workload",
			Expected: strictjson.Quote(workload), Actual: strictjson.Quote(m.Workload),
		})
	}
	return m, nil
}

// checkManifest is step 16. Where manifest keys are configured, a manifest must be
// there: an attacker on the path could leave it out.
func (s *session) checkManifest() (_ steps.Outcome, err error) {
	e, keys := s.envelope, s.verifier.manifestKeys
	if e.ManifestJWS == nil && len(keys) > 0 {
		return steps.Outcome{}, &IdentityManifestMismatchError{Failure{Rule: "IDT-14", Message: "manifest keys are configured, and the envelope has no manifest", Expected: "a signed manifest", Actual: "none"}}
	}
	if e.ManifestJWS == nil {
		return steps.Outcome{Status: NotApplicable, Reason: "the envelope has no manifest"}, nil
	}
	if s.manifest, err = parseManifest(e.ManifestJWS, e.IdentityTag, e.Workload, keys); err != nil {
		return steps.Outcome{}, err
	}
	if len(keys) == 0 {
		return steps.Outcome{Actual: "the tag's own; its signature was not checked"}, nil
	}
	return steps.Outcome{Actual: "the tag's own, signed"}, nil
}

// CheckTag returns nil when the bundle lists the workload identity tag: step 15
// of SPEC.md. The error is an *IdentityTagNotAllowedError; of a Bundle that was not
// verified, an ordinary one.
func (b *Bundle) CheckTag(tag [32]byte) error {
	if b == nil || b.Version == 0 {
		return errNoBundle
	}
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

// checkIdentityTag is step 15.
func (s *session) checkIdentityTag() (steps.Outcome, error) {
	tag := s.envelope.IdentityTag
	return steps.Outcome{Actual: hex.EncodeToString(tag[:])}, s.bundle.CheckTag(tag)
}
