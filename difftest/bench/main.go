// Command bench measures this module next to its peers and next to the bare
// primitives, in one run, and prints one Markdown table.
//
//	go run ./bench                      about half a minute
//	go run ./bench -write ../docs/tested.md  replaces the table there
//
// Every round of a row runs each of its contenders for half a millisecond, in turn,
// so that whatever slows the machine down slows all. The numbers are medians over
// the rounds, and so are the ratios.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 501, "number of rounds")
	slice := flag.Duration("slice", 500*time.Microsecond, "time for each contender in a round")
	only := flag.String("only", "", "the one row to measure")
	write := flag.String("write", "", "file whose table to replace")
	flag.Parse()
	if err := run(*rounds, *slice, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, slice time.Duration, only, write string) error {
	rows, done, err := allRows()
	if err != nil {
		return err
	}
	defer done()
	if only != "" {
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.name != only })
	}
	results, err := measure(rows, rounds, slice)
	if err != nil {
		return err
	}
	table := render(results, rounds)
	if write == "" {
		_, err := os.Stdout.Write(table)
		return err
	}
	text, err := os.ReadFile(write)
	if err != nil {
		return err
	}
	text, err = replace(text, table)
	if err != nil {
		return err
	}
	return os.WriteFile(write, text, 0o644)
}

// The table stands between these lines.
const (
	beginMark = "<!-- table of go run ./bench: begin -->\n"
	endMark   = "<!-- table of go run ./bench: end -->\n"
)

// cut returns what is before, between and behind the marks.
func cut(text []byte) (before, between, behind []byte, err error) {
	before, rest, found := bytes.Cut(text, []byte(beginMark))
	between, behind, closed := bytes.Cut(rest, []byte(endMark))
	if !found || !closed || bytes.Contains(behind, []byte(beginMark)) {
		return nil, nil, nil, fmt.Errorf("one line %q and one line %q behind it are needed", beginMark, endMark)
	}
	return before, between, behind, nil
}

// replace puts the table between the marks.
func replace(text, table []byte) ([]byte, error) {
	before, _, behind, err := cut(text)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{before, []byte(beginMark), table, []byte(endMark), behind}, nil), nil
}
