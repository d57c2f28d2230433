package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// Verify checks the signature with each key in turn. It returns the payload and
// the index of the first key that made it. Keys of another algorithm than the
// Kind's are never tried. Without a key that fits, the error is a *rule.Error,
// payload is nil and index is -1.
func (m *Message) Verify(keys ...Key) (payload []byte, index int, err error) {
	if m == nil {
		return nil, -1, refuse("JWS-10", "message", "a parsed message", "none")
	}
	for i, k := range keys {
		if k.algorithm == m.algorithm && k.verify(m.signed, m.signature) {
			return bytes.Clone(m.payload), i, nil
		}
	}
	return nil, -1, refuse("JWS-10", "signature", fmt.Sprintf("one for %v by a trusted key", m.algorithm), "one that no trusted key made")
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
