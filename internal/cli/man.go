package cli

import (
	"fmt"
	"strings"
)

// manPage is the manual page in roff, man(7).
func (p *Program) manPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s\"\n", roff(strings.ToUpper(p.Name)), roff(p.Tool()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", roff(p.Name), roff(p.Tagline))
	for i, c := range p.Commands {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, "\\fB%s %s\\fR %s\n", roff(p.Name), roff(c.Name), roff(c.Usage))
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range p.Commands {
		p.manOf(&b, c)
	}
	b.WriteString(".SH EXIT STATUS\n")
	for code, meaning := range p.ExitCodes {
		fmt.Fprintf(&b, ".TP\n\\fB%d\\fR\n%s\n", code, roff(meaning))
	}
	for _, n := range p.Notes {
		heading := ".PP"
		if n.Heading != "" {
			heading = ".SH " + n.Heading
		}
		fmt.Fprintf(&b, "%s\n%s\n", heading, roff(n.Text))
	}
	return b.String()
}

func (p *Program) manOf(b *strings.Builder, c Command) {
	fmt.Fprintf(b, ".SS %s\n%s.\n", roff(c.Name), roff(capital(c.Summary)))
	if c.About != "" {
		fmt.Fprintf(b, ".PP\n%s\n", roff(c.About))
	}
	for _, d := range c.Flags {
		if d.Name == "" {
			fmt.Fprintf(b, ".PP\n%s:\n", roff(d.Help))
			continue
		}
		value := strings.TrimPrefix(d.synopsis(), d.Name)
		fmt.Fprintf(b, ".TP\n\\fB\\-\\-%s\\fR%s\n%s\n", roff(d.Name), roff(value), roff(d.Help))
		if d.Repeatable() {
			b.WriteString("(repeatable)\n")
		}
	}
	for i, row := range c.Words {
		if i == 0 {
			b.WriteString(".PP\nWords:\n")
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", roff(row[0]), roff(row[1]))
	}
	for i, e := range c.Examples {
		if i == 0 {
			b.WriteString(".PP\nExamples:\n")
		}
		fmt.Fprintf(b, ".PP\n.in +4n\n.nf\n%s %s\n.fi\n.in\n", roff(p.Name), roff(e))
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
