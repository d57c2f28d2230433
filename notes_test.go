package attest_test

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// TestNotes: what is not judged is said, and only when there is something to say.
// Rules: END-06, WRN-01.
func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		name, product, kind string
		change              func(s *sample)
		want                string // part of the only note; "": none
	}{
		{"nothing", "Genoa", "vcek", func(s *sample) {}, ""},
		{"platform bit", "Genoa", "vcek", func(s *sample) { s.Spec.PlatformInfo |= 1 << 40 }, "bits without a name: 0x10000000000"},
		{"VLEK", "Genoa", "vlek", func(s *sample) {}, mint.DefaultCSPID},
		{"firmware", "Genoa", "vcek", func(s *sample) { s.Spec.Current.Build++ }, "is not committed"},
		{"reported above committed", "Genoa", "vcek", func(s *sample) { s.Spec.CommittedTCB.SNP-- }, "REPORTED_TCB ("},
		{"committed above current", "Genoa", "vcek", func(s *sample) { s.Spec.CommittedTCB.SNP++ }, "COMMITTED_TCB ("},
		{"a tail that is zero", "Genoa", "vcek", func(s *sample) { s.rules.ReportData = "" }, ""},
		{"tail of REPORT_DATA", "Genoa", "vcek", func(s *sample) { s.Spec.ReportData[63] = 1; s.rules.ReportData = "" }, "REPORT_DATA[32:64]"},
		{"tail that was judged", "Genoa", "vcek", func(s *sample) {
			s.Spec.ReportData[63] = 1
			s.rules.ReportData = s.rules.ReportData[:126] + "01"
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSample(tt.product, 5, tt.kind)
			s.Spec.ReportData[63] = 0
			clear(s.Spec.ReportData[32:])
			s.rules.ReportData = s.rules.ReportData[:64] + strings.Repeat("0", 64)
			tt.change(s)
			result, err := s.verifier(t).Verify(s.evidence(), at)
			if err != nil {
				t.Fatal(err)
			}
			if (tt.want == "") != (len(result.Notes) == 0) || tt.want != "" && !strings.Contains(result.Notes[0], tt.want) {
				t.Errorf("notes %q, want %q", result.Notes, tt.want)
			}
			if len(result.Warnings) != 0 || len(result.Limits) == 0 {
				t.Errorf("warnings %v, limits %v", result.Warnings, result.Limits)
			}
		})
	}
	s := newSample("Genoa", 3, "vcek")
	s.Spec.CurrentTCB.SNP--
	result, err := s.verifier(t).Verify(s.evidence(), at)
	if err != nil || len(result.Notes) != 2 || !strings.HasPrefix(result.Notes[1], "REPORTED_TCB (") || !strings.Contains(result.Notes[1], "above CURRENT_TCB") {
		t.Errorf("%+v %v", result, err)
	}
	s = newSample("Milan", 3, "vcek")
	result, err = s.verifier(t).Verify(s.evidence(), at)
	if err == nil && (len(result.Limits) != 2 || !strings.Contains(result.Limits[0], "no connection") || !strings.Contains(result.Limits[1], "no time")) {
		t.Errorf("limits of a report: %q", result.Limits)
	}
	if err != nil || len(result.Warnings) != 1 || result.Warnings[0].Source != "arXiv 2605.12990" {
		t.Errorf("%+v %v", result, err)
	}
}

// TestManyCRLs: each is checked, and so their number is bounded.
func TestManyCRLs(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	for len(e.CRLs) < 4 {
		e.CRLs = append(e.CRLs, e.CRLs[0])
	}
	if _, err := s.verifier(t).Verify(e, at); err != nil {
		t.Error(err)
	}
	e.CRLs = append(e.CRLs, e.CRLs[0])
	_, err := s.verifier(t).Verify(e, at)
	wantError(t, err, "CRLInvalidError", "CRL-22")
	// One bad one among good ones is enough.
	e.CRLs = e.CRLs[:3]
	s.crl.Revoke(serials["Milanvcek"]...)
	e.CRLs[2] = s.evidence().CRLs[0]
	_, err = s.verifier(t).Verify(e, at)
	wantError(t, err, "CertRevokedError", "")
}
