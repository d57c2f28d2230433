package transport_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// slow are the tests that take seconds, and some as many cores as there are.
const slow = "^(TestChaos|TestContention)$"

// fleets is how many machines of TestFreshness run at a time, for each protocol.
var fleets = 2

// TestMain leaves the slow tests out unless ATTEST_STRESS is set, and lets fewer
// machines of TestFreshness run. Flags of the command line win.
func TestMain(m *testing.M) {
	set := func(name, value string) {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	set("rapid.checks", "20")
	if os.Getenv("ATTEST_STRESS") == "" {
		fleets = 1
		set("rapid.checks", "1")
		set("test.skip", slow)
		fmt.Println("ATTEST_STRESS is not set: skipping", slow)
	}
	os.Exit(m.Run())
}
