// Package trace checks that SPEC.md with its parts in docs/spec, the code, its tests and the conformance
// vectors name the same rules: each rule is carried out somewhere, tested
// somewhere, and shown by a vector where evidence can show it; and no rule is named
// that SPEC.md does not have.
//
// A rule is named by its id, anywhere in a file: as a string that an error
// carries, or in a comment.
package trace

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/vectors"
)

// Sources are what names rules. Changing a copy of them changes nothing on disk.
type Sources struct {
	Spec    string              // SPEC.md and its parts
	Code    map[string]string   // Go files by name
	Tests   map[string]string   // test files by name
	Vectors map[string][]string // the rules of each vector
	Least   string              // least.txt

	memo map[string][]string // the ids in a text, shared by copies
}

// least.txt has how often code, tests and vectors name each rule, one rule a line.
// There may be more, but not fewer: what is taken away is taken away there too. In
// which files that is does not matter.
const least = "internal/dev/trace/least.txt"

// notCode are folders with Go that carries out no rule of SPEC.md: what makes
// evidence, and what checks the tests.
var notCode = []string{"attesttest", "difftest", "fuzz", "internal/mint", "internal/dev", "testdata"}

// Read reads the sources of a module.
func Read(module fs.FS) (*Sources, error) {
	spec, err := readSpec(module)
	if err != nil {
		return nil, err
	}
	counts, err := fs.ReadFile(module, least)
	if err != nil {
		return nil, err
	}
	s := &Sources{spec, map[string]string{}, map[string]string{}, map[string][]string{}, string(counts), map[string][]string{}}
	err = fs.WalkDir(module, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" {
			if d != nil && d.IsDir() && name != "." && strings.HasPrefix(path.Base(name), ".") {
				return fs.SkipDir
			}
			return err
		}
		text, err := fs.ReadFile(module, name)
		switch {
		case strings.HasPrefix(name, "difftest/") || strings.HasPrefix(name, "testdata/") || strings.HasPrefix(name, "internal/dev/trace/"):
		case strings.HasSuffix(name, "_test.go"):
			s.Tests[name] = string(text)
		case !slices.ContainsFunc(notCode, func(dir string) bool { return strings.HasPrefix(name, dir+"/") }):
			s.Code[name] = string(text)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	dir, err := fs.Sub(module, "testdata/vectors")
	if err != nil {
		return nil, err
	}
	cases, err := vectors.Read(dir)
	for _, c := range cases {
		s.Vectors[c.ID] = c.Rules
		if c.Expect.Error != "" && (len(c.Rules) == 0 || c.Rules[0] != c.Expect.Requirement) {
			return nil, fmt.Errorf("vector %s expects the rule %s, and is about %v", c.ID, c.Expect.Requirement, c.Rules)
		}
	}
	return s, err
}

// readSpec returns SPEC.md and, behind it, its parts in docs/spec.
func readSpec(module fs.FS) (string, error) {
	parts, err := fs.Glob(module, "docs/spec/*.md")
	if err != nil {
		return "", err
	}
	var spec strings.Builder
	for _, name := range append([]string{"SPEC.md"}, parts...) {
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return "", err
		}
		spec.Write(text)
		spec.WriteString("\n")
	}
	return spec.String(), nil
}

// A Row says where one rule is named.
type Row struct {
	ID, Keyword          string   // the strongest of MUST, SHOULD and MAY
	Code, Tests, Vectors []string // files, each as often as it names the rule; vectors by id
	Unseen               string   // why no vector can show it
}

