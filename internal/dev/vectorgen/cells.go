package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// cellSections are every combination of report version, product and kind of key
// that can exist, by itself and behind an endpoint.
func cellSections() []section {
	var all []section
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				id := fmt.Sprintf("%s-v%d-%s", strings.ToLower(product), version, kind)
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
		{"reported_tcb", document.Floor(x.Product, s.ReportedTCB)}, {"committed_tcb", document.Floor(x.Product, s.CommittedTCB)},
		{"current_tcb", document.Floor(x.Product, s.CurrentTCB)}, {"launch_tcb", document.Floor(x.Product, s.LaunchTCB)},
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

// demandable are the members of a policy that are listed when nothing demanded
// them, in the order of SPEC.md section 7, but those that a trust bundle demands.
var demandable = strings.Fields(`min_launch_tcb guest_policy.require guest_policy.min_abi
	platform_info.require platform_info.forbid platform_info.allow_unknown_bits mitigations.launch mitigations.current
	report_data_tail_zero host_data family_id image_id report_id chip_ids.allow chip_ids.deny leaf_keys.allow leaf_keys.deny csp_ids
	min_guest_svn report_versions firmware.min_version firmware.committed_equals_current
	id_block.require id_block.id_keys id_block.author_keys id_block.require_author_key id_block.forbid`)

// notCheckedSections are about what an answer says that it did not check. What it
// says where nothing was demanded, cellSections show.
func notCheckedSections() []section {
	return []section{{"not-checked", hardware("Genoa", 5, "vcek"), "", []row{
		{"everything-demanded", yes("ORD-03"), "all is demanded but what a VCEK has not, or excludes another demand", both(demandAll, shows("not_checked", []string{"csp_ids", "id_block.forbid", "revocation"}))},
	}}}
}

// demandAll demands all of a report that can be demanded of one with a VCEK, but that
// there be no ID block.
func demandAll(x *exhibit) {
	s, hash := &x.Spec, strings.Repeat("ab", 32)
	s.GuestSVN, s.IDKeyDigest, s.AuthorKeyDigest, s.KeyInfo = 5, [48]byte{1}, [48]byte{2}, 1
	floor := doc{{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 0}}
	one := func(b []byte) []string { return []string{hex.EncodeToString(b)} }
	x.policy(
		member{"measurements", one(s.Measurement[:])}, member{"products", []string{x.Product}}, member{"signing_keys", []string{"vcek"}}, member{"vmpl", 0},
		member{"min_tcb", floor}, member{"min_launch_tcb", floor},
		member{"guest_policy", doc{{"require", []string{"smt"}}, {"forbid", []string{"single_socket"}}, {"min_abi", "0.0"}}},
		member{"platform_info", doc{{"require", []string{"alias_check_complete"}}, {"forbid", []string{"tsme_en"}}, {"allow_unknown_bits", false}}},
		member{"mitigations", doc{{"launch", "0x9"}, {"current", "0x1"}}},
		member{"report_data", hex.EncodeToString(s.ReportData[:])}, member{"report_data_tail_zero", true}, member{"host_data", one(s.HostData[:])},
		member{"family_id", hex.EncodeToString(s.FamilyID[:])}, member{"image_id", hex.EncodeToString(s.ImageID[:])},
		member{"report_id", hex.EncodeToString(s.ReportID[:])}, member{"report_id_ma", hex.EncodeToString(s.ReportIDMA[:])},
		member{"chip_ids", doc{{"allow", one(s.ChipID[:])}, {"deny", []string{hash + hash}}}},
		member{"leaf_keys", doc{{"allow", []string{leafKeyHash(x)}}, {"deny", []string{hash}}}},
		member{"min_guest_svn", 5}, member{"report_versions", doc{{"min", 5}, {"max", 5}}},
		member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 40}, {"committed_equals_current", true}}},
		member{"id_block", doc{{"require", true}, {"id_keys", one(s.IDKeyDigest[:])}, {"author_keys", one(s.AuthorKeyDigest[:])}, {"require_author_key", true}}},
	)
}
