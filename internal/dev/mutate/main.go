package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const module = "github.com/tresorhq/attest"

// core has the packages whose checks are mutated.
var core = []string{
	"rule", "internal/steps", "policy", "internal/strictjson", "certchain", "snpreport", "snpreport/form", "jws", "", "receipt",
	"kds", "internal/statefile", "bulletin", "transport", "carrier", "azure", "launch",
}

// partly names, for packages that also do what no test can hold up exactly, such
// as waiting, the files whose checks are mutated.
var partly = map[string][]string{
	"kds": {"parse.go"}, "transport": {"gate.go"},
	"internal/statefile": {"error.go", "file.go", "form.go", "lock.go", "storage.go"}, // not how a lock and a crash go, which is the system's
}

// users have further tests that hold the core up.
var users = []string{"fuzz", "internal/dev/repo", "cmd/tresor-verify"}

func main() {
	var o options
	flag.IntVar(&o.sample, "sample", 0, "run only so many mutants, taken by -seed")
	flag.Uint64Var(&o.seed, "seed", 1, "for -sample and -vectors-sample")
	flag.StringVar(&o.match, "match", "", "run only mutants whose key contains this")
	flag.StringVar(&o.in, "package", "", "run only mutants of these packages of the core, parted by commas; . is the root")
	flag.BoolVar(&o.tests, "tests", true, "run the tests")
	flag.BoolVar(&o.vectors, "vectors", true, "run the conformance vectors by themselves, too")
	flag.IntVar(&o.vectorsSample, "vectors-sample", 0, "run the vectors only for so many of the mutants that count")
	flag.BoolVar(&o.near, "near", false, "run only the tests of a mutant's own package, which are to kill it")
	flag.DurationVar(&o.most, "most", time.Hour, "leave out tests that take longer than this")
	flag.IntVar(&o.workers, "workers", 1, "how many run at a time")
	flag.BoolVar(&o.list, "list", false, "print the mutants and run none")
	flag.StringVar(&o.out, "out", "", "write every mutant and its fate to this file, and go on with a run that ended early")
	flag.StringVar(&o.from, "from", "", "do not repeat what killed mutants in these files, which -out wrote")
	flag.StringVar(&o.readme, "readme", "", "write the rates into this file; needs a run of all")
	flag.StringVar(&o.keep, "keep", "", "keep the instrumented files and binaries in this directory")
	flag.BoolVar(&o.hand, "hand", false, "put in the mutants of hand.txt instead, of which -match may choose some")
	flag.Parse()
	if err := mutate(o); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	sample            int
	seed              uint64
	match, in         string
	tests, vectors    bool
	vectorsSample     int
	near              bool
	most              time.Duration
	workers           int
	list              bool
	out, from, readme string
	keep              string
	hand              bool
}

func (o options) all() bool {
	return o.sample == 0 && o.match == "" && o.in == "" && o.tests && o.vectors && o.most == time.Hour
}

func mutate(o options) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "mutate"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if o.hand {
		return runHand(os.Stdout, root, dir, o.match)
	}
	if o.readme != "" && !o.all() {
		return errors.New("-readme needs a run of all")
	}
	var patterns []string
	for _, p := range core {
		patterns = append(patterns, "./"+p)
	}
	packages, err := load(patterns)
	if err != nil {
		return err
	}
	mutants, overlay, err := instrument(packages, module, root, dir)
	if err != nil {
		return err
	}
	chosen, err := choose(mutants, o)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%d\t%s\t%s:%d\n", m.ID, m.key(), m.File, m.Line)
		}
		return nil
	}
	explained, gone, err := readExplained(filepath.Join(root, "internal/dev/mutate/explained.txt"), mutants)
	switch {
	case err != nil:
		return err
	case gone != nil && o.all():
		return fmt.Errorf("explained.txt explains mutants that there are not: %q", gone)
	case gone != nil:
		fmt.Fprintf(os.Stderr, "explained, but no mutants: %q\n", gone)
	}
	binaries := map[string]*binary{}
	for _, p := range slices.Concat(core, users) {
		binaries[p] = &binary{dir: p, make: sync.OnceValue(func() error { return binaries[p].build(root, overlay, dir, o.most) })}
	}
	var vectors *vectorRun
	if o.vectors && o.sample == 0 {
		if vectors, err = newVectorRun(root, overlay, dir); err != nil {
			return err
		}
		if o.vectorsSample > 0 {
			vectors.sample(chosen, o.vectorsSample, o.seed)
		}
		if err := vectors.try(dir); err != nil {
			return err
		}
	}
	log, err := openLog(o, packages, root)
	if err != nil {
		return err
	}
	defer log.Close()
	fates, err := run(chosen, binaries, vectors, explained, log, o)
	if err != nil {
		return err
	}
	// A tree that changed under the run would have killed anything.
	for _, b := range binaries {
		if o.sample > 0 { // too short for that
			break
		}
		if e := b.again(); e.failed {
			return fmt.Errorf("%s fails without a mutant in the end:\n%s", b.dir, e.output)
		}
	}
	var building time.Duration
	for _, b := range binaries {
		building += b.cpu
	}
	return report(os.Stdout, fates, building, o)
}

