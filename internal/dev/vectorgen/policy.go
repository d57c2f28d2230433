package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// policySections are about what a genuine report must meet.
func policySections() []section {
	return []section{
		{"policy", hardware("Genoa", 5, "vcek"), "PolicyViolationError", append(defaultRows(), demandRows()...)},
		{"policy-v2", hardware("Milan", 2, "vcek"), "PolicyViolationError", oldRows()},
		{"policy-turin", hardware("Turin", 5, "vcek"), "PolicyViolationError", []row{
			{"reserved-tcb-bytes", no("POL-10"), "byte 4 of a Turin TCB belongs to nobody", patch(0x180+4, 1)},
		}},
		{"policy-vlek", hardware("Milan", 3, "vlek"), "PolicyViolationError", vlekPolicyRows()},
		{"measurement", hardware("Genoa", 5, "vcek"), "MeasurementNotAllowedError", measurementRows()},
		{"report-data", hardware("Genoa", 5, "vcek"), "ReportDataMismatchError", reportDataRows()},
		{"policy-endpoint", endpoint("Genoa", 5, "vcek"), "PolicyViolationError", endpointPolicyRows()},
	}
}

func defaultRows() []row {
	agent := func(x X) { x.Spec.ReportIDMA = [32]byte{1, 2, 3} }
	vmpl := func(n uint32) func(X) { return func(x X) { x.Spec.VMPL = n } }
	echo := func(names ...string) func(X) { return shows("relaxed", names) }
	return []row{
		{"debug-with-an-allowed-measurement", no("POL-05"), "the guest policy is not part of the measurement: no list catches it", policyBits(1 << 19)},
		{"debug-allowed", yes("POL-05", "CLI-08"), "--allow-debug, which the answer repeats", both(policyBits(1<<19), option("allow-debug", true), echo("allow-debug"))},
		{"migration-agent-allowed-by-the-guest", no("POL-06"), "MIGRATE_MA", policyBits(1 << 18)},
		{"migration-agent-there", no("POL-07"), "REPORT_ID_MA of an agent", agent},
		{"migration-agent-of-zeros", no("POL-07"), "zero is not all ones", func(x X) { x.Spec.ReportIDMA = [32]byte{} }},
		{"migration-allowed", yes("POL-06", "POL-07", "CLI-08"), "--allow-migration", both(policyBits(1<<18), agent, option("allow-migration", true), echo("allow-migration"))},
		{"debug-relaxed-is-not-migration-relaxed", no("POL-06"), "each relaxation lifts what it names", both(policyBits(1<<18), option("allow-debug", true))},
		{"bit-17-clear", no("POL-08"), "bit 17 is always one", func(x X) { x.Spec.Policy &^= 1 << 17 }},
		{"unknown-bit-26", no("POL-09"), "the first bit that nobody has named", policyBits(1 << 26)},
		{"unknown-bit-63", no("POL-09"), "and the last", policyBits(1 << 63)},
		{"unknown-bits-allowed", yes("POL-09", "POL-08"), "allow_unknown_bits of a policy file", both(policyBits(1<<63), func(x X) { x.Spec.Policy &^= 1 << 17 }, demand(member{"guest_policy", doc{{"allow_unknown_bits", true}}}), echo("allow_unknown_bits"))},
		{"known-bits", yes("POL-09"), "all bits that have a name, but the two that are refused", policyBits(1<<16 | 1<<20 | 1<<21 | 1<<22 | 1<<23 | 1<<24 | 1<<25)},
		{"reserved-byte-of-current-tcb", no("POL-10"), "bytes of a TCB that no component owns", patch(0x038+2, 1)},
		{"reserved-byte-of-reported-tcb", no("POL-10"), "bytes of a TCB that no component owns", patch(0x180+3, 1)},
		{"reserved-byte-of-committed-tcb", no("POL-10"), "bytes of a TCB that no component owns", patch(0x1E0+4, 1)},
		{"reserved-byte-of-launch-tcb", no("POL-10"), "bytes of a TCB that no component owns", patch(0x1F0+5, 1)},
		{"reserved-bytes-allowed", yes("POL-10"), "allow_unknown_bits is about these too", both(patch(0x1F0+5, 1), demand(member{"guest_policy", doc{{"allow_unknown_bits", true}}}))},
		{"vmpl-1", no("POL-11"), "less privileged software in the guest signs REPORT_DATA of its own", vmpl(1)},
		{"vmpl-3", no("POL-11"), "the least privileged", vmpl(3)},
		{"vmpl-1-allowed", yes("POL-11", "CLI-08"), "--vmpl 1 asks for exactly this level", both(vmpl(1), option("vmpl", "1"), echo("vmpl=1"))},
		{"vmpl-0-where-1-is-expected", no("POL-11"), "and not for another", option("vmpl", "1")},
		{"vmpl-2-where-1-is-expected", no("POL-11"), "nor a less privileged one", both(vmpl(2), option("vmpl", "1"))},
		{"unknown-platform-info-bits", yes("POL-29"), "AMD assigns bits without a new version: they are listed, not refused", func(x X) { x.Spec.PlatformInfo |= 1<<8 | 1<<63; expectFacts(x) }},
		{"unknown-platform-info-bits-allowed", yes("POL-29"), "to allow them demands nothing", both(func(x X) { x.Spec.PlatformInfo |= 1 << 63 }, demand(member{"platform_info", doc{{"allow_unknown_bits", true}}}))},
		{"committed-is-not-current", yes("POL-47"), "real hosts run firmware that they have not committed", func(x X) {
			x.Spec.Committed.Build--
			x.Spec.CurrentTCB.Microcode++
		}},
		{"platform-info-of-real-turin", yes("POL-29", "RPT-18"), "real Turin sets bit 6, which parsers took for an error", func(x X) { x.Spec.PlatformInfo = 0x65; expectFacts(x) }},
		{"smt-and-tsme", yes("RPT-18"), "bit 0 is SMT and bit 1 is TSME; both are shown, neither judged", func(x X) { x.Spec.PlatformInfo = 0x27; expectFacts(x) }},
		{"milan-weakness-is-no-refusal", yes("WRN-01"), "a warning never decides", func(x X) {
			*x = *hardware("Milan", 3, "vcek")()
			x.Spec.GuestSVN = 1
			x.result.Set("warnings", []doc{{{"source", "arXiv 2605.12990"}}})
		}},
	}
}

