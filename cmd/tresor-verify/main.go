// Command tresor-verify checks that a service runs inside an AMD SEV-SNP
// confidential virtual machine. "tresor-verify help" lists its commands.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// A second signal ends the program at once.
// Rules: CLI-16.
func main() {
	ignoreBrokenPipe()
	log.SetOutput(io.Discard) // net/http says there what servers sent
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM) // before the first one can be noticed
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now}))
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, env cli.Env) (code int) {
	return newProgram().Run(ctx, args, env)
}

func newProgram() *cli.Program {
	p := &cli.Program{
		Name: "tresor-verify", Version: version,
		Tagline: "checks what an AMD SEV-SNP processor says about a service",
		ExitCodes: []string{
			verdict.ExitVerified:  "verified",
			verdict.ExitRefused:   "refused: the evidence was checked and fails",
			verdict.ExitUsage:     "usage, or a file of the trust configuration is no good",
			verdict.ExitUndecided: "undecided: evidence could not be read or fetched",
			verdict.ExitChanged:   "verified, but it differs from the recorded pin",
			verdict.ExitInternal:  "internal error",
		},
		Notes: []cli.Note{
			{Text: "Press Ctrl-C twice to stop at once (exit status 130; 143 for SIGTERM)."},
			{Heading: "OUTPUT", Text: `Standard output carries the answer and nothing else; progress and usage go to standard error. No colour is
ever printed, and the same is printed with and without a terminal, whatever NO_COLOR and TERM say. Characters from outside
that a terminal could act upon are escaped.`},
		},
		Fail: fail,
	}
	p.Commands = []cli.Command{
		attestCommand(), reportCommand(), proxyCommand(), showCommand(), receiptCommand(), bundleCommand(), fetchCommand(),
		demoCommand(), vectorsCommand(), versionCommand(), p.CompletionCommand(), p.HelpCommand(),
	}
	return p
}

// adviceFor is for the errors of a command, or of none.
func adviceFor(c *cli.Call) advice.For {
	f := advice.For{Program: c.Program.Name}
	if c.Command != nil {
		f.Name, f.Flags, f.AtGiven = c.Command.Name, c.Command.Dashed(), c.Given("at")
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
