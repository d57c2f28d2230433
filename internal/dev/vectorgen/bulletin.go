package main

import (
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// dieOf are the dies that bulletins name.
var dieOf = map[string]struct {
	product                 string
	family, model, stepping uint8
}{
	"19-01-1": {"Milan", 0x19, 0x01, 1}, "19-01-2": {"Milan", 0x19, 0x01, 2},
	"19-11-1": {"Genoa", 0x19, 0x11, 1}, "19-11-2": {"Genoa", 0x19, 0x11, 2}, "19-a0-2": {"Genoa", 0x19, 0xa0, 2},
	"1a-02-1": {"Turin", 0x1a, 0x02, 1}, "1a-11-0": {"Turin", 0x1a, 0x11, 0},
}

// A bulletinRow is what a bulletin demands of a die: SNP and microcode level and the
// build of firmware 1.55, each 0 where it demands none, and whether PLATFORM_INFO must
// have bit 5.
type bulletinRow struct {
	id, die               string
	snp, microcode, build uint8
	alias                 bool
}

var bulletinTable = []bulletinRow{
	{"AMD-SB-3015", "19-01-1", 0, 0, 22, true}, {"AMD-SB-3015", "19-01-2", 0, 0, 22, true},
	{"AMD-SB-3015", "19-11-1", 0, 0, 38, true}, {"AMD-SB-3015", "19-11-2", 0, 0, 38, true}, {"AMD-SB-3015", "19-a0-2", 0, 0, 38, true},
	{"AMD-SB-3016", "19-01-1", 27, 0, 35, false}, {"AMD-SB-3016", "19-01-2", 27, 0, 35, false},
	{"AMD-SB-3016", "19-11-1", 27, 0, 49, false}, {"AMD-SB-3016", "19-11-2", 27, 0, 49, false},
	{"AMD-SB-3019", "19-01-1", 0, 219, 0, false}, {"AMD-SB-3019", "19-01-2", 0, 68, 0, false},
	{"AMD-SB-3019", "19-11-1", 23, 84, 0, false}, {"AMD-SB-3019", "19-11-2", 23, 79, 0, false}, {"AMD-SB-3019", "19-a0-2", 23, 25, 0, false},
	{"AMD-SB-3019", "1a-02-1", 0, 71, 0, false}, {"AMD-SB-3019", "1a-11-0", 0, 71, 0, false},
	{"AMD-SB-3020", "19-11-1", 27, 86, 0, false}, {"AMD-SB-3020", "19-11-2", 27, 81, 0, false},
	{"AMD-SB-3020", "1a-02-1", 4, 80, 0, false}, {"AMD-SB-3020", "1a-11-0", 4, 0, 0, false},
	{"AMD-SB-3023", "19-01-1", 27, 222, 0, false}, {"AMD-SB-3023", "19-01-2", 27, 71, 0, false},
	{"AMD-SB-3023", "19-11-1", 27, 0, 0, false}, {"AMD-SB-3023", "19-11-2", 27, 0, 0, false}, {"AMD-SB-3023", "19-a0-2", 27, 0, 0, false},
	{"AMD-SB-3023", "1a-02-1", 4, 0, 0, false}, {"AMD-SB-3023", "1a-11-0", 4, 0, 0, false},
	{"AMD-SB-7033", "19-01-1", 0, 219, 0, false}, {"AMD-SB-7033", "19-01-2", 0, 68, 0, false},
	{"AMD-SB-7033", "19-11-1", 0, 84, 0, false}, {"AMD-SB-7033", "19-11-2", 0, 79, 0, false}, {"AMD-SB-7033", "19-a0-2", 0, 25, 0, false},
	{"AMD-SB-7033", "1a-02-1", 0, 71, 0, false}, {"AMD-SB-7033", "1a-11-0", 0, 71, 0, false},
}

// bulletinSections are about AMD's bulletins, each demanded by a policy: of every die
// just met, and each condition one below.
func bulletinSections() []section {
	const err = "TCBBelowFloorError"
	ids := []string{"AMD-SB-3015", "AMD-SB-3016", "AMD-SB-3019", "AMD-SB-3020", "AMD-SB-3023", "AMD-SB-7033"}
	var all []section
	for _, die := range []string{"19-01-1", "19-01-2", "19-11-1", "19-11-2", "19-a0-2", "1a-02-1", "1a-11-0"} {
		s := section{"bulletin-" + die, hardware(dieOf[die].product, 5, "vcek"), err, nil}
		for _, id := range ids {
			short := strings.ToLower(strings.TrimPrefix(id, "AMD-"))
			row := bulletinRow{id: id, die: die}
			for _, r := range bulletinTable {
				if r.id == id && r.die == die {
					row = r
				}
			}
			s.rows = append(s.rows, row.cases(short)...)
		}
		all = append(all, s)
	}
	demanded := func(members ...any) func(X) { return demand(member{"bulletins", members}) }
	return append(all, section{"bulletin", hardware("Milan", 2, "vcek"), err, []row{
		{"of-a-report-without-a-die", as("PolicyViolationError", "POL-55", "BUL-02"), "a report of version 2 names no die", demanded("AMD-SB-3019")},
		{"without-conditions", as("UsageError", "POL-65", "BUL-02"), "a bulletin whose levels are not known cannot be demanded", demanded("AMD-SB-3034")},
		{"unknown", as("UsageError", "POL-65"), "nor one that is none", demanded("AMD-SB-1")},
		{"twice", as("UsageError", "POL-63"), "nor one twice", demanded("AMD-SB-3019", "AMD-SB-3019")},
		{"none", as("UsageError", "POL-61"), "an empty list demands nothing, and so is a mistake", demand(member{"bulletins", []string{}})},
	}})
}

// cases are those of one bulletin and one die.
func (b bulletinRow) cases(short string) (rows []row) {
	at := func(change func(X)) func(X) { // every condition at its level, but for a change
		return func(x X) {
			d := dieOf[b.die]
			x.Spec.Family, x.Spec.Model, x.Spec.Stepping = d.family, d.model, d.stepping
			x.Spec.Current, x.Spec.Committed = mint.Firmware{Major: 1, Minor: 55, Build: b.build}, mint.Firmware{Major: 1, Minor: 55, Build: b.build}
			x.Spec.PlatformInfo = 0
			if b.alias {
				x.Spec.PlatformInfo = 1 << 5
			}
			x.setTCB(mint.TCB{SNP: b.snp, Microcode: b.microcode})
			x.policy(member{"bulletins", []string{b.id}})
			change(x)
		}
	}
	tcb := func(snp, microcode uint8) func(X) {
		return func(x X) { x.setTCB(mint.TCB{SNP: snp, Microcode: microcode}) }
	}
	mitigated := func(x X) { x.Spec.LaunchMitVector, x.Spec.CurrentMitVector = 1<<64-1, 1<<64-1 }
	if b.snp == 0 && b.microcode == 0 && b.build == 0 {
		return []row{{short + "-without-a-row", as("PolicyViolationError", "POL-55", "BUL-02"), b.id + " says nothing of this die", at(tcb(255, 255))}}
	}
	below, above := no("POL-56", "BUL-01"), yes("POL-56", "BUL-03")
	for _, r := range []struct {
		demanded bool
		row
	}{
		{true, row{"just-met", yes("POL-56", "BUL-01"), "every condition of " + b.id + " at its level", func(X) {}}},
		{b.snp > 0, row{"snp-one-below", below, "the SNP level is one below", tcb(b.snp-1, b.microcode)}},
		{b.snp > 0, row{"snp-one-above", above, "the SNP level is one above", tcb(b.snp+1, b.microcode)}},
		{b.snp > 0, row{"snp-committed-below", below, "the host can go back", func(x X) { x.Spec.CommittedTCB.SNP-- }}},
		{b.microcode > 0, row{"microcode-one-below", below, "the microcode is one below", tcb(b.snp, b.microcode-1)}},
		{b.microcode > 0, row{"microcode-one-above", above, "the microcode is one above", tcb(b.snp, b.microcode+1)}},
		{b.build > 0, row{"firmware-one-below", below, "the firmware is one build below", func(x X) { x.Spec.Current.Build-- }}},
		{b.build > 0, row{"firmware-committed-below", below, "the host can go back", func(x X) { x.Spec.Committed.Build-- }}},
		{b.build > 0, row{"firmware-one-above", above, "newer firmware, and every bit of mitigations", func(x X) {
			x.Spec.Current.Build, x.Spec.Committed.Minor = b.build+1, 58
			mitigated(x)
		}}},
		{b.alias, row{"bit-clear", below, "memory was not checked for aliases", func(x X) { x.Spec.PlatformInfo = 0 }}},
		{b.snp > 0 && b.build > 0, row{"mitigations-do-not-help", no("POL-56", "BUL-03"), "no mitigation bit stands for a level", both(mitigated, func(x X) { x.Spec.CommittedTCB.SNP-- })}},
	} {
		if r.demanded {
			rows = append(rows, row{short + "-" + r.id, r.want, r.comment, at(r.change)})
		}
	}
	return rows
}
