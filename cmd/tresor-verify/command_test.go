package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTableOfFlags: what the table lists is declared. The reverse is proven by
// every run of a command: a flag that the table lacks can not be declared.
func TestTableOfFlags(t *testing.T) {
	for _, c := range commands() {
		names := map[string]bool{"help": true} // of package flag
		for _, d := range c.flags {
			if d.name == "" {
				continue
			}
			if names[d.name] || d.help == "" {
				t.Errorf("%s --%s: twice, or without help", c.name, d.name)
			}
			names[d.name] = true
			if o := tool(c.name, "--"+d.name+"="); o.code != exitUsage || strings.Contains(o.stderr, "no such flag") {
				t.Errorf("%s --%s= : %+v", c.name, d.name, o)
			}
			twice := tool(c.name, "--"+d.name, "1", "--"+d.name, "1")
			if d.arg == "" {
				twice = tool(c.name, "--"+d.name, "--"+d.name+"=0")
			}
			if said := strings.Contains(twice.stderr+twice.stdout, "given twice"); said == d.repeatable() && !strings.Contains(twice.stderr, "invalid value") {
				t.Errorf("%s --%s twice: %+v", c.name, d.name, twice)
			}
		}
		if o := tool(c.name, "--no-such-flag"); o.code != exitUsage || !strings.Contains(o.stderr, "no such flag") {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}

// TestUndeclaredFlag: a flag that is not in the table, or of another kind there,
// is a mistake that no run survives.
func TestUndeclaredFlag(t *testing.T) {
	fs := newFlagSet("attest")
	for name, declare := range map[string]func(){
		"absent":     func() { fs.text(new(string), "absent") },
		"a switch":   func() { fs.text(new(string), "json") },
		"a value":    func() { fs.yes(new(bool), "url") },
		"repeatable": func() { fs.text(new(string), "release-root") },
		"single":     func() { fs.texts(new([]string), "url") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: declared", name)
				}
			}()
			declare()
		}()
	}
}

// TestHelpIsWhole: help, man page and completion name every command and flag.
func TestHelpIsWhole(t *testing.T) {
	all := tool("help").stdout
	man := strings.ReplaceAll(tool("help", "--man").stdout, `\-`, "-")
	for _, c := range commands() {
		help := tool("help", c.name).stdout
		if help != tool(c.name, "--help").stdout || len(c.examples) == 0 || !strings.Contains(all, "  "+c.name+" ") || !strings.Contains(man, ".SS "+c.name+"\n") {
			t.Errorf("%s: %s", c.name, help)
		}
		for _, line := range strings.Split(help, "\n")[1:] {
			if len(line) > 84 {
				t.Errorf("%s: %d bytes in %q", c.name, len(line), line)
			}
		}
		for _, e := range c.examples {
			if !strings.Contains(strings.ReplaceAll(help, " \\\n     ", ""), program+" "+e) {
				t.Errorf("%s: no example %q in %s", c.name, e, help)
			}
		}
		for _, d := range c.flags {
			if !strings.Contains(help, d.name) || !strings.Contains(man, d.name) {
				t.Errorf("%s: no flag --%s", c.name, d.name)
			}
			for _, shell := range []string{"bash", "zsh", "fish"} {
				if !strings.Contains(tool("completion", shell).stdout, d.name) {
					t.Errorf("%s: %s does not know --%s", c.name, shell, d.name)
				}
			}
		}
	}
}

// TestExamples: the examples in help are command lines that this program takes:
// they fail for want of files, never as usage of a flag.
func TestExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range commands() {
		for _, e := range c.examples {
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
	page := tool("help", "--man").stdout
	if o := tool("help", "--man", "attest"); o.code != exitUsage {
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
	readme := string(mustRead(t, "../../README.md"))
	for _, c := range commands() {
		if !strings.Contains(readme, "\n    "+program+" "+c.name+" ") {
			t.Errorf("README.md does not list %s", c.name)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^    tresor-verify (\w+ --.*)$`).FindAllStringSubmatch(readme, -1) {
		words := strings.Fields(strings.Split(line[1], "  #")[0])
		c, ok := findCommand(words[0])
		for _, word := range words[1:] {
			name, isFlag := strings.CutPrefix(word, "--")
			known := slices.ContainsFunc(c.flags, func(d flagDoc) bool { return d.name == name })
			if !ok || isFlag && !known {
				t.Errorf("README.md: %s: no flag %s", line[1], word)
			}
		}
	}
}
