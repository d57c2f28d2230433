// Package stress says how much the tests do: by default what a developer waits for,
// and everything when ATTEST_STRESS is set, as a step of .ci/run has it. Tests import
// it, and nothing else does.
package stress

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// On reports whether ATTEST_STRESS is set.
var On = os.Getenv("ATTEST_STRESS") != ""

// Of returns all when On is set, and few otherwise.
func Of(few, all int) int {
	if On {
		return all
	}
	return few
}

// Main runs the tests of a package: unless On is set, properties are checked with 25
// inputs, not 100, and the tests that a pattern of slow matches are skipped. A flag of
// the command line counts more.
func Main(m *testing.M, slow ...string) {
	if !On && flag.Lookup("rapid.checks") != nil {
		set("rapid.checks", "25")
	}
	if !On && len(slow) > 0 {
		set("test.skip", strings.Join(slow, "|"))
		fmt.Println("ATTEST_STRESS is not set: skipping", strings.Join(slow, ", "))
	}
	os.Exit(m.Run())
}

func set(name, value string) {
	if err := flag.Set(name, value); err != nil {
		panic(err)
	}
}
