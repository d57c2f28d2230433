package jws

import (
	"github.com/tresorhq/attest/internal/strictjson"
)

// Limits of a key set.
const (
	maxJWKS = 64 << 10 // bytes
	maxKeys = 64
)

var jwkNames = []string{
	"kty", "crv", "x", "y", "kid", "use", "key_ops", "alg",
	"d", "k", "p", "q", "dp", "dq", "qi", "oth", // private or symmetric: refused
}

// ParseJWK reads one public key: RFC 7517, of type OKP with curve Ed25519 (RFC
// 8037) or EC with curve P-256 (RFC 7518 section 6.2). use, when present, must
// be "sig"; key_ops, when present, must be ["verify"]; alg, when present, must be
// that of the curve. Private and symmetric keys are refused. Other members are
// ignored. The error is an *Error.
func ParseJWK(data []byte) (Key, error) {
	var k Key
	var bad error
	err := strictjson.Decode(data, maxJWKS, jwkNames, func(o *strictjson.Object) { k, bad = readJWK(o) })
	if err != nil {
		return Key{}, fromJSON("JWK-06", "key", err)
	}
	if bad != nil {
		return Key{}, bad
	}
	return k, nil
}

// ParseJWKS reads a key set of 1 to 64 keys, each as in ParseJWK and with a kid
// of its own. One key that is no good, or a kid that stands twice, refuses all.
func ParseJWKS(data []byte) ([]Key, error) {
	var keys []Key
	var bad error
	err := strictjson.Decode(data, maxJWKS, []string{"keys"}, func(o *strictjson.Object) {
		seen := map[string]bool{}
		for _, v := range o.Required("keys").Array(1, maxKeys) {
			k, err := readJWK(v.Object(jwkNames...))
			if err == nil && (k.id == "" || seen[k.id]) {
				err = &Error{Rule: "JWK-10", Field: "keys.kid", Expected: "a kid of its own for each key", Actual: strictjson.Quote(k.id)}
			}
			if err != nil && bad == nil {
				bad = err
			}
			seen[k.id] = true
			keys = append(keys, k)
		}
	})
	if err != nil {
		return nil, fromJSON("JWK-06", "key set", err)
	}
	if bad != nil {
		return nil, bad
	}
	return keys, nil
}

// curves are the key types that are known.
var curves = []struct {
	kty, crv, alg string
}{
	{"OKP", "Ed25519", "EdDSA"},
	{"EC", "P-256", "ES256"},
}

func readJWK(o *strictjson.Object) (Key, error) {
	for _, name := range jwkNames[8:] {
		if o.Has(name) {
			return Key{}, &Error{Rule: "JWK-07", Field: "key." + name, Expected: "a public key", Actual: "a private or symmetric one; it must be treated as leaked"}
		}
	}
	kty, crv := o.Required("kty").NonEmpty(), o.Required("crv").NonEmpty()
	alg := ""
	for _, c := range curves {
		if c.kty == kty && c.crv == crv {
			alg = c.alg
		}
	}
	if alg == "" {
		return Key{}, &Error{Rule: "JWK-08", Field: "key.kty, key.crv", Expected: "OKP with Ed25519 or EC with P-256", Actual: strictjson.Quote(kty) + " with " + strictjson.Quote(crv)}
	}
	if err := checkUse(o, alg); err != nil {
		return Key{}, err
	}
	x := o.Required("x").Base64URL()
	var k Key
	var err error
	if kty == "OKP" {
		if o.Has("y") {
			return Key{}, &Error{Rule: "JWK-08", Field: "key.y", Expected: "no such member", Actual: "one"}
		}
		k, err = NewEd25519Key(x)
	} else {
		y := o.Required("y").Base64URL()
		if len(x) != 32 || len(y) != 32 {
			return Key{}, &Error{Rule: "JWK-05", Field: "key.x, key.y", Expected: "32 bytes each", Actual: "another length"}
		}
		k, err = newP256Key(x, y)
	}
	if err != nil {
		return Key{}, err
	}
	if v, ok := o.Optional("kid"); ok {
		k.id = v.NonEmpty()
	}
	return k, nil
}

// checkUse refuses a key that is said to be for something else.
func checkUse(o *strictjson.Object, alg string) error {
	wrong := func(name, expected, actual string) error {
		return &Error{Rule: "JWK-09", Field: "key." + name, Expected: expected, Actual: strictjson.Quote(actual)}
	}
	if v, ok := o.Optional("alg"); ok {
		if s := v.Text(); s != alg {
			return wrong("alg", alg, s)
		}
	}
	if v, ok := o.Optional("use"); ok {
		if s := v.Text(); s != "sig" {
			return wrong("use", "sig", s)
		}
	}
	if v, ok := o.Optional("key_ops"); ok {
		ops := v.Set(1, 8)
		for _, op := range ops {
			if s := op.Text(); s != "verify" {
				return wrong("key_ops", "verify", s)
			}
		}
	}
	return nil
}
