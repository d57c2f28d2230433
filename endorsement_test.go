package attest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// TestEndorsement: the report is signed by the leaf's key, and yet not what the
// leaf is for.
func TestEndorsement(t *testing.T) {
	otherChip := func(s *sample) {
		id := mint.DefaultHWID(s.Product)
		id[0] ^= 1
		s.LeafSpec.Ext(mint.OIDHWID).Value = id
	}
	for _, tt := range []struct {
		name, product string
		version       uint32
		kind, rule    string
		spoil         func(s *sample)
	}{
		// Lesson: SIGNING_KEY not enforced; a VLEK passed as a VCEK skipped the chip check.
		{"VLEK signs, report says VCEK", "Milan", 3, "vlek", "END-01", func(s *sample) { s.Spec.KeyInfo = 0 }},
		{"VCEK signs, report says VLEK", "Milan", 3, "vcek", "END-01", func(s *sample) { s.Spec.KeyInfo = 1 << 2 }},
		{"CPUID zero", "Milan", 3, "vcek", "END-02", func(s *sample) { s.Spec.Family, s.Spec.Model, s.Spec.Stepping = 0, 0, 0 }},
		{"CPUID unknown", "Milan", 3, "vcek", "END-02", func(s *sample) { s.Spec.Model = 0x20 }},
		{"CPUID of Venice", "Turin", 5, "vcek", "END-02", func(s *sample) { s.Spec.Model = 0x50 }},
		{"Genoa's CPUID, Milan's certificate", "Milan", 3, "vcek", "END-03", func(s *sample) { s.Spec.Model = 0x11 }},
		{"Milan's CPUID, Genoa's certificate", "Genoa", 5, "vcek", "END-03", func(s *sample) { s.Spec.Model = 0x01 }},
		{"Milan's CPUID, Genoa's VLEK", "Genoa", 3, "vlek", "END-03", func(s *sample) { s.Spec.Model = 0x01 }},
		{"bootloader", "Milan", 3, "vcek", "END-04", func(s *sample) { s.Spec.ReportedTCB.BootLoader-- }},
		{"tee", "Milan", 3, "vcek", "END-04", func(s *sample) { s.Spec.ReportedTCB.TEE++ }},
		{"snp", "Genoa", 3, "vcek", "END-04", func(s *sample) { s.Spec.ReportedTCB.SNP-- }},
		{"microcode", "Genoa", 3, "vlek", "END-04", func(s *sample) { s.Spec.ReportedTCB.Microcode++ }},
		{"fmc", "Turin", 5, "vcek", "END-04", func(s *sample) { s.Spec.ReportedTCB.FMC++ }},
		{"Turin's other chip", "Turin", 5, "vcek", "END-05", otherChip},
		{"Milan's other chip", "Milan", 2, "vcek", "END-05", otherChip},
		// Lesson: a masked CHIP_ID skipped the chip check.
		{"masked chip id", "Milan", 3, "vcek", "END-05", func(s *sample) { s.Spec.ChipID = [64]byte{} }},
		{"masked chip id, and a certificate of no chip", "Milan", 3, "vcek", "END-05", func(s *sample) {
			s.Spec.ChipID = [64]byte{}
			s.LeafSpec.Ext(mint.OIDHWID).Value = make([]byte, 64)
		}},
		{"masked chip id of Turin", "Turin", 5, "vcek", "END-05", func(s *sample) { s.Spec.ChipID = [64]byte{} }},
		// Lesson: an identifier compared by a prefix of somebody else's length.
		{"Turin's chip id goes on", "Turin", 5, "vcek", "END-05", func(s *sample) { s.Spec.ChipID[8] = 1 }},
		{"last byte of the chip id", "Genoa", 5, "vcek", "END-05", func(s *sample) { s.Spec.ChipID[63] ^= 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSample(tt.product, tt.version, tt.kind)
			tt.spoil(s)
			_, err := s.verifier(t).Verify(s.evidence(), at)
			wantError(t, err, "EndorsementMismatchError", tt.rule)
		})
	}
}

