package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// hosts are reports for which one floor applies: those of a die, or of a product.
type hosts struct {
	scope, name string
	product     snpreport.Product
	die         snpreport.CPUID // zero: all dies of the product that have no floor of their own
}

// allHosts returns those that floors tell apart.
func allHosts(both ...*policy.Floors) (list []hosts) {
	var dies []hosts
	for _, f := range both {
		for die := range f.ByDie {
			if p, err := die.Product(); err == nil {
				dies = append(dies, hosts{die.String(), die.String(), p, die})
			}
		}
	}
	for _, p := range snpreport.Products() {
		name := p.String()
		if slices.ContainsFunc(dies, func(h hosts) bool { return h.product == p }) {
			name += " (dies without a floor of their own, and reports of version 2)"
		}
		list = append(list, hosts{scope: p.String(), name: name, product: p})
	}
	slices.SortFunc(dies, func(a, b hosts) int { return strings.Compare(a.scope, b.scope) })
	return append(list, slices.Compact(dies)...)
}

// floor returns the one that applies to h, the most specific one, and what is
// wrong with it: a report of h passes no floor that is absent, or lacks a
// component that h has.
// Rules: POL-03.
func (h hosts) floor(f *policy.Floors) (floor policy.Floor, wrong string) {
	floor = f.Any
	if floor == nil && h.die != (snpreport.CPUID{}) {
		floor = f.ByDie[h.die]
	}
	if floor == nil {
		floor = f.ByProduct[h.product]
	}
	if floor == nil {
		return nil, "no floor"
	}
	for _, c := range h.components() {
		if _, ok := floor[c]; !ok {
			return floor, "a floor without " + c.String()
		}
	}
	return floor, ""
}

// components are those that h has.
func (h hosts) components() []snpreport.Component {
	t, _ := snpreport.TCBVersion{}.For(h.product)
	return t.Components()
}

// floorNote says what it does to hosts that a level came, or went: a floor that is
// gone demands nothing less, but refuses; one for a die replaces that of its
// product.
// Rules: BDL-03.
func floorNote(was, now *attest.Bundle, scope string, c snpreport.Component) string {
	var notes []string
	for _, h := range allHosts(was.MinTCB, now.MinTCB) {
		if scope != everyDie && scope != h.scope {
			continue
		}
		before, wrong := h.floor(was.MinTCB)
		after, wrongNow := h.floor(now.MinTCB)
		note := "changes nothing for " + h.name
		switch {
		case !slices.Contains(was.Products, h.product) && !slices.Contains(now.Products, h.product):
			note += ": neither bundle allows the product"
		case wrong != "" && wrongNow != "":
			note += fmt.Sprintf(": refused before (%s), and now (%s)", wrong, wrongNow)
		case wrongNow != "":
			note = fmt.Sprintf("withdraws %s: %s applies now, and every report is refused", h.name, wrongNow)
		case wrong != "":
			note = fmt.Sprintf("allows %s: %s applied before, and every report was refused", h.name, wrong)
		case !slices.Contains(h.components(), c):
			note += ": it has no " + c.String()
		case after[c] != before[c]:
			verb := map[bool]string{true: "raises", false: "lowers"}[after[c] > before[c]]
			note = fmt.Sprintf("%s %s for %s: %d applies now, %d applied before", verb, c, h.name, after[c], before[c])
		default:
			note += fmt.Sprintf(": %d applies as before", after[c])
		}
		notes = append(notes, note)
	}
	return strings.Join(notes, "; ")
}
