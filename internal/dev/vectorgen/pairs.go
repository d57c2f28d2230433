package main

import (
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// A fault makes one step fail, and leaves the others as they are.
type fault struct {
	step, err, rule string
	apply           func(x X)
}

// faults are one for each step, in their order.
func faults() []fault {
	other96, other64 := strings.Repeat("ab", 48), strings.Repeat("ab", 32)
	return []fault{
		{"envelope", "EnvelopeInvalidError", "ENV-02", envelope.set("schema", "tresor.attestation/v2")},
		{"freshness", "EnvelopeStaleError", "ENV-21", envelope.set("issued_at", "2026-03-31T00:00:00Z")},
		{"bundle-signature", "BundleSignatureInvalid", "JWS-10", bundleSigned(document.EdDSA(otherKey))},
		{"bundle", "BundleInvalidError", "BND-14", bundle.set("allowed_products", []string{"Milan", "Rome"})},
		{"bundle-validity", "BundleExpiredError", "BND-30", bundle.set("valid_until", "2026-03-01T00:00:00Z")},
		{"bundle-rollback", "BundleRollbackError", "BND-40", input("state", []byte(`{"schema": "tresor.state/v1", "workloads": {"router": {"version": 18, "sha256": "`+other64+`"}}}`))},
		{"workload", "WorkloadMismatchError", "WKL-02", option("workload", "inference")},
		{"report", "ReportInvalidError", "RPT-10", patch(0x1EB, 1)},
		{"chain", "CertChainInvalidError", "CHN-52", func(x X) { x.LeafSpec.Mangle = func(b []byte) []byte { b[9] ^= 1; return b } }},
		{"revocation", "CertRevokedError", "CRL-21", func(x X) { x.withCRL().Revoke(mint.ASK(x.Product).Serial...) }},
		{"report-signature", "ReportSignatureInvalidError", "RPT-23", spoil(0x2A0, 1, 2, 3)},
		{"endorsement", "EndorsementMismatchError", "END-05", func(x X) { x.Spec.ChipID[0] ^= 1 }},
		{"policy", "PolicyViolationError", "POL-05", policyBits(1 << 19)},
		{"measurement", "MeasurementNotAllowedError", "POL-02", bundle.set("allowed_hw_measurements", []string{other96})},
		{"identity-tag", "IdentityTagNotAllowedError", "IDT-01", bundle.set("allowed_workload_identity_tags", []string{other64})},
		{"manifest", "IdentityManifestMismatchError", "IDT-10", envelope.set("workload_identity_manifest_jws", string(document.Compact([]byte(`{"alg":"EdDSA"}`), []byte(`{}`), document.EdDSA(manifestKey))))},
		{"min-tcb", "TCBBelowFloorError", "POL-03", func(x X) { x.Spec.CommittedTCB.SNP-- }},
		{"report-data", "ReportDataMismatchError", "BIN-01", func(x X) { x.Bind = func(spki, tag [32]byte) [32]byte { return document.Binding(tag, spki) } }},
		{"live-key", "SPKIMismatchError", "BIN-10", func(x X) { x.live = sha256Of([]byte("relay")) }},
	}
}

// pairSections have two faults each: the step that comes first decides.
func pairSections() []section {
	list := faults()
	s := section{name: "two", base: endpoint("Milan", 3, "vcek")}
	for i, first := range list {
		for _, second := range list[i+1:] {
			s.rows = append(s.rows, row{
				first.step + "-before-" + second.step, as(first.err, first.rule, "ORD-01"),
				fmt.Sprintf("%s is wrong, and so is %s: the step that comes first decides", first.step, second.step),
				both(second.apply, first.apply),
			})
		}
	}
	return []section{s}
}
