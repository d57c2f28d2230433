package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/replay"
)

// maxAttempts bounds how often one request is begun.
const maxAttempts = 8

// Texts of errors that net/http does not export, of Go 1.26. An unknown error is
// never retried, so that a change of these costs retries and nothing else.
const (
	textGoAway     = "http2: Transport received Server's graceful shutdown GOAWAY"
	textClosedIdle = "http: server closed idle connection"
	textReadFailed = "net/http: Transport failed to read from server: "
)

// A streamError has the fields of net/http's http2StreamError, whose As method
// fills it in.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "" }

const refusedStream = 0x7 // REFUSED_STREAM, RFC 9113 section 7

// overloaded reports whether the server said that it takes no more requests now.
func overloaded(err error) bool {
	var s streamError
	return errors.As(err, &s) && s.Code == refusedStream
}

// notProcessed reports whether the server said that it did nothing with the
// request (RFC 9113 section 8.7).
func notProcessed(err error) bool { return err.Error() == textGoAway || overloaded(err) }

// wentAway reports whether the server closed a connection of HTTP/1.1 instead of
// answering. Most likely it did so before the request came (RFC 9112 section 9.3.1).
func wentAway(err error) bool {
	return err.Error() == textClosedIdle || strings.HasPrefix(err.Error(), textReadFailed)
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

// pauseBefore returns how long the n-th repetition of a request waits that the server
// was too busy for, as net/http has it: 0, 1, 2, 4 s and so on, and up to a tenth more.
// Rules: TRN-54.
func pauseBefore(n int) time.Duration {
	if n < 2 {
		return 0
	}
	d := time.Second << (n - 2)
	return d + rand.N(d/10)
}

// sleep waits, or returns why ctx has ended.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
