package leak

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/internal/loopback"
)

// The protocols of a Witness, by their names in TLS (ALPN).
const (
	HTTP1 = "http/1.1"
	HTTP2 = "h2"
)

// A Witness serves an enclave on loopback, and writes down what comes over each
// TLS connection before an honest attestation was served on that connection. It
// is how clients show that no byte of a request leaves too early.
type Witness struct {
	URL       string // origin of the enclave
	BundleURL string // of the trust bundle, at an origin of its own

	transit time.Duration
	servers loopback.Servers // of the pods and of the publisher
	handler http.Handler

	mu      sync.Mutex
	route   func(n int) *pod // gives connection n, from 0 on, its pod
	routed  int              // connections that came before this route
	conns   []*witnessConn
	outside []Leak // what came outside of TLS
}

// NewWitness serves e over one protocol, HTTP1 or HTTP2, on a port of 127.0.0.1.
// GET /attestation is the enclave's answer, every other path the handler's, or
// 404 when it is nil. An enclave that its own Verifier refuses never attests
// honestly. The caller must Close the Witness.
func NewWitness(e *attesttest.Enclave, protocol string, handler http.Handler) (*Witness, error) {
	if protocol != HTTP1 && protocol != HTTP2 {
		return nil, fmt.Errorf("leak: no protocol %.20q", protocol)
	}
	v, err := e.Verifier()
	if err != nil {
		return nil, err
	}
	_, refused := v.Verify(e.Evidence(), e.Now())
	p := newPod("enclave", protocol, e)
	p.acts(behaviour{honest: refused == nil, evidence: e})
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	return newWitness(e, witnessConfig{handler: handler, route: always(p)})
}

// A Leak is what came to a Witness although nothing was proven yet.
type Leak struct {
	Connection int    // TLS connections are numbered from 1, as they arrive; 0: outside of TLS
	Pod        string // who was behind it
	Bytes      int    // application bytes, counted between TLS and HTTP; 0: not counted
	Text       string // what it was
}

// String says it in one line.
func (v Leak) String() string {
	return fmt.Sprintf("connection %d to pod %q: %s (%d bytes)", v.Connection, v.Pod, v.Text, v.Bytes)
}

// Leaks returns what came too early until now. There must be nothing.
func (w *Witness) Leaks() []Leak {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.outside)
	for i, c := range w.conns {
		for _, f := range c.ledger.Findings() {
			all = append(all, Leak{Connection: i + 1, Pod: c.pod.name, Bytes: f.Bytes, Text: f.Text})
		}
	}
	return all
}

// Close ends the servers and all connections, and waits for the handlers.
func (w *Witness) Close() {
	if w != nil {
		w.servers.Close()
	}
}

type witnessConfig struct {
	handler http.Handler
	route   func(n int) *pod
	address string        // anyPort by default
	streams int           // MaxConcurrentStreams; 0: the default of net/http
	transit time.Duration // of a request; 0: enough for most machines
}

// newWitness serves pods; the bundle is that of the publisher.
func newWitness(publisher *attesttest.Enclave, c witnessConfig) (*Witness, error) {
	w := &Witness{
		handler: c.handler, route: c.route,
		transit: cmp.Or(c.transit, transitOf(firstPace)),
	}
	certificate, err := issueFor(publisher, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	origin, err := w.servers.ServeTLS(certificate, http.HandlerFunc(publisher.Publish))
	if err != nil {
		return nil, err
	}
	w.BundleURL = origin + attesttest.BundlePath
	// TLS ends in witnessConn. To net/http it is a plain connection, so that nothing
	// is between the bytes that it reads and those that are written down.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	host, err := w.serve(cmp.Or(c.address, anyPort), &http.Server{
		Handler:   http.HandlerFunc(w.answer),
		Protocols: protocols,
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: c.streams},
	}, w.accept)
	if err != nil {
		w.Close()
		return nil, err
	}
	w.URL = "https://" + host
	return w, nil
}

const anyPort = "127.0.0.1:0"

// serve runs a server on connections that accept has wrapped, and returns its address.
func (w *Witness) serve(address string, server *http.Server, accept func(net.Conn) net.Conn) (host string, err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	w.servers.Serve(wrappedListener{listener, accept}, server)
	return listener.Addr().String(), nil
}

type connKey struct{}

type wrappedListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l wrappedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}

// answer gives GET /attestation to the pod, and the rest to the application.
func (w *Witness) answer(rw http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*witnessConn)
	defer c.ledger.Answered()
	if r.URL.Path != "/attestation" {
		c.ledger.Requested(r)
		rw.Header().Set(podHeader, c.pod.name)
		w.handler.ServeHTTP(rw, r)
		return
	}
	arrived := time.Now()
	c.ledger.Asked(r, arrived)
	if r.Method != http.MethodGet {
		http.Error(rw, "only GET", http.StatusMethodNotAllowed)
		return
	}
	b := c.pod.behaviour.Load()
	if !b.wait(r.Context()) { // whoever does not wait for the answer sends now
		return
	}
	envelope := b.evidence.Envelope(w.BundleURL)
	if b.honest {
		c.ledger.Grant(arrived.Add(b.evidence.Config().MaxAge))
	}
	if b.respond != nil {
		b.respond(rw, r, envelope)
		return
	}
	answer(rw, envelope)
}

// podHeader tells the client of a scenario who answered.
const podHeader = "Witness-Pod"

func (w *Witness) leaksOutside(bytes int, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outside = append(w.outside, Leak{Bytes: bytes, Text: text})
}

// setRoute decides the pods of the connections to come, counted anew.
func (w *Witness) setRoute(route func(n int) *pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.route, w.routed = route, len(w.conns)
}

// connections returns all there were.
func (w *Witness) connections() []*witnessConn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.conns)
}

// open returns how many of them are not closed.
func (w *Witness) open() (n int) {
	for _, c := range w.connections() {
		if !c.closed.Load() {
			n++
		}
	}
	return n
}

// drain closes all connections in the orderly way.
func (w *Witness) drain() {
	for _, c := range w.connections() {
		c.Close()
	}
}

// honest reports whether any honest attestation was served.
func (w *Witness) honest() bool {
	return slices.ContainsFunc(w.connections(), func(c *witnessConn) bool { return c.ledger.Honest() })
}
