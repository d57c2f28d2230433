package policy

import (
	"cmp"

	"github.com/tresorhq/attest/rule"
)

// A Policy says which reports are accepted. It cannot be changed, and is safe
// for concurrent use. The zero Policy accepts none.
type Policy struct {
	sets  []*set // all must be met; none: the zero Policy
	relax Relax
	why   string // of a zero Policy that Intersect made: why it accepts nothing
}

// Default returns the policy of the rules that always apply, with no demand
// added and no relaxation.
func Default() Policy { return Policy{sets: []*set{{checks: make([]check, len(table))}}} }

// New returns the policy of the default rules and of these. The first fault, in
// the order of the fields of Rules, is the *rule.ConfigError that it returns.
func New(r Rules) (Policy, error) {
	c := &compiler{set: &set{checks: make([]check, len(table))}}
	if b := r.GuestPolicy.AllowUnknownBits; b != nil {
		c.set.unknownBits = new(*b)
	}
	for i := range table {
		if demand := table[i].demand; demand != nil {
			c.member = table[i].name
			c.set.checks[i] = demand(c, &r)
		}
	}
	if c.err != nil {
		return Policy{}, rule.Config(c.err)
	}
	return Policy{sets: []*set{c.set}}, nil
}

// IsZero reports whether p is the zero Policy, which accepts nothing.
func (p Policy) IsZero() bool { return len(p.sets) == 0 }

// Check returns why p is the zero Policy, as a *rule.ConfigError, and nil for any
// other.
func (p Policy) Check() error {
	if !p.IsZero() {
		return nil
	}
	return rule.Config(&rule.Error{Rule: "POL-01", Message: p.emptiness(), Offset: rule.NoOffset})
}

func (p Policy) emptiness() string {
	return "no policy, which accepts nothing: " + cmp.Or(p.why, "begin with policy.Default()")
}

// Notes returns remarks for the author of p, as sentences: floors that
// no report can meet, and a min_build without a min_version.
func (p Policy) Notes() []string {
	var notes []string
	for _, s := range p.sets {
		for _, name := range [...]string{"min_tcb", "min_launch_tcb"} {
			if s.checks[rowOf(name)].floors.Unmeetable() {
				notes = append(notes, name+": "+unmeetable+": it needs a level for each of bootloader, tee, snp and microcode")
			}
		}
		if s.buildAlone {
			notes = append(notes, "firmware.min_build counts for version "+majorMinor(buildsOf)+" and below: add firmware.min_version to say which version the build is of")
		}
	}
	return notes
}

// Intersect returns the policy that accepts the reports that all of ps accept. A relaxation
// holds when all of them have it. The result is the zero Policy when ps is
// empty, when a zero Policy is among them, or when they are relaxed to different
// VMPLs; Check says which.
//
// allow_unknown_bits of guest_policy is the one exception: a policy that does
// not mention it leaves it to the others, so that it holds when one says true
// and none says false.
func Intersect(ps ...Policy) Policy {
	if len(ps) == 0 {
		return Policy{why: "an intersection of nothing"}
	}
	out := Policy{relax: ps[0].relax}
	for _, p := range ps {
		if p.IsZero() {
			return Policy{why: cmp.Or(p.why, "a zero Policy is part of an intersection")}
		}
		if a, b := out.relax.VMPL, p.relax.VMPL; a != b {
			return Policy{why: "policies were joined of which one allows VMPL " + decimal(a) + " and another VMPL " + decimal(b) + " only: relax the joined policy instead"}
		}
		out.sets = append(out.sets, p.sets...)
		out.relax.Debug = out.relax.Debug && p.relax.Debug
		out.relax.Migration = out.relax.Migration && p.relax.Migration
		out.relax.VLEK = out.relax.VLEK && p.relax.VLEK
	}
	return out
}

// Narrow returns p with further demands. The relaxations of p stay. The zero Policy
// cannot be narrowed.
func (p Policy) Narrow(r Rules) (Policy, error) {
	if err := p.Check(); err != nil {
		return Policy{}, err
	}
	q, err := New(r)
	if err != nil {
		return Policy{}, err
	}
	return Intersect(p.Relax(Relax{}), q).Relax(p.relax), nil
}

// Relax returns p with these relaxations in place of those it has. They hold for
// the whole policy, however many it was made of.
func (p Policy) Relax(r Relax) Policy {
	if p.IsZero() {
		return p
	}
	p.relax = r
	return p
}
