package jws_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// Test keys; their secrets are public.
var (
	edPrivate  = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	edOther    = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	ecPrivate  = must(ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{3}, 32)))
	ecPoint    = must(ecPrivate.PublicKey.Bytes()) // 04, x, y
	edKey      = must(jws.NewEd25519Key(edPrivate.Public().(ed25519.PublicKey)))
	edOtherKey = must(jws.NewEd25519Key(edOther.Public().(ed25519.PublicKey)))
	ecKey      = must(jws.ParseJWK([]byte(ecJWK(ecPoint[1:33], ecPoint[33:], ""))))
)

var (
	bundle  = jws.Kind{Algorithm: jws.EdDSA, Types: []string{"JWT", "trust-bundle+jwt"}, MaxPayload: 1 << 10}
	receipt = jws.Kind{Algorithm: jws.ES256, Types: []string{"JWT"}, MaxPayload: 1 << 10}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func edJWK(x []byte, more string) string {
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":"%s"%s}`, b64(x), more)
}

func ecJWK(x, y []byte, more string) string {
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":"%s","y":"%s"%s}`, b64(x), b64(y), more)
}

type signer func(message []byte) []byte

func signEd(message []byte) []byte { return ed25519.Sign(edPrivate, message) }

func signEC(message []byte) []byte {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, ecPrivate, digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// token signs whatever the header says.
func token(header, payload string, sign signer) []byte {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	return []byte(signed + "." + b64(sign([]byte(signed))))
}

// open does what a caller does.
func open(compact []byte, kind jws.Kind, keys ...jws.Key) ([]byte, error) {
	m, err := jws.Parse(compact, kind)
	if err != nil {
		if m != nil {
			return nil, errors.New("a message together with an error")
		}
		return nil, err
	}
	payload, index, err := m.Verify(keys...)
	if err != nil && (payload != nil || index != -1) {
		return nil, errors.New("a payload or an index together with an error")
	}
	return payload, err
}

// checkError wants a well-formed error of one rule.
func checkError(t *testing.T, err error, id string) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %s, got %v", id, err)
	}
	if e.Requirement() != id {
		t.Errorf("want %s, got %s: %v", id, e.Requirement(), err)
	}
	checkText(t, err)
	if e.Where == "" || e.Expected == "" || e.Actual == "" {
		t.Errorf("incomplete: %#v", e)
	}
}

// checkKeyError wants an error about a key of the caller's, which nobody can take
// for a refusal of evidence.
func checkKeyError(t *testing.T, err error, rule string) {
	t.Helper()
	var e interface{ Rule() string }
	var refusal interface{ Requirement() string }
	if !errors.As(err, &e) || e.Rule() != rule || errors.As(err, &refusal) {
		t.Fatalf("want %s, and no refusal: %T, %v", rule, err, err)
	}
	checkText(t, err)
}

func checkText(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); !strings.HasSuffix(text, "]") || strings.HasPrefix(text, "jws") || len(text) > 500 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("message is not fit to be shown: %q", text)
	}
}
