package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/dev/vectorfile"
)

// byHand are the files beside the cases that no program writes.
var byHand = []string{"README.md", "GUIDE.md", "CHANGES.md", "VERSION", "run.py"}

// TestUpToDate: the vectors of the repository are what this program writes, byte
// for byte.
func TestUpToDate(t *testing.T) {
	if !stress.On {
		t.Skip("ATTEST_STRESS is not set: no vectors are written and compared")
	}
	cases := allCases()
	checkCases(t, cases)
	want := vectorfile.Encode(cases, nameShared)
	dir := os.DirFS("../../../testdata/vectors")
	have := map[string][]byte{}
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(byHand, name) || strings.HasPrefix(name, "__pycache__") {
			return err
		}
		have[name], err = fs.ReadFile(dir, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const remedy = "; run: go run ./internal/dev/vectorgen testdata/vectors"
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if b, ok := have[name]; !ok || !bytes.Equal(b, want[name]) {
			t.Fatalf("%s is missing or differs%s", name, remedy)
		}
		delete(have, name)
	}
	for name := range have {
		t.Errorf("%s is not written any more%s", name, remedy)
	}
}

// checkCases: no two cases show the same, so that each change reaches what is
// shown, and what is refused differs from what is accepted.
func checkCases(t *testing.T, cases []vectorfile.Case) {
	seen := map[string]string{}
	for _, c := range cases {
		key := fingerprint(c)
		if other := seen[key]; other != "" {
			t.Errorf("%s shows the same as %s", c.ID, other)
		}
		seen[key] = c.ID
		if c.Comment == "" || len(c.Rules) == 0 || c.Expect.Error == "" && c.Expect.ExitCode != 0 {
			t.Errorf("%s is incomplete: %+v", c.ID, c.Expect)
		}
	}
}

// fingerprint is all that a verifier sees of a case.
func fingerprint(c vectorfile.Case) string {
	var b strings.Builder
	b.Write(vectorfile.Indented(c.Options))
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		for _, data := range c.Files[name] {
			b.WriteString(name + "\x00" + string(data) + "\x00")
		}
	}
	return c.Command + b.String()
}
