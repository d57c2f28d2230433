package strictjson

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest/rule"
)

// A Value is a value that is read. Its methods return the zero value, and make
// Decode fail, when it is not what they say. The zero Value stands for an absent
// member and reads as zero.
type Value struct {
	d  *document
	at int // its first byte
}

// A kind is the first byte of a value; '0' stands for a number.
type kind byte

var kindNames = map[kind]string{'t': "a boolean", '0': "a number", '"': "a string", '[': "an array", '{': "an object"}

func (v Value) kind() kind {
	switch c := v.d.text[v.at]; c {
	case 'f':
		return 't'
	case '-', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return '0'
	default:
		return kind(c)
	}
}

// Fail refuses the value by a rule of the caller's.
func (v Value) Fail(id, expected, actual string) {
	if v.d != nil {
		v.d.fail(id, v.at, "", expected, actual)
	}
}

// is reports whether v is of a kind.
func (v Value) is(want kind) bool {
	if v.d == nil {
		return false
	}
	switch k := v.kind(); k {
	case want:
		return true
	case 'n':
		v.Fail("JSN-12", kindNames[want], "null")
	default:
		v.Fail("JSN-13", kindNames[want], kindNames[k])
	}
	return false
}

// text returns the text of the value.
func (v Value) text() string {
	s := scanner{text: v.d.text, pos: v.at}
	s.skip()
	return s.text[v.at:s.pos]
}

// Text returns a string, which may be empty.
func (v Value) Text() string {
	if !v.is('"') {
		return ""
	}
	s := scanner{text: v.d.text, pos: v.at}
	text, _ := s.string()
	return text
}

// NonEmpty returns a string that is not empty.
func (v Value) NonEmpty() string {
	s := v.Text()
	if s == "" {
		v.Fail("JSN-12", "a string that is not empty", `""`)
	}
	return s
}

// Bytes returns a string that is not empty, as the caller's own bytes.
func (v Value) Bytes() []byte {
	if s := v.NonEmpty(); s != "" {
		return []byte(s)
	}
	return nil
}

// OneOf returns a string that is one of words.
func (v Value) OneOf(words ...string) string {
	s := v.NonEmpty()
	if !slices.Contains(words, s) {
		v.Fail("JSN-18", strings.Join(words, " or "), Quote(s))
		return ""
	}
	return s
}

// Bool returns true or false.
func (v Value) Bool() bool {
	return v.is('t') && v.d.text[v.at] == 't'
}

// Int returns an integer between low and high, both included.
func (v Value) Int(low, high int64) int64 {
	text := v.integer()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high { // where v is no integer this is the second error
		v.Fail("JSN-15", "an integer from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10), text[:min(len(text), quoteMax)])
		return 0
	}
	return n
}

// IntUpTo returns an integer of at least low, which is not below 0. One above high
// counts as high, however many digits it has.
func (v Value) IntUpTo(low, high int64) int64 {
	text := v.integer()
	n, _ := strconv.ParseInt(text, 10, 64) // of one out of range: the nearest int64
	if n < low {
		v.Fail("JSN-15", "an integer of at least "+strconv.FormatInt(low, 10), text[:min(len(text), quoteMax)])
		return 0
	}
	return min(n, high)
}

// integer returns the digits of an integer in plain decimal form, or "".
func (v Value) integer() string {
	if !v.is('0') {
		return ""
	}
	text := v.text()
	if text == "-0" || strings.ContainsAny(text, ".eE") {
		v.Fail("JSN-14", "an integer in plain decimal digits", Quote(text))
		return ""
	}
	return text
}

// IsObject reports whether v is an object, for members that may be an object or
// something else.
func (v Value) IsObject() bool { return v.d != nil && v.kind() == '{' }

// IsString reports whether v is a string, for members that may be a string or
// something else.
func (v Value) IsString() bool { return v.d != nil && v.kind() == '"' }

// Object returns an object whose known members have these names.
func (v Value) Object(known ...string) *Object {
	if !v.is('{') {
		return new(Object)
	}
	return v.d.object(v.at, known)
}

// Members yields all members of an object of any length, whose names the caller
// judges, in the order of the document.
func (v Value) Members() iter.Seq[Member] {
	if !v.is('{') {
		return func(func(Member) bool) {}
	}
	return v.d.parts(v.at)
}

// ParseObject hands the text of an object to the parser of another package, and makes
// its error, about a place in that text, one about the place in the document.
func (v Value) ParseObject(parse func(text []byte) error) {
	if !v.is('{') {
		return
	}
	err := parse([]byte(v.text()))
	var config *rule.ConfigError
	if !errors.As(err, &config) {
		return
	}
	f := config.Fault()
	if f.Where == Text {
		f.Offset = 0
	}
	v.d.fail(f.Rule, v.at+f.Offset, "", f.Expected, f.Actual)
}

// Elements yields the elements of an array of any length.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if !v.is('[') {
			return
		}
		for e := range v.d.parts(v.at) {
			if !yield(e.Value) {
				return
			}
		}
	}
}

// Array returns the elements of an array of low to high elements.
func (v Value) Array(low, high int) []Value {
	var list []Value
	for e := range v.Elements() {
		if len(list) == high {
			v.Fail("JSN-16", decimal(low)+" to "+decimal(high)+" elements", "more")
			return nil
		}
		list = append(list, e)
	}
	if n := len(list); n < low { // where v is no array this is the second error
		v.Fail("JSN-16", decimal(low)+" to "+decimal(high)+" elements", decimal(n))
		return nil
	}
	return list
}

// Set returns the elements of an array of low to high strings, none of them
// empty and no two the same.
func (v Value) Set(low, high int) []Value {
	list, seen := v.Array(low, high), map[string]bool{}
	for _, e := range list {
		s := e.NonEmpty()
		if seen[s] {
			e.Fail("JSN-17", "every element once", "a second "+Quote(s))
			return nil
		}
		seen[s] = true
	}
	return list
}

// parsed returns what a string that is not empty stands for, or else refuses it.
func parsed[T any](v Value, parse func(string) (T, bool), id, expected string) T {
	s := v.NonEmpty()
	t, ok := parse(s)
	if !ok {
		v.Fail(id, expected, Quote(s))
	}
	return t
}

// Time returns an instant in UTC, see ParseTime.
func (v Value) Time() time.Time {
	return parsed(v, ParseTime, "JSN-22", "a time as in RFC 3339, e.g. 2026-04-01T12:00:00Z")
}

// Base64 returns what a string in standard base64 stands for, see ParseBase64.
func (v Value) Base64() []byte {
	return parsed(v, ParseBase64[string], "JSN-20", "standard base64 with padding, canonical, without line breaks")
}

// Base64URL returns what a string in base64url stands for, see ParseBase64URL.
func (v Value) Base64URL() []byte {
	return parsed(v, ParseBase64URL[string], "JSN-21", "base64url without padding, canonical, without line breaks")
}

// Hex returns what a string of lower-case hex digits stands for, see ParseHex.
func Hex[A Bytes](v Value) A {
	return parsed(v, ParseHex[A], "JSN-19", decimal(2*len(*new(A)))+" lower-case hex digits")
}

// HexSet returns the elements of an array of low to high distinct strings of
// lower-case hex digits.
func HexSet[A Bytes](v Value, low, high int) []A {
	var list []A
	for _, e := range v.Set(low, high) {
		list = append(list, Hex[A](e))
	}
	return list
}

func decimal(n int) string { return strconv.Itoa(n) }
