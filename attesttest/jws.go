package attesttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
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

// compact writes a JWS in compact form (RFC 7515 section 7.1). sign gets the
// first two segments with the dot between them.
func compact(header, payload members, sign func(signed []byte) []byte) []byte {
	enc := base64.RawURLEncoding
	signed := enc.AppendEncode(nil, header.encode())
	signed = append(signed, '.')
	signed = enc.AppendEncode(signed, payload.encode())
	return enc.AppendEncode(append(signed, '.'), sign(signed[:len(signed):len(signed)]))
}

// The signatures are made by the standard library directly: package jws must not
// agree with itself.

func eddsa(key ed25519.PrivateKey) func([]byte) []byte {
	return func(signed []byte) []byte { return ed25519.Sign(key, signed) }
}

// es256 signs as RFC 7518 section 3.4 has it: R and S, 32 bytes each.
func es256(key *ecdsa.PrivateKey) func([]byte) []byte {
	return func(signed []byte) []byte {
		digest := sha256.Sum256(signed)
		der, err := key.Sign(nil, digest[:], crypto.SHA256) // nonce of RFC 6979
		var rs struct{ R, S *big.Int }
		if err == nil {
			_, err = asn1.Unmarshal(der, &rs)
		}
		if err != nil {
			panic(err)
		}
		out := make([]byte, 64)
		rs.R.FillBytes(out[:32])
		rs.S.FillBytes(out[32:])
		return out
	}
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
