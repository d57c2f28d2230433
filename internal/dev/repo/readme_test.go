package repo

import (
	"encoding/json"
	"go/ast"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func readText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReadmeClosure: docs/vendoring.md names exactly the packages that the core brings
// along, as the command prints them.
func TestReadmeClosure(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh here")
	}
	out, err := exec.Command("sh", ".ci/closure", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [1-9][0-9]* \\| [1-9][0-9]* \\|$")
	var printed, named []string
	for _, m := range row.FindAllStringSubmatch(string(out), -1) {
		printed = append(printed, m[1])
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:this module|golang.org/x/crypto) \\|$").FindAllStringSubmatch(readText(t, "docs/vendoring.md"), -1) {
		named = append(named, m[1])
	}
	slices.Sort(printed)
	slices.Sort(named)
	if len(printed) == 0 || !slices.Equal(printed, named) || len(printed)+2 != strings.Count(string(out), "\n") {
		t.Errorf("the command prints %v, docs/vendoring.md names %v", printed, named)
	}
}

// TestReadmeFigures: there are as many vectors as docs/tested.md says, or more.
func TestReadmeFigures(t *testing.T) {
	var index struct{ Cases []json.RawMessage }
	if err := json.Unmarshal([]byte(readText(t, "testdata/vectors/index.json")), &index); err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(` has more than ([0-9]+) conformance vectors`).FindStringSubmatch(readText(t, "docs/tested.md"))
	if said == nil {
		t.Fatal("docs/tested.md does not say how many vectors there are")
	}
	if n, err := strconv.Atoi(said[1]); err != nil || n >= len(index.Cases) {
		t.Errorf("docs/tested.md says more than %s, there are %d", said[1], len(index.Cases))
	}
}

// TestReadmeLinks: what the documents link to is there.
func TestReadmeLinks(t *testing.T) {
	for _, name := range documents(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readText(t, name), -1) {
			if _, err := os.Stat(path.Join(path.Dir(name), m[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestReadmeMap: each folder has a row that says what it is for, itself or by the
// folder around it, and each row has a folder.
func TestReadmeMap(t *testing.T) {
	rows := map[string]bool{}
	for _, name := range []string{"README.md", "docs/reading.md"} {
		for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]+ \\|$").FindAllStringSubmatch(section(t, name, "| folder | what |"), -1) {
			if info, err := os.Stat(m[1]); err != nil || !info.IsDir() {
				t.Errorf("%s describes %s: %v", name, m[1], err)
			}
			rows[m[1]] = true
		}
	}
	delete(rows, "internal") // each folder in it has a row
	eachFile(t, func(dir, name string, _ *ast.File) {
		for d := path.Dir(name); !rows[d]; d = path.Dir(d) {
			if path.Dir(d) == "." || d == "internal" || d == "cmd" {
				t.Fatalf("neither README.md nor docs/reading.md says what %s is for", dir)
			}
		}
	})
}

// documents are the texts of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob("docs/spec/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(append(pages, parts...), "README.md", "RECIPE.md", "SPEC.md", "SECURITY.md", "CHANGES.md")
}

// section is a paragraph of a document, from the line that begins it.
func section(t *testing.T, name, first string) string {
	t.Helper()
	_, text, found := strings.Cut(readText(t, name), "\n"+first+"\n")
	if !found {
		t.Fatalf("%s has no %q", name, first)
	}
	text, _, _ = strings.Cut(text, "\n\n")
	return text
}
