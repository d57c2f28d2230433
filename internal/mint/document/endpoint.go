package document

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// An Endpoint is what an attested endpoint and the publisher of its trust bundle
// show, before it is signed and encoded. Each part can be changed; what depends
// on it follows, so that nothing else is wrong.
//
//	e := document.NewEndpoint(mint.Evidence("Genoa", 5, "vcek"))
//	e.Bundle.Payload.Set("version", 18)             // or Drop, Add, Rename
//	e.Sign()
//	mint.Sign(e.Report, otherKey)                   // what is wrong only then
//	envelope, bundle := e.Seal(), e.Bundle.Encode()
type Endpoint struct {
	*mint.Set

	SPKI [32]byte                          // SHA-256 of the SubjectPublicKeyInfo of the TLS key
	Bind func(spki, tag [32]byte) [32]byte // makes REPORT_DATA[0:32]; nil: Binding

	Manifest, Bundle JWS
	Envelope         Object
	EnvelopeText     func([]byte) []byte // changes the written envelope; nil: nothing

	// Written by Sign.
	ManifestJWS []byte
	Tag         [32]byte // workload_identity_tag
	ChainPEM    []byte
}

// NewEndpoint returns an endpoint of workload "router" that attested itself on
// 2026-04-01 at 11:59 UTC, and a bundle of version 17 that allows it and is valid
// for that month. The keys mint.Ed25519Key("release") and mint.Ed25519Key("manifest")
// sign, and the TLS key is mint.P256Key("tls").
func NewEndpoint(set *mint.Set) *Endpoint {
	e := &Endpoint{Set: set, SPKI: sha256.Sum256(mint.SPKI(mint.P256Key("tls").Public()))}
	e.Manifest = JWS{
		Header: Object{{"alg", "EdDSA"}, {"kid", "manifest-1"}},
		Payload: Object{
			{"schema", "workload-identity/v1"}, {"workload", "router"}, {"version", "v1.42.3"},
			{"image_digest", "sha256:" + strings.Repeat("11", 32)}, {"binary_digest", "sha256:" + strings.Repeat("22", 32)},
			{"build_metadata", Object{{"jobs", RawJSON("1.5")}}},
		},
		Sign: EdDSA(mint.Ed25519Key("manifest")),
	}
	e.Envelope = Object{
		{"schema", "tresor.attestation/v1"}, {"workload", "router"}, {"snp_report_b64", ""}, {"vcek_chain_pem", ""},
		{"tls_spki_sha256", ""}, {"workload_identity_tag", ""}, {"workload_identity_manifest_jws", ""},
		{"issued_at", "2026-04-01T11:59:00Z"}, {"max_age_seconds", 300},
	}
	e.Bundle = JWS{
		Header: Object{{"alg", "EdDSA"}, {"typ", "trust-bundle+jwt"}, {"kid", "release-1"}},
		Payload: Object{
			{"schema", "tresor.trust-bundle/v1"}, {"workload", "router"}, {"version", 17}, {"valid_until", "2026-05-01T00:00:00Z"},
			{"allowed_hw_measurements", []string{hex.EncodeToString(set.Spec.Measurement[:])}}, {"allowed_workload_identity_tags", []string{}},
			{"min_tcb", Object{{set.Product, Floor(set.Product, set.Spec.ReportedTCB)}}},
			{"amd_root_ca_pem", string(mint.PEM(set.ARK))},
		},
		Sign: EdDSA(mint.Ed25519Key("release")),
	}
	return e
}

// SetWorkload names the workload in manifest, envelope and bundle.
func (e *Endpoint) SetWorkload(name string) {
	for _, o := range []*Object{&e.Manifest.Payload, &e.Envelope, &e.Bundle.Payload} {
		o.Set("workload", name)
	}
}

// Sign makes the manifest, its tag and REPORT_DATA, and signs the report. The
// certificates are those of the Set: whoever changes LeafSpec calls Reissue too.
func (e *Endpoint) Sign() {
	e.ManifestJWS = e.Manifest.Encode()
	e.Tag = sha256.Sum256(e.ManifestJWS)
	bind := e.Bind
	if bind == nil {
		bind = Binding
	}
	bound := bind(e.SPKI, e.Tag)
	copy(e.Spec.ReportData[:], bound[:])
	e.Resign()
	e.ChainPEM = e.PEM()
}

// Fill writes what Sign has made into the members of envelope and bundle that are
// there and empty.
func (e *Endpoint) Fill() {
	tag := hex.EncodeToString(e.Tag[:])
	e.Envelope.fill("tls_spki_sha256", hex.EncodeToString(e.SPKI[:]))
	e.Envelope.fill("workload_identity_tag", tag)
	e.Envelope.fill("workload_identity_manifest_jws", string(e.ManifestJWS))
	e.Envelope.fill("snp_report_b64", base64.StdEncoding.EncodeToString(e.Report))
	e.Envelope.fill("vcek_chain_pem", string(e.ChainPEM))
	e.Bundle.Payload.fill("allowed_workload_identity_tags", []string{tag})
}

// Seal fills the envelope and writes it.
func (e *Endpoint) Seal() []byte {
	e.Fill()
	return change(e.EnvelopeText, e.Envelope.Text())
}

// Binding is the first half of REPORT_DATA: SHA-256 of key hash and tag.
func Binding(spki, tag [32]byte) [32]byte { return sha256.Sum256(append(spki[:], tag[:]...)) }

// Floor is a floor of min_tcb at that level.
func Floor(product string, t mint.TCB) Object {
	o := Object{{"bootloader", int(t.BootLoader)}, {"tee", int(t.TEE)}, {"snp", int(t.SNP)}, {"microcode", int(t.Microcode)}}
	if product == "Turin" {
		o.Add("fmc", int(t.FMC))
	}
	return o
}
