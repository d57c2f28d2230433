package cli

import (
	"context"
	"fmt"
	"strings"
)

// HelpCommand is the command that prints help and man page.
func (p *Program) HelpCommand() Command {
	man := false
	return Command{
		Name: "help", Usage: "[COMMAND] [--man]", Operand: "COMMAND",
		Summary: "print this help, that of a command, or the man page",
		Flags: []Flag{
			{"man", "", "the man page, in roff", Switch(&man)},
			JSON("the text in a JSON object"),
		},
		Examples: []string{"help attest", "help --man > tresor-verify.1"},
		Run: func(_ context.Context, c *Call) (int, error) {
			text := p.help()
			switch {
			case man && len(c.Args) > 0:
				return 0, Usagef("there is one man page, of all commands")
			case man:
				text = p.manPage()
			case len(c.Args) > 0:
				command := p.Find(c.Args[0])
				if command == nil {
					c.Command = nil // what is meant is not this one
					return 0, p.unknown(c.Args[0])
				}
				text = p.helpOf(command)
			}
			return c.document(document{Schema: "tresor.help/v1", Help: text}), nil
		},
	}
}

func (p *Program) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n\nCommands:\n", p.Name, p.Tagline)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.Name, c.Summary)
	}
	b.WriteString("\nExit codes:\n")
	for code, meaning := range p.ExitCodes {
		fmt.Fprintf(&b, "  %d  %s\n", code, meaning)
	}
	for _, n := range p.Notes {
		if n.Heading == "" {
			fmt.Fprintf(&b, "\n%s\n", strings.Join(wrap(n.Text, width), "\n"))
		}
	}
	fmt.Fprintf(&b, "\n\"%s help COMMAND\" has flags and examples.\n", p.Name)
	return b.String()
}

// width is the longest line of help, in bytes.
const width = 80

func (p *Program) helpOf(c *Command) string {
	var b strings.Builder
	usage := fill(strings.Split(p.Name+" "+c.Name+" "+c.Usage, " "), width-4)
	fmt.Fprintf(&b, "%s\n\n%s.\n", strings.Join(usage, "\n    "), capital(c.Summary))
	if c.About != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(wrap(c.About, width), "\n"))
	}
	for i, d := range c.Flags {
		switch {
		case d.Name == "":
			fmt.Fprintf(&b, "\n%s:\n", d.Help)
			continue
		case i == 0:
			b.WriteString("\nFlags:\n")
		}
		b.WriteString(d.text())
	}
	for i, row := range c.Words {
		if i == 0 {
			b.WriteString("\nWords:\n")
		}
		b.WriteString(twoColumns("  "+row[0], row[1]))
	}
	for i, e := range c.Examples {
		if i == 0 {
			b.WriteString("\nExamples:\n")
		}
		fmt.Fprintf(&b, "  %s %s\n", p.Name, strings.Join(fill(splitFlags(e), width-len(p.Name)-7), " \\\n      "))
	}
	return b.String()
}

// text is one flag in two columns.
func (d Flag) text() string {
	help := d.Help
	if d.Repeatable() {
		help += " (repeatable)"
	}
	return twoColumns("  --"+d.synopsis(), help)
}

// twoColumns writes left, and right beside or below it.
func twoColumns(left, right string) string {
	const column = 24
	lines := wrap(right, width-column)
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
func (d Flag) synopsis() string {
	return strings.TrimRight(d.Name+" "+strings.TrimSuffix(d.Arg, repeated), " ")
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
