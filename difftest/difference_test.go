package difftest

import (
	"errors"
	"strings"
	"testing"
)

// A toy pair: we refuse odd numbers, they refuse multiples of 3 and panic at 7;
// what both accept they read as a half when it is above 20.
func compareToys(n int) Outcome {
	o := Outcome{Ours: Accepts}
	if n%2 == 1 {
		o.Ours = "TOY-01"
	}
	o.Theirs, _ = Call(func() error {
		if n == 7 {
			panic(n)
		}
		if n%3 == 0 {
			return errors.New("three")
		}
		return nil
	})
	if n > 20 {
		o.Fields = []string{"value"}
	}
	return o
}

func toys() Table[int] {
	return Table[int]{
		{Input: "odd", Ours: "TOY-01", Theirs: Accepts, Reason: "r", Right: Ours, Example: func() int { return 5 }},
		{Input: "three", Ours: Accepts, Theirs: Refuses, Reason: "r", Right: Theirs,
			Fits: func(n int) bool { return n%3 == 0 }, Example: func() int { return 6 }},
		{Input: "seven", Ours: Refuses, Theirs: Panics, Reason: "r", Right: Ours,
			Fits: func(n int) bool { return n == 7 }, Example: func() int { return 7 }},
		{Input: "big", Ours: Accepts, Theirs: Accepts, Field: "value", Reason: "r", Right: Both,
			Fits: func(n int) bool { return n > 20 }, Example: func() int { return 22 }},
	}
}

func TestTable(t *testing.T) {
	if err := toys().Check(compareToys); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if _, err := toys().Explain(n, compareToys(n)); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	if md := toys().Markdown(); !strings.Contains(md, "| big | accepts | reads value differently | both | r |") {
		t.Error(md)
	}
}

// TestTableIsStrict: a row that is missing, and one that is in vain, are noticed.
func TestTableIsStrict(t *testing.T) {
	for i, d := range toys() {
		short := append(toys()[:i:i], toys()[i+1:]...)
		if _, err := short.Explain(d.Example(), compareToys(d.Example())); err == nil {
			t.Errorf("without the row %q nothing is missed", d.Input)
		}
	}
	for name, spoil := range map[string]func(*Difference[int]){
		"gone":         func(d *Difference[int]) { d.Example = func() int { return 2 } },
		"another's":    func(d *Difference[int]) { d.Example = func() int { return 6 } },
		"twice":        func(d *Difference[int]) { d.Input = "three" },
		"no reason":    func(d *Difference[int]) { d.Reason = "" },
		"no side":      func(d *Difference[int]) { d.Right = "" },
		"no example":   func(d *Difference[int]) { d.Example = nil },
		"fits all":     func(d *Difference[int]) { d.Ours = Accepts },
		"any rule":     func(d *Difference[int]) { d.Ours = Refuses },
		"field and no": func(d *Difference[int]) { d.Field = "value" },
	} {
		rows := toys()
		spoil(&rows[0])
		if rows.Check(compareToys) == nil {
			t.Errorf("%s: nothing is noticed", name)
		}
	}
}

func TestRequirement(t *testing.T) {
	if got := Requirement(nil); got != Accepts {
		t.Error(got)
	}
	if got := Requirement(errors.New("x")); got == Accepts {
		t.Error(got)
	}
}
