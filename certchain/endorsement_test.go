package certchain_test

import (
	"errors"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// endorse verifies the chain of a product and compares it with a report of it that
// spoil has changed.
func endorse(t *testing.T, product string, version uint32, kind string, spoil func(*mint.ReportSpec)) error {
	t.Helper()
	e := mint.Evidence(product, version, kind)
	chain, err := certchain.Verify(e.Chain(), rootsOf(t, product), now)
	if err != nil {
		t.Fatal(err)
	}
	spec := mint.NewReport(product, version, kind)
	spoil(&spec)
	encoded := spec.Encode()
	report, err := snpreport.Parse(encoded[:])
	if err != nil {
		t.Fatal(err)
	}
	// What is left to the caller changes nothing.
	*report, chain.Product, chain.TCB, chain.HWID = fieldsOfAnother(*report), 0, snpreport.TCB{}, [64]byte{}
	return chain.CheckEndorsement(report)
}

// fieldsOfAnother returns r with the fields changed that are compared.
func fieldsOfAnother(r snpreport.Report) snpreport.Report {
	r.KeyInfo ^= 4
	r.ReportedTCB[0]++
	r.ChipID[0]++
	r.Version, r.CPUID = 5, snpreport.CPUID{}
	return r
}

// Rules: END-01, END-02, END-03, END-04, END-05.
func TestCheckEndorsement(t *testing.T) {
	for _, row := range []struct {
		name, rule, product string
		version             uint32
		kind                string
		spoil               func(*mint.ReportSpec)
	}{
		{"a VCEK of Milan", "", "Milan", 2, "vcek", nil},
		{"a VCEK of Genoa", "", "Genoa", 3, "vcek", nil},
		{"a VCEK of Turin", "", "Turin", 5, "vcek", nil},
		{"a VLEK, of no chip", "", "Milan", 3, "vlek", func(r *mint.ReportSpec) { r.ChipID = [64]byte{9} }},
		{"CURRENT_TCB differs", "", "Milan", 3, "vcek", func(r *mint.ReportSpec) { r.CurrentTCB.Microcode++ }},
		{"version 2 names no product", "", "Milan", 2, "vcek", nil},
		{"the report names a VLEK", "END-01", "Milan", 3, "vcek", func(r *mint.ReportSpec) { r.KeyInfo = 1 << 2 }},
		{"the report names a VCEK", "END-01", "Milan", 3, "vlek", func(r *mint.ReportSpec) { r.KeyInfo = 0 }},
		{"CPUID of Venice", "END-02", "Turin", 5, "vcek", func(r *mint.ReportSpec) { r.Model = 0x50 }},
		{"CPUID of another product", "END-03", "Milan", 3, "vcek", func(r *mint.ReportSpec) { r.Model = 0x11 }},
		{"microcode below", "END-04", "Genoa", 3, "vcek", func(r *mint.ReportSpec) { r.ReportedTCB.Microcode-- }},
		{"fmc above", "END-04", "Turin", 5, "vcek", func(r *mint.ReportSpec) { r.ReportedTCB.FMC++ }},
		{"another chip", "END-05", "Milan", 3, "vcek", func(r *mint.ReportSpec) { r.ChipID[63]++ }},
		{"a masked CHIP_ID", "END-05", "Milan", 3, "vcek", func(r *mint.ReportSpec) { r.ChipID = [64]byte{} }},
		{"Turin's CHIP_ID goes on", "END-05", "Turin", 5, "vcek", func(r *mint.ReportSpec) { r.ChipID[8] = 1 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.spoil == nil {
				row.spoil = func(*mint.ReportSpec) {}
			}
			err := endorse(t, row.product, row.version, row.kind, row.spoil)
			wantRule(t, row.rule, err)
			var e *rule.Error
			if err != nil && (!errors.As(err, &e) || e.Message == "" || e.Expected == "" || e.Actual == "") {
				t.Errorf("%+v", e)
			}
			if unsupported := errors.Is(err, snpreport.ErrUnsupported); unsupported != (row.rule == "END-02") {
				t.Errorf("%v: unsupported %t", err, unsupported)
			}
		})
	}
}

// TestEndorsementOfNothing: what was not verified endorses nothing, and nothing is
// not endorsed.
func TestEndorsementOfNothing(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	report, err := snpreport.Parse(e.Report)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := certchain.Verify(e.Chain(), rootsOf(t, "Milan"), now)
	if err != nil {
		t.Fatal(err)
	}
	facts := *chain
	made := certchain.Chain{Product: facts.Product, SigningKey: facts.SigningKey, TCB: facts.TCB, HWID: facts.HWID, HWIDSize: facts.HWIDSize}
	wantRule(t, "END-01", made.CheckEndorsement(report))
	wantRule(t, "END-01", (*certchain.Chain)(nil).CheckEndorsement(report))
	wantRule(t, "END-01", chain.CheckEndorsement(nil))
	wantRule(t, "END-01", chain.CheckEndorsement(new(snpreport.Report)))
	wantRule(t, "", facts.CheckEndorsement(report))
}

// A chain that certifies no chip, or one of another length, endorses none. No
// certificate that the parser accepts is like that.
func TestEndorsementWithoutChip(t *testing.T) {
	spec := mint.NewReport("Milan", 2, "vcek")
	encoded := spec.Encode()
	report, err := snpreport.Parse(encoded[:])
	if err != nil {
		t.Fatal(err)
	}
	tcb, _ := report.ReportedTCB.For(snpreport.Milan)
	for _, size := range []int{0, 8, 63, 65} {
		chain := certchain.Proven(certchain.Chain{Product: snpreport.Milan, TCB: tcb, HWIDSize: size, HWID: report.ChipID})
		wantRule(t, "END-05", chain.CheckEndorsement(report))
	}
}
