package document

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// A Receipt is a receipt of a request before it is signed, and the keys that it
// is held against.
type Receipt struct {
	JWS
	Keys []Object // JWKs
}

// NewReceipt returns a receipt for these bodies, issued at a time in seconds since
// 1970. The key signs it, under the kid "receipt-1".
func NewReceipt(key *ecdsa.PrivateKey, issued int64, request, response []byte) *Receipt {
	return &Receipt{
		JWS: JWS{
			Header: Object{{"alg", "ES256"}, {"kid", "receipt-1"}},
			Payload: Object{
				{"jti", "rcpt-1"}, {"iat", issued}, {"requested_route", "auto"}, {"routed_model", "example-model"},
				{"router_attestation", "opaque"}, {"inference_attestation", Object{{"workload", "inference"}}},
				{"request_digest", BodyDigest(request)}, {"response_digest", BodyDigest(response)},
			},
			Sign: ES256(key),
		},
		Keys: []Object{EC(key, "receipt-1")},
	}
}

// JWKS writes the keys as a JWK set (RFC 7517 section 5).
func (r *Receipt) JWKS() []byte { return Object{{"keys", r.Keys}}.Text() }

// BodyDigest is the digest of a body as receipts have it.
func BodyDigest(body []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(body))
}

// EC is the JWK of a key on P-256 (RFC 7518 section 6.2), without a kid if that is
// empty.
func EC(key *ecdsa.PrivateKey, kid string) Object {
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		panic(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	o := Object{{"kty", "EC"}, {"crv", "P-256"}, {"x", enc(point[1:33])}, {"y", enc(point[33:])}}
	if kid != "" {
		o.Add("kid", kid)
	}
	return o
}

// OKP is the JWK of an Ed25519 key (RFC 8037 section 2), without a kid.
func OKP(key ed25519.PublicKey) Object {
	return Object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64.RawURLEncoding.EncodeToString(key)}}
}
