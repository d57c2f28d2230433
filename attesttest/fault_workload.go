package attesttest

import (
	"crypto/sha256"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
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
	{PolicyDebug, "PolicyViolationError", "the host may debug the guest", 0, func(d *draft) { d.Spec.Policy |= 1 << 19 }, nil},
	{PolicyMigration, "PolicyViolationError", "the guest may have a migration agent", 0, func(d *draft) { d.Spec.Policy |= 1 << 18 }, nil},
	{PolicyMigrationAgent, "PolicyViolationError", "the guest has a migration agent", 0, func(d *draft) { d.Spec.ReportIDMA = sha256.Sum256([]byte("migration agent")) }, nil},
	{PolicyUnknownBit, "PolicyViolationError", "the guest policy has a bit that nobody knows", 0, func(d *draft) { d.Spec.Policy |= 1 << 63 }, nil},
	{PolicyVMPL, "PolicyViolationError", "less privileged software in the guest asked for the report", 0, func(d *draft) { d.Spec.VMPL = 1 }, nil},
	{PolicyVLEK, "PolicyViolationError", "a VLEK signed, which the verifier does not allow", vcekOnly, func(d *draft) { d.Set = d.newSet("vlek") }, nil},
	{PolicyProduct, "PolicyViolationError", "a newer bundle no longer allows the processor", 0, nil, func(d *draft) { d.publish(); d.Bundle.Payload.Set("allowed_products", []string{d.otherProduct()}) }},
	{Measurement, "MeasurementNotAllowedError", "something else was launched", 0, func(d *draft) { d.Spec.Measurement = otherMeasurement }, nil},
	{MeasurementWithdrawn, "MeasurementNotAllowedError", "a newer bundle no longer allows what runs", 0, nil, func(d *draft) {
		d.publish()
		d.Bundle.Payload.Set("allowed_hw_measurements", []string{hexOf(otherMeasurement[:])})
	}},
	{IdentityTag, "IdentityTagNotAllowedError", "a workload identity that the bundle does not list", 0, func(d *draft) { d.Manifest.Payload.Set("version", "v6.6.6") }, nil},
	{IdentityTagWithdrawn, "IdentityTagNotAllowedError", "a newer bundle no longer lists the workload identity", 0, nil, func(d *draft) {
		d.publish()
		d.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hexOf(otherTag[:])})
	}},
	{ManifestOther, "IdentityManifestMismatchError", "the manifest is not the one of the tag", 0, nil, func(d *draft) {
		d.Manifest.Payload.Set("version", "v9.9.9")
		d.Envelope.Set("workload_identity_manifest_jws", string(d.Manifest.Encode()))
	}},
	{ManifestWorkload, "IdentityManifestMismatchError", "the manifest is of another workload", 0, func(d *draft) { d.Manifest.Payload.Set("workload", "other-"+d.config.Workload) }, func(d *draft) { d.publish() }},
	{ManifestSchema, "IdentityManifestMismatchError", "the manifest has another schema", 0, func(d *draft) { d.Manifest.Payload.Set("schema", "workload-identity/v2") }, func(d *draft) { d.publish() }},
	{ManifestKey, "IdentityManifestMismatchError", "another key than the configured one signed the manifest", 0, func(d *draft) { d.Manifest.Sign = document.EdDSA(mint.Ed25519Key(d.config.secret("other"))) }, func(d *draft) { d.publish() }},
	{TCBReported, "TCBBelowFloorError", "the reported firmware level is below the bundle's floor, microcode above it", 0, func(d *draft) {
		d.Spec.ReportedTCB.SNP--
		d.Spec.ReportedTCB.Microcode++
		d.describeLeaf(d.Set, d.Spec.ReportedTCB)
	}, nil},
	{TCBCommitted, "TCBBelowFloorError", "the host can go back to firmware below the bundle's floor", 0, func(d *draft) { d.Spec.CommittedTCB.SNP-- }, nil},
	{TCBFloorOther, "TCBBelowFloorError", "the bundle has a floor for another product only", 0, nil, func(d *draft) {
		d.publish()
		d.Bundle.Payload.Set("min_tcb", document.Object{{d.otherProduct(), document.Floor(d.otherProduct(), mint.TCB{})}})
	}},
	{BindingKey, "ReportDataMismatchError", "the report is bound to another TLS key: a replay", 0, func(d *draft) {
		d.Bind = func(_, tag [32]byte) [32]byte {
			return document.Binding(spkiHash(mint.P256Key(d.config.secret("other"))), tag)
		}
	}, nil},
	{BindingTag, "ReportDataMismatchError", "the report is bound to another workload identity", 0, func(d *draft) { d.Bind = func(spki, _ [32]byte) [32]byte { return document.Binding(spki, otherTag) } }, nil},
	{LiveKey, "SPKIMismatchError", "somebody in between relays the evidence of the enclave", 0, func(d *draft) { d.live = mint.P256Key(d.config.secret("relay")) }, nil},
}

var otherTag = sha256.Sum256([]byte("attesttest tag of something else"))
