package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// oldRows are about reports that can not say everything.
func oldRows() []row {
	return []row{
		{"unknown-is-not-set", no("POL-27", "RPT-18"), "version 2 has no alias check: that it is unknown is no yes", both(demand(member{"platform_info", doc{{"require", []string{"alias_check_complete"}}}}), func(x X) { x.Spec.PlatformInfo = 1 })},
		{"mitigations-need-version-5", no("POL-30"), "a version that has no mitigation vectors meets no mask", demand(member{"mitigations", doc{{"launch", "0x1"}}})},
		{"current-mitigations-need-version-5", no("POL-31"), "neither of the two", demand(member{"mitigations", doc{{"current", "0x1"}}})},
		{"mask-of-zero-demands-nothing", yes("POL-30", "POL-31"), "a mask without bits", demand(member{"mitigations", doc{{"launch", "0x0"}, {"current", "0x0"}}})},
		{"report-version-too-old", no("POL-44"), "an older version than asked for", demand(member{"report_versions", doc{{"min", 3}}})},
	}
}

func vlekPolicyRows() []row {
	unrelaxed := option("allow-vlek", nil)
	return []row{
		{"not-relaxed", no("POL-12"), "a VLEK is refused unless it is allowed", unrelaxed},
		{"demand-does-not-relax", no("POL-12"), "to ask for one is no permission", both(unrelaxed, demand(member{"signing_keys", []string{"vlek"}}))},
		{"signing-key-vcek", no("POL-21"), "the policy file wants a VCEK, whatever is relaxed", demand(member{"signing_keys", []string{"vcek"}})},
		{"csp-id", yes("POL-42"), "the expected provider", demand(member{"csp_ids", []string{mint.DefaultCSPID}})},
		{"csp-id-of-another", no("POL-42"), "another provider", demand(member{"csp_ids", []string{"CN=other.example.com"}})},
		{"csp-id-in-another-case", no("POL-42"), "byte by byte", demand(member{"csp_ids", []string{strings.ToUpper(mint.DefaultCSPID)}})},
		{"masked-chip-allowed", no("POL-38"), "no chip is certified: zero is on no list", demand(member{"chip_ids", doc{{"allow", []string{strings.Repeat("ab", 64)}}}})},
		{"masked-chip-denied", no("POL-39"), "a masked CHIP_ID may hide a denied one", demand(member{"chip_ids", doc{{"deny", []string{strings.Repeat("ab", 64)}}}})},
	}
}

func measurementRows() []row {
	own := func(x X) string { return hex.EncodeToString(x.Spec.Measurement[:]) }
	allow := func(make func(own string) string) func(X) {
		return func(x X) { x.options["measurement"] = make(own(x)) }
	}
	return []row{
		{"allowed", yes("POL-02"), "the expected one", allow(func(s string) string { return s })},
		{"another", no("POL-02"), "something else was launched", allow(func(string) string { return strings.Repeat("ab", 48) })},
		{"last-byte-differs", no("POL-02"), "all 48 bytes are compared", allow(func(s string) string { return s[:94] + "00" })},
		{"first-byte-differs", no("POL-02"), "from the first on", allow(func(s string) string { return "00" + s[2:] })},
		{"zero", no("POL-13"), "a guest without measurement, and no list", func(x X) { x.Spec.Measurement = [48]byte{} }},
		{"of-the-policy-file", no("POL-02"), "a list in a file", demand(member{"measurements", []string{strings.Repeat("ab", 48)}})},
		{"file-and-option-intersect", no("POL-02", "POL-01"), "both lists must have it", both(allow(func(s string) string { return s }), demand(member{"measurements", []string{strings.Repeat("ab", 48)}}))},
		{"option-in-upper-case", yes("CLI-20"), "hex digits of a flag are of either case", allow(strings.ToUpper)},
		{"option-too-short", as("UsageError", "POL-62"), "no prefixes", allow(func(s string) string { return s[:64] })},
		{"option-zero", as("UsageError", "POL-64"), "zero is no measurement to allow", allow(func(string) string { return strings.Repeat("0", 96) })},
	}
}

