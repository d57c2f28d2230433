package attest

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// A LaunchMeasurement is a MEASUREMENT that was computed from the artefacts of a
// launch, as package launch does it, with a name for them.
type LaunchMeasurement struct {
	Measurement [48]byte
	Label       string // for people; not empty, at most 1024 bytes
}

const (
	maxLaunch = 1024 // measurements
	maxLabel  = 1024 // bytes
)

// The limits of a match of a computed measurement.
var launchLimits = []string{
	"MEASUREMENT shows what was launched, not that it is good: firmware, kernel and initial RAM disk are what their builds made of them",
	"no root file system, disk, ACPI table, unmeasured page or other VMPL is in MEASUREMENT, unless a measured command line and initial RAM disk bind it",
	"AmdSev firmware before edk2-stable202408 boots a kernel that the measured hashes do not have",
}

// demandLaunch returns p with computed measurements as one more list that
// MEASUREMENT must be on. Without any, that is nil, it returns p.
// Rules: LCH-70.
func demandLaunch(p policy.Policy, list []LaunchMeasurement) (policy.Policy, error) {
	if list == nil {
		return p, nil
	}
	refuse := func(where, expected, actual string) (policy.Policy, error) {
		return policy.Policy{}, fmt.Errorf("attest: Launch: %w", rule.Config(rule.Broken("LCH-70", where, rule.NoOffset, expected, actual)))
	}
	if len(list) < 1 || len(list) > maxLaunch {
		return refuse("list", fmt.Sprintf("1 to %d measurements, or nil", maxLaunch), fmt.Sprint(len(list)))
	}
	var measurements []string
	for i, m := range list {
		switch {
		case m.Measurement == [48]byte{}:
			return refuse(fmt.Sprintf("%d", i), "a measurement", "48 zero bytes")
		case slices.ContainsFunc(list[:i], func(other LaunchMeasurement) bool { return other.Measurement == m.Measurement }):
			return refuse(fmt.Sprintf("%d", i), "every measurement once", "a second one")
		case m.Label == "" || len(m.Label) > maxLabel:
			return refuse(fmt.Sprintf("%d", i), fmt.Sprintf("a label of 1 to %d bytes", maxLabel), fmt.Sprint(len(m.Label)))
		}
		measurements = append(measurements, hex.EncodeToString(m.Measurement[:]))
	}
	return p.Narrow(policy.Rules{Measurements: measurements})
}

// describeLaunch names the computed measurement that matched.
// Rules: LCH-71, LCH-72.
func (r *Result) describeLaunch(list []LaunchMeasurement) {
	i := slices.IndexFunc(list, func(m LaunchMeasurement) bool { return m.Measurement == r.Report.Measurement })
	if i < 0 {
		return
	}
	r.Launch = list[i].Label
	r.Limits = append(r.Limits, launchLimits...)
}
