package transport_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// slow are the tests that take seconds, and as many cores as there are.
const slow = "^(TestChaos|TestContention)$"

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
