package jws_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// header returns a header of exactly n bytes.
func headerOf(n int) string {
	const start, end = `{"alg":"EdDSA","x":"`, `"}`
	return start + strings.Repeat("a", n-len(start)-len(end)) + end
}

// wantField checks which part of a message is refused by which rule; "" is none.
func wantField(t *testing.T, name string, err error, id, field string) {
	t.Helper()
	var e *rule.Error
	if id == "" && err == nil {
		return
	}
	if !errors.As(err, &e) || e.Rule != id || e.Where != field {
		t.Errorf("%s: %v, want %s about %s", name, err, id, field)
	}
}

// JWS-01: the largest message of a kind is accepted; with one character more it
// is refused before it is cut, and each part has a limit of its own.
func TestLargestMessage(t *testing.T) {
	largest := token(headerOf(4096), strings.Repeat("p", 1024), signEd)
	if got, err := open(largest, bundle, edKey); err != nil || len(got) != 1024 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, tt := range []struct {
		name, text, rule, field string
	}{
		{"one character more", string(largest) + "A", "JWS-01", "message"},
		{"one character more in front", "A" + string(largest), "JWS-01", "message"},
		{"one byte more of payload", string(token(headerOf(4093), strings.Repeat("p", 1025), signEd)), "JWS-01", "payload"},
		{"one byte more of header", string(token(headerOf(4097), "p", signEd)), "JWS-06", "header"},
	} {
		_, err := jws.Parse([]byte(tt.text), bundle)
		wantField(t, tt.name, err, tt.rule, tt.field)
	}
}

// JWS-01 for documents that their hash vouches for: the signature, which nobody
// looks at, has 1024 bytes at most when all the rest is as large as it may be.
func TestLargestFraming(t *testing.T) {
	segments := func(header, payload, signature int) string {
		return b64([]byte(headerOf(header))) + "." + b64([]byte(strings.Repeat("p", payload))) + "." + b64(make([]byte, signature))
	}
	for _, tt := range []struct {
		name, text, rule, field string
	}{
		{"the largest", segments(4096, 64, 1024), "", ""},
		{"one character more", segments(4096, 64, 1024) + "A", "JWS-01", "message"},
		{"one byte more of payload", segments(4093, 65, 1024), "JWS-01", "payload"},
		{"one byte more of header", segments(4097, 64, 100), "JWS-06", "header"},
		{"one character of signature", b64([]byte(`{}`)) + "." + b64([]byte("p")) + ".A", "JWS-04", "signature"},
		{"4097 characters of signature", b64([]byte(`{}`)) + "." + b64([]byte("p")) + "." + strings.Repeat("A", 4097), "JWS-04", "signature"},
		{"an empty third of four", b64([]byte(`{}`)) + "." + b64([]byte("p")) + "..AA", "JWS-02", "message"},
	} {
		payload, err := jws.UnverifiedPayload([]byte(tt.text), 64)
		wantField(t, tt.name, err, tt.rule, tt.field)
		if (err == nil) != (len(payload) == 64) {
			t.Errorf("%s: %d bytes", tt.name, len(payload))
		}
	}
}

// JWS-04: what is left over behind groups of four is checked too.
func TestLastCharacterOfPayload(t *testing.T) {
	for _, n := range []int{1, 5, 4097} {
		_, err := jws.Parse([]byte(b64([]byte(`{"alg":"EdDSA"}`))+"."+strings.Repeat("A", n)+"."+b64(make([]byte, 64))), jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 1 << 13})
		wantField(t, "payload", err, "JWS-04", "payload")
	}
}

// JWK-06: a key set has 64 KiB at most.
func TestLargestKeySet(t *testing.T) {
	set := `{"keys":[` + edJWK(jws.Raw(edKey), `,"kid":"a"`) + `]}`
	fill := func(n int) []byte { return []byte(set + strings.Repeat(" ", n-len(set))) }
	if keys, err := jws.ParseJWKS(fill(64 << 10)); err != nil || len(keys) != 1 {
		t.Errorf("at the limit: %v", err)
	}
	_, err := jws.ParseJWKS(fill(64<<10 + 1))
	wantField(t, "beyond", err, "JWK-06", "key set")
	key := edJWK(jws.Raw(edKey), "")
	if _, err := jws.ParseJWK([]byte(key + strings.Repeat(" ", 64<<10-len(key)))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err = jws.ParseJWK([]byte(key + strings.Repeat(" ", 64<<10+1-len(key))))
	wantField(t, "beyond", err, "JWK-06", "key")
}

// JWK-08, JWK-09: a key says its curve; key_ops may name one use and no other,
// however many there are.
func TestKeyWithout(t *testing.T) {
	_, err := jws.ParseJWK([]byte(`{"kty":"OKP","x":"` + b64(jws.Raw(edKey)) + `"}`))
	wantField(t, "no crv", err, "JWK-06", "key.crv")
	ops := `"verify","a","b","c","d","e","f","g"`
	_, err = jws.ParseJWK([]byte(edJWK(jws.Raw(edKey), `,"key_ops":[`+ops+`]`)))
	wantField(t, "eight", err, "JWK-09", "key.key_ops[1]")
	_, err = jws.ParseJWK([]byte(edJWK(jws.Raw(edKey), `,"key_ops":[`+ops+`,"h"]`)))
	wantField(t, "nine", err, "JWK-06", "key.key_ops")
}

// What is no error of the JSON reader stays what it is.
func TestOtherErrors(t *testing.T) {
	other := errors.New("other")
	if err := jws.FromJSON("JWS-06", "header", other); err != other {
		t.Error(err)
	}
	if err := jws.FromJSON("JWS-06", "header", nil); err != nil {
		t.Error(err)
	}
}
