package attesttest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// An Enclave is a synthetic enclave with all that belongs to it: its hardware's
// certificates, its web certificate, and the publisher of its trust bundle. It
// can not be changed and may be used concurrently.
type Enclave struct {
	draft   *draft
	born    time.Time // by the machine's clock
	bundle  []byte
	known   attest.BundleVersion // accepted before
	web     *webCA
	tlsCert tls.Certificate
	roots   *certchain.Roots
}

// New makes an enclave in which nothing is wrong but the faults. An error means
// that the Config is wrong, or that it has no such fault: see Fault.Fits.
func New(c Config, spoil ...Fault) (*Enclave, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	for _, f := range spoil {
		if !f.Fits(c) {
			return nil, fmt.Errorf("attesttest: fault %q does not exist, or not with this Config", string(f))
		}
	}
	d := newDraft(c)
	good := d.signBundle()
	for _, f := range spoil {
		f.row().before(d)
	}
	d.sign()
	for _, f := range spoil {
		f.row().after(d)
	}
	d.seal()
	e := &Enclave{
		draft: d, born: time.Now(),
		bundle: d.signBundle(),
		known:  attest.BundleVersion{Version: c.BundleVersion, SHA256: sha256.Sum256(good)},
	}
	if e.web, err = newWebCA(c); err != nil {
		return nil, err
	}
	if e.tlsCert, err = e.web.issue(d.live, c.Hosts); err != nil {
		return nil, err
	}
	if e.roots, err = certchain.NewRoots(e.AMDRoot()); err != nil {
		return nil, fmt.Errorf("attesttest: %w", err)
	}
	return e, nil
}

// Now returns Config.Now, or the default that was taken: the time at which
// Evidence is fresh.
func (e *Enclave) Now() time.Time { return e.draft.config.Now }

// clock is the enclave's own: it starts at Now and runs on.
func (e *Enclave) clock() time.Time { return e.Now().Add(time.Since(e.born)) }

// Evidence returns what an honest client would have seen at Now.
func (e *Enclave) Evidence() attest.Evidence {
	crls := make([][]byte, len(e.draft.crls))
	for i, crl := range e.draft.crls {
		crls[i] = bytes.Clone(crl)
	}
	return attest.Evidence{
		Envelope: e.writeEnvelope(e.Now(), ""),
		Bundle:   bytes.Clone(e.bundle),
		LiveSPKI: spkiHash(e.draft.live),
		CRLs:     crls,
	}
}

func (e *Enclave) writeEnvelope(at time.Time, url string) []byte {
	return e.draft.mangleEnvelope(e.draft.envelopeAt(at, url).encode())
}

// ReleaseRoot returns the key that the publisher signs trust bundles with.
func (e *Enclave) ReleaseRoot() ed25519.PublicKey {
	return mint.Ed25519Key(e.draft.config.secret("release")).Public().(ed25519.PublicKey)
}

// AMDRoot returns the synthetic ARK of the product, in DER.
func (e *Enclave) AMDRoot() []byte { return forge.CACert("ARK-" + e.draft.config.Product.String()) }

// VerifierConfig returns what a verifier of this enclave must demand so that
// every fault is found: its workload, its AMD root, the key of its manifest, a
// CRL, and a memory of its own that has accepted the publisher's bundle before.
func (e *Enclave) VerifierConfig() attest.Config {
	c := e.draft.config
	memory := attest.NewBundleMemory()
	memory.Accept(c.Workload, e.known) // this memory never fails
	return attest.Config{
		Policy:       policy.Default().Relax(policy.Relax{VLEK: c.SigningKey == snpreport.VLEK}),
		AMDRoots:     e.roots,
		Workload:     c.Workload,
		Memory:       memory,
		ManifestKeys: []ed25519.PublicKey{mint.Ed25519Key(c.secret("manifest")).Public().(ed25519.PublicKey)},
		RequireCRL:   true,
	}
}

// Verifier returns a verifier that accepts the enclave if nothing is wrong with
// it: NewVerifier with ReleaseRoot and VerifierConfig.
func (e *Enclave) Verifier() (*attest.Verifier, error) {
	return attest.NewVerifier([]ed25519.PublicKey{e.ReleaseRoot()}, e.VerifierConfig())
}

// TLSCertificate returns the web certificate of the enclave, and its key.
func (e *Enclave) TLSCertificate() tls.Certificate { return e.tlsCert }

// WebRoots returns the only root that vouches for TLSCertificate and for the
// other servers of Serve.
func (e *Enclave) WebRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(e.web.cert)
	return pool
}
