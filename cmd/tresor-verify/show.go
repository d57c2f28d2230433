package main

import (
	"context"
	"errors"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/verdict"
)

func showCommand() cli.Command {
	return cli.Command{
		Name: "show", Usage: "FILE|- [--json]", Operand: "FILE|-", Run: runShow,
		Summary: "print what a file says, verifying nothing",
		About: `Prints a report (in any form that "report" takes), certificates, a certificate
table, a CRL, an attestation envelope, a trust bundle, a workload identity
manifest, a receipt, an evidence, policy, pin or launch file, firmware, an IGVM
file, an ID block or a public key, field by field. What it is, is detected. Nothing
is verified: anyone can write a file that says this.`,
		Flags:    []cli.Flag{cli.JSON("the same as JSON")},
		Examples: []string{"show report.bin", "show vcek.der --json", "show receipt.json"},
	}
}

func runShow(ctx context.Context, c *cli.Call) (int, error) {
	if len(c.Args) == 0 {
		return 0, cli.Usagef("a file is missing, or - for standard input")
	}
	file, err := detect(ctx, c, c.Args[0])
	if err != nil {
		return 0, err
	}
	if c.AsJSON {
		c.Object(file.Object(c.Program.Tool()))
	} else {
		file.Print(&c.Builder)
	}
	return verdict.ExitVerified, nil
}

// detect reads a file, and finds out what it is. What cannot be shown is not refused:
// there is no verdict.
// Rules: CLI-03.
func detect(ctx context.Context, c *cli.Call, name string) (*inspect.File, error) {
	b, err := c.ReadEvidence(ctx, c.Command.Name, name, inspect.MaxFile)
	if err == nil && len(b) == 0 {
		err = errors.New(name + ": the file is empty")
	}
	if err != nil {
		return nil, verdict.Unavailable(c.Command.Name, err)
	}
	file, err := inspect.Detect(b)
	if err != nil {
		return nil, unshown(c.Command.Name, err)
	}
	return file, nil
}

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
