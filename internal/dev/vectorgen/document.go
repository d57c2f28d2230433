package main

import (
	"bytes"
	"encoding/json"
)

// A doc is a JSON object as it is to be written: members in their order, and
// twice when they are added twice.
type doc []member

type member struct {
	name  string
	value any // raw is written as it is
}

type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// set replaces a member, or appends it.
func (d *doc) set(name string, value any) {
	for i := range *d {
		if (*d)[i].name == name {
			(*d)[i].value = value
			return
		}
	}
	d.add(name, value)
}

// add appends a member, even one that is there.
func (d *doc) add(name string, value any) { *d = append(*d, member{name, value}) }

// drop removes a member. It panics when there is none, so that no case loses
// its fault unnoticed.
func (d *doc) drop(name string) {
	for i := range *d {
		if (*d)[i].name == name {
			*d = append((*d)[:i:i], (*d)[i+1:]...)
			return
		}
	}
	panic("vectorgen: no member " + name)
}

// rename gives a member another name.
func (d *doc) rename(name, to string) {
	for i := range *d {
		if (*d)[i].name == name {
			(*d)[i].name = to
			return
		}
	}
	panic("vectorgen: no member " + name)
}

func (d doc) clone() doc { return append(doc(nil), d...) }

func (d doc) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range d {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(compactJSON(m.name))
		b.WriteString(": ")
		b.Write(compactJSON(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// text writes the object on one line.
func (d doc) text() []byte {
	b, _ := d.MarshalJSON()
	return b
}

// compactJSON does not go through json.Marshal for what must stay as it is.
func compactJSON(v any) []byte {
	switch v := v.(type) {
	case raw:
		return []byte(v)
	case doc:
		return v.text()
	case string:
		return quote(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// quote writes a string without the escapes that only HTML needs.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
