package jws

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/tresorhq/attest/internal/strictjson"
)

// Sizes in bytes.
const (
	maxHeader     = 4096
	signatureSize = 64 // of both algorithms
)

// A Kind says what one kind of document looks like. Its zero value refuses
// every message.
type Kind struct {
	Algorithm  Algorithm
	Types      []string // what typ may be; it may always be absent
	MaxPayload int      // in bytes
}

// A Message is a JWS whose framing and header are in order. Its signature has
// not been checked.
type Message struct {
	kind      Kind
	keyID     string
	signed    []byte // as received, up to the second dot
	payload   []byte
	signature [signatureSize]byte
}

// Parse checks framing and header. The error is an *Error; checked in this
// order: the size; exactly three segments; each of them, first to last, not
// empty and strict base64url; the size of the signature; the header.
func Parse(compact []byte, kind Kind) (*Message, error) {
	most := base64.RawURLEncoding.EncodedLen(maxHeader) + 1 + base64.RawURLEncoding.EncodedLen(kind.MaxPayload) + 1 +
		base64.RawURLEncoding.EncodedLen(signatureSize)
	if len(compact) > most {
		return nil, &Error{Rule: "JWS-01", Field: "message", Expected: fmt.Sprintf("at most %d bytes", most), Actual: fmt.Sprintf("%d bytes", len(compact))}
	}
	// Cut twice; splitting at every dot would cost memory for each of them.
	head, rest, ok1 := bytes.Cut(compact, []byte("."))
	body, tail, ok2 := bytes.Cut(rest, []byte("."))
	if !ok1 || !ok2 || bytes.IndexByte(tail, '.') >= 0 {
		return nil, &Error{Rule: "JWS-02", Field: "message", Expected: "three segments", Actual: fmt.Sprintf("%d", 1+bytes.Count(compact, []byte(".")))}
	}
	var segments [3][]byte
	for i, s := range [3][]byte{head, body, tail} {
		name := [3]string{"header", "payload", "signature"}[i]
		if len(s) == 0 {
			return nil, &Error{Rule: "JWS-03", Field: name, Expected: "a segment", Actual: "an empty one"}
		}
		decoded, ok := strictjson.ParseBase64URL(string(s))
		if !ok {
			return nil, &Error{Rule: "JWS-04", Field: name, Expected: "canonical base64url without padding", Actual: strictjson.Quote(string(s))}
		}
		segments[i] = decoded
	}
	m := &Message{kind: kind, signed: bytes.Clone(compact[:len(head)+1+len(body)]), payload: segments[1]}
	if len(m.payload) > kind.MaxPayload {
		return nil, &Error{Rule: "JWS-01", Field: "payload", Expected: fmt.Sprintf("at most %d bytes", kind.MaxPayload), Actual: fmt.Sprintf("%d bytes", len(m.payload))}
	}
	if len(segments[2]) != signatureSize {
		return nil, &Error{Rule: "JWS-05", Field: "signature", Expected: "64 bytes", Actual: fmt.Sprintf("%d bytes", len(segments[2]))}
	}
	m.signature = [signatureSize]byte(segments[2])
	if err := m.readHeader(segments[0]); err != nil {
		return nil, err
	}
	return m, nil
}

// KeyID returns the kid of the header, or "". Nobody vouches for it.
func (m *Message) KeyID() string { return m.keyID }

// UnverifiedPayload returns the payload although no signature has been checked.
// Most callers want Verify. It serves documents that are vouched for by their
// hash.
func (m *Message) UnverifiedPayload() []byte { return bytes.Clone(m.payload) }
