package certchain

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/tresorhq/attest/snpreport"
)

// Authority is an authority in a form that compares.
type Authority struct {
	Role                                   Role
	Product                                snpreport.Product
	Subject, Issuer, Serial, Dates, SHA256 string
	IsCA                                   bool
	PathLen                                int
	KeyUsage                               KeyUsage
	SPKISHA256                             string
}

func (a *authority) export() Authority {
	spki := rsaStart + string(a.key.N.FillBytes(make([]byte, modulusSize))) + rsaEnd
	sum := sha256.Sum256([]byte(spki))
	return Authority{
		a.Role, a.Product, string(a.RawSubject), string(a.RawIssuer), hex.EncodeToString(a.Serial), a.validity().String(),
		hex.EncodeToString(a.sha256[:]), a.IsCA, a.PathLen, a.KeyUsage, hex.EncodeToString(sum[:]),
	}
}

// AuthorityOf returns what a certificate says.
func AuthorityOf(c *Certificate) Authority { return c.authority().export() }

// BuiltinAuthority returns what the built-in roots know.
func BuiltinAuthority(role Role, p snpreport.Product) Authority {
	if role == ARK {
		return Builtin().find(ARK, p).export()
	}
	return Builtin().find(role, p).export()
}

// SameFacts compares two chains, and what their methods read.
func SameFacts(a, b *Chain) bool {
	x, y := *a, *b
	p, q := x.proof, y.proof
	x.proof, y.proof = nil, nil
	return x == y && x == p.Chain && p.Chain == q.Chain && p.dates == q.dates && p.key.Equal(q.key)
}

// Proven returns a chain that says what facts says, as if it had been verified.
func Proven(facts Chain) *Chain { return (&proof{Chain: facts, key: new(ecdsa.PublicKey)}).chain() }

// Len returns how many chains are remembered, and Signatures how many signatures.
func (c *Cache) Len() int        { return c.chains.len() }
func (c *Cache) Signatures() int { return c.signatures.len() }

func (m *memory[V]) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.keys) != len(m.known) {
		return -1
	}
	return len(m.known)
}

// KeyError builds the key of a certificate for use.
func KeyError(c *Certificate) error {
	if c.Role.isLeaf() {
		_, err := p384Key(c.RawSPKI)
		return err
	}
	rsaKey(c.RawSPKI)
	return nil
}

// SignatureOf returns signatureValue.
func SignatureOf(c *Certificate) []byte { return c.signature }

// CRLParts returns tbsCertList and issuer.
func CRLParts(l *CRL) (tbs, issuer []byte) { return l.tbs, l.issuer }

// CRLSerials returns the serial numbers of all entries, decimal.
func CRLSerials(l *CRL) (all []string) {
	_ = l.eachEntry(func(serial []byte) error {
		all = append(all, new(big.Int).SetBytes(serial).String())
		return nil
	})
	return all
}

// RememberTwice remembers the same chain twice, as two goroutines would.
func (c *Cache) RememberTwice() {
	c.chains.remember([32]byte{1}, new(proof))
	c.chains.remember([32]byte{1}, new(proof))
}

// Knowing returns roots that know an ASK or ASVK, as the built-in ones do.
func (r *Roots) Knowing(c *Certificate) *Roots {
	more := &Roots{held: append(slices.Clip(r.held), c.authority()), custom: r.custom}
	return more.withFingerprint()
}

// ParsedBefore reports whether the roots hold a certificate, which is then not parsed
// anew, and how an error would name it in that position.
func (r *Roots) ParsedBefore(der []byte, position int) (label string, before bool) {
	c, err := r.parse(der, position)
	if err != nil {
		return "", false
	}
	return c.label(), r.first(func(a *authority) bool { return &a.Raw[0] == &c.Raw[0] }) != nil
}

// Changed returns roots whose authority of a role has another subject or digest than
// its certificate, as no certificate makes them.
func (r *Roots) Changed(role Role, change func(subject []byte, sum *[32]byte)) *Roots {
	changed := &Roots{custom: r.custom}
	for _, a := range r.held {
		b, c := *a, *a.Certificate
		if b.Certificate = &c; c.Role == role {
			c.RawSubject = slices.Clone(c.RawSubject)
			change(c.RawSubject, &b.sha256)
		}
		changed.held = append(changed.held, &b)
	}
	return changed.withFingerprint()
}
