package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const vectorsDir = "testdata/vectors"

// A group is the vectors of one folder, as a folder of vectors by itself.
type group struct {
	name      string
	dir       string
	rules     map[string]bool // that its vectors are about
	took, cpu time.Duration
	reaches   map[int]bool
}

// A vectorRun runs mutants against the conformance vectors alone, through the
// command line.
type vectorRun struct {
	command string          // path of the instrumented command
	rules   map[string]bool // rules that some vector is about
	groups  []*group
	only    map[*mutant]bool // when not nil, no others are run
}

type indexEntry struct {
	ID    string   `json:"id"`
	File  string   `json:"file"`
	Rules []string `json:"rules"`
}

type index struct {
	Schema string       `json:"schema"`
	Count  int          `json:"count"`
	Cases  []indexEntry `json:"cases"`
}

// newVectorRun builds the command and splits the vectors into groups.
func newVectorRun(root, overlay, dir string) (*vectorRun, error) {
	v := &vectorRun{command: filepath.Join(dir, "command"), rules: map[string]bool{}}
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", v.command, "./cmd/tresor-verify")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(root, vectorsDir, "index.json"))
	if err != nil {
		return nil, err
	}
	var all index
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	byFolder := map[string][]indexEntry{}
	for _, c := range all.Cases {
		byFolder[path.Dir(c.File)] = append(byFolder[path.Dir(c.File)], c)
		for _, r := range c.Rules {
			v.rules[r] = true
		}
	}
	for folder, cases := range byFolder {
		g := &group{name: folder, dir: filepath.Join(dir, "vectors", path.Base(folder)), rules: map[string]bool{}}
		for _, c := range cases {
			for _, r := range c.Rules {
				g.rules[r] = true
			}
		}
		if err := g.write(filepath.Join(root, vectorsDir), index{all.Schema, len(cases), cases}); err != nil {
			return nil, err
		}
		v.groups = append(v.groups, g)
	}
	return v, nil
}

// write makes the folder of the group.
func (g *group) write(from string, cases index) error {
	if err := os.MkdirAll(filepath.Join(g.dir, "cases"), 0o700); err != nil {
		return err
	}
	for _, name := range []string{"shared", filepath.FromSlash(g.name)} {
		if err := os.CopyFS(filepath.Join(g.dir, name), os.DirFS(filepath.Join(from, name))); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(g.dir, "index.json"), cases)
}

// try runs every group without a mutant.
func (v *vectorRun) try(dir string) error {
	for _, g := range v.groups {
		reach := filepath.Join(dir, "reached")
		if err := errors.Join(os.RemoveAll(reach), os.Mkdir(reach, 0o700)); err != nil {
			return err
		}
		e := v.run(g, 0, reach, bound{wall: 5 * time.Minute})
		if e.failed {
			return fmt.Errorf("vectors %s fail without a mutant:\n%s", g.name, e.output)
		}
		g.took, g.cpu = e.took, e.cpu
		var err error
		if g.reaches, err = readReached(reach); err != nil {
			return err
		}
	}
	slices.SortFunc(v.groups, func(a, b *group) int { return int(a.cpu - b.cpu) })
	return nil
}

func (v *vectorRun) run(g *group, number int, reach string, most bound) ending {
	return start(number, reach, most, "", v.command, "vectors", g.dir)
}

// kills writes into a fate the group that the mutant makes fail. Those about its
// rules come first.
func (v *vectorRun) kills(f *fate) {
	about := func(g *group) bool { return slices.ContainsFunc(f.Rules, func(r string) bool { return g.rules[r] }) }
	for _, first := range []bool{true, false} {
		for _, g := range v.groups {
			if about(g) != first || !g.reaches[f.ID] {
				continue
			}
			killed, _, e := judge(f.mutant, bounds(g.took, g.cpu), func(number int, most bound) ending { return v.run(g, number, "", most) })
			f.CPU += e.cpu.Seconds()
			if killed {
				f.Vectors = g.name
				return
			}
		}
	}
}

// onlyShows are functions that decide nothing: what they do is shown, remembered
// or written. No verdict tells their mutants from the original.
var onlyShows = []string{
	"hardware.notes", "hardware.unchecked", "Policy.Relaxed", "Write", "writeFloors", "hasUnknown", "weaknesses", "reportLimits", "endpointLimits",
}

// sample leaves only n of the mutants that count.
func (v *vectorRun) sample(mutants []*mutant, n int, seed uint64) {
	counting := slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return !v.counts(m) })
	v.only = map[*mutant]bool{}
	for _, m := range some(counting, n, seed) {
		v.only[m] = true
	}
}

// counts reports whether a mutant is one that changes accept or refuse, by a rule
// that some vector is about.
func (v *vectorRun) counts(m *mutant) bool {
	of, _, _ := strings.Cut(m.Func, ".")
	return (v.only == nil || v.only[m]) && !slices.Contains(onlyShows, m.Func) && of != "Memory" && of != "writer" &&
		slices.ContainsFunc(m.Rules, func(r string) bool { return v.rules[r] })
}
