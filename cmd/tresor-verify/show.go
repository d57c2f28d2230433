package main

import (
	"context"

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
	b, err := c.ReadEvidence(ctx, "show", c.Args[0], inspect.MaxFile)
	if err != nil {
		return 0, verdict.Unavailable("show", err)
	}
	file, err := inspect.Detect(b)
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
