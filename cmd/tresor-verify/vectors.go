package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/vectors"
	"github.com/tresorhq/attest/verdict"
)

type vectorsFlags struct {
	missing []string
	program runner
}

// A runner carries out a command line.
type runner func(ctx context.Context, args []string, env cli.Env) (code int)

func vectorsCommand(program runner) cli.Command {
	f := &vectorsFlags{program: program}
	return cli.Command{
		Name: "vectors", Usage: "DIR [flags]", Operand: "DIR", Run: f.run,
		Summary: "run conformance vectors",
		About: `Runs conformance vectors, such as those of testdata/vectors, each through the
command that it names. DIR has an index.json; its README.md describes the format.
Exit code 0 when every vector that was run passed and none was skipped undeclared,
1 when not, 3 when the vectors cannot be read.`,
		Flags: []cli.Flag{
			cli.Row("missing", "FEATURE...", "skip the vectors that use this command, input or option, or are of this section; what is skipped otherwise counts as failed", cli.Texts(&f.missing)),
			cli.JSON("the result as JSON"),
		},
		Examples: []string{"vectors testdata/vectors"},
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
func (f *vectorsFlags) run(ctx context.Context, c *cli.Call) (int, error) {
	if len(c.Args) == 0 {
		return 0, cli.Usagef("the folder with the vectors is missing")
	}
	cases, err := vectors.Read(os.DirFS(c.Args[0]))
	if err != nil {
		return 0, verdict.Unavailable("vectors", fmt.Errorf("%s: %w", c.Args[0], err))
	}
	scratch, err := os.MkdirTemp("", "tresor-vectors-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	result := vectorsJSON{Schema: "tresor.vectors-result/v1", Tool: c.Program.Tool(), Missing: append([]string{}, f.missing...), Problems: []problemJSON{}}
	for i, one := range cases {
		if err := ctx.Err(); err != nil {
			return 0, verdict.Unavailable("vectors", err)
		}
		if one.Lacks(f.missing) {
			result.Skipped++
			continue
		}
		problem := one.Foreign()
		if problem != "" {
			result.Unable++
			problem = "skipped, and not declared missing: " + problem
		} else {
			a, err := f.program.play(ctx, c.Now, one, filepath.Join(scratch, strconv.Itoa(i)))
			if err != nil {
				return 0, err
			}
			if problem = one.Expect.Judge(a); problem == "" {
				result.Passed++
				continue
			}
			result.Failed++
		}
		result.Problems = append(result.Problems, problemJSON{one.ID, problem})
	}
	if result.Failed+result.Unable > 0 {
		result.ExitCode = verdict.ExitRefused
	}
	result.Verdict = verdict.Word(result.ExitCode)
	if c.AsJSON {
		c.Object(result)
		return result.ExitCode, nil
	}
	for _, p := range result.Problems {
		c.Line("%s: %s", p.ID, p.Reason)
	}
	c.Line("%s: %d passed, %d failed, %d skipped as declared, %d skipped undeclared", strings.ToUpper(result.Verdict), result.Passed, result.Failed, result.Skipped, result.Unable)
	c.Field("declared missing", strings.Join(result.Missing, ", "))
	return result.ExitCode, nil
}

// play runs one case as a command line of its own, with its inputs in files
// below dir.
func (run runner) play(ctx context.Context, now func() time.Time, c *vectors.Case, dir string) (vectors.Answer, error) {
	args, err := c.CommandLine(dir)
	if err != nil {
		return vectors.Answer{}, err
	}
	defer os.RemoveAll(dir)
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Now: now})
	return vectors.NewAnswer(code, stdout.Bytes()), nil
}
