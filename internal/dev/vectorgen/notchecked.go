package main

import (
	"encoding/hex"
	"strings"
)

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
