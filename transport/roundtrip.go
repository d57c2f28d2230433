package transport

//lint:file-ignore SA1019 http.Client sets Request.Cancel on transports that are not its own

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"

	"github.com/tresorhq/attest/internal/replay"
)

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

// roundTrip finds an attested connection and sends the request on it, again on
// another one where that can do no harm.
func (t *Transport) roundTrip(req *http.Request, b *replay.Body) (*http.Response, error) {
	if err := t.origin.check(req); err != nil {
		return nil, err
	}
	ctx, stop := cancelable(req)
	res, err := t.attempts(ctx, req, b)
	switch {
	case stop == nil:
	case err != nil:
		stop()
	default:
		res.Body.(*answerBody).stop = stop
	}
	return res, err
}

func (t *Transport) attempts(ctx context.Context, req *http.Request, b *replay.Body) (*http.Response, error) {
	if ctx.Err() != nil { // a connection would be opened for no request
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	var seq uint64
	busy := 0     // times that the server was too busy
	lost := false // on a connection that had carried no request before
	for n := 1; ; n++ {
		if trace != nil && trace.GetConn != nil {
			trace.GetConn(t.origin.address())
		}
		g, ticket, err := t.pool.acquire(ctx, seq)
		if seq = ticket; errors.Is(err, errLost) && n < maxAttempts {
			continue
		} else if err != nil {
			return nil, unsent(err)
		}
		if trace != nil && trace.GotConn != nil {
			trace.GotConn(g.info())
		}
		a := &attempt{Context: ctx, gate: g.c.gate, verdict: g.v}
		out := a.request(req)
		out.Cancel = nil
		if body := b.Attempt(); body != nil {
			out.Body = body
		}
		res, err := g.c.send(out, a)
		switch {
		case err == nil:
			return res, nil
		case err == errNoSlot: // the connection takes no request for a moment; the place in the queue is kept
			n--
			continue
		case err == errLost || err == errExpired:
			if n < maxAttempts {
				continue
			}
			return nil, unsent(err)
		case ctx.Err() == nil && unserved(g.c, a, err):
			t.pool.wastedOn(g.c)
			if n == maxAttempts || !mayRetry(req, b, g, a, err, !lost) {
				break
			}
			lost = lost || !g.reused && a.sent.Load()
			if overloaded(err) {
				busy++
				if err := sleep(ctx, pauseBefore(busy)); err != nil {
					return nil, err
				}
			}
			continue
		}
		switch {
		case ctx.Err() != nil && req.Context().Err() == nil: // Request.Cancel
			return nil, context.Cause(ctx)
		case n == maxAttempts && ctx.Err() == nil && !a.sent.Load():
			return nil, unsent(err)
		}
		return nil, err
	}
}

// idempotent is net/http's own notion.
func idempotent(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return r.Header["Idempotency-Key"] != nil || r.Header["X-Idempotency-Key"] != nil
}

// unserved reports whether an attempt has failed because of its connection: that was lost
// before a byte was written, or instead of an answer, or the server did nothing with the
// request.
func unserved(c *conn, a *attempt, err error) bool {
	g := c.gate
	return !a.sent.Load() && (g.wire.reason() != nil || g.gone(c.slots)) || notProcessed(err) || !g.h2 && wentAway(err)
}

// mayRetry decides whether an attempt that was not served may be followed by another one,
// and prepares the body for it. The next attempt passes the same gate. first says that the
// request was lost in no way before that it may have caused: where a connection has carried
// nothing but the attestation, the server may close it because of the request.
// Rules: TRN-51, TRN-52.
func mayRetry(r *http.Request, b *replay.Body, g grant, a *attempt, err error, first bool) bool {
	if a.sent.Load() && !notProcessed(err) && !(idempotent(r) && (g.reused || first)) {
		return false
	}
	return b.Rewind()
}

var errCanceled = errors.New("net/http: request canceled")

// cancelable turns Request.Cancel, which http.Client.Timeout uses with foreign
// round trippers, into a context: net/http would start a goroutine for each
// attempt, and forget it when that fails. stop is nil when there is no Cancel.
func cancelable(r *http.Request) (ctx context.Context, stop func()) {
	if r.Cancel == nil {
		return r.Context(), nil
	}
	canceled, cancel := context.WithCancelCause(r.Context())
	go func() {
		select {
		case <-r.Cancel:
			cancel(errCanceled)
		case <-canceled.Done():
		}
	}()
	return canceled, func() { cancel(nil) }
}
