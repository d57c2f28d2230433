package statefile_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Each is one change to a good file. None may be taken for a first run, and
// none may be overwritten (STA-23).
func TestDamaged(t *testing.T) {
	change := func(before, after string) string { return strings.Replace(router, before, after, 1) }
	const sum = "0202020202020202020202020202020202020202020202020202020202020202"
	for _, test := range []struct{ name, text, rule string }{
		{"empty", "", "JSN-04"},
		{"white space", "\n", "JSN-04"},
		{"zeros after a power failure", strings.Repeat("\x00", len(router)), "JSN-04"},
		{"one byte too long", router + strings.Repeat(" ", statefile.MaxSize+1-len(router)), "JSN-01"},
		{"endless", router + strings.Repeat(" ", 2*statefile.MaxSize), "JSN-01"},
		{"not UTF-8", change("router", "\xff"), "JSN-02"},
		{"byte order mark", "\ufeff" + router, "JSN-03"},
		{"null", "null", "JSN-04"},
		{"array", "[" + router + "]", "JSN-04"},
		{"no object", `"tresor.state/v1"`, "JSN-04"},
		{"two", router + router, "JSN-05"},
		{"rest of a longer file", router + "}\n", "JSN-05"},
		{"half a surrogate pair", change("router", `\ud800`), "JSN-07"},
		{"a workload twice", change(`{"router"`, `{"router": {"version": 1, "sha256": "`+sum+`"}, "router"`), "JSN-09"},
		{"a workload twice, escaped", change(`{"router"`, `{"\u0072outer": {"version": 1, "sha256": "`+sum+`"}, "router"`), "JSN-09"},
		{"version twice", change(`"version"`, `"version": 1, "version"`), "JSN-09"},
		{"folded name", change(`"workloads"`, `"Workloads"`), "JSN-10"},
		{"folded name in a workload", change(`"sha256"`, `"SHA256"`), "JSN-10"},
		{"unknown member", change(`"schema"`, `"x": 1, "schema"`), "JSN-11"},
		{"unknown member of a workload", change(`"version"`, `"x": 1, "version"`), "JSN-11"},
		{"only an unknown member", `{"x": 1}`, "JSN-11"},
		{"nothing", `{}`, "JSN-12"},
		{"no schema", change(`"schema": "tresor.state/v1", `, ""), "JSN-12"},
		{"empty schema", change("tresor.state/v1", ""), "JSN-12"},
		{"no workloads", `{"schema": "tresor.state/v1"}`, "JSN-12"},
		{"workloads null", `{"schema": "tresor.state/v1", "workloads": null}`, "JSN-12"},
		{"workload null", `{"schema": "tresor.state/v1", "workloads": {"router": null}}`, "JSN-12"},
		{"no version", change(`"version": 17, `, ""), "JSN-12"},
		{"no digest", change(`, "sha256": "`+sum+`"`, ""), "JSN-12"},
		{"workloads as an array", `{"schema": "tresor.state/v1", "workloads": []}`, "JSN-13"},
		{"workload as a number", `{"schema": "tresor.state/v1", "workloads": {"router": 17}}`, "JSN-13"},
		{"schema as a number", change(`"tresor.state/v1"`, "1"), "JSN-13"},
		{"version as a string", change("17", `"17"`), "JSN-13"},
		{"digest as a number", change(`"`+sum+`"`, "2"), "JSN-13"},
		{"version as a float", change("17", "17.0"), "JSN-14"},
		{"version with an exponent", change("17", "1e1"), "JSN-14"},
		{"version 0", change("17", "0"), "JSN-15"},
		{"version negative", change("17", "-17"), "JSN-15"},
		{"version 2^53", change("17", "9007199254740992"), "JSN-15"},
		{"version 2^64+17", change("17", "18446744073709551633"), "JSN-15"},
		{"another schema", change("state/v1", "state/v2"), "JSN-18"},
		{"a pin file's schema", change("state/v1", "pin/v1"), "JSN-18"},
		{"schema in other case", change("state/v1", "state/V1"), "JSN-18"},
		{"digest too short", change(sum, sum[2:]), "JSN-19"},
		{"digest too long", change(sum, sum+"02"), "JSN-19"},
		{"digest in upper case", change(sum, "AA"+sum[2:]), "JSN-19"},
		{"digest empty", change(sum, ""), "JSN-12"},
		{"workload without a name", change(`"router"`, `""`), "STA-10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := newPath(t)
			write(t, path, test.text)
			f := open(t, path)
			wantRefused(t, f, "router", test.rule)
			wantRefused(t, f, "another", test.rule) // damage is of the whole file
			wantText(t, path, test.text)
			wantMissing(t, path+".new")
		})
	}
}

// Every file that was cut off, and every file with one changed byte, is refused
// or says something else: it is never a first run.
func TestCutAndFlipped(t *testing.T) {
	path := newPath(t)
	f := open(t, path)
	for n := range len(router) - 1 { // without the line feed it is whole
		write(t, path, router[:n])
		if v, ok, err := f.Highest("router"); err == nil {
			t.Fatalf("first %d bytes: %v, %v", n, v, ok)
		}
	}
	for i := range router {
		flipped := []byte(router)
		flipped[i] ^= 0x80
		write(t, path, string(flipped))
		if v, ok, err := f.Highest("router"); err == nil {
			t.Fatalf("byte %d: %v, %v", i, v, ok)
		}
	}
}

