package document

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An Object is a JSON object as it is to be written: members in their order, and
// one name twice when it was added twice.
type Object []Member

// A Member is a name, which is a string, and its value: a RawJSON, an Object, or
// anything that encoding/json can write.
type Member [2]any

// RawJSON is written as it is, be it JSON or not.
type RawJSON string

// MarshalJSON returns the text.
func (r RawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// Get returns the value of the first member of that name, or nil.
func (o Object) Get(name string) any {
	if i := o.index(name); i >= 0 {
		return o[i][1]
	}
	return nil
}

func (o Object) index(name string) int {
	return slices.IndexFunc(o, func(m Member) bool { return m[0] == name })
}

// must is index, and panics when there is none, so that no test loses its fault
// unnoticed.
func (o Object) must(name string) int {
	if i := o.index(name); i >= 0 {
		return i
	}
	panic("document: no member " + name)
}

// Set replaces the value of the first member of that name, or appends the member.
func (o *Object) Set(name string, value any) {
	if i := o.index(name); i >= 0 {
		(*o)[i][1] = value
		return
	}
	o.Add(name, value)
}

// Add appends a member, also when there is one of that name.
func (o *Object) Add(name string, value any) { *o = append(*o, Member{name, value}) }

// Drop removes the first member of that name. It panics when there is none.
func (o *Object) Drop(name string) {
	i := o.must(name)
	*o = append((*o)[:i:i], (*o)[i+1:]...)
}

// Rename gives the first member of that name another one. It panics when there
// is none.
func (o *Object) Rename(name, to string) { (*o)[o.must(name)][0] = to }

// Clone returns a copy with the same values.
func (o Object) Clone() Object { return append(Object(nil), o...) }

// fill sets a member that is there and empty: what a test has filled in or
// dropped stays so.
func (o Object) fill(name string, value any) {
	i := o.index(name)
	if i < 0 {
		return
	}
	list, isList := o[i][1].([]string)
	if o[i][1] == "" || isList && len(list) == 0 {
		o[i][1] = value
	}
}

// MarshalJSON returns Text.
func (o Object) MarshalJSON() ([]byte, error) { return o.Text(), nil }

// Text writes the object on one line, with a space behind each colon and comma.
// It panics on a value that JSON cannot express.
func (o Object) Text() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(jsonText(m[0]))
		b.WriteString(": ")
		b.Write(jsonText(m[1]))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// jsonText keeps encoding/json away from what must stay as it is.
func jsonText(v any) []byte {
	switch v := v.(type) {
	case RawJSON:
		return []byte(v)
	case Object:
		return v.Text()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // only HTML needs them
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
