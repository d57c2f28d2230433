package attest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

var at = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// testRoots are the synthetic roots.
func testRoots(t testing.TB) *certchain.Roots {
	t.Helper()
	roots, err := madeRoots()
	if err != nil {
		t.Fatal(err)
	}
	return roots
}

var madeRoots = sync.OnceValues(func() (*certchain.Roots, error) {
	var arks [][]byte
	for _, p := range mint.Products {
		arks = append(arks, mint.CACert("ARK-"+p))
	}
	return certchain.NewRoots(arks...)
})

// A sample is evidence with the configuration that accepts it. Each part can be
// spoiled before it is used.
type sample struct {
	*mint.Set
	crl    mint.CRLSpec
	rules  policy.Rules
	relax  policy.Relax
	signed func(report []byte) // changes the report after it was signed
}

func newSample(product string, version uint32, kind string) *sample {
	e := mint.Evidence(product, version, kind)
	s := &sample{Set: e, crl: mint.CRL(product), relax: policy.Relax{VLEK: kind == "vlek"}}
	floor := policy.Floor{snpreport.BootLoader: 1, snpreport.TEE: 0, snpreport.SNP: 1, snpreport.Microcode: 1, snpreport.FMC: 1}
	s.rules = policy.Rules{
		Measurements: []string{hex.EncodeToString(e.Spec.Measurement[:])},
		MinTCB:       &policy.Floors{Any: floor},
		ReportData:   new(hex.EncodeToString(e.Spec.ReportData[:])),
	}
	return s
}

