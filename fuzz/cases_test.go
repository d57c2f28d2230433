package fuzz

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/rule"
)

// A fault is one thing that is wrong in a case of kind C, of which chance decides the
// details.
type fault[C any] struct {
	name string
	want string // the type of the error, or the rule of a configuration's
	step int    // that finds it
	put  func(c C)
}

// faultsOf draws up to three faults, of different steps, and returns them in the order
// of the steps. Of two steps that apart has together only one has a fault: both would
// change one thing.
func faultsOf[C any](r *rand.Rand, all []fault[C], apart map[int][]int) (list []fault[C]) {
	for range r.IntN(4) {
		f := all[r.IntN(len(all))]
		if !slices.ContainsFunc(list, func(g fault[C]) bool {
			return g.step == f.step || slices.Contains(apart[g.step], f.step) || slices.Contains(apart[f.step], g.step)
		}) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b fault[C]) int { return cmp.Compare(a.step, b.step) })
	return list
}

// put puts faults in, and returns what their first one must lead to, or "".
func put[C any](c C, list []fault[C]) (want string) {
	for _, f := range list {
		f.put(c)
	}
	if len(list) > 0 {
		want = list[0].want
	}
	return want
}

func names[C any](list []fault[C]) (all []string) {
	for _, f := range list {
		all = append(all, f.name)
	}
	return all
}

// chance decides what a case is like. The same seed gives the same case. What only
// puts things in order has a source of its own.
type chance struct {
	*rand.Rand
	order *rand.Rand
}

func newChance(seed, order uint64) chance {
	return chance{rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1+order))}
}

func (c chance) oneOf(names ...string) string { return names[c.IntN(len(names))] }

// flipped is a copy with one bit changed.
func (c chance) flipped(b []byte) []byte {
	b = slices.Clone(b)
	b[c.IntN(len(b))] ^= 1 << c.IntN(8)
	return b
}

// moment is a time in between, counted from now.
func (c chance) moment(from, to time.Duration) string {
	return now.Add(from + time.Duration(c.Int64N(int64(to-from)))).UTC().Format(time.RFC3339Nano)
}

// shuffled is a copy in another order.
func shuffled[S ~[]E, E any](c chance, list S) S {
	list = slices.Clone(list)
	c.order.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// An answer is what was found out about a case: an error, by its type and its rule, and
// all that is said.
type answer struct{ kind, rule, text string }

func answerOf(err error) answer {
	a := answer{kind: attest.ErrorType(err), text: fmt.Sprint(err)}
	var broken interface{ Requirement() string }
	var config *rule.ConfigError
	switch {
	case errors.As(err, &config):
		a.rule = config.Rule()
	case errors.As(err, &broken):
		a.rule = broken.Requirement()
	}
	return a
}

// judge wants each answer to be the error of that type, or none, and all to be the
// same: whatever was verified before, and as often as it is asked.
func judge(t *testing.T, want string, answers ...answer) {
	t.Helper()
	for _, a := range answers {
		if a.kind != want || (a.text == fmt.Sprint(nil)) != (want == "") {
			t.Fatalf("%s: %s, want %q", a.kind, a.text, want)
		}
		if a != answers[0] {
			t.Fatalf("the answer depends on what was verified before: %s, and %s", answers[0].text, a.text)
		}
	}
}

// A signedKind is one kind of evidence. run makes a case, holds what is said of it
// against the faults that are in it, and returns their names and what is said.
type signedKind struct {
	name   string
	faults []string
	run    func(t *testing.T, c chance) ([]string, answer)
}

// signedKinds take turns.
var signedKinds = []signedKind{
	{"endpoint evidence", names(endpointFaults), runEndpoint},
	{"Azure evidence", names(azureFaults), runAzure},
	{"receipts", names(receiptFaults), runReceipt},
	{"policies", names(policyFaults), runPolicy},
	{"state files", names(stateFaults), runState},
	{"pin files", names(pinFaults), runPin},
	{"evidence files", names(fileFaults), runFile},
}

// TestSigned: with faults put in and everything signed again, the error is that of
// the fault whose step comes first, and without one there is none: whatever the
// order of members, certificates and CRLs, with a cache or without, and as often as
// it is asked. ATTEST_CASES says how many cases, ATTEST_SEED which come first.
// ATTEST_PROGRESS is a file that a run which was ended goes on from, and
// ATTEST_FIGURES one into which the numbers of cases are written.
// Rules: ORD-01, GEN-03.
func TestSigned(t *testing.T) {
	cases, seed := number("ATTEST_CASES", uint64(stress.Of(70, 210))), number("ATTEST_SEED", 1)
	p := readProgress(t, seed)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("ATTEST_CASES=1 ATTEST_SEED=%d is that case", p.Next)
		}
	})
	for ; p.Next < seed+cases; p.Next++ {
		kind := signedKinds[p.Next%uint64(len(signedKinds))]
		faults, _ := kind.run(t, newChance(p.Next, 0))
		for _, name := range faults {
			p.Put[kind.name+": "+name]++
		}
		if p.Cases[kind.name]++; p.Next%5000 == 0 {
			p.writeAt(t, p.Next+1)
		}
	}
	p.write(t)
	missing := 0
	for _, kind := range signedKinds {
		for _, name := range kind.faults {
			if p.Put[kind.name+": "+name] == 0 {
				if missing++; cases >= 100_000 {
					t.Errorf("never put in: %s: %s", kind.name, name)
				}
			}
		}
		t.Logf("%7d cases of %s, with %d kinds of faults", p.Cases[kind.name], kind.name, len(kind.faults))
	}
	t.Logf("%7d cases from ATTEST_SEED=%d on; %d kinds of faults were never put in", cases, seed, missing)
	if name := os.Getenv("ATTEST_FIGURES"); name != "" && !t.Failed() {
		p.figures(t, name, cases)
	}
}

