package attesttest

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// An Enclave is a synthetic enclave with all that belongs to it: its hardware's
// certificates, its web certificate, and the publisher of its trust bundle. It
// cannot be changed and may be used concurrently. One that New or Sibling did not
// make, a nil or zero Enclave, shows nothing and proves nothing: its methods return
// zero values or an error.
type Enclave struct {
	config  Config    // with defaults
	draft   *draft    // nil: the enclave was not made
	born    time.Time // by the machine's clock
	bundle  []byte
	known   attest.BundleVersion // accepted before
	web     *webCA
	tlsCert tls.Certificate
	roots   *certchain.Roots
	amdRoot []byte
	release ed25519.PublicKey
}

// New makes an enclave in which nothing is wrong but the faults. An error means
// that the Config is wrong, or that it has no such fault: see Fault.Fits.
func New(c Config, spoil ...Fault) (*Enclave, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := fit(c, spoil); err != nil {
		return nil, err
	}
	d := newDraft(c)
	good := d.Bundle.Encode()
	d.finish(spoil)
	e := &Enclave{
		config: c, draft: d, born: time.Now(),
		amdRoot: forge.CACert("ARK-" + c.Product.String()), release: d.releaseKey.Public().(ed25519.PublicKey),
		bundle: d.Bundle.Encode(),
		known:  attest.BundleVersion{Version: c.BundleVersion, SHA256: sha256.Sum256(good)},
	}
	if e.web, err = newWebCA(c); err != nil {
		return nil, err
	}
	if e.tlsCert, err = e.web.issue(d.live, c.Hosts); err != nil {
		return nil, err
	}
	if e.roots, err = certchain.NewRoots(e.amdRoot); err != nil {
		return nil, fmt.Errorf("attesttest: %w", err)
	}
	return e, nil
}

// unmade reports whether neither New nor Sibling made the enclave.
func (e *Enclave) unmade() bool { return e == nil || e.draft == nil }

// orZero is e, or for nil the zero Enclave.
func (e *Enclave) orZero() *Enclave { return cmp.Or(e, new(Enclave)) }

var errUnmade = errors.New("attesttest: the enclave was not made by New")

func fit(c Config, spoil []Fault) error {
	for _, f := range spoil {
		if !f.Fits(c) {
			return fmt.Errorf("attesttest: fault %q does not exist, or not with this Config", string(f))
		}
	}
	return nil
}

// Sibling makes another enclave of the same publisher, with a TLS key of its own
// that name decides, and with the clock of the machine. Its trust bundle is that
// of e, so faults of bundles have no effect here.
func (e *Enclave) Sibling(name string, spoil ...Fault) (*Enclave, error) {
	if e.unmade() {
		return nil, errUnmade
	}
	if err := fit(e.draft.config, spoil); err != nil {
		return nil, err
	}
	s := *e
	s.draft = newDraft(e.draft.config)
	s.draft.attested = mint.P256Key(s.draft.config.secret("tls " + name))
	s.draft.live = s.draft.attested
	s.draft.finish(spoil)
	s.born = e.Now()
	var err error
	s.tlsCert, err = e.web.issue(s.draft.live, s.draft.config.Hosts)
	return &s, err
}

// Now returns Config.Now, or the default that was taken: the time at which
// Evidence is fresh.
func (e *Enclave) Now() time.Time { return e.Config().Now }

// Config returns the Config with every default filled in.
func (e *Enclave) Config() Config {
	c := e.orZero().config
	c.Hosts = slices.Clone(c.Hosts)
	return c
}

// Evidence returns what an honest client would have seen at Now.
func (e *Enclave) Evidence() attest.Evidence {
	if e.unmade() {
		return attest.Evidence{}
	}
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

// Envelope returns the envelope that the enclave gives out at this moment, by its
// own clock, which started at Now. It names bundleURL as the place of the trust
// bundle, unless that is empty.
func (e *Enclave) Envelope(bundleURL string) []byte {
	if e.unmade() {
		return nil
	}
	return e.writeEnvelope(e.Now().Add(time.Since(e.born)), bundleURL)
}

func (e *Enclave) writeEnvelope(at time.Time, url string) []byte {
	var text bytes.Buffer
	if err := json.Compact(&text, e.draft.envelopeAt(at, url).Text()); err != nil {
		panic(err)
	}
	if change := e.draft.EnvelopeText; change != nil {
		return change(text.Bytes())
	}
	return text.Bytes()
}

// ReleaseRoot returns the key that the publisher signs trust bundles with.
func (e *Enclave) ReleaseRoot() ed25519.PublicKey { return slices.Clone(e.orZero().release) }

// AMDRoot returns the synthetic ARK of the product, in DER.
func (e *Enclave) AMDRoot() []byte { return bytes.Clone(e.orZero().amdRoot) }

// VerifierConfig returns what a verifier of this enclave must demand so that
// every fault is found: its workload, its AMD root, the key of its manifest, a
// CRL, and a memory of its own that has accepted the publisher's bundle before.
func (e *Enclave) VerifierConfig() attest.Config {
	if e.unmade() {
		return attest.Config{}
	}
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
func (e *Enclave) TLSCertificate() tls.Certificate { return e.orZero().tlsCert }

// IssueTLS returns a web certificate for hosts, DNS names or IP addresses, that
// WebRoots vouches for.
func (e *Enclave) IssueTLS(key *ecdsa.PrivateKey, hosts ...string) (tls.Certificate, error) {
	if e.unmade() {
		return tls.Certificate{}, errUnmade
	}
	return e.web.issue(key, hosts)
}

// WebRoot returns the certificate of the only root that vouches for TLSCertificate, in
// DER, for clients in other processes.
func (e *Enclave) WebRoot() []byte {
	if e.unmade() {
		return nil
	}
	return bytes.Clone(e.web.cert.Raw)
}

// Firmware returns a synthetic OVMF image, for those who compute a measurement from
// what is launched.
func Firmware() []byte { return boot.AmdSev().Encode() }

// WebRoots returns the only root that vouches for TLSCertificate, for what
// IssueTLS returns, and for the other servers of Serve.
func (e *Enclave) WebRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	if !e.unmade() {
		pool.AddCert(e.web.cert)
	}
	return pool
}
