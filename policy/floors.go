package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

// A Floor is the lowest level of each component. A component that it lacks has
// no floor: evidence with that component is refused. One that the evidence lacks
// is ignored.
type Floor map[snpreport.Component]uint8

// Floors is min_tcb or min_launch_tcb: either one Floor for all, or floors by
// product and by die, of which the most specific one applies. A microcode level
// means something for one die only, a level of another component for one
// product only.
type Floors struct {
	Any       Floor
	ByProduct map[snpreport.Product]Floor
	ByDie     map[snpreport.CPUID]Floor
}

// parseDie is the inverse of CPUID.String for the steppings that a CPUID has.
func parseDie(s string) (die snpreport.CPUID, ok bool) {
	if len(s) != len("ff-mm-s") {
		return die, false
	}
	var n [7]uint8
	for i := range n {
		n[i] = uint8(strings.IndexByte("0123456789abcdef", s[i]))
	}
	die = snpreport.CPUID{Family: n[0]<<4 | n[1], Model: n[3]<<4 | n[4], Stepping: n[6]}
	return die, die.String() == s
}

// check returns what is expected and what is there instead, or nothing.
func (f *Floors) check() (expected, actual string) {
	if f.Any != nil && (f.ByProduct != nil || f.ByDie != nil) {
		return "components, or products and dies", "both"
	}
	if f.Any == nil && len(f.ByProduct) == 0 && len(f.ByDie) == 0 {
		return "a floor", "none"
	}
	for _, floor := range f.all() {
		if len(floor) == 0 {
			return "a floor of at least one component", "an empty one"
		}
		for c := range floor {
			if _, ok := snpreport.ParseComponent(c.String()); !ok {
				return "a component", "an unknown one"
			}
		}
	}
	for p := range f.ByProduct {
		if _, ok := snpreport.ParseProduct(p.String()); !ok {
			return "a product", "an unknown one"
		}
	}
	return "", ""
}

// Clone returns a copy that shares nothing with f.
func (f *Floors) Clone() *Floors {
	if f == nil {
		return nil
	}
	c := &Floors{Any: maps.Clone(f.Any), ByProduct: maps.Clone(f.ByProduct), ByDie: maps.Clone(f.ByDie)}
	for p, floor := range c.ByProduct {
		c.ByProduct[p] = maps.Clone(floor)
	}
	for die, floor := range c.ByDie {
		c.ByDie[die] = maps.Clone(floor)
	}
	return c
}

// of returns the floor for a report, the most specific one. Without one it
// returns nil and says why.
func (f *Floors) of(r *snpreport.Report, p snpreport.Product) (floor Floor, why string) {
	if f.Any != nil {
		return f.Any, ""
	}
	die, known := r.Die()
	if floor, ok := f.ByDie[die]; ok && known {
		return floor, ""
	}
	if floor, ok := f.ByProduct[p]; ok {
		return floor, ""
	}
	if !known {
		return nil, "a version 2 report, which names no die, and no floor for " + p.String()
	}
	return nil, "no floor for " + p.String() + " or die " + die.String()
}

// always are the components that every product has.
var always = []snpreport.Component{snpreport.BootLoader, snpreport.TEE, snpreport.SNP, snpreport.Microcode}

// unmeetable is what Notes and violations say of a floor that is Unmeetable.
const unmeetable = "no report of any product can meet this floor"

// Unmeetable reports whether no report of any product can meet f: each of its floors
// lacks one of bootloader, tee, snp and microcode, which every product has.
func (f *Floors) Unmeetable() bool { return f != nil && len(f.missing()) > 0 }

// missing returns the components that the floors of an unmeetable f lack.
func (f *Floors) missing() (list []snpreport.Component) {
	for _, floor := range f.all() {
		whole := true
		for _, c := range always {
			if _, ok := floor[c]; !ok {
				whole = false
				list = append(list, c)
			}
		}
		if whole {
			return nil
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// all returns every Floor of f.
func (f *Floors) all() []Floor {
	list := slices.AppendSeq(slices.Collect(maps.Values(f.ByProduct)), maps.Values(f.ByDie))
	if f.Any != nil {
		list = append(list, f.Any)
	}
	return list
}

// MarshalJSON returns the form that ParseFloors reads.
func (f *Floors) MarshalJSON() ([]byte, error) {
	if f.Any != nil {
		return []byte(f.Any.json()), nil
	}
	var list []string
	for p, floor := range f.ByProduct {
		list = append(list, `"`+p.String()+`":`+floor.json())
	}
	for die, floor := range f.ByDie {
		list = append(list, `"`+die.String()+`":`+floor.json())
	}
	slices.Sort(list)
	return []byte("{" + strings.Join(list, ",") + "}"), nil
}

func (f Floor) json() string {
	var list []string
	for _, c := range slices.Sorted(maps.Keys(f)) {
		list = append(list, `"`+c.String()+`":`+decimal(uint32(f[c])))
	}
	return "{" + strings.Join(list, ",") + "}"
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
