package attest

import (
	"fmt"

	"github.com/tresorhq/attest/snpreport"
)

// A Warning is a weakness of the platform that is publicly known and that no
// evidence can disprove. It never decides.
type Warning struct {
	Text   string
	Source string
}

// weaknesses by product. SPEC.md section 17 says when a row is added.
// Rules: WRN-01.
var weaknesses = map[snpreport.Product][]Warning{
	snpreport.Milan: {{
		Text:   "the root secret of Milan chips has been extracted in software: who owns an attacked chip can sign any report at any TCB; allow-list chips, or leave Milan out",
		Source: "arXiv 2605.12990",
	}},
}

// What no verdict says, whatever passed.
var (
	reportLimits = []string{
		"the report is bound to no connection: whoever holds it can show it",
		"a report holds no time: it may be as old as its certificate",
	}
	endpointLimits = []string{
		"bound to the TLS key, not to this session: whoever stole the key can show the same evidence",
		"no nonce is signed: freshness rests on the TLS key, the bundle's valid_until and the TCB floors",
		"issued_at and max_age_seconds are signed by nobody",
	}
)

func warningsFor(p snpreport.Product) []Warning { return append([]Warning(nil), weaknesses[p]...) }

// notes lists what an auditor wants to see and what is not judged.
func (h *hardware) notes() []string {
	var notes []string
	add := func(when bool, format string, args ...any) {
		if when {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	r := h.report
	unknown := r.PlatformInfo.Unknown()
	add(unknown != 0, "PLATFORM_INFO has bits without a name: %v", unknown)
	add(h.chain.SigningKey == snpreport.VLEK, "signed by a VLEK: the report is bound to the provider %q, and its CHIP_ID is unbound: no chip is certified", h.chain.CSPID)
	add(r.CurrentFirmware != r.CommittedFirmware, "current firmware %v is not committed: the host can go back to %v", r.CurrentFirmware, r.CommittedFirmware)

	tcb := func(v snpreport.TCBVersion) snpreport.TCB { t, _ := v.For(h.chain.Product); return t }
	reported, committed, current := tcb(r.ReportedTCB), tcb(r.CommittedTCB), tcb(r.CurrentTCB)
	add(!committed.AtLeast(reported), "REPORTED_TCB (%v) is above COMMITTED_TCB (%v): the host can go back below it", reported, committed)
	add(!current.AtLeast(committed), "COMMITTED_TCB (%v) is above CURRENT_TCB (%v)", committed, current)
	add(!current.AtLeast(reported), "REPORTED_TCB (%v) is above CURRENT_TCB (%v)", reported, current)
	add([32]byte(r.ReportData[32:]) != [32]byte{} && h.unchecked("report_data").status == NotChecked, "REPORT_DATA[32:64] is not zero, and was not judged")
	return notes
}
