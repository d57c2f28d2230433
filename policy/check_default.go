package policy

import (
	"github.com/tresorhq/attest/snpreport"
)

// The rules that always apply. What lifts each is in its first line.

// POL-05. Guest policy is not part of the launch measurement: no list of
// measurements can catch a guest that lets the host read its memory.
func checkDebug(e *evaluation) {
	if e.relax.Debug {
		return
	}
	e.enforce("DEBUG clear")
	if e.r.GuestPolicy.Has(snpreport.PolicyDebug) {
		e.violate("DEBUG set in guest policy " + e.r.GuestPolicy.String())
	}
}

// POL-06. A migration agent is trusted with the guest's memory.
func checkMigrateMA(e *evaluation) {
	if e.relax.Migration {
		return
	}
	e.enforce("MIGRATE_MA clear")
	if e.r.GuestPolicy.Has(snpreport.PolicyMigrateMA) {
		e.violate("MIGRATE_MA set in guest policy " + e.r.GuestPolicy.String())
	}
}

// POL-07. REPORT_ID_MA of a guest without a migration agent is all ones.
func checkMigrationAgent(e *evaluation) {
	if e.relax.Migration {
		return
	}
	e.enforce("all ff (no migration agent)")
	for _, b := range e.r.ReportIDMA {
		if b != 0xff {
			e.violate(hexOf(e.r.ReportIDMA))
			return
		}
	}
}

// POL-08.
func checkReserved1(e *evaluation) {
	if allowsUnknownBits(e.sets) {
		return
	}
	e.enforce("set")
	if !e.r.GuestPolicy.Has(snpreport.PolicyReserved1) {
		e.violate("clear in guest policy " + e.r.GuestPolicy.String())
	}
}

// POL-09. AMD adds bits without a new report version, and some of them permit.
func checkGuestUnknown(e *evaluation) {
	if allowsUnknownBits(e.sets) {
		return
	}
	e.enforce("no unknown guest-policy bit")
	if u := e.r.GuestPolicy.Unknown(); u != 0 {
		e.violate(u.String())
	}
}

func demandGuestUnknown(c *compiler, r *Rules) check {
	c.set.unknownBits = triOf(r.GuestPolicy.AllowUnknownBits)
	return nil
}

// POL-10.
func checkTCBReserved(e *evaluation) {
	if allowsUnknownBits(e.sets) {
		return
	}
	e.enforce("reserved bytes zero")
	for _, v := range [...]struct {
		name string
		tcb  snpreport.TCBVersion
	}{
		{"CURRENT_TCB", e.r.CurrentTCB},
		{"REPORTED_TCB", e.r.ReportedTCB},
		{"COMMITTED_TCB", e.r.CommittedTCB},
		{"LAUNCH_TCB", e.r.LaunchTCB},
	} {
		if t, _ := v.tcb.For(e.facts.Product); !t.ReservedZero() {
			e.violatePart(v.name, e.expected, v.name+" "+hexOf(v.tcb))
		}
	}
}

// POL-11. Software of a lower privilege in the same guest has another VMPL and
// may sign what it likes. No relaxation accepts a VMPL that does not exist.
func checkVMPL(e *evaluation) {
	want := e.relax.VMPL
	e.enforce(decimal(want))
	if e.r.VMPL != want || want > 3 {
		e.violate(decimal(e.r.VMPL))
	}
}

// POL-12. A VLEK belongs to the provider, not to a chip.
func checkVLEK(e *evaluation) {
	if e.relax.VLEK {
		return
	}
	e.enforce("vcek")
	if e.facts.SigningKey == snpreport.VLEK {
		e.violate("vlek")
	}
}

// POL-13. No guest has this digest; it is what an empty field compares to.
func checkMeasurement(e *evaluation) {
	e.enforce("a launch digest")
	if e.r.Measurement == [48]byte{} {
		e.violate("all zero")
	}
}
