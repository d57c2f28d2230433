package strictjson

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tresorhq/attest/rule"
)

// Limits that hold for every document.
const (
	maxDepth = 8       // objects and arrays within each other
	maxText  = 1 << 30 // so that offsets fit 32 bits
)

// fewTokens do for most documents: long strings make few tokens.
const fewTokens = 64

type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString  // without escapes
	kindEscaped // a string with escapes
	kindArray
	kindObject
)

var kindNames = [...]string{
	kindFalse: "a boolean", kindTrue: "a boolean", kindNumber: "a number", kindString: "a string", kindEscaped: "a string",
	kindArray: "an array", kindObject: "an object", // null is said in another way
}

// token is a value, or the name of a member. What an array or object holds
// follows it; of an object name, value, name, value and so on.
type token struct {
	start, end int32 // its text; of a string without the quotes
	next       int32 // index of the first token behind it and what it holds
	kind       kind
}

// scanner turns a text into tokens. Its methods return false when they have set
// err.
type scanner struct {
	text   string
	pos    int
	tokens []token
	err    *rule.Error
}

// scan reads the whole text: one object.
func scan(data []byte, maxSize int) ([]token, string, *rule.Error) {
	if maxSize = min(maxSize, maxText); len(data) > maxSize {
		return nil, "", &rule.Error{Rule: "JSN-01", Where: Text, Expected: decimal(maxSize) + " bytes at most", Actual: decimal(len(data)) + " bytes"}
	}
	s := &scanner{text: string(data), tokens: make([]token, 0, min(len(data)/16+1, fewTokens))}
	if !s.document() {
		return nil, "", s.err
	}
	return s.tokens, s.text, nil
}

func (s *scanner) document() bool {
	if !utf8.ValidString(s.text) {
		for i, r := range s.text {
			if _, n := utf8.DecodeRuneInString(s.text[i:]); r == utf8.RuneError && n == 1 {
				s.pos = i
				return s.fail("JSN-02", "UTF-8")
			}
		}
	}
	if strings.HasPrefix(s.text, "\uFEFF") {
		return s.fail("JSN-03", "no byte order mark")
	}
	s.space()
	if s.peek() != '{' {
		return s.fail("JSN-04", "'{'")
	}
	if !s.object(1) {
		return false
	}
	s.space()
	if s.pos != len(s.text) {
		return s.fail("JSN-05", "nothing behind the object")
	}
	return true
}

// value reads a value that is inside of depth objects and arrays.
func (s *scanner) value(depth int) bool {
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth + 1)
	case c == '[':
		return s.array(depth + 1)
	case c == '"':
		return s.string()
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, w := range [...]struct {
		word string
		kind kind
	}{{"null", kindNull}, {"false", kindFalse}, {"true", kindTrue}} {
		if strings.HasPrefix(s.text[s.pos:], w.word) {
			s.add(w.kind, s.pos, s.pos+len(w.word))
			s.pos += len(w.word)
			return true
		}
	}
	return s.fail("JSN-06", "a value")
}

func (s *scanner) object(depth int) bool {
	var names nameSet
	return s.container(depth, kindObject, '}', func() bool {
		if s.peek() != '"' {
			return s.fail("JSN-06", "a member's name in quotes")
		}
		at := s.pos
		if !s.string() {
			return false
		}
		if name := int32(len(s.tokens) - 1); !names.add(name, s.textOf) {
			s.err = &rule.Error{Rule: "JSN-09", Where: Text, Offset: at, Expected: "every name once", Actual: "a second " + Quote(s.textOf(name))}
			return false
		}
		s.space()
		if s.peek() != ':' {
			return s.fail("JSN-06", "':'")
		}
		s.pos++
		s.space()
		return s.value(depth)
	})
}

func (s *scanner) array(depth int) bool {
	return s.container(depth, kindArray, ']', func() bool { return s.value(depth) })
}

// container reads from the opening bracket, which is there, to the closing one.
func (s *scanner) container(depth int, k kind, closing byte, element func() bool) bool {
	if depth > maxDepth {
		return s.fail("JSN-08", "8 levels at most")
	}
	self := s.add(k, s.pos, s.pos)
	s.pos++
	s.space()
	for first := true; s.peek() != closing; first = false {
		if !first {
			if s.peek() != ',' {
				return s.fail("JSN-06", "',' or '"+string(closing)+"'")
			}
			s.pos++
			s.space()
		}
		if !element() {
			return false
		}
		s.space()
	}
	s.pos++
	s.tokens[self].end, s.tokens[self].next = int32(s.pos), int32(len(s.tokens))
	return true
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() bool {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return false
		}
	}
	s.add(kindNumber, start, s.pos)
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for '0' <= s.peek() && s.peek() <= '9' {
		s.pos++
	}
	return s.pos > start || s.fail("JSN-06", "a digit")
}

// textOf returns the string of a token.
func (s *scanner) textOf(tok int32) string { return stringOf(s.text, s.tokens[tok]) }

// add appends a token that holds nothing and returns its index.
func (s *scanner) add(k kind, start, end int) int {
	self := len(s.tokens)
	if self == cap(s.tokens) { // once at most
		s.tokens = slices.Grow(s.tokens, 1+atMost(s.text[end:], k == kindString || k == kindEscaped))
	}
	s.tokens = append(s.tokens, token{int32(start), int32(end), int32(self + 1), k})
	return self
}

// atMost returns how many tokens there can be in the rest of a text, which may
// begin at the closing quote of a string: each stands behind one of these four.
func atMost(rest string, inString bool) (n int) {
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
		case !inString && (c == ',' || c == ':' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// peek returns the next byte, or 0 at the end: no grammar rule wants a 0.
func (s *scanner) peek() byte {
	if s.pos >= len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// space skips white space: RFC 8259, section 2.
func (s *scanner) space() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// fail sets err at the present position.
func (s *scanner) fail(id, expected string) bool {
	actual := "the end"
	if s.pos < len(s.text) {
		_, n := utf8.DecodeRuneInString(s.text[s.pos:])
		actual = Quote(s.text[s.pos : s.pos+n])
	}
	s.err = &rule.Error{Rule: id, Where: Text, Offset: s.pos, Expected: expected, Actual: actual}
	return false
}
