package strictjson

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
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

// ParseTime reads a time as in RFC 3339, section 5.6, and returns it in UTC:
//
//	YYYY-MM-DDThh:mm:ss[.f]Z   or   YYYY-MM-DDThh:mm:ss[.f]±hh:mm
//
// in upper case, with all the digits shown, year 0001 to 9999, a day that the
// month has, hour 00 to 23, minute and second 00 to 59 (no leap second), one to
// nine fraction digits behind a '.', and an offset of at most ±23:59. The
// instant must lie in the years 0001 to 9999 of UTC too, and is not the very
// first one of them, which is the zero time.Time, and so means no time.
//
// time.Parse is more lenient: it takes "T0:00:00", "00,5Z", fractions of any length
// and "+24:00".
func ParseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || s[len("YYYY-MM-DDThh")] != ':' || s[:4] == "0000" {
		return time.Time{}, false
	}
	const seconds, fraction = len("YYYY-MM-DDThh:mm:ss"), len(".123456789")
	zone := strings.TrimLeft(s[seconds:], ".0123456789")
	if len(s)-seconds-len(zone) > fraction || zone[0] == ',' || zone != "Z" && (zone[1:3] > "23" || zone[4:] > "59") {
		return time.Time{}, false
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, false
	}
	return t, true
}
