package transport

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/internal/judge"
	"github.com/tresorhq/attest/internal/replay"
)

// A Transport is an http.RoundTripper for one origin that sends nothing of a
// request before the connection that carries it has proven what runs behind it.
// It may be used concurrently.
type Transport struct {
	origin    origin
	config    Config
	now       fetch.Clock
	pool      *pool
	connector *http.Transport
	newest    atomic.Pointer[verdict] // that an attestation found
	judge     *judge.Judge

	ctx     context.Context // of all background work
	cancel  context.CancelCauseFunc
	tasks   sync.WaitGroup
	closing sync.WaitGroup // connections on their way out

	life    sync.Mutex
	stopped bool

	// Replaced in tests.
	testingIsPublic func(netip.AddrPort) bool
	testingPatience time.Duration // of a request where a refusal is known
}

// New makes a Transport for the origin "https://HOST[:PORT]". It checks and
// copies the configuration; nothing is sent yet. The caller should Close the
// Transport.
//
// What is no origin and a wrong configuration are ordinary errors, and none is an
// attest.AttestationError. When no release root is given and none ships with this
// release, the error wraps releaseroot.ErrNone.
func New(origin string, c Config) (*Transport, error) {
	o, err := parseOrigin(origin)
	if err != nil {
		return nil, err
	}
	c, verifier, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Transport{origin: o, config: c, now: fetch.SystemClock(), testingIsPublic: fetch.IsPublic, testingPatience: patience}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.pool = &pool{t: t, conns: map[*conn]struct{}{}}
	t.connector = t.newConnector()
	now := func() fetch.Instant { return t.now() }
	direct := fetch.New(c.WebRoots, c.DialTimeout, fetch.PublicDialer(c.DialTimeout, func(to netip.AddrPort) bool { return t.testingIsPublic(to) }), nil)
	t.judge = judge.New(judge.Config{
		Verifier: verifier, Bundle: c.Bundle, BundleURL: c.BundleURL, Interval: c.BundleRefresh, Revocation: c.Revocation,
		FetchURL: fetch.New(c.WebRoots, c.DialTimeout, c.DialContext, c.Proxy).Get,
		FetchNamed: func(ctx context.Context, address string) ([]byte, error) {
			// A proxy would do the dialling, and could be made to reach what only it
			// can reach.
			if proxy, err := t.proxyFor(address); err != nil || proxy != nil {
				return nil, fetch.Answered("TRN-47", fetch.Bundle, "trust bundle "+fetch.Shown(address), "a configured bundle URL where there is a proxy", "one from the envelope")
			}
			return direct.Get(ctx, address)
		},
		Now: now, Spawn: func(f func(context.Context)) bool { return t.spawn(t.ctx, f) }, Closed: ErrClosed,
		Adopted: t.pool.cutVerdicts, Needed: func() bool { return t.pool.size() > 0 }, OnRefresh: c.OnRefresh,
	})
	return t, nil
}

// unmade reports whether t is nil or was not made by New.
func (t *Transport) unmade() bool { return t == nil || t.pool == nil }

// RoundTrip sends a request over an attested connection, as http.RoundTripper
// demands it. The body is not read before. What else than the errors of net/http
// and of the request's context may come:
//
//   - *OriginError, *RequestError: the request was not for here; nothing was done
//   - attest.AttestationError: the endpoint was refused; nothing was sent
//   - *attest.EvidenceUnavailableError: it could not be attested; nothing was sent
//   - *VerdictEndedError: it was cut off with its connection; it may have been sent
//   - ErrClosed, ErrRetired
//   - ErrProtocolChanged: it was sent, and answered in a way that is of no use
//
// "Nothing was sent" is about the last try. A request that may be repeated, as
// for http.Transport, may have been sent before on an attested connection that
// was then lost.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req == nil { // Rules: TRN-13
		return nil, unfit("TRN-13", "request", "there is none")
	}
	b := replay.New(req)
	if t.unmade() {
		b.Abandon()
		return nil, errUnmade
	}
	res, err := t.roundTrip(req, b)
	if err != nil {
		b.Abandon()
		return nil, err
	}
	b.Settle()
	return res, nil
}

// Attest attests the endpoint now, over a new connection, and returns the
// result. The connection is kept for requests if there is room.
func (t *Transport) Attest(ctx context.Context) (*attest.Result, error) {
	if t.unmade() {
		return nil, errUnmade
	}
	var result *attest.Result
	var err error
	done := make(chan struct{})
	if !t.spawn(t.ctx, func(ctx context.Context) {
		defer close(done)
		var c *conn
		if c, err = t.newConn(ctx, nil); err == nil {
			result = c.verdict.result
			t.pool.offer(c)
		}
	}) {
		return nil, ErrClosed
	}
	select {
	case <-done:
		return result, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Current returns what the newest attestation that passed has found. ok is false
// when there was none, or when its verdict has ended: by time, or because a newer
// trust bundle is there. It says nothing about attestations that failed since, of
// which Config.OnAudit is told.
func (t *Transport) Current() (r *attest.Result, ok bool) {
	if t.unmade() {
		return nil, false
	}
	v := t.newest.Load()
	if v == nil || !v.inDate(t.now()) {
		return nil, false
	}
	return v.result, true
}

// CloseIdleConnections closes the connections that carry no request.
func (t *Transport) CloseIdleConnections() {
	if !t.unmade() {
		t.pool.closeIdle()
	}
}

// Retire makes way for another Transport to the same endpoint, with another
// configuration: no request is begun any more. Those that have not been, and all that
// come, get ErrRetired; those that run finish as before. When Retire returns, the first
// byte of each is written; a connection that does not take it for five seconds is closed.
// The caller should still Close the Transport, when nothing runs any more.
// Rules: TRN-18.
func (t *Transport) Retire() {
	if t.unmade() {
		return
	}
	late := time.NewTimer(handover)
	defer late.Stop()
	for _, w := range t.pool.drain() {
		select {
		case <-w.drain():
		case <-late.C:
			late.Reset(0) // for the others too
			w.giveUp()
		}
	}
}

// Close closes all connections, also those that carry requests, and waits until
// all background work has ended. It always returns nil.
func (t *Transport) Close() error {
	if t.unmade() {
		return nil
	}
	t.pool.close()
	t.life.Lock()
	t.stopped = true
	t.life.Unlock()
	t.judge.Stop()
	t.cancel(ErrClosed)
	t.tasks.Wait()
	t.closing.Wait()
	return nil
}

// spawn runs f in the background with a deadline, under ctx, which is made from that
// of the Transport, unless the Transport is closed.
func (t *Transport) spawn(ctx context.Context, f func(context.Context)) bool {
	t.life.Lock()
	defer t.life.Unlock()
	if t.stopped {
		return false
	}
	t.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, t.config.AttestTimeout)
		defer cancel()
		f(ctx)
	})
	return true
}

// discard closes a connection that is in no pool. Closing may take a while and
// calls back, so it is not done under a lock.
func (t *Transport) discard(c *conn) { t.closing.Go(func() { c.gate.cc.Close() }) }
