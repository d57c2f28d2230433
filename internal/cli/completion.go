package cli

import (
	"context"
	"fmt"
	"strings"
)

// CompletionCommand is the command that prints a script for a shell.
func (p *Program) CompletionCommand() Command {
	scripts := map[string]func() string{"bash": p.bash, "zsh": p.zsh, "fish": p.fish}
	return Command{
		Name: "completion", Usage: "bash|zsh|fish", Operand: "bash|zsh|fish",
		Summary: "print a script with which a shell completes this command",
		About: `bash: source the script in ~/.bashrc. zsh: write it to a file _tresor-verify in a folder of $fpath.
fish: write it to ~/.config/fish/completions/tresor-verify.fish.`,
		Flags:    []Flag{JSON("the script in a JSON object")},
		Examples: []string{"completion bash", "completion zsh > ~/.zfunc/_tresor-verify"},
		Run: func(_ context.Context, c *Call) (int, error) {
			if len(c.Args) == 0 || scripts[c.Args[0]] == nil {
				return 0, Usagef("completion is for bash, zsh or fish")
			}
			return c.Document("tresor.completion/v1", "script", scripts[c.Args[0]]()), nil
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

func (p *Program) commandNames() (names []string) {
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	return names
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
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of %s for bash.
_tresor_verify_from() {
	local word
	while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$current")
}

_tresor_verify_has() { # one of these words, before the current one
	local i word
	for ((i = 2; i < COMP_CWORD; i++)); do
		for word; do [ "${COMP_WORDS[i]}" != "$word" ] || return 0; done
	done
	return 1
}

_tresor_verify_files() { # bash quotes files and marks folders: only where there are some, and not a word of their name
	local words=${#COMPREPLY[@]}
	_tresor_verify_from "$@"
	[ "${#COMPREPLY[@]}" -eq "$words" ] || compopt -o filenames 2>/dev/null
}

_tresor_verify() {
	local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}
	COMPREPLY=()
	if [ "$current" = = ]; then # bash makes three words of --flag=value
		current=
	elif [ "$flag" = = ]; then
		flag=${COMP_WORDS[COMP_CWORD-2]}
	fi
	if [ "$COMP_CWORD" -eq 1 ]; then
		_tresor_verify_from -W '%s'
		return
	fi
	case "${COMP_WORDS[1]} $flag" in
`, p.Tool(), strings.Join(p.commandNames(), " "))
	for _, c := range p.Commands {
		for _, d := range c.Flags {
			if d.Arg != "" {
				fmt.Fprintf(&b, "\t'%s --%s') %s ;;\n", c.Name, d.Name, p.choiceOf(d.Arg).bash())
			}
		}
	}
	b.WriteString("\tesac\n\tcase \"${COMP_WORDS[1]} $current\" in\n")
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "\t'%s -'*) _tresor_verify_from -W '%s' ;;\n", c.Name, strings.Join(c.Dashed(), " "))
		fmt.Fprintf(&b, "\t'%s '*) %s ;;\n", c.Name, p.choiceOf(c.Operand).operand())
	}
	fmt.Fprintf(&b, "\tesac\n}\n\ncomplete -F _tresor_verify %s\n", p.Name)
	return b.String()
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
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# Completion of %s for zsh.\n\n_tresor_verify() {\n\tlocal -a commands\n\tcommands=(\n", p.Name, p.Tool())
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "\t\t'%s:%s'\n", c.Name, quoted(c.Summary))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in\n")
	for _, c := range p.Commands {
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
	b.WriteString("\tesac\n}\n\nif [ \"$funcstack[1]\" = _tresor-verify ]; then\n\t_tresor_verify \"$@\"\nelse\n\tcompdef _tresor_verify tresor-verify\nfi\n")
	return b.String()
}

func (p *Program) fish() string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of %s for fish.
function __tresor_verify_in # COMMAND
	set -l words (commandline -opc)
	test (count $words) -ge 2 -a "$words[2]" = $argv[1]
end
function __tresor_verify_has # WORDS: one of them stands behind the command
	set -l words (commandline -opc)
	for word in $words[3..]
		contains -- $word $argv; and return 0
	end
	return 1
end
complete -c %s -f
`, p.Tool(), p.Name)
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
	return b.String()
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