// Check returns a row for each rule of SPEC.md, in its order, and what is wrong.
// An empty list of problems means that everything is as it must be.
func Check(s *Sources) (table []Row, problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	code, tests, shown := s.mentions(s.Code), s.mentions(s.Tests), map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(s.Vectors)) {
		for _, rule := range s.Vectors[id] {
			shown[rule] = append(shown[rule], id)
		}
	}
	known := map[string]bool{}
	for _, r := range rules(s.Spec) {
		if known[r.ID] {
			complain("%s stands twice in SPEC.md", r.ID)
		}
		known[r.ID] = true
		r.Code, r.Tests, r.Vectors, r.Unseen = code[r.ID], tests[r.ID], shown[r.ID], unseen(r.ID)
		table = append(table, r)
		if r.Keyword == "" {
			complain("%s says neither MUST, SHOULD nor MAY", r.ID)
		}
		if r.Unseen != "" && len(r.Vectors) > 0 {
			complain("%s is said to be beyond vectors, and %s shows it", r.ID, r.Vectors[0])
		}
		if r.Keyword != "MUST" {
			continue
		}
		if len(r.Code) == 0 {
			complain("%s: no code names it", r.ID)
		}
		if len(r.Tests) == 0 {
			complain("%s: no test names it", r.ID)
		}
		if len(r.Vectors) == 0 && r.Unseen == "" {
			complain("%s: no vector shows it", r.ID)
		}
	}
	for line := range strings.Lines(s.Least) {
		var id string
		var want [3]int
		if _, err := fmt.Sscan(line, &id, &want[0], &want[1], &want[2]); err != nil || !known[id] {
			complain("least.txt has no good line: %q", line)
			continue
		}
		for i, list := range [][]string{code[id], tests[id], shown[id]} {
			if what := []string{"places in code", "places in tests", "vectors"}[i]; len(list) < want[i] {
				complain("%s: named by %d %s, and there were %d", id, len(list), what, want[i])
			}
		}
	}
	for _, where := range []map[string][]string{code, tests, shown} {
		for _, id := range slices.Sorted(maps.Keys(where)) {
			if !known[id] {
				complain("%s, in %s, is no rule of SPEC.md", id, where[id][0])
			}
		}
	}
	return table, problems
}

// Counts writes the table as least.txt has it.
func Counts(table []Row) string {
	var b strings.Builder
	for _, r := range table {
		fmt.Fprintln(&b, r.ID, len(r.Code), len(r.Tests), len(r.Vectors))
	}
	return b.String()
}

var (
	ruleID  = regexp.MustCompile(`\b[A-Z]{3}-[0-9]{2}\b`)
	bullet  = regexp.MustCompile(`(?m)^- \*\*([A-Z]{3}-[0-9]{2})\*\* `)
	keyword = regexp.MustCompile(`\b(MUST|SHOULD|MAY)\b`)
)

// notRules look like ids; the last two are those of a transport that the
// tests of attesttest/leak make up.
var notRules = []string{"UTF-16", "TST-01", "TST-02"}

// rules returns the rules of SPEC.md. A rule is a bullet that begins with its id;
// it ends at the next one, or with its paragraph.
func rules(spec string) (list []Row) {
	starts := bullet.FindAllStringSubmatchIndex(spec, -1)
	for _, at := range starts {
		text := spec[at[1]:]
		if end := bullet.FindStringIndex(text); end != nil {
			text = text[:end[0]]
		}
		text, _, _ = strings.Cut(text, "\n\n")
		r := Row{ID: spec[at[2]:at[3]]}
		for _, word := range []string{"MAY", "SHOULD", "MUST"} { // the strongest last
			if slices.Contains(keyword.FindAllString(text, -1), word) {
				r.Keyword = word
			}
		}
		list = append(list, r)
	}
	return list
}

// mentions returns the files that name each id, each as often as it does.
func (s *Sources) mentions(files map[string]string) map[string][]string {
	found := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, id := range s.ids(files[name]) {
			found[id] = append(found[id], name)
		}
	}
	return found
}

// ids returns the ids in a text.
func (s *Sources) ids(text string) []string {
	if known, ok := s.memo[text]; ok {
		return known
	}
	var list []string
	for _, id := range ruleID.FindAllString(text, -1) {
		if !slices.Contains(notRules, id) {
			list = append(list, id)
		}
	}
	if s.memo != nil {
		s.memo[text] = list
	}
	return list
}
