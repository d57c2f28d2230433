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
		return rule.Broken("JSN-01", Text, 0, decimal(maxSize)+" bytes at most", decimal(len(data))+" bytes")
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

// fail records an error about the value at a place, or about a member that the object
// there lacks, unless there is one. It looks for the path only then: a reader may go
// on and fail for every element of a long list.
func (d *document) fail(id string, at int, member, expected, actual string) {
	if d.err != nil {
		return
	}
	path := d.path(at)
	if member != "" {
		path += dot(path) + pathName(member)
	}
	d.err = rule.Broken(id, cmp.Or(path, Text), at, expected, actual)
}

// path walks from the outermost value to the one at a place, or to the member whose
// name is there.
func (d *document) path(target int) (path string) {
	s := scanner{text: d.text}
	s.space()
	for s.pos != target {
		inArray, n, m := s.peek() == '[', 0, Member{}
		for m = range d.parts(s.pos) {
			s.pos = m.Value.at
			if s.skip(); target < s.pos {
				break
			}
			n++
		}
		if inArray {
			path += "[" + decimal(n) + "]"
		} else {
			path += dot(path) + pathName(m.Name)
		}
		if target == m.at {
			break
		}
		s.pos = m.Value.at
	}
	return path
}

func dot(before string) string {
	if before == "" {
		return ""
	}
	return "."
}

// parts yields what is in the object or array at a place: members, or elements, which
// have no name.
func (d *document) parts(at int) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		s := scanner{text: d.text, pos: at}
		inObject := s.peek() == '{'
		s.container(func() bool {
			m := Member{at: s.pos}
			if inObject {
				m.Name, _ = s.name()
			}
			m.Value = Value{d, s.pos}
			s.skip()
			return yield(m)
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
	at    int // where it begins
}

// object sorts the members into known and unknown ones and refuses folded names.
func (d *document) object(at int, known []string) *Object {
	o := &Object{d: d, at: at, known: known, found: make([]Value, len(known))}
	for m := range d.parts(at) {
		if i := slices.Index(known, m.Name); i >= 0 {
			o.found[i] = m.Value
		} else if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, m.Name) }); i >= 0 {
			d.fail("JSN-10", m.at, "", Quote(known[i])+" in exactly this spelling", Quote(m.Name))
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
		o.d.fail("JSN-12", o.at, name, "a value", "no such member")
	}
	return v
}

// Value returns the object as a value.
func (o *Object) Value() Value { return Value{o.d, o.at} }

// Unknown returns the members that are not known, in the order of the document.
func (o *Object) Unknown() []Member { return slices.Collect(o.unknown()) }

func (o *Object) unknown() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if o.d == nil {
			return
		}
		for m := range o.d.parts(o.at) {
			if !slices.Contains(o.known, m.Name) && !yield(m) {
				return
			}
		}
	}
}

// RefuseUnknown refuses an object with a member that is not known.
func (o *Object) RefuseUnknown() {
	for m := range o.unknown() {
		o.d.fail("JSN-11", m.at, "", "one of "+strings.Join(o.known, ", "), Quote(m.Name))
		return
	}
}

// Fail refuses the object by a rule of the caller's.
func (o *Object) Fail(id, expected, actual string) { o.Value().Fail(id, expected, actual) }
