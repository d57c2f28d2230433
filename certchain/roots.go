package certchain

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// An authority is what is known of an ARK, ASK or ASVK, from the table or from
// its certificate.
type authority struct {
	role            Role
	product         snpreport.Product
	subject, issuer []byte // Names
	serial          []byte
	validity        validity
	isCA            bool
	pathLen         int
	keyUsage        KeyUsage
	key             *rsa.PublicKey
	sha256          [32]byte // of the certificate
}

// authority returns what a certificate of that kind says. The slices remain
// those of c.
func (c *Certificate) authority() *authority {
	return &authority{
		c.Role, c.Product, c.RawSubject, c.RawIssuer, c.Serial, c.validity(),
		c.IsCA, c.PathLen, c.KeyUsage, rsaKey(c.RawSPKI), sha256.Sum256(c.Raw),
	}
}

// Roots are the anchors that a chain may end at: at most one ARK for each
// product, and with the built-in ones the ASKs and ASVKs that AMD published
// under them. Roots never change. Nil and the zero value have no anchor and
// refuse every chain.
type Roots struct {
	anchors       []*authority // ARKs
	intermediates []*authority // ASKs and ASVKs under them
	custom        bool
	fingerprint   [32]byte
}

// Builtin returns AMD's roots for Milan, Genoa and Turin.
func Builtin() *Roots { return builtin() }

var builtin = sync.OnceValue(func() *Roots {
	r := new(Roots)
	for i := range amdKeys {
		a := amdKeys[i].authority()
		if a.role == ARK {
			r.anchors = append(r.anchors, a)
		} else {
			r.intermediates = append(r.intermediates, a)
		}
	}
	return r.seal()
})

// authority decodes a row. The row is a constant, and a test decodes them all: an
// error here would leave a zero, which matches nothing.
func (k *amdKey) authority() *authority {
	id := identify([]byte(k.commonName))
	a := &authority{role: id.role, product: id.product, isCA: true, pathLen: 0, keyUsage: KeyCertSign}
	if id.role == ARK {
		a.pathLen, a.keyUsage = -1, KeyCertSign|CRLSign
	}
	a.subject = distinguishedName(k.commonName)
	a.issuer = distinguishedName("ARK-" + id.product.String())
	a.serial, _ = hex.DecodeString(k.serial)
	a.validity.notBefore, _ = parseTime([]byte("\x17\x0d" + k.notBefore))
	a.validity.notAfter, _ = parseTime([]byte("\x17\x0d" + k.notAfter))
	sum, _ := hex.DecodeString(k.sha256)
	copy(a.sha256[:], sum)
	modulus, _ := new(big.Int).SetString(k.modulus, 16)
	a.key = &rsa.PublicKey{N: modulus, E: exponent}
	return a
}

// NewRoots returns roots of the caller's, which replace all of AMD's: DER ARK
// certificates, at least one and one for each product at most. Checked for each in
// order: the profile, that it is an ARK, no second one of its product, that it
// names itself as issuer, CA bits, and its signature by its own key. Dates are
// checked when a chain is.
//
// Roots are configured, and not received. So the error is a *rule.ConfigError, which
// is not taken for a refusal of evidence.
func NewRoots(arks ...[]byte) (*Roots, error) {
	r, err := newRoots(arks)
	return r, rule.Config(err)
}

// newRoots is NewRoots with a *rule.Error.
func newRoots(arks [][]byte) (*Roots, error) {
	if len(arks) == 0 {
		return nil, refuse("CHN-60", "roots: certificates", "one or more ARKs", "none")
	}
	r := &Roots{custom: true}
	for i, der := range arks {
		c, err := ParseCertificate(der)
		if err != nil {
			return nil, inPosition(err, i)
		}
		if c.Role != ARK {
			return nil, inPosition(c.fail("CHN-61", "subject", nil, "an ARK", "an "+c.Role.String()), i)
		}
		if r.anchor(c.Product) != nil {
			return nil, inPosition(c.fail("CHN-62", "subject", nil, "one ARK for each product", "a second one of "+c.Product.String()), i)
		}
		if !bytes.Equal(c.RawIssuer, c.RawSubject) {
			return nil, inPosition(c.fail("CHN-63", "issuer", c.RawIssuer, "the subject", "another Name"), i)
		}
		a := c.authority()
		if err := a.checkCA(); err != nil {
			return nil, inPosition(err, i)
		}
		if !verifyPSS(a.key, c.RawTBS, c.signature) {
			return nil, inPosition(c.fail("CHN-64", "signatureValue", c.signature, "a signature by its own key", "another"), i)
		}
		r.anchors = append(r.anchors, a)
	}
	return r.seal(), nil
}

// Custom reports whether the roots are the caller's and not AMD's.
func (r *Roots) Custom() bool { return r != nil && r.custom }

// Empty reports whether there is no anchor, so that every chain is refused.
func (r *Roots) Empty() bool { return r == nil || len(r.anchors) == 0 }

// Restrict returns the anchors of r that are among arks, DER certificates compared by
// SHA-256, with the intermediates that r knows. It may be empty, and then
// refuses every chain. What else is in arks has no effect.
// Rules: CHN-65, BND-15.
func (r *Roots) Restrict(arks ...[]byte) *Roots {
	only := &Roots{custom: r.Custom()}
	if r != nil {
		sums := make(map[[32]byte]bool)
		for _, der := range arks {
			sums[sha256.Sum256(der)] = true
		}
		for _, a := range r.anchors {
			if sums[a.sha256] {
				only.anchors = append(only.anchors, a)
			}
		}
		only.intermediates = r.intermediates // of no use without the anchor above
	}
	return only.seal()
}

// Fingerprint identifies the set: SHA-256 over which anchors and intermediates
// there are, and whether they are custom. The order in which they were given
// does not matter. That of nil and of the zero value is zero.
func (r *Roots) Fingerprint() [32]byte {
	if r == nil {
		return [32]byte{}
	}
	return r.fingerprint
}

func (r *Roots) seal() *Roots {
	h := sha256.New()
	fmt.Fprintf(h, "attest certchain roots, custom %t", r.custom)
	for _, list := range [][]*authority{r.anchors, r.intermediates} {
		list = slices.SortedFunc(slices.Values(list), func(a, b *authority) int { return bytes.Compare(a.sha256[:], b.sha256[:]) })
		for _, a := range list { // which of the two it is in, its certificate says
			h.Write(a.sha256[:])
		}
	}
	h.Sum(r.fingerprint[:0])
	return r
}

func (r *Roots) anchor(p snpreport.Product) *authority {
	if r == nil {
		return nil
	}
	for _, a := range r.anchors {
		if a.product == p {
			return a
		}
	}
	return nil
}

// intermediate is called only when there is an anchor.
func (r *Roots) intermediate(role Role, p snpreport.Product) *authority {
	for _, a := range r.intermediates {
		if a.role == role && a.product == p {
			return a
		}
	}
	return nil
}
