package strictjson_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// viaStandardLibrary reads with encoding/json, and by token counts duplicates.
func viaStandardLibrary(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("encoding/json sees something behind %q", text)
	}
	return tree
}

// members counts the members of all objects of a tree: encoding/json merges
// duplicates, so that its tree has fewer.
func members(tree any) (n int) {
	switch v := tree.(type) {
	case []any:
		for _, e := range v {
			n += members(e)
		}
	case map[string]any:
		n = len(v)
		for _, e := range v {
			n += members(e)
		}
	}
	return n
}

// colons counts the colons outside of strings: one for each member.
func colons(text []byte) (n int) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ':' && !quoted:
			n++
		}
	}
	return n
}

// What is accepted, encoding/json accepts with the same values; it is UTF-8, an
// object, not too deep, and has no duplicate.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, ` {"a": [1, -2.5e3, true, false, null, "\u00e9\ud83d\ude00\n"], "b": {"a": {}}} `,
		`{"a":1,"\u0061":2}`, nested(8), nested(9), `{"a":"\ud800"}`, "\uFEFF{}", `{"a":01}`, manyNames(12, `"x":1`), `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := strictjson.Tree(text, 1<<16)
		if err != nil {
			var e *rule.Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(text) || got != nil {
				t.Fatalf("bad refusal: %#v with %v", err, got)
			}
			return
		}
		if !utf8.Valid(text) || len(text) > 1<<16 {
			t.Fatal("not UTF-8, or too long")
		}
		want := viaStandardLibrary(t, text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if a, b := members(want), colons(text); a != b {
			t.Fatalf("%d names for %d members", a, b)
		}
		if d := depth(want); d > 8 {
			t.Fatalf("depth %d", d)
		}
		if _, err := strictjson.Paths(text); err != nil {
			t.Fatal(err)
		}
	})
}

func depth(tree any) (n int) {
	switch v := tree.(type) {
	case []any:
		for _, e := range v {
			n = max(n, depth(e))
		}
		return n + 1
	case map[string]any:
		for _, e := range v {
			n = max(n, depth(e))
		}
		return n + 1
	}
	return 0
}

// No name that folds to a known one without being it gets through, and readers
// never fail on what they are not given.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"s","key":{"list":["a"]},"n":1,"b":true,"t":"2026-04-01T12:00:00Z","h":"00"}`))
	f.Add([]byte("{\"\u017fchema\":\"s\"}"))
	f.Add([]byte("{\"\u212aey\":\"s\"}"))
	known := []string{"schema", "key", "n", "b", "t", "h"}
	f.Fuzz(func(t *testing.T, text []byte) {
		var list []string
		err := strictjson.Decode(text, 1<<16, known, func(o *strictjson.Object) {
			o.Required("schema").NonEmpty()
			if v, ok := o.Optional("key"); ok {
				key := v.Object("list")
				for _, e := range key.Required("list").Set(0, 10) {
					list = append(list, e.NonEmpty())
				}
			}
			if v, ok := o.Optional("n"); ok {
				v.Int(-100, 100)
			}
			if v, ok := o.Optional("b"); ok {
				v.Bool()
			}
			if v, ok := o.Optional("t"); ok {
				v.Time()
			}
			if v, ok := o.Optional("h"); ok {
				strictjson.Hex[[16]byte](v)
			}
		})
		if err != nil {
			return
		}
		// encoding/json matches names without regard to case: with no such name
		// around, it sees the same.
		raw := map[string]json.RawMessage{}
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatal(err)
		}
		for name := range raw {
			for _, k := range known {
				if name != k && bytes.EqualFold([]byte(name), []byte(k)) {
					t.Fatalf("%q accepted beside %q", name, k)
				}
			}
		}
		var r struct {
			Schema *string
			Key    *struct{ List []string }
			N      int64
			B      bool
			T      *time.Time
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		if r.Schema == nil || *r.Schema == "" || r.N < -100 || r.N > 100 {
			t.Fatalf("accepted %q", text)
		}
		if r.Key != nil && !cmp.Equal(append([]string{}, r.Key.List...), append([]string{}, list...)) {
			t.Fatalf("list %q, want %q", list, r.Key.List)
		}
	})
}

// An accepted time is the one that time.Parse reads, and is printed the same.
func FuzzTime(f *testing.F) {
	for _, tt := range times {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := strictjson.ParseTime(s)
		want, err := time.Parse(time.RFC3339Nano, s)
		if !ok {
			if !got.IsZero() {
				t.Fatalf("%q: %v with a refusal", s, got)
			}
			// What is printed by time.Time in its own range is never refused.
			if err == nil && want.Format(time.RFC3339Nano) == s && want.UTC().Year() >= 1 && want.UTC().Year() <= 9999 && !want.IsZero() {
				if _, offset := want.Zone(); offset > -24*3600 && offset < 24*3600 {
					t.Fatalf("%q refused", s)
				}
			}
			return
		}
		if err != nil || !got.Equal(want) || got.Location() != time.UTC || got.IsZero() {
			t.Fatalf("%q: %v, time.Parse: %v, %v", s, got, want, err)
		}
		if again, ok := strictjson.ParseTime(got.Format(time.RFC3339Nano)); !ok || again != got {
			t.Fatalf("%q prints as %v", s, got)
		}
	})
}

func FuzzHex(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f")
	f.Add("000102030405060708090A0b0c0d0e0f")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		fuzzHex[[16]byte](t, s, func(a [16]byte) []byte { return a[:] })
		fuzzHex[[32]byte](t, s, func(a [32]byte) []byte { return a[:] })
		fuzzHex[[48]byte](t, s, func(a [48]byte) []byte { return a[:] })
		fuzzHex[[64]byte](t, s, func(a [64]byte) []byte { return a[:] })
	})
}

func fuzzHex[A interface {
	strictjson.Bytes
	comparable
}](t *testing.T, s string, slice func(A) []byte) {
	var zero A
	a, ok := strictjson.ParseHex[A](s)
	b, err := hex.DecodeString(s)
	plain := err == nil && len(b) == len(zero) && hex.EncodeToString(b) == s
	if ok != plain || ok && !bytes.Equal(slice(a), b) || !ok && a != zero {
		t.Fatalf("%q: %x, %v; want %x, %v", s, a, ok, b, plain)
	}
}

func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "AA==", "AAA=", "AAAA", "AB==", "A\nA==", "-_8=", "+/8=", "AA", "AAA", "-_8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tt := range []struct {
			parse func(string) ([]byte, bool)
			print *base64.Encoding
		}{
			{strictjson.ParseBase64[string], base64.StdEncoding},
			{strictjson.ParseBase64URL[string], base64.RawURLEncoding},
		} {
			b, ok := tt.parse(s)
			if !ok {
				if b != nil {
					t.Fatal("bytes with a refusal")
				}
				// Without the strictness: whatever prints back is accepted.
				if b, err := tt.print.DecodeString(s); err == nil && tt.print.EncodeToString(b) == s {
					t.Fatalf("%q refused", s)
				}
			} else if tt.print.EncodeToString(b) != s {
				t.Fatalf("%q accepted, prints as %q", s, tt.print.EncodeToString(b))
			}
		}
	})
}
