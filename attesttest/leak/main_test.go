package leak_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// slow are the tests that play every scenario against several transports: half
// a minute, and longer on a machine that does other things.
const slow = "^(TestScenarios|TestMutants|TestBusy)$"

// TestMain leaves the slow tests out unless ATTEST_STRESS is set.
func TestMain(m *testing.M) {
	if os.Getenv("ATTEST_STRESS") == "" {
		if err := flag.Set("test.skip", slow); err != nil {
			panic(err)
		}
		fmt.Println("ATTEST_STRESS is not set: skipping", slow)
	}
	os.Exit(m.Run())
}
