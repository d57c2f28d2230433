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
