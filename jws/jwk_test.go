package jws_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

func TestParseJWK(t *testing.T) {
	x := jws.Raw(edKey)
	px, py := ecPoint[1:33], ecPoint[33:]
	ed := func(more string) string { return edJWK(x, more) }
	ec := func(more string) string { return ecJWK(px, py, more) }
	other := append([]byte{}, py...)
	other[31] ^= 1
	filled := func(text string, size int) string {
		return text[:len(text)-1] + `,"z":"` + strings.Repeat("z", size-len(text)-len(`,"z":""`)) + `"}`
	}

	for _, tt := range []struct {
		name, jwk, rule string // no rule: accepted
	}{
		{"Ed25519", ed(""), ""},
		{"P-256", ec(""), ""},
		{"all members, Ed25519", ed(`,"kid":"a","use":"sig","key_ops":["verify"],"alg":"EdDSA"`), ""},
		{"all members, P-256", ec(`,"kid":"a","use":"sig","key_ops":["verify"],"alg":"ES256"`), ""},
		{"unknown members", ed(`,"x5c":["AA=="],"exp":1.5,"ext":null,"e":"AQAB","n":"AQAB"`), ""},
		{"64 KiB", filled(ed(""), 64<<10), ""},

		{"64 KiB and a byte", filled(ed(""), 64<<10+1), "JWK-06"},
		{"empty", "", "JWK-06"},
		{"a key set", `{"keys":[` + ed("") + `]}`, "JWK-06"},
		{"member twice", ed(`,"crv":"Ed25519"`), "JWK-06"},
		{"member in other case", ed(`,"Kty":"OKP"`), "JWK-06"},
		{"private member in other case", ed(`,"D":"AA"`), "JWK-06"},
		{"bytes behind", ed("") + "x", "JWK-06"},
		{"no kty", `{"crv":"Ed25519"}`, "JWK-06"},
		{"kty is null", `{"kty":null}`, "JWK-06"},
		{"no crv", `{"kty":"OKP"}`, "JWK-06"},
		{"no x", `{"kty":"OKP","crv":"Ed25519"}`, "JWK-06"},
		{"no y", `{"kty":"EC","crv":"P-256","x":"` + b64(px) + `"}`, "JWK-06"},
		{"x is empty", `{"kty":"OKP","crv":"Ed25519","x":""}`, "JWK-06"},
		{"x padded", strings.Replace(ed(""), b64(x), b64(x)+"=", 1), "JWK-06"},
		{"x in standard base64", `{"kty":"OKP","crv":"Ed25519","x":"` + strings.Repeat("+/", 21) + `A"}`, "JWK-06"},
		{"x with trailing bits", `{"kty":"OKP","crv":"Ed25519","x":"` + strings.Repeat("B", 43) + `"}`, "JWK-06"},
		{"x with a line break", strings.Replace(ed(""), b64(x), b64(x)[:20]+`\n`+b64(x)[20:], 1), "JWK-06"},
		{"kid is empty", ed(`,"kid":""`), "JWK-06"},
		{"kid is a number", ed(`,"kid":1`), "JWK-06"},
		{"use is null", ed(`,"use":null`), "JWK-06"},
		{"key_ops is a string", ed(`,"key_ops":"verify"`), "JWK-06"},
		{"key_ops is empty", ed(`,"key_ops":[]`), "JWK-06"},
		{"key_ops has verify twice", ed(`,"key_ops":["verify","verify"]`), "JWK-06"},

		// Lesson: a private key in a public place must be noticed, not used.
		{"d", ed(`,"d":"AA"`), "JWK-07"},
		{"d is null", ed(`,"d":null`), "JWK-07"},
		{"d of P-256", ec(`,"d":"AA"`), "JWK-07"},
		{"symmetric", `{"kty":"oct","k":"AA"}`, "JWK-07"},
		{"private RSA", `{"kty":"RSA","n":"AQAB","e":"AQAB","p":"AA"}`, "JWK-07"},
		{"q", ed(`,"q":"AA"`), "JWK-07"},
		{"dp", ed(`,"dp":"AA"`), "JWK-07"},
		{"dq", ed(`,"dq":"AA"`), "JWK-07"},
		{"qi", ed(`,"qi":"AA"`), "JWK-07"},
		{"oth", ed(`,"oth":[]`), "JWK-07"},

		{"oct without k", `{"kty":"oct"}`, "JWK-08"},
		{"RSA", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, "JWK-08"},
		{"kty in other case", strings.Replace(ed(""), "OKP", "okp", 1), "JWK-08"},
		{"kty is empty", strings.Replace(ed(""), "OKP", "", 1), "JWK-08"},
		{"EC with Ed25519", strings.Replace(ed(""), "OKP", "EC", 1), "JWK-08"},
		{"OKP with P-256", strings.Replace(ec(""), `"EC"`, `"OKP"`, 1), "JWK-08"},
		{"Ed448", strings.Replace(ed(""), "Ed25519", "Ed448", 1), "JWK-08"},
		{"X25519", strings.Replace(ed(""), "Ed25519", "X25519", 1), "JWK-08"},
		{"P-384", strings.Replace(ec(""), "P-256", "P-384", 1), "JWK-08"},
		{"secp256k1", strings.Replace(ec(""), "P-256", "secp256k1", 1), "JWK-08"},

		// Lesson: a key is only good for what it says.
		{"alg of the other curve", ed(`,"alg":"ES256"`), "JWK-09"},
		{"alg ES384 with P-256", ec(`,"alg":"ES384"`), "JWK-09"},
		{"alg Ed25519", ed(`,"alg":"Ed25519"`), "JWK-09"},
		{"alg is empty", ed(`,"alg":""`), "JWK-09"},
		{"for encryption", ed(`,"use":"enc"`), "JWK-09"},
		{"use is empty", ed(`,"use":""`), "JWK-09"},
		{"for signing", ed(`,"key_ops":["sign"]`), "JWK-09"},
		{"for verifying and signing", ed(`,"key_ops":["verify","sign"]`), "JWK-09"},
		{"for encrypting", ec(`,"key_ops":["encrypt"]`), "JWK-09"},

		{"x of 31 bytes", edJWK(x[:31], ""), "JWK-01"},
		{"x of 33 bytes", edJWK(append([]byte{0}, x...), ""), "JWK-01"},
		{"x of p", edJWK(encode(prime, 0), ""), "JWK-02"},
		{"x of small order", edJWK(encode(big.NewInt(1), 0), ""), "JWK-03"},
		{"x off the curve", edJWK(encode(big.NewInt(2), 0), ""), "JWK-04"},
		{"y with Ed25519", ed(`,"y":"` + b64(py) + `"`), "JWK-12"},
		{"y with Ed25519, null", ed(`,"y":null`), "JWK-12"},

		// Lesson: coordinates are of fixed length.
		{"coordinates of 31 bytes", ecJWK(px[:31], py[:31], ""), "JWK-05"},
		{"coordinates of 31 and 33 bytes", ecJWK(px[:31], append([]byte{px[31]}, py...), ""), "JWK-05"},
		{"coordinates of 33 and 31 bytes", ecJWK(ecPoint[1:34], py[1:], ""), "JWK-05"},
		{"x of 33 bytes, zero first", ecJWK(append([]byte{0}, px...), py, ""), "JWK-05"},
		{"y of 33 bytes, zero first", ecJWK(px, append([]byte{0}, py...), ""), "JWK-05"},
		// Lesson: a point off the curve.
		{"P-256 off the curve", ecJWK(px, other, ""), "JWK-11"},
		{"coordinates swapped", ecJWK(py, px, ""), "JWK-11"},
		{"zero", ecJWK(make([]byte, 32), make([]byte, 32), ""), "JWK-11"},
		{"all ones", ecJWK([]byte(strings.Repeat("\xff", 32)), []byte(strings.Repeat("\xff", 32)), ""), "JWK-11"},

		// The order is that of the package documentation.
		{"JSON before secrets", `{"d":"AA"`, "JWK-06"},
		{"secrets before kty", `{"d":"AA"}`, "JWK-07"},
		{"kty before alg", `{"kty":"RSA","alg":"RS256","use":"enc"}`, "JWK-08"},
		{"crv before alg", strings.Replace(ed(`,"alg":"none"`), "Ed25519", "Ed448", 1), "JWK-08"},
		{"alg before use", ed(`,"use":"enc","alg":1`), "JWK-06"},
		{"use before x", edJWK(x[:31], `,"use":"enc"`), "JWK-09"},
		{"x before y", edJWK(x[:31], `,"y":"AA"`), "JWK-01"},
		{"x before kid", edJWK(x[:31], `,"kid":""`), "JWK-01"},
	} {
		k, err := jws.ParseJWK([]byte(tt.jwk))
		t.Run(tt.name, func(t *testing.T) {
			if tt.rule == "" {
				if err != nil || !k.Equal(edKey) && !k.Equal(ecKey) {
					t.Errorf("refused: %v", err)
				}
				return
			}
			checkError(t, err, tt.rule)
			if k.Algorithm() != 0 || k.ID() != "" || jws.Raw(k) != nil {
				t.Error("a key together with an error")
			}
		})
	}
	if k := must(jws.ParseJWK([]byte(ed(`,"kid":"a"`)))); k.ID() != "a" {
		t.Errorf("kid %q", k.ID())
	}
}

