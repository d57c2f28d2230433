package attest

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
)

// Evidence has the claims of an endpoint about itself, and the key of the connection
// that they came through.
// Nothing of it is trusted, and nothing of it is written to.
type Evidence struct {
	// Envelope is the body of GET /attestation.
	Envelope []byte
	// Parsed, if not nil, is the result of ParseEnvelope for Envelope, which is not
	// read again then. Changes to it do not count.
	Parsed *Envelope
	// Bundle is the trust bundle, a compact JWS.
	Bundle []byte
	// LiveSPKI is the SHA-256 of the SubjectPublicKeyInfo, in DER as received, of
	// the leaf certificate of the TLS connection that Envelope came through; see
	// SPKISHA256. It must be the caller's own observation.
	LiveSPKI [32]byte
	// CRLs are DER certificate revocation lists. Each that is given must be good.
	CRLs [][]byte
}

// Config is the trust and the demands of a Verifier. Its zero value is refused.
type Config struct {
	// Policy is required. The trust bundle narrows it further; policy.Default
	// leaves all to the bundle but the safe defaults.
	Policy policy.Policy
	// AMDRoots are the AMD roots; nil means those of certchain.Builtin. Of these,
	// only the ones that the trust bundle names too are used.
	AMDRoots *certchain.Roots
	// Launch, unless it is nil, are measurements that were computed from the artefacts
	// of a launch. MEASUREMENT must be one of them, besides all that the policy demands.
	// An empty list is refused.
	Launch []LaunchMeasurement
	// Workload is the workload that must be behind the endpoint; "" accepts the one
	// that envelope and bundle agree on.
	Workload string
	// Memory remembers the newest trust bundle, so that an older one is refused;
	// nil is one of this Verifier's own, as NewBundleMemory makes it. NoMemory
	// leaves it unchecked.
	Memory BundleMemory
	// ManifestKeys, when there are any, must have signed the workload identity
	// manifest, which then must be there. None may be a release root.
	ManifestKeys []ed25519.PublicKey
	// RequireCRL refuses evidence without a CRL.
	RequireCRL bool
	// Cache keeps chains that were verified, or is nil. It may be shared. With it
	// the Verifier also remembers the last trust bundle whose signature and form
	// were good.
	Cache *certchain.Cache
}

// A Verifier verifies what runs behind an endpoint: all 19 steps of SPEC.md. It
// may be used concurrently.
type Verifier struct {
	roots        []jws.Key
	manifestKeys []jws.Key
	workload     string // "": any
	memory       BundleMemory
	trust        ReportConfig // what each report is held against, once a trust bundle has narrowed it

	mu   sync.Mutex
	last *remembered
}

var errZeroTime = errors.New("attest: the time of verification is not set")

// NewVerifier checks and copies its arguments. Release roots are the only keys
// that may sign a trust bundle: at least one, Ed25519, none of small order, none
// twice. The error is an ordinary one, and no AttestationError.
func NewVerifier(releaseRoots []ed25519.PublicKey, c Config) (*Verifier, error) {
	roots, err := newReleaseRoots(releaseRoots)
	if err != nil {
		return nil, err
	}
	manifestKeys, err := newKeys("manifest key", c.ManifestKeys, roots)
	if err != nil {
		return nil, err
	}
	trust := ReportConfig{c.Policy, c.AMDRoots, c.Launch, c.RequireCRL, c.Cache}
	if err := trust.complete(); err != nil {
		return nil, err
	}
	if c.Memory == nil {
		c.Memory = NewBundleMemory()
	}
	if isNilPointer(c.Memory) {
		return nil, errors.New("attest: Memory is a nil pointer")
	}
	if _, pointer := c.Memory.(*NoMemory); pointer { // it has the methods of NoMemory, and remembers as little
		c.Memory = NoMemory{}
	}
	return &Verifier{roots: roots, manifestKeys: manifestKeys, workload: c.Workload, memory: c.Memory, trust: trust}, nil
}

func newReleaseRoots(public []ed25519.PublicKey) ([]jws.Key, error) {
	if len(public) == 0 {
		return nil, errors.New("attest: no release root: nothing could sign a trust bundle")
	}
	return newKeys("release root", public, nil)
}

// newKeys checks keys of one role. A key in two roles could sign one document as
// the other.
func newKeys(role string, public []ed25519.PublicKey, others []jws.Key) ([]jws.Key, error) {
	var keys []jws.Key
	for i, p := range public {
		k, err := jws.NewEd25519Key(p)
		if err != nil {
			return nil, fmt.Errorf("attest: %s %d: %w", role, i+1, err)
		}
		if slices.ContainsFunc(slices.Concat(keys, others), k.Equal) {
			return nil, fmt.Errorf("attest: %s %d is given twice, or for two things", role, i+1)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// Verify carries out the 19 steps of SPEC.md, in its order, at the time at, and
// returns the error of the first that fails: one of the error types of this
// package, listed there in the same order. A zero time, or a Verifier that was
// not made by NewVerifier, is an ordinary error. On error the result is nil.
//
// The bundle memory learns of the trust bundle when steps 3 to 7 pass, even
// if a later one fails. Steps behind one that failed are carried out by Audit only.
// Rules: GEN-05.
func (v *Verifier) Verify(e Evidence, at time.Time) (*Result, error) {
	a := v.verify(e, at, false)
	return a.Result, a.Err
}

// Audit is Verify, but carries out every step whose input was verified, and
// reports on all.
func (v *Verifier) Audit(e Evidence, at time.Time) *Audit { return v.verify(e, at, true) }

func (v *Verifier) verify(e Evidence, at time.Time, audit bool) *Audit {
	if v == nil || len(v.roots) == 0 {
		return &Audit{Err: errors.New("attest: a Verifier is made by NewVerifier")}
	}
	if at.IsZero() {
		return &Audit{Err: errZeroTime}
	}
	s := newSession(at)
	s.verifier, s.evidence, s.hardware.CRLs = v, e, e.CRLs
	s.trust = v.trust
	s.trust.AMDRoots, s.trust.Policy = new(certchain.Roots), policy.Policy{} // nothing is trusted before step 4
	return s.run(endpointSteps, audit)
}
