package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/internal/judge"
	"github.com/tresorhq/attest/releaseroot"
	"github.com/tresorhq/attest/snpreport"
)

// Config says whom to trust and how to connect. What is zero has the default that
// its comment names. Negative numbers are refused.
type Config struct {
	// ReleaseRoots are the keys that may sign the trust bundle; none: those of
	// package releaseroot.
	ReleaseRoots []ed25519.PublicKey
	// Demands says what else to demand. Its Policy is required; a nil Cache is one
	// of 64 chains.
	Demands attest.Config
	// Verifier replaces ReleaseRoots and Demands.
	Verifier *attest.Verifier

	// Bundle is the trust bundle itself. It is never fetched then.
	Bundle []byte
	// BundleURL is where the trust bundle is: https, without user name. Without
	// it, the envelope says where, which must be a name with public addresses.
	BundleURL string
	// BundleRefresh is the time between two looks for a newer bundle: one hour; at
	// most 24 hours.
	BundleRefresh time.Duration
	// Revocation returns the CRL (DER) of the ARK of a product, e.g. by package
	// kds. It is asked once a day. Nil: revocation is not checked.
	Revocation func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error)

	// WebRoots are the CAs that may vouch for names; nil: those of the system.
	WebRoots *x509.CertPool
	// MinTLS is tls.VersionTLS13, or tls.VersionTLS12 by choice.
	MinTLS uint16
	// TLSCertificates are those of the client, for an endpoint that asks for one.
	TLSCertificates []tls.Certificate
	// Proxy chooses the proxy as http.Transport.Proxy does; nil:
	// http.ProxyFromEnvironment. It is asked once per connection, with a request
	// of our own.
	Proxy func(*http.Request) (*url.URL, error)
	// DialContext connects to the origin, or to its proxy; nil: a net.Dialer. A
	// connection must take a write deadline, by which a request is stopped that could
	// not be written in time.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	DialTimeout     time.Duration // of TCP and of TLS, each; 10 s
	AttestTimeout   time.Duration // of dialling, asking and verifying together; 30 s
	ContinueTimeout time.Duration // how long a body waits for 100 (Continue); 1 s
	IdleTimeout     time.Duration // of a connection without requests; 90 s

	// SendPingTimeout is how long nothing may come on a connection of HTTP/2 until
	// it is pinged, and PingTimeout how long the answer may take; 15 s each. Then the
	// connection is closed.
	SendPingTimeout, PingTimeout time.Duration
	ResponseHeaderTimeout        time.Duration // from the end of a request, GET /attestation too, to the header of the answer; 0: none
	MaxResponseHeaderBytes       int64         // 0: as many as http.Transport takes

	// DisableCompression asks for no gzip of the transport's own: requests and
	// answers pass with the encoding that caller and endpoint chose.
	DisableCompression bool

	MaxConns int // connections that take requests; 0: any number
	MaxIdle  int // idle connections of HTTP/1.1 that are kept; 64

	// MaxVerdictAge is how long a verdict lasts, or as the envelope says if that is
	// less; 1 h. A request that was assigned to a connection has at least a tenth of
	// that, or a second, until its header must be out. On a machine that is too busy
	// for that the connection is lost, with all that runs on it (VerdictEndedError).
	MaxVerdictAge time.Duration
	MaxRequestAge time.Duration // how long a request may outlive its connection's verdict; 15 min

	// OnAudit is told of every attestation, step by step, whether it passed or not;
	// without steps, of one for which there was nothing to verify. It is called on
	// several goroutines, should not block, and must not wait for Close. May be nil.
	OnAudit func(*attest.Audit)
	// OnRefresh is told when a look for a newer trust bundle, which is made in the
	// background, brought none that is good. It changes no verdict. The same holds
	// for it. May be nil.
	OnRefresh func(error)
}

