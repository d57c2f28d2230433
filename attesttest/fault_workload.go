package attesttest

import (
	"crypto/sha256"

	"github.com/tresorhq/attest/internal/mint"
)

// Faults of what runs, at which level, and of what it is bound to.
const (
	PolicyDebug          Fault = "policy-debug"
	PolicyMigration      Fault = "policy-migration"
	PolicyMigrationAgent Fault = "policy-migration-agent"
	PolicyUnknownBit     Fault = "policy-unknown-bit"
	PolicyVMPL           Fault = "policy-vmpl"
	PolicyVLEK           Fault = "policy-vlek"
	PolicyProduct        Fault = "policy-product"
	Measurement          Fault = "measurement"
	MeasurementWithdrawn Fault = "measurement-withdrawn"
	IdentityTag          Fault = "identity-tag"
	IdentityTagWithdrawn Fault = "identity-tag-withdrawn"
	ManifestOther        Fault = "manifest-other"
	ManifestWorkload     Fault = "manifest-workload"
	ManifestSchema       Fault = "manifest-schema"
	ManifestKey          Fault = "manifest-key"
	TCBReported          Fault = "tcb-reported"
	TCBCommitted         Fault = "tcb-committed"
	TCBFloorOther        Fault = "tcb-floor-other"
	BindingKey           Fault = "binding-key"
	BindingTag           Fault = "binding-tag"
	LiveKey              Fault = "live-key"
)

var workloadFaults = []fault{
	{
		name: PolicyDebug, err: "PolicyViolationError",
		about:  "the host may debug the guest",
		before: func(d *draft) { d.Spec.Policy |= 1 << 19 },
	},
	{
		name: PolicyMigration, err: "PolicyViolationError",
		about:  "the guest may have a migration agent",
		before: func(d *draft) { d.Spec.Policy |= 1 << 18 },
	},
	{
		name: PolicyMigrationAgent, err: "PolicyViolationError",
		about:  "the guest has a migration agent",
		before: func(d *draft) { d.Spec.ReportIDMA = sha256.Sum256([]byte("migration agent")) },
	},
	{
		name: PolicyUnknownBit, err: "PolicyViolationError",
		about:  "the guest policy has a bit that nobody knows",
		before: func(d *draft) { d.Spec.Policy |= 1 << 63 },
	},
	{
		name: PolicyVMPL, err: "PolicyViolationError",
		about:  "less privileged software in the guest asked for the report",
		before: func(d *draft) { d.Spec.VMPL = 1 },
	},
	{
		name: PolicyVLEK, err: "PolicyViolationError", needs: vcekOnly,
		about:  "a VLEK signed, which the verifier does not allow",
		before: func(d *draft) { d.Set = d.newSet("vlek") },
	},
	{
		name: PolicyProduct, err: "PolicyViolationError",
		about: "a newer bundle no longer allows the processor",
		after: func(d *draft) {
			d.publish()
			d.Bundle.Payload.Set("allowed_products", []string{d.otherProduct()})
		},
	},
	{
		name: Measurement, err: "MeasurementNotAllowedError",
		about:  "something else was launched",
		before: func(d *draft) { d.Spec.Measurement = otherMeasurement },
	},
	{
		name: MeasurementWithdrawn, err: "MeasurementNotAllowedError",
		about: "a newer bundle no longer allows what runs",
		after: func(d *draft) {
			d.publish()
			d.Bundle.Payload.Set("allowed_hw_measurements", []string{hexOf(otherMeasurement[:])})
		},
	},
	{
		name: IdentityTag, err: "IdentityTagNotAllowedError",
		about:  "a workload identity that the bundle does not list",
		before: func(d *draft) { d.Manifest.Payload.Set("version", "v6.6.6") },
	},
	{
		name: IdentityTagWithdrawn, err: "IdentityTagNotAllowedError",
		about: "a newer bundle no longer lists the workload identity",
		after: func(d *draft) {
			d.publish()
			d.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hexOf(otherTag[:])})
		},
	},
	{
		name: ManifestOther, err: "IdentityManifestMismatchError",
		about: "the manifest is not the one of the tag",
		after: func(d *draft) {
			d.Manifest.Payload.Set("version", "v9.9.9")
			d.Envelope.Set("workload_identity_manifest_jws", string(d.Manifest.Encode()))
		},
	},
	{
		name: ManifestWorkload, err: "IdentityManifestMismatchError",
		about:  "the manifest is of another workload",
		before: func(d *draft) { d.Manifest.Payload.Set("workload", "other-"+d.config.Workload) },
		after:  func(d *draft) { d.publish() },
	},
	{
		name: ManifestSchema, err: "IdentityManifestMismatchError",
		about:  "the manifest has another schema",
		before: func(d *draft) { d.Manifest.Payload.Set("schema", "workload-identity/v2") },
		after:  func(d *draft) { d.publish() },
	},
	{
		name: ManifestKey, err: "IdentityManifestMismatchError",
		about:  "another key than the configured one signed the manifest",
		before: func(d *draft) { d.Manifest.Sign = mint.EdDSA(mint.Ed25519Key(d.config.secret("other"))) },
		after:  func(d *draft) { d.publish() },
	},
	{
		name: TCBReported, err: "TCBBelowFloorError",
		about: "the reported firmware level is below the bundle's floor, microcode above it",
		before: func(d *draft) {
			d.Spec.ReportedTCB.SNP--
			d.Spec.ReportedTCB.Microcode++
			d.describeLeaf(d.Set, d.Spec.ReportedTCB)
		},
	},
	{
		name: TCBCommitted, err: "TCBBelowFloorError",
		about:  "the host can go back to firmware below the bundle's floor",
		before: func(d *draft) { d.Spec.CommittedTCB.SNP-- },
	},
	{
		name: TCBFloorOther, err: "TCBBelowFloorError",
		about: "the bundle has a floor for another product only",
		after: func(d *draft) {
			d.publish()
			d.Bundle.Payload.Set("min_tcb", mint.Object{{d.otherProduct(), mint.Floor(d.otherProduct(), mint.TCB{})}})
		},
	},
	{
		name: BindingKey, err: "ReportDataMismatchError",
		about: "the report is bound to another TLS key: a replay",
		before: func(d *draft) {
			d.Bind = func(_, tag [32]byte) [32]byte {
				return mint.Binding(spkiHash(mint.P256Key(d.config.secret("other"))), tag)
			}
		},
	},
	{
		name: BindingTag, err: "ReportDataMismatchError",
		about:  "the report is bound to another workload identity",
		before: func(d *draft) { d.Bind = func(spki, _ [32]byte) [32]byte { return mint.Binding(spki, otherTag) } },
	},
	{
		name: LiveKey, err: "SPKIMismatchError",
		about:  "somebody in between relays the evidence of the enclave",
		before: func(d *draft) { d.live = mint.P256Key(d.config.secret("relay")) },
	},
}

var otherTag = sha256.Sum256([]byte("attesttest tag of something else"))
