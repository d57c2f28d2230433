package attest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Limits and constants of the trust bundle.
const (
	maxBundlePayload = 256 << 10 // bytes
	maxAllowed       = 1024      // entries of each allow-list
	maxBundleVersion = 1<<53 - 1
	bundleSchema     = "tresor.trust-bundle/v1"
)

var bundleKind = jws.Kind{Algorithm: jws.EdDSA, Types: []string{"JWT", "trust-bundle+jwt"}, MaxPayload: maxBundlePayload}

// bundleNames are the members that are read. Others are ignored and listed.
var bundleNames = []string{
	"allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "version", "valid_until",
	"amd_root_ca_pem", "workload", "schema", "issued_at", "allowed_products",
}

// A Bundle is a trust bundle whose signature holds: the code and the platforms that
// its publisher allows.
type Bundle struct {
	SHA256         [32]byte // of the compact JWS, as received
	Root           [32]byte // SHA-256 of the release root that signed it
	KeyID          string   // kid of its header, a label
	Version        uint64
	ValidUntil     time.Time
	Workload       string
	Measurements   [][48]byte
	IdentityTags   [][32]byte
	MinTCB         *policy.Floors
	Products       []snpreport.Product
	IssuedAt       time.Time // zero when absent
	IgnoredMembers []string  // names of members that are not read, in their order
	IgnoredRoots   []string  // common names of ARKs whose product is known by name only, in their order

	amdRoots [][]byte // DER
}

// OpenBundle verifies a trust bundle by itself, at the time at: steps 3 to 5 of
// SPEC.md. Release roots are as in NewVerifier; wrong ones, and a zero time, are
// an ordinary error. The others are, in the order of the checks, a
// *BundleSignatureInvalid, a *BundleInvalidError and a *BundleExpiredError. What
// the bundle allows says nothing about any endpoint yet: for that, see Verifier.
func OpenBundle(compact []byte, releaseRoots []ed25519.PublicKey, at time.Time) (*Bundle, error) {
	if at.IsZero() {
		return nil, errZeroTime
	}
	roots, err := newReleaseRoots(releaseRoots)
	if err != nil {
		return nil, err
	}
	b, payload, err := openBundle(bytes.Clone(compact), roots)
	if err != nil {
		return nil, err
	}
	if err := b.parse(payload); err != nil {
		return nil, err
	}
	if err := b.checkValidity(at); err != nil {
		return nil, err
	}
	return b, nil
}

// openBundle is step 3. No payload is read before its signature holds.
func openBundle(compact []byte, roots []jws.Key) (*Bundle, []byte, error) {
	m, err := jws.Parse(compact, bundleKind)
	if err != nil {
		return nil, nil, &BundleSignatureInvalid{rule.From(err, "BND-01", "the trust bundle is malformed")}
	}
	payload, i, err := m.Verify(roots...)
	if err != nil {
		return nil, nil, &BundleSignatureInvalid{rule.From(err, "BND-01", "no pinned release root signed the trust bundle")}
	}
	return &Bundle{SHA256: sha256.Sum256(compact), Root: roots[i].SHA256(), KeyID: m.KeyID()}, payload, nil
}

// parse is step 4. The size of the payload has been checked in step 3.
func (b *Bundle) parse(payload []byte) error {
	err := strictjson.Decode(payload, len(payload), bundleNames, func(o *strictjson.Object) {
		if v, ok := o.Optional("schema"); ok {
			v.OneOf(bundleSchema)
		}
		measurements := o.Required("allowed_hw_measurements")
		b.Measurements = strictjson.HexSet[[48]byte](measurements, 1, maxAllowed)
		if slices.Contains(b.Measurements, [48]byte{}) {
			measurements.Fail("BND-11", "no zero measurement", "one")
		}
		tags := o.Required("allowed_workload_identity_tags")
		b.IdentityTags = strictjson.HexSet[[32]byte](tags, 1, maxAllowed)
		if slices.Contains(b.IdentityTags, [32]byte{}) {
			tags.Fail("BND-12", "no zero tag", "one")
		}
		o.Required("min_tcb").ParseObject(func(text []byte) (err error) {
			b.MinTCB, err = policy.ParseFloors(text)
			return err
		})
		b.Version = uint64(o.Required("version").Int(1, maxBundleVersion))
		b.ValidUntil = o.Required("valid_until").Time()
		pem := o.Required("amd_root_ca_pem")
		if err := b.readRoots(pem.Bytes()); err != nil {
			pem.Fail("BND-13", "one or more ARK certificates in PEM", err.Error())
		}
		b.Workload = o.Required("workload").NonEmpty()
		if v, ok := o.Optional("issued_at"); ok {
			b.IssuedAt = v.Time()
		}
		b.readProducts(o)
		for _, m := range o.Unknown() {
			b.IgnoredMembers = append(b.IgnoredMembers, m.Name)
		}
	})
	if err != nil {
		return &BundleInvalidError{rule.From(err, "BND-10", "the trust bundle is malformed")}
	}
	return nil
}

// readRoots reads the ARKs that a chain may end at. One of a coming product, known by
// name only, is none of them.
// Rules: BND-13, BND-16.
func (b *Bundle) readRoots(pem []byte) error {
	ders, err := certchain.SplitPEM(pem)
	if err != nil {
		return err
	}
	for _, der := range ders {
		c, err := certchain.ParseCertificate(der)
		var unsupported *certchain.UnsupportedError
		switch {
		case err == nil && c.Role == certchain.ARK:
			b.amdRoots = append(b.amdRoots, der)
		case err == nil:
			return errors.New(c.Role.String())
		case errors.As(err, &unsupported) && unsupported.Role == certchain.ARK: // of a coming product
			b.IgnoredRoots = append(b.IgnoredRoots, unsupported.Name)
		default:
			return err
		}
	}
	if len(b.amdRoots) == 0 {
		return errors.New("none of a supported product")
	}
	return nil
}

