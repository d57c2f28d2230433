package certchain

import (
	"crypto/ecdsa"
	"time"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A Chain has the facts of a verified chain. Only Verify, VerifyPEM and Cache make
// one that verifies reports; nil and the zero Chain refuse them. It may be copied.
// No method reads its exported fields, so that writing to one changes no verdict.
type Chain struct {
	Product    snpreport.Product
	SigningKey snpreport.SigningKey // kind of the leaf: VCEK or VLEK
	TCB        snpreport.TCB        // that the leaf is for

	HWID     [64]byte // of a VCEK: the chip, then zeros
	HWIDSize int      // 64, or 8 for Turin; 0: a VLEK, of no chip
	CSPID    string   // of a VLEK: the provider, printable ASCII

	NotBefore, NotAfter time.Time // of the leaf, inclusive
	LeafSHA256          [32]byte  // of the leaf certificate
	LeafKeySHA256       [32]byte  // of its SubjectPublicKeyInfo

	IntermediateRole    Role   // ASK or ASVK
	IntermediateSerial  string // lower-case hex
	IntermediateSHA256  [32]byte
	IntermediateBuiltin bool // it is the one that AMD published, sent or not

	RootSHA256 [32]byte // of the anchor's certificate

	proof *proof // nil: not verified
}

// A proof holds the facts that Verify found, out of the reach of callers.
type proof struct {
	Chain      // without a proof of its own
	key        *ecdsa.PublicKey
	dates      dates
	signatures *memory[struct{}] // of the Cache that remembers the chain, or nil
}

// proven returns the proof of c, or an empty one, which has no key.
func (c *Chain) proven() *proof {
	if c == nil || c.proof == nil {
		return new(proof)
	}
	return c.proof
}

// chain returns a Chain that the caller may write to.
func (p *proof) chain() *Chain {
	c := p.Chain
	c.proof = p
	return &c
}

// VerifyReport checks that the key of the leaf signed the report, over the bytes as
// they were received. That is not enough by itself: a leaf of another chip or of
// another TCB can have that key's signature just as well, so CheckEndorsement must
// hold too. The error is a *rule.Error, of (*snpreport.Report).VerifySignature.
func (c *Chain) VerifyReport(r *snpreport.Report) error {
	var own snpreport.Report // the same bytes are hashed and verified
	if r != nil {
		own = *r
	}
	p, raw := c.proven(), own.Raw()
	_, err := p.signatures.recall(func() (struct{}, error) { return struct{}{}, own.VerifySignature(p.key) }, kindReport, p.LeafKeySHA256, raw[:])
	return err
}

// dates are when leaf, intermediate and anchor are valid.
type dates [MaxChain]struct {
	role Role
	validity
}

// check refuses when one of the three is not valid at the time at.
func (d *dates) check(at time.Time) error {
	for _, c := range d {
		if !c.contains(at) {
			return rule.Broken("CHN-47", c.role.String()+": validity", rule.NoOffset, c.validity.String(), stamp(at))
		}
	}
	return nil
}
