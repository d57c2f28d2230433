package strictjson

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tresorhq/attest/rule"
)

// Decode reads data, a JSON object of at most maxSize bytes, and calls read with
// it. known names the members that read knows, in ASCII. What read takes from the object
// is good only when Decode returns nil; its error is a *rule.Error. The Object and
// its Values must not be used after read has returned.
func Decode(data []byte, maxSize int, known []string, read func(*Object)) error {
	tokens, text, err := scan(data, maxSize)
	if err != nil {
		return err
	}
	d := &decoder{text: text, tokens: tokens}
	read(d.object(0, known)) // whose first error stays, should it have one
	if d.err != nil {
		return d.err
	}
	return nil
}

// decoder is what all Values of a document share.
type decoder struct {
	text   string
	tokens []token
	err    *rule.Error // the first one
}

// fail records an error about a token, unless there is one. It looks for the
// path only then: a reader may go on and fail for every element of a long list.
func (d *decoder) fail(id string, tok int32, expected, actual string) {
	d.failBelow(id, tok, "", expected, actual)
}

// failBelow is fail about a member of a token that is not there.
func (d *decoder) failBelow(id string, tok int32, member, expected, actual string) {
	if d.err != nil {
		return
	}
	path := d.path(tok)
	if member != "" {
		path += dot(len(path)) + pathName(member)
	}
	if path == "" {
		path = Text
	}
	d.err = &rule.Error{Rule: id, Where: path, Offset: int(d.tokens[tok].start), Expected: expected, Actual: actual}
}

// path walks from the outermost object to a token.
func (d *decoder) path(target int32) string {
	var b strings.Builder
	for at := int32(0); at != target; {
		inArray, n := d.tokens[at].kind == kindArray, 0
		child := at + 1
		for ; ; n++ {
			name := child
			if !inArray {
				child++
			}
			if target < d.tokens[child].next {
				if inArray {
					b.WriteString("[" + decimal(n) + "]")
				} else {
					b.WriteString(dot(b.Len()) + pathName(stringOf(d.text, d.tokens[name])))
				}
				if target == name {
					return b.String()
				}
				break
			}
			child = d.tokens[child].next
		}
		at = child
	}
	return b.String()
}

func dot(before int) string {
	if before == 0 {
		return ""
	}
	return "."
}

// An Object is a JSON object whose known members are read by name.
type Object struct {
	d     *decoder
	tok   int32
	known []string
	found []int32 // the value's token of each known name, 0 for none
}

// A Member is a name and its value.
type Member struct {
	Name  string
	Value Value
}

// object sorts the members into known and unknown ones and refuses folded names.
func (d *decoder) object(tok int32, known []string) *Object {
	o := &Object{d: d, tok: tok, known: known, found: make([]int32, len(known))}
	for name := range d.names(tok) {
		s := d.textOf(name)
		if i := slices.Index(known, s); i >= 0 {
			o.found[i] = name + 1
			continue
		}
		length := utf8.RuneCountInString(s) // which no fold changes
		if i := slices.IndexFunc(known, func(k string) bool { return len(k) == length && strings.EqualFold(k, s) }); i >= 0 {
			d.fail("JSN-10", name, Quote(known[i])+" in exactly this spelling", Quote(s))
		}
	}
	return o
}

// names yields the token of each name of an object, behind which its value is.
func (d *decoder) names(tok int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for name := tok + 1; name != d.tokens[tok].next; name = d.tokens[name+1].next {
			if !yield(name) {
				return
			}
		}
	}
}

// textOf returns the string of a token.
func (d *decoder) textOf(tok int32) string { return stringOf(d.text, d.tokens[tok]) }

// Has reports whether a known member is there.
func (o *Object) Has(name string) bool {
	i := slices.Index(o.known, name)
	return i >= 0 && o.found[i] != 0
}

// Optional returns a known member. ok is false when it is absent.
func (o *Object) Optional(name string) (v Value, ok bool) {
	if !o.Has(name) {
		return Value{}, false
	}
	return Value{o.d, o.found[slices.Index(o.known, name)]}, true
}

// Required returns a known member and refuses an object without it.
func (o *Object) Required(name string) Value {
	v, ok := o.Optional(name)
	if !ok && o.d != nil {
		o.d.failBelow("JSN-12", o.tok, name, "a value", "no such member")
	}
	return v
}

// Unknown returns the members that are not known, in the order of the document.
func (o *Object) Unknown() []Member {
	var list []Member
	for m := range o.unknown {
		list = append(list, m)
	}
	return list
}

func (o *Object) unknown(yield func(Member) bool) {
	if o.d == nil {
		return
	}
	for name := range o.d.names(o.tok) {
		s := o.d.textOf(name)
		if !slices.Contains(o.known, s) && !yield(Member{s, Value{o.d, name + 1}}) {
			return
		}
	}
}

// RefuseUnknown refuses an object with a member that is not known.
func (o *Object) RefuseUnknown() {
	for m := range o.unknown {
		o.d.fail("JSN-11", m.Value.tok-1, "one of "+strings.Join(o.known, ", "), Quote(m.Name))
		return
	}
}

// Fail refuses the object by a rule of the caller's.
func (o *Object) Fail(id, expected, actual string) {
	if o.d != nil {
		o.d.fail(id, o.tok, expected, actual)
	}
}
