package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// TestTableOfFlags: each flag is taken, with a value or without as its row says, and
// more than once only if it is repeatable.
func TestTableOfFlags(t *testing.T) {
	t.Parallel()
	for _, c := range newProgram().Commands {
		names := map[string]bool{"help": true} // of package flag
		for _, d := range c.Flags {
			if d.Name == "" {
				continue
			}
			if names[d.Name] || d.Help == "" {
				t.Errorf("%s --%s: twice, or without help", c.Name, d.Name)
			}
			names[d.Name] = true
			if o := tool(c.Name, "--"+d.Name+"="); o.code != verdict.ExitUsage || strings.Contains(o.stderr, "no such flag") {
				t.Errorf("%s --%s= : %+v", c.Name, d.Name, o)
			}
			twice := tool(c.Name, "--"+d.Name, "1", "--"+d.Name, "1")
			if d.Arg == "" {
				twice = tool(c.Name, "--"+d.Name, "--"+d.Name+"=0")
			}
			if said := strings.Contains(twice.stderr+twice.stdout, "given twice"); said == d.Repeatable() && !strings.Contains(twice.stderr, "invalid value") {
				t.Errorf("%s --%s twice: %+v", c.Name, d.Name, twice)
			}
		}
		if o := tool(c.Name, "--no-such-flag"); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "no such flag") {
			t.Errorf("%s: %+v", c.Name, o)
		}
	}
}

// TestHelpIsWhole: help, man page and completion name every command and flag.
func TestHelpIsWhole(t *testing.T) {
	t.Parallel()
	all := tool("help").stdout
	man := strings.ReplaceAll(tool("help", "--man").stdout, `\-`, "-")
	for _, c := range newProgram().Commands {
		help := tool("help", c.Name).stdout
		if help != tool(c.Name, "--help").stdout || len(c.Examples) == 0 || !strings.Contains(all, "  "+c.Name+" ") || !strings.Contains(man, ".SS "+c.Name+"\n") {
			t.Errorf("%s: %s", c.Name, help)
		}
		for _, line := range strings.Split(help, "\n") {
			if len(line) > 80 {
				t.Errorf("%s: %d bytes in %q", c.Name, len(line), line)
			}
		}
		for _, e := range c.Examples {
			if !strings.Contains(strings.ReplaceAll(help, " \\\n     ", ""), "tresor-verify"+" "+e) {
				t.Errorf("%s: no example %q in %s", c.Name, e, help)
			}
		}
		for _, d := range c.Flags {
			if !strings.Contains(help, d.Name) || !strings.Contains(man, d.Name) {
				t.Errorf("%s: no flag --%s", c.Name, d.Name)
			}
			for _, shell := range []string{"bash", "zsh", "fish"} {
				if !strings.Contains(tool("completion", shell).stdout, d.Name) {
					t.Errorf("%s: %s does not know --%s", c.Name, shell, d.Name)
				}
			}
		}
	}
}

// TestExamples: the examples in help are command lines that this program takes:
// they fail for want of files, never as usage of a flag.
func TestExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range newProgram().Commands {
		for _, e := range c.Examples {
			words := strings.Fields(strings.Split(e, " > ")[0])
			if slices.Contains(words, "--url") || words[0] == "fetch" || words[0] == "demo" {
				continue // these begin to work
			}
			o := tool(words...)
			for _, mistake := range []string{"no such", "invalid value", "missing", "does not go", "unexpected", "needed"} {
				if strings.Contains(o.stderr, mistake) && !strings.Contains(o.stderr, "no such file") {
					t.Errorf("%s: %+v", e, o)
				}
			}
		}
	}
}

// TestManPage: groff warns of nothing and loses no flag.
func TestManPage(t *testing.T) {
	t.Parallel()
	page := tool("help", "--man").stdout
	if o := tool("help", "--man", "attest"); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff here")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(groff, "-man", "-Tascii", "-ww", "-P-cbou")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(page), &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, want := range []string{"--release-root FILE", "--crl FILE|fetch", "EXIT STATUS", "tresor-verify attest --url https://api.tresor.co", "NO_COLOR"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, stdout.String())
		}
	}
}

// TestReadmeNamesCommands: README.md lists every command, and its lines with this
// program are command lines that it takes.
func TestReadmeNamesCommands(t *testing.T) {
	t.Parallel()
	readme := string(mustRead(t, "../../README.md"))
	for _, c := range newProgram().Commands {
		if !strings.Contains(readme, "\n    "+"tresor-verify"+" "+c.Name+" ") {
			t.Errorf("README.md does not list %s", c.Name)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^    tresor-verify (\w+ --.*)$`).FindAllStringSubmatch(readme, -1) {
		words := strings.Fields(strings.Split(line[1], "  #")[0])
		c := newProgram().Find(words[0])
		ok := c != nil
		for _, word := range words[1:] {
			name, isFlag := strings.CutPrefix(word, "--")
			known := ok && slices.ContainsFunc(c.Flags, func(d cli.Flag) bool { return d.Name == name })
			if !ok || isFlag && !known {
				t.Errorf("README.md: %s: no flag %s", line[1], word)
			}
		}
	}
}
