package attest

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
)

const (
	maxManifestPayload = 48 << 10 // bytes; it travels in the envelope
	manifestSchema     = "workload-identity/v1"
)

// manifestKind is for a manifest whose signature is checked. typ is not looked
// at.
var manifestKind = jws.Kind{Algorithm: jws.EdDSA, AnyType: true, MaxPayload: maxManifestPayload}

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
		return jws.Framing(compact, manifestKind.MaxPayload)
	}
	m, err := jws.Parse(compact, manifestKind)
	if err != nil {
		return nil, err
	}
	payload, _, err := m.Verify(keys...)
	return payload, err
}

// checkManifest is step 16: the tag is the SHA-256 of the manifest's exact
// bytes; its framing, schema and workload are in order; its signature holds, when
// keys are configured for it.
func checkManifest(compact []byte, tag [32]byte, workload string, keys []jws.Key) (*Manifest, *IdentityManifestMismatchError) {
	mismatch := func(f Failure) (*Manifest, *IdentityManifestMismatchError) {
		return nil, &IdentityManifestMismatchError{f}
	}
	if digest := sha256.Sum256(compact); digest != tag {
		return mismatch(Failure{
			Rule: "IDT-10", Message: "the manifest is not the one that the tag stands for",
			Expected: hex.EncodeToString(tag[:]), Actual: hex.EncodeToString(digest[:]),
		})
	}
	payload, err := openManifest(compact, keys)
	if err != nil {
		return mismatch(jwsFailure("manifest", "IDT-11", err))
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
		return mismatch(jsonFailure("manifest", "IDT-12", err))
	}
	if m.Workload != workload {
		return mismatch(Failure{
			Rule: "IDT-13", Message: "the manifest is of another workload",
			Expected: strictjson.Quote(workload), Actual: strictjson.Quote(m.Workload),
		})
	}
	return m, nil
}
