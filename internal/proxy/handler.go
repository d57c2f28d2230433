package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/transport"
)

// Paths of the proxy's own. They are never forwarded.
const (
	verdictPath = "/.well-known/tresor-verify/verdict"
	healthPath  = "/healthz"
)

// A proxy passes requests on through an attested transport. httputil.ReverseProxy
// does what HTTP demands of any intermediary: it drops hop-by-hop fields in both
// directions, streams, and passes trailers and informational answers on. What is
// special here: no request is taken that a web page could have made, nothing is
// added to one, and a redirect does not lead around the proxy.
type proxy struct {
	guard
	origin     *url.URL
	watch      *watcher
	forward    *httputil.ReverseProxy
	forwardOps bool          // requests for the paths of the operations listener too
	idleBody   time.Duration // how long the body of a request may pause
	access     func(Access)  // nil: there is no access log
	// lastRead is how long a client may go on with a body that nobody wants any more.
	lastRead time.Duration
}

type (
	connKey struct{} // of the net.Conn that a request came through
	wayKey  struct{} // of its way to the endpoint
)

// Rules: PRX-20, PRX-21, PRX-22, PRX-23.
func newProxy(watch *watcher, g guard) *proxy {
	origin, err := url.Parse(watch.origin)
	if err != nil {
		panic(err) // watcher.install took it
	}
	p := &proxy{guard: g, origin: origin, watch: watch, idleBody: time.Minute, lastRead: 5 * time.Second}
	p.forward = &httputil.ReverseProxy{
		Transport:      byTrust{},
		Rewrite:        p.rewrite,
		ModifyResponse: p.keepInside,
		ErrorHandler:   p.failed,
		FlushInterval:  -1, // at once
		BufferPool:     new(buffers),
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	return p
}

// buffers are what answers are copied through. To make one for each answer would take
// longer than all else that the proxy does with a short one.
type buffers struct{ sync.Pool }

func (b *buffers) Get() []byte {
	if old, ok := b.Pool.Get().(*[]byte); ok {
		return *old
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(used []byte) { b.Pool.Put(&used) }

// byTrust sends a request by the trust that is in force when its first byte is written,
// and in the name that this says, in place of the client's.
// Rules: PRX-54, PRX-57.
type byTrust struct{}

func (byTrust) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.WithContext(r.Context())
	if r.Body != nil {
		out.Body = &lentBody{ReadCloser: r.Body}
	}
	for way := r.Context().Value(wayKey{}).(*way); ; way.change() {
		if out.Header = r.Header; way.Authorization != "" {
			out.Header = r.Header.Clone()
			out.Header.Set("Authorization", way.Authorization)
		}
		if res, err := way.transport.RoundTrip(out); !errors.Is(err, transport.ErrRetired) {
			return res, err
		}
	}
}

// ServeHTTP answers a request, and keeps account of it.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, seen := time.Now(), &recorder{ResponseWriter: w}
	defer func() {
		lasted := time.Since(began)
		p.watch.metrics.request(seen.status, lasted)
		if p.access != nil {
			p.access(accessOf(r, began, lasted, seen))
		}
	}()
	p.serve(seen, r)
}

func (p *proxy) serve(w *recorder, r *http.Request) {
	control := http.NewResponseController(w)
	body := &endedBody{ReadCloser: r.Body, control: control, idle: p.idleBody, trailer: r.Trailer, announced: maps.Clone(r.Trailer)}
	body.ended.Store(r.ContentLength == 0)
	defer func() {
		if !body.ended.Load() { // net/http reads on for a while
			control.SetReadDeadline(time.Now().Add(p.lastRead))
		}
	}()
	if status, err := p.admit(r); err != nil {
		p.refuse(w, r, status, err)
		return
	}
	// What is left of Upgrade is ignored (RFC 9110 section 7.8), and must not be repeated.
	delete(r.Header, "Upgrade")
	delete(r.Header, "Http2-Settings")
	switch r.URL.Path {
	case verdictPath, healthPath:
		health(p.watch, w, r, r.URL.Path == verdictPath, false)
		return
	case livePath, readyPath, metricsPath:
		if !p.forwardOps {
			p.refuse(w, r, http.StatusNotFound, cli.Misuse("PRX-51", "%s is of the operations listener; --forward-ops-paths lets the endpoint have it", r.URL.Path))
			return
		}
	}
	// An endpoint may answer while it is still being sent to.
	if err := control.EnableFullDuplex(); err != nil {
		p.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	// When the answer is whole, the rest of the request goes nowhere.
	whole := sync.OnceFunc(func() {
		if !body.ended.Load() {
			time.AfterFunc(p.lastRead, func() { p.giveUp(r, body) })
		}
	})
	defer whole()
	way := &way{generation: p.watch.enter(), watch: p.watch, seen: w, whole: whole}
	defer way.leave()
	forwarded := r.WithContext(context.WithValue(r.Context(), wayKey{}, way)) // net/http looks at its own
	forwarded.Body = http.MaxBytesReader(w, body, p.maxBody)
	p.forward.ServeHTTP(plainWriter{w, body}, forwarded)
	if !p.allows(r) {
		noPageReads(w.Header()) // trailers, which net/http has not written yet
	}
}

// giveUp ends a connection whose client does not finish its request: nobody reads
// there any more. Where the answer began before that, no other request follows on
// it. net/http takes a deadline back when it ends a handler, so one is not enough.
// Rules: PRX-23.
func (p *proxy) giveUp(r *http.Request, body *endedBody) {
	c, ok := r.Context().Value(connKey{}).(net.Conn)
	if ok && !body.ended.Load() && c.SetReadDeadline(time.Now()) == nil {
		time.AfterFunc(p.lastRead, func() { p.giveUp(r, body) })
	}
}

// rewrite addresses a request to the endpoint. Nothing is added to it. The transport
// sends it to no other origin, and not before the endpoint is proven.
func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = p.origin.Scheme, p.origin.Host, ""
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came; ReverseProxy tidies it up
	r.Out.Trailer = r.In.Trailer           // the map that the server fills when the body ends
}

// keepInside fits an answer to the way from the proxy to the client. It changes a
// redirect to the endpoint into one to the proxy, and refuses one to anywhere
// else: the client would follow it, with all that it sent, to where nothing is
// proven.
func (p *proxy) keepInside(res *http.Response) error {
	if res.StatusCode < 200 || res.StatusCode > 999 { // net/http reads more than it writes
		return &upstreamError{"PRX-31", fmt.Errorf("status %d", res.StatusCode)}
	}
	if way, ok := res.Request.Context().Value(wayKey{}).(*way); ok {
		res.Body = &wholeAnswer{res.Body, way.whole}
		if result, ok := transport.ResultOf(res); ok && p.access != nil {
			way.seen.verdict = verdictID(result)
		}
	}
	if !p.allows(res.Request) {
		noPageReads(res.Header)
		noPageReads(res.Trailer)
	}
	if len(res.Trailer) > 0 {
		res.Header.Del("Content-Length") // HTTP/1.1 has trailers in chunked bodies only
	}
	locations := res.Header.Values("Location")
	location := strings.Join(locations, ", ")
	if location == "" {
		res.Header.Del("Location")
		return nil
	}
	to, err := res.Request.URL.Parse(location)
	// A path that begins with two slashes would be read as another host.
	if err != nil || len(locations) > 1 || to.Scheme != "https" || to.User != nil || !sameHost(to, p.origin) || strings.HasPrefix(to.EscapedPath(), "//") {
		return &upstreamError{"PRX-32", fmt.Errorf("it redirects to %q, where nothing is proven", printable.Short(location))}
	}
	to.Scheme, to.Host = "", ""
	if to.Path == "" {
		to.Path = "/"
	}
	res.Header.Set("Location", to.String())
	return nil
}

func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if u.Port() == "" {
			return "443"
		}
		return u.Port()
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// failed answers for an endpoint that is not proven, or did not answer.
// Rules: PRX-30.
func (p *proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	var refused attest.AttestationError
	var long *http.MaxBytesError
	var broken *brokenBody
	var request *transport.RequestError
	var elsewhere *transport.OriginError
	var ended *transport.VerdictEndedError
	var upstream *upstreamError
	plain, ok := w.(plainWriter)
	switch {
	case ok && plain.request.paused.Load(): // net/http then ends the context, as if the client had left
		p.refuse(w, r, http.StatusRequestTimeout, cli.Misuse("PRX-15", "nothing of the body came for %v", p.idleBody))
	case errors.Is(err, transport.ErrClosed):
		p.refuse(w, r, http.StatusServiceUnavailable, &upstreamError{"PRX-31", errors.New(err.Error())})
	case errors.As(err, &ended), errors.Is(err, transport.ErrProtocolChanged): // the request was sent
		p.refuse(w, r, http.StatusBadGateway, &upstreamError{"PRX-31", errors.New(err.Error())})
	case errors.As(err, &request), errors.As(err, &elsewhere): // they too name a rule, and are no refusals of evidence
		p.refuse(w, r, http.StatusBadRequest, cli.Usagef("%w", err))
	case errors.As(err, &refused), errors.As(err, &upstream):
		p.refuse(w, r, http.StatusBadGateway, err)
	case errors.As(err, &long):
		p.refuse(w, r, http.StatusRequestEntityTooLarge, cli.Misuse("PRX-12", "the body is longer than %d bytes", p.maxBody))
	case errors.As(err, &broken):
		p.refuse(w, r, http.StatusBadRequest, cli.Misuse("PRX-16", "the body of the request can not be read: %v", broken.cause))
	case errors.Is(err, context.Canceled): // the client has left
		panic(http.ErrAbortHandler)
	default:
		p.refuse(w, r, http.StatusBadGateway, &upstreamError{"PRX-31", err})
	}
}

// refuse answers with an error of the proxy's own.
func (p *proxy) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	answer(p.watch, w, r, status, err)
}
