package attesttest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// draft is an enclave in the making, and the publisher of its bundle. Faults
// change it twice: before the hardware signs, and after.
type draft struct {
	*document.Endpoint
	config Config
	forge  *mint.Forge

	// Before the hardware signs.
	attested *ecdsa.PrivateKey // the TLS key that the envelope names
	live     *ecdsa.PrivateKey // the TLS key of the server
	crl      mint.CRLSpec
	crlKey   *mint.RSAKey

	// Written by sign.
	chain [][]byte
	crls  [][]byte

	releaseKey ed25519.PrivateKey
	issued     time.Duration // issued_at, after the enclave's clock
}

// secret derives the seed of one key.
func (c Config) secret(name string) string { return "attesttest " + name + " " + c.Seed }

// newDraft is an enclave without a fault, and the bundle that allows it.
func newDraft(c Config) *draft {
	d := &draft{config: c, forge: forge, attested: mint.P256Key(c.secret("tls")), releaseKey: mint.Ed25519Key(c.secret("release"))}
	d.live = d.attested
	d.Endpoint = document.NewEndpoint(d.newSet(c.SigningKey.String()))
	d.SetWorkload(c.Workload)
	d.Manifest.Payload.Set("image_digest", digest("image "+c.Workload))
	d.Manifest.Payload.Set("binary_digest", digest("binary "+c.Workload))
	d.Manifest.Sign = document.EdDSA(mint.Ed25519Key(c.secret("manifest")))
	d.Envelope.Set("max_age_seconds", int64(c.MaxAge/time.Second))
	d.crl, d.crlKey = d.forge.CRL(c.Product.String()), d.forge.CAKey("ARK-"+c.Product.String())
	d.crl.ThisUpdate, d.crl.NextUpdate = mint.At(c.Now.Add(-day)), mint.At(c.Now.Add(180*day))
	tag := sha256.Sum256(d.Manifest.Encode())
	d.Bundle.Sign = document.EdDSA(d.releaseKey)
	d.Bundle.Payload.Set("version", c.BundleVersion)
	d.Bundle.Payload.Set("issued_at", rfc3339(c.Now))
	d.Bundle.Payload.Set("valid_until", rfc3339(c.Now.Add(c.BundleLife)))
	d.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hexOf(tag[:])})
	return d
}

// newSet takes a fresh chip with a leaf of that kind.
func (d *draft) newSet(kind string) *mint.Set {
	product := d.config.Product.String()
	set := d.forge.Evidence(product, d.config.ReportVersion, kind)
	set.Key = mint.P384Key(d.config.secret(kind))
	set.Spec.Measurement = d.config.Measurement
	set.Spec.ReportID = sha256.Sum256([]byte(d.config.secret("report id")))
	if kind == "vcek" {
		id := sha512.Sum512([]byte(d.config.secret("chip")))
		clear(set.Spec.ChipID[copy(set.Spec.ChipID[:], id[:d.config.Product.ChipIDSize()]):])
	}
	d.describeLeaf(set, mint.DefaultTCB(product))
	return set
}

// describeLeaf makes the leaf one of the enclave's time, for the chip at that TCB.
func (d *draft) describeLeaf(set *mint.Set, tcb mint.TCB) {
	set.DescribeLeaf(tcb)
	set.LeafSpec.SetValidity(d.config.Now.Add(-day), d.config.Now.AddDate(7, 0, 0))
}

// setForge takes other authorities for the chip.
func (d *draft) setForge(f *mint.Forge) {
	d.forge = f
	d.Set = d.newSet(d.Kind)
}

// finish signs, with the faults at their places.
func (d *draft) finish(spoil []Fault) {
	for _, f := range spoil {
		if change := f.row().before; change != nil {
			change(d)
		}
	}
	d.sign()
	for _, f := range spoil {
		if change := f.row().after; change != nil {
			change(d)
		}
	}
	d.seal()
}

// sign makes what the enclave shows.
func (d *draft) sign() {
	d.SPKI = spkiHash(d.attested)
	d.Reissue()
	d.Sign()
	d.chain = d.Chain()
	d.crls = [][]byte{d.crl.Encode(d.crlKey)}
}

// seal puts it into the envelope.
func (d *draft) seal() {
	d.ChainPEM = mint.PEM(d.chain...)
	d.Fill()
}

// envelopeAt is the envelope that the enclave gives out at that time. A url is
// that of the trust bundle, or "".
func (d *draft) envelopeAt(at time.Time, url string) document.Object {
	m := d.Envelope.Clone()
	m.Set("issued_at", rfc3339(at.Add(d.issued)))
	if url != "" {
		m.Set("trust_bundle_url", url)
	}
	return m
}

func spkiHash(key *ecdsa.PrivateKey) [32]byte { return sha256.Sum256(mint.SPKI(key.Public())) }

func digest(of string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("attesttest "+of)))
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func hexOf(b []byte) string { return hex.EncodeToString(b) }
