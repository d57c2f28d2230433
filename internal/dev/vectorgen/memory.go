package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// memorySections are about what a client remembers, and evidence that was saved.
func memorySections() []section {
	return []section{stateSection(), pinSection(), evidenceSection()}
}

func stateSection() section {
	state := func(text string) func(X) { return input("state", []byte(text)) }
	entry := func(workload, version, digest string) string {
		return fmt.Sprintf(`{"schema": "tresor.state/v1", "workloads": {%q: {"version": %s, "sha256": %q}}}`+"\n", workload, version, digest)
	}
	other := strings.Repeat("ab", 32)
	known := func(version string) func(X) { return state(entry("router", version, other)) }
	same := func(at int, change byte) func(X) { // the bundle of this version, but for a byte of its hash
		return func(x X) {
			x.seal()
			sum := digest(x.Bundle.Encode())
			sum[at] ^= change
			x.inputs["state"] = [][]byte{[]byte(entry("router", "17", hex.EncodeToString(sum)))}
		}
	}
	return section{"state", endpoint("Genoa", 5, "vcek"), "EvidenceUnavailableError", []row{
		{"older-was-accepted", yes("BND-40"), "a newer bundle than the last", known("16")},
		{"same-was-accepted", yes("BND-41"), "the same bundle again", same(0, 0)},
		{"first-was-accepted", yes("BND-40", "STA-03"), "1 is a version like others", known("1")},
		{"of-another-workload", yes("BND-40", "BND-43"), "versions count for each workload by itself", state(entry("inference", "99", other))},
		{"of-two-workloads", yes("BND-40", "STA-34"), "each with its version, in the order of their names", state(strings.Replace(entry("router", "16", other), `{"router"`, `{"inference": {"version": 99, "sha256": "`+other+`"}, "router"`, 1))},
		{"newer-was-accepted", as("BundleRollbackError", "BND-40"), "an older bundle, still valid, that allows what was withdrawn", known("18")},
		{"greatest-was-accepted", as("BundleRollbackError", "BND-40"), "2^53-1 is a version like others", known("9007199254740991")},
		{"other-bytes-of-the-version", as("BundleRollbackError", "BND-41"), "two bundles of one version", known("17")},
		{"hash-whose-first-byte-differs", as("BundleRollbackError", "BND-41"), "all 32 bytes are compared", same(0, 1)},
		{"hash-whose-last-byte-differs", as("BundleRollbackError", "BND-41"), "to the last", same(31, 1)},
		{"empty-file", no("BND-42", "STA-20"), "a damaged memory is no first run", state("")},
		{"empty-file-and-another-workload", no("BND-42", "STA-20"), "which comes before what is asked for", both(state(""), option("workload", "inference"))},
		{"without-schema", no("BND-42", "STA-34"), "a file of no schema", state(`{"workloads": {}}`)},
		{"without-workloads", no("BND-42", "STA-34"), "a file that says nothing", state(`{"schema": "tresor.state/v1"}`)},
		{"without-a-digest", no("BND-42", "STA-10"), "a version by itself", state(`{"schema": "tresor.state/v1", "workloads": {"router": {"version": 16}}}`)},
		{"without-a-version", no("BND-42", "STA-10"), "of any workload", state(`{"schema": "tresor.state/v1", "workloads": {"inference": {"sha256": "` + other + `"}}}`)},
		{"version-0-of-another-workload", no("BND-42", "STA-03"), "no version, of whichever workload", state(entry("inference", "0", other))},
		{"unknown-member-of-a-workload", no("BND-42", "STA-34"), "in the inner object too", state(strings.Replace(entry("router", "16", other), `{"version"`, `{"x": 1, "version"`, 1))},
		{"cut-off", no("BND-42", "STA-20"), "nor is a part of one", state(strings.TrimSuffix(entry("router", "18", other), "}\n"))},
		{"unknown-member", no("BND-42", "STA-34"), "a member that nobody knows", state(`{"schema": "tresor.state/v1", "workloads": {}, "x": 1}`)},
		{"other-schema", no("BND-42", "STA-34"), "another schema", state(`{"schema": "tresor.state/v2", "workloads": {}}`)},
		{"version-0", no("BND-42", "STA-03"), "no version", known("0")},
		{"version-2-53", no("BND-42", "STA-03"), "a version out of range", known("9007199254740992")},
		{"digest-in-upper-case", no("BND-42", "STA-34"), "hex in lower case", state(entry("router", "16", strings.ToUpper(other)))},
		{"workload-without-name", no("BND-42", "STA-10"), "a workload has a name", state(entry("", "16", other))},
		{"workload-twice", no("BND-42", "STA-10"), "two versions to choose from", state(strings.Replace(entry("router", "16", other), `{"router"`, `{"router": {"version": 1, "sha256": "`+other+`"}, "router"`, 1))},
		{"escaped-name", as("BundleRollbackError", "BND-40", "STA-10"), "names are compared after unescaping", state(strings.Replace(entry("router", "18", other), `"router"`, `"\u0072outer"`, 1))},
	}}
}

