package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/verdict"
)

func showCommand() cli.Command {
	return cli.Command{
		Name: "show", Usage: "FILE|- [--json]", Operand: "FILE|-", Run: reads(runShow),
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

func runShow(r *reading) (code int) {
	r.refuse(len(r.Args) == 0, "CLI-02", "a file is missing, or - for standard input")
	file := detect(r, 0)
	switch {
	case r.err != nil:
	case r.AsJSON:
		r.Object(file.Object(r.Program.Tool()))
	default:
		file.Print(&r.Builder)
	}
	return verdict.ExitVerified
}

// detect reads an operand, and finds out what it is. What cannot be shown is not refused:
// there is no verdict.
// Rules: CLI-03.
func detect(r *reading, operand int) *inspect.File {
	if r.err != nil {
		return nil
	}
	command, name := r.Command.Name, r.Args[operand]
	b := r.evidence(command, command, name, inspect.MaxFile)
	if len(b) == 0 {
		r.fail(verdict.Unavailable(command, errors.New(name+": the file is empty")))
	}
	file, err := inspect.Detect(b)
	if err != nil {
		r.fail(unshown(command, err))
	}
	return file
}

// unshown is the error of a file that cannot be shown.
func unshown(command string, err error) error {
	_, unknown := errors.AsType[*carrier.UnreadError](err)
	if _, key := errors.AsType[*carrier.PrivateKeyError](err); unknown || key {
		return held.Refusal(command, err, unread.Report)
	}
	f := rule.From(err, "CLI-03", command)
	if list := verdict.Rules(err); len(list) > 0 {
		f.Rule = list[0]
	}
	if !strings.HasPrefix(f.Message, command) {
		f.Message = command + ": " + f.Message
	}
	return &attest.EvidenceUnavailableError{Failure: f}
}

func diffCommand() cli.Command {
	return cli.Command{
		Name: "diff", Usage: "A B [--json]", Operand: "FILE|-", Most: 2, Run: reads(runDiff),
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
func runDiff(r *reading) (code int) {
	r.refuse(len(r.Args) != 2, "CLI-02", fmt.Sprintf("diff takes two files, A and B; given: %d", len(r.Args)))
	r.fail(cli.OnceStdin(r.Args...))
	a, b := detect(r, 0), detect(r, 1)
	if r.err != nil {
		return 0
	}
	if !inspect.SameKind(a, b) {
		r.fail(cli.Usagef("the files are of different kinds: %s and %s", a.Kind, b.Kind))
		return 0
	}
	changes := append([]inspect.Difference{}, inspect.Diff(a, b)...)
	if r.AsJSON {
		r.Object(diffJSON{"tresor.diff/v1", r.Program.Tool(), a.Kind, false, changes})
	} else {
		inspect.PrintDiff(&r.Builder, a.Kind, changes)
	}
	return verdict.ExitVerified
}
