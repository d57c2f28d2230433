package difftest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What an implementation answers. We refuse by a rule of SPEC.md, peers somehow.
const (
	Accepts = "accepts"
	Refuses = "refuses"
	Panics  = "panics"
)

// A Side is an implementation.
type Side string

// Who is right. Both are where each does what its task demands.
const (
	Ours   Side = "ours"
	Theirs Side = "theirs"
	Both   Side = "both"
)

// A Difference is one way in which we answer differently than a peer, known and
// explained.
type Difference[In any] struct {
	Input  string // what is special about the input; no two rows of a Table have the same
	Ours   string // Accepts, the rule by which we refuse, or Refuses: by whichever
	Theirs string // Accepts, Refuses or Panics
	Field  string // what is read differently, when both accept
	Reason string
	Right  Side

	// Fits reports whether this is special about an input. It reads the input by
	// itself, with neither implementation. Nil fits every input that we refuse by
	// the rule; without a rule it is required.
	Fits func(In) bool
	// Example returns an input with this difference and no other.
	Example func() In
}

// A Table has all known differences from one peer on one kind of input.
type Table[In any] []Difference[In]

// An Outcome is what both say about one input.
type Outcome struct {
	Ours   string   // Accepts, or a rule of SPEC.md
	Theirs string   // Accepts, Refuses or Panics
	Fields []string // what they read differently, when both accept
	Detail string   // for people: errors and values
}

// Agree reports whether there is nothing to explain.
func (o Outcome) Agree() bool {
	if o.Ours == Accepts && o.Theirs == Accepts {
		return len(o.Fields) == 0
	}
	return o.Ours != Accepts && o.Theirs == Refuses
}

// Explain returns the rows that explain an outcome, and an error when there is
// something left that none does.
func (t Table[In]) Explain(in In, o Outcome) ([]string, error) {
	if o.Agree() {
		return nil, nil
	}
	fields := o.Fields
	if o.Ours != Accepts || o.Theirs != Accepts {
		fields = []string{""}
	}
	var rows []string
	for _, field := range fields {
		i := slices.IndexFunc(t, func(d Difference[In]) bool {
			ours := d.Ours == o.Ours || d.Ours == Refuses && o.Ours != Accepts
			return ours && d.Theirs == o.Theirs && d.Field == field && (d.Fits == nil || d.Fits(in))
		})
		if i < 0 {
			return rows, fmt.Errorf("not in the table: ours %s, theirs %s, field %q\n%s", o.Ours, o.Theirs, field, o.Detail)
		}
		rows = append(rows, t[i].Input)
	}
	return rows, nil
}

// Check proves the table itself: every row is complete and its example still
// makes this very difference. compare puts an input to both.
func (t Table[In]) Check(compare func(In) Outcome) error {
	seen := map[string]bool{}
	for _, d := range t {
		switch {
		case seen[d.Input]:
			return fmt.Errorf("%s: listed twice", d.Input)
		case d.Input == "" || d.Reason == "" || d.Example == nil || !slices.Contains([]Side{Ours, Theirs, Both}, d.Right):
			return fmt.Errorf("%s: not complete", d.Input)
		case (d.Ours == Accepts || d.Ours == Refuses) && d.Fits == nil:
			return fmt.Errorf("%s: without a rule and without Fits, a row explains everything", d.Input)
		case d.Field != "" && (d.Ours != Accepts || d.Theirs != Accepts):
			return fmt.Errorf("%s: nobody reads a field of what was refused", d.Input)
		}
		seen[d.Input] = true
		in := d.Example()
		o := compare(in)
		if o.Agree() {
			return fmt.Errorf("%s: the difference is gone; remove it from the table\n%s", d.Input, o.Detail)
		}
		if rows, err := t.Explain(in, o); err != nil || !slices.Equal(rows, []string{d.Input}) {
			return fmt.Errorf("%s: the example has the differences %q: %v", d.Input, rows, err)
		}
	}
	return nil
}

// Markdown prints the table.
func (t Table[In]) Markdown() string {
	var b strings.Builder
	b.WriteString("| input | ours | theirs | right | why |\n|---|---|---|---|---|\n")
	for _, d := range t {
		theirs := d.Theirs
		if d.Field != "" {
			theirs = "reads " + d.Field + " differently"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", d.Input, d.Ours, theirs, d.Right, d.Reason)
	}
	return b.String()
}

// Requirement returns the rule that an error of ours names, or Accepts for nil.
func Requirement(err error) string {
	if err == nil {
		return Accepts
	}
	var r interface{ Requirement() string }
	if errors.As(err, &r) {
		return r.Requirement()
	}
	return "an error without a rule"
}

// Call answers for a peer: Accepts when f returns nil, Panics when it does so.
func Call(f func() error) (answer string, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = Panics, fmt.Errorf("panic: %v", p)
		}
	}()
	if err := f(); err != nil {
		return Refuses, err
	}
	return Accepts, nil
}
