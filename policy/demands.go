package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

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
	e := &evaluation{facts: Facts{Report: new(snpreport.Report), Product: snpreport.Milan, SigningKey: snpreport.VCEK}, relax: p.relax, sets: p.sets}
	e.r = e.facts.Report
	for i := range table {
		e.row = &table[i]
		for _, s := range p.sets { // what is demanded does not depend on the evidence, but for floors
			switch check := s.checks[i]; {
			case check != nil:
				check(e)
			case e.row.name == "min_tcb" && s.minTCB != nil:
				e.enforce(s.minTCB.text())
			case e.row.name == "min_launch_tcb" && s.minLaunchTCB != nil:
				e.enforce(s.minLaunchTCB.text())
			}
		}
	}
	for _, d := range e.out.Enforced {
		if !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// CompareDemands orders what is enforced as the policy file orders its members: the
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

// text returns floors as "snp=22 microcode=213", or with products and dies before
// them, "Genoa: snp=22; 19-a0-2: snp=22".
func (f *Floors) text() string {
	if f == nil {
		return ""
	}
	if f.Any != nil {
		return f.Any.text()
	}
	var parts []string
	for _, p := range slices.Sorted(maps.Keys(f.ByProduct)) {
		parts = append(parts, p.String()+": "+f.ByProduct[p].text())
	}
	for _, die := range slices.SortedFunc(maps.Keys(f.ByDie), func(a, b snpreport.CPUID) int { return cmp.Compare(a.String(), b.String()) }) {
		parts = append(parts, die.String()+": "+f.ByDie[die].text())
	}
	return strings.Join(parts, "; ")
}

func (f Floor) text() string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(f)) {
		parts = append(parts, c.String()+"="+decimal(uint32(f[c])))
	}
	return strings.Join(parts, " ")
}
