package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
)

// Algorithm is a signature algorithm. The zero Algorithm is none.
type Algorithm uint8

const (
	EdDSA Algorithm = iota + 1 // with Ed25519
	ES256                      // ECDSA P-256 with SHA-256
)

// String returns the value of alg.
func (a Algorithm) String() string {
	switch a {
	case EdDSA:
		return "EdDSA"
	case ES256:
		return "ES256"
	}
	return "no algorithm"
}

// A Key is a public key for one algorithm. Its zero value verifies nothing.
type Key struct {
	algorithm Algorithm
	id        string // kid of its JWK
	raw       []byte // Ed25519: 32 bytes; P-256: 04, x, y
	ecdsa     *ecdsa.PublicKey
}

// Algorithm returns the algorithm that the key is bound to.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// ID returns the kid that the key had in its JWK, or "".
func (k Key) ID() string { return k.id }

// SHA256 returns the digest of the key's bytes: 32 for Ed25519, 65 for P-256
// (SEC 1, uncompressed).
func (k Key) SHA256() [32]byte { return sha256.Sum256(k.raw) }

// Equal reports whether k and l are the same key for the same algorithm. A zero
// Key equals nothing.
func (k Key) Equal(l Key) bool {
	return k.algorithm != 0 && k.algorithm == l.algorithm && bytes.Equal(k.raw, l.raw)
}

// NewEd25519Key checks a public key of 32 bytes (RFC 8032 section 5.1.5) and
// binds it to EdDSA. The error is an *Error; in this order, it refuses another
// length, an encoding that is not canonical (y ≥ 2^255-19), a point of small
// order, and what is no point. With a key of small order one signature fits
// many messages.
func NewEd25519Key(public []byte) (Key, error) {
	bad := func(rule, expected, actual string) (Key, error) {
		return Key{}, &Error{Rule: rule, Field: "Ed25519 key", Expected: expected, Actual: actual}
	}
	if len(public) != ed25519.PublicKeySize {
		return bad("JWK-01", "32 bytes", fmt.Sprintf("%d bytes", len(public)))
	}
	be := bytes.Clone(public)
	slices.Reverse(be)
	be[0] &= 0x7f // the sign of x
	y := new(big.Int).SetBytes(be)
	if y.Cmp(fieldPrime) >= 0 {
		return bad("JWK-02", "a canonical encoding", hex.EncodeToString(public))
	}
	if slices.Contains(smallOrder, hex.EncodeToString(be)) {
		return bad("JWK-03", "a point of large order", hex.EncodeToString(public))
	}
	if !onEd25519(y) {
		return bad("JWK-04", "a point of the curve", hex.EncodeToString(public))
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

var (
	fieldPrime, _ = new(big.Int).SetString("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", 16)
	curveD, _     = new(big.Int).SetString("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3", 16)
)

// onEd25519 reports whether an x exists for y: x² = (y²-1)/(dy²+1), RFC 8032
// section 5.1.3.
func onEd25519(y *big.Int) bool {
	one := big.NewInt(1)
	yy := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(yy, one)
	v := new(big.Int).Mul(yy, curveD)
	v.Add(v, one).Mod(v, fieldPrime)
	xx := u.Mul(u, v.ModInverse(v, fieldPrime)) // v is never 0: -1/d is no square
	return big.Jacobi(xx.Mod(xx, fieldPrime), fieldPrime) >= 0
}

// newP256Key checks a point given by its coordinates, 32 bytes each, big-endian.
func newP256Key(x, y []byte) (Key, error) {
	raw := slices.Concat([]byte{4}, x, y)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return Key{}, &Error{Rule: "JWK-05", Field: "P-256 key", Expected: "a point of the curve", Actual: hex.EncodeToString(raw[:min(len(raw), 64)])}
	}
	return Key{algorithm: ES256, raw: raw, ecdsa: key}, nil
}