func (s *sample) verifier(t testing.TB) *attest.ReportVerifier {
	t.Helper()
	demands, err := policy.New(s.rules)
	if err != nil {
		t.Fatal(err)
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{
		Policy: policy.Intersect(policy.Default(), demands).Relax(s.relax), AMDRoots: testRoots(t), RequireCRL: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *sample) evidence() attest.ReportEvidence {
	s.Resign()
	s.Reissue()
	report := bytes.Clone(s.Report)
	if s.signed != nil {
		s.signed(report)
	}
	return attest.ReportEvidence{
		Report:       report,
		Certificates: [][]byte{mint.PEM(s.Leaf, s.Intermediate, s.ARK)},
		CRLs:         [][]byte{s.crl.Encode(mint.CAKey("ARK-" + s.Product))},
	}
}

// each calls f with every combination that can exist.
func each(t *testing.T, f func(t *testing.T, s *sample)) {
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version += uint32(stress.Of(3, 1)) {
			for _, kind := range []string{"vcek", "vlek"} {
				t.Run(fmt.Sprintf("%s-v%d-%s", product, version, kind), func(t *testing.T) { f(t, newSample(product, version, kind)) })
			}
		}
	}
}

func TestReportAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *sample) {
		result, err := s.verifier(t).Verify(s.evidence(), at)
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Chain.Product.String(); got != s.Product {
			t.Errorf("product %s, want %s", got, s.Product)
		}
		if result.Report.Measurement != s.Spec.Measurement || !result.At.Equal(at) || !result.CustomRoots {
			t.Errorf("result %+v", result)
		}
		var want []string
		for step := 1; step <= 19; step++ {
			want = append(want, attest.Pass)
			if step < 8 || step == 15 || step == 16 || step == 19 {
				want[step-1] = attest.NotApplicable
			}
		}
		var got []string
		for i, c := range result.Checks {
			got = append(got, c.Status)
			if c.Step != i+1 || c.ID == "" || c.Requirement == "" {
				t.Errorf("check %d: %+v", i, c)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// spoilers fail one step each, in the order of the steps. Each leaves the rest
// of the evidence valid.
var spoilers = []struct {
	step  int
	typ   string
	rule  string
	spoil func(s *sample)
}{
	{8, "ReportInvalidError", "RPT-10", func(s *sample) {
		was := s.signed
		s.signed = func(r []byte) {
			r[0x1EB] = 1
			mint.Sign(r, s.Key)
			if was != nil {
				was(r)
			}
		}
	}},
	{9, "CertChainInvalidError", "", func(s *sample) { s.LeafSpec.Mangle = func(b []byte) []byte { b[9] ^= 1; return b } }},
	{10, "CertRevokedError", "", func(s *sample) { s.crl.Revoke(serials[s.Product+s.Kind]...) }},
	{11, "ReportSignatureInvalidError", "RPT-23", func(s *sample) {
		was := s.signed
		s.signed = func(r []byte) {
			if was != nil {
				was(r)
			}
			r[0x2A0] ^= 1
		}
	}},
	{12, "EndorsementMismatchError", "END-04", func(s *sample) { s.Spec.ReportedTCB.SNP++ }},
	{13, "PolicyViolationError", "", func(s *sample) { s.Spec.Policy |= 1 << 19 }},
	{14, "MeasurementNotAllowedError", "", func(s *sample) { s.Spec.Measurement[0] ^= 1 }},
	{17, "TCBBelowFloorError", "", func(s *sample) { s.Spec.CommittedTCB.Microcode = 0 }},
	{18, "ReportDataMismatchError", "", func(s *sample) { s.Spec.ReportData[0] ^= 1 }},
}

// serials of the synthetic intermediates: AMD's.
var serials = map[string][]byte{
	"Milanvcek": {1, 0, 1}, "Milanvlek": {1, 1, 1}, "Genoavcek": {2, 0, 2}, "Genoavlek": {2, 1, 1}, "Turinvcek": {3, 0, 1}, "Turinvlek": {3, 1, 1},
}

func TestReportRefused(t *testing.T) {
	for _, sp := range spoilers {
		t.Run(sp.typ, func(t *testing.T) {
			each(t, func(t *testing.T, s *sample) {
				sp.spoil(s)
				result, err := s.verifier(t).Verify(s.evidence(), at)
				wantError(t, err, sp.typ, sp.rule)
				if result != nil {
					t.Error("a result next to an error")
				}
			})
		})
	}
}

// wantError checks the type, that the error is an AttestationError with a rule,
// and that it says what was expected and what came.
func wantError(t *testing.T, err error, typ, rule string) {
	t.Helper()
	var a attest.AttestationError
	if !errors.As(err, &a) {
		t.Fatalf("%v is no AttestationError", err)
	}
	if got := attest.ErrorType(a); got != typ {
		t.Errorf("%s (%v), want %s", got, err, typ)
	}
	if a.Requirement() == "" || rule != "" && a.Requirement() != rule {
		t.Errorf("rule %q, want %q", a.Requirement(), rule)
	}
}

// TestOrder: evidence that fails two steps reports the earlier one.
func TestOrder(t *testing.T) {
	for i, first := range spoilers {
		for _, second := range spoilers[i+1:] {
			t.Run(fmt.Sprintf("%d-%d", first.step, second.step), func(t *testing.T) {
				s := newSample("Milan", 3, "vcek")
				first.spoil(s)
				second.spoil(s)
				_, err := s.verifier(t).Verify(s.evidence(), at)
				wantError(t, err, first.typ, first.rule)
			})
		}
	}
}

// TestAudit: an audit runs what can be run and has the verdict of Verify.
func TestAudit(t *testing.T) {
	// What still runs behind a failed step.
	runs := map[int][]int{
		8: {9, 10}, 9: {8}, 10: {8, 9, 11, 12, 13, 14, 17, 18}, 11: {8, 9, 10}, 12: {8, 9, 10, 11},
		13: {8, 9, 10, 11, 12, 14, 17, 18}, 14: {8, 9, 10, 11, 12, 13, 17, 18},
		17: {8, 9, 10, 11, 12, 13, 14, 18}, 18: {8, 9, 10, 11, 12, 13, 14, 17},
	}
	for _, sp := range spoilers {
		t.Run(sp.typ, func(t *testing.T) {
			s := newSample("Genoa", 5, "vcek")
			sp.spoil(s)
			a := s.verifier(t).Audit(s.evidence(), at)
			wantError(t, a.Err, sp.typ, sp.rule)
			if a.Result != nil {
				t.Error("a result next to an error")
			}
			for _, c := range a.Checks {
				want := attest.NotReached
				switch {
				case c.Step < 8 || c.Step == 15 || c.Step == 16 || c.Step == 19:
					want = attest.NotApplicable
				case c.Step == sp.step:
					want = attest.Fail
				case slices.Contains(runs[sp.step], c.Step):
					want = attest.Pass
				}
				if c.Status != want {
					t.Errorf("step %d is %s (%s), want %s", c.Step, c.Status, c.Reason, want)
				}
			}
		})
	}
}

// TestPolicyViolations: all of them are listed, and the error describes the first.
func TestPolicyViolations(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	s.Spec.Policy |= 1<<19 | 1<<18
	s.Spec.VMPL = 2
	_, err := s.verifier(t).Verify(s.evidence(), at)
	var p *attest.PolicyViolationError
	if !errors.As(err, &p) || len(p.Violations) != 3 {
		t.Fatalf("%v", err)
	}
	if p.Rule != p.Violations[0].Rule || p.Expected == "" || p.Actual == "" {
		t.Errorf("%+v", p.Failure)
	}
}

func TestMeasurementError(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	s.Spec.Measurement[0] ^= 1
	_, err := s.verifier(t).Verify(s.evidence(), at)
	var m *attest.MeasurementNotAllowedError
	if !errors.As(err, &m) {
		t.Fatal(err)
	}
	if m.Measurement != hex.EncodeToString(s.Spec.Measurement[:]) || !slices.Equal(m.Allowed, s.rules.Measurements) {
		t.Errorf("%+v", m)
	}
}

// TestNothingDemanded: what no policy demands is said to be unchecked.
func TestNothingDemanded(t *testing.T) {
	s := newSample("Turin", 5, "vcek")
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t)})
	if err != nil {
		t.Fatal(err)
	}
	e := s.evidence()
	e.CRLs = nil
	result, err := v.Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Checks {
		if slices.Contains([]int{10, 14, 17, 18}, c.Step) && (c.Status != attest.NotChecked || c.Reason == "") {
			t.Errorf("%+v", c)
		}
	}
	for _, name := range []string{"measurements", "min_tcb", "report_data", "host_data", "revocation"} {
		if !slices.ContainsFunc(result.NotChecked, func(n policy.Unchecked) bool { return n.Name == name && n.Reason != "" }) {
			t.Errorf("%s is missing in %q", name, result.NotChecked)
		}
	}
}

