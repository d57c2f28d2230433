package attesttest

import (
	"crypto/sha256"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
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
	if e.unmade() {
		return nil, nil
	}
	c := e.draft.config
	key := mint.P256Key(c.secret("receipt"))
	id := sha256.Sum256(slices.Concat([]byte(c.secret("receipt")), request, []byte{0}, response))
	r := document.NewReceipt(key, e.Now().Unix(), request, response)
	r.Payload.Set("jti", "rcpt-"+hexOf(id[:8]))
	router := e.draft.envelopeAt(e.Now(), "")
	router.Set("trust_bundle_jws", string(e.bundle))
	r.Payload.Set("router_attestation", router)
	r.Header.Set("kid", "test-receipt")
	r.Keys[0].Set("kid", "test-receipt")
	r.Keys[0].Add("use", "sig")
	r.Keys[0].Add("alg", "ES256")
	for _, f := range spoil {
		if change := receiptFaults[f]; change != nil {
			change(r, c)
		}
	}
	return r.Encode(), r.JWKS()
}

// receiptFaults are what faults do to a receipt before it is signed.
var receiptFaults = map[ReceiptFault]func(r *document.Receipt, c Config){
	ReceiptOtherKey: func(r *document.Receipt, c Config) { r.Sign = document.ES256(mint.P256Key(c.secret("other"))) },
	ReceiptAlgNone: func(r *document.Receipt, c Config) {
		r.Header.Set("alg", "none")
		r.Sign = func([]byte) []byte { return nil }
	},
	ReceiptEdDSA: func(r *document.Receipt, c Config) {
		r.Header.Set("alg", "EdDSA")
		r.Sign = document.EdDSA(mint.Ed25519Key(c.secret("receipt")))
	},
	ReceiptAltered:   func(r *document.Receipt, c Config) { r.After = alterPayload },
	ReceiptRequest:   func(r *document.Receipt, c Config) { r.Payload.Set("request_digest", digest("another request")) },
	ReceiptResponse:  func(r *document.Receipt, c Config) { r.Payload.Set("response_digest", digest("another response")) },
	ReceiptNoID:      func(r *document.Receipt, c Config) { r.Payload.Drop("jti") },
	ReceiptFutureIAT: func(r *document.Receipt, c Config) { r.Payload.Set("iat", c.Now.Unix()+3600) },
}
