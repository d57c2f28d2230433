package attesttest

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"

	"github.com/tresorhq/attest/internal/mint"
)

// members are those of a JSON object, so that a fault can change one.
type members map[string]any

// encode panics on what JSON can not express: only this package fills members.
func (m members) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// compact writes a JWS in compact form. It is signed by the standard library
// directly: package jws must not agree with itself.
func compact(header, payload members, sign func(signed []byte) []byte) []byte {
	return mint.Compact(header.encode(), payload.encode(), sign)
}

// hs512 makes an HMAC, which is as long as an Ed25519 signature.
func hs512(key []byte) func([]byte) []byte {
	return func(signed []byte) []byte {
		mac := hmac.New(sha512.New, key)
		mac.Write(signed)
		return mac.Sum(nil)
	}
}

// okp gives the JWK of a public key (RFC 8037 section 2).
func okp(key ed25519.PrivateKey) members {
	x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	return members{"kty": "OKP", "crv": "Ed25519", "x": x}
}
