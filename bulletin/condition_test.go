package bulletin

import (
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

// TestAnd: what is below stays below, and what is not seen is not satisfied, in either
// order.
// Rules: BUL-02.
func TestAnd(t *testing.T) {
	for _, c := range []struct{ a, b, want Status }{
		{Satisfied, Satisfied, Satisfied}, {Satisfied, NotVisible, NotVisible}, {Satisfied, Below, Below},
		{NotVisible, NotVisible, NotVisible}, {NotVisible, Below, Below}, {Below, Below, Below},
	} {
		if c.a.and(c.b) != c.want || c.b.and(c.a) != c.want {
			t.Errorf("%v and %v: %v, %v, want %v", c.a, c.b, c.a.and(c.b), c.b.and(c.a), c.want)
		}
	}
}

// TestLevelThatAProductLacks: a report of Milan has no level of FMC, and one of Turin has.
func TestLevelThatAProductLacks(t *testing.T) {
	c := level(snpreport.FMC, 0)
	if actual, s := c.holds(new(snpreport.Report), snpreport.Milan); actual != "unknown" || s != NotVisible {
		t.Errorf("Milan: %s, %v", actual, s)
	}
	if actual, s := c.holds(new(snpreport.Report), snpreport.Turin); actual != "0" || s != Satisfied {
		t.Errorf("Turin: %s, %v", actual, s)
	}
}
