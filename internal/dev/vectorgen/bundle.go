package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// bundleSections are about the payload of the trust bundle, signed as it is.
func bundleSections() []section {
	measurements := func(make func(own string) []string) func(X) {
		return func(x X) {
			x.Bundle.Payload.Set("allowed_hw_measurements", make(hex.EncodeToString(x.Spec.Measurement[:])))
		}
	}
	floor := func(value any) func(X) { return bundle.set("min_tcb", value) }
	zero := func(components ...string) (d doc) {
		for _, c := range components {
			d.Add(c, 0)
		}
		return d
	}
	many := func(n, size int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("%0*x", size, i+1))
		}
		return list
	}
	ark := func(p string) string { return string(mint.PEM(mint.CACert("ARK-" + p))) }
	roots := func(make func(x X) [][]byte) func(X) {
		return func(x X) { x.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(make(x)...))) }
	}
	four := []string{"bootloader", "tee", "snp", "microcode"}
	invalid := section{"bundle", endpoint("Genoa", 5, "vcek"), "BundleInvalidError", []row{
		{"optional-members", yes("BND-10", "BND-14"), "all members at once, and one that nobody reads", func(x X) {
			x.Bundle.Payload.Set("issued_at", "2026-03-01T00:00:00+01:00")
			x.Bundle.Payload.Set("allowed_products", []string{"Turin", "Genoa"})
			x.Bundle.Payload.Add("deny_list", []string{"x"})
			x.Bundle.Payload.Add("notes", doc{{"ratio", raw("0.5")}})
			x.result.Set("trust_bundle", doc{{"ignored_members", []string{"deny_list", "notes"}}})
		}},
		{"only-required-members", yes("BND-10"), "schema is optional", bundle.drop("schema")},
		{"other-schema", no("JSN-18", "BND-10"), "but it is the right one when it is there", bundle.set("schema", "tresor.trust-bundle/v2")},
		{"empty-measurement-list", no("JSN-16", "GEN-02"), "an empty list allows nothing, and is no way to say: anything", bundle.set("allowed_hw_measurements", raw("[]"))},
		{"empty-tag-list", no("JSN-16", "GEN-02"), "likewise of tags", bundle.set("allowed_workload_identity_tags", raw("[]"))},
		{"null-measurement-list", no("JSN-12", "GEN-02"), "null is no list", bundle.set("allowed_hw_measurements", raw("null"))},
		{"wildcard-measurement", no("JSN-19"), "there are no wildcards", measurements(func(own string) []string { return []string{own, "*"} })},
		{"prefix-of-a-measurement", no("JSN-19"), "nor prefixes", measurements(func(own string) []string { return []string{own[:64]} })},
		{"upper-case-measurement", no("JSN-19"), "nor upper case", measurements(func(own string) []string { return []string{strings.ToUpper(own)} })},
		{"empty-measurement", no("JSN-12"), "nor an empty string", measurements(func(own string) []string { return []string{own, ""} })},
		{"measurement-twice", no("JSN-17"), "no entry stands twice", measurements(func(own string) []string { return []string{own, own} })},
		{"measurement-twice-and-no-hex", no("JSN-17", "JSN-19"), "that entries are distinct comes before their form", measurements(func(own string) []string { return []string{"*", "*"} })},
		{"zero-measurement", no("BND-11"), "a zero measurement is none", measurements(func(own string) []string { return []string{own, strings.Repeat("0", 96)} })},
		{"zero-tag", no("BND-12"), "a zero tag is none", tags(func(own string) any { return []string{own, strings.Repeat("0", 64)} })},
		{"1024-measurements", yes("JSN-16", "BND-10"), "a list has up to 1024 entries", measurements(func(own string) []string { return append(many(1023, 96), own) })},
		{"1025-measurements", no("JSN-16", "GEN-04"), "and not one more", measurements(func(own string) []string { return append(many(1024, 96), own) })},
		{"1024-tags", yes("JSN-16", "BND-10"), "of tags too", tags(func(own string) any { return append(many(1023, 64), own) })},
		{"1025-tags", no("JSN-16", "GEN-04"), "likewise of tags", tags(func(own string) any { return append(many(1024, 64), own) })},
		{"tag-of-96-digits", no("JSN-19"), "a tag has 64 digits", tags(func(own string) any { return []string{own + own[:32]} })},
		{"tag-as-a-string", no("JSN-13"), "a list is a list", tags(func(own string) any { return own })},
		{"version-0", no("JSN-15"), "versions count from 1", bundle.set("version", 0)},
		{"version-negative", no("JSN-15"), "and are not negative", bundle.set("version", -1)},
		{"version-minus-zero", no("JSN-14"), "-0 is no integer", bundle.set("version", raw("-0"))},
		{"version-with-a-leading-zero", no("JSN-06"), "017 is no number", bundle.set("version", raw("017"))},
		{"version-of-400-digits", no("JSN-15"), "no number of that size", bundle.set("version", raw(strings.Repeat("9", 400)))},
		{"version-2-53", no("JSN-15"), "up to 2^53-1, so that no double rounds them", bundle.set("version", raw("9007199254740992"))},
		{"version-2-64", no("JSN-15"), "2^64 does not wrap around", bundle.set("version", raw("18446744073709551617"))},
		{"version-greatest", yes("JSN-15"), "2^53-1 is the last", bundle.set("version", raw("9007199254740991"))},
		{"version-1", yes("JSN-15"), "1 is the first", bundle.set("version", 1)},
		{"version-as-a-string", no("JSN-13"), "a string is no number", bundle.set("version", "17")},
		{"version-17.0", no("JSN-14"), "17.0 is no integer", bundle.set("version", raw("17.0"))},
		{"version-with-an-exponent", no("JSN-14"), "nor is 1e2", bundle.set("version", raw("1e2"))},
		{"workload-empty", no("JSN-12"), "a bundle is of a workload", bundle.set("workload", "")},
		{"valid-until-empty", no("JSN-12"), "no end is no endless validity", bundle.set("valid_until", "")},
		{"valid-until-null", no("JSN-12"), "nor is null", bundle.set("valid_until", raw("null"))},
		{"valid-until-date-only", no("JSN-22"), "a date is no instant", bundle.set("valid_until", "2026-05-01")},
		{"valid-until-february-30", no("JSN-22"), "there is no 30 February", bundle.set("valid_until", "2027-02-30T00:00:00Z")},
		{"issued-at-spoilt", no("JSN-22"), "an optional member is right or absent", bundle.set("issued_at", "2026-03-01")},
		{"no-amd-root", no("JSN-12"), "an empty set of roots is no reason to ask the system's", bundle.set("amd_root_ca_pem", "")},
		{"amd-root-is-white-space", no("BND-13"), "nor is one without a certificate", bundle.set("amd_root_ca_pem", "\n\n")},
		{"amd-root-is-an-ask", no("BND-13"), "an ASK is no root", roots(func(x X) [][]byte { return [][]byte{x.Intermediate} })},
		{"amd-root-and-an-ask", no("BND-13"), "also next to a root", roots(func(x X) [][]byte { return [][]byte{x.ARK, x.Intermediate} })},
		{"amd-root-twice", yes("BND-13"), "a root may stand twice: only its hash is used", roots(func(x X) [][]byte { return [][]byte{x.ARK, x.ARK} })},
		{"amd-root-with-garbage", no("BND-13"), "a usual decoder skips what is no block", func(x X) { x.Bundle.Payload.Set("amd_root_ca_pem", "junk\n"+string(mint.PEM(x.ARK))) }},
		{"root-of-a-coming-product", yes("BND-16"), "a publisher prepares for a product that verifiers know by name only", both(
			roots(func(x X) [][]byte { return [][]byte{coming("ARK-Venice"), x.ARK} }), shows("trust_bundle", doc{{"ignored_roots", []string{"ARK-Venice"}}}),
		)},
		{"root-of-a-coming-product-alone", no("BND-13", "BND-16"), "which is no anchor", bundle.set("amd_root_ca_pem", string(mint.PEM(coming("ARK-Venice"))))},
		{"ask-of-a-coming-product", no("BND-13", "BND-16"), "nor is its ASK passed over", roots(func(x X) [][]byte { return [][]byte{x.ARK, coming("SEV-Venice")} })},
		{"root-of-an-unknown-product", no("BND-13", "BND-16"), "nor a root that nobody has heard of", roots(func(x X) [][]byte { return [][]byte{x.ARK, coming("ARK-Florence")} })},
		{"three-amd-roots", yes("BND-13", "BND-15"), "a bundle names the roots of all products", bundle.set("amd_root_ca_pem", ark("Milan")+ark("Genoa")+ark("Turin"))},
		{"workload-null", no("JSN-12"), "a bundle is for one workload", bundle.set("workload", raw("null"))},
		{"products-empty", no("JSN-16", "GEN-02"), "an empty list of products allows none; to say it is an error", bundle.set("allowed_products", raw("[]"))},
		{"product-in-lower-case", no("BND-14"), "names are exact", bundle.set("allowed_products", []string{"genoa"})},
		{"product-venice", no("BND-14"), "Venice is not supported", bundle.set("allowed_products", []string{"Genoa", "Venice"})},
		{"product-unknown-and-known", no("BND-14"), "in any place", bundle.set("allowed_products", []string{"Rome", "Genoa"})},
		{"product-empty", no("JSN-12", "BND-14"), "nor empty", bundle.set("allowed_products", []string{"Genoa", ""})},
		{"product-twice", yes("BND-14"), "a name may stand twice", bundle.set("allowed_products", []string{"Genoa", "Genoa"})},
		{"1024-products", yes("JSN-16", "BND-14"), "a list has up to 1024 entries", bundle.set("allowed_products", slices.Repeat([]string{"Genoa"}, 1024))},
		{"1025-products", no("JSN-16", "GEN-04"), "and not one more", bundle.set("allowed_products", slices.Repeat([]string{"Genoa"}, 1025))},
		{"floor-empty", no("POL-67", "GEN-02"), "an empty floor is none", floor(doc{})},
		{"floor-empty-for-a-product", no("POL-67"), "nor is an empty one of a product", floor(doc{{"Genoa", doc{}}})},
		{"floor-mixed", no("POL-67"), "components or products, not both", floor(append(zero(four...), member{"Milan", zero(four...)}))},
		{"floor-unknown-component", no("POL-67"), "a component that nobody knows", floor(append(zero(four...), member{"spl_4", 0}))},
		{"floor-unknown-product", no("POL-67"), "a product that nobody knows", floor(doc{{"Rome", zero(four...)}})},
		{"floor-die-in-upper-case", no("POL-67"), "dies are in lower case", floor(doc{{"19-A0-2", zero(four...)}})},
		{"floor-256", no("JSN-15"), "a level fits in a byte", floor(append(zero("bootloader", "tee", "snp"), member{"microcode", 256}))},
		{"floor-255", yes("JSN-15", "POL-67"), "255 is the greatest, here of another product", floor(doc{{"Genoa", zero(four...)}, {"Milan", append(zero("bootloader", "tee", "snp"), member{"microcode", 255})}})},
		{"floor-negative", no("JSN-15"), "and is not negative", floor(append(zero("bootloader", "tee", "snp"), member{"microcode", -1}))},
		{"floor-packed-number", no("JSN-13"), "a packed TCB_VERSION above 2^53 is no floor", floor(raw("8289355660346195971"))},
		{"floor-fraction", no("JSN-14"), "a level is an integer", floor(append(zero("bootloader", "tee", "snp"), member{"microcode", raw("84.0")}))},
		{"floor-component-twice", no("JSN-09"), "no level stands twice", floor(append(zero(four...), member{"snp", 23}))},
		{"measurement-list-in-another-case", no("JSN-10"), "a second list under a name that folds to the first", bundle.add("Allowed_HW_Measurements", []string{})},
	}}
	for _, name := range []string{"allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "version", "valid_until", "amd_root_ca_pem", "workload"} {
		invalid.rows = append(invalid.rows, row{"without-" + dashed(name), no("JSN-12", "BND-10"), name + " is required", bundle.drop(name)})
	}
	expiry := section{"bundle-validity", endpoint("Genoa", 5, "vcek"), "BundleExpiredError", []row{
		{"last-nanosecond", yes("BND-30"), "the time is before valid_until", bundle.set("valid_until", "2026-04-01T12:00:00.000000001Z")},
		{"at-its-end", no("BND-30"), "at valid_until it has expired", bundle.set("valid_until", noon)},
		{"at-its-end-elsewhere", no("BND-30"), "the same instant with an offset", bundle.set("valid_until", "2026-04-01T14:00:00+02:00")},
		{"long-ago", no("BND-30"), "a bundle that a server goes on serving", bundle.set("valid_until", "2025-12-31T00:00:00Z")},
	}}
	rootless := section{"bundle-roots", endpoint("Genoa", 5, "vcek"), "CertChainInvalidError", []row{
		{"of-another-product", no("CHN-42", "BND-15", "CHN-65"), "the bundle names Milan's root alone; no other root steps in", bundle.set("amd_root_ca_pem", ark("Milan"))},
		{"does-not-add-one", no("CHN-42", "BND-15", "CHN-65"), "a stolen release key names a root of its own, and evidence under it", selfMadeRoot},
		{"among-several", yes("BND-15", "CHN-65"), "the verifier has more roots than the bundle names", input("amd-root", mint.PEM(mint.CACert("ARK-Genoa"), mint.CACert("ARK-Turin")))},
	}}
	return []section{invalid, expiry, rootless}
}

// selfMadeRoot is a chain with AMD's names whose root the bundle vouches for,
// but not the verifier.
func selfMadeRoot(x *exhibit) {
	other := mint.CAKey(mint.OtherCA)
	x.ark.SPKI, x.arkSigner, x.midSigner = mint.SPKI(other.Public()), other, other
	x.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(x.ark.Encode(other))))
}

// coming encodes an authority of a product that is known by name at most.
func coming(commonName string) []byte {
	s := mint.ARK("Milan")
	s.Subject, s.Issuer = mint.Name(commonName), mint.Name("ARK-Venice")
	return s.Encode(mint.CAKey("ARK-Milan"))
}
