// Command mutate measures how much of the verifying core the tests hold up. It
// weakens or inverts every check of the core, one at a time, and runs the tests:
// each such mutant must be killed, that is make a test fail, or stand in the
// list of explained ones.
//
//	go run ./internal/dev/mutate                    all mutants
//	go run ./internal/dev/mutate -sample 40 -seed 1 some of them
//	go run ./internal/dev/mutate -hand          those that were thought up by hand
//	go run ./internal/dev/mutate -readme docs/tested.md  all, and write the rates there
//
// It reads the packages of the core, finds every mutant, and writes a copy of
// each file in which all of them are switches, to be turned on by number through
// an environment variable. The test binaries are built once, with the copies laid
// over the originals (go build -overlay), and run once for every mutant and
// only with tests that reach it. Nothing is written below the module but what
// -readme asks for.
//
// With -out a run that was ended goes on where it was: what killed a mutant is not
// run again while the sources are the same, and is what is tried first when they are
// not. Tests that count allocations are left out, since the switches allocate.
//
// A busy machine kills nothing. A mutant that computes without end is ended by the
// processor's time that it takes. One whose tests fail late, or do not end, is killed
// only when the same tests pass without it right behind, in a quarter of the time;
// otherwise it is not decided, and that is an error.
//
// The kinds of mutants:
//
//	true, false   a condition, or the part of one that alone decides it, is that
//	              whatever it was: an operand of && that is true, or one of ||
//	              that is false, has been removed. Covers != for ==, || for &&, and
//	              x for !x, which the same tests tell apart.
//	plus, minus   an integer that something is compared to, or a constant bound in a
//	              call, is one higher or lower
//	case          a value that a switch looks for is not found
//	delete        a call for its effect is not made
//	accept        a function's last call, which says whether there is an error, is
//	              not made: there is none
//	row           a table lacks an entry
//	optional      a required member may be absent
//	empty         a string that must not be empty may be
//	twice         a list without repetitions may have some
//	first, last   a loop does not see the first element, or the last
//	only last     a loop sees the last element alone: what is wrong with others is
//	              ignored
//	succeed       a function that says what is wrong returns that nothing is, first
//	order         == for >= and back, between integers
//	prefix        of two texts or byte strings the beginning is compared
//	suffix        or the end
//	field         another field of the same type is read
//	swap          two arguments of one type change places
//	instant       a comparison of times includes the instant itself, or no longer
//	key           the key of a map lacks a part
//	alias         a copy is none
//
// What no vector can show stands in beyond.go, by kinds with the reason. For the vectors by
// themselves: -tests=false, and -vectors-sample for some of the mutants that count.
//
// Functions that do nothing but make text have no mutants, nor have conditions that
// only choose one.
package main
