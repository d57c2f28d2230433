package advice

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// matches returns the first group of a pattern wherever it occurs in files.
func matches(t *testing.T, pattern string, files ...string) (found []string) {
	t.Helper()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			found = append(found, m[1])
		}
	}
	if len(found) == 0 {
		t.Fatalf("nothing in %v matches %s", files, pattern)
	}
	return found
}

// TestEveryTypeHasAdvice: the next thing to try, and where both values are from.
func TestEveryTypeHasAdvice(t *testing.T) {
	types := append(matches(t, `(?m)^(?:\t|type )(\w+) +struct(?:\{ (?:attest\.)?Failure \}| \{\n\t+(?:attest\.)?Failure\n)`, "../../errors.go", "../../azure/errors.go", "../../receipt/errors.go", "../../launch/idblock.go"), "UsageError", "InternalError")
	if len(types) != len(byType) {
		t.Errorf("%d types, advice for %d", len(types), len(byType))
	}
	for _, name := range types {
		a := byType[name]
		none := name == "UsageError" || name == "InternalError"
		if a.next == "" || (a.expected == "") != (none || name == "CertRevokedError") || (a.actual == "") != none {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestEveryLayerHasAdvice: the layers of the network, and the flags that name a
// file.
func TestEveryLayerHasAdvice(t *testing.T) {
	sources, err := filepath.Glob("../../cmd/tresor-verify/*.go")
	if err != nil {
		t.Fatal(err)
	}
	layers := matches(t, `(?m)^\tlayer\w+ += "(\w+)"`, "../../transport/errors.go", "../../kds/layer.go")
	for _, layer := range append(layers, matches(t, `(?:verdict\.Unavailable\(|r\.unavailable\(|r\.evidence\(|readPin\(r, |readID\(r, |body\()"([\w-]*\w)`, sources...)...) {
		if byLayer[layer] == "" {
			t.Errorf("no hint for %q", layer)
		}
	}
}
