package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// noon is the time of every case that does not say otherwise.
const noon = "2026-04-01T12:00:00Z"

// An exhibit is all evidence of one case before it is signed and encoded. Each
// part can be changed; what depends on it follows, so that nothing else breaks.
type exhibit struct {
	*mint.Set
	command string
	options map[string]any
	inputs  map[string][][]byte // what takes the place of what is made here; nil drops it
	result  doc                 // members of the verdict

	// Report and certificates.
	unsigned             func(report []byte)        // changes the report before it is signed
	signed               func(report []byte) []byte // and afterwards
	mid, ark             mint.CertSpec
	leafSigner           mint.Signer
	midSigner, arkSigner mint.Signer
	chain                func(leaf, mid, ark []byte) [][]byte // what is sent
	pem                  func(ders ...[]byte) []byte
	crl                  *mint.CRLSpec // nil: none is given
	crlSigner            mint.Signer
	crlDER               func([]byte) []byte

	// Endpoint.
	envelope, bundle, manifest doc
	header, manifestHeader     doc
	release, manifestSigner    func(signed []byte) []byte
	bind                       func(spki, tag [32]byte) [32]byte
	attested, live             [32]byte
	tag                        [32]byte
	manifestText               func([]byte) []byte
	envelopeBytes, bundleBytes func([]byte) []byte
	headerBytes, payloadBytes  func([]byte) []byte // of the bundle
	isSealed                   bool

	slip  *slip        // of a receipt; nil: there is none
	embed func(d *doc) // changes what a receipt embeds; nil: nothing
}

var (
	releaseKey  = mint.Ed25519Key("vectors release root")
	otherKey    = mint.Ed25519Key("vectors somebody else")
	manifestKey = mint.Ed25519Key("vectors manifest")
	tlsKey      = mint.P256Key("vectors tls")
)

func asIs(b []byte) []byte { return b }

func lower(s string) string { return strings.ToLower(s) }

// made has the evidence of each cell, which takes long to sign.
var made = map[string]*mint.Set{}

// evidence gives a copy of mint's evidence whose description can be changed. Its
// signed bytes can not.
func evidence(product string, version uint32, kind string) *mint.Set {
	cell := fmt.Sprint(product, version, kind)
	if made[cell] == nil {
		made[cell] = mint.Evidence(product, version, kind)
	}
	set := *made[cell]
	set.LeafSpec.Extensions = slices.Clone(set.LeafSpec.Extensions)
	for i := range set.LeafSpec.Extensions {
		e := &set.LeafSpec.Extensions[i]
		e.Value = bytes.Clone(e.Value)
	}
	return &set
}

// hardware is a report by itself, sent with leaf and intermediate.
func hardware(product string, version uint32, kind string) func() *exhibit {
	return func() *exhibit {
		x := &exhibit{
			Set: evidence(product, version, kind), command: "report",
			options: map[string]any{"at": noon}, inputs: map[string][][]byte{},
			unsigned: func([]byte) {}, signed: asIs, crlDER: asIs,
			chain: func(leaf, mid, _ []byte) [][]byte { return [][]byte{leaf, mid} },
			pem:   mint.PEM,
		}
		x.ark, x.arkSigner, x.midSigner = mint.ARK(product), mint.CAKey("ARK-"+product), mint.CAKey("ARK-"+product)
		x.mid, x.leafSigner = mint.ASK(product), x.LeafSigner()
		if kind == "vlek" {
			x.mid, x.options["allow-vlek"] = mint.ASVK(product), true
		}
		x.crlSigner = x.arkSigner
		return x
	}
}

// endpoint is what somebody saw of an endpoint whose report is that hardware's.
func endpoint(product string, version uint32, kind string) func() *exhibit {
	return func() *exhibit {
		x := hardware(product, version, kind)()
		x.command = "attest"
		x.attested = sha256.Sum256(mint.SPKI(tlsKey.Public()))
		x.live = x.attested
		x.release, x.manifestSigner, x.bind = mint.EdDSA(releaseKey), mint.EdDSA(manifestKey), binding
		x.envelopeBytes, x.bundleBytes, x.headerBytes, x.payloadBytes, x.manifestText = asIs, asIs, asIs, asIs, asIs
		x.header = doc{{"alg", "EdDSA"}, {"typ", "trust-bundle+jwt"}, {"kid", "release-1"}}
		x.manifestHeader = doc{{"alg", "EdDSA"}, {"kid", "manifest-1"}}
		x.manifest = doc{
			{"schema", "workload-identity/v1"}, {"workload", "router"}, {"version", "v1.42.3"},
			{"image_digest", "sha256:" + strings.Repeat("11", 32)}, {"binary_digest", "sha256:" + strings.Repeat("22", 32)},
			{"build_metadata", doc{{"jobs", raw("1.5")}}},
		}
		x.envelope = doc{
			{"schema", "tresor.attestation/v1"}, {"workload", "router"}, {"snp_report_b64", ""}, {"vcek_chain_pem", ""},
			{"tls_spki_sha256", hex.EncodeToString(x.attested[:])}, {"workload_identity_tag", ""}, {"workload_identity_manifest_jws", ""},
			{"issued_at", "2026-04-01T11:59:00Z"}, {"max_age_seconds", 300},
		}
		x.bundle = doc{
			{"schema", "tresor.trust-bundle/v1"}, {"workload", "router"}, {"version", 17}, {"valid_until", "2026-05-01T00:00:00Z"},
			{"allowed_hw_measurements", []string{hex.EncodeToString(x.Spec.Measurement[:])}}, {"allowed_workload_identity_tags", []string{}},
			{"min_tcb", doc{{product, levels(product, x.Spec.ReportedTCB)}}},
			{"amd_root_ca_pem", string(mint.PEM(x.ARK))},
		}
		return x
	}
}

