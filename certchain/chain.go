package certchain

import (
	"crypto/ecdsa"
	"time"

	"github.com/tresorhq/attest/snpreport"
)

// A Chain is what a verified chain says. Only Verify, VerifyPEM and Cache make
// one that verifies reports; the zero Chain refuses them. It holds plain values
// and may be copied; changing one changes nothing that is remembered.
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

	key   *ecdsa.PublicKey // of the leaf
	dates [maxChain]dated  // leaf, intermediate, anchor
}

// A dated is the validity of one certificate of a chain.
type dated struct {
	role     Role
	validity validity
}

// VerifyReport checks that the key of the leaf signed the report, over the
// bytes as they were received. It compares nothing else of the two. The error is
// a *rule.Error.
func (c *Chain) VerifyReport(r *snpreport.Report) error {
	if r == nil {
		r = new(snpreport.Report) // whose signature never verifies
	}
	if c == nil {
		c = new(Chain) // which has no key
	}
	return r.VerifySignature(c.key)
}

// checkDates refuses when one of the three is not valid at the time at.
func checkDates(dates *[maxChain]dated, at time.Time) error {
	for _, d := range dates {
		if !d.validity.contains(at) {
			return refuse("CHN-47", d.role.String()+": validity", d.validity.String(), stamp(at))
		}
	}
	return nil
}
