package attest

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
)

// Evidence is what an endpoint said of itself, and the key that it said it with.
// Nothing of it is trusted, and nothing of it is written to.
type Evidence struct {
	// Envelope is the body of GET /attestation.
	Envelope []byte
	// Bundle is the trust bundle, a compact JWS.
	Bundle []byte
	// LiveSPKI is the SHA-256 of the SubjectPublicKeyInfo, in DER as received, of
	// the leaf certificate of the TLS connection that Envelope came through. It
	// must be the caller's own observation.
	LiveSPKI [32]byte
	// CRLs are DER certificate revocation lists. Each that is given must be good.
	CRLs [][]byte
}

// Config says what a Verifier demands. Its zero value is refused.
type Config struct {
	// Policy is required. The trust bundle narrows it further; policy.Default
	// leaves all to the bundle but the safe defaults.
	Policy policy.Policy
	// AMDRoots are the AMD roots; nil means those of certchain.Builtin. Of these, only
	// the ones that the trust bundle names too are used.
	AMDRoots *certchain.Roots
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
	config       Config

	mu   sync.Mutex
	last *remembered
}

// NewVerifier checks and copies its arguments. Release roots are the only keys
// that may sign a trust bundle: at least one, Ed25519, none of small order, none
// twice. The error is an ordinary one, and no AttestationError.
func NewVerifier(releaseRoots []ed25519.PublicKey, c Config) (*Verifier, error) {
	if len(releaseRoots) == 0 {
		return nil, errNoReleaseRoot
	}
	roots, err := newKeys("release root", releaseRoots, nil)
	if err != nil {
		return nil, err
	}
	manifestKeys, err := newKeys("manifest key", c.ManifestKeys, roots)
	if err != nil {
		return nil, err
	}
	hardware, err := NewReportVerifier(ReportConfig{Policy: c.Policy, AMDRoots: c.AMDRoots})
	if err != nil {
		return nil, err
	}
	c.AMDRoots, c.ManifestKeys = hardware.config.AMDRoots, nil
	if c.Memory == nil {
		c.Memory = NewBundleMemory()
	}
	if isNilPointer(c.Memory) {
		return nil, errors.New("attest: Memory is a nil pointer")
	}
	return &Verifier{roots: roots, manifestKeys: manifestKeys, config: c}, nil
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
// The bundle memory learns of the trust bundle when steps 3 to 7 have passed,
// whatever the others say; those behind a step that failed are carried out by Audit
// only.
// Rules: GEN-05.
func (v *Verifier) Verify(e Evidence, at time.Time) (*Result, error) {
	a := v.verify(e, at, false)
	if a.Err != nil {
		return nil, a.Err
	}
	return a.Result, nil
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
	r := newRun(audit)
	s := &session{Verifier: v, evidence: e, at: at}
	r.do(stepEnvelope, s.parseEnvelope)
	r.do(stepFreshness, s.checkFreshness)
	r.do(stepBundleSignature, s.openBundle)
	r.do(stepBundle, s.parseBundle)
	r.do(stepBundleValidity, s.checkBundleValidity)
	r.do(stepBundleRollback, s.checkRollback)
	r.do(stepWorkload, s.checkWorkload)
	s.acceptBundle(r)

	h := s.newHardware()
	r.do(stepReport, func() (finding, AttestationError) { return h.parseReport(s.envelope.Report) })
	r.do(stepChain, func() (finding, AttestationError) {
		return h.verifyChain(h.cache.VerifyPEM(s.envelope.ChainPEM, h.roots, h.at))
	})
	r.do(stepRevocation, func() (finding, AttestationError) { return h.checkRevocation(e.CRLs, v.config.RequireCRL) })
	r.do(stepReportSignature, h.verifySignature)
	r.do(stepEndorsement, h.endorse)
	r.do(stepPolicy, h.checkPolicy)
	r.do(stepMeasurement, h.checkMeasurement)
	r.do(stepIdentityTag, s.checkIdentityTag)
	r.do(stepManifest, s.checkManifest)
	r.do(stepMinTCB, h.checkMinTCB)
	r.do(stepReportData, func() (finding, AttestationError) { return s.bindReportData(h) })
	r.do(stepLiveKey, s.checkLiveKey)

	a := conclude(r, h, endpointLimits)
	if a.Result != nil {
		s.describe(a.Result)
	}
	return a
}

// session is what one verification has found so far, besides the hardware part.
type session struct {
	*Verifier
	evidence Evidence
	at       time.Time

	envelope *Envelope
	payload  []byte      // of the bundle, signature checked
	bundle   *Bundle     // until step 4 only what the signature says; it may be shared
	accepted *remembered // what follows from the bundle, once step 4 has passed
	manifest *Manifest
}

// Each method below is one step, in their order.

func (s *session) parseEnvelope() (finding, AttestationError) {
	envelope, err := parseEnvelope(s.evidence.Envelope)
	if err != nil {
		return finding{}, err
	}
	s.envelope = envelope
	return finding{}, nil
}

func (s *session) checkFreshness() (finding, AttestationError) {
	if err := s.envelope.checkFreshness(s.at); err != nil {
		return finding{}, err
	}
	return finding{actual: "issued " + s.envelope.IssuedAt.Format(time.RFC3339Nano) + ", signed by nobody"}, nil
}

func (s *session) openBundle() (finding, AttestationError) {
	if known := s.recall(s.evidence.Bundle); known != nil {
		s.accepted, s.bundle = known, known.bundle
		return s.signer(), nil
	}
	opened, payload, err := openBundle(s.evidence.Bundle, s.roots)
	if err != nil {
		return finding{}, err
	}
	s.bundle, s.payload = opened, payload
	return s.signer(), nil
}

func (s *session) signer() finding {
	return finding{actual: "release root " + hex.EncodeToString(s.bundle.Root[:])}
}

func (s *session) parseBundle() (finding, AttestationError) {
	if s.accepted == nil {
		if err := s.bundle.parse(s.payload); err != nil {
			return finding{}, err
		}
		s.accepted = s.remember(s.evidence.Bundle, s.bundle)
	}
	return finding{actual: fmt.Sprintf("version %d", s.bundle.Version)}, nil
}

func (s *session) checkBundleValidity() (finding, AttestationError) {
	if err := s.bundle.checkValidity(s.at); err != nil {
		return finding{}, err
	}
	return finding{actual: "valid until " + s.bundle.ValidUntil.Format(time.RFC3339Nano)}, nil
}

func (s *session) checkWorkload() (finding, AttestationError) {
	mismatch := func(rule, message, expected, actual string) (finding, AttestationError) {
		return finding{}, &WorkloadMismatchError{
			Failure:  Failure{Rule: rule, Message: message, Expected: strictjson.Quote(expected), Actual: strictjson.Quote(actual)},
			Workload: actual,
		}
	}
	if s.envelope.Workload != s.bundle.Workload {
		return mismatch("WKL-01", "the trust bundle is for another workload than the envelope", s.bundle.Workload, s.envelope.Workload)
	}
	if s.config.Workload != "" && s.config.Workload != s.bundle.Workload {
		return mismatch("WKL-02", "another workload runs there than was asked for", s.config.Workload, s.bundle.Workload)
	}
	return finding{actual: s.bundle.Workload}, nil
}

// newHardware is for steps 8 to 14, 17 and 18: the AMD roots that both sides
// trust, and the policy that both sides demand. When there is no good bundle,
// both are empty and refuse everything.
// Rules: BND-15.
func (s *session) newHardware() *hardware {
	c := ReportConfig{AMDRoots: new(certchain.Roots), Cache: s.config.Cache}
	if s.accepted != nil {
		c.AMDRoots, c.Policy = s.accepted.roots, s.accepted.policy
	}
	return newHardware(c, s.at)
}

func (s *session) checkIdentityTag() (finding, AttestationError) {
	tag := s.envelope.IdentityTag
	if err := s.bundle.checkTag(tag); err != nil {
		return finding{}, err
	}
	return finding{actual: hex.EncodeToString(tag[:])}, nil
}

func (s *session) checkManifest() (finding, AttestationError) {
	if s.envelope.ManifestJWS == nil && len(s.manifestKeys) > 0 { // whoever is in between could leave it out
		return finding{}, &IdentityManifestMismatchError{Failure{Rule: "IDT-14", Message: "manifest keys are configured, and the envelope has no manifest", Expected: "a signed manifest", Actual: "none"}}
	}
	if s.envelope.ManifestJWS == nil {
		return finding{status: NotApplicable, reason: "the envelope has no manifest"}, nil
	}
	m, err := checkManifest(s.envelope.ManifestJWS, s.envelope.IdentityTag, s.envelope.Workload, s.manifestKeys)
	if err != nil {
		return finding{}, err
	}
	s.manifest = m
	if len(s.manifestKeys) == 0 {
		return finding{actual: "the tag's own; its signature was not checked"}, nil
	}
	return finding{actual: "the tag's own, signed"}, nil
}

func (s *session) bindReportData(h *hardware) (finding, AttestationError) {
	if err := bindReportData(h.report.ReportData, s.envelope.TLSSPKISHA256, s.envelope.IdentityTag); err != nil {
		return finding{}, err
	}
	if _, err := h.checkReportData(); err != nil {
		return finding{}, err
	}
	return finding{actual: hex.EncodeToString(h.report.ReportData[:])}, nil
}

func (s *session) checkLiveKey() (finding, AttestationError) {
	if err := checkLiveKey(s.envelope.TLSSPKISHA256, s.evidence.LiveSPKI); err != nil {
		return finding{}, err
	}
	return finding{actual: hex.EncodeToString(s.evidence.LiveSPKI[:])}, nil
}

// describe adds to a result what only an endpoint has.
func (s *session) describe(r *Result) {
	r.TLSSPKISHA256 = s.envelope.TLSSPKISHA256
	r.IdentityTag = s.envelope.IdentityTag
	r.Workload = s.bundle.Workload
	r.Manifest = s.manifest
	r.Bundle = s.bundle.clone()
	r.IssuedAt, r.MaxAge = s.envelope.IssuedAt, s.envelope.MaxAge
}
