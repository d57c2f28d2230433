package cli

import (
	"context"
	"embed"
	"fmt"
	"strings"
)

// CompletionCommand is the command that prints a script for a shell.
func (p *Program) CompletionCommand() Command {
	shells := map[string]func() string{"bash": p.bash, "zsh": p.zsh, "fish": p.fish}
	return Command{
		Name: "completion", Usage: "bash|zsh|fish", Operand: "bash|zsh|fish",
		Summary: "print a script with which a shell completes this command",
		About: `bash: source the script in ~/.bashrc. zsh: write it to a file _tresor-verify in a folder of $fpath.
fish: write it to ~/.config/fish/completions/tresor-verify.fish.`,
		Flags:    []Flag{JSON("the script in a JSON object")},
		Examples: []string{"completion bash", "completion zsh > ~/.zfunc/_tresor-verify"},
		Run: func(_ context.Context, c *Call) (int, error) {
			if len(c.Args) == 0 || shells[c.Args[0]] == nil {
				return 0, Usagef("completion is for bash, zsh or fish")
			}
			return c.document(document{Schema: "tresor.completion/v1", Script: shells[c.Args[0]]()}), nil
		},
	}
}

// choice is what may be completed.
type choice struct {
	files, folders bool
	words          []string
}

// choiceOf reads a Flag.Arg.
func (p *Program) choiceOf(arg string) (c choice) {
	for _, word := range strings.Split(strings.TrimSuffix(arg, repeated), "|") {
		switch {
		case word == "FILE":
			c.files = true
		case word == "DIR":
			c.folders = true
		case word == "COMMAND":
			c.words = append(c.words, p.commandNames()...)
		case word != "" && ('a' <= word[0] && word[0] <= 'z' || '0' <= word[0] && word[0] <= '9'):
			c.words = append(c.words, word)
		}
	}
	return c
}

// scripts are what stands around the rows of commands and flags, by shell.
//
//go:embed completion
var scripts embed.FS

// script returns the script for a shell. marks are pairs: a mark in its text, and what
// stands there.
func (p *Program) script(shell string, marks ...string) string {
	text, err := scripts.ReadFile("completion/" + shell)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.NewReplacer(append(marks, "@TOOL@", p.Tool(), "@NAME@", p.Name)...).Replace(string(text))
}

func (c choice) bash() string {
	var calls []string
	if len(c.words) > 0 {
		calls = append(calls, fmt.Sprintf("_tresor_verify_from -W '%s'", strings.Join(c.words, " ")))
	}
	switch {
	case c.files:
		calls = append(calls, "_tresor_verify_files -f")
	case c.folders:
		calls = append(calls, "_tresor_verify_files -d")
	}
	return strings.Join(append(calls, "return"), "; ")
}

// operand is choice.bash of what is no flag: a word of the list stands once, and
// files, if there are any, come behind it.
func (c choice) operand() string {
	if len(c.words) == 0 {
		return c.bash()
	}
	behind := choice{files: c.files, folders: c.folders}.bash()
	return fmt.Sprintf("if _tresor_verify_has %s; then %s; else %s; fi", strings.Join(c.words, " "), behind, choice{words: c.words}.bash())
}

func (p *Program) bash() string {
	var values, words strings.Builder
	for _, c := range p.Commands {
		for _, d := range c.Flags {
			if d.Arg != "" {
				fmt.Fprintf(&values, "\t'%s --%s') %s ;;\n", c.Name, d.Name, p.choiceOf(d.Arg).bash())
			}
		}
		fmt.Fprintf(&words, "\t'%s -'*) _tresor_verify_from -W '%s' ;;\n", c.Name, strings.Join(c.Dashed(), " "))
		fmt.Fprintf(&words, "\t'%s '*) %s ;;\n", c.Name, p.choiceOf(c.Operand).operand())
	}
	return p.script("bash", "@COMMANDS@", strings.Join(p.commandNames(), " "), "@VALUES@", values.String(), "@WORDS@", words.String())
}

func (p *Program) zsh() string {
	quoted := strings.NewReplacer(`'`, `'\''`, `[`, `\[`, `]`, `\]`, `:`, `\:`).Replace
	action := func(c choice) string {
		switch words := strings.Join(c.words, " "); {
		case c.files && words != "":
			return fmt.Sprintf(`{_alternative "words\:word\:(%s)" "files\:file\:_files"}`, words)
		case c.files:
			return "_files"
		case c.folders:
			return "_files -/"
		case words != "":
			return "(" + words + ")"
		}
		return " "
	}
	var commands, b strings.Builder
	for _, c := range p.Commands {
		fmt.Fprintf(&commands, "\t\t'%s:%s'\n", c.Name, quoted(c.Summary))
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", c.Name)
		for _, d := range c.Flags {
			many, value := "", ""
			if d.Repeatable() {
				many = "*"
			}
			if d.Arg != "" {
				value = fmt.Sprintf(":%s:%s", quoted(strings.TrimSuffix(d.Arg, repeated)), action(p.choiceOf(d.Arg)))
			}
			if d.Name != "" {
				fmt.Fprintf(&b, " \\\n\t\t\t'%s--%s[%s]%s'", many, d.Name, quoted(d.Help), value)
			}
		}
		if operand := p.choiceOf(c.Operand); c.Operand != "" {
			files := operand.files
			operand.files = files && len(operand.words) == 0
			fmt.Fprintf(&b, " \\\n\t\t\t'1:%s:%s'", quoted(c.Operand), action(operand))
			if files && !operand.files { // they come after the word
				b.WriteString(" \\\n\t\t\t'*:file:_files'")
			}
		}
		b.WriteString("\n\t\t;;\n")
	}
	return p.script("zsh", "@COMMANDS@", commands.String(), "@ARGUMENTS@", b.String())
}

func (p *Program) fish() string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace
	var b strings.Builder
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "complete -c %s -n __fish_use_subcommand -a %s -d '%s'\n", p.Name, c.Name, quoted(c.Summary))
		in := fmt.Sprintf("complete -c %s -n '__tresor_verify_in %s'", p.Name, c.Name)
		for _, d := range c.Flags {
			if d.Name != "" {
				fmt.Fprintf(&b, "%s -l %s%s -d '%s'\n", in, d.Name, p.choiceOf(d.Arg).fish(d.Arg != ""), quoted(d.Help))
			}
		}
		if c.Operand != "" {
			operand := p.choiceOf(c.Operand)
			if behind := operand; len(operand.words) > 0 { // a word of the list stands once, and files come behind it
				behind.words, operand.files = nil, false
				has := "__tresor_verify_has " + strings.Join(operand.words, " ")
				if behind.files {
					fmt.Fprintf(&b, "%s%s\n", in[:len(in)-1]+"; and "+has+"'", behind.fish(false))
				}
				in = in[:len(in)-1] + "; and not " + has + "'"
			}
			fmt.Fprintf(&b, "%s%s\n", in, operand.fish(false))
		}
	}
	return p.script("fish", "@ROWS@", b.String())
}

func (c choice) fish(value bool) string {
	s := ""
	switch {
	case value && (c.files || c.folders):
		s = " -r -F"
	case c.files || c.folders:
		s = " -F"
	case value:
		s = " -x"
	}
	if len(c.words) > 0 {
		s += " -a '" + strings.Join(c.words, " ") + "'"
	}
	return s
}
