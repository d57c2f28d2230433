package jws

import (
	"fmt"
	"slices"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Limits of a key set.
const (
	maxJWKS = 64 << 10 // bytes
	maxKeys = 64
	maxOps  = 8
)

// secret are the members of private and symmetric keys: RFC 7518 sections
// 6.2.2, 6.3.2 and 6.4, RFC 8037 section 2.
var secret = []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"}

var jwkNames = slices.Concat([]string{"kty", "crv", "alg", "use", "key_ops", "x", "y", "kid"}, secret)

// keyTypes has the only curve of each kty.
var keyTypes = map[string]struct {
	curve     string
	algorithm Algorithm
}{
	"OKP": {"Ed25519", EdDSA},
	"EC":  {"P-256", ES256},
}

// ParseJWK reads one public key: RFC 7517, of type OKP with curve Ed25519 (RFC
// 8037) or EC with curve P-256 (RFC 7518 section 6.2). use, when present, must
// be "sig"; key_ops, when present, must be ["verify"]; alg, when present, must be
// that of the curve. Private and symmetric keys are refused. Other members are
// ignored. The error is a *rule.Error; members are checked in the order of the
// package documentation.
func ParseJWK(data []byte) (Key, error) {
	var k Key
	err := strictjson.Decode(data, maxJWKS, jwkNames, func(o *strictjson.Object) { k = readJWK(o) })
	if err != nil {
		return Key{}, fromJSON("JWK-06", "key", err)
	}
	return k, nil
}

// ParseJWKS reads a key set of 1 to 64 keys, each as in ParseJWK and with a kid
// of its own. One key that is no good, or a kid that stands twice, refuses all.
func ParseJWKS(data []byte) ([]Key, error) {
	var keys []Key
	err := strictjson.Decode(data, maxJWKS, []string{"keys"}, func(o *strictjson.Object) {
		for _, v := range o.Required("keys").Array(1, maxKeys) {
			k := readJWK(v.Object(jwkNames...))
			if k.id == "" {
				v.Fail("JWK-10", "a key with a kid", "one without")
			}
			if slices.ContainsFunc(keys, func(l Key) bool { return l.id == k.id }) {
				v.Fail("JWK-10", "a key with a kid of its own", strictjson.Quote(k.id)+" again")
			}
			keys = append(keys, k)
		}
	})
	if err != nil {
		return nil, fromJSON("JWK-06", "key set", err)
	}
	return keys, nil
}

// readJWK reads a key, which is good only when nothing of o has failed.
func readJWK(o *strictjson.Object) Key {
	for _, name := range secret {
		if v, ok := o.Optional(name); ok {
			v.Fail("JWK-07", "no such member in a public key", "one: take the secret for leaked")
		}
	}
	kty := o.Required("kty")
	t, ok := keyTypes[kty.Text()]
	if !ok {
		kty.Fail("JWK-08", "OKP or EC", strictjson.Quote(kty.Text()))
		return Key{}
	}
	if crv := o.Required("crv"); crv.Text() != t.curve {
		crv.Fail("JWK-08", t.curve, strictjson.Quote(crv.Text()))
	}
	checkUse(o, t.algorithm)
	k := readPoint(o, t.algorithm)
	if kid, ok := o.Optional("kid"); ok {
		k.id = kid.NonEmpty()
	}
	return k
}

// checkUse refuses a key that is said to be for something else.
func checkUse(o *strictjson.Object, algorithm Algorithm) {
	only := func(v strictjson.Value, word string) {
		if s := v.Text(); s != word {
			v.Fail("JWK-09", word, strictjson.Quote(s))
		}
	}
	if alg, ok := o.Optional("alg"); ok {
		only(alg, algorithm.String())
	}
	if use, ok := o.Optional("use"); ok {
		only(use, "sig")
	}
	if ops, ok := o.Optional("key_ops"); ok {
		for _, op := range ops.Set(1, maxOps) {
			only(op, "verify")
		}
	}
}

// readPoint reads the public key itself.
func readPoint(o *strictjson.Object, algorithm Algorithm) Key {
	x := o.Required("x")
	var k Key
	var bad *rule.Error
	switch algorithm {
	case ES256:
		k, bad = newP256Key(coordinate(x), coordinate(o.Required("y")))
	case EdDSA:
		k, bad = newEd25519Key(x.Base64URL())
	}
	if bad != nil {
		x.Fail(bad.Rule, bad.Expected, bad.Actual)
	}
	if y, ok := o.Optional("y"); ok && algorithm == EdDSA {
		y.Fail("JWK-12", "no such member with this kty", "one")
	}
	return k
}

// coordinate reads a coordinate of P-256, which is never shortened: RFC 7518
// section 6.2.1.2. Checking x and y together would let 31 and 33 bytes pass, cut
// in the wrong place.
func coordinate(v strictjson.Value) (c [32]byte) {
	b := v.Base64URL()
	if len(b) != len(c) {
		v.Fail("JWK-05", "32 bytes", fmt.Sprintf("%d bytes", len(b)))
		return c
	}
	return [32]byte(b)
}
