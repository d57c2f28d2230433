package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/rule"
)

const router = `{"schema": "tresor.state/v1", "workloads": {"router": {"version": 17, ` +
	`"sha256": "0202020202020202020202020202020202020202020202020202020202020202"}}}` + "\n"

// version is a BundleVersion whose digest is 32 times one byte.
func version(n uint64, fill byte) attest.BundleVersion {
	v := attest.BundleVersion{Version: n}
	for i := range v.SHA256 {
		v.SHA256[i] = fill
	}
	return v
}

func open(t testing.TB, path string) *statefile.File {
	t.Helper()
	f, err := statefile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "state.json") }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantText(t testing.TB, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("%s holds %q (%v), want %q", path, b, err, want)
	}
}

func wantMissing(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there (%v)", path, err)
	}
}

// wantRule checks a refusal and returns it.
func wantRule(t testing.TB, err error, id string) *rule.Error {
	t.Helper()
	e, ok := err.(*rule.Error) // not wrapped: callers print Requirement
	if !ok || e.Requirement() != id || e.Expected == "" || e.Actual == "" {
		t.Fatalf("got %#v, want rule %s", err, id)
	}
	return e
}

// wantRefused checks that both methods refuse by rule and return nothing else.
func wantRefused(t testing.TB, f *statefile.File, workload, rule string) {
	t.Helper()
	v, ok, err := f.Highest(workload)
	wantRule(t, err, rule)
	if ok || v != (attest.BundleVersion{}) {
		t.Errorf("Highest returned %v, %v with an error", v, ok)
	}
	v, err = f.Accept(workload, version(99, 9))
	wantRule(t, err, rule)
	if v != (attest.BundleVersion{}) {
		t.Errorf("Accept returned %v with an error", v)
	}
}
