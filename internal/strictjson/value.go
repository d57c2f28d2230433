package strictjson

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Value is a value that is read. Its methods return the zero value, and make
// Decode fail, when it is not what they say. The zero Value stands for an absent
// member and reads as zero.
type Value struct {
	d   *decoder
	tok int32
}

func (v Value) token() token { return v.d.tokens[v.tok] }

// Fail refuses the value by a rule of the caller's.
func (v Value) Fail(id, expected, actual string) {
	if v.d != nil {
		v.d.fail(id, v.tok, expected, actual)
	}
}

// is reports whether v is of one of two kinds.
func (v Value) is(a, b kind) bool {
	if v.d == nil {
		return false
	}
	switch k := v.token().kind; {
	case k == a || k == b:
		return true
	case k == kindNull:
		v.Fail("JSN-12", kindNames[a], "null")
	default:
		v.Fail("JSN-13", kindNames[a], kindNames[k])
	}
	return false
}

// Text returns a string, which may be empty.
func (v Value) Text() string {
	if !v.is(kindString, kindEscaped) {
		return ""
	}
	return stringOf(v.d.text, v.token())
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
	if !v.is(kindString, kindEscaped) {
		return nil
	}
	t := v.token()
	if t.start == t.end {
		v.NonEmpty() // fails
		return nil
	}
	return appendUnescaped(make([]byte, 0, t.end-t.start), v.d.text[t.start:t.end])
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
	return v.is(kindFalse, kindTrue) && v.token().kind == kindTrue
}

// Int returns an integer between low and high, both included.
func (v Value) Int(low, high int64) int64 {
	text, ok := v.integer()
	n, err := strconv.ParseInt(text, 10, 64)
	if ok && (err != nil || n < low || n > high) {
		v.Fail("JSN-15", "an integer from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10), text[:min(len(text), quoteMax)])
		return 0
	}
	return n
}

// IntUpTo returns an integer of at least low. One above high counts as high,
// however many digits it has.
func (v Value) IntUpTo(low, high int64) int64 {
	text, ok := v.integer()
	n, _ := strconv.ParseInt(text, 10, 64) // of one out of range: the nearest int64
	if ok && n >= low {
		return min(n, high)
	}
	if ok {
		v.Fail("JSN-15", "an integer of at least "+strconv.FormatInt(low, 10), text[:min(len(text), quoteMax)])
	}
	return 0
}

// integer returns the digits of an integer in plain decimal form.
func (v Value) integer() (text string, ok bool) {
	if !v.is(kindNumber, kindNumber) {
		return "", false
	}
	text = v.d.text[v.token().start:v.token().end]
	if text == "-0" || strings.ContainsAny(text, ".eE") {
		v.Fail("JSN-14", "an integer in plain decimal digits", Quote(text))
		return "", false
	}
	return text, true
}

// IsObject reports whether v is an object. It is for members that may be one.
func (v Value) IsObject() bool { return v.d != nil && v.token().kind == kindObject }

// IsString reports whether v is a string. It is for members that may be one.
func (v Value) IsString() bool {
	return v.d != nil && (v.token().kind == kindString || v.token().kind == kindEscaped)
}

// Object returns an object whose known members have these names.
func (v Value) Object(known ...string) *Object {
	if !v.is(kindObject, kindObject) {
		return new(Object)
	}
	return v.d.object(v.tok, known)
}

// Members returns all members of an object whose names the caller judges, in
// the order of the document.
func (v Value) Members() []Member { return v.Object().Unknown() }

// Elements returns the elements of an array of any length.
func (v Value) Elements() []Value {
	if !v.is(kindArray, kindArray) {
		return nil
	}
	var list []Value
	for at := v.tok + 1; at < v.token().next; at = v.d.tokens[at].next {
		list = append(list, Value{v.d, at})
	}
	return list
}

// Array returns the elements of an array of low to high elements.
func (v Value) Array(low, high int) []Value {
	list := v.Elements()
	if n := len(list); n < low || n > high { // of what is no array this is the second error
		v.Fail("JSN-16", decimal(low)+" to "+decimal(high)+" elements", decimal(n))
		return nil
	}
	return list
}

// Set returns the elements of an array of low to high strings, none of them
// empty and no two the same.
func (v Value) Set(low, high int) []Value {
	list := v.Array(low, high)
	var seen nameSet
	for _, e := range list {
		if s := e.NonEmpty(); !seen.add(e.tok, v.d.textOf) {
			e.Fail("JSN-17", "every element once", "a second "+Quote(s))
			return nil
		}
	}
	return list
}

// Time returns an instant in UTC, see ParseTime.
func (v Value) Time() time.Time {
	s := v.NonEmpty()
	t, ok := ParseTime(s)
	if !ok {
		v.Fail("JSN-22", "a time as in RFC 3339, e.g. 2026-04-01T12:00:00Z", Quote(s))
	}
	return t
}

// Base64 returns what a string in standard base64 stands for, see ParseBase64.
func (v Value) Base64() []byte {
	s := v.NonEmpty()
	b, ok := ParseBase64(s)
	if !ok {
		v.Fail("JSN-20", "standard base64 with padding, canonical, without line breaks", Quote(s))
	}
	return b
}

// Base64URL returns what a string in base64url stands for, see ParseBase64URL.
func (v Value) Base64URL() []byte {
	s := v.NonEmpty()
	b, ok := ParseBase64URL(s)
	if !ok {
		v.Fail("JSN-21", "base64url without padding, canonical, without line breaks", Quote(s))
	}
	return b
}

// Hex returns what a string of lower-case hex digits stands for, see ParseHex.
func Hex[A Bytes](v Value) A {
	s := v.NonEmpty()
	a, ok := ParseHex[A](s)
	if !ok {
		v.Fail("JSN-19", decimal(2*len(a))+" lower-case hex digits", Quote(s))
	}
	return a
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
