package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A backslash and one of escapeLetters stand for the same place in escapeValues.
const (
	escapeLetters = `"\/bfnrt`
	escapeValues  = "\"\\/\b\f\n\r\t"
)

// string reads a string from its opening quote, which is there. Without escapes it
// is a part of the text.
func (s *scanner) string() (value string, ok bool) {
	s.pos++
	start := s.pos
	var unescaped []byte
	for {
		switch c := s.peek(); {
		case c < 0x20: // the end, too
			return "", s.fail("JSN-06", "'\"' or a character that is no control character")
		case c == '"':
			value = s.text[start:s.pos]
			if unescaped != nil {
				value = string(append(unescaped, value...))
			}
			s.pos++
			return value, true
		case c == '\\':
			if unescaped == nil { // room for the rest, up to the first quote
				unescaped = make([]byte, 0, s.pos-start+max(0, strings.IndexByte(s.text[s.pos:], '"')))
			}
			unescaped = append(unescaped, s.text[start:s.pos]...)
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			unescaped = utf8.AppendRune(unescaped, r)
			start = s.pos
		default:
			s.pos++
		}
	}
}

// escape reads an escape, and the second one of a surrogate pair with it.
func (s *scanner) escape() (r rune, ok bool) {
	rest := s.text[s.pos:]
	if len(rest) >= 2 {
		if i := strings.IndexByte(escapeLetters, rest[1]); i >= 0 {
			s.pos += 2
			return rune(escapeValues[i]), true
		}
	}
	r, ok = hexEscape(rest)
	if !ok {
		return 0, s.fail("JSN-06", `one of \" \\ \/ \b \f \n \r \t and \u with four hex digits`)
	}
	if !utf16.IsSurrogate(r) {
		s.pos += 6
		return r, true
	}
	second, _ := hexEscape(rest[6:]) // or 0, which is no half of a pair
	if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
		return 0, s.fail("JSN-07", "no half of a surrogate pair")
	}
	s.pos += 12
	return r, true
}

// hexEscape reads \u and four hexadecimal digits at the start of text.
func hexEscape(text string) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}
