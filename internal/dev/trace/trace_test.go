package trace

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
)

func read(t *testing.T) *Sources {
	t.Helper()
	s, err := Read(os.DirFS("../../.."))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var update = flag.Bool("update", false, "write least.txt anew")

// TestTraceability prints the table with -v, and fails on any hole.
func TestTraceability(t *testing.T) {
	s := read(t)
	if *update {
		s.Least = ""
	}
	table, problems := Check(s)
	if *update {
		if err := os.WriteFile("least.txt", []byte(Counts(table)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range table {
		shown := r.Unseen
		if shown == "" {
			shown = counted(r.Vectors, "vector")
		}
		t.Logf("%s %-6s %-9s %-9s %s", r.ID, r.Keyword, counted(r.Code, "place"), counted(r.Tests, "test"), shown)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	if len(problems) > 0 {
		t.Log("what was taken away on purpose: go test ./internal/dev/trace -update")
	}
	if len(table) < 300 {
		t.Errorf("only %d rules were found", len(table))
	}
}

func counted(list []string, what string) string {
	if len(list) != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", len(list), what)
}

// A deletion takes something away from one rule, on a copy. It returns what.
type deletion struct {
	kind  string
	apply func(s *Sources, r Row, random *rand.Rand) string
}

var deletions = []deletion{
	{"rule", func(s *Sources, r Row, _ *rand.Rand) string {
		s.Spec = regexp.MustCompile(`(?m)^- \*\*`+r.ID+`\*\* (.*\n)+?(- |\n|#)`).ReplaceAllString(s.Spec, "$2")
		return "SPEC.md"
	}},
	{"id in one file of code, be it in a comment", func(s *Sources, r Row, random *rand.Rand) string { return erase(s.Code, r.ID, r.Code, random) }},
	{"test", func(s *Sources, r Row, random *rand.Rand) string { return erase(s.Tests, r.ID, r.Tests, random) }},
	{"vector", func(s *Sources, r Row, random *rand.Rand) string {
		id := r.Vectors[random.IntN(len(r.Vectors))]
		delete(s.Vectors, id)
		return id
	}},
}

// erase takes the lines with an id out of one file.
func erase(files map[string]string, id string, names []string, random *rand.Rand) string {
	name := names[random.IntN(len(names))]
	lines := slices.Collect(strings.Lines(files[name]))
	files[name] = strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, id) }), "")
	return name
}

// TestDeletions: deletions, one at a time, each of which the check finds
// once least.txt is up to date.
func TestDeletions(t *testing.T) {
	s := read(t)
	table, problems := Check(s)
	if len(problems) > 0 {
		t.Skip("the check is red already: see TestTraceability")
	}
	s.Least = Counts(table)
	table = slices.DeleteFunc(table, func(r Row) bool { return r.Keyword != "MUST" })
	random := rand.New(rand.NewPCG(56860, 57230))
	for n := 0; n < stress.Of(6, 30); {
		d, r := deletions[n%len(deletions)], table[random.IntN(len(table))]
		if d.kind == "vector" && len(r.Vectors) == 0 {
			continue
		}
		n++
		spoilt := &Sources{s.Spec, maps.Clone(s.Code), maps.Clone(s.Tests), maps.Clone(s.Vectors), s.Least, s.memo}
		what := d.apply(spoilt, r, random)
		_, problems := Check(spoilt)
		if len(problems) == 0 {
			t.Errorf("%2d. %s: deleted %s (%s), and the check stays green", n, r.ID, d.kind, what)
			continue
		}
		t.Logf("%2d. %s: deleted %s (%s): %s", n, r.ID, d.kind, what, problems[0])
	}
}

// TestCheck: what else must not pass.
func TestCheck(t *testing.T) {
	good := Sources{
		Spec:    "- **ABC-01** It MUST.\n- **ABC-02** It MAY.\n",
		Code:    map[string]string{"a.go": "// ABC-01"},
		Tests:   map[string]string{"a_test.go": "ABC-01 UTF-16 SHA-256"},
		Vectors: map[string][]string{"v": {"ABC-01"}, "w": {"ABC-01"}},
		Least:   "ABC-01 1 1 2\n",
	}
	if _, problems := Check(&good); len(problems) > 0 {
		t.Fatal(problems)
	}
	for want, change := range map[string]func(s *Sources){
		"ABC-01 stands twice":        func(s *Sources) { s.Spec += "- **ABC-01** It MUST.\n" },
		"says neither":               func(s *Sources) { s.Spec += "- **ABC-03** It does.\n\nMUST\n" },
		"ABC-03: no code":            func(s *Sources) { s.Spec += "- **ABC-03** It MUST NOT.\n" },
		"ABC-01: no code":            func(s *Sources) { s.Code["a.go"] = "ABC-011 XABC-01" },
		"ABC-09, in a.go, is no":     func(s *Sources) { s.Code["a.go"] += `"ABC-09"` },
		"ABC-09, in b_test.go, is":   func(s *Sources) { s.Tests["b_test.go"] = "ABC-09" },
		"ABC-09, in w, is no":        func(s *Sources) { s.Vectors["w"] = []string{"ABC-09"} },
		"is said to be beyond":       func(s *Sources) { s.Spec += "- **KDS-01** It MAY.\n"; s.Vectors["w"] = []string{"KDS-01"} },
		"ABC-01, in a.go, is no":     func(s *Sources) { s.Spec = "ABC-01 MUST" },
		"named by 1 vectors, and":    func(s *Sources) { delete(s.Vectors, "v") },
		"no good line":               func(s *Sources) { s.Least += "ABC-03 1 1 1\n" },
		"ABC-01: no vector shows it": func(s *Sources) { s.Vectors = nil },
	} {
		s := Sources{good.Spec, maps.Clone(good.Code), maps.Clone(good.Tests), maps.Clone(good.Vectors), good.Least, nil}
		change(&s)
		if _, problems := Check(&s); !strings.Contains(strings.Join(problems, "\n"), want) {
			t.Errorf("%q: %q", want, problems)
		}
	}
}