func digest(b []byte) []byte { sum := sha256Of(b); return sum[:] }

func pinSection() section {
	pin := func(change func(d *doc)) func(X) {
		return func(x X) {
			x.seal()
			d := doc{
				{"schema", "tresor.pin/v1"}, {"origin", "https://router.example.com"}, {"tls_spki_sha256", hex.EncodeToString(x.SPKI[:])},
				{"snp_measurement", hex.EncodeToString(x.Spec.Measurement[:])}, {"workload_identity_tag", hex.EncodeToString(x.Tag[:])},
				{"trust_bundle_version", 17}, {"recorded_at", "2026-03-01T00:00:00Z"},
			}
			change(&d)
			x.inputs["pin"] = [][]byte{d.Text()}
		}
	}
	set := func(name string, value any) func(X) { return pin(func(d *doc) { d.Set(name, value) }) }
	const changed, damaged = "PinChangedError", "EvidenceUnavailableError"
	return section{"pin", endpoint("Genoa", 5, "vcek"), changed, []row{
		{"unchanged", yes("PIN-02"), "what was recorded; evidence from files has no origin to compare", pin(func(*doc) {})},
		{"higher-bundle-version", yes("PIN-01"), "a newer bundle is no change", set("trust_bundle_version", 16)},
		{"lower-bundle-version", as("BundleRollbackError", "PIN-01"), "an older one is a rollback", set("trust_bundle_version", 18)},
		{"lower-bundle-version-and-other-key", as("BundleRollbackError", "PIN-01"), "which wins over a difference", pin(func(d *doc) {
			d.Set("trust_bundle_version", 18)
			d.Set("tls_spki_sha256", strings.Repeat("ab", 32))
		})},
		{"other-key", no("PIN-02"), "another TLS key than recorded: verified, but not the same", set("tls_spki_sha256", strings.Repeat("ab", 32))},
		{"other-measurement", no("PIN-02"), "another measurement", set("snp_measurement", strings.Repeat("ab", 48))},
		{"other-tag", no("PIN-02"), "another tag", set("workload_identity_tag", strings.Repeat("ab", 32))},
		{"refused-evidence", as("PolicyViolationError", "POL-05"), "what is refused is not compared", both(policyBits(1<<19), set("tls_spki_sha256", strings.Repeat("ab", 32)))},
		{"empty-file", as(damaged, "CLI-03"), "a damaged pin is no first run", input("pin", []byte{})},
		{"without-measurement", as(damaged, "CLI-03"), "nor is one that lacks a member", pin(func(d *doc) { d.Drop("snp_measurement") })},
		{"unknown-member", as(damaged, "CLI-03", "JSN-11"), "or has one too many", pin(func(d *doc) { d.Add("x", 1) })},
		{"other-schema", as(damaged, "CLI-03"), "or is something else", set("schema", "tresor.pin/v2")},
		{"version-as-a-string", as(damaged, "CLI-03"), "or of another type", set("trust_bundle_version", "17")},
	}}
}

