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

// A command is one verb of the program. Help, completion and the man page are
// made from its row, and a flag that is not in it can not be declared.
type command struct {
	name     string
	usage    string // what follows the name in the usage line
	operand  string // what an argument that is no flag may be, in the form of flagDoc.arg; "": there is none
	summary  string // one line, lower case
	about    string
	flags    []flagDoc
	examples []string // without the program's name
	run      func(ctx context.Context, w world, u *ui, args []string) (code int, err error)
}

// A flagDoc is one flag or, without a name, the heading of those that follow.
//
// arg says what stands for the value, as alternatives with a bar between them:
// capitals are a kind of value (FILE and DIR are completed), lower case is a word
// that is written as it stands. "..." behind it marks a flag that may be repeated,
// "" one that takes no value.
type flagDoc struct{ name, arg, help string }

func (d flagDoc) repeatable() bool { return strings.HasSuffix(d.arg, repeated) }

const repeated = "..."

// commands is the table of commands, in the order in which help lists them.
func commands() []command {
	return []command{
		attestCommand(),
		reportCommand(),
		proxyCommand(),
		showCommand(),
		receiptCommand(),
		bundleCommand(),
		fetchCommand(),
		demoCommand(),
		vectorsCommand(),
		versionCommand(),
		completionCommand(),
		helpCommand(),
	}
}

func findCommand(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, w world) (code int) {
	u := &ui{stderr: w.stderr}
	w.slow = u.slow
	w.limit = ctx
	asJSON := wantsJSON(args)
	defer func() {
		if p := recover(); p != nil {
			u.out.Reset()
			code = fail(u, asJSON, fmt.Errorf("internal error: %v", p))
			fmt.Fprintf(w.stderr, "%s\n", debug.Stack())
		}
		if err := u.flush(w.stdout); err != nil {
			code = u.lost(err)
		}
	}()

	if len(args) == 0 {
		fmt.Fprint(w.stderr, helpText())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "--help":
		name = "help"
	case "--version":
		name = "version"
	}
	c, ok := findCommand(name)
	if !ok {
		return fail(u, asJSON, usagef("no such command %q", short(name)))
	}
	u.command = c
	code, err := c.run(ctx, w, u, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return u.document("tresor.help/v1", "help", c.help(), asJSON)
	case err != nil:
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = c.name
		}
		return fail(u, asJSON, err)
	}
	return code
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

// lost reports an answer that could not be written.
func (u *ui) lost(err error) (code int) {
	u.note("the answer could not be written: %v", err)
	return exitInternal
}

// document prints a text that was asked for. As JSON it is one member of an
// object.
func (u *ui) document(schema, member, text string, asJSON bool) int {
	if asJSON {
		u.object(group("", leaf("schema", schema), leaf("tool", toolName()), leaf(member, text)))
	} else {
		u.out.WriteString(text)
	}
	return exitVerified
}

// fail reports an error that came before there was a verdict.
func fail(u *ui, asJSON bool, err error) int {
	code := exitCode(err)
	if asJSON {
		u.object(&verdictJSON{Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code, Error: u.command.describe(err)})
		return code
	}
	if code == exitUsage {
		u.note("%s", err)
		u.note("%s", u.command.advise(err).next)
		return code
	}
	u.refusal(code, err)
	return code
}
