package jws

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Sizes in bytes.
const (
	maxHeader    = 4096
	maxKeyID     = 256
	maxSignature = 1024 // of a message whose signature is not checked
)

// A Kind describes one kind of document. Its zero value refuses
// every message.
type Kind struct {
	Algorithm  Algorithm
	Types      []string // accepted values of typ, which may always be absent
	IgnoreType bool     // typ is not read; for documents that their hash vouches for
	MaxPayload int      // in bytes
}

// A Message is a JWS whose framing and header are in order. Its signature has
// not been checked. It shares no memory with the text that it was parsed from, nor
// with results of its methods.
type Message struct {
	algorithm Algorithm
	keyID     string
	typ       string
	signed    []byte // as received, up to the second dot
	payload   []byte
	signature [signatureSize]byte
}

// Parse checks framing and header. The error is a *rule.Error; checked in this
// order: that the Kind has an algorithm; the size; that there are exactly three
// segments; of each of them, first to last, that it is not empty and strict
// base64url; the header, as in the package documentation; the size of the
// payload; the size of the signature.
func Parse(compact []byte, kind Kind) (*Message, error) {
	if kind.Algorithm != EdDSA && kind.Algorithm != ES256 {
		return nil, rule.Broken("JWS-08", "kind of document", rule.NoOffset, "one with an algorithm", kind.Algorithm.String())
	}
	s, err := split(compact, kind.MaxPayload, signatureSize)
	if err != nil {
		return nil, err
	}
	keyID, typ, err := readHeader(s.header, kind)
	if err != nil {
		return nil, err
	}
	if err := s.checkPayload(kind.MaxPayload); err != nil {
		return nil, err
	}
	if len(s.signature) != signatureSize {
		return nil, sizeError("JWS-05", "signature", len(s.signature), fmt.Sprint(signatureSize))
	}
	return &Message{
		algorithm: kind.Algorithm,
		keyID:     keyID,
		typ:       typ,
		signed:    bytes.Clone(compact[:bytes.LastIndexByte(compact, '.')]),
		payload:   s.payload,
		signature: [signatureSize]byte(s.signature),
	}, nil
}

// KeyID returns the kid of the header, or "". The signature need not hold for it.
func (m *Message) KeyID() string {
	if m == nil {
		return ""
	}
	return m.keyID
}

// Type returns the typ of the header, one of those of the Kind, or "".
func (m *Message) Type() string {
	if m == nil {
		return ""
	}
	return m.typ
}

// Verify checks the signature with each key in turn. It returns the payload and
// the index of the first key that made it. Keys of another algorithm than the
// Kind's are never tried. Without a key that fits, the error is a *rule.Error,
// payload is nil and index is -1.
func (m *Message) Verify(keys ...Key) (payload []byte, index int, err error) {
	if m == nil {
		return nil, -1, rule.Broken("JWS-10", "message", rule.NoOffset, "a parsed message", "none")
	}
	for i, k := range keys {
		if k.algorithm == m.algorithm && k.verify(m.signed, m.signature) {
			return bytes.Clone(m.payload), i, nil
		}
	}
	return nil, -1, rule.Broken("JWS-10", "signature", rule.NoOffset, fmt.Sprintf("one for %v by a trusted key", m.algorithm), "one that no trusted key made")
}

// UnverifiedPayload reads the payload of a message that something else than its
// signature vouches for, such as its hash: three segments of strict base64url, and a
// header that is a JSON object of at most 4096 bytes. Algorithm, signature and members
// of the header are not looked at. Most callers want Parse and Verify.
func UnverifiedPayload(compact []byte, maxPayload int) (payload []byte, err error) {
	s, err := split(compact, maxPayload, maxSignature)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Decode(s.header, maxHeader, nil, func(*strictjson.Object) {}); err != nil {
		return nil, fromJSON("JWS-06", "header", err)
	}
	if err := s.checkPayload(maxPayload); err != nil {
		return nil, err
	}
	return s.payload, nil
}

// segments are those of a message, decoded.
type segments struct{ header, payload, signature []byte }

// split checks the size of a message and decodes its segments.
func split(compact []byte, maxPayload, maxSignature int) (s segments, err error) {
	if most := encodedLen(maxHeader) + 1 + encodedLen(maxPayload) + 1 + encodedLen(maxSignature); len(compact) > most {
		return s, sizeError("JWS-01", "message", len(compact), fmt.Sprintf("at most %d", most))
	}
	parts := bytes.SplitN(compact, []byte("."), 4) // no memory for each of many dots
	if len(parts) != 3 {
		return s, rule.Broken("JWS-02", "message", rule.NoOffset, "three segments", fmt.Sprint(1+bytes.Count(compact, []byte("."))))
	}
	for i, to := range []struct {
		name    string
		decoded *[]byte
	}{{"header", &s.header}, {"payload", &s.payload}, {"signature", &s.signature}} {
		if len(parts[i]) == 0 {
			return s, rule.Broken("JWS-03", to.name, rule.NoOffset, "a segment", "an empty one")
		}
		decoded, ok := strictjson.ParseBase64URL(parts[i])
		if !ok {
			return s, rule.Broken("JWS-04", to.name, rule.NoOffset, "canonical base64url without padding", strictjson.Quote(string(parts[i][:min(len(parts[i]), 65)])))
		}
		*to.decoded = decoded
	}
	return s, nil
}

func (s segments) checkPayload(most int) error {
	if len(s.payload) > most {
		return sizeError("JWS-01", "payload", len(s.payload), fmt.Sprintf("at most %d", most))
	}
	return nil
}

func encodedLen(n int) int { return base64.RawURLEncoding.EncodedLen(n) }

func sizeError(id, where string, actual int, expected string) *rule.Error {
	return rule.Broken(id, where, rule.NoOffset, expected+" bytes", fmt.Sprintf("%d bytes", actual))
}

// fromJSON turns an error of the JSON reader, or nil, into one of this package.
// An error of the reader breaks the rule id, and is kept as the cause; an error by a
// rule of this package has only passed through the reader, for its order and path.
func fromJSON(id, document string, err error) error {
	var j *rule.Error
	if !errors.As(err, &j) {
		return err
	}
	where := document
	if j.Where != strictjson.Text {
		where += "." + j.Where
	}
	e := rule.Broken(id, where, rule.NoOffset, j.Expected, j.Actual)
	if strings.HasPrefix(j.Rule, "JSN-") {
		e.Cause = j
	} else {
		e.Rule = j.Rule
	}
	return e
}
