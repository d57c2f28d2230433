package policy

import "github.com/tresorhq/attest/snpreport"

// POL-03. REPORTED_TCB is what the leaf is for; the host may go back from it to
// COMMITTED_TCB at any time.
func acrossMinTCB(e *evaluation) bool {
	return e.floors(func(s *rules) *Floors { return s.minTCB }, func(check func(string, snpreport.TCBVersion)) {
		check("REPORTED_TCB", e.r.ReportedTCB)
		check("COMMITTED_TCB", e.r.CommittedTCB)
	})
}

// POL-23. A guest that was launched under broken firmware stays suspect after
// the firmware is mended.
func acrossLaunchTCB(e *evaluation) bool {
	return e.floors(func(s *rules) *Floors { return s.minLaunchTCB }, func(check func(string, snpreport.TCBVersion)) {
		check("LAUNCH_TCB", e.r.LaunchTCB)
	})
}

// floors joins the floors of all rule sets, the highest of each component, and
// checks TCBs against it component by component: a high level of one never makes
// up for a low level of another. A set whose floors do not cover the evidence is
// a violation by itself. It returns false when no set has floors.
func (e *evaluation) floors(of func(*rules) *Floors, each func(check func(name string, v snpreport.TCBVersion))) bool {
	demanded, highest := false, [snpreport.Microcode + 1]uint8{}
	shape, _ := e.r.ReportedTCB.For(e.facts.Product) // its components are the product's
	for _, s := range e.policy.sets {
		f := of(s)
		if f == nil {
			continue
		}
		demanded = true
		floor, why := f.of(e.r, e.facts.Product)
		if floor == nil {
			e.violate("", "a floor that applies", why)
			continue
		}
		for c := range highest {
			if _, has := shape.Level(snpreport.Component(c)); !has {
				continue
			}
			level, ok := floor[snpreport.Component(c)]
			if !ok {
				name := snpreport.Component(c).String()
				e.violate(name, "a floor for "+name+", which "+e.facts.Product.String()+" has", "none")
			}
			highest[c] = max(highest[c], level)
		}
	}
	each(func(name string, v snpreport.TCBVersion) {
		t, _ := v.For(e.facts.Product)
		for c, low := range highest {
			// What the product lacks reads as 0, and has no floor above that.
			if level, _ := t.Level(snpreport.Component(c)); level < low {
				e.violate(snpreport.Component(c).String(), "at least "+decimal(uint32(low)), name+" has "+decimal(uint32(level)))
			}
		}
	})
	return demanded
}
