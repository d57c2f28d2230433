package jws_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/jws"
)

// Published examples, next to exampleKey and exampleMessage.
const (
	// RFC 7515 appendix A.3, without d of the key; A.1 and A.2 share its payload.
	rfc7515Key = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",` +
		`"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	rfc7515Payload = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	rfc7515ES256   = "eyJhbGciOiJFUzI1NiJ9" + rfc7515Payload +
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	rfc7515HS256 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + rfc7515Payload + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfc7515RS256 = "eyJhbGciOiJSUzI1NiJ9" + rfc7515Payload +
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" +
		"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" +
		"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)

func TestPublishedExamples(t *testing.T) {
	ed, ec := must(jws.ParseJWK([]byte(exampleKey))), must(jws.ParseJWK([]byte(rfc7515Key)))
	if got, err := open([]byte(exampleMessage), bundle, ed); err != nil || string(got) != "Example of Ed25519 signing" {
		t.Errorf("RFC 8037 A.4: %q, %v", got, err)
	}
	const claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
	if got, err := open([]byte(rfc7515ES256), receipt, ec); err != nil || string(got) != claims {
		t.Errorf("RFC 7515 A.3: %q, %v", got, err)
	}
	for _, kind := range []jws.Kind{bundle, receipt} {
		for _, compact := range []string{rfc7515HS256, rfc7515RS256} {
			_, err := open([]byte(compact), kind, ed, ec)
			checkError(t, err, "JWS-08")
		}
	}
	_, err := open([]byte(rfc7515ES256), bundle, ed, ec)
	checkError(t, err, "JWS-08")
	_, err = open([]byte(exampleMessage), receipt, ed, ec)
	checkError(t, err, "JWS-08")
	_, err = open([]byte(exampleMessage), bundle, edKey)
	checkError(t, err, "JWS-10")
}

// Lesson: the signature is over what was received, not over what a reader made
// of it.
func TestSignedAsReceived(t *testing.T) {
	for _, header := range []string{"{ \"alg\":\"EdDSA\"}", `{"typ":"JWT","alg":"EdDSA"}`, `{"alg":"\u0045dDSA"}`} {
		compact := token(header, " {}\n", signEd)
		if _, err := open(compact, bundle, edKey); err != nil {
			t.Errorf("%s: %v", header, err)
		}
		tail := compact[bytes.LastIndexByte(compact, '.'):]
		other := append([]byte(b64([]byte(plain))+"."+b64([]byte("{}"))), tail...)
		_, err := open(other, bundle, edKey)
		checkError(t, err, "JWS-10")
	}
	// Of RFC 7797: over the payload as it is.
	unencoded := b64([]byte(plain)) + "." + text
	compact := b64([]byte(plain)) + "." + b64([]byte(text)) + "." + b64(signEd([]byte(unencoded)))
	_, err := open([]byte(compact), bundle, edKey)
	checkError(t, err, "JWS-10")
}

// Lesson: a key is only ever used for its own algorithm, whoever signed.
func TestKeysOfTheOtherAlgorithm(t *testing.T) {
	_, err := open(token(`{"alg":"ES256"}`, text, signEd), receipt, edKey, ecKey)
	checkError(t, err, "JWS-10")
	_, err = open(token(`{"alg":"EdDSA"}`, text, signEC), bundle, ecKey, edKey)
	checkError(t, err, "JWS-10")
}

func TestVerifyIndex(t *testing.T) {
	m := must(jws.Parse(token(`{"alg":"EdDSA","kid":"0"}`, text, signEd), bundle))
	for _, tt := range []struct {
		keys []jws.Key
		want int
	}{
		{[]jws.Key{edKey}, 0},
		{[]jws.Key{{}, ecKey, edOtherKey, edKey, edKey}, 3}, // kid selects nothing
		{[]jws.Key{edOtherKey, ecKey}, -1},
	} {
		if payload, got, err := m.Verify(tt.keys...); got != tt.want || (err == nil) != (tt.want >= 0) || (payload != nil) != (err == nil) {
			t.Errorf("got %d, %q, %v, want %d", got, payload, err, tt.want)
		}
	}
}

// Lesson: S and S+L are the same modulo L, and one of them must be refused.
func TestEd25519Malleability(t *testing.T) {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	added := func(n int64) signer {
		return func(message []byte) []byte {
			sig := signEd(message)
			slices.Reverse(sig[32:])
			s := new(big.Int).SetBytes(sig[32:])
			s.Add(s, new(big.Int).Mul(order, big.NewInt(n)))
			s.FillBytes(sig[32:])
			slices.Reverse(sig[32:])
			return sig
		}
	}
	if _, err := open(token(plain, text, added(0)), bundle, edKey); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 14; n++ { // S+15L need not fit 32 bytes
		_, err := open(token(plain, text, added(n)), bundle, edKey)
		checkError(t, err, "JWS-10")
	}
}

func TestES256Signature(t *testing.T) {
	n := elliptic.P256().Params().N
	plus1 := new(big.Int).Add(n, big.NewInt(1))
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	with := func(change func(r, s *big.Int) (*big.Int, *big.Int)) signer {
		return func(message []byte) []byte {
			sig := signEC(message)
			r, s := change(new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	const header = `{"alg":"ES256"}`

	// ECDSA does not ask for the lower s; RFC 7518 neither.
	for range 2 {
		for _, sign := range []signer{signEC, with(func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(n, s) })} {
			if _, err := open(token(header, text, sign), receipt, ecKey); err != nil {
				t.Errorf("s and n-s: %v", err)
			}
		}
	}

	// Lesson: r = s = 0 verified everything; both must lie in [1, n-1].
	for name, v := range map[string]*big.Int{"0": new(big.Int), "n": n, "n+1": plus1, "2^256-1": most} {
		for what, change := range map[string]func(r, s *big.Int) (*big.Int, *big.Int){
			"r":     func(_, s *big.Int) (*big.Int, *big.Int) { return v, s },
			"s":     func(r, _ *big.Int) (*big.Int, *big.Int) { return r, v },
			"r,s":   func(_, _ *big.Int) (*big.Int, *big.Int) { return v, v },
			"r=1,s": func(_, _ *big.Int) (*big.Int, *big.Int) { return big.NewInt(1), v },
		} {
			_, err := open(token(header, text, with(change)), receipt, ecKey)
			t.Run(what+"="+name, func(t *testing.T) { checkError(t, err, "JWS-10") })
		}
	}
	swapped := with(func(r, s *big.Int) (*big.Int, *big.Int) { return s, r })
	_, err := open(token(header, text, swapped), receipt, ecKey)
	checkError(t, err, "JWS-10")

	// Lesson: r and s are 32 bytes each, not DER, never shortened.
	der := func(message []byte) []byte {
		digest := sha256.Sum256(message)
		return must(ecdsa.SignASN1(rand.Reader, ecPrivate, digest[:]))
	}
	short := func(message []byte) []byte { return signEC(message)[1:] }
	long := func(message []byte) []byte { return append([]byte{0}, signEC(message)...) }
	for name, sign := range map[string]signer{"DER": der, "63 bytes": short, "65 bytes": long} {
		_, err := open(token(header, text, sign), receipt, ecKey)
		t.Run(name, func(t *testing.T) { checkError(t, err, "JWS-05") })
	}
	// A signature in DER, cut or filled up to the right size.
	fit := func(message []byte) []byte { return append(der(message), make([]byte, 64)...)[:64] }
	_, err = open(token(header, text, fit), receipt, ecKey)
	checkError(t, err, "JWS-10")
}

// What is signed verifies with the same payload, whatever else the header has;
// with another key it does not.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 1, 1024).Draw(t, "payload")
		kid := rapid.StringMatching(`[ -!#-\[\]-~]{0,256}`).Draw(t, "kid")
		members := []string{`"kid":"` + kid + `"`}
		for name, value := range rapid.MapOfN(rapid.StringMatching(`z[a-z0-9]{0,8}`),
			rapid.SampledFrom([]string{`null`, `1.5e3`, `"x"`, `[[]]`, `{"alg":"none"}`}), 0, 5).Draw(t, "members") {
			members = append(members, `"`+name+`":`+value)
		}
		if typ := rapid.SampledFrom([]string{"", "JWT"}).Draw(t, "typ"); typ != "" {
			members = append(members, `"typ":"`+typ+`"`)
		}
		kind, sign, key, other := bundle, signer(signEd), edKey, edOtherKey
		if rapid.Bool().Draw(t, "ES256") {
			kind, sign, key, other = receipt, signEC, ecKey, must(jws.ParseJWK([]byte(rfc7515Key)))
		}
		members = append(members, `"alg":"`+kind.Algorithm.String()+`"`)
		header := "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), ",") + "}"

		m, err := jws.Parse(token(header, string(payload), sign), kind)
		if err != nil {
			t.Fatal(err)
		}
		got, index, err := m.Verify(other, key)
		if err != nil || index != 1 || !bytes.Equal(got, payload) || m.KeyID() != kid || !bytes.Equal(m.UnverifiedPayload(), payload) {
			t.Fatalf("%s, %d, %v", hex.EncodeToString(got), index, err)
		}
		if _, _, err := m.Verify(other); err == nil {
			t.Fatal("another key made it, too")
		}
	})
}
