package carrier_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

var at = mint.NotBefore.Add(24 * time.Hour)

// issued returns the leaf of e, changed.
func issued(e *mint.Set, change func(*mint.CertSpec)) []byte {
	spec := e.LeafSpec
	spec.Extensions = slices.Clone(spec.Extensions)
	change(&spec)
	return spec.Encode(e.LeafSigner())
}

func from(days int) func(*mint.CertSpec) {
	return func(s *mint.CertSpec) {
		s.SetValidity(at.Add(time.Duration(days)*24*time.Hour), at.Add(time.Duration(days+10)*24*time.Hour))
	}
}

func choose(t *testing.T, report []byte, ders ...[]byte) carrier.Choice {
	t.Helper()
	r, err := snpreport.Parse(report)
	if err != nil {
		t.Fatal(err)
	}
	var bag []carrier.Certificate
	for i, der := range ders {
		bag = append(bag, carrier.Certificate{DER: der, Source: fmt.Sprintf("file %d", i)})
	}
	c, err := carrier.Choose(r, bag, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestChoose: out of a larger bag exactly the chain of the report.
// Rules: FRM-50, FRM-51, FRM-52.
func TestChoose(t *testing.T) {
	if _, err := carrier.Choose(nil, []carrier.Certificate{{}}, at); err == nil {
		t.Error("certificates of no report were chosen")
	}
	vcek, vlek := mint.Evidence("Milan", 3, "vcek"), mint.Evidence("Milan", 3, "vlek")
	genoa := mint.Evidence("Genoa", 3, "vcek")
	otherTCB := issued(vcek, func(s *mint.CertSpec) { s.Ext(mint.OIDBlSPL).Value = mint.Integer(200) })
	otherChip := mint.VCEK("Milan", mint.DefaultTCB("Milan"), make([]byte, 64)).Encode(vcek.LeafSigner())
	older, newer, future := issued(vcek, from(-5)), issued(vcek, from(-1)), issued(vcek, from(2))
	garbage := []byte{0x30, 0x82, 1}
	least, most := newer, issued(vcek, func(s *mint.CertSpec) { from(-1)(s); s.Serial = []byte{1} })
	if bytes.Compare(least, most) > 0 {
		least, most = most, least
	}
	ended := issued(vcek, func(s *mint.CertSpec) { s.SetValidity(at.Add(-2*time.Hour), at.Add(-time.Hour)) })
	chip := func(byteOf int) []byte {
		id := bytes.Clone(vcek.Spec.ChipID[:])
		id[byteOf] ^= 1
		spec := mint.VCEK("Milan", mint.DefaultTCB("Milan"), id)
		from(-1)(&spec) // which would make it the first one
		return spec.Encode(vcek.LeafSigner())
	}
	between := func(from, to int) []byte { // in seconds from the time
		return issued(vcek, func(s *mint.CertSpec) {
			s.SetValidity(at.Add(time.Duration(from)*time.Second), at.Add(time.Duration(to)*time.Second))
		})
	}
	everything := slices.Concat([][]byte{garbage}, genoa.Chain(), vlek.Chain(), [][]byte{otherTCB, otherChip}, vcek.Chain())
	for _, tt := range []struct {
		name        string
		report      []byte
		bag, wanted [][]byte
	}{
		{"nothing", vcek.Report, nil, nil},
		{"the chain", vcek.Report, vcek.Chain(), vcek.Chain()},
		{"VCEK out of all", vcek.Report, everything, vcek.Chain()},
		{"VLEK out of all", vlek.Report, everything, vlek.Chain()},
		{"Genoa out of all", genoa.Report, everything, genoa.Chain()},
		{"leaf alone", vcek.Report, [][]byte{vlek.Leaf, vcek.Leaf}, [][]byte{vcek.Leaf}},
		{"no intermediate", vcek.Report, [][]byte{vcek.ARK, vcek.Leaf}, [][]byte{vcek.Leaf, vcek.ARK}},
		{"the later one", vcek.Report, [][]byte{older, newer}, [][]byte{newer}},
		{"the valid one", vcek.Report, [][]byte{future, older}, [][]byte{older}},
		{"the lesser bytes", vcek.Report, [][]byte{most, least}, [][]byte{least}},
		{"the same twice", vcek.Report, [][]byte{newer, newer}, [][]byte{newer}},
		{"none fits: the first of the kind", vcek.Report, [][]byte{vlek.Leaf, otherChip, otherTCB}, [][]byte{otherChip}},
		{"none of the kind", vcek.Report, [][]byte{garbage, vlek.Leaf, vcek.ARK}, [][]byte{vlek.Leaf, vcek.ARK}},
		{"none that can be parsed", vcek.Report, [][]byte{vcek.ARK, garbage}, [][]byte{garbage}},
		{"a VCEK for a VLEK", vlek.Report, [][]byte{vcek.ARK, vcek.Leaf}, [][]byte{vcek.Leaf, vcek.ARK}},
		{"a VLEK behind its ASVK", vcek.Report, [][]byte{vlek.Intermediate, vlek.Leaf}, [][]byte{vlek.Leaf, vlek.Intermediate}},
		{"a chip that differs in the first byte", vcek.Report, [][]byte{chip(0), vcek.Leaf}, [][]byte{vcek.Leaf}},
		{"a chip that differs in the last byte", vcek.Report, [][]byte{chip(63), vcek.Leaf}, [][]byte{vcek.Leaf}},
		{"the valid one before a later one that has ended", vcek.Report, [][]byte{ended, older}, [][]byte{older}},
		{"one that begins now", vcek.Report, [][]byte{between(1, 9), between(0, 9)}, [][]byte{between(0, 9)}},
		{"one that ends now", vcek.Report, [][]byte{between(-1, -1), between(-2, 0)}, [][]byte{between(-2, 0)}},
		{"no leaf", vcek.Report, [][]byte{vcek.ARK, vcek.Intermediate}, [][]byte{vcek.ARK}},
	} {
		c := choose(t, tt.report, tt.bag...)
		if !slices.EqualFunc(c.Certificates, tt.wanted, bytes.Equal) {
			t.Errorf("%s: chosen %d, want %d", tt.name, len(c.Certificates), len(tt.wanted))
		}
		if len(c.Certificates)+len(c.LeftOut) != len(tt.bag) {
			t.Errorf("%s: %d left out: %q", tt.name, len(c.LeftOut), c.LeftOut)
		}
	}
	if c := choose(t, vcek.Report, vcek.Leaf, garbage); !strings.HasPrefix(c.LeftOut[0], "file 1, SHA-256 ") {
		t.Error(c.LeftOut)
	}
	r, _ := snpreport.Parse(vcek.Report)
	if _, err := carrier.Choose(r, make([]carrier.Certificate, 32), at); err != nil {
		t.Errorf("32 certificates: %v", err)
	}
	v, _ := snpreport.Parse(vlek.Report)
	v.ChipID[0] = 1 // of no matter for a VLEK
	otherVLEK := issued(vlek, func(s *mint.CertSpec) { s.Ext(mint.OIDBlSPL).Value = mint.Integer(200) })
	if c, err := carrier.Choose(v, []carrier.Certificate{{DER: otherVLEK}, {DER: vlek.Leaf}}, at); err != nil || !bytes.Equal(c.Certificates[0], vlek.Leaf) {
		t.Errorf("VLEK with a chip: %v", err)
	}
	if c, err := carrier.Choose(r, make([]carrier.Certificate, 33), at); ruleOf(err) != "FRM-41" || c.Certificates != nil {
		t.Errorf("33 certificates: %v", err)
	}
}

// TestChosenNamesTheDifference: with a leaf that does not fit, the verifier says why.
func TestChosenNamesTheDifference(t *testing.T) {
	vcek, vlek := mint.Evidence("Milan", 3, "vcek"), mint.Evidence("Milan", 3, "vlek")
	for rule, leaf := range map[string][]byte{
		"END-04": issued(vcek, func(s *mint.CertSpec) { s.Ext(mint.OIDBlSPL).Value = mint.Integer(200) }),
		"END-05": mint.VCEK("Milan", mint.DefaultTCB("Milan"), make([]byte, 64)).Encode(vcek.LeafSigner()),
		"<nil>":  vcek.Leaf,
	} {
		c := choose(t, vcek.Report, slices.Concat(vlek.Chain(), [][]byte{leaf, vcek.Intermediate, vcek.ARK})...)
		if got := verdict(t, vcek.Report, c.Certificates); got != rule {
			t.Errorf("got %q, want %q", got, rule)
		}
	}
}

// verdict verifies a report and returns the rule that it breaks, or "".
func verdict(t interface{ Fatal(...any) }, report []byte, certificates [][]byte) string {
	roots, err := certchain.NewRoots(mint.CACert("ARK-Milan"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: roots})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(attest.ReportEvidence{Report: report, Certificates: certificates}, at)
	var refused attest.AttestationError
	if errors.As(err, &refused) {
		return refused.Requirement()
	}
	return fmt.Sprint(err)
}
