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

// parseDie is the inverse of CPUID.String for the steppings that a CPUID has. What is no
// die, or is longer or shorter than one, is not the text of the die that it is read as.
func parseDie(s string) (die snpreport.CPUID, ok bool) {
	var n [len("ff-mm-s")]uint8
	for i := range min(len(n), len(s)) {
		n[i] = uint8(strings.IndexByte("0123456789abcdef", s[i]))
	}
	die = snpreport.CPUID{Family: n[0]<<4 | n[1], Model: n[3]<<4 | n[4], Stepping: n[6]}
	return die, die.String() == s
}

// check returns the form that is expected and the one that f has; "" for good floors.
func (f *Floors) check() (expected, actual string) {
	if f.Any != nil && (f.ByProduct != nil || f.ByDie != nil) {
		return "components, or products and dies", "both"
	}
	if f.Any == nil && len(f.ByProduct) == 0 && len(f.ByDie) == 0 {
		return "a floor", "none"
	}
	for _, n := range f.named() {
		if len(n.floor) == 0 {
			return "a floor of at least one component", "an empty one"
		}
		for c := range n.floor {
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

// unmeetable is what Notes and violations say of floors that are Unmeetable.
const unmeetable = "no report of any product can meet this floor"

// Unmeetable reports whether no report of any product can meet f: each of its floors
// lacks one of bootloader, tee, snp and microcode, which every product has.
func (f *Floors) Unmeetable() bool {
	if f == nil {
		return false
	}
	for _, n := range f.named() {
		if !slices.ContainsFunc(always, func(c snpreport.Component) bool { _, ok := n.floor[c]; return !ok }) {
			return false
		}
	}
	return true
}

type namedFloor struct {
	name  string // of the product or die; "" for Any
	floor Floor
}

// named returns every Floor of f: that for all, those of products, those of dies.
func (f *Floors) named() (list []namedFloor) {
	if f == nil {
		return nil
	}
	if f.Any != nil {
		list = append(list, namedFloor{"", f.Any})
	}
	for _, p := range slices.Sorted(maps.Keys(f.ByProduct)) {
		list = append(list, namedFloor{p.String(), f.ByProduct[p]})
	}
	for _, die := range slices.SortedFunc(maps.Keys(f.ByDie), func(a, b snpreport.CPUID) int { return cmp.Compare(a.String(), b.String()) }) {
		list = append(list, namedFloor{die.String(), f.ByDie[die]})
	}
	return list
}

// text returns floors as "snp=22 microcode=213", or with products and dies before
// them, "Genoa: snp=22; 19-a0-2: snp=22".
func (f *Floors) text() string {
	var parts []string
	for _, n := range f.named() {
		levels := strings.Join(n.floor.levels("", "="), " ")
		if n.name != "" {
			levels = n.name + ": " + levels
		}
		parts = append(parts, levels)
	}
	return strings.Join(parts, "; ")
}

// MarshalJSON returns the form that ParseFloors reads.
func (f *Floors) MarshalJSON() ([]byte, error) {
	var parts []string
	for _, n := range f.named() {
		levels := "{" + strings.Join(n.floor.levels(`"`, `":`), ",") + "}"
		if n.name == "" {
			return []byte(levels), nil
		}
		parts = append(parts, `"`+n.name+`":`+levels)
	}
	return []byte("{" + strings.Join(parts, ",") + "}"), nil
}

// levels returns a text for each component, in AMD's order.
func (f Floor) levels(before, behind string) (list []string) {
	for _, c := range slices.Sorted(maps.Keys(f)) {
		list = append(list, before+c.String()+behind+decimal(uint32(f[c])))
	}
	return list
}
