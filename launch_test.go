package attest_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// A computed measurement is one more list that MEASUREMENT must be on.
// Rules: LCH-71, LCH-72.
func TestLaunchMeasurements(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	s := newSample("Milan", 3, "vcek")
	allowed, other := p.hardware.Spec.Measurement, [48]byte{7}
	if s.Spec.Measurement != allowed {
		t.Fatal("two measurements")
	}
	matching := []attest.LaunchMeasurement{{other, "another"}, {allowed, "OVMF.fd vcpus=4"}}
	for name, verify := range map[string]func(list []attest.LaunchMeasurement) (*attest.Result, error){
		"endpoint": func(list []attest.LaunchMeasurement) (*attest.Result, error) {
			c := p.config(t)
			c.Launch = list
			return p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
		},
		"report": func(list []attest.LaunchMeasurement) (*attest.Result, error) {
			v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t), Launch: list})
			if err != nil {
				t.Fatal(err)
			}
			return v.Verify(s.evidence(), at)
		},
	} {
		r, err := verify(nil)
		if err != nil || r.Launch != "" {
			t.Errorf("%s: no demand: %v, %v", name, r, err)
		}
		limits := r.Limits
		if r, err = verify(matching); err != nil || r.Launch != "OVMF.fd vcpus=4" || len(r.Limits) != len(limits)+3 || !slices.Equal(r.Limits[:len(limits)], limits) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if !strings.Contains(strings.Join(r.Limits, " "), "edk2-stable202408") {
			t.Errorf("%s: limits %q", name, r.Limits)
		}
		if slices.ContainsFunc(r.NotChecked, func(n policy.Unchecked) bool { return n.Name == "measurements" }) {
			t.Errorf("%s: not checked %v", name, r.NotChecked)
		}
		r, err = verify(matching[:1])
		wantError(t, err, "MeasurementNotAllowedError", "POL-02")
		if r != nil {
			t.Errorf("%s: a result beside an error", name)
		}
	}
	// It intersects with a policy: MEASUREMENT must be on both lists.
	demands, err := policy.New(policy.Rules{Measurements: []string{strings.Repeat("01", 48)}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Intersect(policy.Default(), demands), AMDRoots: testRoots(t), Launch: matching})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(s.evidence(), at)
	wantError(t, err, "MeasurementNotAllowedError", "POL-02")
}

// The list is copied when a verifier is made.
func TestLaunchIsCopied(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	list := []attest.LaunchMeasurement{{s.Spec.Measurement, "a"}}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t), Launch: list})
	if err != nil {
		t.Fatal(err)
	}
	list[0] = attest.LaunchMeasurement{[48]byte{9}, "b"}
	if r, err := v.Verify(s.evidence(), at); err != nil || r.Launch != "a" {
		t.Errorf("%v, %v", r, err)
	}
}

// Rules: LCH-70.
func TestLaunchConfiguration(t *testing.T) {
	many := func(n int) []attest.LaunchMeasurement {
		list := make([]attest.LaunchMeasurement, n)
		for i := range list {
			list[i] = attest.LaunchMeasurement{[48]byte{1, byte(i), byte(i >> 8)}, "a"}
		}
		return list
	}
	long := strings.Repeat("a", 1024)
	for name, c := range map[string]struct {
		list []attest.LaunchMeasurement
		good bool
	}{
		"nil": {nil, true}, "empty": {[]attest.LaunchMeasurement{}, false}, "1": {many(1), true}, "1024": {many(1024), true}, "1025": {many(1025), false},
		"zero": {[]attest.LaunchMeasurement{{[48]byte{}, "a"}}, false}, "twice": {append(many(2), many(1)...), false},
		"no label": {[]attest.LaunchMeasurement{{[48]byte{1}, ""}}, false}, "long label": {[]attest.LaunchMeasurement{{[48]byte{1}, long + "a"}}, false},
		"longest label": {[]attest.LaunchMeasurement{{[48]byte{1}, long}}, true},
	} {
		p := newEndpoint("Milan", 3, "vcek")
		config := p.config(t)
		config.Launch = c.list
		_, err := attest.NewVerifier([]ed25519.PublicKey{mint.Ed25519Key("release").Public().(ed25519.PublicKey)}, config)
		_, err2 := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t), Launch: c.list})
		for _, err := range []error{err, err2} {
			if want := map[bool]string{false: "LCH-70"}[c.good]; configuredRule(err) != want {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			if attest.ErrorType(err) != "" {
				t.Errorf("%s: %v is a verdict", name, err)
			}
		}
	}
}
