package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
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

// ParseMinTCB reads the JSON form of Floors: an object either of components
// ("bootloader", "tee", "snp", "microcode", "fmc") with levels 0 to 255, or of
// such objects under products ("Milan", "Genoa", "Turin") and dies ("19-a0-2",
// see snpreport.CPUID). It is shared with the trust bundle. On error it returns
// nil and the document is refused.
func ParseMinTCB(v strictjson.Value) *Floors {
	f := new(Floors)
	for _, m := range v.Members() {
		if c, ok := snpreport.ParseComponent(m.Name); ok {
			put(&f.Any, c, uint8(m.Value.Int(0, 255)))
		} else if p, ok := snpreport.ParseProduct(m.Name); ok {
			put(&f.ByProduct, p, parseFloor(m.Value))
		} else if die, ok := parseDie(m.Name); ok {
			put(&f.ByDie, die, parseFloor(m.Value))
		} else {
			m.Value.Fail("POL-67", "a component, a product, or a die such as 19-a0-2", strictjson.Quote(m.Name))
			return nil
		}
	}
	if expected, actual := f.check(); expected != "" {
		v.Fail("POL-67", expected, actual)
		return nil
	}
	return f
}

func parseFloor(v strictjson.Value) Floor {
	f := Floor{}
	for _, m := range v.Members() {
		c, ok := snpreport.ParseComponent(m.Name)
		if !ok {
			m.Value.Fail("POL-67", "a component", strictjson.Quote(m.Name))
			return nil
		}
		f[c] = uint8(m.Value.Int(0, 255))
	}
	return f
}

// put is m[k] = v for a map that may be nil.
func put[M ~map[K]V, K comparable, V any](m *M, k K, v V) {
	if *m == nil {
		*m = M{}
	}
	(*m)[k] = v
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
	all := slices.AppendSeq(slices.Collect(maps.Values(f.ByProduct)), maps.Values(f.ByDie))
	if f.Any != nil {
		all = append(all, f.Any)
	}
	for _, floor := range all {
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
