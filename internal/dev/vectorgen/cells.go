package main

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
)

// cellSections are every combination of report version, product and kind of key
// that can exist, by itself and behind an endpoint.
func cellSections() []section {
	var all []section
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				id := fmt.Sprintf("%s-v%d-%s", lower(product), version, kind)
				comment := fmt.Sprintf("a version %d report of %s under a %s", version, product, upper(kind))
				all = append(all,
					section{"accept-report", hardware(product, version, kind), "", []row{{id, yes("ORD-01", "ORD-03", "END-01", "END-03", "END-04", "RPT-02"), comment, expectReport}}},
					section{"accept-endpoint", endpoint(product, version, kind), "", []row{{id, yes("ORD-03", "BIN-01", "BIN-10"), comment + ", behind an endpoint", expectEndpoint}}},
				)
			}
		}
	}
	return all
}

func upper(kind string) string { return map[string]string{"vcek": "VCEK", "vlek": "VLEK"}[kind] }

// expectFacts says what the verdict must show of the report.
func expectFacts(x *exhibit) {
	s := &x.Spec
	chip := hex.EncodeToString(s.ChipID[:])
	x.result.Set("snp_measurement", hex.EncodeToString(s.Measurement[:]))
	x.result.Set("report", doc{
		{"version", s.Version}, {"product", x.Product}, {"signing_key", x.Kind}, {"chip_id", chip}, {"vmpl", s.VMPL},
		{"guest_svn", s.GuestSVN}, {"guest_policy", fmt.Sprintf("%#x", s.Policy)}, {"platform_info", fmt.Sprintf("%#x", s.PlatformInfo)},
		{"report_id", hex.EncodeToString(s.ReportID[:])}, {"host_data", hex.EncodeToString(s.HostData[:])},
		{"reported_tcb", mint.Floor(x.Product, s.ReportedTCB)}, {"committed_tcb", mint.Floor(x.Product, s.CommittedTCB)},
		{"current_tcb", mint.Floor(x.Product, s.CurrentTCB)}, {"launch_tcb", mint.Floor(x.Product, s.LaunchTCB)},
		{"current_firmware", firmware(s.Current)}, {"committed_firmware", firmware(s.Committed)},
	})
	x.result.Set("roots", doc{{"amd", "custom"}})
	relaxed := []string{}
	if x.Kind == "vlek" {
		relaxed = append(relaxed, "allow-vlek")
	}
	x.result.Set("relaxed", relaxed)
}

// expectReport says what the verdict must show of a report by itself.
func expectReport(x *exhibit) {
	expectFacts(x)
	x.result.Set("not_checked", slices.Concat([]string{"products"}, demandable, []string{"measurements", "min_tcb", "report_data", "revocation"}))
}

func firmware(f mint.Firmware) string { return fmt.Sprintf("%d.%d.%d", f.Major, f.Minor, f.Build) }

// expectEndpoint says what the verdict must show of the endpoint, and of every
// step.
func expectEndpoint(x *exhibit) {
	x.withCRL()
	expectFacts(x)
	x.seal()
	x.result.Set("tls_spki_sha256", hex.EncodeToString(x.SPKI[:]))
	x.result.Set("workload_identity_tag", hex.EncodeToString(x.Tag[:]))
	x.result.Set("workload", "router")
	x.result.Set("manifest", doc{{"version", "v1.42.3"}, {"image_digest", x.Manifest.Payload[3][1]}, {"binary_digest", x.Manifest.Payload[4][1]}})
	x.result.Set("trust_bundle", doc{{"version", 17}, {"valid_until", "2026-05-01T00:00:00Z"}, {"ignored_members", []string{}}})
	x.result.Set("checks", checked("bundle_rollback")) // there is no state file
	x.result.Set("not_checked", append(slices.Clone(demandable), "bundle_rollback"))
}

// checked are all steps, passed but for those that nothing demanded.
func checked(not ...string) (steps []doc) {
	for i, id := range stepIDs {
		status := "pass"
		if slices.Contains(not, id) {
			status = "not_checked"
		}
		steps = append(steps, doc{{"step", i + 1}, {"id", id}, {"status", status}})
	}
	return steps
}

// stepIDs are the steps of SPEC.md section 2, in their order.
var stepIDs = []string{
	"envelope", "freshness", "bundle_signature", "bundle", "bundle_validity", "bundle_rollback", "workload", "report", "chain", "revocation",
	"report_signature", "endorsement", "policy", "measurement", "identity_tag", "manifest", "min_tcb", "report_data", "live_key",
}
