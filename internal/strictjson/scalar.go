package strictjson

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Bytes are the lengths of identifiers, digests and keys.
type Bytes interface {
	[16]byte | [32]byte | [48]byte | [64]byte
}

// ParseHex reads exactly len(a) bytes as lower-case hex digits, first byte
// first. Nothing may stand before, between or behind the digits.
func ParseHex[A Bytes](s string) (a A, ok bool) {
	var b [64]byte
	if len(s) != 2*len(a) || strings.ToLower(s) != s {
		return a, false
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return a, false
	}
	return A(b[:len(a)]), true
}

// ParseBase64 reads standard base64 (RFC 4648, section 4): padded, with zero
// bits behind the last byte, without line breaks. So every value has one text.
func ParseBase64[T string | []byte](s T) ([]byte, bool) {
	return parseBase64(base64.StdEncoding, []byte(s))
}

// ParseBase64URL reads base64url (RFC 4648, section 5) without padding, with
// zero bits behind the last byte, without line breaks.
func ParseBase64URL[T string | []byte](s T) ([]byte, bool) {
	return parseBase64(base64.RawURLEncoding, []byte(s))
}

func parseBase64(e *base64.Encoding, s []byte) ([]byte, bool) {
	if bytes.IndexByte(s, '\r') >= 0 || bytes.IndexByte(s, '\n') >= 0 { // the decoder skips them, in strict mode too
		return nil, false
	}
	b := make([]byte, e.DecodedLen(len(s)))
	n, err := e.Strict().Decode(b, s)
	if err != nil {
		return nil, false
	}
	return b[:n], true
}
