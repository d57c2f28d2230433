package strictjson

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/tresorhq/attest/rule"
)

// Decode reads data, a JSON object of at most maxSize bytes, and calls read with
// it. known names the members that read knows, in ASCII. What read takes from the object
// is good only when Decode returns nil; its error is a *rule.Error. The Object and
// its Values must not be used after read has returned.
func Decode(data []byte, maxSize int, known []string, read func(*Object)) error {
	if len(data) > maxSize {
		return &rule.Error{Rule: "JSN-01", Where: Text, Expected: decimal(maxSize) + " bytes at most", Actual: decimal(len(data)) + " bytes"}
	}
	s := &scanner{text: string(data), last: map[nested]int{}}
	if !s.document() {
		return s.err
	}
	d := &document{text: s.text}
	s.pos = 0
	s.space()
	read(d.object(s.pos, known)) // whose first error stays, should it have one
	if d.err != nil {
		return d.err
	}
	return nil
}

// document is what all Values of a text share. The text was checked.
type document struct {
	text string
	err  *rule.Error // the first one
}

// fail records an error about the value at a place, or about members that the object
// there lacks, unless there is one. It looks for the path only then: a reader may go
// on and fail for every element of a long list.
func (d *document) fail(id string, at int, expected, actual string, members ...string) {
	if d.err != nil {
		return
	}
	path := d.path(at)
	for _, m := range members {
		path += dot(path) + pathName(m)
	}
	d.err = &rule.Error{Rule: id, Where: cmp.Or(path, Text), Offset: at, Expected: expected, Actual: actual}
}

// path walks from the outermost value to the one at a place, or to the member whose
// name is there.
func (d *document) path(target int) (path string) {
	s := scanner{text: d.text}
	s.space()
	for s.pos != target {
		inArray, n := s.peek() == '[', 0
		name, part := memberName{}, Value{}
		for name, part = range d.parts(s.pos) {
			s.pos = part.at
			if s.skip(); target < s.pos {
				break
			}
			n++
		}
		if inArray {
			path += "[" + decimal(n) + "]"
		} else {
			path += dot(path) + pathName(name.text)
		}
		if target == name.at {
			break
		}
		s.pos = part.at
	}
	return path
}

func dot(before string) string {
	if before == "" {
		return ""
	}
	return "."
}

// A memberName is the name of a member, and where its quote stands.
type memberName struct {
	text string
	at   int
}

// parts yields the values in the object or array at a place, those of an object with
// their names.
func (d *document) parts(at int) iter.Seq2[memberName, Value] {
	return func(yield func(memberName, Value) bool) {
		s := scanner{text: d.text, pos: at}
		inObject := s.peek() == '{'
		s.container(func() bool {
			var name memberName
			if name.at = s.pos; inObject {
				name.text, _ = s.name()
			}
			v := Value{d, s.pos}
			s.skip()
			return yield(name, v)
		})
	}
}

// An Object is a JSON object whose known members are read by name.
type Object struct {
	d     *document
	at    int
	known []string
	found []Value // of each known name, or the zero Value
}

// A Member is a name and its value.
type Member struct {
	Name  string
	Value Value
}

// object sorts the members into known and unknown ones and refuses folded names.
func (d *document) object(at int, known []string) *Object {
	o := &Object{d: d, at: at, known: known, found: make([]Value, len(known))}
	for name, v := range d.parts(at) {
		if i := slices.Index(known, name.text); i >= 0 {
			o.found[i] = v
		} else if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name.text) }); i >= 0 {
			d.fail("JSN-10", name.at, Quote(known[i])+" in exactly this spelling", Quote(name.text))
		}
	}
	return o
}

// Has reports whether a known member is there.
func (o *Object) Has(name string) bool {
	_, ok := o.Optional(name)
	return ok
}

// Optional returns a known member. ok is false when it is absent.
func (o *Object) Optional(name string) (v Value, ok bool) {
	if i := slices.Index(o.known, name); i >= 0 {
		v = o.found[i]
	}
	return v, v.d != nil
}

// Required returns a known member and refuses an object without it.
func (o *Object) Required(name string) Value {
	v, ok := o.Optional(name)
	if !ok && o.d != nil {
		o.d.fail("JSN-12", o.at, "a value", "no such member", name)
	}
	return v
}

// Value returns the object as a value.
func (o *Object) Value() Value { return Value{o.d, o.at} }

// Unknown returns the members that are not known, in the order of the document.
func (o *Object) Unknown() []Member {
	var list []Member
	for name, v := range o.unknown() {
		list = append(list, Member{name.text, v})
	}
	return list
}

func (o *Object) unknown() iter.Seq2[memberName, Value] {
	return func(yield func(memberName, Value) bool) {
		if o.d == nil {
			return
		}
		for name, v := range o.d.parts(o.at) {
			if !slices.Contains(o.known, name.text) && !yield(name, v) {
				return
			}
		}
	}
}

// RefuseUnknown refuses an object with a member that is not known.
func (o *Object) RefuseUnknown() {
	for name := range o.unknown() {
		o.d.fail("JSN-11", name.at, "one of "+strings.Join(o.known, ", "), Quote(name.text))
		return
	}
}

// Fail refuses the object by a rule of the caller's.
func (o *Object) Fail(id, expected, actual string) { o.Value().Fail(id, expected, actual) }
