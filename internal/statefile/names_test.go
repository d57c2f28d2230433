package statefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/statefile"
)

// A File that Open did not return answers with an error.
func TestNotOpened(t *testing.T) {
	for _, f := range []*statefile.File{nil, {}} {
		wantRefused(t, f, "router", "STA-01")
	}
}

// A name that only has dots in it is one of a file, and a space and a tilde stand in
// the text as they are.
func TestNamesNearOthers(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"...", ".state", "state.", "a..", "..a"} {
		f, err := statefile.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Accept("\x1f ~}\x7f", version(3, 1)); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !strings.Contains(string(text), `{"\u001f ~}\u007f": {`) {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}
