// Package schema holds what the command prints, and the files that it reads, against
// docs/schemas, with github.com/santhosh-tekuri/jsonschema/v6.
package schema

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tresorhq/attest/internal/vectors"
)

const root = "../.."

// compile reads a schema of docs/schemas.
func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	s, err := c.Compile(filepath.Join(root, "docs", "schemas", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(s *jsonschema.Schema, text []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestSchemas: each vector's answer is a verify-result; each file of an accepted vector
// is what its schema says.
func TestSchemas(t *testing.T) {
	cases, err := vectors.Read(os.DirFS(filepath.Join(root, "testdata", "vectors")))
	if err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(t.TempDir(), "tresor-verify")
	build := exec.Command("go", "build", "-o", tool, "./cmd/tresor-verify")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	result := compile(t, "verify-result")
	files := map[string]*jsonschema.Schema{"policy": compile(t, "policy"), "pin": compile(t, "pin"), "state": compile(t, "state"), "evidence": compile(t, "evidence")}
	seen := map[string]int{}
	for _, c := range cases {
		dir := t.TempDir()
		out, err := exec.Command(tool, commandLine(t, c, dir)...).Output()
		if c.Command == "measure" && err == nil { // whose answer is no verdict on evidence
			if !bytes.Contains(out, []byte(`"schema": "tresor.measure/v1"`)) {
				t.Errorf("%s: %.200s", c.ID, out)
			}
			continue
		}
		if err := valid(result, out); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		seen["verify-result"]++
		if err != nil {
			continue
		}
		for input, s := range files {
			for _, data := range c.Files[input] {
				if seen[input]++; valid(s, data) != nil {
					t.Errorf("%s: an accepted %s is not valid: %v", c.ID, input, valid(s, data))
				}
			}
		}
	}
	for name := range files {
		if seen[name] == 0 {
			t.Errorf("no vector has a good %s", name)
		}
	}
	compile(t, "report-summary")
	t.Log(seen)
}

// TestSchemasRefuse: a schema that takes everything proves nothing.
func TestSchemasRefuse(t *testing.T) {
	for name, texts := range map[string][]string{
		"verify-result": {`{}`, `{"schema": "tresor.verify-result/v1", "tool": "t", "verdict": "maybe", "exit_code": 0}`, `{"schema": "tresor.verify-result/v1", "tool": "t", "verdict": "pass", "exit_code": 0, "extra": 1}`},
		"policy":        {`{}`, `{"schema": "attest.policy/v1", "measurements": ["AB"]}`, `{"schema": "attest.policy/v1", "min_tcb": {"snp": 256}}`, `{"schema": "attest.policy/v1", "guest_policy": {"forbid": ["nothing"]}}`},
		"pin":           {`{"schema": "tresor.pin/v1"}`}, "state": {`{"schema": "tresor.state/v1", "workloads": {"x": {"version": 0, "sha256": ""}}}`},
		"evidence": {`{"schema": "tresor.evidence/v1"}`}, "report-summary": {`{"schema": "tresor.report-summary/v1", "passed": 1, "refused": 0, "undecided": 0, "exit_code": 2}`},
	} {
		s := compile(t, name)
		for _, text := range texts {
			if valid(s, []byte(text)) == nil {
				t.Errorf("%s takes %s", name, text)
			}
		}
	}
}

// commandLine writes the inputs of a vector and returns its arguments.
func commandLine(t *testing.T, c *vectors.Case, dir string) []string {
	t.Helper()
	args, operands := []string{c.Command, "--json"}, []string(nil)
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		args = append(args, "--"+name)
		if c.Options[name] != true {
			args = append(args, fmt.Sprint(c.Options[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		for i, data := range c.Files[name] {
			path := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if name == "receipt" {
				operands = append(operands, path)
				continue
			}
			args = append(args, "--"+name, path)
		}
	}
	return append(args, operands...)
}
