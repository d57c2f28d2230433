package attesttest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
)

// now is the fixed time of tests that need none of their own.
var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// configs are every product, report version and kind of key.
func configs() map[string]attesttest.Config {
	all := map[string]attesttest.Config{}
	for _, product := range snpreport.Products() {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []snpreport.SigningKey{snpreport.VCEK, snpreport.VLEK} {
				all[fmt.Sprintf("%v/v%d/%v", product, version, kind)] = attesttest.Config{
					Product: product, ReportVersion: version, SigningKey: kind, Now: now, Seed: "test",
				}
			}
		}
	}
	return all
}

func newEnclave(t testing.TB, c attesttest.Config, spoil ...attesttest.Fault) *attesttest.Enclave {
	t.Helper()
	e, err := attesttest.New(c, spoil...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newVerifier(t testing.TB, e *attesttest.Enclave) *attest.Verifier {
	t.Helper()
	v, err := e.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestNoFault: what is not spoilt verifies, whatever is imitated.
func TestNoFault(t *testing.T) {
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			e := newEnclave(t, c)
			if _, err := newVerifier(t, e).Verify(e.Evidence(), e.Now()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFaults: each fault is noticed as what it is, by one step only. The last
// report version stands for all but those without a CPUID.
func TestFaults(t *testing.T) {
	for name, c := range configs() {
		if c.ReportVersion != 5 && name != "Milan/v2/vcek" {
			continue
		}
		if c.SigningKey == snpreport.VLEK && c.Product != snpreport.Genoa {
			continue
		}
		for _, f := range attesttest.Faults() {
			if !f.Fits(c) {
				if _, err := attesttest.New(c, f); err == nil {
					t.Errorf("%s: New makes %s, which does not fit", name, f)
				}
				continue
			}
			t.Run(name+"/"+string(f), func(t *testing.T) {
				e := newEnclave(t, c, f)
				result, err := newVerifier(t, e).Verify(e.Evidence(), e.Now())
				if result != nil || attest.ErrorType(err) != f.ErrorType() {
					t.Errorf("got %T (%v), want %s", err, err, f.ErrorType())
				}
				var failed []string
				for _, check := range newVerifier(t, e).Audit(e.Evidence(), e.Now()).Checks {
					if check.Status == attest.Fail {
						failed = append(failed, check.ID+" "+check.Requirement)
					}
				}
				if len(failed) != 1 {
					t.Errorf("steps that fail: %q", failed)
				}
			})
		}
	}
}
