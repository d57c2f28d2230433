package jws_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// checkRefusal wants an error that is fit to be shown.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Rule == "" || len(err.Error()) > 1000 {
		t.Fatalf("bad refusal: %v", err)
	}
}

// What is accepted is three segments that encode to the same bytes again, with
// a header in which encoding/json sees the same; and the signature holds
// exactly when the primitive says so.
func FuzzParse(f *testing.F) {
	f.Add(token(plain, text, signEd))
	f.Add(token(`{"alg":"EdDSA","typ":"JWT","kid":"a"}`, text, signEd))
	f.Add(token(`{"alg":"none"}`, text, signEd))
	f.Add(token(`{"\u0061lg":"EdDSA","x":[1.5]}`, "\x00", signEd))
	f.Add([]byte(exampleMessage))
	f.Add([]byte(rfc7515ES256))
	f.Add([]byte("..."))
	f.Fuzz(func(t *testing.T, compact []byte) {
		m, err := jws.Parse(compact, bundle)
		if err != nil {
			if checkRefusal(t, err); m != nil {
				t.Fatal("a message together with an error")
			}
			return
		}
		segments := strings.Split(string(compact), ".")
		var decoded [3][]byte
		if len(segments) != len(decoded) {
			t.Fatalf("%d segments", len(segments))
		}
		for i, s := range segments {
			b, err := base64.RawURLEncoding.DecodeString(s)
			if err != nil || len(b) == 0 || b64(b) != s {
				t.Fatalf("segment %d: %q", i, s)
			}
			decoded[i] = b
		}
		var header map[string]any
		if err := json.Unmarshal(decoded[0], &header); err != nil || header["alg"] != "EdDSA" {
			t.Fatalf("header %q: %v", decoded[0], err)
		}
		for _, name := range []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"} {
			if _, there := header[name]; there {
				t.Fatalf("header has %s", name)
			}
		}
		if typ, there := header["typ"]; there && typ != "JWT" && typ != "trust-bundle+jwt" {
			t.Fatalf("typ %v", typ)
		}
		if kid, _ := header["kid"].(string); kid != m.KeyID() {
			t.Fatalf("kid %q, not %q", m.KeyID(), kid)
		}
		if !bytes.Equal(m.UnverifiedPayload(), decoded[1]) {
			t.Fatalf("payload %q", m.UnverifiedPayload())
		}
		want := ed25519.Verify(jws.Raw(edKey), []byte(segments[0]+"."+segments[1]), decoded[2])
		if _, _, err := m.Verify(ecKey, edKey); (err == nil) != want {
			t.Fatalf("%v, want verified: %v", err, want)
		}
	})
}

// checkKey wants a point of a curve, and the same key from what it says.
func checkKey(t *testing.T, k jws.Key) {
	t.Helper()
	raw := jws.Raw(k)
	var again string
	switch k.Algorithm() {
	case jws.EdDSA:
		checkAgainstCurve(t, raw)
		again = edJWK(raw, "")
	case jws.ES256:
		if _, err := ecdh.P256().NewPublicKey(raw); err != nil || len(raw) != 65 {
			t.Fatalf("%x: %v", raw, err)
		}
		again = ecJWK(raw[1:33], raw[33:], "")
	default:
		t.Fatal("a key for nothing")
	}
	if l, err := jws.ParseJWK([]byte(again)); err != nil || !l.Equal(k) {
		t.Fatalf("%s: %v", again, err)
	}
}

func FuzzParseJWK(f *testing.F) {
	for _, s := range []string{exampleKey, rfc7515Key, edJWK(jws.Raw(edKey), `,"kid":"a","use":"sig","key_ops":["verify"],"alg":"EdDSA","z":1.5`),
		edJWK(encode(prime, 1), ""), edJWK(make([]byte, 31), ""), `{"kty":"oct","k":"AA"}`, `{"kty":"RSA"}`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := jws.ParseJWK(data)
		if err != nil {
			if checkRefusal(t, err); k.Algorithm() != 0 || k.ID() != "" || jws.Raw(k) != nil {
				t.Fatal("a key together with an error")
			}
			return
		}
		checkKey(t, k)
	})
}

func FuzzParseJWKS(f *testing.F) {
	a, b := edJWK(jws.Raw(edKey), `,"kid":"a"`), ecJWK(ecPoint[1:33], ecPoint[33:], `,"kid":"b"`)
	for _, s := range []string{a, a + "," + b, a + "," + a, "", exampleKey} {
		f.Add([]byte(`{"keys":[` + s + `]}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := jws.ParseJWKS(data)
		if err != nil {
			if checkRefusal(t, err); keys != nil {
				t.Fatal("keys together with an error")
			}
			return
		}
		// encoding/json sees as many keys, of the same names.
		var set struct{ Keys []struct{ Kid string } }
		if err := json.Unmarshal(data, &set); err != nil || len(set.Keys) != len(keys) || len(keys) == 0 || len(keys) > 64 {
			t.Fatalf("%d keys: %v", len(keys), err)
		}
		seen := map[string]bool{}
		for i, k := range keys {
			if k.ID() == "" || seen[k.ID()] || k.ID() != set.Keys[i].Kid {
				t.Fatalf("kid %q of key %d", k.ID(), i)
			}
			seen[k.ID()] = true
			checkKey(t, k)
		}
	})
}
