package leak

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Leak is what came to a Witness although nothing was proven yet.
type Leak struct {
	Connection int    // TLS connections are numbered from 1, as they arrive; 0: outside of TLS
	Pod        string // who was behind it
	Bytes      int    // application bytes, counted between TLS and HTTP; 0: not counted
	Text       string // what it was
}

// String says it in one line.
func (v Leak) String() string {
	return fmt.Sprintf("connection %d to pod %q: %s (%d bytes)", v.Connection, v.Pod, v.Text, v.Bytes)
}

// A ledger is what is written down of one TLS connection. It sees two layers:
// the bytes between TLS and HTTP, and the requests that HTTP makes of them. The
// first knows of what was never a whole request; the second can tell requests
// apart in spite of HPACK.
type ledger struct {
	number  int
	pod     string
	transit time.Duration // what a request may take from the client's look at its clock to the handler

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
	started      time.Time // HTTP/1.1: when the first byte of the current request came
	busy         bool      // HTTP/1.1: a request is being answered
	dirty        []string  // what attestation requests carried
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

// begin is called when the handshake has decided the protocol.
func (l *ledger) begin(protocol string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wire != nil {
		return
	}
	l.wire = new(watchHTTP1)
	if protocol == HTTP2 {
		l.wire = new(watchHTTP2)
	}
}

// received takes plaintext in the order of its arrival. Whether a request is late is
// judged by the time at which its first byte has come.
func (l *ledger) received(plaintext []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wire == nil || len(plaintext) == 0 {
		return
	}
	at := time.Now()
	if !l.busy && l.started.IsZero() {
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
func (l *ledger) isLate(began time.Time) bool {
	return !l.until.IsZero() && began.After(l.until.Add(l.transit))
}

// begins is called when a request has come whole. Over HTTP/1.1 it returns when its
// first byte came.
func (l *ledger) begins() time.Time {
	at := l.started
	l.busy, l.started = true, time.Time{}
	return at
}

// answered is called when a request was answered.
func (l *ledger) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy, l.started = false, time.Time{}
}

// asked takes a request for the attestation. It must carry nothing: whatever it
// says would be said to an unknown peer.
func (l *ledger) asked(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attestations++
	if l.begins(); l.isLate(time.Now()) {
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
			strings.Contains(strings.Join(values, " "), marker):
			l.dirty = append(l.dirty, "attestation request with the caller's "+name)
		}
	}
}

// requested takes any other request. A connection whose attestation has ended is
// as good as one that never had any.
func (l *ledger) requested(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	began := l.begins()
	line := fmt.Sprintf("%.10q %.48q", r.Method, r.URL.Path)
	switch {
	case l.until.IsZero():
		if l.requests == 0 {
			l.first = line
		}
		l.requests++
	case r.ProtoMajor == 1 && l.isLate(began):
		l.late = append(l.late, line)
	}
}

// grant is called right before an honest attestation is sent.
func (l *ledger) grant(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	if until.After(l.until) {
		l.until = until
	}
}

func (l *ledger) settle() {
	if l.until.IsZero() && l.wire != nil {
		l.bytes = l.wire.leaked(l.attestations, l.requests)
	}
}

func (l *ledger) leaks() []Leak {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	var all []Leak
	add := func(bytes int, text string) {
		all = append(all, Leak{Connection: l.number, Pod: l.pod, Bytes: bytes, Text: text})
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

// attested reports how often the attestation was asked for.
func (l *ledger) attested() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.attestations
}

// honest reports whether an honest attestation was served.
func (l *ledger) honest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.until.IsZero()
}
