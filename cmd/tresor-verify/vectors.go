package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/vectors"
)

func vectorsCommand() command {
	return command{
		name: "vectors", usage: "DIR [flags]", operand: "DIR", run: runVectors,
		summary: "run conformance vectors",
		about: `Runs conformance vectors, such as those of testdata/vectors, each through the
command that it names. DIR has an index.json; its README.md describes the format.
Exit code 0 when every vector that was run passed and none was skipped undeclared,
1 when not, 3 when the vectors can not be read.`,
		flags: []flagDoc{
			{"missing", "FEATURE...", "skip the vectors that use this command, input or option; what is skipped otherwise counts as failed"},
			{"json", "", "the result as JSON"},
		},
		examples: []string{"vectors testdata/vectors"},
	}
}

// vectorsJSON is the result of a run.
// Rules: VEC-01, VEC-02.
type vectorsJSON struct {
	Schema   string        `json:"schema"`
	Tool     string        `json:"tool"`
	Verdict  string        `json:"verdict"`
	ExitCode int           `json:"exit_code"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`    // for a feature that was declared missing
	Unable   int           `json:"undeclared"` // skipped for something else: counts as failed
	Missing  []string      `json:"missing"`
	Problems []problemJSON `json:"problems"`
}

// problemJSON is one vector that did not pass.
type problemJSON struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Rules: VEC-03.
func runVectors(ctx context.Context, w world, u *ui, args []string) (int, error) {
	fs := newFlagSet("vectors")
	var asJSON bool
	var missing []string
	fs.yes(&asJSON, "json")
	fs.texts(&missing, "missing")
	rest, err := fs.parse(args, 1)
	if err != nil {
		return 0, err
	}
	if len(rest) == 0 {
		return 0, usagef("the folder with the vectors is missing")
	}
	cases, err := vectors.Read(os.DirFS(rest[0]))
	if err != nil {
		return 0, unavailable("vectors", err)
	}
	scratch, err := os.MkdirTemp("", "tresor-vectors-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	result := vectorsJSON{Schema: "tresor.vectors-result/v1", Tool: toolName(), Missing: append([]string{}, missing...), Problems: []problemJSON{}}
	for i, c := range cases {
		if err := ctx.Err(); err != nil {
			return 0, unavailable("vectors", err)
		}
		if slices.ContainsFunc(c.Features(), func(f string) bool { return slices.Contains(missing, f) }) {
			result.Skipped++
			continue
		}
		problem := foreign(c)
		if problem != "" {
			result.Unable++
			problem = "skipped, and not declared missing: " + problem
		} else {
			a, err := play(ctx, w, c, filepath.Join(scratch, strconv.Itoa(i)))
			if err != nil {
				return 0, err
			}
			if problem = judge(c.Expect, a); problem == "" {
				result.Passed++
				continue
			}
			result.Failed++
		}
		result.Problems = append(result.Problems, problemJSON{c.ID, problem})
	}
	if result.Failed+result.Unable > 0 {
		result.ExitCode = exitRefused
	}
	result.Verdict = verdictWord(result.ExitCode)
	if asJSON {
		u.out.WriteString(marshal(result))
		return result.ExitCode, nil
	}
	u.vectors(result)
	return result.ExitCode, nil
}

// What a vector may ask for. Vectors may come from anybody: they choose neither
// addresses nor places on disk, and start no other command.
var (
	vectorCommands = []string{"attest", "report", "receipt"}
	vectorOptions  = []string{
		"at", "spki", "workload", "vmpl", "allow-debug", "allow-migration", "allow-vlek",
		"measurement", "report-data", "host-data", "chip-id", "min-tcb", "max-age",
	}
	vectorInputs = []string{
		"envelope", "bundle", "evidence", "cert", "release-root", "amd-root", "report", "certs", "crl",
		"policy", "state", "pin", "receipt", "jwks", "request", "response",
	}
)

// foreign says what makes a vector one of those that this command does not run.
// Rules: VEC-04.
func foreign(c *vectors.Case) string {
	if c.Schema != vectors.Schema {
		return "its schema is " + c.Schema
	}
	for _, f := range []struct {
		what        string
		names, know []string
	}{
		{"command", []string{c.Command}, vectorCommands},
		{"option", slices.Sorted(maps.Keys(c.Options)), vectorOptions},
		{"input", slices.Sorted(maps.Keys(c.Inputs)), vectorInputs},
	} {
		for _, name := range f.names {
			if !slices.Contains(f.know, name) {
				return "no vector has the " + f.what + " " + strconv.Quote(name)
			}
		}
	}
	return ""
}

func (u *ui) vectors(r vectorsJSON) {
	for _, p := range r.Problems {
		u.line("%s: %s", p.ID, p.Reason)
	}
	word := "PASS"
	if r.ExitCode != 0 {
		word = "FAIL"
	}
	u.line("%s: %d passed, %d failed, %d skipped as declared, %d skipped undeclared", word, r.Passed, r.Failed, r.Skipped, r.Unable)
	u.field("declared missing", strings.Join(r.Missing, ", "))
}

// play runs one case as a command line of its own, with its inputs in files
// below dir.
func play(ctx context.Context, w world, c *vectors.Case, dir string) (answer, error) {
	args, err := commandLine(c, dir)
	if err != nil {
		return answer{}, err
	}
	defer os.RemoveAll(dir)
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, world{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: w.now})
	return newAnswer(code, stdout.Bytes()), nil
}

// commandLine writes the inputs and returns the arguments that name them, in
// the order of their names.
func commandLine(c *vectors.Case, dir string) ([]string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	args, operands := []string{c.Command, "--json"}, []string(nil)
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		if c.Options[name] == true {
			args = append(args, "--"+name)
		} else {
			args = append(args, "--"+name, fmt.Sprint(c.Options[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		for i, data := range c.Files[name] {
			path := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return nil, err
			}
			if name == "receipt" { // that command's operand
				operands = append(operands, path)
				continue
			}
			args = append(args, "--"+name, path)
		}
	}
	return append(args, operands...), nil
}
