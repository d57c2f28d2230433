package strictjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// simpleEscapes maps the letter behind a backslash to what it stands for.
const (
	escapeLetters = `"\/bfnrt`
	escapeValues  = "\"\\/\b\f\n\r\t"
)

// string reads a string from its opening quote, which is there.
func (s *scanner) string() bool {
	s.pos++
	start, k := s.pos, kindString
	for {
		s.pos += plain(s.text[s.pos:])
		switch c := s.peek(); {
		case c < 0x20: // the end, too
			return s.fail("JSN-06", "'\"' or a character that is no control character")
		case c == '"':
			s.add(k, start, s.pos)
			s.pos++
			return true
		case c == '\\':
			k = kindEscaped
			if !s.escape() {
				return false
			}
		}
	}
}

// plain returns how many bytes of a string stand for themselves, up to the first
// that may not.
func plain(text string) int {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// escape reads an escape, and the second one of a surrogate pair with it.
func (s *scanner) escape() bool {
	rest := s.text[s.pos:]
	if len(rest) >= 2 && strings.IndexByte(escapeLetters, rest[1]) >= 0 {
		s.pos += 2
		return true
	}
	r, ok := hexEscape(rest)
	if !ok {
		return s.fail("JSN-06", `one of \" \\ \/ \b \f \n \r \t and \u with four hex digits`)
	}
	if !utf16.IsSurrogate(r) {
		s.pos += 6
		return true
	}
	second, _ := hexEscape(rest[6:]) // or 0, which is no half of a pair
	if utf16.DecodeRune(r, second) == '\uFFFD' {
		return s.fail("JSN-07", "no half of a surrogate pair")
	}
	s.pos += 12
	return true
}

// hexEscape reads \u and four hexadecimal digits at the start of text.
func hexEscape(text string) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		if 'A' <= c && c <= 'F' {
			c += 'a' - 'A'
		}
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// stringOf returns the value of a string. Its escapes were checked by escape.
func stringOf(text string, t token) string {
	raw := text[t.start:t.end]
	if t.kind != kindEscaped {
		return raw
	}
	var short [64]byte
	return string(appendUnescaped(short[:0], raw))
}

// appendUnescaped appends what is between the quotes of a string with its escapes
// resolved, none of which is shorter than what it stands for.
func appendUnescaped(b []byte, raw string) []byte {
	for {
		n := strings.IndexByte(raw, '\\')
		if n < 0 {
			return append(b, raw...)
		}
		b, raw = append(b, raw[:n]...), raw[n:]
		if e := strings.IndexByte(escapeLetters, raw[1]); e >= 0 {
			b, raw = append(b, escapeValues[e]), raw[2:]
			continue
		}
		r, _ := hexEscape(raw)
		raw = raw[6:]
		if utf16.IsSurrogate(r) {
			second, _ := hexEscape(raw)
			r, raw = utf16.DecodeRune(r, second), raw[6:]
		}
		b = utf8.AppendRune(b, r)
	}
}
