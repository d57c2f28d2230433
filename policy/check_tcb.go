package policy

import "github.com/tresorhq/attest/snpreport"

// A namedTCB is a TCB of the report with AMD's name of the field.
type namedTCB struct {
	name string
	tcb  snpreport.TCBVersion
}

// noFloor is the Message where the floors do not cover the evidence.
const noFloor = "no floor applies to this report"

func (c *compiler) floors(f *Floors) check {
	if f == nil {
		return check{}
	}
	if expected, actual := f.check(); expected != "" {
		c.fail("POL-67", c.member, expected, actual)
	}
	return check{value: f.text(), floors: f.Clone()}
}

// POL-03. REPORTED_TCB is what the leaf is for; the host may go back from it to
// COMMITTED_TCB at any time.
func checkMinTCB(e *evaluation) {
	e.floors(namedTCB{"REPORTED_TCB", e.r.ReportedTCB}, namedTCB{"COMMITTED_TCB", e.r.CommittedTCB})
}

// POL-23. A guest that was launched under broken firmware stays suspect after
// the firmware is mended.
func checkLaunchTCB(e *evaluation) {
	e.floors(namedTCB{"LAUNCH_TCB", e.r.LaunchTCB})
}

// floors joins the floors of all rule sets, the highest of each component, and
// checks TCBs against it component by component: a high level of one never makes
// up for a low level of another. A set whose floors do not cover the evidence is
// a violation by itself.
func (e *evaluation) floors(tcbs ...namedTCB) {
	product, highest := e.facts.Product, [snpreport.Microcode + 1]uint8{}
	shape, _ := e.r.ReportedTCB.For(product) // its components are the product's
	for _, s := range e.sets {
		f := s.checks[e.at].floors
		if f == nil {
			continue
		}
		floor, why := f.of(e.r, product)
		if floor == nil {
			e.add(e.row.name, e.row.broken, "a floor that applies", why)
			continue
		}
		for c := range highest {
			component := snpreport.Component(c)
			if _, has := shape.Level(component); !has {
				continue
			}
			level, ok := floor[component]
			if !ok {
				message := "the floor has no level for " + component.String()
				if f.Unmeetable() {
					message = unmeetable + ": it has no level for " + component.String()
				}
				e.add(e.row.name+" "+component.String(), message, "a floor for "+component.String()+", which "+product.String()+" has", "none")
			}
			highest[c] = max(highest[c], level)
		}
	}
	for _, v := range tcbs {
		t, _ := v.tcb.For(product)
		for c, low := range highest {
			// A component that the product lacks reads as 0, and its floor is 0.
			component := snpreport.Component(c)
			if level, _ := t.Level(component); level < low {
				e.add(e.row.name+" "+component.String(),
					v.name+" "+component.String()+" is "+decimal(uint32(level))+", the floor is "+decimal(uint32(low)),
					"at least "+decimal(uint32(low)), v.name+" "+decimal(uint32(level)))
			}
		}
	}
}
