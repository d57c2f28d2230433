package transport

//lint:file-ignore SA1019 http.Client sets Request.Cancel on transports that are not its own

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// roundTrip finds an attested connection and sends the request on it, again on
// another one where that can do no harm.
func (t *Transport) roundTrip(req *http.Request, b *body) (*http.Response, error) {
	if err := t.check(req); err != nil {
		return nil, err
	}
	ctx, stop := cancelable(req)
	res, err := t.attempts(ctx, req, b)
	if stop == nil {
		return res, err
	}
	if err != nil {
		stop()
		return nil, err
	}
	res.Body = &stopBody{res.Body, stop}
	return res, nil
}

func (t *Transport) attempts(ctx context.Context, req *http.Request, b *body) (*http.Response, error) {
	if ctx.Err() != nil { // a connection would be opened for nobody
		return nil, context.Cause(ctx)
	}
	var seq uint64
	for n := 1; ; n++ {
		g, ticket, err := t.pool.acquire(ctx, seq)
		if err != nil {
			return nil, err
		}
		seq = ticket
		a := &attempt{verdict: g.v}
		out := req.WithContext(g.c.gate.context(context.WithValue(ctx, resultKey{}, provenance{g.v.result, g.c.gate.tls}), a))
		out.Cancel = nil
		if body := b.attempt(); body != nil {
			out.Body = body
		}
		res, err := g.c.send(out, a)
		switch {
		case err == nil && res.StatusCode == http.StatusSwitchingProtocols: // nobody asked for it
			res.Body.Close()
			return nil, ErrProtocolChanged
		case err == nil:
			return res, nil
		case err == errNoSlot: // somebody was faster; the place in the queue is kept
			n--
		case err == errLost || err == errExpired:
			if n >= maxAttempts {
				return nil, unsent(err)
			}
		case n < maxAttempts && mayRetry(ctx, req, b, g.c, a, err):
		case ctx.Err() != nil && req.Context().Err() == nil: // Request.Cancel
			return nil, context.Cause(ctx)
		case n >= maxAttempts && ctx.Err() == nil && !a.sent.Load():
			return nil, unsent(err)
		default:
			return nil, err
		}
	}
}

// unsent says that a request never got as far as its first byte.
func unsent(err error) error {
	return unavailable("TRN-32", layerHTTP, "every connection was lost, or its verdict ran out, before the request could be sent", err)
}

// check refuses what can not be sent over an attested connection, before
// anything is dialled.
func (t *Transport) check(r *http.Request) error {
	refuse := func(rule, field, reason string) error { return &RequestError{rule, field, reason} }
	switch {
	case r.URL == nil:
		return refuse("TRN-13", "URL", "nil")
	case r.Header == nil:
		return refuse("TRN-13", "Header", "nil")
	case !isToken(r.Method) && r.Method != "":
		return refuse("TRN-13", "Method", "not a token")
	}
	if err := t.origin.check(r); err != nil {
		return err
	}
	// A connection that changes its protocol can not be attested again.
	if r.Method == http.MethodConnect {
		return refuse("TRN-14", "Method", "CONNECT is refused: a tunnel can not be attested again")
	}
	if len(r.TransferEncoding) > 0 && !slices.Equal(r.TransferEncoding, []string{"chunked"}) {
		return refuse("TRN-16", "TransferEncoding", "not chunked: nothing would say where the body ends")
	}
	for i, h := range []http.Header{r.Header, r.Trailer} {
		for name, values := range h {
			if !isToken(name) {
				return refuse("TRN-13", "Header", "the name "+quote(name)+" is not a token")
			}
			if strings.EqualFold(name, "Upgrade") {
				return refuse("TRN-14", "Upgrade", "a connection that changes its protocol can not be attested again")
			}
			if field := textproto.CanonicalMIMEHeaderKey(name); slices.Contains(framing, field) && (field != name || i > 0) {
				return refuse("TRN-16", field, quote(name)+" would stand next to that of net/http, or come after what it is about")
			}
			for _, v := range values {
				if !isFieldValue(v) {
					return refuse("TRN-13", "Header", "the value of "+quote(name)+" has a control character")
				}
			}
		}
	}
	return nil
}

// framing are the fields that say where a request over HTTP/1.1 ends. net/http
// writes its own, and leaves out a caller's in no other spelling than this one: two
// that differ are two requests to some servers.
var framing = []string{"Content-Length", "Transfer-Encoding", "Trailer"}

// isToken and isFieldValue follow RFC 9110 section 5.6.2 and 5.5.

func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
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

// A stopBody ends a context with the response.
type stopBody struct {
	io.ReadCloser
	stop func()
}

func (b *stopBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.stop()
	}
	return n, err
}

func (b *stopBody) Close() error {
	err := b.ReadCloser.Close()
	b.stop()
	return err
}
