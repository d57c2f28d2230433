package policy

import "slices"

// Enforced is a demand of a policy.
type Enforced struct {
	Name  string `json:"name"`  // member of the policy file, or a rule of Default
	Value string `json:"value"` // as in Violation.Expected
}

// Demands returns what p enforces, whatever the evidence is: the rules of Default that
// can be lifted and are not ("debug", "migration", "vlek", "vmpl",
// "guest_policy.allow_unknown_bits"), then members in the order of the policy file. A
// member that several policies demand stands once for each value. The zero Policy
// enforces nothing that has a name.
func (p Policy) Demands() []Enforced {
	if p.IsZero() {
		return nil
	}
	var list []Enforced
	for _, d := range []struct {
		lifted      bool
		name, value string
	}{
		{p.relax.Debug, "debug", "refused"},
		{p.relax.Migration, "migration", "refused"},
		{p.relax.VLEK, "vlek", "refused"},
		{false, "vmpl", decimal(p.relax.VMPL)},
		{allowsUnknownBits(p.sets), "guest_policy.allow_unknown_bits", "false"},
	} {
		if !d.lifted {
			list = append(list, Enforced{d.name, d.value})
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
	for i := range table {
		if table[i].name == name && table[i].demand != nil {
			return i
		}
	}
	return len(table)
}
