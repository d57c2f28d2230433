package held_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/internal/mint"
)

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReports: reports are told by their names, down to the third level, and there are
// 10,000 at most.
// Rules: CLI-21.
func TestReports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"report", "a.report", "hcl_report.bin", "a/report.bin", "a/b/report.bin", "a/b/c/report.bin", "report.vek.der", "report2", "areport"} {
		write(t, filepath.Join(dir, name), nil)
	}
	found, err := held.Reports(dir)
	for i := range found {
		found[i], _ = filepath.Rel(dir, found[i])
		found[i] = filepath.ToSlash(found[i])
	}
	if want := []string{"a.report", "a/b/report.bin", "a/report.bin", "hcl_report.bin", "report"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("%v, %q, want %q", err, found, want)
	}
	for i := range 10000 - len(found) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("report.", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := held.Reports(dir); err != nil || len(found) != 10000 {
		t.Errorf("%d reports: %v", len(found), err)
	}
	write(t, filepath.Join(dir, "report.x"), nil)
	if _, err := held.Reports(dir); err == nil || !strings.Contains(err.Error(), "more than 10000 reports") {
		t.Errorf("10001 reports: %v", err)
	}
	if _, err := held.Reports(t.TempDir()); err == nil {
		t.Error("no report is no error")
	}
}

// TestTwice: a certificate that two files hold counts once, and is not left out.
func TestTwice(t *testing.T) {
	e, dir := mint.Evidence("Milan", 3, "vcek"), t.TempDir()
	report, chain := write(t, filepath.Join(dir, "report"), e.Report), write(t, filepath.Join(dir, "chain.pem"), e.PEM())
	call := &cli.Call{Printer: cli.NewPrinter("test", io.Discard)}
	h, err := held.Read(t.Context(), call, report, []string{chain, chain}, mint.NotBefore, false)
	if err != nil || len(h.Certificates) == 0 || len(h.Notes) > 0 {
		t.Errorf("%v, %+v", err, h)
	}
}
