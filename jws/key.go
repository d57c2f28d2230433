package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// Algorithm is a signature algorithm. The zero Algorithm is none.
type Algorithm uint8

const (
	EdDSA Algorithm = 1 // with Ed25519
	ES256 Algorithm = 2 // ECDSA P-256 with SHA-256
)

// signatureSize is the size of a signature by either, in bytes.
const signatureSize = 64

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

// Equal reports whether k and l are the same key for the same algorithm, which
// the length of their bytes tells. A zero Key equals nothing.
func (k Key) Equal(l Key) bool { return k.algorithm != 0 && bytes.Equal(k.raw, l.raw) }

// newP256Key checks a point given by its coordinates, big-endian, and binds it
// to ES256.
func newP256Key(x, y [32]byte) (Key, *rule.Error) {
	raw := slices.Concat([]byte{4}, x[:], y[:])
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return Key{}, rule.Broken("JWK-11", "P-256 key", rule.NoOffset, "a point of the curve", hex.EncodeToString(raw[1:]))
	}
	return Key{algorithm: ES256, raw: raw, ecdsa: key}, nil
}

// verify leaves two checks to the standard library, and the tests hold it to
// them: Ed25519's S, and both r and s of ECDSA, are below the order of the
// group, and neither r nor s is zero.
func (k Key) verify(message []byte, signature [signatureSize]byte) bool {
	switch k.algorithm {
	case EdDSA:
		return ed25519.Verify(k.raw, message, signature[:])
	case ES256:
		digest := sha256.Sum256(message)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(k.ecdsa, digest[:], r, s)
	}
	return false
}
