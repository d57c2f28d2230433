package certchain

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"embed"
	"fmt"
	"slices"
	"sync"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// amdFiles are the certificates of AMD's certification authorities, DER, one file
// each: what AMD's key distribution service serves as /vcek/v1/P/cert_chain and
// /vlek/v1/P/cert_chain (AMD 57230 and 58369). SPEC.md section 5.5 has the SHA-256
// of every file. The serial number of the ASK of Genoa does end in 02.
//
//go:embed amd/*.der
var amdFiles embed.FS

// An authority is an ARK, ASK or ASVK that roots hold or that was sent.
type authority struct {
	*Certificate
	key    *rsa.PublicKey
	sha256 [32]byte // of the certificate
}

func (c *Certificate) authority() *authority {
	return &authority{c, rsaKey(c.RawSPKI), sha256.Sum256(c.Raw)}
}

// Roots are the anchors that a chain may end at: at most one ARK for each
// product, and with the built-in ones the ASKs and ASVKs that AMD published
// under them. Roots never change. Nil and the zero value have no anchor and
// refuse every chain.
type Roots struct {
	held        []*authority // at most one of each role for each product
	custom      bool
	fingerprint [32]byte
}

// Builtin returns AMD's roots for Milan, Genoa and Turin.
func Builtin() *Roots { return builtin() }

// builtin leaves out a file that is no certificate. A test proves that all nine are.
var builtin = sync.OnceValue(func() *Roots {
	r := new(Roots)
	files, _ := amdFiles.ReadDir("amd")
	for _, f := range files {
		der, _ := amdFiles.ReadFile("amd/" + f.Name())
		if c, err := ParseCertificate(der); err == nil {
			r.held = append(r.held, c.authority())
		}
	}
	return r.withFingerprint()
})

// NewRoots returns custom roots, which replace all of AMD's: DER ARK certificates,
// at least one, and at most one for each product. Checked for each in
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
		return nil, rule.Broken("CHN-60", "roots: certificates", rule.NoOffset, "one or more ARKs", "none")
	}
	r := &Roots{custom: true}
	for i, der := range arks {
		c, err := parseCertificate(der, i+1)
		if err != nil {
			return nil, err
		}
		if c.Role != ARK {
			return nil, c.fail("CHN-61", "subject", nil, "an ARK", c.Role.String())
		}
		if r.find(ARK, c.Product) != nil {
			return nil, c.fail("CHN-62", "subject", nil, "one ARK for each product", "a second one of "+c.Product.String())
		}
		if !bytes.Equal(c.RawIssuer, c.RawSubject) {
			return nil, c.fail("CHN-63", "issuer", c.RawIssuer, "the subject", "another Name")
		}
		a := c.authority()
		if err := a.checkCA(); err != nil {
			return nil, err
		}
		if !verifyPSS(a.key, c.RawTBS, c.signature) {
			return nil, c.fail("CHN-64", "signatureValue", c.signature, "a signature by its own key", "another")
		}
		r.held = append(r.held, a)
	}
	return r.withFingerprint(), nil
}

// Custom reports whether the roots come from NewRoots.
func (r *Roots) Custom() bool { return r != nil && r.custom }

// Empty reports whether there is no anchor, so that every chain is refused.
func (r *Roots) Empty() bool {
	return r.first(func(a *authority) bool { return a.Role == ARK }) == nil
}

// Restrict returns the anchors of r that are among arks, DER certificates compared
// by SHA-256, with the intermediates that r knows. It may be empty, and then
// refuses every chain. Other certificates among arks have no effect.
// Rules: CHN-65, BND-15.
func (r *Roots) Restrict(arks ...[]byte) *Roots {
	kept := &Roots{custom: r.Custom()}
	if r == nil {
		return kept.withFingerprint()
	}
	sums := make(map[[32]byte]bool)
	for _, der := range arks {
		sums[sha256.Sum256(der)] = true
	}
	for _, a := range r.held {
		if a.Role != ARK || sums[a.sha256] { // an ASK or ASVK is of no use without its ARK
			kept.held = append(kept.held, a)
		}
	}
	return kept.withFingerprint()
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

// withFingerprint completes r, to which nothing is added afterwards.
func (r *Roots) withFingerprint() *Roots {
	h := sha256.New()
	fmt.Fprintf(h, "attest certchain roots, custom %t", r.custom)
	for _, a := range slices.SortedFunc(slices.Values(r.held), func(a, b *authority) int { return bytes.Compare(a.sha256[:], b.sha256[:]) }) {
		h.Write(a.sha256[:])
	}
	h.Sum(r.fingerprint[:0])
	return r
}

// find returns the authority of that role and product, or nil.
func (r *Roots) find(role Role, p snpreport.Product) *authority {
	return r.first(func(a *authority) bool { return a.Role == role && a.Product == p })
}

// parse parses the certificate in that position of a list, unless r holds it: those
// are parsed.
func (r *Roots) parse(der []byte, position int) (*Certificate, error) {
	a := r.first(func(a *authority) bool { return bytes.Equal(a.Raw, der) })
	if a == nil {
		return parseCertificate(der, position)
	}
	c := *a.Certificate
	c.position = position
	return &c, nil
}

func (r *Roots) first(is func(*authority) bool) *authority {
	if r == nil {
		return nil
	}
	if i := slices.IndexFunc(r.held, is); i >= 0 {
		return r.held[i]
	}
	return nil
}
