package receipt_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
)

var (
	now      = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	request  = []byte(`{"messages":[]}`)
	response = []byte(`{"choices":[]}`)
)

// signer makes receipts with a P-256 key of its own, by the standard library.
var signer = func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}()

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func sign(header, payload string) []byte {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, signer, digest[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return []byte(signed + "." + b64(signature))
}

func jwkOf(key *ecdsa.PublicKey, kid string) map[string]any {
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func keySet(t testing.TB, keys ...map[string]any) []jws.Key {
	t.Helper()
	set, err := jws.ParseJWKS(encode(map[string]any{"keys": keys}))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// plain are the claims of a good receipt.
var plain = map[string]any{
	"jti": "rcpt-1", "iat": now.Unix(), "requested_route": "auto", "routed_model": "m",
	"router_attestation": map[string]any{"workload": "router"}, "inference_attestation": "none",
}

func with(name string, value any) string {
	c := maps.Clone(plain)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return string(encode(c))
}

func verifier(t testing.TB, c receipt.Config) *receipt.Verifier {
	t.Helper()
	v, err := receipt.NewVerifier(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// kit returns a verifier for the receipts of an enclave.
func kit(t testing.TB, e *attesttest.Enclave) *receipt.Verifier {
	t.Helper()
	_, jwks := e.Receipt(request, response)
	keys, err := jws.ParseJWKS(jwks)
	if err != nil {
		t.Fatal(err)
	}
	return verifier(t, receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}})
}

func enclave(t testing.TB, spoil ...attesttest.Fault) *attesttest.Enclave {
	t.Helper()
	e, err := attesttest.New(attesttest.Config{Seed: "receipt", Now: now}, spoil...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// refused wants no result, and an error of this type by this rule.
func refused(t *testing.T, r *receipt.Result, err error, kind, rule string) {
	t.Helper()
	var a attest.AttestationError
	if r != nil || !errors.As(err, &a) || attest.ErrorType(a) != kind || a.Requirement() != rule {
		t.Errorf("got %T %v, want %s by %s", err, err, kind, rule)
	}
}

// order is that of P-256.
var order = elliptic.P256().Params().N

func withSignature(compact []byte, r, s *big.Int) []byte {
	i := len(compact) - 86
	return append(compact[:i:i], b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))...)
}
