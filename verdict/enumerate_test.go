package verdict

import (
	"strings"
	"testing"
)

func TestEnumerate(t *testing.T) {
	for want, n := range map[string]int{"a": 1, "a or a": 2, "a or a or a or a": 4, "a, a, a, a or one of 1 more": 5} {
		if got := enumerate(strings.Split(strings.Repeat("a", n), "")); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