func demandRows() []row {
	guest := func(name string, value any) func(X) { return demand(member{"guest_policy", doc{{name, value}}}) }
	platform := func(name string, value any) func(X) { return demand(member{"platform_info", doc{{name, value}}}) }
	in := func(object, name string, value any) func(X) { return demand(member{object, doc{{name, value}}}) }
	list := func(s ...string) []string { return s }
	firmware := func(current, committed mint.Firmware) func(X) {
		return func(x X) { x.Spec.Current, x.Spec.Committed = current, committed }
	}
	chip := func(x X) string { return hex.EncodeToString(x.Spec.ChipID[:]) }
	chips := func(name string, make func(x X) []string) func(X) {
		return func(x X) { x.policy(member{"chip_ids", doc{{name, make(x)}}}) }
	}
	leafKeys := func(name string, own bool) func(X) {
		return func(x X) {
			hash := strings.Repeat("ab", 32)
			if own {
				hash = leafKeyHash(x)
			}
			x.policy(member{"leaf_keys", doc{{name, list(hash)}}})
		}
	}
	other64, other128, other96 := strings.Repeat("ab", 32), strings.Repeat("ab", 64), strings.Repeat("ab", 48)
	idBlock := func(key, author [48]byte, enabled uint32) func(X) {
		return func(x X) { x.Spec.IDKeyDigest, x.Spec.AuthorKeyDigest, x.Spec.KeyInfo = key, author, enabled }
	}
	uncertifiedChip := func(x X) {
		*x = *hardware("Genoa", 5, "vlek")()
		fillBytes(x.Spec.ChipID[:], 0x77)
		x.options["allow-vlek"] = true
	}
	key, author := [48]byte{1}, [48]byte{2}
	keyHex, authorHex := hex.EncodeToString(key[:]), hex.EncodeToString(author[:])
	rows := []row{
		{"product-excluded", no("POL-20"), "no floor helps with an attacked product: it can be left out", demand(member{"products", list("Milan", "Turin")})},
		{"product-included", yes("POL-20"), "a list with this product", demand(member{"products", list("Milan", "Genoa")})},
		{"signing-key-vcek", yes("POL-21"), "the kind of the leaf", demand(member{"signing_keys", list("vcek")})},
		{"vmpl-demanded", yes("POL-22"), "the level that there is", demand(member{"vmpl", 0})},
		{"vmpl-demand-does-not-relax", no("POL-11"), "a demand for level 1 is no permission", both(demand(member{"vmpl", 1}), func(x X) { x.Spec.VMPL = 1 })},
		{"vmpl-relaxation-does-not-lift-a-demand", no("POL-22"), "nor does a permission lift a demand", both(demand(member{"vmpl", 0}), func(x X) { x.Spec.VMPL = 1 }, option("vmpl", "1"))},
		{"single-socket-required", no("POL-24"), "a bit that is clear", guest("require", list("single_socket"))},
		{"smt-forbidden", no("POL-25"), "the guest policy allows SMT", guest("forbid", list("smt"))},
		{"debug-forbidden-whatever-is-relaxed", no("POL-25"), "a relaxation does not lift a demand", both(guest("forbid", list("debug")), policyBits(1<<19), option("allow-debug", true))},
		{"min-abi-met", yes("POL-26"), "major and minor in this order", both(guest("min_abi", "1.55"), func(x X) { x.Spec.Policy |= 1<<8 | 55 })},
		{"min-abi-not-met", no("POL-26"), "the guest accepts older firmware", both(guest("min_abi", "1.55"), func(x X) { x.Spec.Policy |= 1<<8 | 54 })},
		{"min-abi-major-first", no("POL-26"), "0.99 is below 1.0", both(guest("min_abi", "1.0"), func(x X) { x.Spec.Policy |= 99 })},
		{"alias-check-required", yes("POL-27"), "the memory was checked for aliases", platform("require", list("alias_check_complete"))},
		{"alias-check-missing", no("POL-27"), "and here it was not", both(platform("require", list("alias_check_complete")), func(x X) { x.Spec.PlatformInfo &^= 1 << 5 })},
		{"smt-enabled-forbidden", no("POL-28"), "a platform bit that is set", platform("forbid", list("smt_en"))},
		{"tsme-required-although-smt-is-on", no("POL-27"), "bits 0 and 1 were swapped once", platform("require", list("tsme_en"))},
		{"unknown-platform-bits-forbidden", no("POL-29"), "on demand they are refused", both(platform("allow_unknown_bits", false), func(x X) { x.Spec.PlatformInfo |= 1 << 8 })},
		{"named-platform-bits-are-known", yes("POL-29"), "bits 0 to 7 have names", both(platform("allow_unknown_bits", false), func(x X) { x.Spec.PlatformInfo = 0xFF })},
		{"launch-mitigations-met", yes("POL-30"), "a mask, not a number: 0x0b has the bits 0, 1 and 3", in("mitigations", "launch", "0x9")},
		{"launch-mitigations-not-met", no("POL-30"), "0x0b lacks bit 2, although it is the greater number", in("mitigations", "launch", "0x4")},
		{"current-mitigations-not-met", no("POL-31"), "each of the two vectors by itself", both(in("mitigations", "current", "0x8"), func(x X) { x.Spec.CurrentMitVector = 0x3 })},
		{"report-data-tail", no("POL-32"), "the second half is not zero", both(demand(member{"report_data_tail_zero", true}), func(x X) { x.Spec.ReportData[63] = 1 })},
		{"report-data-tail-zero", yes("POL-32"), "and here it is", demand(member{"report_data_tail_zero", true})},
		{"host-data-of-another", no("POL-33"), "HOST_DATA means something next to an expected value only", demand(member{"host_data", list(other64)})},
		{"host-data-one-of-two", yes("POL-33"), "one of the list", both(demand(member{"host_data", list(other64, strings.Repeat("cd", 32))}), func(x X) { fillBytes(x.Spec.HostData[:], 0xCD) })},
		{"host-data-option", no("POL-33"), "the option says the same", option("host-data", other64)},
		{"family-id", no("POL-34"), "another family", demand(member{"family_id", strings.Repeat("ab", 16)})},
		{"image-id", no("POL-35"), "another image", demand(member{"image_id", strings.Repeat("ab", 16)})},
		{"family-and-image-own", yes("POL-34", "POL-35"), "each in its place", func(x X) {
			x.Spec.FamilyID, x.Spec.ImageID = [16]byte{1}, [16]byte{2}
			x.policy(member{"family_id", hex.EncodeToString(x.Spec.FamilyID[:])}, member{"image_id", hex.EncodeToString(x.Spec.ImageID[:])})
		}},
		{"report-id", no("POL-36"), "another guest", demand(member{"report_id", other64})},
		{"report-id-own", yes("POL-36"), "this guest", func(x X) { x.policy(member{"report_id", hex.EncodeToString(x.Spec.ReportID[:])}) }},
		{"report-id-ma", no("POL-37"), "an agent that is not there", demand(member{"report_id_ma", other64})},
		{"chip-allowed", yes("POL-38"), "the chip is on the list", chips("allow", func(x X) []string { return list(other128, chip(x)) })},
		{"chip-not-allowed", no("POL-38"), "the list has another", chips("allow", func(X) []string { return list(other128) })},
		{"chip-allowed-under-a-vlek", no("POL-38"), "the report alone says CHIP_ID: no certificate has it", func(x X) { uncertifiedChip(x); chips("allow", func(x X) []string { return list(chip(x)) })(x) }},
		{"chip-denied-under-a-vlek", no("POL-39"), "and so it may be a chip that is denied", both(uncertifiedChip, chips("deny", func(X) []string { return list(other128) }))},
		{"chip-option", no("POL-38"), "the option says the same", option("chip-id", other128)},
		{"chip-denied", no("POL-39"), "one stolen VCEK, which no CRL can name", chips("deny", func(x X) []string { return list(chip(x)) })},
		{"chip-not-denied", yes("POL-39"), "another chip is denied", chips("deny", func(X) []string { return list(other128) })},
		{"leaf-key-allowed", yes("POL-40"), "the leaf's key is on the list", leafKeys("allow", true)},
		{"leaf-key-not-allowed", no("POL-40"), "the list has another", leafKeys("allow", false)},
		{"leaf-key-denied", no("POL-41"), "a key that was stolen", leafKeys("deny", true)},
		{"leaf-key-not-denied", yes("POL-41"), "another is denied", leafKeys("deny", false)},
		{"csp-id-of-a-vcek", no("POL-42"), "a VCEK has no provider", demand(member{"csp_ids", list(mint.DefaultCSPID)})},
		{"guest-svn", no("POL-43"), "one below", both(demand(member{"min_guest_svn", 6}), func(x X) { x.Spec.GuestSVN = 5 })},
		{"guest-svn-equal", yes("POL-43"), "equal", both(demand(member{"min_guest_svn", 5}), func(x X) { x.Spec.GuestSVN = 5 })},
		{"report-version-too-new", no("POL-44"), "a newer version than asked for", in("report_versions", "max", 4)},
		{"report-version-in-range", yes("POL-44", "POL-70"), "both ends count, and may be equal", demand(member{"report_versions", doc{{"min", 5}, {"max", 5}}})},
		{"firmware-too-old", no("POL-45"), "1.55.40 is below 1.55.41", demand(member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 41}}})},
		{"firmware-equal", yes("POL-45"), "and not below itself", demand(member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 40}}})},
		{"firmware-minor-before-build", yes("POL-45"), "1.56.1 is above 1.55.40", both(demand(member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 40}}}), firmware(mint.Firmware{Major: 1, Minor: 56, Build: 1}, mint.Firmware{Major: 1, Minor: 56, Build: 1}))},
		{"firmware-committed-too-old", no("POL-45"), "the host can go back", both(demand(member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 40}}}), firmware(mint.Firmware{Major: 1, Minor: 55, Build: 40}, mint.Firmware{Major: 1, Minor: 55, Build: 39}))},
		{"firmware-build-alone", no("POL-46"), "without version the build counts by itself", both(in("firmware", "min_build", 40), firmware(mint.Firmware{Major: 1, Minor: 55, Build: 39}, mint.Firmware{Major: 1, Minor: 55, Build: 40}))},
		{"firmware-build-of-older-firmware", no("POL-46"), "of older firmware too", both(in("firmware", "min_build", 40), firmware(mint.Firmware{Major: 1, Minor: 55, Build: 40}, mint.Firmware{Major: 1, Minor: 54, Build: 39}))},
		{"firmware-build-of-a-newer-version", yes("POL-46"), "builds start again with each version: 1.56.0 is newer than any 1.55", both(in("firmware", "min_build", 40), firmware(mint.Firmware{Major: 1, Minor: 56, Build: 0}, mint.Firmware{Major: 1, Minor: 56, Build: 0}))},
		{"firmware-build-alone-met", yes("POL-46"), "the build that is demanded, and a newer one", both(in("firmware", "min_build", 40), firmware(mint.Firmware{Major: 1, Minor: 55, Build: 40}, mint.Firmware{Major: 1, Minor: 55, Build: 41}))},
		{"firmware-build-of-a-lower-version", yes("POL-45", "POL-46"), "beside a version the build is of that version: 1.55.40 is above 1.54.99", demand(member{"firmware", doc{{"min_version", "1.54"}, {"min_build", 99}}})},
		{"firmware-committed-differs", no("POL-47"), "on demand provisional firmware is refused", both(in("firmware", "committed_equals_current", true), firmware(mint.Firmware{Major: 1, Minor: 55, Build: 41}, mint.Firmware{Major: 1, Minor: 55, Build: 40}))},
		{"tcb-committed-differs", no("POL-47"), "and a provisional TCB", both(in("firmware", "committed_equals_current", true), func(x X) { x.Spec.CurrentTCB.SNP++ })},
		{"id-block-required", no("POL-48"), "launched without an ID block", in("id_block", "require", true)},
		{"id-block-there", yes("POL-48", "POL-49"), "one by an expected key", both(demand(member{"id_block", doc{{"require", true}, {"id_keys", list(keyHex)}}}), idBlock(key, [48]byte{}, 0))},
		{"id-key-of-another", no("POL-49"), "another key", both(in("id_block", "id_keys", list(other96)), idBlock(key, [48]byte{}, 0))},
		{"author-key-not-enabled", no("POL-50"), "a digest without AUTHOR_KEY_EN is none", both(in("id_block", "author_keys", list(authorHex)), idBlock(key, author, 0))},
		{"author-key-enabled", yes("POL-50", "POL-51"), "AUTHOR_KEY_EN is bit 0", both(demand(member{"id_block", doc{{"author_keys", list(authorHex)}, {"require_author_key", true}}}), idBlock(key, author, 1))},
		{"author-key-of-another", no("POL-50"), "another author", both(in("id_block", "author_keys", list(other96)), idBlock(key, author, 1))},
		{"author-key-required", no("POL-51"), "none was used", both(in("id_block", "require_author_key", true), idBlock(key, [48]byte{}, 0))},
		{"id-block-forbidden", no("POL-52"), "one was used", both(in("id_block", "forbid", true), idBlock(key, [48]byte{}, 0))},
		{"author-key-digest-forbidden", no("POL-52"), "the digest of an author alone", both(in("id_block", "forbid", true), idBlock([48]byte{}, author, 0))},
		{"author-key-enabled-forbidden", no("POL-52"), "and AUTHOR_KEY_EN alone", both(in("id_block", "forbid", true), idBlock([48]byte{}, [48]byte{}, 1))},
		{"id-block-forbidden-and-absent", yes("POL-52"), "none was used", in("id_block", "forbid", true)},
		{"products-of-bundle-and-file-intersect", no("POL-20", "POL-01"), "a file that allows all does not widen", both(demand(member{"products", list("Milan")}), option("allow-debug", true))},
		{"empty-deny-lists", yes("POL-61"), "forbid and deny may be empty, and demand nothing", demand(member{"guest_policy", doc{{"forbid", []string{}}}}, member{"chip_ids", doc{{"deny", []string{}}}})},
	}
	for i, name := range []string{"smt", "", "migrate_ma", "debug", "single_socket", "cxl_allow", "mem_aes_256_xts", "rapl_dis", "ciphertext_hiding_dram", "page_swap_disable"} {
		if name == "smt" || name == "" || name == "migrate_ma" || name == "debug" {
			continue
		}
		rows = append(rows, row{"bit-" + fmt.Sprint(16+i) + "-is-" + dashed(name), yes("POL-24"), "a bit by its name", both(guest("require", list(name)), policyBits(1<<(16+i)))})
	}
	for i, name := range []string{"smt_en", "tsme_en", "ecc_en", "rapl_dis", "ciphertext_hiding_dram_en", "alias_check_complete", "iommu_write_safe", "tio_en"} {
		rows = append(rows, row{"platform-bit-" + fmt.Sprint(i) + "-is-" + dashed(name), yes("POL-27"), "a bit by its name", both(platform("require", list(name)), func(x X) { x.Spec.PlatformInfo = 1 << i })})
	}
	return rows
}

func fillBytes(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