// progress is how far a run has come.
type progress struct {
	Program string // SHA-256 of what makes and judges the cases
	Seed    uint64
	Next    uint64 // seed
	Cases   map[string]int
	Put     map[string]int
}

// readProgress returns that of a run of this program, or a new one.
func readProgress(t *testing.T, seed uint64) *progress {
	t.Helper()
	empty := &progress{Seed: seed, Next: seed, Cases: map[string]int{}, Put: map[string]int{}}
	name := os.Getenv("ATTEST_PROGRESS")
	if name == "" {
		return empty
	}
	empty.Program = fmt.Sprintf("%x", sha256.Sum256(must(os.ReadFile(must(os.Executable())))))
	p := new(progress)
	if text, err := os.ReadFile(name); err != nil || json.Unmarshal(text, p) != nil || p.Program != empty.Program || p.Seed != seed {
		return empty
	}
	t.Logf("goes on from ATTEST_SEED=%d", p.Next)
	return p
}

func (p progress) writeAt(t *testing.T, next uint64) {
	p.Next = next
	p.write(t)
}

func (p *progress) write(t *testing.T) {
	t.Helper()
	name := os.Getenv("ATTEST_PROGRESS")
	if name == "" {
		return
	}
	if err := os.WriteFile(name+".new", must(json.Marshal(p)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// figures writes the numbers of cases between two marks of a file.
func (p *progress) figures(t *testing.T, name string, cases uint64) {
	t.Helper()
	const from, to = "<!-- cases -->", "<!-- /cases -->"
	text := must(os.ReadFile(name))
	before, rest, ok := bytes.Cut(text, []byte(from))
	_, behind, ok2 := bytes.Cut(rest, []byte(to))
	if !ok || !ok2 {
		t.Fatalf("%s has no %s ... %s", name, from, to)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s\n| | cases | kinds of faults | faults put in |\n|---|--:|--:|--:|\n", from)
	for _, kind := range signedKinds {
		faults := 0
		for _, name := range kind.faults {
			faults += p.Put[kind.name+": "+name]
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d |\n", kind.name, p.Cases[kind.name], len(kind.faults), faults)
	}
	fmt.Fprintf(&table, "\nThe run of %s was of %d cases.\n%s", time.Now().UTC().Format(time.DateOnly), cases, to)
	if err := os.WriteFile(name, slices.Concat(before, []byte(table.String()), behind), 0o644); err != nil {
		t.Fatal(err)
	}
}

func number(variable string, otherwise uint64) uint64 {
	if s := os.Getenv(variable); s != "" {
		return must(strconv.ParseUint(s, 10, 64))
	}
	return otherwise
}

// TestSignedFigures: the numbers of a run stand between the marks, and a run goes on
// where it was.
func TestSignedFigures(t *testing.T) {
	name := t.TempDir() + "/x.md"
	if err := os.WriteFile(name, []byte("a\n<!-- cases -->\nold\n<!-- /cases -->\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kind := signedKinds[0]
	p := &progress{Cases: map[string]int{kind.name: 7}, Put: map[string]int{kind.name + ": " + kind.faults[0]: 3}}
	p.figures(t, name, 7)
	got := string(must(os.ReadFile(name)))
	if !strings.Contains(got, fmt.Sprintf("| %s | 7 | %d | 3 |\n", kind.name, len(kind.faults))) || !strings.HasPrefix(got, "a\n") ||
		!strings.HasSuffix(got, " was of 7 cases.\n<!-- /cases -->\nb\n") || strings.Contains(got, "old") {
		t.Error(got)
	}
	t.Setenv("ATTEST_PROGRESS", t.TempDir()+"/progress")
	p = readProgress(t, 5)
	p.Next, p.Cases["x"] = 9, 4
	p.write(t)
	if q := readProgress(t, 5); q.Next != 9 || !maps.Equal(q.Cases, p.Cases) {
		t.Errorf("%+v", q)
	}
	if q := readProgress(t, 6); q.Next != 6 {
		t.Errorf("another run went on: %+v", q)
	}
}

// TestTwoOrders: the same certificates, CRLs, members, keys and entries of lists in
// another order get the same answer, by the same rule.
func TestTwoOrders(t *testing.T) {
	for seed := range uint64(stress.Of(21, 105)) {
		kind := signedKinds[seed%uint64(len(signedKinds))]
		faults, first := kind.run(t, newChance(1_000_000_000+seed, 0))
		for order := range uint64(2) {
			again, second := kind.run(t, newChance(1_000_000_000+seed, 1+order))
			if !slices.Equal(faults, again) || first.kind != second.kind || first.rule != second.rule {
				t.Fatalf("%s %d with %q: %s, and in another order, with %q, %s", kind.name, seed, faults, first.text, again, second.text)
			}
		}
	}
}
