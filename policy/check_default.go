package policy

import (
	"bytes"

	"github.com/tresorhq/attest/snpreport"
)

// The rules that always apply, and which relaxation lifts each.

func debugAllowed(e *evaluation) bool       { return e.relax.Debug }
func migrationAllowed(e *evaluation) bool   { return e.relax.Migration }
func vlekAllowed(e *evaluation) bool        { return e.relax.VLEK }
func unknownBitsAllowed(e *evaluation) bool { return allowsUnknownBits(e.sets) }

// fixed is a rule that applies unless a relaxation lifts it.
func fixed(lifted func(*evaluation) bool, expected string, actual func(*evaluation) string) func(*evaluation) {
	return func(e *evaluation) {
		if !lifted(e) {
			e.hold(expected, actual)
		}
	}
}

// inGuestPolicy describes a guest policy that has a bit, or where has is false lacks it.
func inGuestPolicy(bit snpreport.GuestPolicy, has bool, text string) func(*evaluation) string {
	return func(e *evaluation) string {
		if e.r.GuestPolicy.Has(bit) != has {
			return ""
		}
		return text + " in guest policy " + e.r.GuestPolicy.String()
	}
}

var (
	// POL-05. Guest policy is not part of the launch measurement: no list of
	// measurements can catch a guest that lets the host read its memory.
	checkDebug = fixed(debugAllowed, "DEBUG clear", inGuestPolicy(snpreport.PolicyDebug, true, "DEBUG set"))

	// POL-06. A migration agent is trusted with the guest's memory.
	checkMigrateMA = fixed(migrationAllowed, "MIGRATE_MA clear", inGuestPolicy(snpreport.PolicyMigrateMA, true, "MIGRATE_MA set"))

	// POL-07. REPORT_ID_MA of a guest without a migration agent is all ones.
	checkMigrationAgent = fixed(migrationAllowed, "all ff (no migration agent)", func(e *evaluation) string {
		if bytes.Count(e.r.ReportIDMA[:], []byte{0xff}) == len(e.r.ReportIDMA) {
			return ""
		}
		return hexOf(e.r.ReportIDMA)
	})

	// POL-08.
	checkReserved1 = fixed(unknownBitsAllowed, "set", inGuestPolicy(snpreport.PolicyReserved1, false, "clear"))

	// POL-09. AMD adds bits without a new report version, and some of them permit.
	checkGuestUnknown = fixed(unknownBitsAllowed, "no unknown guest-policy bit", func(e *evaluation) string {
		return when(e.r.GuestPolicy.Unknown() != 0, hexNumber(uint64(e.r.GuestPolicy.Unknown())))
	})

	// POL-12. A VLEK belongs to the provider, not to a chip.
	checkVLEK = fixed(vlekAllowed, "vcek", func(e *evaluation) string {
		return when(e.facts.SigningKey == snpreport.VLEK, "vlek")
	})
)

// POL-10.
func checkTCBReserved(e *evaluation) {
	if unknownBitsAllowed(e) {
		return
	}
	for _, v := range []namedTCB{{"CURRENT_TCB", e.r.CurrentTCB}, {"REPORTED_TCB", e.r.ReportedTCB}, {"COMMITTED_TCB", e.r.CommittedTCB}, {"LAUNCH_TCB", e.r.LaunchTCB}} {
		if t, _ := v.tcb.For(e.facts.Product); !t.ReservedZero() {
			e.violatePart(v.name, "reserved bytes zero", v.name+" "+hexOf(v.tcb))
		}
	}
}

// POL-11. Software of a lower privilege in the same guest has another VMPL and
// may sign any REPORT_DATA. No relaxation accepts a VMPL that does not exist.
func checkVMPL(e *evaluation) {
	want := e.relax.VMPL
	e.hold(decimal(want), func(*evaluation) string { return when(e.r.VMPL != want || want > 3, decimal(e.r.VMPL)) })
}

// POL-13. No guest has this digest; it is what an empty field compares to.
func checkMeasurement(e *evaluation) {
	e.hold("a launch digest", func(*evaluation) string { return when(e.r.Measurement == [48]byte{}, "all zero") })
}
