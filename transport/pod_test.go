package transport_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// protocols are those that every scenario runs over.
var protocols = []string{"h1", "h2"}

// A pod is an endpoint that knows, for each TLS connection, whether it has
// honestly attested itself there, and counts requests that came before.
type pod struct {
	*attesttest.Enclave
	address string
	server  *http.Server
	app     http.HandlerFunc

	// Lie, when set, answers GET /attestation instead; then no request may ever
	// come.
	lie atomic.Pointer[http.HandlerFunc]

	early    atomic.Int64 // application requests on connections without attestation
	requests atomic.Int64
	asked    atomic.Int64 // GET /attestation
	dials    atomic.Int64

	skew atomic.Pointer[offset] // what the test has moved the clocks by

	mu     sync.Mutex
	conns  map[net.Conn]bool
	seen   []*http.Request // GET /attestation
	served sync.WaitGroup
}

type podKey struct{}

type podConn struct{ attested atomic.Bool }

type podOption func(*http.Server)

// noALPN makes a server that negotiates no protocol at all.
func noALPN(s *http.Server) {
	s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
}

func streams(n int) podOption {
	return func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: n} }
}

// shared is one enclave for most tests: minting takes its time.
var shared = sync.OnceValue(func() *attesttest.Enclave { return newEnclave(attesttest.Config{Seed: "shared"}) })

func newEnclave(c attesttest.Config, faults ...attesttest.Fault) *attesttest.Enclave {
	e, err := attesttest.New(c, faults...)
	if err != nil {
		panic(err)
	}
	return e
}

// newPod serves an enclave.
func newPod(t testing.TB, protocol string, e *attesttest.Enclave, app http.HandlerFunc, options ...podOption) *pod {
	t.Helper()
	p := &pod{Enclave: e, app: app, conns: map[net.Conn]bool{}}
	if p.app == nil {
		p.app = func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(b))
		}
	}
	p.skew.Store(new(offset))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	p.server = &http.Server{
		Handler:   http.HandlerFunc(p.serve),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{e.TLSCertificate()}},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, podKey{}, new(podConn))
		},
		ConnState: p.state,
		Protocols: new(http.Protocols),
	}
	p.server.Protocols.SetHTTP1(true)
	p.server.Protocols.SetHTTP2(protocol == "h2")
	for _, o := range options {
		o(p.server)
	}
	p.served.Go(func() { p.server.ServeTLS(l, "", "") })
	t.Cleanup(p.close)
	return p
}

func (p *pod) close() {
	p.server.Close()
	p.served.Wait()
}

func (p *pod) state(c net.Conn, s http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s {
	case http.StateNew:
		p.dials.Add(1)
		p.conns[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(p.conns, c)
	}
}

// cutAll closes all connections of the pod from its side.
func (p *pod) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *pod) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

func (p *pod) serve(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(podKey{}).(*podConn)
	if r.URL.Path == "/attestation" {
		p.asked.Add(1)
		p.mu.Lock()
		p.seen = append(p.seen, r)
		p.mu.Unlock()
		if lie := p.lie.Load(); lie != nil {
			(*lie)(w, r)
			return
		}
		c.attested.Store(true)
		writeEnvelope(w, p.envelope())
		return
	}
	p.requests.Add(1)
	if !c.attested.Load() {
		p.early.Add(1)
	}
	p.app(w, r)
}

// envelope is the pod's own, of this moment.
func (p *pod) envelope() []byte { return p.envelopeOf(p.Enclave) }

// envelopeOf is the envelope of an enclave as it would be now, by the clock that
// the test has moved: its age is not that of the test.
func (p *pod) envelopeOf(e *attesttest.Enclave) []byte {
	wall, _ := p.skew.Load().get()
	envelope := string(e.Evidence().Envelope)
	head, rest, ok := strings.Cut(envelope, `"issued_at":"`)
	issued, tail, ok2 := strings.Cut(rest, `"`)
	at, err := time.Parse(time.RFC3339Nano, issued)
	if !ok || !ok2 || err != nil { // a fault
		return []byte(envelope)
	}
	at = at.Add(time.Since(e.Now()) + wall)
	return []byte(head + `"issued_at":"` + at.UTC().Format(time.RFC3339Nano) + `"` + tail)
}

// offset is what a test adds to the clocks.
type offset struct{ wall, mono atomic.Int64 }

func (o *offset) get() (wall, mono time.Duration) {
	return time.Duration(o.wall.Load()), time.Duration(o.mono.Load())
}

func (o *offset) add(wall, mono time.Duration) {
	o.wall.Add(int64(wall))
	o.mono.Add(int64(mono))
}

func writeEnvelope(w http.ResponseWriter, envelope []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(envelope)
}

func (p *pod) setLie(f http.HandlerFunc) {
	if f == nil {
		p.lie.Store(nil)
		return
	}
	p.lie.Store(&f)
}

// none checks that nothing came too early, at any of the pods.
func none(t testing.TB, pods ...*pod) {
	t.Helper()
	for _, p := range pods {
		if n := p.early.Load(); n != 0 {
			t.Errorf("%d requests before attestation", n)
		}
	}
}

// config trusts an enclave, with its bundle given.
func config(e *attesttest.Enclave) transport.Config {
	v := e.VerifierConfig()
	return transport.Config{
		ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()},
		Demands:      v,
		Bundle:       e.Evidence().Bundle,
		WebRoots:     e.WebRoots(),
		IdleTimeout:  24 * time.Hour, // tests move the clock
		DialTimeout:  time.Minute,    // on a loaded machine
		Revocation: func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
			return e.Evidence().CRLs[0], nil
		},
	}
}

// newTransport makes a transport for a pod. Afterwards nothing may be left of
// it.
func newTransport(t testing.TB, p *pod, change func(*transport.Config)) *transport.Transport {
	t.Helper()
	c := config(p.Enclave)
	if change != nil {
		change(&c)
	}
	tr, err := transport.New("https://"+p.address, c)
	if err != nil {
		t.Fatal(err)
	}
	tr.SetClock(p.skew.Load().get)
	t.Cleanup(func() {
		tr.Close()
		if conns, waiters := tr.Counts(); conns != 0 || waiters != 0 {
			t.Errorf("%d connections and %d waiters left", conns, waiters)
		}
		eventually(t, "the server's connections to end", func() bool { return p.open() == 0 })
	})
	return tr
}

// noLeak checks at the end of a test that no goroutine is left. It must be
// called before anything is started.
func noLeak(t testing.TB) {
	shared()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if !eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before }) {
			buf := make([]byte, 1<<20)
			t.Logf("%d goroutines, before %d\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	})
}

// settled checks that no slot is held any more.
func settled(t testing.TB, tr *transport.Transport) {
	t.Helper()
	eventually(t, "slots to be free", tr.Settled)
}

func eventually(t testing.TB, what string, ok func() bool) bool {
	t.Helper()
	for range 1000 {
		if ok() {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("waited in vain for %s", what)
	return false
}

// get sends a request and returns the body.
func get(tr http.RoundTripper, url string) (string, error) {
	res, err := (&http.Client{Transport: tr}).Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func post(tr http.RoundTripper, url, body string) (string, error) {
	res, err := (&http.Client{Transport: tr}).Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

// each runs a test over every protocol.
func each(t *testing.T, f func(t *testing.T, protocol string)) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			noLeak(t)
			f(t, protocol)
		})
	}
}

// envelopeNow is the envelope of an enclave as it would be now.
func envelopeNow(e *attesttest.Enclave) []byte {
	p := pod{Enclave: e}
	p.skew.Store(new(offset))
	return p.envelope()
}
