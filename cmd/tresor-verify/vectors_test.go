package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/vectors"
	"github.com/tresorhq/attest/verdict"
)

const vectorDir = "../../testdata/vectors"

// TestVectors: every vector passes, and an answer that passes does so by nothing
// but what its vector says: with another error type, or another rule, exit code
// or verdict expected, it fails.
func TestVectors(t *testing.T) {
	t.Parallel()
	cases, err := vectors.Read(os.DirFS(vectorDir))
	if err != nil {
		t.Fatal(err)
	}
	types := []string{"", "NoSuchError"}
	for _, c := range cases {
		if !slices.Contains(types, c.Expect.Error) {
			types = append(types, c.Expect.Error)
		}
	}
	scratch := t.TempDir()
	step := 8 // the command itself runs all of them, as do the tests of the library
	if os.Getenv("ATTEST_STRESS") != "" {
		step = 1
	}
	for i := 0; i < len(cases); i += step {
		c := cases[i]
		a, err := runner(run).play(ctx(), now, c, filepath.Join(scratch, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		if problem := c.Expect.Judge(a); problem != "" {
			t.Errorf("%s: %s", c.ID, problem)
			continue
		}
		for what, change := range map[string]func(e *vectors.Expect){
			"rule": func(e *vectors.Expect) { e.Requirement += "0" }, "exit code": func(e *vectors.Expect) { e.ExitCode++ },
			"verdict": func(e *vectors.Expect) { e.Verdict += "!" }, "result": func(e *vectors.Expect) { e.Result = map[string]any{"schema": "other"} },
		} {
			e := c.Expect
			if change(&e); e.Judge(a) == "" {
				t.Errorf("%s passes with another %s", c.ID, what)
			}
		}
		for _, other := range types {
			e := c.Expect
			if e.Error = other; other != c.Expect.Error && e.Judge(a) == "" {
				t.Errorf("%s passes with the error type %q", c.ID, other)
			}
		}
	}
	t.Logf("%d vectors, every %d of them, %d error types", len(cases), step, len(types)-2)
}

// fewVectors writes a folder with two vectors, one that is accepted and one that
// is refused, and changes their files first.
func fewVectors(t *testing.T, change func(name string, data []byte) []byte) string {
	f := newFolder(t)
	files := map[string]string{}
	var list []string
	for _, id := range []string{"state-empty-file", "report-version-6"} {
		section, _, _ := strings.Cut(id, "-")
		files["cases/"+id+".json"] = "cases/" + section + "/" + id + ".json"
		list = append(list, `{"id": "`+id+`", "file": "cases/`+id+`.json"}`)
	}
	shared, err := os.ReadDir(filepath.Join(vectorDir, "shared"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shared {
		files["shared/"+s.Name()] = "shared/" + s.Name()
	}
	for _, dir := range []string{"cases", "shared"} {
		if err := os.Mkdir(f.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, source := range files {
		b, err := os.ReadFile(filepath.Join(vectorDir, source))
		if err != nil {
			t.Fatal(err)
		}
		f.write(name, change(name, b))
	}
	f.write("index.json", change("index.json", []byte(`{"schema": "tresor.vectors/v1", "count": 2, "cases": [`+strings.Join(list, ",")+`]}`)))
	return f.dir
}

// Rules: VEC-01, VEC-02, VEC-03, VEC-04.
func TestVectorsCommand(t *testing.T) {
	t.Parallel()
	replaced := func(file, old, with string) func(name string, data []byte) []byte {
		return func(name string, data []byte) []byte {
			if name == file {
				return []byte(strings.Replace(string(data), old, with, 1))
			}
			return data
		}
	}
	const report = "cases/report-version-6.json"
	same := func(_ string, data []byte) []byte { return data }
	wrong := replaced(report, "ReportInvalidError", "EndorsementMismatchError")
	future := replaced(report, "tresor.vector/v1", "tresor.vector/v2")
	for _, tt := range []struct {
		name                      string
		change                    func(name string, data []byte) []byte
		args                      []string
		code                      int
		passed, failed, skip, not int
	}{
		{"good", same, nil, 0, 2, 0, 0, 0},
		{"another error type", wrong, nil, 1, 1, 1, 0, 0},
		{"declared missing", wrong, []string{"--missing", "report"}, 0, 1, 0, 1, 0},
		{"something else missing", wrong, []string{"--missing", "state"}, 1, 0, 1, 1, 0},
		{"skipped undeclared", future, nil, 1, 1, 0, 0, 1},
		{"an address", replaced(report, `"options": {`, `"options": {"kds-url": "https://kds.example",`), nil, 1, 1, 0, 0, 1},
		{"a file elsewhere", replaced(report, `"inputs": {`, `"inputs": {"../x": [{"text": ""}],`), nil, 1, 1, 0, 0, 1},
		{"another command", replaced(report, `"command": "report"`, `"command": "vectors"`), nil, 1, 1, 0, 0, 1},
		{"no index", replaced("index.json", "{", ""), nil, 3, 0, 0, 0, 0},
		{"a case that is not what it seems", replaced(report, "report-version-6", "other"), nil, 3, 0, 0, 0, 0},
	} {
		dir := fewVectors(t, tt.change)
		o := tool(append([]string{"vectors", "--json", dir}, tt.args...)...)
		var got vectorsJSON
		if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.code != tt.code || got.ExitCode != tt.code {
			t.Errorf("%s: exit code %d, %v, %s", tt.name, o.code, err, o.stdout)
		}
		if got.Passed != tt.passed || got.Failed != tt.failed || got.Skipped != tt.skip || got.Unable != tt.not || len(got.Problems) != tt.failed+tt.not {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if text := tool(append([]string{"vectors", dir}, tt.args...)...); text.code != tt.code || tt.code == 0 && !strings.HasPrefix(text.stdout, "PASS: ") || tt.code == 1 && !strings.Contains(text.stdout, "\nFAIL: ") {
			t.Errorf("%s: %+v", tt.name, text)
		}
	}
	if o := tool("vectors"); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
	if o := tool("vectors", t.TempDir()+"/none"); o.code != verdict.ExitUndecided {
		t.Errorf("%+v", o)
	}
}
