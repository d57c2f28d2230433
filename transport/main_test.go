package transport_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// loadSensitive are tests that race requests against verdicts of milliseconds:
// on a machine that does other things they can fail by its slowness alone.
const loadSensitive = "^(TestChaos|TestContention|TestNoneLate|TestReattest|TestHeldStreams|TestRotation|TestLiars)$"

// TestMain leaves the load-sensitive tests out unless ATTEST_STRESS is set.
func TestMain(m *testing.M) {
	if os.Getenv("ATTEST_STRESS") == "" {
		if err := flag.Set("test.skip", loadSensitive); err != nil {
			panic(err)
		}
		fmt.Println("ATTEST_STRESS is not set: skipping", loadSensitive)
	}
	os.Exit(m.Run())
}
