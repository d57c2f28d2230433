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
	signatureSize = 64   // of both algorithms
	maxSignature  = 1024 // of a message whose signature nobody looks at
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
	typ       string
	signed    []byte // as received, up to the second dot
	body      int    // where the payload starts in it
	signature [signatureSize]byte
}

// Parse checks framing and header. The error is a *rule.Error; checked in this
// order: that the Kind has an algorithm; the size; that there are exactly three
// segments; of each of them, first to last, that it is not empty and strict
// base64url; the header, as in the package documentation; the size of the
// payload; the size of the signature.
func Parse(compact []byte, kind Kind) (*Message, error) {
	if kind.Algorithm != EdDSA && kind.Algorithm != ES256 {
		return nil, refuse("JWS-08", "kind of document", "one with an algorithm", kind.Algorithm.String())
	}
	most := encodedLen(maxHeader) + 1 + encodedLen(kind.MaxPayload) + 1 + encodedLen(signatureSize)
	if len(compact) > most {
		return nil, sizeError("JWS-01", "message", len(compact), fmt.Sprintf("at most %d", most))
	}
	head, body, tail, err := cut(compact)
	if err != nil {
		return nil, err
	}
	header, err := decode("header", head)
	if err != nil {
		return nil, err
	}
	if err := check("payload", body); err != nil {
		return nil, err
	}
	signature, err := decode("signature", tail)
	if err != nil {
		return nil, err
	}
	keyID, typ, err := readHeader(header, kind)
	if err != nil {
		return nil, err
	}
	if n := base64.RawURLEncoding.DecodedLen(len(body)); n > kind.MaxPayload {
		return nil, sizeError("JWS-01", "payload", n, fmt.Sprintf("at most %d", kind.MaxPayload))
	}
	if len(signature) != signatureSize {
		return nil, sizeError("JWS-05", "signature", len(signature), fmt.Sprint(signatureSize))
	}
	return &Message{
		algorithm: kind.Algorithm,
		keyID:     keyID,
		typ:       typ,
		signed:    bytes.Clone(compact[:len(head)+1+len(body)]),
		body:      len(head) + 1,
		signature: [signatureSize]byte(signature),
	}, nil
}

// check refuses what decode would refuse, without memory for the outcome: most
// of a message is its payload, and it counts only once the signature holds.
func check(name string, segment []byte) error {
	if len(segment) == 0 {
		return refuse("JWS-03", name, "a segment", "an empty one")
	}
	var scratch [3 << 10]byte
	ok := !bytes.ContainsAny(segment, "\r\n") // the decoder skips them, in strict mode too
	for rest := segment; ok && len(rest) > 0; {
		part := rest[:min(len(rest), 4<<10)] // whole groups of four, but for the last part
		_, err := base64.RawURLEncoding.Strict().Decode(scratch[:], part)
		ok, rest = err == nil, rest[len(part):]
	}
	if !ok {
		return refuse("JWS-04", name, "canonical base64url without padding", strictjson.Quote(string(segment[:min(len(segment), 65)])))
	}
	return nil
}

// payload decodes what was checked.
func (m *Message) payload() []byte {
	payload, _ := strictjson.ParseBase64URL(m.signed[m.body:])
	return payload
}

// decode reads a segment.
func decode(name string, segment []byte) ([]byte, error) {
	if len(segment) == 0 {
		return nil, refuse("JWS-03", name, "a segment", "an empty one")
	}
	decoded, ok := strictjson.ParseBase64URL(segment)
	if !ok {
		return nil, refuse("JWS-04", name, "canonical base64url without padding", strictjson.Quote(string(segment[:min(len(segment), 65)])))
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

// Type returns the typ of the header, one of those of the Kind, or "".
func (m *Message) Type() string {
	if m == nil {
		return ""
	}
	return m.typ
}

// Framing reads the payload of a message that something else than its signature
// vouches for, such as its hash: three segments of strict base64url, and a header
// that is a JSON object of at most 4096 bytes. Algorithm, signature and members
// of the header are not looked at. Most callers want Parse and Verify.
func Framing(compact []byte, maxPayload int) (payload []byte, err error) {
	if most := encodedLen(maxHeader) + 2 + encodedLen(maxPayload) + encodedLen(maxSignature); len(compact) > most {
		return nil, sizeError("JWS-01", "message", len(compact), fmt.Sprintf("at most %d", most))
	}
	head, body, tail, err := cut(compact)
	if err != nil {
		return nil, err
	}
	header, err := decode("header", head)
	if err != nil {
		return nil, err
	}
	if payload, err = decode("payload", body); err != nil {
		return nil, err
	}
	if err := check("signature", tail); err != nil {
		return nil, err
	}
	if err := strictjson.Decode(header, maxHeader, nil, func(*strictjson.Object) {}); err != nil {
		return nil, fromJSON("JWS-06", "header", err)
	}
	if len(payload) > maxPayload {
		return nil, sizeError("JWS-01", "payload", len(payload), fmt.Sprintf("at most %d", maxPayload))
	}
	return payload, nil
}

// cut finds the three segments. It cuts twice: splitting at every dot would cost
// memory for each of them.
func cut(compact []byte) (head, body, tail []byte, err error) {
	head, rest, _ := bytes.Cut(compact, []byte("."))
	body, tail, two := bytes.Cut(rest, []byte("."))
	if !two || bytes.IndexByte(tail, '.') >= 0 {
		return nil, nil, nil, refuse("JWS-02", "message", "three segments", fmt.Sprint(1+bytes.Count(compact, []byte("."))))
	}
	return head, body, tail, nil
}