func evidenceSection() section {
	// saved makes a replay of the endpoint.
	saved := func(change func(x X, d *doc)) func(X) {
		return func(x X) {
			x.seal()
			b64 := base64.StdEncoding.EncodeToString
			d := doc{
				{"schema", "tresor.evidence/v1"}, {"origin", "https://router.example.com"}, {"fetched_at", noon},
				{"leaf_der_b64", b64(webCert(tlsKey.Public()))}, {"envelope_b64", b64(x.Seal())}, {"bundle_jws", string(x.Bundle.Encode())},
				{"crls_b64", []string{}},
			}
			change(x, &d)
			x.inputs["evidence"], x.inputs["envelope"], x.inputs["bundle"], x.options["spki"] = [][]byte{d.Text()}, nil, nil, nil
			x.options["at"] = "recorded"
		}
	}
	set := func(name string, value any) func(X) { return saved(func(_ X, d *doc) { d.Set(name, value) }) }
	lists := func(products ...string) func(X) {
		var all []string
		for _, p := range products {
			crl := mint.CRL(p)
			all = append(all, base64.StdEncoding.EncodeToString(crl.Encode(mint.CAKey("ARK-"+p))))
		}
		return set("crls_b64", all)
	}
	return section{"evidence", endpoint("Genoa", 5, "vcek"), "EvidenceUnavailableError", []row{
		{"as-recorded", yes("CLI-03"), "saved evidence verifies again, for the time that it was fetched at", saved(func(x X, _ *doc) { expectFacts(x) })},
		{"later", as("EnvelopeStaleError", "ENV-21"), "and not for a later time", both(saved(func(X, *doc) {}), option("at", "2026-04-01T13:00:00Z"))},
		{"four-crls", yes("CRL-22"), "four lists at most", lists(slices.Repeat([]string{"Genoa"}, 4)...)},
		{"five-crls", as("CRLInvalidError", "CRL-22", "GEN-04"), "and not five", lists(slices.Repeat([]string{"Genoa"}, 5)...)},
		{"one-bad-crl-of-two", as("CRLInvalidError", "CRL-17", "CRL-22"), "each that is given must be good", lists("Genoa", "Milan")},
		{"one-bad-crl-before-a-good-one", as("CRLInvalidError", "CRL-17", "CRL-22"), "in whatever order", lists("Milan", "Genoa")},
		{"of-another-connection", as("SPKIMismatchError", "BIN-10"), "the leaf is of another key", set("leaf_der_b64", base64.StdEncoding.EncodeToString(webCert(mint.P256Key("relay").Public())))},
		{"altered-bundle", as("BundleSignatureInvalid", "JWS-10"), "what was saved is no more trusted than what was sent", saved(func(x X, d *doc) {
			x.Bundle.Sign = document.EdDSA(otherKey)
			d.Set("bundle_jws", string(x.Bundle.Encode()))
		})},
		{"empty-file", no("CLI-03"), "nothing was judged", both(saved(func(X, *doc) {}), input("evidence", []byte{}))},
		{"without-leaf", no("CLI-03"), "nothing tells the key of the connection", saved(func(_ X, d *doc) { d.Drop("leaf_der_b64") })},
		{"leaf-is-no-certificate", no("CLI-03"), "nor does this", set("leaf_der_b64", "AAAA")},
		{"unknown-member", no("CLI-03", "JSN-11"), "a member that nobody knows", set("verdict", "pass")},
		{"other-schema", no("CLI-03"), "another schema", set("schema", "tresor.evidence/v2")},
		{"envelope-not-base64", no("CLI-03"), "damaged", set("envelope_b64", "%%%")},
		{"fetched-at-spoilt", no("CLI-03"), "a time that is none", set("fetched_at", "yesterday")},
	}}
}
