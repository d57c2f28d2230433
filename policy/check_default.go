package policy

import (
	"bytes"
	"strconv"

	"github.com/tresorhq/attest/snpreport"
)

// The rules that always apply. What lifts each is in its first line.

// POL-05. Guest policy is not part of the launch measurement: no list of
// measurements can catch a guest that lets the host read its memory.
func checkDebug(e *evaluation) {
	if !e.policy.relax.Debug && e.r.GuestPolicy.Has(snpreport.PolicyDebug) {
		e.violate("", "DEBUG clear", "DEBUG set in guest policy "+e.r.GuestPolicy.String())
	}
}

// POL-06. A migration agent is trusted with the guest's memory.
func checkMigrateMA(e *evaluation) {
	if !e.policy.relax.Migration && e.r.GuestPolicy.Has(snpreport.PolicyMigrateMA) {
		e.violate("", "MIGRATE_MA clear", "MIGRATE_MA set in guest policy "+e.r.GuestPolicy.String())
	}
}

// POL-07.
func checkMigrationAgent(e *evaluation) {
	if !e.policy.relax.Migration && bytes.Count(e.r.ReportIDMA[:], []byte{0xff}) != len(e.r.ReportIDMA) {
		e.violate("", "all ff (no migration agent)", hexOf(e.r.ReportIDMA[:]))
	}
}

// POL-08.
func checkReserved1(e *evaluation) {
	if !e.r.GuestPolicy.Has(snpreport.PolicyReserved1) && !e.policy.allowsUnknownBits() {
		e.violate("", "set", "clear in guest policy "+e.r.GuestPolicy.String())
	}
}

// POL-09. AMD adds bits without a new report version, and some of them permit.
func checkGuestUnknown(e *evaluation) {
	if u := e.r.GuestPolicy.Unknown(); u != 0 && !e.policy.allowsUnknownBits() {
		e.violate("", "no unknown guest-policy bit", u.String())
	}
}

// POL-10.
func checkTCBReserved(e *evaluation) {
	if e.policy.allowsUnknownBits() {
		return
	}
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
			e.violate(v.name, "reserved bytes zero", v.name+" "+hexOf(v.tcb[:]))
		}
	}
}

// POL-11. Software of a lower privilege in the same guest has another VMPL and
// may sign what it likes.
func checkVMPL(e *evaluation) {
	if want := e.policy.relax.VMPL; e.r.VMPL != want || want > 3 {
		e.violate("", decimal(want), decimal(e.r.VMPL))
	}
}

// POL-12. A VLEK belongs to the provider, not to a chip.
func checkVLEK(e *evaluation) {
	if e.facts.SigningKey == snpreport.VLEK && !e.policy.relax.VLEK {
		e.violate("", "vcek", "vlek")
	}
}

// POL-13. No guest has this digest; it is what an empty field compares to.
func checkMeasurement(e *evaluation) {
	if e.r.Measurement == [48]byte{} {
		e.violate("", "a launch digest", "all zero")
	}
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
