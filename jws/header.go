package jws

import (
	"errors"
	"slices"

	"github.com/tresorhq/attest/internal/strictjson"
)

// refused are header members that change what is signed, or that bring a key.
var refused = []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}

var headerNames = append([]string{"alg", "kid", "typ"}, refused...)

// readHeader checks the header: its JSON, the members that are refused, alg,
// typ, kid.
func (m *Message) readHeader(header []byte) error {
	var bad *Error
	fail := func(e *Error) {
		if bad == nil {
			bad = e
		}
	}
	err := strictjson.Decode(header, maxHeader, headerNames, func(o *strictjson.Object) {
		for _, name := range refused {
			if o.Has(name) {
				fail(&Error{Rule: "JWS-07", Field: "header." + name, Expected: "no such member", Actual: "one"})
			}
		}
		alg := o.Required("alg").Text()
		if m.kind.Algorithm == 0 || alg != m.kind.Algorithm.String() {
			fail(&Error{Rule: "JWS-08", Field: "header.alg", Expected: m.kind.Algorithm.String(), Actual: strictjson.Quote(alg)})
		}
		if v, ok := o.Optional("typ"); ok {
			if typ := v.Text(); !slices.Contains(m.kind.Types, typ) {
				fail(&Error{Rule: "JWS-09", Field: "header.typ", Expected: "another type, or none", Actual: strictjson.Quote(typ)})
			}
		}
		if v, ok := o.Optional("kid"); ok {
			m.keyID = v.Text()
		}
	})
	if bad != nil {
		return bad
	}
	return fromJSON("JWS-06", "header", err)
}

// fromJSON wraps an error of the JSON reader.
func fromJSON(rule, field string, err error) error {
	var j *strictjson.Error
	if !errors.As(err, &j) {
		return err
	}
	if j.Path != "" {
		field += "." + j.Path
	}
	return &Error{Rule: rule, Field: field, Expected: j.Expected, Actual: j.Actual, Cause: err}
}