// connecting checks and copies what says how to connect.
func (c Config) connecting() (Config, error) {
	for _, d := range []struct {
		name  string
		field *time.Duration
		value time.Duration
		most  time.Duration
	}{
		{"BundleRefresh", &c.BundleRefresh, time.Hour, judge.MaxBundleAge},
		{"DialTimeout", &c.DialTimeout, 10 * time.Second, time.Hour},
		{"AttestTimeout", &c.AttestTimeout, 30 * time.Second, time.Hour},
		{"ContinueTimeout", &c.ContinueTimeout, time.Second, time.Hour},
		{"IdleTimeout", &c.IdleTimeout, 90 * time.Second, 24 * time.Hour},
		{"SendPingTimeout", &c.SendPingTimeout, 15 * time.Second, time.Hour},
		{"PingTimeout", &c.PingTimeout, 15 * time.Second, time.Hour},
		{"ResponseHeaderTimeout", &c.ResponseHeaderTimeout, 0, 24 * time.Hour},
		{"MaxVerdictAge", &c.MaxVerdictAge, time.Hour, 24 * time.Hour},
		{"MaxRequestAge", &c.MaxRequestAge, 15 * time.Minute, 24 * time.Hour},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
		if *d.field < 0 || *d.field > d.most {
			return c, fmt.Errorf("transport: %s: %v is not between 0 and %v", d.name, *d.field, d.most)
		}
	}
	if c.Proxy == nil {
		c.Proxy = http.ProxyFromEnvironment
	}
	if c.DialContext == nil {
		c.DialContext = (&net.Dialer{Timeout: c.DialTimeout}).DialContext
	}
	if c.WebRoots != nil {
		c.WebRoots = c.WebRoots.Clone() // later changes are not ours
	}
	return c, nil
}

// withDefaults checks and copies c.
func (c Config) withDefaults() (Config, *attest.Verifier, error) {
	c, err := c.connecting()
	if err != nil {
		return c, nil, err
	}
	if c.MaxConns < 0 || c.MaxIdle < 0 || c.MaxResponseHeaderBytes < 0 {
		return c, nil, errors.New("transport: MaxConns, MaxIdle or MaxResponseHeaderBytes is negative")
	}
	if c.MaxIdle == 0 {
		c.MaxIdle = 64
	}
	if c.MinTLS == 0 {
		c.MinTLS = tls.VersionTLS13
	}
	if c.MinTLS != tls.VersionTLS13 && c.MinTLS != tls.VersionTLS12 {
		return c, nil, fmt.Errorf("transport: MinTLS is %#04x, neither TLS 1.3 nor TLS 1.2", c.MinTLS)
	}
	if c.Bundle != nil && c.BundleURL != "" {
		return c, nil, errors.New("transport: Bundle and BundleURL are two sources for one thing")
	}
	if expected, ok := fetch.CheckURL(c.BundleURL, false); c.BundleURL != "" && !ok {
		return c, nil, fmt.Errorf("transport: BundleURL: expected %s, got %s", expected, fetch.Shown(c.BundleURL))
	}
	if c.Bundle != nil && len(c.Bundle) == 0 {
		return c, nil, errors.New("transport: Bundle is empty")
	}
	if c.Demands.RequireCRL && c.Revocation == nil {
		return c, nil, errors.New("transport: Demands.RequireCRL without Revocation refuses every endpoint")
	}
	c.Bundle = slices.Clone(c.Bundle)
	c.TLSCertificates = cloneCertificates(c.TLSCertificates)
	v, err := c.verifier()
	return c, v, err
}

// cloneCertificates copies all but the private keys and what is parsed already.
func cloneCertificates(list []tls.Certificate) []tls.Certificate {
	list = slices.Clone(list)
	for i := range list {
		c := &list[i]
		c.Certificate, c.SignedCertificateTimestamps = cloneAll(c.Certificate), cloneAll(c.SignedCertificateTimestamps)
		c.OCSPStaple, c.SupportedSignatureAlgorithms = slices.Clone(c.OCSPStaple), slices.Clone(c.SupportedSignatureAlgorithms)
	}
	return list
}

func cloneAll(list [][]byte) [][]byte {
	list = slices.Clone(list)
	for i, b := range list {
		list[i] = slices.Clone(b)
	}
	return list
}

// verifier makes the verifier, unless the caller has one.
func (c Config) verifier() (*attest.Verifier, error) {
	if c.Verifier != nil {
		if w := c.Demands; c.ReleaseRoots != nil || !w.Policy.IsZero() || w.AMDRoots != nil || w.Memory != nil || w.Cache != nil ||
			w.Workload != "" || w.RequireCRL || w.ManifestKeys != nil || w.Launch != nil {
			return nil, errors.New("transport: Verifier, and what it replaces, are given")
		}
		return c.Verifier, nil
	}
	roots := c.ReleaseRoots
	if len(roots) == 0 {
		var err error
		if roots, err = releaseroot.Keys(); err != nil {
			return nil, fmt.Errorf("transport: set Config.ReleaseRoots, or the CLI's --release-root: %w", err)
		}
	}
	if c.Demands.Cache == nil {
		c.Demands.Cache = certchain.NewCache(64)
	}
	return attest.NewVerifier(roots, c.Demands)
}
