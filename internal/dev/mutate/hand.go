package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// handFile has the mutants that were thought up by hand.
const handFile = "internal/dev/mutate/hand.txt"

// A byHand is one of them: a text of a file, and what takes its place.
type byHand struct {
	about, file   string
	tests         []string // arguments of go test, which must fail
	before, after string
}

// readHand reads the list: blocks that begin with a line "== about", then lines
// "file:" and "tests:", then the two texts, each behind a line that says so.
func readHand(text string) (all []byHand, err error) {
	for _, block := range strings.Split("\n"+text, "\n== ")[1:] {
		head, rest, ok := strings.Cut(block, "\n-- before\n")
		before, after, ok2 := strings.Cut(rest, "\n-- after\n")
		lines := strings.Split(head, "\n")
		if !ok || !ok2 || len(lines) != 3 {
			return nil, fmt.Errorf("%s: not a whole block: %s", handFile, lines[0])
		}
		file, okFile := strings.CutPrefix(lines[1], "file: ")
		tests, okTests := strings.CutPrefix(lines[2], "tests: ")
		if !okFile || !okTests {
			return nil, fmt.Errorf("%s: no file or no tests: %s", handFile, lines[0])
		}
		all = append(all, byHand{lines[0], file, strings.Fields(tests), before, strings.TrimRight(after, "\n")})
	}
	return all, nil
}

// apply returns the source with the mutant.
func (m byHand) apply(source string) (string, error) {
	if n := strings.Count(source, m.before); n != 1 {
		return "", fmt.Errorf("%s: stands %d times in %s:\n%s", m.about, n, m.file, m.before)
	}
	return strings.Replace(source, m.before, m.after, 1), nil
}

// runHand puts in each mutant by itself, over the source and not into it, and
// wants a test to fail.
func runHand(w io.Writer, root, dir, match string) error {
	text, err := os.ReadFile(filepath.Join(root, handFile))
	if err != nil {
		return err
	}
	all, err := readHand(string(text))
	if err != nil {
		return err
	}
	var problems []error
	for i, m := range all {
		if !strings.Contains(m.about, match) {
			continue
		}
		problem := m.run(root, dir)
		if problem != nil {
			problems = append(problems, problem)
		}
		fmt.Fprintf(w, "%2d caught: %-5t %s\n", i+1, problem == nil, m.about)
	}
	return errors.Join(problems...)
}

func (m byHand) run(root, dir string) error {
	source, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return err
	}
	changed, err := m.apply(string(source))
	if err != nil {
		return err
	}
	to, overlay := filepath.Join(dir, "hand.go"), filepath.Join(dir, "hand.json")
	if err := os.WriteFile(to, []byte(changed), 0o600); err != nil {
		return err
	}
	if err := writeJSON(overlay, map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): to}}); err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-failfast", "-overlay", overlay}, m.tests...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err == nil {
		return fmt.Errorf("%s: no test fails\n%s", m.about, out)
	} else if !strings.Contains(string(out), "--- FAIL") && !strings.Contains(string(out), "panic:") {
		return fmt.Errorf("%s: the tests did not run\n%s", m.about, out)
	}
	return nil
}
