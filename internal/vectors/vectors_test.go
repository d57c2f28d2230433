package vectors_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tresorhq/attest/internal/vectors"
)

const (
	index = `{"schema": "tresor.vectors/v1", "count": 1, "cases": [{"id": "a", "file": "cases/a.json"}]}`
	one   = `{"schema": "tresor.vector/v1", "id": "a", "rules": ["RPT-01"], "comment": "", "command": "report", "options": {"at": "x"},
		"inputs": {"report": [%s]}, "expect": {"verdict": "pass", "exit_code": 0}}`
)

// folder is a folder of vectors with one case, which has one input.
func folder(input string) fstest.MapFS {
	return fstest.MapFS{
		"index.json": {Data: []byte(index)}, "cases/a.json": {Data: fmt.Appendf(nil, one, input)}, "shared/b": {Data: []byte("B\x00")},
		"cases/README.md": {Data: []byte("no case")},
	}
}

func TestRead(t *testing.T) {
	for input, want := range map[string]string{`{"text": "é\n"}`: "é\n", `{"base64": "QgA="}`: "B\x00", `{"shared": "b"}`: "B\x00"} {
		cases, err := vectors.Read(folder(input))
		if err != nil {
			t.Fatal(err)
		}
		if c := cases[0]; len(cases) != 1 || string(c.Files["report"][0]) != want || c.Section != "cases" {
			t.Errorf("%s: %+v", input, c)
		}
	}
	future := folder(`{"parts": []}`)
	future["cases/a.json"] = &fstest.MapFile{Data: []byte(strings.Replace(one, "vector/v1", "vector/v2", 1))}
	future["cases/a.json"].Data = fmt.Appendf(nil, string(future["cases/a.json"].Data), `{"parts": []}`)
	if cases, err := vectors.Read(future); err != nil || cases[0].Files != nil || cases[0].Schema == vectors.Schema {
		t.Errorf("a case of another schema: %+v %v", cases, err)
	}
}

// TestLacks: what may be declared missing is a command, an option, an input, a section, or
// the beginning of sections, and never everything.
func TestLacks(t *testing.T) {
	c := vectors.Case{Command: "report", Section: "held-certs", Options: map[string]any{"at": ""}, Inputs: map[string][]vectors.Input{"crl": nil}}
	for name, want := range map[string]bool{
		"report": true, "at": true, "crl": true, "held-certs": true, "held*": true, "held-certs*": true,
		"": false, "*": false, "held": false, "rep*": false, "attest": false, "certs": false,
	} {
		if c.Lacks([]string{"other", name}) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if c.Lacks(nil) {
		t.Error("lacks something of nothing")
	}
}

func TestReadRefuses(t *testing.T) {
	for name, change := range map[string]func(dir fstest.MapFS){
		"no index":         func(dir fstest.MapFS) { delete(dir, "index.json") },
		"no case":          func(dir fstest.MapFS) { dir["index.json"].Data = []byte(`{"schema": "tresor.vectors/v1", "count": 0}`) },
		"other schema":     func(dir fstest.MapFS) { dir["index.json"].Data = []byte(strings.Replace(index, "/v1", "/v2", 1)) },
		"wrong count":      func(dir fstest.MapFS) { dir["index.json"].Data = []byte(strings.Replace(index, "1,", "2,", 1)) },
		"case not there":   func(dir fstest.MapFS) { delete(dir, "cases/a.json") },
		"case not listed":  func(dir fstest.MapFS) { dir["cases/x/b.json"] = dir["cases/a.json"] },
		"case of other id": func(dir fstest.MapFS) { dir["index.json"].Data = []byte(strings.Replace(index, `"a"`, `"b"`, 1)) },
		"case no JSON":     func(dir fstest.MapFS) { dir["cases/a.json"].Data = []byte("{") },
		"listed twice":     func(dir fstest.MapFS) { dir["index.json"].Data = []byte(twice) },
		"file too long":    func(dir fstest.MapFS) { dir["shared/b"].Data = make([]byte, 4<<20+1) },
		"shared not there": func(dir fstest.MapFS) { delete(dir, "shared/b") },
		"two forms": func(dir fstest.MapFS) {
			dir["cases/a.json"].Data = fmt.Appendf(nil, one, `{"text": "", "shared": "b"}`)
		},
		"no form":           func(dir fstest.MapFS) { dir["cases/a.json"].Data = fmt.Appendf(nil, one, `{}`) },
		"malformed base64":  func(dir fstest.MapFS) { dir["cases/a.json"].Data = fmt.Appendf(nil, one, `{"base64": "B"}`) },
		"name leads astray": func(dir fstest.MapFS) { dir["cases/a.json"].Data = fmt.Appendf(nil, one, `{"shared": "../../x"}`) },
	} {
		dir := maps.Clone(folder(`{"shared": "b"}`))
		change(dir)
		if _, err := vectors.Read(dir); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

const twice = `{"schema": "tresor.vectors/v1", "count": 2, "cases": [{"id": "a", "file": "cases/a.json"}, {"id": "a", "file": "cases/a.json"}]}`