// Lesson: x ≥ p is a second encoding of x-p.
func TestP256CoordinateBelowPrime(t *testing.T) {
	// The point with x = 5, and the same with x + p, which has 256 bits.
	p, _ := new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	b, _ := new(big.Int).SetString("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16)
	x := big.NewInt(5)
	y := new(big.Int).Exp(x, big.NewInt(3), nil) // y² = x³ - 3x + b
	y.Sub(y, big.NewInt(15)).Add(y, b)
	if y = y.ModSqrt(y.Mod(y, p), p); y == nil {
		t.Fatal("no such point")
	}
	size := func(z *big.Int) []byte { return z.FillBytes(make([]byte, 32)) }
	if _, err := jws.ParseJWK([]byte(ecJWK(size(x), size(y), ""))); err != nil {
		t.Fatal(err)
	}
	_, err := jws.ParseJWK([]byte(ecJWK(size(x.Add(x, p)), size(y), "")))
	checkError(t, err, "JWK-11")
}

func TestParseJWKS(t *testing.T) {
	ed := func(more string) string { return edJWK(jws.Raw(edKey), more) }
	ec := func(more string) string { return ecJWK(ecPoint[1:33], ecPoint[33:], more) }
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	many := func(n int) string {
		var keys []string
		for i := range n {
			keys = append(keys, ed(fmt.Sprintf(`,"kid":"%d"`, i)))
		}
		return set(keys...)
	}
	a, b := ed(`,"kid":"a"`), ec(`,"kid":"b"`)

	for _, tt := range []struct {
		name, set, rule string
		n               int
	}{
		{"one", set(a), "", 1},
		{"two of different algorithms", set(a, b), "", 2},
		{"64", many(64), "", 64},
		{"unknown members", `{"a":1.5,"keys":[` + a + `],"b":null}`, "", 1},

		{"65", many(65), "JWK-06", 0},
		{"none", set(), "JWK-06", 0},
		{"keys is absent", `{}`, "JWK-06", 0},
		{"keys is null", `{"keys":null}`, "JWK-06", 0},
		{"keys is an object", `{"keys":` + a + `}`, "JWK-06", 0},
		{"keys twice", `{"keys":[` + a + `],"keys":[` + b + `]}`, "JWK-06", 0},
		{"Keys", `{"Keys":[` + a + `]}`, "JWK-06", 0},
		{"an array", `[` + a + `]`, "JWK-06", 0},
		{"a single key", a, "JWK-06", 0},
		{"a key is null", set(a, `null`), "JWK-06", 0},
		{"a key is a string", set(`"a"`, a), "JWK-06", 0},
		{"too large", set(a + strings.Repeat(" ", 64<<10)), "JWK-06", 0},
		{"very many of nothing", set(strings.TrimSuffix(strings.Repeat("{},", 20000), ",")), "JWK-06", 0},
		{"kid is empty", set(a, ec(`,"kid":""`)), "JWK-06", 0},
		// Lesson: one bad key refuses the set.
		{"private", set(a, ec(`,"kid":"b","d":"AA"`)), "JWK-07", 0},
		{"symmetric among public ones", set(a, `{"kty":"oct","kid":"c","k":"AA"}`), "JWK-07", 0},
		{"RSA among others", set(a, `{"kty":"RSA","kid":"c","n":"AQAB","e":"AQAB"}`), "JWK-08", 0},
		{"for encryption", set(a, ec(`,"kid":"b","use":"enc"`)), "JWK-09", 0},
		{"off the curve", set(a, ecJWK(ecPoint[33:], ecPoint[1:33], `,"kid":"b"`)), "JWK-11", 0},
		// Lesson: of two keys of one name, which one is meant?
		{"kid twice", set(a, b, ec(`,"kid":"a"`)), "JWK-10", 0},
		{"kid twice, once with an escape", set(a, ec(`,"kid":"\u0061"`)), "JWK-10", 0},
		{"no kid", set(a, ec("")), "JWK-10", 0},
		{"no kid, one key", set(ed("")), "JWK-10", 0},
	} {
		keys, err := jws.ParseJWKS([]byte(tt.set))
		t.Run(tt.name, func(t *testing.T) {
			if len(keys) != tt.n {
				t.Errorf("%d keys", len(keys))
			}
			if tt.rule != "" {
				checkError(t, err, tt.rule)
			} else if err != nil {
				t.Error(err)
			}
		})
	}

	keys := must(jws.ParseJWKS([]byte(set(a, b))))
	if keys[0].ID() != "a" || !keys[0].Equal(edKey) || keys[1].ID() != "b" || !keys[1].Equal(ecKey) {
		t.Errorf("%v", keys)
	}
}

// The error says which key of the set, and never what is secret in it.
func TestJWKErrors(t *testing.T) {
	const secret = "c2VjcmV0"
	_, err := jws.ParseJWKS([]byte(`{"keys":[` + edJWK(jws.Raw(edKey), `,"kid":"a"`) + `,{"kty":"oct","kid":"b","k":"` + secret + `"}]}`))
	var e *rule.Error
	if !errors.As(err, &e) || e.Where != "key set.keys[1].k" {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the message tells the secret: %v", err)
	}
	_, err = jws.ParseJWK([]byte(edJWK(make([]byte, 31), "")))
	if !errors.As(err, &e) || e.Where != "key.x" {
		t.Errorf("%v", err)
	}
}

// Words are compared as a whole: near misses are refused, not only other words.
func TestNearMisses(t *testing.T) {
	x := base64.RawURLEncoding.EncodeToString(ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))
	for members, want := range map[string]string{
		`"crv":"Ed2551"`:                          "JWK-08",
		`"crv":"d25519"`:                          "JWK-08",
		`"crv":"Ed255190"`:                        "JWK-08",
		`"crv":"xEd25519"`:                        "JWK-08",
		`"crv":"Ed25519","use":"si"`:              "JWK-09",
		`"crv":"Ed25519","use":"ig"`:              "JWK-09",
		`"crv":"Ed25519","use":"sign"`:            "JWK-09",
		`"crv":"Ed25519","use":"xsig"`:            "JWK-09",
		`"crv":"Ed25519","alg":"EdDS"`:            "JWK-09",
		`"crv":"Ed25519","key_ops":["verifying"]`: "JWK-09",
	} {
		_, err := jws.ParseJWK([]byte(`{"kty":"OKP",` + members + `,"x":"` + x + `"}`))
		checkError(t, err, want)
	}
}

