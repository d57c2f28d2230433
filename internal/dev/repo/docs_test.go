package repo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks are the fenced blocks of a document in one language.
func blocks(t *testing.T, name, language string) []string {
	t.Helper()
	var list []string
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(readText(t, name), -1) {
		if m[1] == language {
			list = append(list, m[2])
		}
	}
	return list
}

// TestDocsPrograms: every Go block of the documents is a complete program, and
// compiles.
func TestDocsPrograms(t *testing.T) {
	t.Parallel()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir, programs := t.TempDir(), 0
	for _, name := range documents(t) {
		for i, program := range blocks(t, name, "go") {
			programs++
			folder := filepath.Join(dir, fmt.Sprintf("%s%d", strings.NewReplacer("/", "_", ".", "_").Replace(name), i))
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if programs < 4 {
		t.Fatalf("the documents have %d programs", programs)
	}
	sum := readText(t, "go.sum")
	mod := strings.Replace(readText(t, "go.mod"), "module github.com/tresorhq/attest", "module example.com/docs", 1) +
		"\nrequire github.com/tresorhq/attest v0.0.0\nreplace github.com/tresorhq/attest => " + root + "\n"
	for name, text := range map[string]string{"go.mod": mod, "go.sum": sum} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "vet", "-mod=mod", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestDocsShell: every shell block of the documents runs as it stands, those of one
// document one after the other, in one shell. A failing line fails the test.
func TestDocsShell(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "curl", "grep", "sed"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here", program)
		}
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "./cmd/tresor-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	shorter := "#!/bin/sh\nexec " + sleep + " 0.05\n" // where a reader waits a second
	if err := os.WriteFile(filepath.Join(bin, "sleep"), []byte(shorter), 0o755); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range documents(t) {
		script := strings.Join(blocks(t, name, "sh"), "\n")
		if script == "" || name == "RECIPE.md" { // which has tests of its own
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-eu", "-c", script)
			cmd.Dir = t.TempDir()
			if name == "README.md" {
				cmd.Dir = root
			}
			cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "ATTEST="+root)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	if ran < 2 {
		t.Errorf("%d documents have lines for a shell", ran)
	}
}

// TestGoDirective: every module names one and the same patch level of Go, so that an
// older toolchain refuses to build it.
func TestGoDirective(t *testing.T) {
	line := regexp.MustCompile(`(?m)^go (\d+\.\d+\.\d+)$`)
	want := line.FindStringSubmatch(readText(t, "go.mod"))
	if want == nil || strings.HasSuffix(want[1], ".0") {
		t.Fatalf("go.mod names no patch level of Go: %v", want)
	}
	modules := 0
	for _, pattern := range []string{"*/go.mod", "*/*/go.mod"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			modules++
			if got := line.FindStringSubmatch(readText(t, name)); got == nil || got[1] != want[1] {
				t.Errorf("%s: %v, expected %s", name, got, want[1])
			}
		}
	}
	if modules < 3 {
		t.Errorf("%d modules", modules)
	}
}