func (b *Bundle) readProducts(o *strictjson.Object) {
	v, ok := o.Optional("allowed_products")
	if !ok {
		b.Products = snpreport.Products()
		return
	}
	for _, e := range v.Array(1, maxAllowed) {
		p, ok := snpreport.ParseProduct(e.NonEmpty())
		if !ok {
			e.Fail("BND-14", "Milan, Genoa or Turin", strictjson.Quote(e.Text()))
		}
		if !slices.Contains(b.Products, p) {
			b.Products = append(b.Products, p)
		}
	}
}

// checkValidity is step 5.
func (b *Bundle) checkValidity(at time.Time) error {
	if at.Before(b.ValidUntil) {
		return nil
	}
	return &BundleExpiredError{
		Failure:    Failure{Rule: "BND-30", Message: "the trust bundle has expired", Expected: "valid_until after " + at.UTC().Format(time.RFC3339Nano), Actual: b.ValidUntil.Format(time.RFC3339Nano)},
		ValidUntil: b.ValidUntil,
	}
}

// narrow returns the policy that p and the bundle both demand.
func (b *Bundle) narrow(p policy.Policy) policy.Policy {
	rules := policy.Rules{MinTCB: b.MinTCB}
	for _, m := range b.Measurements {
		rules.Measurements = append(rules.Measurements, hex.EncodeToString(m[:]))
	}
	for _, product := range b.Products {
		rules.Products = append(rules.Products, product.String())
	}
	narrow, _ := p.Narrow(rules) // an error, which a checked bundle cannot cause, leaves the policy that accepts nothing
	return narrow
}

// openBundle, parseBundle and checkBundleValidity are steps 3 to 5.

func (s *session) openBundle() (_ steps.Outcome, err error) {
	if s.accepted = s.verifier.recall(s.evidence.Bundle); s.accepted != nil {
		s.bundle = s.accepted.bundle
	} else {
		s.compact = bytes.Clone(s.evidence.Bundle) // the bytes that are verified: the caller may change its own
		if s.bundle, s.payload, err = openBundle(s.compact, s.verifier.roots); err != nil {
			return steps.Outcome{}, err
		}
	}
	return steps.Outcome{Actual: "release root " + hex.EncodeToString(s.bundle.Root[:])}, nil
}

// The AMD roots and the policy of the later steps are those that both sides trust
// and demand.
// Rules: BND-15.
func (s *session) parseBundle() (steps.Outcome, error) {
	if s.accepted == nil {
		if err := s.bundle.parse(s.payload); err != nil {
			return steps.Outcome{}, err
		}
		s.accepted = s.verifier.remember(s.compact, s.bundle)
	}
	s.trust.AMDRoots, s.trust.Policy = s.accepted.roots, s.accepted.policy
	return steps.Outcome{Actual: fmt.Sprintf("version %d", s.bundle.Version)}, nil
}

func (s *session) checkBundleValidity() (steps.Outcome, error) {
	if err := s.bundle.checkValidity(s.at); err != nil {
		return steps.Outcome{}, err
	}
	return steps.Outcome{Actual: "valid until " + s.bundle.ValidUntil.Format(time.RFC3339Nano)}, nil
}

// remembered is the last trust bundle of which steps 3 and 4 passed, with what
// follows from it. Both steps depend on the received bytes and on the Verifier's
// keys, which never change, and on nothing else: the same bytes pass again. Its
// dates, version and workload are judged each time. It is only read. BND-44.
type remembered struct {
	compact []byte // exact bytes, the Verifier's own copy
	bundle  *Bundle
	roots   *certchain.Roots // that Verifier and bundle both name
	policy  policy.Policy    // that Verifier and bundle both demand
}

// recall returns what is remembered of these bytes, or nil.
func (v *Verifier) recall(compact []byte) *remembered {
	v.mu.Lock()
	r := v.last
	v.mu.Unlock()
	if r == nil || !bytes.Equal(r.compact, compact) {
		return nil
	}
	return r
}

// remember derives what follows from a bundle of which steps 3 and 4 passed. It
// keeps compact.
func (v *Verifier) remember(compact []byte, b *Bundle) *remembered {
	r := &remembered{bundle: b, roots: v.trust.AMDRoots.Restrict(b.amdRoots...), policy: b.narrow(v.trust.Policy)}
	if v.trust.Cache != nil {
		r.compact = compact
		v.mu.Lock()
		v.last = r
		v.mu.Unlock()
	}
	return r
}

// clone returns a copy for a caller, who may write to it.
func (b *Bundle) clone() *Bundle {
	c := *b
	c.Measurements = slices.Clone(b.Measurements)
	c.IdentityTags = slices.Clone(b.IdentityTags)
	c.Products = slices.Clone(b.Products)
	c.IgnoredMembers = slices.Clone(b.IgnoredMembers)
	c.IgnoredRoots = slices.Clone(b.IgnoredRoots)
	c.MinTCB = b.MinTCB.Clone()
	return &c
}

// AMDRoots returns the certificates of amd_root_ca_pem in DER, in their order.
func (b *Bundle) AMDRoots() [][]byte {
	if b == nil {
		return nil
	}
	roots := make([][]byte, len(b.amdRoots))
	for i, der := range b.amdRoots {
		roots[i] = bytes.Clone(der)
	}
	return roots
}