// choose returns the mutants to run.
func choose(mutants []*mutant, o options) ([]*mutant, error) {
	chosen := mutants
	if o.match != "" {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(m *mutant) bool { return !strings.Contains(m.key(), o.match) })
	}
	if o.in != "" {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(m *mutant) bool { return !slices.Contains(strings.Split(o.in, ","), path.Dir(m.File)) })
	}
	if o.sample > 0 && o.sample < len(chosen) {
		chosen = some(chosen, o.sample, o.seed)
	}
	return chosen, nil
}

// some returns n of the mutants, by chance, and the same ones for the same seed.
func some(mutants []*mutant, n int, seed uint64) []*mutant {
	shuffled := slices.Clone(mutants)
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled[:min(n, len(shuffled))]
}

// A fate is what became of a mutant.
type fate struct {
	*mutant
	Killed string `json:"killed,omitempty"` // by what
	// Whether the vectors count it, and the folder of vectors that kills it.
	Counts  bool   `json:"counts,omitempty"`
	Vectors string `json:"vectors,omitempty"`
	Why     string `json:"why,omitempty"` // it survived, as explained
	// What did not end with it, and was no better without it.
	Undecided string  `json:"undecided,omitempty"`
	CPU       float64 `json:"cpu,omitempty"` // seconds
}

// outcome says what became of one that no test killed.
func (f *fate) outcome() string {
	if f.Undecided != "" {
		return "not decided"
	}
	return "survived"
}

// run runs each mutant against the tests of its own package, then those of the
// root package, of the command, and of all others, until one kills it.
func run(chosen []*mutant, binaries map[string]*binary, vectors *vectorRun, explained map[string]string, log *runLog, o options) ([]*fate, error) {
	fates := make([]*fate, len(chosen))
	failures := make([]error, len(chosen))
	next := make(chan int)
	var group sync.WaitGroup
	for range max(1, o.workers) {
		group.Go(func() {
			for i := range next {
				m := chosen[i]
				f := &fate{mutant: m, Why: explained[m.key()]}
				f.Killed, f.CPU = log.killed[m.key()], log.cpu[m.key()]
				by, expected, known := strings.Cut(log.expected[m.key()], ": ")
				if !known {
					by = own(m.File)
				}
				for _, p := range order(m.File, by, o.near) {
					if o.tests && f.Killed == "" && failures[i] == nil {
						failures[i] = binaries[p].kills(f, expected)
					}
				}
				if f.Killed != "" {
					f.Undecided = ""
				}
				if f.Counts = vectors != nil && vectors.counts(m); f.Counts {
					known := false
					if f.Vectors, known = log.vectors[m.key()]; !known {
						vectors.kills(f)
					}
				}
				if err := log.add(f); err != nil {
					failures[i] = err
				}
				if o.tests && f.Killed == "" && f.Why == "" {
					fmt.Fprintf(os.Stderr, "%s: %s:%d  %s\n", f.outcome(), m.File, m.Line, m.key())
				}
				fates[i] = f
			}
		})
	}
	for i := range chosen {
		if i > 0 && i%100 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d are under way or done\n", i, len(chosen))
		}
		next <- i
	}
	close(next)
	group.Wait()
	return fates, errors.Join(failures...)
}

// order returns the packages whose tests a mutant is run against: the one that
// killed it earlier, when there is one, its own, and then all others.
func order(file, earlier string, near bool) []string {
	if near {
		return []string{own(file)}
	}
	var all []string
	for _, p := range slices.Concat([]string{earlier, own(file), ""}, users, core) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// own returns the package of a file.
func own(file string) string {
	if dir := path.Dir(file); dir != "." {
		return dir
	}
	return ""
}
