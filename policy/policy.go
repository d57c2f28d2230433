package policy

import "strconv"

// A Policy says which reports are accepted. It can not be changed, and is safe
// for concurrent use. The zero Policy accepts none.
type Policy struct {
	sets  []*rules // all must be met; none: the zero Policy
	relax Relax
}

// Default returns the policy of the rules that always apply, with no demand
// added and no relaxation.
func Default() Policy { return Policy{sets: []*rules{{}}} }

// IsZero reports whether p is the zero Policy, which accepts nothing.
func (p Policy) IsZero() bool { return len(p.sets) == 0 }

// Intersect returns the policy that accepts what all of ps accept. A relaxation
// holds when all of them have it. The result is the zero Policy when ps is
// empty, when a zero Policy is among them, or when they are relaxed to different
// VMPLs.
//
// allow_unknown_bits of guest_policy is the one exception: a policy that does
// not mention it leaves it to the others, so that it holds when one says true
// and none says false.
func Intersect(ps ...Policy) Policy {
	if len(ps) == 0 {
		return Policy{}
	}
	out := Policy{relax: ps[0].relax}
	for _, p := range ps {
		if len(p.sets) == 0 || p.relax.VMPL != out.relax.VMPL {
			return Policy{}
		}
		out.sets = append(out.sets, p.sets...)
		out.relax.Debug = out.relax.Debug && p.relax.Debug
		out.relax.Migration = out.relax.Migration && p.relax.Migration
		out.relax.VLEK = out.relax.VLEK && p.relax.VLEK
	}
	return out
}

// Narrow returns p with further demands. The relaxations of p stay.
func (p Policy) Narrow(r Rules) (Policy, error) {
	q, err := New(r)
	if err != nil {
		return Policy{}, err
	}
	return Intersect(p.Relax(Relax{}), q).Relax(p.relax), nil
}

// Relax names the rules of Default that are lifted. Its zero value lifts none.
// It never lifts what Rules demand: a forbid list with "debug" forbids debugging
// whatever Debug says.
type Relax struct {
	Debug     bool   // the guest policy may allow debugging
	Migration bool   // it may allow a migration agent, and one may be there
	VLEK      bool   // a VLEK may have signed; CHIP_ID may then be zero
	VMPL      uint32 // VMPL is exactly this, 1 to 3; 0 is the rule of Default
}

// Relax returns p with these relaxations in place of those it has. They hold for
// the whole policy, however many it was made of.
func (p Policy) Relax(r Relax) Policy {
	if len(p.sets) == 0 {
		return Policy{}
	}
	p.relax = r
	return p
}

// Relaxed returns the names of the relaxations in force, in fixed order:
// "allow-debug", "allow-migration", "allow-vlek", "vmpl=1" (or 2, or 3),
// "allow_unknown_bits".
func (p Policy) Relaxed() []string {
	var names []string
	for _, r := range []struct {
		on   bool
		name string
	}{
		{p.relax.Debug, "allow-debug"},
		{p.relax.Migration, "allow-migration"},
		{p.relax.VLEK, "allow-vlek"},
		{p.relax.VMPL != 0, "vmpl=" + strconv.FormatUint(uint64(p.relax.VMPL), 10)},
		{p.allowsUnknownBits(), "allow_unknown_bits"},
	} {
		if r.on {
			names = append(names, r.name)
		}
	}
	return names
}

// allowsUnknownBits reports whether one rule set says so and none says no.
func (p Policy) allowsUnknownBits() bool {
	yes := false
	for _, s := range p.sets {
		if s.guestUnknown == no {
			return false
		}
		yes = yes || s.guestUnknown == allowed
	}
	return yes
}
