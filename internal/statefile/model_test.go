package statefile_test

import (
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
)

// The model is the memory that lasts as long as the process. Restarts, crashes
// and damage that is repaired make no difference to it.
func TestModel(t *testing.T) {
	path := newPath(t)
	workloads := rapid.SampledFrom([]string{"router", "Router", "\"\\\x00", "\u202e\U0001f600"})
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range []string{path, path + ".new"} {
			if err := os.RemoveAll(name); err != nil {
				t.Fatal(err)
			}
		}
		model, f := attest.NewBundleMemory(), reopen(t, path)
		t.Repeat(map[string]func(*rapid.T){
			"accept": func(t *rapid.T) {
				name := workloads.Draw(t, "workload")
				v := version(rapid.Uint64Range(1, 5).Draw(t, "version"), rapid.Byte().Draw(t, "digest"))
				got, err := f.Accept(name, v)
				want, _ := model.Accept(name, v)
				if got != want || err != nil {
					t.Fatalf("got %v, %v, want %v", got, err, want)
				}
				if _, err := os.Lstat(path + ".new"); err == nil {
					t.Fatal("a new file is left")
				}
			},
			"restart": func(t *rapid.T) { f = reopen(t, path) },
			"crash": func(t *rapid.T) {
				rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
				if err := os.WriteFile(path+".new", rest, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			"damage": func(t *rapid.T) {
				whole, err := os.ReadFile(path)
				if err != nil {
					t.Skip("nothing there to be damaged")
				}
				cut := whole[:rapid.IntRange(0, len(whole)-2).Draw(t, "length")]
				if err := os.WriteFile(path, cut, 0o600); err != nil {
					t.Fatal(err)
				}
				name := workloads.Draw(t, "workload")
				if v, ok, err := f.Highest(name); err == nil {
					t.Fatalf("read %v, %v out of %q", v, ok, cut)
				}
				if v, err := f.Accept(name, version(9, 9)); err == nil {
					t.Fatalf("accepted into %q: %v", cut, v)
				}
				if b, err := os.ReadFile(path); err != nil || string(b) != string(cut) {
					t.Fatalf("%q was overwritten: %q, %v", cut, b, err)
				}
				if err := os.WriteFile(path, whole, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				name := workloads.Draw(t, "workload")
				got, ok, err := f.Highest(name)
				want, wantOK, _ := model.Highest(name)
				if got != want || ok != wantOK || err != nil {
					t.Fatalf("got %v, %v, %v, want %v, %v", got, ok, err, want, wantOK)
				}
			},
		})
	})
}

func reopen(t *rapid.T, path string) *statefile.File {
	f, err := statefile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
