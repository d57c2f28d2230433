package attesttest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/jws"
)

type claims struct {
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Route    string `json:"requested_route"`
	Model    string `json:"routed_model"`
	Router   any    `json:"router_attestation"`
	Provider any    `json:"inference_attestation"`
	Request  string `json:"request_digest"`
	Response string `json:"response_digest"`
}

// openReceipt verifies with package jws and reads with encoding/json.
func openReceipt(t *testing.T, e *attesttest.Enclave, request, response []byte, spoil ...attesttest.ReceiptFault) (claims, error) {
	t.Helper()
	compact, jwks := e.Receipt(request, response, spoil...)
	keys, err := jws.ParseJWKS(jwks)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jws.Parse(compact, jws.Kind{Algorithm: jws.ES256, Types: []string{"JWT"}, MaxPayload: 1 << 20})
	if err != nil {
		return claims{}, err
	}
	payload, _, err := m.Verify(keys...)
	if err != nil {
		return claims{}, err
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c, nil
}

func TestReceipt(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Now: now}, attesttest.EnvelopeTruncated)
	request, response := []byte(`{"q":1}`), []byte(`{"a":2}`)
	digest := func(b []byte) string {
		sum := sha256.Sum256(b)
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	good, err := openReceipt(t, e, request, response)
	if err != nil {
		t.Fatal(err)
	}
	if good.ID == "" || good.IssuedAt != now.Unix() || good.Route == "" || good.Model == "" || good.Router == nil || good.Provider == nil ||
		good.Request != digest(request) || good.Response != digest(response) {
		t.Errorf("claims: %+v", good)
	}
	other, err := openReceipt(t, e, request, request)
	if err != nil || other.ID == good.ID {
		t.Errorf("two receipts, one id: %v", err)
	}

	for _, f := range []attesttest.ReceiptFault{attesttest.ReceiptOtherKey, attesttest.ReceiptAlgNone, attesttest.ReceiptEdDSA, attesttest.ReceiptAltered} {
		if _, err := openReceipt(t, e, request, response, f); err == nil {
			t.Errorf("%s: it verifies", f)
		}
	}
	for f, spoil := range map[attesttest.ReceiptFault]func(*claims){
		attesttest.ReceiptNoID:      func(c *claims) { c.ID = "" },
		attesttest.ReceiptFutureIAT: func(c *claims) { c.IssuedAt += 3600 },
		attesttest.ReceiptRequest:   func(c *claims) { c.Request = digest([]byte("attesttest another request")) },
		attesttest.ReceiptResponse:  func(c *claims) { c.Response = digest([]byte("attesttest another response")) },
	} {
		want := good
		spoil(&want)
		got, err := openReceipt(t, e, request, response, f)
		want.Router, got.Router, want.Provider, got.Provider = nil, nil, nil, nil
		if err != nil || got != want {
			t.Errorf("%s: %v: got %+v, want %+v", f, err, got, want)
		}
	}
}
