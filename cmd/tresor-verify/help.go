package main

import (
	"context"
	"fmt"
	"strings"
)

const (
	program = "tresor-verify"
	tagline = "checks what an AMD SEV-SNP processor says about a service"
)

// exitCodes is in the order of the codes.
var exitCodes = [...]string{
	exitVerified:  "verified",
	exitRefused:   "refused: the evidence was checked and fails",
	exitUsage:     "usage, or a file of the trust configuration is no good",
	exitUndecided: "undecided: evidence could not be read or fetched",
	exitChanged:   "verified, but it differs from the recorded pin",
	exitInternal:  "internal error",
}

// signalNote is what ends the program with none of these codes.
const signalNote = "A second SIGINT or SIGTERM ends it at once, by the signal: a shell shows 130 or 143."

func helpCommand() command {
	return command{
		name: "help", usage: "[COMMAND] [--man]", operand: "COMMAND", run: runHelp,
		summary: "print this help, that of a command, or the man page",
		flags: []flagDoc{
			{"man", "", "the man page, in roff"},
			{"json", "", "the text in a JSON object"},
		},
		examples: []string{"help attest", "help --man > tresor-verify.1"},
	}
}

func runHelp(_ context.Context, _ world, u *ui, args []string) (int, error) {
	var man, asJSON bool
	fs := newFlagSet("help")
	fs.yes(&man, "man")
	fs.yes(&asJSON, "json")
	names, err := fs.parse(args, 1)
	if err != nil {
		return 0, err
	}
	text := helpText()
	switch {
	case man && len(names) > 0:
		return 0, usagef("there is one man page, of all commands")
	case man:
		text = manPage()
	case len(names) > 0:
		c, ok := findCommand(names[0])
		if !ok {
			return 0, usagef("no such command %q", short(names[0]))
		}
		text = c.help()
	}
	return u.document("tresor.help/v1", "help", text, asJSON), nil
}

func helpText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n\nCommands:\n", program, tagline)
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("\nExit codes:\n")
	for code, meaning := range exitCodes {
		fmt.Fprintf(&b, "  %d  %s\n", code, meaning)
	}
	fmt.Fprintf(&b, "\n%s\n", signalNote)
	fmt.Fprintf(&b, "\n\"%s help COMMAND\" has flags and examples.\n", program)
	return b.String()
}

func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n\n%s.\n", program, c.name, c.usage, capital(c.summary))
	if c.about != "" {
		fmt.Fprintf(&b, "\n%s\n", c.about)
	}
	for i, d := range c.flags {
		switch {
		case d.name == "":
			fmt.Fprintf(&b, "\n%s:\n", d.help)
			continue
		case i == 0:
			b.WriteString("\nFlags:\n")
		}
		b.WriteString(d.text())
	}
	for i, e := range c.examples {
		if i == 0 {
			b.WriteString("\nExamples:\n")
		}
		fmt.Fprintf(&b, "  %s %s\n", program, strings.Join(fill(splitFlags(e), 66), " \\\n      "))
	}
	return b.String()
}

// text is one flag in two columns.
func (d flagDoc) text() string {
	const column = 24
	left := "  --" + d.synopsis()
	help := d.help
	if d.repeatable() {
		help += " (repeatable)"
	}
	lines := wrap(help, 80-column)
	if len(left) >= column-1 {
		lines = append([]string{""}, lines...)
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			left = ""
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-*s%s", column, left, line), " ") + "\n")
	}
	return b.String()
}

// synopsis is the flag with its value, without dashes before it.
func (d flagDoc) synopsis() string {
	return strings.TrimRight(d.name+" "+strings.TrimSuffix(d.arg, repeated), " ")
}

// splitFlags keeps a flag and its value together.
func splitFlags(line string) []string {
	return strings.Split(strings.ReplaceAll(line, " --", "\n--"), "\n")
}

// wrap breaks a text into lines of at most width bytes, at blanks.
func wrap(text string, width int) []string { return fill(strings.Fields(text), width) }

func fill(words []string, width int) []string {
	var lines []string
	for _, word := range words {
		if n := len(lines); n > 0 && len(lines[n-1])+1+len(word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
