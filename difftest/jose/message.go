// Package jose compares package jws with go-jose.
package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/jws"
)

// Message is a compact JWS, and the algorithm that its reader demands.
type Message struct {
	Compact   []byte
	Algorithm jws.Algorithm
}

// kind is what we are asked to read. go-jose knows neither types nor sizes.
func kind(a jws.Algorithm) jws.Kind {
	return jws.Kind{Algorithm: a, Types: []string{"JWT"}, MaxPayload: maxPayload}
}

const maxPayload = 4096

var (
	edKey = mint.Ed25519Key("difftest")
	ecKey = mint.P256Key("difftest")
)

// Compare verifies a message with both, by the one key of its algorithm.
func Compare(m Message) difftest.Outcome {
	payload, err := ours(m)
	o := difftest.Outcome{Ours: ruleOf(err)}
	var theirs []byte
	var theirErr error
	o.Theirs, theirErr = difftest.Call(func() (err error) {
		theirs, err = verify(m)
		return err
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\n%v: %q", err, theirErr, m.Algorithm, m.Compact)
	if o.Ours == difftest.Accepts && o.Theirs == difftest.Accepts && !bytes.Equal(payload, theirs) {
		o.Fields = []string{"payload"}
	}
	return o
}

func ours(m Message) ([]byte, error) {
	key, err := ourKey(m.Algorithm)
	if err != nil {
		return nil, err
	}
	message, err := jws.Parse(m.Compact, kind(m.Algorithm))
	if err != nil {
		return nil, err
	}
	payload, _, err := message.Verify(key)
	return payload, err
}

func ourKey(a jws.Algorithm) (jws.Key, error) {
	if a == jws.EdDSA {
		return jws.NewEd25519Key(edKey.Public().(ed25519.PublicKey))
	}
	return jws.ParseJWK(ecJWK(&ecKey.PublicKey))
}

func verify(m Message) ([]byte, error) {
	var key any = edKey.Public()
	if m.Algorithm == jws.ES256 {
		key = &ecKey.PublicKey
	}
	message, err := jose.ParseSignedCompact(string(m.Compact), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(m.Algorithm.String())})
	if err != nil {
		return nil, err
	}
	return message.Verify(key)
}

// sign makes a message of a header and a payload, whatever they are.
func sign(header string, payload []byte, a jws.Algorithm) Message {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return seal(signed, a)
}

// seal signs what stands before the second dot, as it is.
func seal(signed string, a jws.Algorithm) Message {
	var signature []byte
	if a == jws.EdDSA {
		signature = ed25519.Sign(edKey, []byte(signed))
	} else {
		digest := sha256.Sum256([]byte(signed))
		signature = ecSign(digest[:])
	}
	return Message{[]byte(signed + "." + base64.RawURLEncoding.EncodeToString(signature)), a}
}

func ecSign(digest []byte) []byte {
	r, s, err := ecdsa.Sign(rand.Reader, ecKey, digest)
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

func ecJWK(key *ecdsa.PublicKey) []byte {
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding
	return fmt.Appendf(nil, `{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}`, b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
}

func edJWK(key crypto.PublicKey) []byte {
	return fmt.Appendf(nil, `{"kty":"OKP","crv":"Ed25519","x":"%s"}`, base64.RawURLEncoding.EncodeToString(key.(ed25519.PublicKey)))
}
