package attesttest

import (
	"bytes"
	"crypto/ed25519"

	"github.com/tresorhq/attest/internal/mint"
)

// Faults of the trust bundle: first of its signature, then of what its publisher
// says, or whoever stole the release key.
const (
	BundleOtherRoot      Fault = "bundle-other-root"
	BundleAlgNone        Fault = "bundle-alg-none"
	BundleHMAC           Fault = "bundle-hmac"
	BundleOwnKey         Fault = "bundle-own-key"
	BundleCritical       Fault = "bundle-critical"
	BundleAltered        Fault = "bundle-altered"
	BundleIsManifest     Fault = "bundle-is-manifest"
	BundleNoMeasurements Fault = "bundle-no-measurements"
	BundleNoExpiry       Fault = "bundle-no-expiry"
	BundleNoAMDRoot      Fault = "bundle-no-amd-root"
	BundleExpired        Fault = "bundle-expired"
	BundleRollback       Fault = "bundle-rollback"
	BundleEquivocation   Fault = "bundle-equivocation"
	WorkloadOfBundle     Fault = "workload-of-bundle"
	WorkloadOfCaller     Fault = "workload-of-caller"
)

var bundleFaults = []fault{
	{
		name: BundleOtherRoot, err: "BundleSignatureInvalid",
		about: "another key than the release root signed the bundle",
		after: func(d *draft) { d.Bundle.Sign = mint.EdDSA(mint.Ed25519Key(d.config.secret("other"))) },
	},
	{
		name: BundleAlgNone, err: "BundleSignatureInvalid",
		about: "the bundle says that it is unsigned (alg none), and is",
		after: func(d *draft) {
			d.Bundle.Header.Set("alg", "none")
			d.Bundle.Sign = func([]byte) []byte { return nil }
		},
	},
	{
		name: BundleHMAC, err: "BundleSignatureInvalid",
		about: "the bundle carries an HMAC, keyed with the public release root",
		after: func(d *draft) {
			d.Bundle.Header.Set("alg", "HS512")
			d.Bundle.Sign = hs512(d.releaseKey[32:])
		},
	},
	{
		name: BundleOwnKey, err: "BundleSignatureInvalid",
		about: "the bundle brings the key that signed it (jwk)",
		after: func(d *draft) {
			d.Bundle.Header.Set("jwk", mint.OKP(d.releaseKey.Public().(ed25519.PublicKey)))
		},
	},
	{
		name: BundleCritical, err: "BundleSignatureInvalid",
		about: "the bundle demands an extension that nobody knows (crit)",
		after: func(d *draft) {
			d.Bundle.Header.Set("crit", []string{"exp"})
			d.Bundle.Header.Set("exp", 1)
		},
	},
	{
		name: BundleAltered, err: "BundleSignatureInvalid",
		about: "the bundle was changed after it was signed",
		after: func(d *draft) { d.Bundle.After = alterPayload },
	},
	{
		name: BundleIsManifest, err: "BundleSignatureInvalid",
		about: "the manifest, signed by its own key, is served as the bundle",
		after: func(d *draft) { d.Bundle.After = func([]byte) []byte { return bytes.Clone(d.ManifestJWS) } },
	},
	{
		name: BundleNoMeasurements, err: "BundleInvalidError",
		about: "the bundle's list of measurements is empty",
		after: func(d *draft) { d.Bundle.Payload.Set("allowed_hw_measurements", []string{}) },
	},
	{
		name: BundleNoExpiry, err: "BundleInvalidError",
		about: "the bundle has no valid_until",
		after: func(d *draft) { d.Bundle.Payload.Drop("valid_until") },
	},
	{
		name: BundleNoAMDRoot, err: "BundleInvalidError",
		about: "the bundle names no AMD root",
		after: func(d *draft) { d.Bundle.Payload.Set("amd_root_ca_pem", "") },
	},
	{
		name: BundleExpired, err: "BundleExpiredError",
		about: "the bundle has just expired",
		after: func(d *draft) {
			d.publish()
			d.Bundle.Payload.Set("valid_until", rfc3339(d.config.Now))
		},
	},
	{
		name: BundleRollback, err: "BundleRollbackError",
		about: "an older bundle than the one accepted before",
		after: func(d *draft) { d.Bundle.Payload.Set("version", d.config.BundleVersion-1) },
	},
	{
		name: BundleEquivocation, err: "BundleRollbackError",
		about: "another bundle of the same version was accepted before",
		after: func(d *draft) { d.Bundle.Header.Set("kid", "test-release-again") },
	},
	{
		name: WorkloadOfBundle, err: "WorkloadMismatchError",
		about: "the bundle is for another workload than the envelope",
		after: func(d *draft) { d.Bundle.Payload.Set("workload", "other-"+d.config.Workload) },
	},
	{
		name: WorkloadOfCaller, err: "WorkloadMismatchError",
		about: "another workload than the caller asked for, with a bundle of its own",
		before: func(d *draft) {
			d.SetWorkload("other-" + d.config.Workload)
		},
		after: func(d *draft) { d.publish() },
	},
}

// publish makes the publisher allow what runs, by a newer bundle.
func (d *draft) publish() {
	d.Bundle.Payload.Set("version", d.config.BundleVersion+1)
	d.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hexOf(d.Tag[:])})
}

// alterPayload changes one character in the middle of a JWS.
func alterPayload(jws []byte) []byte {
	out := bytes.Clone(jws)
	at := &out[len(out)/2]
	if *at == 'A' {
		*at = 'B'
	} else {
		*at = 'A'
	}
	return out
}
