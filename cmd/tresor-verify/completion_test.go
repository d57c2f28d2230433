package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/verdict"
)

// TestCompletionSyntax lets the shells that are installed read their scripts.
func TestCompletionSyntax(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("no %s here", shell)
			}
			script := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(script, []byte(tool("completion", shell).stdout), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(path, "-n", script).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	for _, args := range [][]string{{"completion"}, {"completion", "sh"}, {"completion", "bash", "zsh"}} {
		if o := tool(args...); o.code != verdict.ExitUsage {
			t.Errorf("%v: %+v", args, o)
		}
	}
}

// TestCompletionBash asks bash what it would propose, and whether as files: then
// it marks folders, and a folder of a command's name must not be marked.
func TestCompletionBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	f := newFolder(t)
	script := f.write("script", []byte(tool("completion", "bash").stdout))
	f.write("a file.pem", nil)
	if err := os.Mkdir(f.path("receipt"), 0o700); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"":                      "attest report",
		"at":                    "attest",
		"attest --rel":          "--release-root",
		"attest --crl f":        "fetch",
		"attest --url ":         "",
		"attest --policy a":     "FILES a file.pem",
		"report --measurement ": "",
		"completion ":           "bash zsh fish",
		"help ver":              "version",
		"show a":                "FILES a file.pem",
		"rec":                   "receipt",
		"show rec":              "FILES receipt",
		"bundle ver":            "verify",
		"bundle diff a":         "FILES a file.pem",
		"bundle ":               "verify diff fetch",
		"bundle a":              "",
		"bundle diff ":          "FILES receipt a file.pem script",
		"bundle diff a ver":     "",
		"bundle --json ver":     "verify",
		"help attest ":          "",
		"attest --crl = f":      "fetch",
		"attest --crl =":        "FILES fetch",
		"attest --policy = a":   "FILES a file.pem",
	} {
		words := strings.Split(line, " ")
		cmd := exec.Command(bash, append([]string{"--norc", "-c", `. "$1"; shift; compopt() { echo FILES; }; COMP_WORDS=(tresor-verify "$@"); COMP_CWORD=$#; _tresor_verify; printf '%s\n' "${COMPREPLY[@]}"`, "bash", script}, words...)...)
		cmd.Dir = f.dir
		out, err := cmd.CombinedOutput()
		got := strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), " ")
		if err != nil || !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q (%v)", line, got, want, err)
		}
	}
}

// completed are command lines, and what they become once they are completed.
var completed = map[string]string{
	"at":                   "attest ",
	"attest --crl fet":     "attest --crl fetch ",
	"attest --crl go.m":    "attest --crl go.mod ",
	"attest --rel":         "attest --release-root ",
	"bundle ver":           "bundle verify ",
	"bundle diff go.m":     "bundle diff go.mod ",
	"bundle diff a go.m":   "bundle diff a go.mod ",
	"completion fi":        "completion fish ",
	"help ver":             "help version ",
	"show go.m":            "show go.mod ",
	"vectors testd":        "vectors testdata/",
	"receipt --jwks-url g": "receipt --jwks-url g",
}

// completionFolder has the script of a shell, and files that may be completed.
func completionFolder(t *testing.T, shell string) (f folder, path string) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("no %s here", shell)
	}
	f = newFolder(t)
	f.write("go.mod", nil)
	f.write("_tresor-verify", []byte(tool("completion", shell).stdout))
	if err := os.Mkdir(f.path("testdata"), 0o700); err != nil {
		t.Fatal(err)
	}
	return f, path
}

// zshDriver types a line into an interactive zsh, asks for completion, and has
// the line printed, for each of its arguments.
const zshDriver = `zmodload zsh/zpty || exit 77
zpty z $ZSH -d -i
zpty -r z said '*READY> *' || exit 1
for line; do
	zpty -n -w z "tresor-verify $line"$'\t\x14'
	zpty -r z said '*:END>*' || exit 1
	print -r -- "$said"
done
`

// TestCompletionZsh lets zsh complete.
func TestCompletionZsh(t *testing.T) {
	t.Parallel()
	f, path := completionFolder(t, "zsh")
	f.write(".zshrc", []byte(`PS1='READY> '
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit
compinit -u -D
show() { zle -I; print -r -- "<LINE:$BUFFER:END>"; BUFFER= }
zle -N show
bindkey '^T' show
bindkey '^I' complete-word
`))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	lines := slices.Sorted(maps.Keys(completed))
	cmd := exec.CommandContext(ctx, path, append([]string{"-f", f.write("driver", []byte(zshDriver))}, lines...)...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = f.dir, append(os.Environ(), "ZDOTDIR="+f.dir, "ZSH="+path, "TERM=dumb"), time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 77 {
		t.Skipf("zsh has no pseudo terminals here: %s", out)
	}
	got := regexp.MustCompile(`<LINE:tresor-verify (.*):END>`).FindAllStringSubmatch(string(out), -1)
	if err != nil || len(got) != len(lines) {
		t.Fatalf("%d lines (%v): %q", len(got), err, out)
	}
	for i, line := range lines {
		if got[i][1] != completed[line] {
			t.Errorf("%q: %q, want %q", line, got[i][1], completed[line])
		}
	}
	for _, complaint := range []string{"_arguments:", "_alternative:", "(eval)"} {
		if strings.Contains(string(out), complaint) {
			t.Errorf("zsh complains: %s", out)
		}
	}
}

// TestCompletionFish asks fish what it would propose.
func TestCompletionFish(t *testing.T) {
	t.Parallel()
	f, path := completionFolder(t, "fish")
	ask := func(line string) string {
		cmd := exec.Command(path, "--no-config", "-c", `source _tresor-verify; complete -C "tresor-verify $argv[1]"`, line)
		cmd.Dir, cmd.Env = f.dir, append(os.Environ(), "HOME="+f.dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v\n%s", line, err, out)
		}
		return string(out)
	}
	for line, want := range completed {
		words := strings.Fields(want)
		out := "\n" + ask(line)
		if want = words[len(words)-1]; want != line[strings.LastIndex(line, " ")+1:] && !strings.Contains(out, "\n"+want) {
			t.Errorf("%q: %q, want %q", line, out, want)
		}
	}
	for line, want := range map[string][2]string{ // one that is proposed, and one that is not
		"bundle ": {"verify", "go.mod"}, "bundle diff ": {"go.mod", "verify"}, "bundle diff go.mod ": {"go.mod", "verify"}, "attest --crl=": {"--crl=fetch", "fetch"},
	} {
		if out := "\n" + ask(line); !strings.Contains(out, "\n"+want[0]) || strings.Contains(out, "\n"+want[1]) {
			t.Errorf("%q: %q, want %q", line, out, want)
		}
	}
	if out := ask("help receipt --"); strings.Contains(out, "--jwks") || !strings.Contains(out, "--man") {
		t.Errorf("help has the flags of receipt: %s", out)
	}
}
