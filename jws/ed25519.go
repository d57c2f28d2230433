package jws

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// NewEd25519Key checks a public key of 32 bytes (RFC 8032 section 5.1.5: y,
// little-endian, and the lowest bit of x in the highest bit) and binds it to
// EdDSA. In this order, it refuses another length, an encoding that is not
// canonical (y ≥ 2^255-19), a point of small order, and a y for which there is no x. With a
// key of small order one signature fits many messages.
//
// Such a key is part of a configuration: the error is a *rule.ConfigError.
func NewEd25519Key(public []byte) (Key, error) {
	k, bad := newEd25519Key(public)
	if bad != nil {
		return Key{}, rule.Config(bad)
	}
	return k, nil
}

func newEd25519Key(public []byte) (Key, *rule.Error) {
	if len(public) != ed25519.PublicKeySize {
		return Key{}, sizeError("JWK-01", "Ed25519 key", len(public), "32")
	}
	be := bytes.Clone(public)
	slices.Reverse(be)
	be[0] &= 0x7f // the sign of x
	y := new(big.Int).SetBytes(be)
	bad := func(id, expected string) (Key, *rule.Error) {
		return Key{}, rule.Broken(id, "Ed25519 key", rule.NoOffset, expected, hex.EncodeToString(public))
	}
	switch {
	case y.Cmp(fieldPrime) >= 0:
		return bad("JWK-02", "y below 2^255-19")
	case slices.Contains(smallOrder, hex.EncodeToString(be)):
		return bad("JWK-03", "a point of large order")
	case !onEd25519(y):
		return bad("JWK-04", "a point of the curve")
	}
	return Key{algorithm: EdDSA, raw: bytes.Clone(public)}, nil
}

// smallOrder has the y of every point whose order divides 8, big-endian: of
// order 1, 2, 4 and (two of them) 8. The sign of x does not matter.
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000001",
	"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
	"05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
}

// The prime 2^255-19 of the field, and d of the curve: RFC 8032 section 5.1.
var (
	fieldPrime, _ = new(big.Int).SetString("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", 16)
	curveD, _     = new(big.Int).SetString("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3", 16)
)

// onEd25519 reports whether an x exists for y, not 1 or -1: whether
// x² = (y²-1)/(dy²+1) is a square, RFC 8032 section 5.1.3.
func onEd25519(y *big.Int) bool {
	one := big.NewInt(1)
	yy := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(yy, one)
	v := new(big.Int).Mul(yy, curveD)
	v.Add(v, one)
	// A quotient is a square when the product is. v is never 0: -1/d is no square.
	return big.Jacobi(u.Mul(u, v), fieldPrime) == 1
}

// Ed25519 returns a copy of an Ed25519 key; ok is false for any other.
func (k Key) Ed25519() (public ed25519.PublicKey, ok bool) {
	if k.algorithm != EdDSA {
		return nil, false
	}
	return bytes.Clone(k.raw), true
}
