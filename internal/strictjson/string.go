package strictjson

import (
	"strings"
	"unicode/utf16"
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
		default:
			s.pos++
		}
	}
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

// hexEscape reads \uXXXX at the start of text.
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
	var b strings.Builder
	b.Grow(len(raw)) // no escape is shorter than what it stands for
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			i++
			continue
		}
		if e := strings.IndexByte(escapeLetters, raw[i+1]); e >= 0 {
			b.WriteByte(escapeValues[e])
			i += 2
			continue
		}
		r, _ := hexEscape(raw[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			second, _ := hexEscape(raw[i:])
			r = utf16.DecodeRune(r, second)
			i += 6
		}
		b.WriteRune(r)
	}
	return b.String()
}
