package attesttest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// draft is an enclave in the making, and the publisher of its bundle. Faults
// change it twice: before the hardware signs, and after.
type draft struct {
	config Config
	forge  *mint.Forge

	// Before the hardware signs.
	workload    string // of envelope and manifest
	manifest    members
	manifestKey ed25519.PrivateKey
	set         *mint.Set
	attested    *ecdsa.PrivateKey                 // the TLS key that the envelope names
	live        *ecdsa.PrivateKey                 // the TLS key of the server
	bind        func(spki, tag [32]byte) [32]byte // makes REPORT_DATA
	crl         mint.CRLSpec
	crlKey      *mint.RSAKey

	// Written by sign.
	manifestJWS []byte
	tag         [32]byte
	report      []byte
	chain       [][]byte
	crls        [][]byte
	envelope    members
	issued      time.Duration // issued_at, after the enclave's clock

	// Of the publisher.
	releaseKey ed25519.PrivateKey
	header     members
	bundle     members
	signer     func([]byte) []byte

	// Applied to the finished documents.
	mangleEnvelope, mangleBundle func([]byte) []byte
}

// secret derives the seed of one key.
func (c Config) secret(name string) string { return "attesttest " + name + " " + c.Seed }

func (c Config) kind() string { return c.SigningKey.String() }

// newDraft is an enclave without a fault, and the bundle that allows it.
func newDraft(c Config) *draft {
	d := &draft{
		config: c, forge: forge, workload: c.Workload,
		manifestKey:    mint.Ed25519Key(c.secret("manifest")),
		attested:       mint.P256Key(c.secret("tls")),
		bind:           binding,
		releaseKey:     mint.Ed25519Key(c.secret("release")),
		header:         members{"alg": "EdDSA", "typ": "trust-bundle+jwt", "kid": "test-release"},
		mangleEnvelope: asIs, mangleBundle: asIs,
	}
	d.live = d.attested
	d.signer = mint.EdDSA(d.releaseKey)
	d.manifest = members{
		"schema": "workload-identity/v1", "workload": c.Workload, "version": "v1.42.3",
		"image_digest": digest("image " + c.Workload), "binary_digest": digest("binary " + c.Workload),
		"build_metadata": members{"commit": "0000000000000000000000000000000000000000"},
	}
	d.manifestJWS, d.tag = d.manifestNow()
	d.use(c.kind())
	d.crl, d.crlKey = d.forge.CRL(c.Product.String()), d.forge.CAKey("ARK-"+c.Product.String())
	d.crl.ThisUpdate, d.crl.NextUpdate = mint.At(c.Now.Add(-day)), mint.At(c.Now.Add(180*day))
	d.bundle = members{
		"schema":                         "tresor.trust-bundle/v1",
		"workload":                       c.Workload,
		"version":                        c.BundleVersion,
		"issued_at":                      rfc3339(c.Now),
		"valid_until":                    rfc3339(c.Now.Add(c.BundleLife)),
		"allowed_hw_measurements":        []string{hexOf(d.set.Spec.Measurement[:])},
		"allowed_workload_identity_tags": []string{hexOf(d.tag[:])},
		"min_tcb":                        members{c.Product.String(): d.floor()},
		"amd_root_ca_pem":                string(mint.PEM(d.set.ARK)),
	}
	return d
}

// use takes a fresh chip with a leaf of that kind.
func (d *draft) use(kind string) {
	product := d.config.Product.String()
	d.set = d.forge.Evidence(product, d.config.ReportVersion, kind)
	d.set.Key = mint.P384Key(d.config.secret(kind))
	d.set.Spec.Measurement = d.measurement()
	d.set.Spec.ReportID = sha256.Sum256([]byte(d.config.secret("report id")))
	if kind == "vcek" {
		id := sha512.Sum512([]byte(d.config.secret("chip")))
		clear(d.set.Spec.ChipID[copy(d.set.Spec.ChipID[:], id[:d.config.Product.ChipIDSize()]):])
	}
	d.setLeaf(mint.DefaultTCB(product))
}

