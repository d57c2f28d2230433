package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// readExplained reads the list of mutants that may survive: a key and the
// reason on the line behind it, indented. It returns the keys that no mutant has,
// too.
func readExplained(name string, mutants []*mutant) (explained map[string]string, gone []string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	known := map[string]bool{}
	for _, m := range mutants {
		known[m.key()] = true
	}
	key := ""
	explained = map[string]string{}
	for s := bufio.NewScanner(file); s.Scan(); {
		line := s.Text()
		switch reason, indented := strings.CutPrefix(line, "\t"); {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case indented && key == "":
			return nil, nil, fmt.Errorf("%s: a reason for nothing: %s", name, line)
		case indented:
			explained[key] = strings.TrimSpace(explained[key] + " " + reason)
		default:
			if key = line; !known[line] {
				gone = append(gone, line)
			}
			explained[key] = ""
		}
	}
	for key, reason := range explained {
		if reason == "" {
			return nil, nil, fmt.Errorf("%s gives no reason for %s", name, key)
		}
	}
	return explained, gone, nil
}

// A tally counts what became of mutants.
type tally struct{ killed, survived, explained, undecided int }

func (t *tally) add(f *fate) {
	switch {
	case f.Killed != "":
		t.killed++
	case f.Why != "":
		t.explained++
	case f.Undecided != "":
		t.undecided++
	default:
		t.survived++
	}
}

func (t tally) rate() string {
	return fmt.Sprintf("%d of %d mutants killed (%.1f %%), %d explained, %d not decided", t.killed, t.killed+t.survived,
		100*float64(t.killed)/float64(max(1, t.killed+t.survived)), t.explained, t.undecided)
}

func vectorsName(o options) string {
	if o.vectorsSample > 0 {
		return fmt.Sprintf("vectors alone, for a sample of %d", o.vectorsSample)
	}
	return "vectors alone"
}

// row is a row of the table in README.md.
func (t tally) row(name string) string {
	return fmt.Sprintf("| %s | %d | %d (%.1f %%) | %d |\n", name, t.killed+t.survived+t.explained+t.undecided, t.killed,
		100*float64(t.killed)/float64(max(1, t.killed+t.survived)), t.explained)
}

// report prints what became of the mutants by rule of SPEC.md, and the rate. An
// unexplained survivor is an error, and so is an explained mutant that was killed.
func report(w io.Writer, fates []*fate, building time.Duration, o options) error {
	var total tally
	var byVectors tally
	byRule := map[string]*tally{}
	var problems []error
	for _, f := range fates {
		if f.Counts && f.Why == "" {
			byVectors.add(&fate{mutant: f.mutant, Killed: f.Vectors, Why: beyond(f.mutant)})
		}
		if !o.tests {
			continue
		}
		total.add(f)
		for _, rule := range f.Rules {
			if byRule[rule] == nil {
				byRule[rule] = new(tally)
			}
			byRule[rule].add(f)
		}
		switch {
		case f.Killed != "" && f.Why != "":
			problems = append(problems, fmt.Errorf("explained, but killed: %s", f.key()))
		case f.Killed == "" && f.Why == "":
			problems = append(problems, fmt.Errorf("%s: %s:%d: %s", f.outcome(), f.File, f.Line, f.key()))
		}
	}
	rules := make([]string, 0, len(byRule))
	for r := range byRule {
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b string) int { return cmp.Compare(a, b) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "rule\tkilled\tsurvived\texplained")
	for _, r := range rules {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", r, byRule[r].killed, byRule[r].survived, byRule[r].explained)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if o.tests {
		fmt.Fprintf(w, "all tests: %s\n", total.rate())
	}
	if o.vectors && o.sample == 0 {
		fmt.Fprintf(w, "vectors alone: %s\n", byVectors.rate())
	}
	fmt.Fprintf(w, "%s of the processor's time\n", computed(fates, building).Round(time.Second))
	if o.readme != "" {
		text := fmt.Sprintf("| | mutants | killed | explained |\n|---|---|---|---|\n%s%s\nThe run of %s took %s of the processor's time.\n",
			total.row("all tests"), byVectors.row(vectorsName(o)), time.Now().UTC().Format(time.DateOnly), computed(fates, building).Round(time.Minute))
		if err := writeRates(o.readme, text); err != nil {
			return err
		}
	}
	return errors.Join(problems...)
}

// computed returns what the mutants took, in this run and in those that it goes on
// with, and the building of the tests.
func computed(fates []*fate, building time.Duration) time.Duration {
	for _, f := range fates {
		building += time.Duration(f.CPU * float64(time.Second))
	}
	return building
}

// writeRates puts text between the two markers of a file.
func writeRates(name, text string) error {
	const from, to = "<!-- mutants -->", "<!-- /mutants -->"
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), from)
	_, behind, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no %s ... %s", name, from, to)
	}
	return os.WriteFile(name, []byte(before+from+"\n"+text+to+behind), 0o644)
}
