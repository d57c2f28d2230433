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
	maxKeyID      = 256
	signatureSize = 64 // of both algorithms
)

// A Kind says what one kind of document looks like. Its zero value refuses
// every message.
type Kind struct {
	Algorithm  Algorithm
	Types      []string // what typ may be; it may always be absent
	AnyType    bool     // typ is not read; for documents that are vouched for by their hash
	MaxPayload int      // in bytes
}

// A Message is a JWS whose framing and header are in order. Its signature has
// not been checked. It shares no memory with what it was parsed from, nor with
// what its methods return.
type Message struct {
	algorithm Algorithm
	keyID     string
	signed    []byte // as received, up to the second dot
	payload   []byte
	signature [signatureSize]byte
}

// Parse checks framing and header. The error is an *Error; checked in this
// order: that the Kind has an algorithm; the size; that there are exactly three
// segments; of each of them, first to last, that it is not empty and strict
// base64url; the header, as in the package documentation; the size of the
// payload; the size of the signature.
func Parse(compact []byte, kind Kind) (*Message, error) {
	if kind.Algorithm != EdDSA && kind.Algorithm != ES256 {
		return nil, &Error{Rule: "JWS-08", Field: "kind of document", Expected: "one with an algorithm", Actual: kind.Algorithm.String()}
	}
	most := encodedLen(maxHeader) + 1 + encodedLen(kind.MaxPayload) + 1 + encodedLen(signatureSize)
	if len(compact) > most {
		return nil, sizeError("JWS-01", "message", len(compact), fmt.Sprintf("at most %d", most))
	}
	// Cut twice; splitting at every dot would cost memory for each of them.
	head, rest, _ := bytes.Cut(compact, []byte("."))
	body, tail, two := bytes.Cut(rest, []byte("."))
	if !two || bytes.IndexByte(tail, '.') >= 0 {
		return nil, &Error{Rule: "JWS-02", Field: "message", Expected: "three segments", Actual: fmt.Sprint(1 + bytes.Count(compact, []byte(".")))}
	}
	header, err := decode("header", head)
	if err != nil {
		return nil, err
	}
	payload, err := decode("payload", body)
	if err != nil {
		return nil, err
	}
	signature, err := decode("signature", tail)
	if err != nil {
		return nil, err
	}
	keyID, err := readHeader(header, kind)
	if err != nil {
		return nil, err
	}
	if len(payload) > kind.MaxPayload {
		return nil, sizeError("JWS-01", "payload", len(payload), fmt.Sprintf("at most %d", kind.MaxPayload))
	}
	if len(signature) != signatureSize {
		return nil, sizeError("JWS-05", "signature", len(signature), fmt.Sprint(signatureSize))
	}
	return &Message{
		algorithm: kind.Algorithm,
		keyID:     keyID,
		signed:    bytes.Clone(compact[:len(head)+1+len(body)]),
		payload:   payload,
		signature: [signatureSize]byte(signature),
	}, nil
}

// decode reads a segment.
func decode(name string, segment []byte) ([]byte, error) {
	if len(segment) == 0 {
		return nil, &Error{Rule: "JWS-03", Field: name, Expected: "a segment", Actual: "an empty one"}
	}
	decoded, ok := strictjson.ParseBase64URL(segment)
	if !ok {
		return nil, &Error{Rule: "JWS-04", Field: name, Expected: "canonical base64url without padding", Actual: strictjson.Quote(string(segment))}
	}
	return decoded, nil
}

func encodedLen(n int) int { return base64.RawURLEncoding.EncodedLen(n) }

// KeyID returns the kid of the header, or "". Nobody vouches for it.
func (m *Message) KeyID() string {
	if m == nil {
		return ""
	}
	return m.keyID
}

// UnverifiedPayload returns the payload although no signature has been checked.
// Most callers want Verify. It serves documents that are vouched for by their
// hash.
func (m *Message) UnverifiedPayload() []byte {
	if m == nil {
		return nil
	}
	return bytes.Clone(m.payload)
}