// setLeaf describes the leaf for the chip at that TCB.
func (d *draft) setLeaf(tcb mint.TCB) {
	product := d.config.Product.String()
	if d.set.Kind == "vlek" {
		d.set.LeafSpec = mint.VLEK(product, tcb, mint.DefaultCSPID)
	} else {
		d.set.LeafSpec = mint.VCEK(product, tcb, d.set.Spec.ChipID[:d.config.Product.ChipIDSize()])
	}
	d.set.LeafSpec.SPKI = mint.SPKI(d.set.Key.Public())
	d.set.LeafSpec.SetValidity(d.config.Now.Add(-day), d.config.Now.AddDate(7, 0, 0))
}

// floor is min_tcb: the level of the chip.
func (d *draft) floor() members {
	t := d.set.Spec.ReportedTCB
	f := members{"bootloader": t.BootLoader, "tee": t.TEE, "snp": t.SNP, "microcode": t.Microcode}
	if d.config.Product == snpreport.Turin {
		f["fmc"] = t.FMC
	}
	return f
}

// setForge takes other authorities for the chip.
func (d *draft) setForge(f *mint.Forge) {
	d.forge = f
	d.use(d.set.Kind)
}

// measurement is that of the workload that the publisher allows.
func (d *draft) measurement() [48]byte {
	return sha512.Sum384([]byte("attesttest measurement " + d.config.Workload))
}

// manifestNow writes the manifest as it is now, and its tag.
func (d *draft) manifestNow() (jws []byte, tag [32]byte) {
	jws = compact(members{"alg": "EdDSA", "kid": "test-manifest"}, d.manifest, mint.EdDSA(d.manifestKey))
	return jws, sha256.Sum256(jws)
}

// finish signs, with the faults at their places.
func (d *draft) finish(spoil []Fault) {
	for _, f := range spoil {
		f.row().before(d)
	}
	d.sign()
	for _, f := range spoil {
		f.row().after(d)
	}
	d.seal()
}

// sign makes what the enclave shows.
func (d *draft) sign() {
	d.manifestJWS, d.tag = d.manifestNow()
	spki := spkiHash(d.attested)
	data := d.bind(spki, d.tag)
	copy(d.set.Spec.ReportData[:], data[:])
	d.set.Resign()
	d.set.Reissue()
	d.report, d.chain = d.set.Report, d.set.Chain()
	d.crls = [][]byte{d.crl.Encode(d.crlKey)}
	d.envelope = members{
		"schema":                         "tresor.attestation/v1",
		"workload":                       d.workload,
		"tls_spki_sha256":                hexOf(spki[:]),
		"workload_identity_tag":          hexOf(d.tag[:]),
		"workload_identity_manifest_jws": string(d.manifestJWS),
		"max_age_seconds":                int64(d.config.MaxAge / time.Second),
	}
}

// seal puts the hardware's evidence into the envelope.
func (d *draft) seal() {
	d.envelope["snp_report_b64"] = encode64(d.report)
	d.envelope["vcek_chain_pem"] = string(mint.PEM(d.chain...))
}

// envelopeAt is the envelope that the enclave gives out at that time. A url is
// that of the trust bundle, or "".
func (d *draft) envelopeAt(at time.Time, url string) members {
	m := maps.Clone(d.envelope)
	m["issued_at"] = rfc3339(at.Add(d.issued))
	if url != "" {
		m["trust_bundle_url"] = url
	}
	return m
}

func (d *draft) signBundle() []byte {
	return d.mangleBundle(compact(d.header, d.bundle, d.signer))
}

// binding is the first half of REPORT_DATA.
func binding(spki, tag [32]byte) [32]byte { return sha256.Sum256(append(spki[:], tag[:]...)) }

func spkiHash(key *ecdsa.PrivateKey) [32]byte { return sha256.Sum256(mint.SPKI(key.Public())) }

func digest(of string) string {
	sum := sha256.Sum256([]byte("attesttest " + of))
	return "sha256:" + hexOf(sum[:])
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func asIs(b []byte) []byte { return b }

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
