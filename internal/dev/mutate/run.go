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
	name    string
	took    time.Duration
	reaches map[int]bool // mutants that would change something in it
}

// run runs tests of a binary with a mutant; 0 is none. It returns how they ended.
func (b *binary) run(names []string, number int, reach string, limit time.Duration) (failed bool, output string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := append(slices.Clone(b.flags), "-test.failfast", "-test.timeout="+(2*limit).String(), "-test.run="+pattern(names))
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Dir = b.wd
	cmd.Env = append(os.Environ(), envMutant+"="+strconv.Itoa(number), envReach+"="+reach, "ATTEST_REAL_VECTORS=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return true, "out of time"
	}
	return err != nil, out.String()
}

func pattern(names []string) string {
	if names == nil {
		return "."
	}
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
		if err := os.Remove(reach); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		start := time.Now()
		if failed, out := b.run([]string{name}, 0, reach, 5*time.Minute); failed {
			fmt.Fprintf(os.Stderr, "left out: %s: %s fails with the switches and no mutant:\n%s", b.dir, name, out)
			continue
		}
		t := &test{name: name, took: time.Since(start)}
		if t.reaches, err = readReached(reach); err != nil {
			return err
		}
		b.tests = append(b.tests, t)
	}
	slices.SortFunc(b.tests, func(a, b *test) int { return int(a.took - b.took) })
	return nil
}

// readReached reads the numbers that muNote wrote; no file means none.
func readReached(name string) (map[int]bool, error) {
	reached := map[int]bool{}
	numbers, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, n := range strings.Fields(string(numbers)) {
		id, err := strconv.Atoi(n)
		if err != nil {
			return nil, err
		}
		reached[id] = true
	}
	return reached, nil
}

// quick tests run together, others one by one.
const quick = 150 * time.Millisecond

// kills runs what may kill a mutant, the quickest first, and returns what did.
func (b *binary) kills(m *mutant) (by string, err error) {
	if err := b.make(); err != nil {
		return "", err
	}
	var together []string
	var total time.Duration
	flush := func() bool {
		failed := false
		if together != nil {
			failed, _ = b.run(together, m.ID, "", 8*time.Second+8*total)
		}
		if failed {
			by = b.dir + ": " + strings.Join(together[:min(3, len(together))], ", ")
		}
		together, total = nil, 0
		return failed
	}
	for _, t := range b.tests {
		if !t.reaches[m.ID] {
			continue
		}
		together, total = append(together, t.name), total+t.took
		if t.took > quick || len(together) >= 12 {
			if flush() {
				return by, nil
			}
		}
	}
	flush()
	return by, nil
}
