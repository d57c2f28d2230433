package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
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

// A Bundle is a trust bundle whose signature holds: what its publisher allows.
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
	IgnoredMembers []string  // names of members that nobody reads, in their order

	amdRoots [][]byte // DER
}

// openBundle is step 3. No payload is read before its signature holds.
func openBundle(compact []byte, roots []jws.Key) (*Bundle, []byte, *BundleSignatureInvalid) {
	m, err := jws.Parse(compact, bundleKind)
	if err != nil {
		return nil, nil, &BundleSignatureInvalid{jwsFailure("trust bundle", "BND-01", err)}
	}
	payload, i, err := m.Verify(roots...)
	if err != nil {
		return nil, nil, &BundleSignatureInvalid{jwsFailure("trust bundle", "BND-01", err)}
	}
	return &Bundle{SHA256: sha256.Sum256(compact), Root: roots[i].SHA256(), KeyID: m.KeyID()}, payload, nil
}

// jwsFailure describes an error of package jws.
func jwsFailure(what, id string, err error) Failure {
	f := Failure{Rule: id, Message: what + ": " + err.Error(), Cause: err}
	var j *rule.Error
	if errors.As(err, &j) {
		f = Failure{Rule: j.Rule, Message: what + ": " + j.Where + " is wrong", Expected: j.Expected, Actual: j.Actual, Cause: err}
	}
	return f
}

// parse is step 4. The size of the payload has been checked in step 3.
func (b *Bundle) parse(payload []byte) *BundleInvalidError {
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
		b.MinTCB = policy.ParseMinTCB(o.Required("min_tcb"))
		b.Version = uint64(o.Required("version").Int(1, maxBundleVersion))
		b.ValidUntil = o.Required("valid_until").Time()
		b.readRoots(o.Required("amd_root_ca_pem"))
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
		return &BundleInvalidError{jsonFailure("trust bundle", "BND-10", err)}
	}
	return nil
}

func (b *Bundle) readRoots(v strictjson.Value) {
	ders, err := certchain.SplitPEM(v.Bytes())
	for _, der := range ders {
		var c *certchain.Certificate
		if c, err = certchain.ParseCertificate(der); err == nil && c.Role != certchain.ARK {
			err = fmt.Errorf("an %v", c.Role)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		v.Fail("BND-13", "one or more ARK certificates in PEM", err.Error())
		return
	}
	b.amdRoots = ders
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
func (b *Bundle) checkValidity(at time.Time) *BundleExpiredError {
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
	narrow, _ := p.Narrow(rules) // an error, which a checked bundle can not cause, leaves the policy that accepts nothing
	return narrow
}
