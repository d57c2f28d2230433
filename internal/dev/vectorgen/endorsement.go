package main

import (
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// endorsementSections hold the report against its leaf.
func endorsementSections() []section {
	const err = "EndorsementMismatchError"
	cpuid := func(family, model, stepping uint8) func(X) {
		return func(x X) { x.Spec.Family, x.Spec.Model, x.Spec.Stepping = family, model, stepping }
	}
	differs := func(product, name string, delta int) func(X) { // the leaf in one level
		return func(x X) { x.setTCB(ample(product)); x.certify(add(ample(product), name, delta)) }
	}
	all := []section{}
	for _, dies := range []struct {
		product string
		edges   [2][]uint16 // families and models that are of it, and that are not
	}{
		{"Milan", [2][]uint16{{0x1900, 0x190F}, {0x1910, 0x1A00}}},
		{"Genoa", [2][]uint16{{0x1910, 0x191F, 0x19A0, 0x19AF}, {0x190F, 0x1920, 0x199F, 0x19B0, 0x1A11}}},
		{"Turin", [2][]uint16{{0x1A00, 0x1A0F, 0x1A10, 0x1A1F}, {0x1A20, 0x1901}}},
	} {
		product, edges := dies.product, dies.edges
		s := section{"die-" + strings.ToLower(product), hardware(product, 4, "vcek"), err, nil}
		for i, models := range edges {
			for _, m := range models {
				w, comment := yes("END-02"), "a die of "+product+": the stepping, and the productName of the leaf, decide nothing"
				if i == 1 {
					w, comment = no(dieRule(m), "END-02"), "a die that is not of "+product
				}
				s.rows = append(s.rows, row{fmt.Sprintf("%02x-%02x", m>>8, m&0xFF), w, comment, cpuid(uint8(m>>8), uint8(m), 2)})
			}
		}
		for _, name := range components(product) {
			s.rows = append(s.rows, row{"leaf-below-" + name, no("END-04"), "the report claims a higher " + name + " than AMD certified", differs(product, name, -1)})
		}
		s.rows = append(s.rows, row{"leaf-above-snp", no("END-04"), "and not a lower one: the leaf is of another key", differs(product, "snp", 1)})
		all = append(all, s)
	}

	genoa := section{"endorsement", hardware("Genoa", 5, "vcek"), err, []row{
		{"vcek-said-to-be-a-vlek", no("END-01"), "the report names the other kind of key", func(x X) { x.Spec.KeyInfo = 1 << 2 }},
		{"stepping-above-15", yes("END-02", "RPT-23"), "a stepping of a byte, which no text of a die has", func(x X) { x.Spec.Stepping = 0x1F }},
		{"cpuid-zero", no("END-02"), "from version 3 on the processor is named", cpuid(0, 0, 0)},
		{"cpuid-venice", no("END-02"), "known by name, and not supported", cpuid(0x1A, 0x50, 0)},
		{"cpuid-unknown-family", no("END-02"), "an older processor", cpuid(0x17, 0x31, 0)},
		{"current-tcb-above-the-leaf", yes("END-04"), "only REPORTED_TCB is compared: a host may report less than it runs", func(x X) {
			x.Spec.CurrentTCB.SNP, x.Spec.CurrentTCB.Microcode = 30, 90
			x.Spec.CommittedTCB.SNP = 25
		}},
		{"reported-above-committed", yes("END-04"), "the order among the report's own levels is shown, not judged", func(x X) { x.Spec.CommittedTCB.SNP--; x.Spec.CurrentTCB.SNP -= 2 }},
		{"leaf-of-current-tcb", no("END-04"), "a certificate that was asked for with CURRENT_TCB", func(x X) {
			x.Spec.CurrentTCB.SNP = 30
			x.certify(x.Spec.CurrentTCB)
		}},
		{"launch-tcb-below-the-leaf", yes("END-04"), "the guest was launched before an update", func(x X) { x.Spec.LaunchTCB.SNP = 3 }},
		{"chip-first-byte", no("END-05"), "another chip", func(x X) { x.Spec.ChipID[0] ^= 1 }},
		{"chip-last-byte", no("END-05"), "all 64 bytes are compared", func(x X) { x.Spec.ChipID[63] ^= 0x80 }},
		{"chip-masked", no("END-05"), "a zero CHIP_ID under a VCEK: never a reason to skip the comparison", func(x X) { x.Spec.ChipID = [64]byte{} }},
		{"chip-and-hwid-zero", no("END-05"), "a zero CHIP_ID names no chip, even where the certificate names none either", func(x X) {
			x.Spec.ChipID = [64]byte{}
			x.LeafSpec.Ext(mint.OIDHWID).Value = make([]byte, 64)
		}},
		{"chip-8-bytes-only", no("END-05"), "Genoa's chips are not named by 8 bytes", func(x X) { clear(x.Spec.ChipID[8:]) }},
	}}
	turin := section{"endorsement-turin", hardware("Turin", 5, "vcek"), err, []row{
		{"chip-byte-7", no("END-05"), "the last byte of the id", func(x X) { x.Spec.ChipID[7] ^= 1 }},
		{"chip-byte-8", no("END-05"), "56 zero bytes follow it", func(x X) { x.Spec.ChipID[8] = 1 }},
		{"chip-byte-63", no("END-05"), "all of them", func(x X) { x.Spec.ChipID[63] = 1 }},
		{"chip-masked", no("END-05"), "a zero CHIP_ID", func(x X) { x.Spec.ChipID = [64]byte{} }},
	}}
	vlek := section{"endorsement-vlek", hardware("Milan", 3, "vlek"), err, []row{
		{"passed-as-a-vcek", no("END-01"), "a VLEK whose report says VCEK: no chip stands behind it", func(x X) { x.Spec.KeyInfo = 0 }},
		{"genoa-die", no("END-03"), "the product counts for a VLEK too", func(x X) { x.Spec.Model = 0x11 }},
		{"chip-given", yes("END-06"), "under a VLEK no chip is certified; a CHIP_ID proves nothing, and is no error", func(x X) { x.Spec.ChipID = mint.DefaultChipID("Milan") }},
		{"leaf-below-microcode", no("END-04"), "the level counts for a VLEK too", func(x X) { x.certify(add(x.Spec.ReportedTCB, "microcode", -1)) }},
	}}
	other := section{"endorsement-v2", hardware("Milan", 2, "vcek"), err, []row{
		{"turin-layout", no("END-04"), "version 2 names no product: the chain's decides how a TCB is read", func(x X) {
			x.BeforeSigning = func(r []byte) {
				t := mint.TCB{FMC: x.Spec.ReportedTCB.BootLoader, BootLoader: x.Spec.ReportedTCB.TEE, SNP: x.Spec.ReportedTCB.SNP, Microcode: x.Spec.ReportedTCB.Microcode}
				b := t.Encode("Turin")
				copy(r[0x180:], b[:])
			}
		}},
	}}
	return append(all, genoa, turin, vlek, other)
}

// dieRule tells a die of another product from one of none.
func dieRule(m uint16) string {
	switch {
	case m>>8 == 0x19 && (m&0xFF < 0x20 || m&0xF0 == 0xA0), m>>8 == 0x1A && m&0xFF < 0x20:
		return "END-03"
	}
	return "END-02"
}
