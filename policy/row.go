package policy

import (
	"cmp"

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
	always            check // a rule of Default, or one that joins all rule sets
	demand            demand
}

// A check enforces its demand and adds its violations.
type check = func(*evaluation)

// A demand decodes what Rules demand of a member; nil when they demand nothing.
type demand = func(*compiler, *Rules) check

// set is Rules, checked and decoded.
type set struct {
	checks       []check // the demand of each row of the table, nil where there is none
	minTCB       *Floors
	minLaunchTCB *Floors
	unknownBits  tri // guest_policy.allow_unknown_bits
	buildAlone   bool
}

// tri is a boolean that may be absent.
type tri uint8

const (
	unset tri = iota
	refused
	allowed
)

func triOf(b *bool) tri {
	switch {
	case b == nil:
		return unset
	case *b:
		return allowed
	}
	return refused
}

// allowsUnknownBits reports whether one rule set says so and none says no.
func allowsUnknownBits(sets []*set) bool {
	yes := false
	for _, s := range sets {
		if s.unknownBits == refused {
			return false
		}
		yes = yes || s.unknownBits == allowed
	}
	return yes
}

// compiler reads Rules row by row and keeps the first fault.
type compiler struct {
	member string // the present one
	set    *set
	err    *rule.Error
}

func (c *compiler) fail(id, where, expected, actual string) {
	if c.err == nil {
		c.err = &rule.Error{Rule: id, Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual}
	}
}

// evaluation is one run of Evaluate.
type evaluation struct {
	facts    Facts
	r        *snpreport.Report // of facts
	relax    Relax
	sets     []*set
	row      *row   // the present one
	expected string // of the present demand
	enforced int    // demands of the present row
	out      Outcome
}

// enforce records a demand, which the violations behind it are of.
func (e *evaluation) enforce(value string) {
	e.expected = value
	e.enforced++
	e.out.Enforced = append(e.out.Enforced, Enforced{e.row.name, value})
}

// violate adds a violation of the present demand.
func (e *evaluation) violate(actual string) {
	e.add(e.row.name, e.row.broken, e.expected, actual)
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
