package policy

import "slices"

// Enforced is a demand of a policy.
type Enforced struct {
	Name  string `json:"name"`  // member of the policy file, or a rule of Default
	Value string `json:"value"` // as in Violation.Expected
}

// A liftable is a rule of Default that a relaxation lifts.
type liftable struct {
	lifted     bool
	relaxation string // its name
	rule       Enforced
}

func (p Policy) liftable() []liftable {
	return []liftable{
		{p.relax.Debug, "allow-debug", Enforced{"debug", "refused"}},
		{p.relax.Migration, "allow-migration", Enforced{"migration", "refused"}},
		{p.relax.VLEK, "allow-vlek", Enforced{"vlek", "refused"}},
		{p.relax.VMPL != 0, "vmpl=" + decimal(p.relax.VMPL), Enforced{"vmpl", decimal(p.relax.VMPL)}},
		{allowsUnknownBits(p.sets), "allow_unknown_bits", Enforced{"guest_policy.allow_unknown_bits", "false"}},
	}
}

// Relaxed returns the names of the relaxations in force, in fixed order:
// "allow-debug", "allow-migration", "allow-vlek", "vmpl=1" (or 2, or 3),
// "allow_unknown_bits".
func (p Policy) Relaxed() []string {
	var names []string
	for _, l := range p.liftable() {
		if l.lifted {
			names = append(names, l.relaxation)
		}
	}
	return names
}

// Demands returns the demands that p enforces, whatever the evidence is: the rules of Default that
// can be lifted and are not ("debug", "migration", "vlek", "vmpl",
// "guest_policy.allow_unknown_bits"), then members in the order of the policy file. A
// member that several policies demand stands once for each value. The zero Policy
// enforces nothing that has a name.
func (p Policy) Demands() []Enforced {
	if p.IsZero() {
		return nil
	}
	var list []Enforced
	for _, l := range p.liftable() {
		if !l.lifted || l.rule.Name == "vmpl" {
			list = append(list, l.rule)
		}
	}
	for i := range table {
		for _, s := range p.sets {
			if d := (Enforced{table[i].name, s.checks[i].value}); d.Value != "" && !slices.Contains(list, d) {
				list = append(list, d)
			}
		}
	}
	return list
}

// CompareDemands orders demands as the policy file orders its members: the
// rules of Default first, names that it does not have last.
func CompareDemands(a, b Enforced) int { return rank(a.Name) - rank(b.Name) }

func rank(name string) int {
	switch name {
	case "debug", "migration", "vlek", "guest_policy.allow_unknown_bits":
		return -1
	}
	return rowOf(name)
}
