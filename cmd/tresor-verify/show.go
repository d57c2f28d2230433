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
