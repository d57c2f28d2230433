package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestJudge: what fails at once was killed; what fails late, or does not end, only
// where the same tests pass without the mutant, on the same machine.
func TestJudge(t *testing.T) {
	pass, fail, failLate, late := ending{}, ending{failed: true}, ending{failed: true, took: time.Minute}, ending{failed: true, late: true}
	for name, tt := range map[string]struct {
		with, without     ending
		killed, undecided bool
		runs              int
	}{
		"passes":                          {pass, fail, false, false, 1},
		"fails":                           {fail, fail, true, false, 1},
		"fails late":                      {failLate, pass, true, false, 2},
		"fails late, and without it":      {failLate, fail, false, true, 2},
		"does not end":                    {late, pass, true, false, 2},
		"does not end, nor fast without":  {late, late, false, true, 2},
		"passes in the moment of its end": {ending{late: true}, late, false, true, 2},
	} {
		runs := 0
		killed, undecided, _ := judge(&mutant{ID: 7}, bounds(time.Second, time.Second), func(number int, most bound) ending {
			if runs++; number == 7 {
				return tt.with
			}
			if whole := bounds(time.Second, time.Second); most.wall != whole.wall/4 {
				t.Errorf("%s: %v without the mutant, of %v", name, most.wall, whole.wall)
			}
			return tt.without
		})
		if killed != tt.killed || undecided != tt.undecided || runs != tt.runs {
			t.Errorf("%s: killed %t, undecided %t, %d runs", name, killed, undecided, runs)
		}
	}
}

// TestStart: a process is ended when its time is over, and says what it computed.
func TestStart(t *testing.T) {
	if e := start(0, "", bound{wall: 50 * time.Millisecond}, "", "sleep", "60"); !e.late || !e.failed {
		t.Errorf("sleeps: %+v", e)
	}
	if e := start(0, "", bound{wall: time.Hour}, "", "false"); e.late || !e.failed {
		t.Errorf("fails: %+v", e)
	}
	if e := start(3, "", bound{wall: time.Hour}, "", "sh", "-c", "echo $ATTEST_MUTANT"); e.failed || e.output != "3\n" {
		t.Errorf("mutant 3: %+v", e)
	}
}

func TestBlamed(t *testing.T) {
	b := &binary{}
	names := []string{"TestA", "TestB", "TestC", "TestD"}
	for output, want := range map[string]string{
		"--- FAIL: TestC (0.00s)\n    --- FAIL: TestC/x\n": "TestC", "--- FAIL: TestX (0.00s)\n": "TestA, TestB, TestC", "": "TestA, TestB, TestC",
	} {
		if got := b.blamed(names, output); got != want {
			t.Errorf("%q: %s", output, got)
		}
	}
}

// TestOrder: the package that killed a mutant earlier comes first, then its own.
func TestOrder(t *testing.T) {
	if got := order("jws/header.go", "fuzz", false); !slices.Equal(got[:3], []string{"fuzz", "jws", ""}) || len(got) != len(core)+len(users) {
		t.Errorf("%q", got)
	}
	if got := order("jws/header.go", "fuzz", true); !slices.Equal(got, []string{"jws"}) {
		t.Errorf("near: %q", got)
	}
	if got := order("bundle.go", own("bundle.go"), true); !slices.Equal(got, []string{""}) {
		t.Errorf("near, of the root: %q", got)
	}
}

// TestLog: a run goes on where it was; where sources have changed, what killed a
// mutant is only what is tried first.
func TestLog(t *testing.T) {
	p := load1(t, "package p\n\nfunc f(n int) bool { return n > 1 }\n")
	root := t.TempDir()
	p.dir = filepath.Join(root, "p")
	o := options{out: filepath.Join(root, "log")}
	killed := &fate{mutant: &mutant{File: "p/p.go", Func: "f", Kind: "plus", Text: "n > 1"}, Killed: "p: TestF", CPU: 1.5}
	survived := &fate{mutant: &mutant{File: "p/p.go", Func: "f", Kind: "minus", Text: "n > 1"}, CPU: 2}
	read := func(o options) *runLog {
		t.Helper()
		l, err := openLog(o, []*pkg{p}, root)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	l := read(o)
	for _, f := range []*fate{killed, survived} {
		if err := l.add(f); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time from what the first one copied
		l = read(o)
		if l.killed[killed.key()] != "p: TestF" || l.cpu[killed.key()] != 1.5 || l.killed[survived.key()] != "" {
			t.Errorf("%+v", l)
		}
	}
	p.source[0] = append(p.source[0], "var x int\n"...)
	if l = read(options{from: o.out}); l.killed[killed.key()] != "" || l.expected[killed.key()] != "p: TestF" {
		t.Errorf("after a change: %+v", l)
	}
	if err := os.WriteFile(o.out, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openLog(o, []*pkg{p}, root); err == nil {
		t.Error("went on with something else")
	}
}
