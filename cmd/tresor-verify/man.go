package main

import (
	"fmt"
	"strings"
)

// manPage is the manual page in roff, man(7).
func manPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s\"\n", roff(strings.ToUpper(program)), roff(toolName()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", roff(program), roff(tagline))
	for i, c := range commands() {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, "\\fB%s %s\\fR %s\n", roff(program), roff(c.name), roff(c.usage))
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range commands() {
		c.man(&b)
	}
	b.WriteString(".SH EXIT STATUS\n")
	for code, meaning := range exitCodes {
		fmt.Fprintf(&b, ".TP\n\\fB%d\\fR\n%s\n", code, roff(meaning))
	}
	fmt.Fprintf(&b, ".PP\n%s\n", roff(signalNote))
	fmt.Fprintf(&b, ".SH OUTPUT\n%s\n", roff(outputNote))
	return b.String()
}

const outputNote = `Standard output carries the answer and nothing else; progress and usage go to standard error. No colour is
ever printed, and the same is printed with and without a terminal, whatever NO_COLOR and TERM say. Characters from outside
that a terminal could act upon are escaped.`

func (c command) man(b *strings.Builder) {
	fmt.Fprintf(b, ".SS %s\n%s.\n", roff(c.name), roff(capital(c.summary)))
	if c.about != "" {
		fmt.Fprintf(b, ".PP\n%s\n", roff(c.about))
	}
	for _, d := range c.flags {
		if d.name == "" {
			fmt.Fprintf(b, ".PP\n%s:\n", roff(d.help))
			continue
		}
		value := strings.TrimPrefix(d.synopsis(), d.name)
		fmt.Fprintf(b, ".TP\n\\fB\\-\\-%s\\fR%s\n%s\n", roff(d.name), roff(value), roff(d.help))
		if d.repeatable() {
			b.WriteString("(repeatable)\n")
		}
	}
	for i, e := range c.examples {
		if i == 0 {
			b.WriteString(".PP\nExamples:\n")
		}
		fmt.Fprintf(b, ".PP\n.in +4n\n.nf\n%s %s\n.fi\n.in\n", roff(program), roff(e))
	}
}

// roff escapes what roff would act upon: backslashes, hyphens, and a dot or an
// apostrophe that begins a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
