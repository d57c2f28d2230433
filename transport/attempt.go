package transport

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/tresorhq/attest"
)

// An attempt is one request on one connection, from the gate until its header was
// written. Until then it is unwritten. It is the context of that request.
type attempt struct {
	context.Context
	gate    *gate
	verdict *verdict // under which it may begin

	sent     atomic.Bool // a byte of it may have been written
	begun    bool        // HTTP/2: to write its header; of the goroutine that does
	encoding bool        // HTTP/2: its header is being written; guarded by wire.mu
	trace    httptrace.ClientTrace
}

// request returns req with the attempt as its context. Over HTTP/2 that tells the wire
// when the header is about to be written, and when it is out.
func (a *attempt) request(req *http.Request) *http.Request {
	if !a.gate.h2 {
		return req.WithContext(a)
	}
	a.trace.WroteHeaderField, a.trace.WroteHeaders = a.writes, a.wrote
	return req.WithContext(httptrace.WithClientTrace(a, &a.trace))
}

func (a *attempt) writes(string, []string) {
	if !a.begun {
		a.begun = true
		a.gate.wire.begin(a, true)
	}
}

func (a *attempt) wrote() { a.gate.wire.wrote(a) }

type attemptKey struct{}

func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// ResultOf returns what was attested about the connection that a response came
// through, before the request was sent. It is shared and must not be changed. ok
// is false for responses of other round trippers.
func ResultOf(res *http.Response) (r *attest.Result, ok bool) {
	if res == nil || res.Request == nil {
		return nil, false
	}
	a, ok := res.Request.Context().Value(attemptKey{}).(*attempt)
	if !ok || res.TLS != a.gate.tls { // an answer to another request with the same context
		return nil, false
	}
	return a.verdict.result, true
}
