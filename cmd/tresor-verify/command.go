package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// A command is one verb of the program.
type command struct {
	name    string
	args    string // what follows the name in the usage line
	summary string
	details string // usage: flags and examples
	run     func(ctx context.Context, w world, u *ui, args []string) (code int, err error)
}

func commands() []command {
	return []command{
		{"attest", "--url ORIGIN|--envelope FILE|--evidence FILE --release-root FILE [flags]", "verify what runs behind an endpoint", attestHelp, runAttest},
		{"report", "--report FILE|- [flags]", "verify any SEV-SNP report with its certificates", reportHelp, runReport},
		{"show", "FILE|- [--json]", "print what a file says, verifying nothing", showHelp, runShow},
		{"fetch", "--report FILE|- --out DIR [flags]", "fetch the collateral of a report from AMD, for use without a network", fetchHelp, runFetch},
		{"demo", "[--json]", "attest a synthetic enclave, and show attacks being refused", demoHelp, runDemo},
		{"version", "[--json]", "print the version", "", runVersion},
		{"help", "[COMMAND]", "print this help, or that of a command", "", nil},
	}
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, w world) (code int) {
	u := &ui{stderr: w.stderr}
	asJSON := wantsJSON(args)
	defer func() {
		if p := recover(); p != nil {
			u.out.Reset()
			code = fail(u, asJSON, fmt.Errorf("internal error: %v", p))
			fmt.Fprintf(w.stderr, "%s\n", debug.Stack())
		}
		if _, err := w.stdout.Write([]byte(u.out.String())); err != nil {
			fmt.Fprintln(w.stderr, "tresor-verify: the answer could not be written:", printable(err.Error()))
			code = exitInternal
		}
	}()

	if len(args) == 0 {
		fmt.Fprint(w.stderr, helpText())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "--help":
		return runHelp(u, slices.DeleteFunc(rest, isJSONFlag), asJSON)
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		code, err := c.run(ctx, w, u, rest)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return u.help(c.help(), asJSON)
		case err != nil:
			return fail(u, asJSON, err)
		}
		return code
	}
	return fail(u, asJSON, usagef("no such command %q; \"tresor-verify help\" lists them", short(name)))
}

// wantsJSON looks for --json by itself: it counts even when the rest of the
// command line is wrong.
func wantsJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.ContainsFunc(args, isJSONFlag)
}

func isJSONFlag(arg string) bool {
	name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
	yes, err := strconv.ParseBool(value)
	return strings.HasPrefix(arg, "-") && name == "json" && (!given || err == nil && yes)
}

// help prints a text that was asked for.
func (u *ui) help(text string, asJSON bool) int {
	if asJSON {
		text = marshal(struct {
			Schema string `json:"schema"`
			Tool   string `json:"tool"`
			Help   string `json:"help"`
		}{"tresor.help/v1", toolName(), text})
	}
	u.out.WriteString(text)
	return exitVerified
}

// fail reports an error that came before there was a verdict.
func fail(u *ui, asJSON bool, err error) int {
	code := exitCode(err)
	if asJSON {
		u.out.WriteString(marshal(&verdictJSON{Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code, Error: newErrorJSON(err)}))
		return code
	}
	if code == exitUsage {
		u.note("%s", err)
		return code
	}
	u.refusal(code, err)
	return code
}

func (c command) help() string {
	s := fmt.Sprintf("tresor-verify %s %s\n\n%s.\n", c.name, c.args, strings.ToUpper(c.summary[:1])+c.summary[1:])
	if c.details != "" {
		s += "\n" + c.details
	}
	return s
}

func helpText() string {
	var b strings.Builder
	b.WriteString("tresor-verify checks what an AMD SEV-SNP processor says about a service.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-8s %s\n", c.name, c.summary)
	}
	b.WriteString(`
Exit codes:
  0  verified
  1  refused: the evidence was checked and fails
  2  usage, or a file of the trust configuration is no good
  3  undecided: evidence could not be read or fetched
  4  verified, but it differs from the recorded pin
  5  internal error

"tresor-verify help COMMAND" has flags and examples.
`)
	return b.String()
}

func runHelp(u *ui, args []string, asJSON bool) int {
	if len(args) == 0 {
		return u.help(helpText(), asJSON)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return u.help(c.help(), asJSON)
		}
	}
	return fail(u, asJSON, usagef("no such command %q", short(args[0])))
}