// levels is a floor.
func levels(product string, t mint.TCB) doc {
	d := doc{{"bootloader", int(t.BootLoader)}, {"tee", int(t.TEE)}, {"snp", int(t.SNP)}, {"microcode", int(t.Microcode)}}
	if product == "Turin" {
		d.add("fmc", int(t.FMC))
	}
	return d
}

// binding is the first half of REPORT_DATA.
func binding(spki, tag [32]byte) [32]byte { return sha256.Sum256(append(spki[:], tag[:]...)) }

// sealed gives the signed report.
func (x *exhibit) sealed() []byte {
	body := x.Spec.Encode()
	report := body[:]
	x.unsigned(report)
	mint.Sign(report, x.Key)
	return x.signed(report)
}

// sent gives the certificates.
func (x *exhibit) sent() [][]byte {
	return x.chain(x.LeafSpec.Encode(x.leafSigner), x.mid.Encode(x.midSigner), x.ark.Encode(x.arkSigner))
}

// seal makes manifest, tag, report and envelope, in this order. A member of
// envelope or bundle that a case has filled in, or dropped, stays.
func (x *exhibit) seal() {
	if x.isSealed {
		return
	}
	x.isSealed = true
	manifest := x.manifestText(mint.Compact(x.manifestHeader.text(), x.manifest.text(), x.manifestSigner))
	x.tag = sha256.Sum256(manifest)
	fill := func(d *doc, name string, value any) {
		for i := range *d {
			if m := &(*d)[i]; m.name == name && isEmpty(m.value) {
				m.value = value
			}
		}
	}
	tag := hex.EncodeToString(x.tag[:])
	fill(&x.envelope, "workload_identity_tag", tag)
	fill(&x.envelope, "workload_identity_manifest_jws", string(manifest))
	fill(&x.bundle, "allowed_workload_identity_tags", []string{tag})
	bound := x.bind(x.attested, x.tag)
	copy(x.Spec.ReportData[:], bound[:])
	fill(&x.envelope, "snp_report_b64", base64.StdEncoding.EncodeToString(x.sealed()))
	fill(&x.envelope, "vcek_chain_pem", string(x.pem(x.sent()...)))
}

func isEmpty(v any) bool {
	list, isList := v.([]string)
	return v == "" || isList && len(list) == 0
}

func (x *exhibit) envelopeText() []byte { return x.envelopeBytes(x.envelope.text()) }

func (x *exhibit) bundleText() []byte {
	return x.bundleBytes(mint.Compact(x.headerBytes(x.header.text()), x.payloadBytes(x.bundle.text()), x.release))
}

// testCase encodes everything. What the row says of it is left to the caller.
func (x *exhibit) testCase() testCase {
	inputs := map[string][][]byte{"amd-root": {mint.PEM(x.ARK)}}
	switch x.command {
	case "receipt":
		inputs = x.receiptFiles()
	case "attest":
		x.seal()
		inputs["envelope"], inputs["bundle"] = [][]byte{x.envelopeText()}, [][]byte{x.bundleText()}
		inputs["release-root"] = [][]byte{releaseRootPEM(releaseKey)}
		if _, set := x.options["spki"]; !set {
			x.options["spki"] = hex.EncodeToString(x.live[:])
		}
	case "report":
		inputs["report"] = [][]byte{x.sealed()}
		for _, der := range x.sent() {
			inputs["certs"] = append(inputs["certs"], x.pem(der))
		}
	}
	if x.crl != nil {
		inputs["crl"] = [][]byte{x.crlDER(x.crl.Encode(x.crlSigner))}
	}
	for name, files := range x.inputs {
		inputs[name] = files
	}
	c := testCase{Command: x.command, Options: x.options, files: inputs}
	for name, value := range c.Options {
		if value == nil { // a case without it
			delete(c.Options, name)
		}
	}
	return c
}
