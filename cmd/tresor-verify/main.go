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
		Others: map[string]string{"verify": "attest verifies an endpoint, report a report, bundle a trust bundle"},
		Notes: []cli.Note{
			{Text: "Press Ctrl-C twice to stop at once (exit status 130; 143 for SIGTERM)."},
			{Heading: "OUTPUT", Text: `Standard output carries the answer and nothing else; progress and usage go to standard error. No colour is
ever printed, and the same is printed with and without a terminal, whatever NO_COLOR and TERM say. Characters from outside
that a terminal could act upon are escaped.`},
			{Heading: "ENVIRONMENT", Text: `HTTPS_PROXY and NO_PROXY name the proxy for connections to endpoints, trust bundles and AMD's key server, and
the hosts that are reached without it. SSL_CERT_FILE and SSL_CERT_DIR name the web roots of the system; --ca-file adds to them.
Nothing else of the environment is read.`},
			{Heading: "FILES", Text: `Only the files that flags name are read and written. An output never takes the place of another file, unless
--replace is given. With --state FILE, a lock FILE.lock stands beside it.`},
			{Heading: "SEE ALSO", Text: `SPEC.md has the rules that errors name, and docs/ the pages for users: github.com/tresorhq/attest. AMD 56860 is
the firmware ABI of SEV-SNP, AMD 57230 the certificates and the key server.`},
		},
		Fail: fail,
	}
	p.Commands = []cli.Command{
		attestCommand(), reportCommand(), proxyCommand(), healthcheckCommand(), measureCommand(), showCommand(), diffCommand(), receiptCommand(), bundleCommand(), fetchCommand(),
		demoCommand(), vectorsCommand(run), versionCommand(), p.CompletionCommand(), p.HelpCommand(),
	}
	return p
}
