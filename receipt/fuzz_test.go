package receipt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/receipt"
)

var otherKey = func() *ecdsa.PublicKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return &key.PublicKey
}()

// What is read of a payload is what encoding/json reads, and a refusal has a rule.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(with("x", 1.5)))
	f.Add([]byte(with("request_digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")))
	f.Add([]byte(with("router_attestation", map[string]any{"trust_bundle_jws": "a.b.c", "workload": "w"})))
	f.Add([]byte(with("Jti", "x")))
	f.Add([]byte(`{"iat":-0}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		texts, iat, err := receipt.ParseClaims(payload)
		if err != nil {
			if attest.ErrorType(err) != "ReceiptInvalidError" || err.(attest.AttestationError).Requirement() == "" || texts != nil {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		var all map[string]any
		dec := json.NewDecoder(bytes.NewReader(payload))
		dec.UseNumber()
		if err := dec.Decode(&all); err != nil {
			t.Fatal(err)
		}
		if router, ok := all["router_attestation"].(map[string]any); ok {
			all["trust_bundle_jws"], all["workload"] = router["trust_bundle_jws"], router["workload"]
		}
		for name, text := range texts {
			if want, _ := all[name].(string); text != want && (name != "trust_bundle_jws" && name != "workload" || text != "") {
				t.Fatalf("%s: %q, not %q", name, text, want)
			}
		}
		if n, err := all["iat"].(json.Number).Int64(); err != nil || n != iat {
			t.Fatalf("iat %d, %v", iat, all["iat"])
		}
		if all["jti"] == "" || all["image_digest"] != nil {
			t.Fatalf("accepted: %s", payload)
		}
	})
}

// Whatever comes as a receipt is refused with a rule: nobody can sign.
func FuzzVerify(f *testing.F) {
	good := sign(header, with("x", 1))
	f.Add(good)
	f.Add(encode(map[string]any{"id": "rcpt-1", "receipt": string(good)}))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(otherKey, "k"))})
		r, err := v.Verify(receipt.Evidence{Receipt: data}, now)
		if a, ok := err.(attest.AttestationError); r != nil || !ok || a.Requirement() == "" || len(err.Error()) > 2000 {
			t.Fatalf("%v", err)
		}
	})
}

// Every receipt that is signed is accepted and says what it said; with one bit
// another it is refused.
func TestSignedIsRead(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"))})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 40, -1)
		claims := map[string]any{
			"jti": text.Draw(t, "jti"), "iat": rapid.Int64Range(0, now.Unix()+300).Draw(t, "iat"),
			"requested_route": text.Draw(t, "route"), "routed_model": text.Draw(t, "model"),
			"router_attestation": text.Draw(t, "router"), "inference_attestation": map[string]any{"nonce": rapid.Float64Range(-1e9, 1e9).Draw(t, "float")},
			"zz" + rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "name"): rapid.SampledFrom([]any{nil, true, 1e300, []any{}}).Draw(t, "other"),
		}
		compact := sign(header, string(encode(claims)))
		data := compact
		if rapid.Bool().Draw(t, "wrapped") {
			data = encode(map[string]any{"id": claims["jti"], "receipt": string(compact)})
		}
		r, err := v.Verify(receipt.Evidence{Receipt: data}, now)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != claims["jti"] || r.IssuedAt.Unix() != claims["iat"] || r.RequestedRoute != claims["requested_route"] || r.RoutedModel != claims["routed_model"] {
			t.Fatalf("%+v", r)
		}
		i := rapid.IntRange(0, len(compact)-1).Draw(t, "byte")
		compact[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if r, err := v.Verify(receipt.Evidence{Receipt: compact}, now); r != nil || err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
	})
}
