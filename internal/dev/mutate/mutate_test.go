package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const source = `package p

import "errors"

var table = []string{"a", "b"}

var levels = [...]int{2: 1, 0}

type reader struct{}

func (reader) Required(string) reader         { return reader{} }
func (reader) Optional(string) (reader, bool) { return reader{}, true }
func (reader) NonEmpty() string               { return "" }
func (reader) Text() string                   { return "" }

// check is about RPT-02, its second sentence about RPT-01.
func check(n int, s string, ok bool) error {
	if n > 10 || !ok && s == "" { // RPT-02
		return errors.New("x")
	}
	switch s {
	case "a", "b":
		do()
	}
	what := ""
	if ok {
		what = "only text"
	}
	if v, ok := (reader{}).Optional("x"); ok {
		do(v.NonEmpty())
	}
	for i := 0; i < bounded(1, 7); i++ {
		do()
	}
	_ = what + (reader{}).Required("y").NonEmpty()
	return again(n)
}

func again(n int) error { return nil }

func bounded(low, high int) int { return low + high }

func do(...string) {}

func text(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}
`

// alike has what the forms of alike.go, loops.go and copies.go change.
const alike = `package p

import (
	"bytes"
	"slices"
	"time"
)

type pair struct {
	a, b [4]byte
	n    int
}

type id struct{ key string }

var seen = map[id]bool{}

func equal(p pair, s string, x, y []byte) error {
	for _, c := range x {
		if c == 0 {
			return nil
		}
	}
	for range seen {
	}
	for range p.n {
	}
	if p.a == p.b || s == "abc" || bytes.Equal(x, y) || p.n == len(x) {
		return nil
	}
	return equal(p, s, y, x)
}

func known(s string, now, then time.Time, list []string) ([]string, bool) {
	return slices.Clone(list), seen[id{s}] && now.Before(then)
}

func copied(x []byte) []byte { return append([]byte(nil), x...) }
`

// What the files of these tests import is read once.
var (
	fset     = token.NewFileSet()
	imported = importer.ForCompiler(fset, "source", nil)
)

// load1 parses and checks one file.
func load1(t *testing.T, text string) *pkg {
	t.Helper()
	file, err := parser.ParseFile(fset, "p.go", text, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	p := &pkg{path: module + "/p", name: "p", fset: fset, names: []string{"p.go"}, files: []*ast.File{file}, source: [][]byte{[]byte(text)}}
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	helpers, err := parser.ParseFile(fset, switchesFile, "package p\n"+strings.ReplaceAll(switches, "muCount", "100"), 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: imported}
	if p.types, err = config.Check(p.path, fset, []*ast.File{file, helpers}, p.info); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return p
}

// TestFind: each form is found where it is, and nowhere else.
func TestFind(t *testing.T) {
	find(t, source, []string{
		`table row "a" no rule`, `table row "b" no rule`, `levels row 2: 1 no rule`,
		`check succeed return nil RPT-02`, `check accept again(n) RPT-02`,
		`check true n > 10 || !ok && s == "" RPT-02`, `check false n > 10 RPT-02`, `check false !ok && s == "" RPT-02`,
		`check true !ok RPT-02`, `check true s == "" RPT-02`, `check plus n > 10 RPT-02`, `check minus n > 10 RPT-02`, `check order n > 10 RPT-02`,
		`check case "a" RPT-02`, `check case "b" RPT-02`, `check delete do() RPT-02`,
		`check false ok RPT-02`, `check empty v.NonEmpty() RPT-02`,
		`check false i < bounded(1, 7) RPT-02`, `check plus i < bounded(1, 7) RPT-02`, `check minus i < bounded(1, 7) RPT-02`,
		`check plus bounded(1, 7) RPT-02`, `check minus bounded(1, 7) RPT-02`, `check plus bounded(1, 7) RPT-02`, `check minus bounded(1, 7) RPT-02`,
		`check delete do() RPT-02`, `check empty (reader{}).Required("y").NonEmpty() RPT-02`, `check optional (reader{}).Required("y") RPT-02`,
	})
	find(t, alike, []string{
		`equal succeed return nil`, `equal accept equal(p, s, y, x)`,
		`equal first x`, `equal last x`, `equal only last x`, `equal first seen`, `equal last seen`, `equal only last seen`,
		`equal first p.n`, `equal last p.n`, `equal only last p.n`,
		`equal true c == 0`, `equal false c == 0`,
		`equal true p.a == p.b || s == "abc" || bytes.Equal(x, y) || p.n == len(x)`,
		`equal false p.a == p.b`, `equal prefix p.a == p.b`, `equal suffix p.a == p.b`, `equal field p.a for b`, `equal field p.b for a`,
		`equal false s == "abc"`, `equal prefix s == "abc"`, `equal suffix s == "abc"`,
		`equal false bytes.Equal(x, y)`, `equal prefix bytes.Equal(x, y)`, `equal suffix bytes.Equal(x, y)`,
		`equal false p.n == len(x)`, `equal swap equal(p, s, y, x)`,
		`known alias slices.Clone(list)`, `known key s`, `known false seen[id{s}] && now.Before(then)`, `known true seen[id{s}]`,
		`known true now.Before(then)`, `known instant now.Before(then)`, `copied alias append([]byte(nil), x...)`,
	})
}

// find wants these mutants of a source and no others, and that the file with
// their switches is a program.
func find(t *testing.T, source string, want []string) {
	t.Helper()
	p := load1(t, source)
	dir := t.TempDir()
	p.dir = dir
	mutants, _, err := instrument([]*pkg{p}, module, dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, m.Func+" "+m.Kind+" "+m.Text+" "+strings.Join(m.Rules, ","))
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g, w) })
		if i < 0 {
			t.Errorf("not found: %s", w)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) > 0 {
		t.Errorf("found too:\n%s", strings.Join(got, "\n"))
	}
	text, err := os.ReadFile(filepath.Join(dir, "0-p.go"))
	if err != nil {
		t.Fatal(err)
	}
	load1(t, string(text))
	seen := map[string]bool{}
	for _, m := range mutants {
		if seen[m.key()] {
			t.Errorf("two mutants are %s", m.key())
		}
		seen[m.key()] = true
	}
}

