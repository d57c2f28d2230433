package strictjson

import (
	"strings"
	"unicode/utf8"

	"github.com/tresorhq/attest/rule"
)

// maxDepth is how many objects and arrays may lie within each other.
const maxDepth = 8

// A scanner walks over a text. It checks the whole text once, before anything of it
// is read, and then finds the parts of it that are read. Its methods return false
// when they have set err, which is only possible in the first walk.
type scanner struct {
	text string
	pos  int
	err  *rule.Error
	last map[nested]int // where the last object with such a member begins
}

// nested is the name of a member whose value may have so many levels.
type nested struct {
	levels int
	name   string
}

// document checks the whole text: one object.
func (s *scanner) document() bool {
	if !utf8.ValidString(s.text) {
		for r, n := utf8.DecodeRuneInString(s.text); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRuneInString(s.text[s.pos:]) {
			s.pos += n
		}
		return s.fail("JSN-02", "UTF-8")
	}
	if strings.HasPrefix(s.text, "\uFEFF") {
		return s.fail("JSN-03", "no byte order mark")
	}
	s.space()
	if s.peek() != '{' {
		return s.fail("JSN-04", "'{'")
	}
	if !s.value(maxDepth) {
		return false
	}
	s.space()
	if s.pos != len(s.text) {
		return s.fail("JSN-05", "nothing behind the object")
	}
	return true
}

// value checks a value in which so many objects and arrays may lie within each other.
func (s *scanner) value(levels int) bool {
	switch c := s.peek(); {
	case levels == 0 && strings.IndexByte("{[", c) >= 0:
		return s.fail("JSN-08", "8 levels at most")
	case c == '{':
		return s.object(levels - 1)
	case c == '[':
		return s.container(func() bool { return s.value(levels - 1) })
	case c == '"':
		_, ok := s.string()
		return ok
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "false", "true"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return true
		}
	}
	return s.fail("JSN-06", "a value")
}

func (s *scanner) object(levels int) bool {
	start := s.pos + 1 // 0 stands for none
	return s.container(func() bool {
		at := s.pos
		name, ok := s.name()
		if !ok {
			return false
		}
		if s.last[nested{levels, name}] == start {
			s.err = rule.Broken("JSN-09", Text, at, "every name once", "a second "+Quote(name))
			return false
		}
		s.last[nested{levels, name}] = start
		return s.value(levels)
	})
}

// name checks the name of a member and goes to its value.
func (s *scanner) name() (string, bool) {
	if s.peek() != '"' {
		return "", s.fail("JSN-06", "a member's name in quotes")
	}
	name, ok := s.string()
	if !ok {
		return "", false
	}
	s.space()
	if s.peek() != ':' {
		return "", s.fail("JSN-06", "':'")
	}
	s.pos++
	s.space()
	return name, true
}

// container goes from the opening bracket, which is there, behind the closing one.
func (s *scanner) container(element func() bool) bool {
	closing := s.peek() + 2 // '}' and ']' stand two behind '{' and '['
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
	return true
}

// number checks -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() bool {
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
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for '0' <= s.peek() && s.peek() <= '9' {
		s.pos++
	}
	return s.pos != start || s.fail("JSN-06", "a digit")
}

// skip goes behind a value of a text that was checked.
func (s *scanner) skip() {
	for depth := 0; ; {
		switch c := s.text[s.pos]; c {
		case '"':
			for s.pos++; s.text[s.pos] != '"'; s.pos++ {
				if s.text[s.pos] == '\\' {
					s.pos++
				}
			}
			s.pos++
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.pos++
		default: // a number, true, false or null
			for s.pos++; strings.IndexByte(",]} \t\r\n", s.text[s.pos]) < 0; {
				s.pos++
			}
		}
		if depth == 0 {
			return
		}
	}
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
	for c := s.peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = s.peek() {
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
	s.err = rule.Broken(id, Text, s.pos, expected, actual)
	return false
}