func TestCRLRequired(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	e.CRLs = nil
	_, err := s.verifier(t).Verify(e, at)
	wantError(t, err, "CRLInvalidError", "CRL-01")
	e.CRLs = [][]byte{{}}
	_, err = s.verifier(t).Verify(e, at)
	wantError(t, err, "CRLInvalidError", "")
	s.crl.Version = mint.Integer(0)
	_, err = s.verifier(t).Verify(s.evidence(), at)
	wantError(t, err, "CRLInvalidError", "")
}

func TestConfiguration(t *testing.T) {
	for name, c := range map[string]attest.ReportConfig{
		"zero":        {},
		"zero policy": {AMDRoots: testRoots(t)},
		"no roots":    {Policy: policy.Default(), AMDRoots: new(certchain.Roots)},
	} {
		if v, err := attest.NewReportVerifier(c); err == nil || v != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	for name, verify := range map[string]func() (*attest.Result, error){
		"zero time":     func() (*attest.Result, error) { return s.verifier(t).Verify(e, time.Time{}) },
		"zero verifier": func() (*attest.Result, error) { return new(attest.ReportVerifier).Verify(e, at) },
		"nil verifier":  func() (*attest.Result, error) { return (*attest.ReportVerifier)(nil).Verify(e, at) },
	} {
		var a attest.AttestationError
		if result, err := verify(); err == nil || result != nil || errors.As(err, &a) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.verifier(t).Verify(attest.ReportEvidence{}, at)
	wantError(t, err, "ReportInvalidError", "RPT-01")
}

// TestSyntheticRootsAreNotBuiltIn: without a custom root, synthetic evidence is
// refused, and custom roots replace all built-in ones.
func TestSyntheticRootsAreNotBuiltIn(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default()})
	if err != nil {
		t.Fatal(err)
	}
	e := s.evidence()
	_, err = v.Verify(e, at)
	wantError(t, err, "CertChainInvalidError", "")
	e.Certificates = [][]byte{s.Leaf, s.Intermediate}
	_, err = v.Verify(e, at)
	wantError(t, err, "CertChainInvalidError", "")
}

// TestErrorText: messages say what was expected and what came.
func TestErrorText(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	s.Spec.ReportedTCB.SNP++
	_, err := s.verifier(t).Verify(s.evidence(), at)
	for _, want := range []string{"REPORTED_TCB is not", "expected bootloader=", "got bootloader=", " [END-04]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if attest.ErrorType(errors.New("other")) != "" {
		t.Error("any error has a type")
	}
}
