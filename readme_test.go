package attest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
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

// TestReadmeClosure: README.md names exactly the packages that the core brings
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
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:this module|golang.org/x/crypto) \\|$").FindAllStringSubmatch(readText(t, "README.md"), -1) {
		named = append(named, m[1])
	}
	slices.Sort(printed)
	slices.Sort(named)
	if len(printed) == 0 || !slices.Equal(printed, named) || len(printed)+2 != strings.Count(string(out), "\n") {
		t.Errorf("the command prints %v, README.md names %v", printed, named)
	}
}

// TestReadmeFigures: the number of vectors is that of their index.
func TestReadmeFigures(t *testing.T) {
	var index struct{ Cases []json.RawMessage }
	if err := json.Unmarshal([]byte(readText(t, "testdata/vectors/index.json")), &index); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(" has %d conformance vectors", len(index.Cases)); !strings.Contains(readText(t, "README.md"), want) {
		t.Errorf("README.md does not say: %s", want)
	}
}

// TestReadmeLinks: what the documents link to is there.
func TestReadmeLinks(t *testing.T) {
	for _, name := range []string{"README.md", "RECIPE.md", "SPEC.md", "SECURITY.md", "CHANGES.md"} {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readText(t, name), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
