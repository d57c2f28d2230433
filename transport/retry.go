package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// maxAttempts bounds how often one request is begun.
const maxAttempts = 8

// Texts of errors that net/http does not export, of Go 1.26. An unknown error is
// never retried and never counted, so that a change of these costs retries and
// pauses, and nothing else.
const (
	textGoAway     = "http2: Transport received Server's graceful shutdown GOAWAY"
	textClosedIdle = "http: server closed idle connection"
	textReadFailed = "net/http: Transport failed to read from server: "
	textBroken     = "net/http: HTTP/1.x transport connection broken: "
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

// brokeOff reports whether the head of an answer of HTTP/1.1 is malformed or cut off, or
// the connection was lost otherwise: not whether the caller ended the request.
func brokeOff(err error) bool { return strings.HasPrefix(err.Error(), textBroken) }

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