func reportDataRows() []row {
	data := func(change func(d []byte)) func(X) {
		return func(x X) { d := x.Spec.ReportData; change(d[:]); x.options["report-data"] = hex.EncodeToString(d[:]) }
	}
	return []row{
		{"equal", yes("POL-53"), "the expected one", data(func([]byte) {})},
		{"first-byte", no("POL-53"), "all 64 bytes are compared", data(func(d []byte) { d[0] ^= 1 })},
		{"last-byte", no("POL-53"), "to the last", data(func(d []byte) { d[63] ^= 1 })},
		{"prefix", yes("POL-54"), "the first 32 bytes, whatever follows", func(x X) {
			x.Spec.ReportData[63] ^= 1
			x.policy(member{"report_data_prefix", hex.EncodeToString(x.Spec.ReportData[:32])})
		}},
		{"prefix-of-another", no("POL-54"), "all 32 bytes are compared", func(x X) {
			d := x.Spec.ReportData
			d[31] ^= 1
			x.policy(member{"report_data_prefix", hex.EncodeToString(d[:32])})
		}},
		{"of-the-policy-file", no("POL-53"), "in a file", demand(member{"report_data", strings.Repeat("ab", 64)})},
		{"option-of-32-bytes", as("UsageError", "POL-62"), "half of it is not enough", option("report-data", strings.Repeat("ab", 32))},
	}
}

func endpointPolicyRows() []row {
	return []row{
		{"product-not-in-the-bundle", no("POL-20", "POL-01"), "the bundle no longer allows the processor", bundle.set("allowed_products", []string{"Milan", "Turin"})},
		{"measurement-withdrawn", as("MeasurementNotAllowedError", "POL-02"), "the bundle lists another", bundle.set("allowed_hw_measurements", []string{strings.Repeat("ab", 48)})},
		{"measurement-only-in-the-file", as("MeasurementNotAllowedError", "POL-02", "POL-01"), "the caller's list does not widen the bundle's", func(x X) {
			x.Bundle.Payload.Set("allowed_hw_measurements", []string{strings.Repeat("ab", 48)})
			x.policy(member{"measurements", []string{hex.EncodeToString(x.Spec.Measurement[:])}})
		}},
		{"debug", no("POL-05"), "an allowed measurement in a guest that the host may read", policyBits(1 << 19)},
		{"vlek-relaxed-nothing-else", no("POL-05"), "a relaxation of another thing", both(policyBits(1<<19), option("allow-vlek", true))},
		{"report-data-of-the-file", as("ReportDataMismatchError", "POL-53"), "the binding holds, and another value is demanded too", demand(member{"report_data", strings.Repeat("ab", 64)})},
		{"tail-demanded", no("POL-32"), "the policy file demands a zero second half", both(demand(member{"report_data_tail_zero", true}), func(x X) { x.Spec.ReportData[40] = 1 })},
	}
}

func leafKeyHash(x *exhibit) string {
	return fmt.Sprintf("%x", sha256Of(x.LeafSpec.SPKI))
}

