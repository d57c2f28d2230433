package transport

import (
	"context"
	"net/netip"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/internal/judge"
)

// A Transport is an http.RoundTripper for one origin that sends nothing of a
// request before the connection that carries it has proven what runs behind it.
// It may be used concurrently.
type Transport struct {
	endpoint
	pool *pool
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
	t := &Transport{endpoint: endpoint{origin: o, config: c, now: fetch.SystemClock(), testingIsPublic: fetch.IsPublic, testingPatience: patience}}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.pool = &pool{endpoint: &t.endpoint, conns: map[*conn]struct{}{}}
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
		if c, err = t.pool.connect(ctx, nil); err == nil {
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
	t.stop()
	return nil
}
