package main

import (
	"context"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/verdict"
)

func diffCommand() cli.Command {
	return cli.Command{
		Name: "diff", Usage: "A B [--json]", Operand: "FILE|-", Most: 2, Run: runDiff,
		Summary: "print how two files differ, verifying nothing",
		About: `Compares two files of a kind that "show" knows, such as reports, envelopes, trust bundles, policies or
evidence, member by member. Numbers are said to be raised or lowered, entries of lists added or removed. Nothing is
verified. The exit code is 0 whether the files differ or not.`,
		Flags:    []cli.Flag{cli.JSON("the same as JSON")},
		Examples: []string{"diff before.bin after.bin", "diff old-policy.json new-policy.json --json"},
	}
}

// diffJSON is how two files differ.
type diffJSON struct {
	Schema   string               `json:"schema"`
	Tool     string               `json:"tool"`
	Kind     string               `json:"kind"`
	Verified bool                 `json:"verified"` // never
	Changes  []inspect.Difference `json:"changes"`
}

// Rules: CLI-23.
func runDiff(ctx context.Context, c *cli.Call) (int, error) {
	if len(c.Args) != 2 {
		return 0, cli.Usagef("diff takes two files, A and B; given: %d", len(c.Args))
	}
	if err := cli.OnceStdin(c.Args...); err != nil {
		return 0, err
	}
	var files [2]*inspect.File
	for i, name := range c.Args {
		var err error
		if files[i], err = detect(ctx, c, name); err != nil {
			return 0, err
		}
	}
	if !inspect.SameKind(files[0], files[1]) {
		return 0, cli.Usagef("the files are of different kinds: %s and %s", files[0].Kind, files[1].Kind)
	}
	changes := append([]inspect.Difference{}, inspect.Diff(files[0], files[1])...)
	if c.AsJSON {
		c.Object(diffJSON{"tresor.diff/v1", c.Program.Tool(), files[0].Kind, false, changes})
	} else {
		inspect.PrintDiff(&c.Builder, files[0].Kind, changes)
	}
	return verdict.ExitVerified, nil
}