func TestOtherWhiteSpace(t *testing.T) {
	for _, text := range []string{
		strings.TrimSuffix(router, "\n"),
		strings.ReplaceAll(router, " ", ""),
		strings.ReplaceAll(router, " ", "\r\n\t"),
		router + strings.Repeat(" ", statefile.MaxSize-len(router)),
		strings.Replace(router, "router", `\u0072outer`, 1),
	} {
		path := newPath(t)
		write(t, path, text)
		if v, err := open(t, path).Accept("router", version(16, 1)); v != version(17, 2) || err != nil {
			t.Errorf("%.200q: %v, %v", text, v, err)
		}
		wantText(t, path, text) // nothing new: not rewritten
	}
	path := newPath(t)
	write(t, path, `{"workloads":{},"schema":"tresor.state/v1"}`)
	if v, ok, err := open(t, path).Highest("router"); ok || err != nil {
		t.Error(v, ok, err)
	}
}

// STA-34
func TestWritten(t *testing.T) {
	path := newPath(t)
	f := open(t, path)
	names := []struct{ name, written string }{ // in the order of the file
		{"\x00\x1b[2J\r\n", `\u0000\u001b[2J\u000d\u000a`},
		{` !#/<>&'`, ` !#/<>&'`},
		{`"quoted\"`, `\"quoted\\\"`},
		{"A", "A"},
		{"a", "a"},
		{"aa", "aa"},
		{"a\x7f", `a\u007f`},
		{"\u0085\u202e", `\u0085\u202e`},
		{"é", `\u00e9`},
		{"\u2028", `\u2028`},
		{"\ufeff\ufffd", `\ufeff\ufffd`},
		{"\U0001f600", `\ud83d\ude00`},
	}
	var entries []string
	for i := range names {
		name := names[(i*5+3)%len(names)].name // each once, in another order
		if _, err := f.Accept(name, version(7, 0xab)); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, `"`+names[i].written+`": {"version": 7, "sha256": "`+strings.Repeat("ab", 32)+`"}`)
	}
	wantText(t, path, `{"schema": "tresor.state/v1", "workloads": {`+strings.Join(entries, ", ")+"}}\n")
	for _, n := range names {
		if v, ok, err := f.Highest(n.name); v != version(7, 0xab) || !ok || err != nil {
			t.Errorf("%q: %v, %v, %v", n.name, v, ok, err)
		}
	}
}

// fromStandardLibrary reads what is known to be strict.
func fromStandardLibrary(t rapid.TB, text []byte) map[string]attest.BundleVersion {
	var doc struct {
		Workloads map[string]struct {
			Version uint64
			SHA256  string
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	s := map[string]attest.BundleVersion{}
	for name, w := range doc.Workloads {
		sum, ok := strictjson.ParseHex[[32]byte](w.SHA256)
		if !ok {
			t.Fatalf("%q", text)
		}
		s[name] = attest.BundleVersion{Version: w.Version, SHA256: sum}
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	names := rapid.OneOf(rapid.StringN(1, -1, 200), rapid.SampledFrom([]string{"\"", "\\", "\x00", "\u2028", "\ufeff", "K", "\U0010ffff"}))
	versions := rapid.Custom(func(t *rapid.T) attest.BundleVersion {
		return version(rapid.Uint64Range(1, 1<<53-1).Draw(t, "version"), rapid.Byte().Draw(t, "digest"))
	})
	rapid.Check(t, func(t *rapid.T) {
		s := map[string]attest.BundleVersion{}
		for name, v := range rapid.MapOf(names, versions).Draw(t, "state") {
			s[strings.ToValidUTF8(name, "?")] = v
		}
		text := statefile.Encode(s)
		got, err := statefile.Decode(text)
		if err != nil || !cmp.Equal(got, s) {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(s, fromStandardLibrary(t, text)); diff != "" {
			t.Fatal(diff)
		}
		for _, c := range text[:len(text)-1] {
			if c < ' ' || c > '~' {
				t.Fatalf("%q is not visible ASCII", text)
			}
		}
	})
}

// What is accepted encodes to a text with the same meaning, which encodes to
// itself; and encoding/json reads the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(router))
	f.Add([]byte(`{"workloads":{},"schema":"tresor.state/v1"}`))
	f.Add([]byte(strings.Replace(router, "router", `\ud83d\ude00\"\\`, 1)))
	f.Add([]byte(strings.Replace(router, `{"router"`, `{"":1,"router"`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := statefile.Decode(text)
		if err != nil {
			var e *rule.Error
			if !errors.As(err, &e) || s != nil {
				t.Fatalf("bad refusal: %#v with %v", err, s)
			}
			return
		}
		for name, v := range s {
			if name == "" || !utf8.ValidString(name) || v.Version < 1 || v.Version > 1<<53-1 {
				t.Fatalf("accepted %q: %v", name, v)
			}
		}
		if diff := cmp.Diff(fromStandardLibrary(t, text), s); diff != "" {
			t.Fatal(diff)
		}
		canonical := statefile.Encode(s)
		again, err := statefile.Decode(canonical)
		if len(canonical) <= statefile.MaxSize && (err != nil || !cmp.Equal(again, s)) {
			t.Fatalf("%q: %v", canonical, err)
		}
	})
}

func BenchmarkHighest(b *testing.B) {
	path := newPath(b)
	write(b, path, router)
	f := open(b, path)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := f.Highest("router"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAccept(b *testing.B) {
	f := open(b, newPath(b))
	b.ReportAllocs()
	for n := uint64(1); b.Loop(); n++ {
		if _, err := f.Accept("router", version(n, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
