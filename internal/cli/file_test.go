package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestTooLong: what is longer than its limit is no part of what is judged.
func TestTooLong(t *testing.T) {
	for n, want := range map[int]string{4: "", 5: "- is too long: expected at most 4 bytes, got more"} {
		c := &Call{Env: Env{Stdin: strings.NewReader(strings.Repeat("x", n))}, Printer: NewPrinter("test", io.Discard)}
		b, err := c.ReadEvidence(t.Context(), "report", "-", 4)
		if want == "" && (err != nil || len(b) != 4 || len(c.Subject.Files) != 1) {
			t.Errorf("%d bytes: %q, %v, %+v", n, b, err, c.Subject)
		}
		if want != "" && (err == nil || err.Error() != want || b != nil || c.Subject.Files != nil || c.Subject.Read != nil) {
			t.Errorf("%d bytes: %q, %v, %+v", n, b, err, c.Subject)
		}
	}
}

// TestWriteFails: a file that cannot be written is no bug of the program's, and is named
// as it was given.
func TestWriteFails(t *testing.T) {
	var stderr bytes.Buffer
	c := &Call{Printer: NewPrinter("test", &stderr)}
	path := filepath.Join(t.TempDir(), "gone", "x")
	err := c.WriteFile("--save", path, nil)
	var hint interface{ Hint() string }
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "--save "+path+": no such file or directory" || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "make it") {
		t.Errorf("%v", err)
	}
	if stderr.Len() > 0 {
		t.Errorf("said %q of a file that is not there", &stderr)
	}
}
