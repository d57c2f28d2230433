package jws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
)

// refused are header members that change what is signed, or that bring a key.
var refused = []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}

var headerNames = slices.Concat([]string{"alg", "typ", "kid"}, refused)

// readHeader checks the header and returns its kid and, where it is read, its
// typ. The first error wins: of the JSON text and the types of alg, typ and kid, then
// of the members that are refused, alg, typ, kid.
func readHeader(header []byte, kind Kind) (keyID, typ string, err error) {
	err = strictjson.Decode(header, maxHeader, headerNames, func(o *strictjson.Object) {
		alg := o.Required("alg")
		algorithm := alg.Text()
		typMember, _ := o.Optional("typ")
		if kind.IgnoreType {
			typMember = strictjson.Value{}
		}
		typ = typMember.Text()
		kid, _ := o.Optional("kid")
		keyID = kid.Text()
		for _, name := range refused {
			if v, ok := o.Optional(name); ok {
				v.Fail("JWS-07", "no such member", "one")
			}
		}
		if algorithm != kind.Algorithm.String() {
			alg.Fail("JWS-08", kind.Algorithm.String(), strictjson.Quote(algorithm))
		}
		if !slices.Contains(kind.Types, typ) { // an absent one does not fail
			typMember.Fail("JWS-09", strings.Join(slices.Concat(kind.Types, []string{"no type"}), " or "), strictjson.Quote(typ))
		}
		if len(keyID) > maxKeyID {
			kid.Fail("JWS-11", fmt.Sprintf("at most %d bytes", maxKeyID), fmt.Sprintf("%d bytes", len(keyID)))
		}
	})
	if err != nil {
		return "", "", fromJSON("JWS-06", "header", err)
	}
	return keyID, typ, nil
}
