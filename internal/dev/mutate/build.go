package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const switchesFile = "mutate_switches.go"

// instrument finds the mutants of all packages and writes their files, with
// switches, into dir. It returns the file for -overlay.
func instrument(packages []*pkg, module, root, dir string) ([]*mutant, string, error) {
	var mutants []*mutant
	replace := map[string]string{}
	write := func(i int, name string, text []byte) error {
		to := filepath.Join(dir, fmt.Sprintf("%d-%s", i, name))
		replace[filepath.Join(packages[i].dir, name)] = to
		return os.WriteFile(to, text, 0o600)
	}
	for i, p := range packages {
		below, err := filepath.Rel(root, p.dir)
		if err != nil {
			return nil, "", err
		}
		below = filepath.ToSlash(below)
		for j, file := range p.files {
			if only := partly[below]; only != nil && !slices.Contains(only, p.names[j]) {
				continue
			}
			f := &finder{
				pkg: p, dir: below, module: module, source: p.source[j], file: file, mutants: &mutants, seen: map[string]int{},
				rules: &attribution{fset: p.fset, source: p.source[j]},
			}
			if err := write(i, p.names[j], f.find(p.names[j])); err != nil {
				return nil, "", err
			}
		}
	}
	for i, p := range packages { // numbers go through all packages
		text := "package " + p.name + "\n" + strings.ReplaceAll(switches, "muCount", fmt.Sprint(len(mutants)+1))
		if err := write(i, switchesFile, []byte(text)); err != nil {
			return nil, "", err
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	return mutants, overlay, writeJSON(overlay, map[string]any{"Replace": replace})
}

// A binary is the tests of one package, built with the switches.
type binary struct {
	dir   string // below the module
	path  string
	wd    string
	flags []string
	tests []*test      // the quickest first; nil before make
	make  func() error // builds and tries it, once
	cpu   time.Duration
}

// build compiles the test binary and tries its tests, of which it keeps those that
// take at most so long.
func (b *binary) build(root, overlay, to string, most time.Duration) error {
	b.path, b.wd = filepath.Join(to, strings.ReplaceAll(path.Join("root", b.dir), "/", "-")+".test"), filepath.Join(root, b.dir)
	cmd := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", b.path, "./"+b.dir)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", b.dir, err, out)
	}
	b.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	// All inputs, of a fixed seed, no search for a small counterexample, and none written
	// down.
	rapid := []string{"-rapid.checks=100", "-rapid.seed=1", "-rapid.shrinktime=1ns", "-rapid.nofailfile"}
	cmd = exec.Command(b.path, append(rapid, "-test.list=^$")...)
	cmd.Dir = b.wd
	if cmd.Run() == nil {
		b.flags = rapid
	}
	if err := b.try(); err != nil {
		return err
	}
	b.tests = slices.DeleteFunc(b.tests, func(t *test) bool { return t.took > most })
	return nil
}

// again runs every test that was used, without a mutant.
func (b *binary) again() ending {
	if b.tests == nil {
		return ending{}
	}
	var names []string
	for _, t := range b.tests {
		names = append(names, t.name)
	}
	return b.run(names, 0, "", bound{wall: time.Hour})
}

func writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}
