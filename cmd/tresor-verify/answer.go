package main

import (
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// adviceFor is for the errors of a command, or of none.
func adviceFor(c *cli.Call) advice.For {
	f := advice.For{Program: c.Program.Name}
	if c.Command != nil {
		f.Name, f.Flags = c.Command.Name, c.Command.Dashed()
	}
	return f
}

// printVerdict prints a verdict and returns its exit code.
func printVerdict(c *cli.Call, d *verdict.Document, explain, dated bool) int {
	adviceFor(c).Complete(d.Error)
	if c.AsJSON {
		c.Object(d)
	} else {
		c.WriteString(d.Text(explain, dated))
	}
	return d.ExitCode
}

// fail prints an error that came before there was a verdict.
func fail(c *cli.Call, err error) int {
	d := verdict.Failed(err, c.Program.Tool())
	if c.AsJSON || d.ExitCode != verdict.ExitUsage {
		return printVerdict(c, d, false, false)
	}
	adviceFor(c).Complete(d.Error)
	c.Note("%s", err)
	c.Note("%s", d.Error.Hint)
	return d.ExitCode
}