// TestEndorsementAccepted: what looks like a mismatch and is none.
func TestEndorsementAccepted(t *testing.T) {
	for _, tt := range []struct {
		name, product string
		version       uint32
		kind          string
		change        func(s *sample)
	}{
		// Lesson: another TCB than REPORTED_TCB compared with the certificate.
		{"current and launch TCB differ", "Milan", 3, "vcek", func(s *sample) { s.Spec.CurrentTCB.Microcode++; s.Spec.LaunchTCB.Microcode-- }},
		// Lesson: the stepping of productName compared with the report's.
		{"stepping differs", "Milan", 3, "vcek", func(s *sample) { s.Spec.Stepping = 2 }},
		// Lesson: Zen 4c models unknown.
		{"Siena is Genoa", "Genoa", 5, "vcek", func(s *sample) { s.Spec.Model, s.Spec.Stepping = 0xA0, 2 }},
		{"Turin Dense is Turin", "Turin", 5, "vcek", func(s *sample) { s.Spec.Model, s.Spec.Stepping = 0x11, 0 }},
		// Lesson: layout chosen by report version; version 4 on Milan read as Turin's.
		{"version 4 of Milan", "Milan", 4, "vcek", func(*sample) {}},
		{"version 5 of Genoa", "Genoa", 5, "vcek", func(*sample) {}},
		{"version 2 of Turin", "Turin", 2, "vcek", func(*sample) {}},
		// Lesson: unknown PLATFORM_INFO bits as a hard error; real Turin sets bit 6.
		{"platform bit 6", "Turin", 5, "vcek", func(s *sample) { s.Spec.PlatformInfo |= 1 << 6 }},
		{"platform bit 40", "Turin", 5, "vcek", func(s *sample) { s.Spec.PlatformInfo |= 1 << 40 }},
		// Lesson: firmware that is not committed refused by default.
		{"provisional firmware", "Milan", 3, "vcek", func(s *sample) { s.Spec.Current.Build++; s.Spec.CurrentTCB.SNP++ }},
		{"VLEK with a chip id", "Milan", 3, "vlek", func(s *sample) { s.Spec.ChipID = mint.DefaultChipID("Milan") }},
		{"REPORT_DATA uses all 64 bytes", "Milan", 3, "vcek", func(*sample) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSample(tt.product, tt.version, tt.kind)
			tt.change(s)
			if _, err := s.verifier(t).Verify(s.evidence(), at); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWrongLeafIsNamed: a report with the certificate of another product, kind, level
// or chip is refused for its signature, and the message says by what they differ.
func TestWrongLeafIsNamed(t *testing.T) {
	milan, vlek := mint.Evidence("Milan", 3, "vcek"), mint.Evidence("Milan", 3, "vlek")
	changed := append([]byte(nil), milan.Report...)
	changed[0x90] ^= 1
	level := append([]byte(nil), milan.Report...)
	level[0x187]-- // microcode of REPORTED_TCB
	chip := append([]byte(nil), milan.Report...)
	chip[0x1A0] ^= 1
	for _, c := range []struct {
		name         string
		report, leaf []byte
		want         []string
	}{
		{"Genoa's report", mint.Evidence("Genoa", 3, "vcek").Report, milan.Leaf, []string{"not authenticated", "another product", "certificate Milan, report Genoa"}},
		{"a VLEK", milan.Report, vlek.Leaf, []string{"not authenticated", "another kind of signing key", "certificate vlek, report vcek"}},
		{"another level", level, milan.Leaf, []string{"not authenticated", "REPORTED_TCB is not the TCB"}},
		{"another chip", chip, milan.Leaf, []string{"not authenticated", "CHIP_ID is not the chip"}},
		{"a changed report", changed, milan.Leaf, []string{"name the same product, chip and TCB, so the report itself was changed"}},
	} {
		intermediate := milan.Intermediate
		if c.name == "a VLEK" {
			intermediate = vlek.Intermediate
		}
		roots, err := certchain.NewRoots(milan.ARK)
		if err != nil {
			t.Fatal(err)
		}
		v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default().Relax(policy.Relax{VLEK: true}), AMDRoots: roots})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(attest.ReportEvidence{Report: c.report, Certificates: [][]byte{c.leaf, intermediate}}, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		var refused *attest.ReportSignatureInvalidError
		if !errors.As(err, &refused) || refused.Requirement() != "RPT-23" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(refused.Message, want) {
				t.Errorf("%s: no %q in %q", c.name, want, refused.Message)
			}
		}
	}
}
