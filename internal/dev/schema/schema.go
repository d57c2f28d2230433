// Package schema makes JSON Schemas (draft 2020-12) of the Go types that are written
// as JSON, for the tests that keep docs/schemas up to date.
package schema

import (
	"bytes"
	"encoding"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// More adds to, or replaces, what a type says of a member: by "Type.member", by
// "member" of any type, or by "Type" for all of it.
type More map[string]map[string]any

// Hex is a text of n lower-case hex digits.
func Hex(digits string) map[string]any {
	return map[string]any{"type": "string", "pattern": "^[0-9a-f]{" + digits + "}$"}
}

// Enum is one of these values.
func Enum(values ...any) map[string]any { return map[string]any{"enum": values} }

// Const is this value.
func Const(value any) map[string]any { return map[string]any{"const": value} }

// Time is a time of RFC 3339.
var Time = map[string]any{"type": "string", "format": "date-time"}

// ListOf is a list of this.
func ListOf(items map[string]any) map[string]any {
	return map[string]any{"type": "array", "items": items}
}

// Of returns the schema of what v is marshalled to.
func Of(title string, v any, more More) ([]byte, error) {
	w := &writer{more: more, defs: map[string]any{}}
	root := w.object(reflect.TypeOf(v))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = title
	if len(w.defs) > 0 {
		root["$defs"] = w.defs
	}
	b, err := json.MarshalIndent(root, "", "  ")
	return append(b, '\n'), err
}

// Update reports whether docs/schemas/NAME.json, below the root of the module, holds
// the schema. When write is set, it is written first.
func Update(root, name string, want []byte, write bool) (bool, error) {
	path := filepath.Join(root, "docs", "schemas", name+".json")
	if write {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return false, err
		}
	}
	have, err := os.ReadFile(path)
	return bytes.Equal(have, want), err
}

type writer struct {
	more More
	defs map[string]any
}

// of returns the schema of a type. A named struct has its place in $defs.
func (w *writer) of(t reflect.Type) map[string]any {
	if all, ok := w.more[t.Name()]; ok && t.Name() != "" {
		return all
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.of(t.Elem())
	case reflect.Struct:
		if w.defs[t.Name()] == nil {
			w.defs[t.Name()] = true // for a type that holds itself
			w.defs[t.Name()] = w.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return ListOf(w.of(t.Elem()))
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": w.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Uint8:
		return map[string]any{"type": "integer", "minimum": 0, "maximum": 255}
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	}
	return map[string]any{"type": "integer"}
}

// object returns the schema of a struct: members that may be left out are those that
// Go leaves out when they are empty.
func (w *writer) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	w.members(t, t.Name(), properties, &required)
	o := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func (w *writer) members(t reflect.Type, of string, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, tagged := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			w.members(f.Type, of, properties, required)
			continue
		case !f.IsExported() || name == "-":
			continue
		}
		p := maps.Clone(w.of(f.Type))
		for _, key := range []string{name, of + "." + name} {
			if more, ok := w.more[key]; ok {
				p = more
			}
		}
		properties[name] = p
		if !tagged || !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}
