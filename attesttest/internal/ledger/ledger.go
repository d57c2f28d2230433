// Package ledger writes down what a client says on one TLS connection before an
// honest attestation was served there, and what it says after the end of that.
//
// It reads the bytes between TLS and HTTP, split in any way, in two formats:
//
//   - HTTP/1.1 (RFC 9112): heads of at most 16 KiB that begin with the line
//     "GET /attestation HTTP/1.1" and end with an empty one. From the first byte on
//     that does not fit, all bytes belong to no attestation request.
//   - HTTP/2 (RFC 9113 sections 3.4 and 4.1): the client's preface of 24 bytes, then
//     frames of 9 bytes and a payload. The payloads of HEADERS, CONTINUATION and DATA
//     frames are of requests. Behind another preface all bytes are.
//
// It keeps of them the head that is arriving, and the size of each header block.
package ledger

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Ledger is what is written down of one TLS connection. It sees two layers:
// the bytes between TLS and HTTP, and the requests that HTTP makes of them. The
// first knows of what was never a whole request; the second can tell requests
// apart in spite of HPACK. It may be used concurrently.
type Ledger struct {
	transit time.Duration
	secret  string

	mu           sync.Mutex
	wire         watcher   // until the first honest attestation; nil before the handshake
	until        time.Time // end of the newest honest attestation; zero: there was none
	attestations int       // requests for one
	requests     int       // others, before the first honest attestation
	first        string    // of these
	bytes        int       // of these, and of what never became a request
	late         []string  // requests after the end of an attestation
	lateStarts   int       // HTTP/2: header blocks that began after that
	lateAsked    int       // HTTP/2: of these, requests for an attestation
	started      time.Time // HTTP/1.1: when the first byte of the request came that is not answered; zero: there is none
	dirty        []string  // what attestation requests carried
}

// New returns the ledger of a new connection. A request may take the time transit
// from the client's look at its clock to the server. The secret is in every part of
// the client's own requests, and must be in no request for an attestation.
func New(transit time.Duration, secret string) *Ledger {
	return &Ledger{transit: transit, secret: secret}
}

// A Finding is what came although nothing was proven yet, or any more.
type Finding struct {
	Bytes int    // of the application; 0: not counted
	Text  string // what it was
}

// A watcher counts what a client sends before an honest attestation.
type watcher interface {
	// read takes what has arrived at that time. It returns when requests began, where
	// the bytes say so.
	read(plaintext []byte, at time.Time) (begun []time.Time)
	// leaked gives the bytes that belong to no attestation request, when HTTP has
	// seen so many requests for attestation, and so many others.
	leaked(attestations, requests int) int
}

const http2 = "h2" // in TLS (ALPN)

// Begin is called when the handshake has decided the protocol, and any number of
// times after that. All but HTTP/2 is HTTP/1.1.
func (l *Ledger) Begin(protocol string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wire != nil {
		return
	}
	l.wire = new(watchHTTP1)
	if protocol == http2 {
		l.wire = new(watchHTTP2)
	}
}

// Received takes plaintext in the order of its arrival, and the time of that. Whether
// a request is late is judged by the time at which its first byte has come.
func (l *Ledger) Received(plaintext []byte, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wire == nil || len(plaintext) == 0 {
		return
	}
	if l.started.IsZero() {
		l.started = at
	}
	for _, began := range l.wire.read(plaintext, at) {
		if l.isLate(began) {
			l.lateStarts++
		}
	}
}

// isLate reports whether a request that began then came after the end of the newest
// attestation.
func (l *Ledger) isLate(began time.Time) bool {
	return !l.until.IsZero() && began.After(l.until.Add(l.transit))
}

// Answered is called when a request was answered.
func (l *Ledger) Answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started = time.Time{}
}

// Asked takes a request for the attestation, and the time at which it was read. It
// must carry nothing: whatever it says would be said to an unknown peer.
func (l *Ledger) Asked(r *http.Request, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attestations++
	if l.isLate(at) {
		l.lateAsked++
	}
	switch {
	case r.URL.RawQuery != "":
		l.dirty = append(l.dirty, "attestation request with a query")
	case r.ContentLength != 0:
		l.dirty = append(l.dirty, "attestation request with a body")
	}
	for name, values := range r.Header {
		switch {
		case name == "Cookie", name == "Authorization", name == "Proxy-Authorization",
			strings.Contains(strings.Join(values, " "), l.secret):
			l.dirty = append(l.dirty, "attestation request with the caller's "+name)
		}
	}
}

// Requested takes any other request. A connection whose attestation has ended is
// as good as one that never had any.
func (l *Ledger) Requested(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := fmt.Sprintf("%.10q %.48q", r.Method, r.URL.Path)
	switch {
	case l.until.IsZero():
		if l.requests == 0 {
			l.first = line
		}
		l.requests++
	case r.ProtoMajor == 1 && l.isLate(l.started):
		l.late = append(l.late, line)
	}
}

// Grant is called right before an honest attestation is sent, with its end.
func (l *Ledger) Grant(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	if until.After(l.until) {
		l.until = until
	}
}

func (l *Ledger) settle() {
	if l.until.IsZero() && l.wire != nil {
		l.bytes = l.wire.leaked(l.attestations, l.requests)
	}
}

// Findings returns what there is until now.
func (l *Ledger) Findings() []Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	var all []Finding
	add := func(bytes int, text string) {
		all = append(all, Finding{bytes, text})
	}
	switch {
	case l.requests > 0:
		add(l.bytes, fmt.Sprintf("%d requests before an honest attestation, the first %s", l.requests, l.first))
	case l.bytes > 0:
		add(l.bytes, "bytes of no attestation request, before an honest attestation")
	}
	for _, line := range l.late {
		add(0, "request after the attestation had run out: "+line)
	}
	if _, ok := l.wire.(*watchHTTP2); ok && l.lateStarts > l.lateAsked {
		add(0, fmt.Sprintf("request after the attestation had run out: %d header blocks that began later", l.lateStarts-l.lateAsked))
	}
	for _, text := range l.dirty {
		add(0, text)
	}
	return all
}

// Attestations returns how often the attestation was asked for.
func (l *Ledger) Attestations() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.attestations
}

// Honest reports whether an honest attestation was served.
func (l *Ledger) Honest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.until.IsZero()
}
