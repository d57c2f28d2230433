package attesttest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
)

// A ReceiptFault is one thing that is wrong with a receipt.
type ReceiptFault string

// Faults of receipts.
const (
	ReceiptOtherKey  ReceiptFault = "receipt-other-key"  // a key signed that is not in the JWKS
	ReceiptAlgNone   ReceiptFault = "receipt-alg-none"   // unsigned, and says so
	ReceiptEdDSA     ReceiptFault = "receipt-eddsa"      // a good signature of another algorithm
	ReceiptAltered   ReceiptFault = "receipt-altered"    // changed after it was signed
	ReceiptNoID      ReceiptFault = "receipt-no-id"      // jti is absent
	ReceiptRequest   ReceiptFault = "receipt-request"    // request_digest is of another request
	ReceiptResponse  ReceiptFault = "receipt-response"   // response_digest is of another response
	ReceiptFutureIAT ReceiptFault = "receipt-future-iat" // signed an hour from now
)

// Receipt returns a signed receipt for a request and its response, a compact JWS
// with ES256, and the JWKS with the key to check it. Its router_attestation is the
// enclave's envelope with the publisher's trust bundle, faults included.
func (e *Enclave) Receipt(request, response []byte, spoil ...ReceiptFault) (jws, jwks []byte) {
	wrong := func(f ReceiptFault) bool { return slices.Contains(spoil, f) }
	c := e.draft.config
	key := mint.P256Key(c.secret("receipt"))
	jwks = members{"keys": []members{jwk(key)}}.encode()

	header, sign := members{"alg": "ES256", "kid": "test-receipt"}, mint.ES256(key)
	switch {
	case wrong(ReceiptOtherKey):
		sign = mint.ES256(mint.P256Key(c.secret("other")))
	case wrong(ReceiptAlgNone):
		header["alg"], sign = "none", func([]byte) []byte { return nil }
	case wrong(ReceiptEdDSA):
		header["alg"], sign = "EdDSA", mint.EdDSA(mint.Ed25519Key(c.secret("receipt")))
	}
	id := sha256.Sum256(slices.Concat([]byte(c.secret("receipt")), request, []byte{0}, response))
	router := e.draft.envelopeAt(e.Now(), "")
	router["trust_bundle_jws"] = string(e.bundle)
	claims := members{
		"jti":                   "rcpt-" + hexOf(id[:8]),
		"iat":                   e.Now().Unix(),
		"requested_route":       "auto",
		"routed_model":          "example-model",
		"router_attestation":    router,
		"inference_attestation": members{"workload": "inference"},
		"request_digest":        bodyDigest(request, wrong(ReceiptRequest)),
		"response_digest":       bodyDigest(response, wrong(ReceiptResponse)),
	}
	if wrong(ReceiptNoID) {
		delete(claims, "jti")
	}
	if wrong(ReceiptFutureIAT) {
		claims["iat"] = e.Now().Unix() + 3600
	}
	jws = compact(header, claims, sign)
	if wrong(ReceiptAltered) {
		jws = alterPayload(jws)
	}
	return jws, jwks
}

func bodyDigest(body []byte, other bool) string {
	if other {
		body = append(bytes.Clone(body), '!')
	}
	sum := sha256.Sum256(body)
	return "sha256:" + hexOf(sum[:])
}

// jwk gives the JWK of a public key (RFC 7518 section 6.2).
func jwk(key *ecdsa.PrivateKey) members {
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		panic(err)
	}
	return members{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "test-receipt",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]),
		"y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
}