// policyFileSections are about the policy file: a mistake in it is one of the
// caller's, and no evidence is judged.
func policyFileSections() []section {
	file := func(members ...member) func(x X) { return demand(members...) }
	text := func(s string) func(x X) { return func(x X) { x.policyText([]byte(s)) } }
	azure := func(name string, value any) func(X) { return demand(member{"azure", doc{{name, value}}}) }
	pcrs := func(registers ...member) func(X) { return azure("pcrs", doc{{"sha256", doc(registers)}}) }
	hex96, many := strings.Repeat("ab", 48), []string{}
	for i := range 1025 {
		many = append(many, fmt.Sprintf("%096x", i+1))
	}
	return []section{{"policy-file", hardware("Genoa", 5, "vcek"), "UsageError", []row{
		{"only-a-schema", yes("POL-60"), "all but the schema is optional", file()},
		{"example", yes("POL-60", "POL-61"), "many members at once", file(
			member{"products", []string{"Genoa"}}, member{"signing_keys", []string{"vcek"}}, member{"vmpl", 0},
			member{"guest_policy", doc{{"forbid", []string{"debug", "migrate_ma"}}, {"allow_unknown_bits", false}}},
			member{"platform_info", doc{{"require", []string{"alias_check_complete"}}, {"forbid", []string{}}, {"allow_unknown_bits", true}}},
			member{"report_versions", doc{{"min", 3}, {"max", 5}}}, member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 29}, {"committed_equals_current", true}}},
			member{"chip_ids", doc{{"deny", []string{}}}}, member{"min_guest_svn", 0},
		)},
		{"without-schema", no("JSN-12"), "the schema is required", text(`{"vmpl": 0}`)},
		{"other-schema", no("POL-60"), "and is this one", text(`{"schema": "attest.policy/v2"}`)},
		{"schema-that-ends-alike", no("POL-60"), "from its first character on", text(`{"schema": "x-attest.policy/v1"}`)},
		{"no-json", no("JSN-04"), "not JSON", text("vmpl: 0")},
		{"empty", as("UsageError", "CLI-02"), "an empty file", text("")},
		{"duplicate", no("JSN-09"), "two values for one member", text(`{"schema": "attest.policy/v1", "vmpl": 0, "vmpl": 1}`)},
		{"trailing-data", no("JSN-05"), "two policies", text(`{"schema": "attest.policy/v1"} {}`)},
		{"unknown-member", no("JSN-11"), "a demand that nobody understands", file(member{"measurement", []string{hex96}})},
		{"unknown-nested-member", no("JSN-11"), "also in an inner object", file(member{"guest_policy", doc{{"forbidden", []string{"debug"}}}})},
		{"member-in-another-case", no("JSN-10"), "a member that folds to a known one", file(member{"VMPL", 0})},
		{"null", no("JSN-12"), "null demands nothing, and is an error", file(member{"measurements", raw("null")})},
		{"empty-list", no("POL-61", "GEN-02"), "an empty list allows nothing; it is an error", file(member{"measurements", []string{}})},
		{"empty-products", no("POL-61", "GEN-02"), "likewise of products", file(member{"products", []string{}})},
		{"1025-entries", no("POL-61", "GEN-04"), "1024 at most", file(member{"measurements", many})},
		{"hex-too-short", no("POL-62"), "a digest of SHA-384 has 96 digits", file(member{"measurements", []string{hex96[:64]}})},
		{"hex-upper-case", no("POL-62"), "in lower case", file(member{"measurements", []string{strings.ToUpper(hex96)}})},
		{"entry-twice", no("POL-63"), "no entry stands twice", file(member{"measurements", []string{hex96, hex96}})},
		{"zero-measurement", no("POL-64"), "zero stands for nothing", file(member{"measurements", []string{strings.Repeat("0", 96)}})},
		{"zero-chip-allowed", no("POL-64"), "a masked chip can not be allowed", file(member{"chip_ids", doc{{"allow", []string{strings.Repeat("0", 128)}}}})},
		{"unknown-product", no("POL-65"), "a product that nobody knows", file(member{"products", []string{"genoa"}})},
		{"unknown-bit", no("POL-65"), "a bit that nobody knows", file(member{"guest_policy", doc{{"require", []string{"DEBUG"}}}})},
		{"unknown-signing-key", no("POL-65"), "a kind that nobody knows", file(member{"signing_keys", []string{"VCEK"}})},
		{"bit-required-and-forbidden", no("POL-66"), "nothing could meet it", file(member{"guest_policy", doc{{"require", []string{"smt"}}, {"forbid", []string{"smt"}}}})},
		{"floor-empty", no("POL-67"), "an empty floor is none", file(member{"min_tcb", doc{}})},
		{"floor-unknown-component", no("POL-67"), "a component that nobody knows", file(member{"min_tcb", doc{{"ucode", 1}}})},
		{"floors-mixed", no("POL-67"), "components beside products", file(member{"min_tcb", doc{{"snp", 1}, {"Genoa", doc{{"snp", 1}}}}})},
		{"floors-mixed-and-a-level-of-another-type", no("JSN-13", "POL-67"), "types come before the form of the whole", file(member{"min_tcb", doc{{"snp", "1"}, {"Genoa", doc{{"snp", 1}}}}})},
		{"floor-of-a-die-in-upper-case", no("POL-67"), "a die is in lower case", file(member{"min_tcb", doc{{"FF-ff-f", doc{{"snp", 1}}}}})},
		{"unknown-member-and-another-type", no("JSN-11", "JSN-13"), "unknown members come before types", file(member{"vmpl", "0"}, member{"future", 1})},
		{"version-with-leading-zero", no("POL-68"), "no leading zeros", file(member{"firmware", doc{{"min_version", "1.055"}}})},
		{"version-with-leading-zero-of-major", no("POL-68"), "in either part", file(member{"firmware", doc{{"min_version", "01.55"}}})},
		{"version-with-a-letter", no("POL-68"), "each of them a number", file(member{"firmware", doc{{"min_version", "1.x"}}})},
		{"version-as-a-number", no("JSN-13"), "1.55 is a string here: as a number it would be 1.5500000000000000444", file(member{"firmware", doc{{"min_version", raw("1.55")}}})},
		{"version-of-three-parts", no("POL-68"), "the build has a member of its own", file(member{"firmware", doc{{"min_version", "1.55.29"}}})},
		{"mask-without-0x", no("POL-69"), "a mask is hexadecimal, and says so", file(member{"mitigations", doc{{"launch", "3f"}}})},
		{"mask-of-17-digits", no("POL-69"), "of 64 bits", file(member{"mitigations", doc{{"launch", "0x10000000000000000"}}})},
		{"mask-of-16-digits", yes("POL-69"), "which have 16 digits at most", file(member{"mitigations", doc{{"launch", "0x000000000000000b"}}})},
		{"versions-crossed", no("POL-70"), "min above max", file(member{"report_versions", doc{{"min", 5}, {"max", 4}}})},
		{"version-6-allowed", no("JSN-15"), "a version that this document does not know", file(member{"report_versions", doc{{"max", 6}}})},
		{"version-6-required", no("JSN-15"), "nor asked for", file(member{"report_versions", doc{{"min", 6}}})},
		{"id-block-required-and-forbidden", no("POL-71"), "nothing could meet it", file(member{"id_block", doc{{"require", true}, {"forbid", true}}})},
		{"vmpl-4", no("JSN-15", "POL-72"), "there are four levels", file(member{"vmpl", 4})},
		{"min-build-256", no("JSN-15"), "a build is a byte", file(member{"firmware", doc{{"min_build", 256}}})},
		{"svn-2-32", no("JSN-15"), "GUEST_SVN has 32 bits", file(member{"min_guest_svn", raw("4294967296")})},
		{"last-allowed-numbers", yes("POL-60", "POL-70"), "each number at its last allowed value", file(member{"report_versions", doc{{"min", 2}, {"max", 5}}}, member{"mitigations", doc{{"launch", "0x0"}, {"current", "0x0"}}})},
		{"max-alone", as("PolicyViolationError", "POL-44", "POL-70"), "2 is the lowest max", file(member{"report_versions", doc{{"max", 2}}})},
		{"min-alone", yes("POL-44", "POL-70"), "5 is the highest min", file(member{"report_versions", doc{{"min", 5}}})},
		{"vmpl-3", as("PolicyViolationError", "POL-22", "JSN-15"), "3 is a VMPL, and another one", file(member{"vmpl", 3})},
		{"greatest-svn", as("PolicyViolationError", "POL-43", "JSN-15"), "the greatest GUEST_SVN", file(member{"min_guest_svn", raw("4294967295")})},
		{"build-255", as("PolicyViolationError", "POL-45", "JSN-15"), "the greatest build", file(member{"firmware", doc{{"min_version", "1.55"}, {"min_build", 255}}})},
		{"build-0", yes("POL-46", "JSN-15"), "the least build", file(member{"firmware", doc{{"min_build", 0}}})},
		{"greatest-level-of-any-product", as("TCBBelowFloorError", "POL-03", "JSN-15"), "the greatest level of this product", file(member{"min_tcb", doc{{"snp", 255}}})},
		{"least-level-of-a-product", yes("POL-03", "JSN-15"), "the least level", file(member{"min_tcb", doc{{"Genoa", doc{{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 0}}}}})},
		{"version-1-allowed", no("JSN-15"), "nor one that is older", file(member{"report_versions", doc{{"min", 1}}})},
		{"version-1-as-the-highest", no("JSN-15"), "at either end", file(member{"report_versions", doc{{"max", 1}}})},
		{"negative-vmpl", no("JSN-15"), "below zero there is none", file(member{"vmpl", -1})},
		{"negative-svn", no("JSN-15"), "below zero there is none", file(member{"min_guest_svn", -1})},
		{"negative-build", no("JSN-15"), "below zero there is none", file(member{"firmware", doc{{"min_build", -1}}})},
		{"negative-level", no("JSN-15"), "below zero there is none", file(member{"min_tcb", doc{{"snp", -1}}})},
		{"negative-level-of-a-product", no("JSN-15"), "nor of a product", file(member{"min_tcb", doc{{"Genoa", doc{{"snp", -1}}}}})},
		{"level-of-256", no("JSN-15"), "a level is a byte", file(member{"min_tcb", doc{{"snp", 256}}})},
		{"level-of-256-of-a-product", no("JSN-15"), "nor of a product", file(member{"min_tcb", doc{{"Genoa", doc{{"snp", 256}}}}})},
		{"mask-without-digits", no("POL-69"), "a mask has digits", file(member{"mitigations", doc{{"launch", "0x"}}})},
		{"mask-in-upper-case", no("POL-69"), "in lower case", file(member{"mitigations", doc{{"launch", "0xAB"}}})},
		{"zero-id-key", no("POL-64"), "no key has the digest zero", file(member{"id_block", doc{{"id_keys", []string{strings.Repeat("0", 96)}}}})},
		{"zero-author-key", no("POL-64"), "nor has an author's", file(member{"id_block", doc{{"author_keys", []string{strings.Repeat("0", 96)}}}})},
		{"id-block-forbidden-with-its-key", no("POL-71"), "nothing could meet it", file(member{"id_block", doc{{"id_keys", []string{hex96}}, {"forbid", true}}})},
		{"id-block-forbidden-with-an-author", no("POL-71"), "nothing could meet it", file(member{"id_block", doc{{"author_keys", []string{hex96}}, {"forbid", true}}})},
		{"id-block-forbidden-with-any-author", no("POL-71"), "nothing could meet it", file(member{"id_block", doc{{"require_author_key", true}, {"forbid", true}}})},
		{"report-data-and-its-prefix", no("POL-73"), "one of them", file(member{"report_data", strings.Repeat("ab", 64)}, member{"report_data_prefix", strings.Repeat("ab", 32)})},
		{"report-data-prefix-of-64-bytes", no("POL-62"), "a prefix has 32 bytes", file(member{"report_data_prefix", strings.Repeat("ab", 64)})},
		{"azure-user-data-no-hex", no("AZR-10"), "hex digits", azure("user_data", "7f0g")},
		{"azure-user-data-begins-in-upper-case", no("AZR-10"), "in lower case", azure("user_data", "Ab")},
		{"azure-user-data-ends-in-upper-case", no("AZR-10"), "all of them", azure("user_data", "aB")},
		{"azure-no-banks", no("AZR-11"), "registers that are none", azure("pcrs", doc{})},
		{"azure-bank-without-registers", no("AZR-11"), "beside a good one too", azure("pcrs", doc{{"sha1", doc{}}, {"sha256", doc{{"4", []string{hex96[:64]}}}}})},
		{"azure-register-16-before-a-good-one", no("AZR-11"), "each register is judged", pcrs(member{"16", []string{hex96[:64]}}, member{"2", []string{hex96[:64]}})},
		{"azure-register-that-begins-alike", no("AZR-11"), "a register is a number", pcrs(member{"0x", []string{hex96[:64]}})},
		{"azure-value-with-more-behind-it", no("AZR-11"), "its value is hex digits", pcrs(member{"4", []string{hex96[:64] + "0g"}})},
		{"azure-value-begins-in-upper-case", no("AZR-11"), "in lower case", pcrs(member{"4", []string{"A" + hex96[1:64]}})},
		{"azure-value-ends-in-upper-case", no("AZR-11"), "all of them", pcrs(member{"4", []string{hex96[:63] + "B"}})},
		{"empty-report-data", no("JSN-12", "GEN-02"), "an empty text demands nothing, and is an error", file(member{"report_data", ""})},
		{"empty-mask", no("JSN-12", "GEN-02"), "likewise of a mask", file(member{"mitigations", doc{{"launch", ""}}})},
		{"empty-version", no("JSN-12", "GEN-02"), "and of a version", file(member{"firmware", doc{{"min_version", ""}}})},
		{"empty-schema", no("JSN-12", "POL-60"), "and of the schema", text(`{"schema": ""}`)},
		{"last-bit-required-and-forbidden", no("POL-66"), "the last bit that has a name", file(member{"guest_policy", doc{{"require", []string{"smt", "page_swap_disable"}}, {"forbid", []string{"debug", "page_swap_disable"}}}})},
		{"last-platform-bit-required-and-forbidden", no("POL-66"), "of the platform too", file(member{"platform_info", doc{{"require", []string{"tio_en"}}, {"forbid", []string{"tio_en"}}}})},
		{"floor-unknown-component-of-a-product", no("POL-67"), "in a floor of a product too", file(member{"min_tcb", doc{{"Genoa", doc{{"ucode", 1}}}}})},
		{"floor-name-in-another-case", no("POL-67", "JSN-10"), "a name of a floor that only folds to a component is an unknown one", file(member{"min_tcb", doc{{"SNP", 1}}})},
		{"greatest-level", yes("JSN-15", "POL-67"), "a floor of another product, at the greatest level", file(member{"min_tcb", doc{
			{"Genoa", doc{{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 0}}}, {"Milan", doc{{"snp", 255}}},
		}})},
		{"name-unknown-and-twice", no("POL-65"), "the form of an entry comes before its being there twice", file(member{"products", []string{"milan", "milan"}})},
		{"empty-provider", no("JSN-12"), "a provider has a name", file(member{"csp_ids", []string{""}})},
		{"boolean-as-a-string", no("JSN-13"), "no string for a boolean", file(member{"report_data_tail_zero", "true"})},
	}}}
}
