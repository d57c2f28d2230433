package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

// A dialing is what one connection is opened by. It stands in the context of that.
type dialing struct {
	proxy *url.URL
	wire  atomic.Pointer[wire]
}

type dialingKey struct{}

// newConnector makes what lends handshake, proxy and framing to all connections, and
// nothing else: it has no pool, no session cache, and no setting that changes.
// Rules: TRN-05, TRN-38.
func (e *endpoint) newConnector() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			return r.Context().Value(dialingKey{}).(*dialing).proxy, nil
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := e.config.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if err := c.SetWriteDeadline(time.Time{}); err != nil {
				c.Close()
				return nil, fetch.Answered("TRN-05", fetch.TCP, "the connection of Config.DialContext", "one that takes a write deadline", fetch.Excerpt(err.Error()))
			}
			w := &wire{Conn: c, now: func() fetch.Instant { return e.now() }}
			ctx.Value(dialingKey{}).(*dialing).wire.Store(w)
			return w, nil
		},
		Protocols:              protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: e.config.SendPingTimeout, PingTimeout: e.config.PingTimeout},
		TLSHandshakeTimeout:    e.config.DialTimeout,
		ResponseHeaderTimeout:  e.config.ResponseHeaderTimeout,
		ExpectContinueTimeout:  e.config.ContinueTimeout,
		MaxResponseHeaderBytes: e.config.MaxResponseHeaderBytes,
		DisableCompression:     e.config.DisableCompression,
		TLSClientConfig:        e.tlsConfig(),
	}
}

// dial opens a connection to the origin. The trace, which may be nil, is that of a
// caller who waits for it.
func (e *endpoint) dial(ctx context.Context, caller *httptrace.ClientTrace) (*gate, error) {
	proxy, err := e.proxyFor(e.origin.String() + attestationPath)
	if err != nil {
		return nil, fetch.Unavailable("TRN-61", fetch.TCP, "choosing a proxy", err)
	}
	d := &dialing{proxy: proxy}
	ctx = context.WithValue(ctx, dialingKey{}, d)
	if caller != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			DNSStart: caller.DNSStart, DNSDone: caller.DNSDone, ConnectStart: caller.ConnectStart, ConnectDone: caller.ConnectDone,
			TLSHandshakeStart: caller.TLSHandshakeStart, TLSHandshakeDone: caller.TLSHandshakeDone,
		})
	}
	var layer fetch.Layer
	cc, err := e.connector.NewClientConn(httptrace.WithClientTrace(ctx, layer.Trace()), "https", e.origin.address())
	if err != nil {
		if refusal, ok := errors.AsType[*attest.SPKIMismatchError](err); ok { // of VerifyConnection
			return nil, refusal
		}
		what := "connecting to " + fetch.Quote(e.origin.address())
		if proxy != nil {
			what += " through the proxy " + fetch.Quote(proxy.Host)
		}
		return nil, fetch.Unavailable("TRN-60", layer.Name(), what, fetch.Because(ctx, err))
	}
	return &gate{cc: cc, wire: d.wire.Load()}, nil
}

// tlsConfig keeps the ordinary checks of web certificates on. There is no
// session cache: the certificate of a resumed session is the one that an earlier
// handshake saw, and no proof that this peer has its key.
func (e *endpoint) tlsConfig() *tls.Config {
	return &tls.Config{
		RootCAs:                e.config.WebRoots,
		Certificates:           e.config.TLSCertificates,
		MinVersion:             e.config.MinTLS,
		SessionTicketsDisabled: true,
		Renegotiation:          tls.RenegotiateNever,
		VerifyConnection:       refuseResumed,
	}
}

// proxyFor asks the proxy function with a request of our own, so that it sees
// nothing of a caller, but port and brackets as they are.
func (e *endpoint) proxyFor(target string) (*url.URL, error) {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return e.config.Proxy(req)
}
