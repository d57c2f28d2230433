package leak_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/certchain"
)

// baseTransport is how all subjects reach the target.
func baseTransport(t leak.Target) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(t.Protocol == leak.HTTP2)
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: t.WebRoots, MinVersion: t.MinTLS},
		Protocols:       protocols,
		Proxy:           t.Proxy,
	}
}

// bare attests nothing.
func bare(t leak.Target) (http.RoundTripper, func(), error) {
	b := baseTransport(t)
	return b, b.CloseIdleConnections, nil
}

// chains saves time: the chip is always the same.
var chains = certchain.NewCache(16)

// verifier fetches the bundle each time, and judges.
type verifier struct {
	target  leak.Target
	bundles *http.Transport
	verify  *attest.Verifier
}

func newTargetVerifier(t leak.Target) (*verifier, error) {
	t.Verifier.Cache = chains
	v, err := attest.NewVerifier([]ed25519.PublicKey{t.ReleaseRoot}, t.Verifier)
	b := baseTransport(t)
	b.Proxy = nil
	b.DisableKeepAlives = true
	return &verifier{t, b, v}, err
}

func unavailable(err error) error {
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: "TST-01", Message: "no evidence", Cause: err}}
}

// get sends a bare GET and reads a whole answer of at most 256 KiB.
func get(ctx context.Context, t http.RoundTripper, url string) ([]byte, *http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	response, err := t.RoundTrip(r)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	defer response.Body.Close()
	const limit = 256 << 10
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch h := response.Header; {
	case err != nil:
		return nil, nil, unavailable(err)
	case len(body) > limit || response.StatusCode != http.StatusOK || h.Get("Content-Encoding") != "" || h.Get("Content-Type") == "text/html":
		return nil, nil, unavailable(errors.New(response.Status))
	}
	return body, response, nil
}

// attest asks t for the attestation and returns the attested key.
func (v *verifier) attest(ctx context.Context, t http.RoundTripper) (spki [32]byte, err error) {
	asked := time.Now()
	var e attest.Evidence
	var response *http.Response
	if e.Envelope, response, err = get(ctx, t, v.target.URL+"/attestation"); err != nil {
		return spki, err
	}
	if response.TLS == nil || response.TLS.DidResume {
		return spki, unavailable(errors.New("resumed"))
	}
	if e.Bundle, _, err = get(ctx, v.bundles, v.target.BundleURL); err != nil {
		return spki, err
	}
	e.LiveSPKI = sha256.Sum256(response.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)
	result, err := v.verify.Verify(e, time.Now())
	if err == nil && time.Since(asked) > result.MaxAge {
		err = unavailable(errors.New("the attestation took longer than it is valid"))
	}
	return e.LiveSPKI, err
}

// oneShot is as honest as it is slow: each request has a connection of its own,
// which is attested before.
type oneShot struct {
	*verifier
	base *http.Transport
}

func honest(t leak.Target) (http.RoundTripper, func(), error) {
	v, err := newTargetVerifier(t)
	b := baseTransport(t)
	b.DisableCompression = false
	return &oneShot{v, b}, func() {}, err
}

func (o *oneShot) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := o.roundTrip(r)
	if err != nil && r.Body != nil {
		r.Body.Close() // a ClientConn does not always
	}
	return response, err
}

func (o *oneShot) roundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Host
	switch {
	case "https://"+host != o.target.URL, r.URL.Scheme != "https", r.Host != "" && r.Host != host:
		return nil, errors.New("another origin")
	case r.Header.Get("Upgrade") != "":
		return nil, errors.New("no upgrades")
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		return nil, err
	}
	c, err := o.base.NewClientConn(r.Context(), "https", host)
	if err != nil {
		return nil, unavailable(err)
	}
	if _, err := o.attest(r.Context(), c); err != nil {
		c.Close()
		return nil, err
	}
	response, err := c.RoundTrip(r)
	if err != nil {
		c.Close()
		return nil, err
	}
	response.Body = &closer{ReadCloser: response.Body, also: c}
	return response, nil
}

type closer struct {
	io.ReadCloser
	also io.Closer
}

func (c *closer) Close() error {
	return errors.Join(c.ReadCloser.Close(), c.also.Close())
}

// pinning is the usual mistake: it attests through a connection of its own, and
// lets every other one pass that shows an attested key.
type pinning struct {
	*verifier
	probe, base *http.Transport
	mu          sync.Mutex
	pins        map[[32]byte]bool // SHA-256 of the SubjectPublicKeyInfo
}

var errNotPinned = &attest.SPKIMismatchError{Failure: attest.Failure{Rule: "TST-02", Message: "no pinned key"}}

func newPinning(t leak.Target) (*pinning, error) {
	v, err := newTargetVerifier(t)
	p := &pinning{verifier: v, probe: baseTransport(t), base: baseTransport(t), pins: map[[32]byte]bool{}}
	p.probe.DisableKeepAlives = true
	p.base.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	p.base.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.pins[sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)] {
			return errNotPinned
		}
		return nil
	}
	return p, err
}

// naive attests when a connection shows an unknown key.
func naive(t leak.Target) (http.RoundTripper, func(), error) {
	p, err := newPinning(t)
	return p, p.base.CloseIdleConnections, err
}

func (p *pinning) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.base.RoundTrip(r)
	for range 2 {
		if !errors.Is(err, errNotPinned) {
			break
		}
		spki, refused := p.attest(r.Context(), p.probe)
		if refused != nil {
			return nil, refused
		}
		p.mu.Lock()
		p.pins[spki] = true
		p.mu.Unlock()
		response, err = p.base.RoundTrip(r) // no byte of the body was read yet
	}
	return response, err
}

// pooled is a mistake that is harder to see: it attests through the same
// connection pool as the requests, which are so often on the attested
// connection, but not always.
func pooled(t leak.Target) (http.RoundTripper, func(), error) {
	p, err := newPinning(t)
	p.probe = p.base
	check := p.base.TLSClientConfig.VerifyConnection
	p.base.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error {
		p.mu.Lock()
		attesting := len(p.pins) == 0
		p.mu.Unlock()
		if attesting {
			return nil
		}
		return check(s)
	}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		p.mu.Lock()
		attested := len(p.pins) > 0
		p.mu.Unlock()
		if !attested {
			spki, err := p.attest(r.Context(), p.base)
			if err != nil {
				p.base.CloseIdleConnections()
				if r.Body != nil {
					r.Body.Close()
				}
				return nil, err
			}
			p.mu.Lock()
			p.pins[spki] = true
			p.mu.Unlock()
		}
		return p.base.RoundTrip(r)
	}), p.base.CloseIdleConnections, err
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
