package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A test is one test, example or fuzz target with its seeds.
type test struct {
	name      string
	took, cpu time.Duration // without a mutant
	reaches   map[int]bool  // mutants that would change something in it
}

// An ending is how a process ended that ran tests, or vectors.
type ending struct {
	failed    bool
	late      bool // it was ended, since it had not ended itself
	took, cpu time.Duration
	output    string
}

// A bound is what a process may take. A mutant that makes it compute for longer
// has changed something; of one that only lasts longer nothing is known, since the
// machine may be busy.
type bound struct{ wall, cpu time.Duration }

// bounds are generous multiples of what something took without a mutant.
func bounds(took, cpu time.Duration) bound {
	return bound{wall: 20*time.Second + 20*took, cpu: 4*time.Second + 8*cpu}
}

// start runs a command with a mutant; 0 is none.
func start(number int, reach string, most bound, dir, name string, args ...string) ending {
	ctx, cancel := context.WithTimeout(context.Background(), most.wall)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), envMutant+"="+strconv.Itoa(number), envReach+"="+reach, envCPU+"="+most.cpu.String(), "ATTEST_REAL_VECTORS=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	from := time.Now()
	err := cmd.Run()
	e := ending{failed: err != nil, late: ctx.Err() != nil, took: time.Since(from), output: out.String()}
	if cmd.ProcessState != nil {
		e.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return e
}

// soon is how fast a failure must be to be taken for the mutant's without a second
// look: tests that give something a deadline give it more.
const soon = time.Second

// judge runs something with a mutant, and reports whether that made it fail. What
// failed late, or did not end, is run without the mutant too. Where that does not
// pass, in a quarter of the time, the machine is at fault, and nothing is decided.
func judge(m *mutant, most bound, run func(number int, most bound) ending) (killed, undecided bool, e ending) {
	e = run(m.ID, most)
	if !e.failed && !e.late || !e.late && e.took < soon {
		return e.failed, false, e
	}
	other := run(0, bound{wall: most.wall / 4})
	e.cpu += other.cpu
	if other.failed || other.late {
		return false, true, e
	}
	return true, false, e
}

// run runs tests of a binary with a mutant; 0 is none.
func (b *binary) run(names []string, number int, reach string, most bound) ending {
	args := append(slices.Clone(b.flags), "-test.failfast", "-test.timeout="+(2*most.wall).String(), "-test.run="+pattern(names))
	return start(number, reach, most, b.wd, b.path, args...)
}

func pattern(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = regexp.QuoteMeta(n)
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// try runs every test by itself without a mutant, and takes its time and what it
// reaches.
func (b *binary) try() error {
	cmd := exec.Command(b.path, "-test.list=.")
	cmd.Dir = b.wd
	list, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", b.path, err)
	}
	for _, name := range strings.Fields(string(list)) {
		if strings.HasPrefix(name, "Benchmark") || strings.Contains(name, "Alloc") {
			continue // the switches allocate
		}
		reach := b.path + ".reached"
		if err := errors.Join(os.RemoveAll(reach), os.Mkdir(reach, 0o700)); err != nil {
			return err
		}
		e := b.run([]string{name}, 0, reach, bound{wall: 5 * time.Minute})
		if e.failed {
			fmt.Fprintf(os.Stderr, "left out: %s: %s fails with the switches and no mutant:\n%s", b.dir, name, e.output)
			continue
		}
		b.cpu += e.cpu
		t := &test{name: name, took: e.took, cpu: e.cpu}
		if t.reaches, err = readReached(reach); err != nil {
			return err
		}
		b.tests = append(b.tests, t)
	}
	slices.SortFunc(b.tests, func(a, b *test) int { return int(a.cpu - b.cpu) })
	return nil
}

// readReached reads the numbers for which muNote made a file.
func readReached(folder string) (map[int]bool, error) {
	reached := map[int]bool{}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		id, err := strconv.Atoi(f.Name())
		if err != nil {
			return nil, err
		}
		reached[id] = true
	}
	return reached, nil
}

// Tests run together until they take so long, or are so many.
const (
	quick = 150 * time.Millisecond
	many  = 12
)

// kills runs what may kill a mutant: the test that is expected to, when there is
// one, and then all that reach it, the quickest first. It writes into the fate what
// did.
func (b *binary) kills(f *fate, expected string) error {
	if err := b.make(); err != nil {
		return err
	}
	var together []*test
	flush := func() bool {
		if together == nil {
			return false
		}
		var took, cpu time.Duration
		var names []string
		for _, t := range together {
			took, cpu, names = took+t.took, cpu+t.cpu, append(names, t.name)
		}
		together = nil
		killed, undecided, e := judge(f.mutant, bounds(took, cpu), func(number int, most bound) ending { return b.run(names, number, "", most) })
		f.CPU += e.cpu.Seconds()
		switch {
		case killed:
			f.Killed = b.dir + ": " + b.blamed(names, e.output)
		case undecided:
			f.Undecided = b.dir + ": " + strings.Join(names, ", ")
		}
		return killed
	}
	for _, first := range []bool{true, false} {
		var total time.Duration
		for _, t := range b.tests {
			if !t.reaches[f.ID] || (t.name == expected) != first {
				continue
			}
			if together, total = append(together, t), total+t.cpu; total > quick || len(together) >= many {
				if total = 0; flush() {
					return nil
				}
			}
		}
		if flush() {
			return nil
		}
	}
	return nil
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// blamed returns which of the tests failed, or some of them when it is not said.
func (b *binary) blamed(names []string, output string) string {
	if found := failure.FindStringSubmatch(output); found != nil && slices.Contains(names, found[1]) {
		return found[1]
	}
	return strings.Join(names[:min(3, len(names))], ", ")
}