// Keys that share most of their bytes are not equal.
func TestEqualNearMisses(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	word := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	ec := func(y *big.Int) jws.Key {
		k, err := jws.ParseJWK([]byte(`{"kty":"EC","crv":"P-256","x":"` + word(p256.X.FillBytes(make([]byte, 32))) + `","y":"` + word(y.FillBytes(make([]byte, 32))) + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if other := new(big.Int).Sub(elliptic.P256().Params().P, p256.Y); ec(p256.Y).Equal(ec(other)) || !ec(p256.Y).Equal(ec(p256.Y)) {
		t.Error("the same x with the other y")
	}
	raw := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	one, err := jws.NewEd25519Key(raw)
	if err != nil {
		t.Fatal(err)
	}
	for raw[0]++; ; raw[0]++ { // about every second y is one of a point
		if other, err := jws.NewEd25519Key(raw); err == nil {
			if one.Equal(other) {
				t.Error("all but the first byte")
			}
			break
		}
	}
}

// The types of a Kind are not changed by a refusal.
func TestTypesAreKept(t *testing.T) {
	types := make([]string, 1, 4)
	types[0] = "JWT"
	header := word64(`{"alg":"EdDSA","typ":"x"}`)
	if _, err := jws.Parse([]byte(header+".e30."+word64(strings.Repeat("s", 64))), jws.Kind{Algorithm: jws.EdDSA, Types: types, MaxPayload: 10}); err == nil {
		t.Fatal("accepted")
	}
	if types[:2][1] != "" {
		t.Errorf("got %q", types[:2])
	}
}

func word64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