func TestEditsNest(t *testing.T) {
	var e edits
	e.around(0, 5, "(", ")")
	e.close(1, 2, ";")
	e.around(0, 1, "[", "]")
	e.around(4, 5, "<", ">")
	if got := string(e.apply([]byte("a b c"))); got != "([a];b <c>)" {
		t.Error(got)
	}
}

// TestExplained: an explanation of no mutant, one without a reason, one of a
// mutant that was killed and a survivor without one are errors.
func TestExplained(t *testing.T) {
	m := &mutant{File: "a.go", Func: "f", Kind: "true", Text: "x == 1"}
	read := func(text string) (map[string]string, []string, error) {
		name := filepath.Join(t.TempDir(), "explained.txt")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return readExplained(name, []*mutant{m})
	}
	explained, gone, err := read("# note\n\n" + m.key() + "\n\tone reason\n\tin two lines\n")
	if err != nil || gone != nil || explained[m.key()] != "one reason in two lines" {
		t.Errorf("%q, %v", explained, err)
	}
	if _, gone, err := read("b.go | f | true | x == 1\n\treason\n"); err != nil || len(gone) != 1 {
		t.Errorf("%q, %v", gone, err)
	}
	for _, text := range []string{m.key() + "\n", "\treason\n"} {
		if _, _, err := read(text); err == nil {
			t.Errorf("read %q", text)
		}
	}
	for _, tt := range []struct {
		killed, why string
		ok          bool
	}{{"test", "", true}, {"", "reason", true}, {"test", "reason", false}, {"", "", false}} {
		var out strings.Builder
		err := report(&out, []*fate{{mutant: m, Killed: tt.killed, Why: tt.why}}, 0, options{tests: true})
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestReadme(t *testing.T) {
	name := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(name, []byte("a\n<!-- mutants -->\nold\n<!-- /mutants -->\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	killed := &fate{mutant: &mutant{}, Killed: "test", Counts: true, CPU: 60}
	if err := report(&out, []*fate{killed}, time.Minute, options{tests: true, vectors: true, most: time.Hour, readme: name}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if want := "a\n<!-- mutants -->\n| | mutants | killed | explained |\n|---|---|---|---|\n| all tests | 1 | 1 (100.0 %) | 0 |\n| vectors alone | 1 | 0 (0.0 %) | 0 |\n\nThe run of " +
		time.Now().UTC().Format(time.DateOnly) + " took 2m0s of the processor's time.\n<!-- /mutants -->\nb\n"; err != nil || string(text) != want {
		t.Errorf("%s %v", text, err)
	}
	if err := os.WriteFile(name, []byte("no markers"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := report(&out, []*fate{killed}, 0, options{tests: true, vectors: true, most: time.Hour, readme: name}); err == nil {
		t.Error("wrote into a file without markers")
	}
}

// TestHand: each mutant that was thought up by hand still has its place, and is a program.
func TestHand(t *testing.T) {
	text, err := os.ReadFile("hand.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readHand(string(text))
	if err != nil || len(all) < 20 {
		t.Fatalf("%d mutants, %v", len(all), err)
	}
	byDir := map[string]*pkg{}
	var patterns []string
	for _, m := range all {
		patterns = append(patterns, path.Join(module, path.Dir(m.file)))
	}
	packages, err := load(patterns)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		byDir[p.path] = p
	}
	for _, m := range all {
		source, err := os.ReadFile(filepath.Join("../../..", m.file))
		if err != nil {
			t.Error(err)
			continue
		}
		changed, err := m.apply(string(source))
		if err != nil || changed == string(source) {
			t.Errorf("%v", err)
			continue
		}
		if err := byDir[path.Join(module, path.Dir(m.file))].with(path.Base(m.file), changed); err != nil {
			t.Errorf("%s: %v", m.about, err)
		}
	}
	for _, bad := range []string{"== a\nfile: b\n", "== a\nb\ntests: c\n-- before\nx\n-- after\ny\n"} {
		if _, err := readHand(bad); err == nil {
			t.Errorf("read %q", bad)
		}
	}
}

// TestBeyond: a survivor of the vectors is beyond them by its kind, and a check that
// evidence reaches is not.
func TestBeyond(t *testing.T) {
	for _, c := range []struct {
		m    mutant
		want bool
	}{
		{mutant{File: "jws/verify.go", Func: "Message.Verify", Kind: "false", Text: "m == nil"}, true},
		{mutant{File: "certchain/verify.go", Func: "link", Kind: "prefix", Text: "sum != anchor.sha256"}, true},
		{mutant{File: "policy/decode.go", Func: "decodeList", Kind: "order", Text: "len(in) == 0"}, true},
		{mutant{File: "steps.go", Func: "endpointSteps", Kind: "row", Text: `"report"`}, true},
		{mutant{File: "azure/result.go", Func: "session.conclude", Kind: "false", Text: "s.quote == nil"}, true},
		{mutant{File: "steps.go", Func: "endpointSteps", Kind: "row", Text: `{ID: "live_key", Rule: "BIN-10"}`}, false},
		{mutant{File: "policy/table.go", Func: "table", Kind: "row", Text: `{id: "POL-05", always: checkDebug}`}, false},
		{mutant{File: "binding.go", Func: "bindReportData", Kind: "prefix", Text: "[32]byte(reportData[:32]) == want"}, false},
		{mutant{File: "rollback.go", Func: "Bundle.CheckVersion", Kind: "false", Text: "b.Version < known.Version"}, false},
		{mutant{File: "certchain/endorsement.go", Func: "Chain.Differences", Kind: "false", Text: "product != leaf.Product"}, false},
		{mutant{File: "certchain/pem.go", Func: "splitPEM", Kind: "minus", Text: "len(text) > maxSize"}, false},
		{mutant{File: "jws/jwk.go", Func: "checkUse", Kind: "prefix", Text: "s != word"}, false},
		{mutant{File: "receipt/verifier.go", Func: "session.checkSignature", Kind: "suffix", Text: "k.ID() == id"}, false},
		{mutant{File: "certchain/crl.go", Func: "CRL.parse", Kind: "delete", Text: `d.end(list, "CertificateList")`}, false},
	} {
		if got := beyond(&c.m); (got != "") != c.want {
			t.Errorf("%s: %q", c.m.key(), got)
		}
	}
}
