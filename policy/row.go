package policy

import (
	"cmp"
	"slices"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A row is one rule of SPEC.md section 7: a rule of Default, or the demand of a
// member of Rules. To add a member, add its field to Rules, the line that reads it to
// parseRules, and its row here.
type row struct {
	id, name string // name: member of the policy file
	kind     Kind   // KindPolicy where it is 0
	broken   string // Message of its violations
	// unchecked is the reason in Outcome.NotChecked when nothing is demanded. It is ""
	// where a rule of Default, or another row, covers the member. The row is not
	// listed when the member unless is demanded.
	unchecked, unless string
	always            func(*evaluation) // a rule of Default, or one that joins all rule sets
	demand            demand
}

// A demand decodes what Rules demand of a member.
type demand = func(*compiler, *Rules) check

// A check is what one rule set demands of a member. The zero check demands nothing.
type check struct {
	value  string            // as in Violation.Expected
	test   func(*evaluation) // adds the violations; nil where always does
	floors *Floors
}

// set is Rules, checked and decoded.
type set struct {
	checks      []check // of each row of the table
	unknownBits *bool   // guest_policy.allow_unknown_bits
	buildAlone  bool
	azure       *AzureRules // nil: none
}

// allowsUnknownBits reports whether one rule set says so and none says no.
func allowsUnknownBits(sets []*set) bool {
	says := func(b bool) bool {
		return slices.ContainsFunc(sets, func(s *set) bool { return s.unknownBits != nil && *s.unknownBits == b })
	}
	return says(true) && !says(false)
}

// compiler reads Rules row by row and keeps the first fault.
type compiler struct {
	member string // the present one
	set    *set
	err    *rule.Error
}

func (c *compiler) fail(id, where, expected, actual string) {
	if c.err == nil {
		c.err = rule.Broken(id, where, rule.NoOffset, expected, actual)
	}
}

// evaluation is one run of Evaluate.
type evaluation struct {
	facts Facts
	r     *snpreport.Report // of facts
	relax Relax
	sets  []*set
	at    int  // the present row of the table
	row   *row // the same
	out   Outcome
}

// hold adds a violation when actual is not "".
func (e *evaluation) hold(expected string, actual func(*evaluation) string) {
	if a := actual(e); a != "" {
		e.add(e.row.name, e.row.broken, expected, a)
	}
}

// violatePart adds a violation by a bit, a component or a field.
func (e *evaluation) violatePart(part, expected, actual string) {
	e.add(e.row.name+" "+part, e.row.broken+": "+part, expected, actual)
}

func (e *evaluation) add(name, message, expected, actual string) {
	e.out.Violations = append(e.out.Violations, Violation{
		Rule: e.row.id, Kind: cmp.Or(e.row.kind, KindPolicy), Name: name, Message: message, Expected: expected, Actual: actual,
	})
}

// one is a demand that is violated at most once: by what actual returns, unless it is
// "". The value "" demands nothing.
func one(value string, actual func(*evaluation) string) check {
	return several(value, func(e *evaluation) { e.hold(value, actual) })
}

// several is a demand that may be violated by several parts. The value "" demands
// nothing.
func several(value string, test func(*evaluation)) check {
	if value == "" {
		return check{}
	}
	return check{value: value, test: test}
}

// when returns s, or "" where wrong is false.
func when(wrong bool, s string) string {
	if wrong {
		return s
	}
	return ""
}
