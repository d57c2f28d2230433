package transport

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/tresorhq/attest"
)

const maxHeader = 1 << 20 // bytes of response header, informational ones included

// dial opens a connection to the origin. Each has an http.Transport of its own,
// which lends it the handshake, the proxy and the framing, and nothing else: no
// pool, no session cache, no setting that somebody could change later.
func (t *Transport) dial(ctx context.Context) (*gate, error) {
	proxy, err := t.proxyFor(t.origin.String() + attestationPath)
	if err != nil {
		return nil, unavailable("TRN-61", layerTCP, "choosing a proxy", err)
	}
	var layer layer
	ctx = httptrace.WithClientTrace(ctx, layer.trace())
	var wires atomic.Pointer[wire]
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	connector := &http.Transport{
		Proxy: http.ProxyURL(proxy),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := t.config.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			w := &wire{Conn: c, now: t.now}
			wires.Store(w)
			return w, nil
		},
		TLSClientConfig:        t.tlsConfig(),
		Protocols:              protocols,
		TLSHandshakeTimeout:    t.config.DialTimeout,
		ExpectContinueTimeout:  t.config.ContinueTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     t.config.DisableCompression,
	}
	cc, err := connector.NewClientConn(ctx, "https", t.origin.address())
	if err != nil {
		if e, ok := asRefusal(err); ok {
			return nil, e
		}
		what := "connecting to " + quote(t.origin.address())
		if proxy != nil {
			what += " through the proxy " + quote(proxy.Host)
		}
		return nil, unavailable("TRN-60", layer.name(), what, because(ctx, err))
	}
	return &gate{cc: cc, wire: wires.Load()}, nil
}

// tlsConfig keeps the ordinary checks of web certificates on. There is no
// session cache: the certificate of a resumed session is the one that an earlier
// handshake saw, and no proof that this peer has its key.
func (t *Transport) tlsConfig() *tls.Config {
	c := &tls.Config{
		RootCAs:                t.config.WebRoots,
		MinVersion:             t.config.MinTLS,
		SessionTicketsDisabled: true,
		Renegotiation:          tls.RenegotiateNever,
		VerifyConnection:       refuseResumed,
	}
	if t.tamper != nil {
		t.tamper(c)
	}
	return c
}

func refuseResumed(s tls.ConnectionState) error {
	if !s.DidResume {
		return nil
	}
	return &attest.SPKIMismatchError{Failure: attest.Failure{
		Rule: "TRN-03", Message: "the TLS session was resumed: its certificate is of an earlier handshake, maybe with another peer",
	}}
}

// leafOf takes the key of a connection from the TLS state that came with an
// answer on it.
func leafOf(s *tls.ConnectionState, minTLS uint16) (*answer, error) {
	if s == nil || !s.HandshakeComplete || len(s.PeerCertificates) == 0 {
		return nil, &attest.SPKIMismatchError{Failure: attest.Failure{Rule: "TRN-02", Message: "the connection has no TLS key"}}
	}
	if err := refuseResumed(*s); err != nil {
		return nil, err
	}
	if s.Version < minTLS {
		return nil, answered("TRN-04", layerTLS, "protocol version", tls.VersionName(minTLS)+" or higher", tls.VersionName(s.Version))
	}
	leaf := s.PeerCertificates[0] // what else was sent is nobody's key
	return &answer{leaf: leaf.Raw, spki: sha256.Sum256(leaf.RawSubjectPublicKeyInfo)}, nil
}

// proxyFor asks the proxy function with a request of our own, so that it sees
// nothing of a caller, but port and brackets as they are.
func (t *Transport) proxyFor(target string) (*url.URL, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return t.config.Proxy(req)
}

// layer is how far connecting has come. It is set on goroutines of the standard
// library.
type layer struct{ current atomic.Pointer[string] }

func (l *layer) set(name string) { l.current.Store(&name) }

func (l *layer) name() string {
	if name := l.current.Load(); name != nil {
		return *name
	}
	return layerTCP
}

func (l *layer) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { l.set(layerDNS) },
		ConnectStart:      func(string, string) { l.set(layerTCP) },
		TLSHandshakeStart: func() { l.set(layerTLS) },
		GotConn:           func(httptrace.GotConnInfo) { l.set(layerHTTP) },
	}
}
