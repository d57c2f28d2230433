package document

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"

	"github.com/tresorhq/attest/internal/mint"
)

// Compact writes a JWS in the compact serialization (RFC 7515 section 7.1). sign
// gets the first two segments with the dot between them.
func Compact(header, payload []byte, sign func(signed []byte) []byte) []byte {
	enc := base64.RawURLEncoding
	signed := enc.AppendEncode(nil, header)
	signed = append(signed, '.')
	signed = enc.AppendEncode(signed, payload)
	return enc.AppendEncode(append(signed, '.'), sign(signed[:len(signed):len(signed)]))
}

// A JWS is one before it is signed. The functions change what was written; nil
// changes nothing.
type JWS struct {
	Header, Payload         Object
	HeaderText, PayloadText func([]byte) []byte // before it is signed
	Sign                    func(signed []byte) []byte
	After                   func(compact []byte) []byte // when it is signed
}

// Encode signs and writes it.
func (j *JWS) Encode() []byte {
	return change(j.After, Compact(change(j.HeaderText, j.Header.Text()), change(j.PayloadText, j.Payload.Text()), j.Sign))
}

func change(with func([]byte) []byte, text []byte) []byte {
	if with == nil {
		return text
	}
	return with(text)
}

// EdDSA signs as RFC 8037 section 3.1 has it.
func EdDSA(key ed25519.PrivateKey) func(signed []byte) []byte {
	return func(signed []byte) []byte { return ed25519.Sign(key, signed) }
}

// HS512 makes an HMAC, which is as long as an Ed25519 signature.
func HS512(key []byte) func(signed []byte) []byte {
	return func(signed []byte) []byte {
		mac := hmac.New(sha512.New, key)
		mac.Write(signed)
		return mac.Sum(nil)
	}
}

// ES256 signs as RFC 7518 section 3.4 has it: R and S, 32 big-endian bytes each.
// The nonce is that of RFC 6979.
func ES256(key *ecdsa.PrivateKey) func(signed []byte) []byte {
	return func(signed []byte) []byte {
		r, s := mint.SignECDSA(signed, key, crypto.SHA256)
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}
