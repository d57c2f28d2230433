package attesttest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/dev/stress"
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
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			e := newEnclave(t, c)
			if _, err := newVerifier(t, e).Verify(e.Evidence(), e.Now()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFaults: each fault is noticed as what it is, by one step only, and the
// steps are in order. The last report version stands for all but those without a
// CPUID.
func TestFaults(t *testing.T) {
	t.Parallel()
	names := []string{"Turin/v5/vcek", "Milan/v2/vcek"}
	if stress.On {
		names = append(names, "Milan/v5/vcek", "Genoa/v5/vcek", "Genoa/v5/vlek")
	}
	all := configs()
	for _, name := range names {
		c := all[name]
		last := 0
		for _, f := range attesttest.Faults() {
			if !f.Fits(c) {
				if e, err := attesttest.New(c, f); e != nil || err == nil {
					t.Errorf("%s: New makes %s, which does not fit", name, f)
				}
				continue
			}
			t.Run(name+"/"+string(f), func(t *testing.T) {
				e := newEnclave(t, c, f)
				result, err := newVerifier(t, e).Verify(e.Evidence(), e.Now())
				if result != nil || attest.ErrorType(err) != f.ErrorType() {
					t.Fatalf("got %T (%v), want %s", err, err, f.ErrorType())
				}
				var failed []attest.Check
				for _, check := range newVerifier(t, e).Audit(e.Evidence(), e.Now()).Checks {
					if check.Status == attest.Fail {
						failed = append(failed, check)
					}
				}
				if len(failed) != 1 {
					t.Fatalf("steps that fail: %+v", failed)
				}
				if failed[0].Requirement != rules[f] {
					t.Errorf("it breaks %s, not %s", failed[0].Requirement, rules[f])
				}
				if failed[0].Step < last {
					t.Error("it is noticed before the one that is listed before it")
				}
				last = failed[0].Step
			})
		}
	}
}

// TestFits: the faults that need a chip, or a CPUID, exist only there.
func TestFits(t *testing.T) {
	unfit := func(c attesttest.Config) (list []attesttest.Fault) {
		for _, f := range attesttest.Faults() {
			if !f.Fits(c) {
				list = append(list, f)
			}
		}
		return list
	}
	chip := []attesttest.Fault{attesttest.EndorsementChip, attesttest.EndorsementMasked, attesttest.PolicyVLEK}
	for _, tt := range []struct {
		config attesttest.Config
		want   []attesttest.Fault
	}{
		{attesttest.Config{}, nil},
		{attesttest.Config{SigningKey: snpreport.VLEK}, chip},
		{attesttest.Config{ReportVersion: 2}, []attesttest.Fault{attesttest.EndorsementProduct}},
	} {
		if diff := cmp.Diff(tt.want, unfit(tt.config)); diff != "" {
			t.Error(diff)
		}
	}
}

// rules are those of SPEC.md that each fault breaks: it must not be refused for
// another reason.
var rules = map[attesttest.Fault]string{
	attesttest.EnvelopeTruncated:     "JSN-06",
	attesttest.EnvelopeDuplicate:     "JSN-09",
	attesttest.EnvelopeFolded:        "JSN-10",
	attesttest.EnvelopeSchema:        "ENV-02",
	attesttest.EnvelopeDevMode:       "JSN-12",
	attesttest.EnvelopeStale:         "ENV-21",
	attesttest.EnvelopeFuture:        "ENV-20",
	attesttest.BundleOtherRoot:       "JWS-10",
	attesttest.BundleAlgNone:         "JWS-03",
	attesttest.BundleHMAC:            "JWS-08",
	attesttest.BundleOwnKey:          "JWS-07",
	attesttest.BundleCritical:        "JWS-07",
	attesttest.BundleAltered:         "JWS-10",
	attesttest.BundleIsManifest:      "JWS-10",
	attesttest.BundleNoMeasurements:  "JSN-16",
	attesttest.BundleNoExpiry:        "JSN-12",
	attesttest.BundleNoAMDRoot:       "JSN-12",
	attesttest.BundleExpired:         "BND-30",
	attesttest.BundleRollback:        "BND-40",
	attesttest.BundleEquivocation:    "BND-41",
	attesttest.WorkloadOfBundle:      "WKL-01",
	attesttest.WorkloadOfCaller:      "WKL-02",
	attesttest.ReportTruncated:       "RPT-01",
	attesttest.ReportVersion6:        "RPT-02",
	attesttest.ReportReserved:        "RPT-07",
	attesttest.ReportHostRequested:   "RPT-03",
	attesttest.ReportAlgorithm:       "RPT-04",
	attesttest.ReportMaskedKey:       "RPT-05",
	attesttest.ChainRogueRoot:        "CHN-43",
	attesttest.ChainInventedHardware: "CHN-42",
	attesttest.ChainRootNotInBundle:  "CHN-42",
	attesttest.ChainExpired:          "CHN-47",
	attesttest.ChainOtherProduct:     "CHN-45",
	attesttest.ChainNoLeaf:           "CHN-40",
	attesttest.ChainNoIntermediate:   "CHN-44",
	attesttest.ChainAltered:          "CHN-52",
	attesttest.CRLMissing:            "CRL-01",
	attesttest.CRLExpired:            "CRL-20",
	attesttest.CRLForged:             "CRL-18",
	attesttest.CRLRevoked:            "CRL-21",
	attesttest.ReportAltered:         "RPT-23",
	attesttest.ReportOtherKey:        "RPT-23",
	attesttest.EndorsementChip:       "END-05",
	attesttest.EndorsementMasked:     "END-05",
	attesttest.EndorsementTCB:        "END-04",
	attesttest.EndorsementProduct:    "END-03",
	attesttest.EndorsementKind:       "END-01",
	attesttest.PolicyDebug:           "POL-05",
	attesttest.PolicyMigration:       "POL-06",
	attesttest.PolicyMigrationAgent:  "POL-07",
	attesttest.PolicyUnknownBit:      "POL-09",
	attesttest.PolicyVMPL:            "POL-11",
	attesttest.PolicyVLEK:            "POL-12",
	attesttest.PolicyProduct:         "POL-20",
	attesttest.Measurement:           "POL-02",
	attesttest.MeasurementWithdrawn:  "POL-02",
	attesttest.IdentityTag:           "IDT-01",
	attesttest.IdentityTagWithdrawn:  "IDT-01",
	attesttest.ManifestOther:         "IDT-10",
	attesttest.ManifestWorkload:      "IDT-13",
	attesttest.ManifestSchema:        "JSN-18",
	attesttest.ManifestKey:           "JWS-10",
	attesttest.TCBReported:           "POL-03",
	attesttest.TCBCommitted:          "POL-03",
	attesttest.TCBFloorOther:         "POL-03",
	attesttest.BindingKey:            "BIN-01",
	attesttest.BindingTag:            "BIN-01",
	attesttest.LiveKey:               "BIN-10",
}
