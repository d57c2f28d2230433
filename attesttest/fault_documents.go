package attesttest

import (
	"bytes"
	"crypto/ed25519"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// Faults of the envelope.
const (
	EnvelopeTruncated Fault = "envelope-truncated"
	EnvelopeDuplicate Fault = "envelope-duplicate"
	EnvelopeFolded    Fault = "envelope-folded"
	EnvelopeSchema    Fault = "envelope-schema"
	EnvelopeDevMode   Fault = "envelope-dev-mode"
	EnvelopeStale     Fault = "envelope-stale"
	EnvelopeFuture    Fault = "envelope-future"
)

var envelopeFaults = []fault{
	{EnvelopeTruncated, "EnvelopeInvalidError", "the envelope's JSON lacks its last byte", 0, nil, func(d *draft) { d.EnvelopeText = func(b []byte) []byte { return b[:len(b)-1] } }},
	{EnvelopeDuplicate, "EnvelopeInvalidError", "the envelope has a member twice", 0, nil, func(d *draft) { d.EnvelopeText = withMember(`"workload":"other"`) }},
	{EnvelopeFolded, "EnvelopeInvalidError", "the envelope has a member that differs from another only in case", 0, nil, func(d *draft) { d.EnvelopeText = withMember(`"WORKLOAD":"other"`) }},
	{EnvelopeSchema, "EnvelopeInvalidError", "the envelope has another schema", 0, nil, func(d *draft) { d.Envelope.Set("schema", "tresor.attestation/v2") }},
	{EnvelopeDevMode, "EnvelopeInvalidError", "the certificate chain is empty, as in dev mode", 0, nil, func(d *draft) { d.chain = nil }},
	{EnvelopeStale, "EnvelopeStaleError", "the envelope is older than it says it may be", 0, nil, func(d *draft) { d.issued = -min(d.config.MaxAge, day) - 61*time.Second }},
	{EnvelopeFuture, "EnvelopeStaleError", "the envelope is from the future", 0, nil, func(d *draft) { d.issued = 10 * time.Minute }},
}

// withMember puts a member in front of the others of a JSON object.
func withMember(member string) func([]byte) []byte {
	return func(object []byte) []byte {
		return bytes.Join([][]byte{[]byte("{" + member + ","), object[1:]}, nil)
	}
}

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
	{BundleOtherRoot, "BundleSignatureInvalid", "another key than the release root signed the bundle", 0, nil, func(d *draft) { d.Bundle.Sign = document.EdDSA(mint.Ed25519Key(d.config.secret("other"))) }},
	{BundleAlgNone, "BundleSignatureInvalid", "the bundle says that it is unsigned (alg none), and is", 0, nil, func(d *draft) { d.Bundle.Header.Set("alg", "none"); d.Bundle.Sign = func([]byte) []byte { return nil } }},
	{BundleHMAC, "BundleSignatureInvalid", "the bundle carries an HMAC, keyed with the public release root", 0, nil, func(d *draft) { d.Bundle.Header.Set("alg", "HS512"); d.Bundle.Sign = document.HS512(d.releaseKey[32:]) }},
	{BundleOwnKey, "BundleSignatureInvalid", "the bundle brings the key that signed it (jwk)", 0, nil, func(d *draft) { d.Bundle.Header.Set("jwk", document.OKP(d.releaseKey.Public().(ed25519.PublicKey))) }},
	{BundleCritical, "BundleSignatureInvalid", "the bundle demands an extension that nobody knows (crit)", 0, nil, func(d *draft) { d.Bundle.Header.Set("crit", []string{"exp"}); d.Bundle.Header.Set("exp", 1) }},
	{BundleAltered, "BundleSignatureInvalid", "the bundle was changed after it was signed", 0, nil, func(d *draft) { d.Bundle.After = alterPayload }},
	{BundleIsManifest, "BundleSignatureInvalid", "the manifest, signed by its own key, is served as the bundle", 0, nil, func(d *draft) { d.Bundle.After = func([]byte) []byte { return bytes.Clone(d.ManifestJWS) } }},
	{BundleNoMeasurements, "BundleInvalidError", "the bundle's list of measurements is empty", 0, nil, func(d *draft) { d.Bundle.Payload.Set("allowed_hw_measurements", []string{}) }},
	{BundleNoExpiry, "BundleInvalidError", "the bundle has no valid_until", 0, nil, func(d *draft) { d.Bundle.Payload.Drop("valid_until") }},
	{BundleNoAMDRoot, "BundleInvalidError", "the bundle names no AMD root", 0, nil, func(d *draft) { d.Bundle.Payload.Set("amd_root_ca_pem", "") }},
	{BundleExpired, "BundleExpiredError", "the bundle has just expired", 0, nil, func(d *draft) { d.publish(); d.Bundle.Payload.Set("valid_until", rfc3339(d.config.Now)) }},
	{BundleRollback, "BundleRollbackError", "an older bundle than the one accepted before", 0, nil, func(d *draft) { d.Bundle.Payload.Set("version", d.config.BundleVersion-1) }},
	{BundleEquivocation, "BundleRollbackError", "another bundle of the same version was accepted before", 0, nil, func(d *draft) { d.Bundle.Header.Set("kid", "test-release-again") }},
	{WorkloadOfBundle, "WorkloadMismatchError", "the bundle is for another workload than the envelope", 0, nil, func(d *draft) { d.Bundle.Payload.Set("workload", "other-"+d.config.Workload) }},
	{WorkloadOfCaller, "WorkloadMismatchError", "another workload than the caller asked for, with a bundle of its own", 0, func(d *draft) { d.SetWorkload("other-" + d.config.Workload) }, func(d *draft) { d.publish() }},
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
