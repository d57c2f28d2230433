package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/rule"
)

// connect returns a gate without a verdict to a server of HTTP/1.1.
func connect(t *testing.T, handler http.HandlerFunc) (*gate, origin) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	transport := &http.Transport{TLSClientConfig: server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	cc, err := transport.NewClientConn(t.Context(), "https", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	o, err := parseOrigin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &gate{cc: cc, wire: &wire{now: fetch.SystemClock()}}, o
}

// broken returns the rule that an error names.
func broken(err error) string {
	var d rule.Detailed
	if errors.As(err, &d) {
		return d.Details().Rule
	}
	return ""
}

// ending is a context that ends at some time, of which nothing hears before it asks.
type ending struct {
	context.Context
	ended *atomic.Bool
}

func (c ending) Err() error {
	if c.ended.Load() {
		return context.Canceled
	}
	return nil
}

// TestAsk: what an answer must have, whatever the server sends.
// Rules: TRN-20, TRN-24, TRN-25, TRN-26.
func TestAsk(t *testing.T) {
	var ended atomic.Bool
	answer := func(size int, connection string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			ended.Store(true)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Connection", connection)
			io.WriteString(w, strings.Repeat(" ", size))
		}
	}
	g, o := connect(t, answer(2, "keep-alive"))
	if a, err := g.ask(t.Context(), o, tls.VersionTLS13); err != nil || len(a.envelope) != 2 || g.tls == nil || g.h2 || g.wire.h2 {
		t.Fatalf("%+v, %v", a, err)
	}
	first := new(tls.ConnectionState)
	g.tls = first
	if _, err := g.ask(t.Context(), o, tls.VersionTLS13); err != nil || g.tls != first {
		t.Errorf("the connection is another in the second answer: %v", err)
	}
	if _, err := g.ask(t.Context(), o, tls.VersionTLS13+1); broken(err) != "TRN-04" {
		t.Error(err)
	}
	g, o = connect(t, answer(2, "keep-alive")) // the last one has half an answer on it
	ended.Store(false)
	if _, err := g.ask(ending{context.WithoutCancel(t.Context()), &ended}, o, tls.VersionTLS13); broken(err) != "TRN-25" || !errors.Is(err, context.Canceled) {
		t.Errorf("an answer after the end: %v", err)
	}
	bad := o
	bad.Authority.Host = "\x7f"
	if _, err := g.ask(t.Context(), bad, tls.VersionTLS13); broken(err) != "TRN-20" {
		t.Error(err)
	}
	for n, want := range map[int]string{maxEnvelope: "TRN-26", maxEnvelope + 1: ""} { // one that is too long is refused as that
		g, o := connect(t, answer(n, "close"))
		if a, err := g.ask(t.Context(), o, tls.VersionTLS13); broken(err) != want || err == nil && len(a.envelope) != n {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestIsJSON: the whole name of the type, and of the charset.
// Rules: TRN-23.
func TestIsJSON(t *testing.T) {
	for text, want := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "application/json;charset=\"UTF-8\"": true, "Application/JSON": true, "application/json; a=b": true,
		"application/json; charset=utf-16": false, "application/json; charset=": false, "application/json; a": false,
		"application/jsonl": false, "xapplication/json": false, "application/jso": false, "text/json": false, "": false,
	} {
		if isJSON(text) != want {
			t.Errorf("%q is JSON: %v", text, !want)
		}
	}
}

// TestGone: a connection is gone when it is lost, and over HTTP/2 when it has no slot
// although it carries less than it might; one that is full is not.
func TestGone(t *testing.T) {
	g, _ := connect(t, nil)
	is := func(when string, h1, h2, more bool) {
		t.Helper()
		for _, row := range []struct {
			h2    bool
			slots int
			want  bool
		}{{false, 1, h1}, {false, 2, h1}, {true, 1, h2}, {true, 2, more}} {
			if g.h2 = row.h2; g.gone(row.slots) != row.want {
				t.Errorf("%s: %+v", when, row)
			}
		}
	}
	is("at first", false, false, false)
	if err := g.cc.Reserve(); err != nil {
		t.Fatal(err)
	}
	is("reserved", false, false, true)
	g.cc.Close()
	is("closed", true, true, true)
}

// TestSendEnds: an attempt that has failed is unwritten no more, and one that was
// answered ends with its answer.
// Rules: TRN-01.
func TestSendEnds(t *testing.T) {
	g, o := connect(t, func(http.ResponseWriter, *http.Request) {})
	now := time.Duration(0)
	w := NewWire(io.Discard, &now, true)
	w.Judge(time.Minute)
	g.wire = w.wire
	send := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := g.send(req, &attempt{verdict: w.verdict})
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	if err := send(t.Context()); err != nil || w.Unwritten() != 1 {
		t.Errorf("%v, %d are unwritten", err, w.Unwritten())
	}
	w.unwritten = nil
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := send(over); err == nil || w.Unwritten() != 0 {
		t.Errorf("%v, %d are unwritten", err, w.Unwritten())
	}
}

// TestGateReservesInVain: a verdict that ends while a slot is reserved lets nothing
// through, and the slot is given back.
// Rules: TRN-01.
func TestGateReservesInVain(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer server.Close()
	cc, err := new(http.Transport).NewClientConn(t.Context(), "http", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, slots := &gate{cc: cc, wire: &wire{now: fetch.SystemClock()}}, cc.Available()
	ended := &attempt{verdict: &verdict{bundle: 1, newest: new(atomic.Uint64)}}
	if _, err := g.roundTrip(req, ended); !errors.Is(err, errExpired) {
		t.Error(err)
	}
	if cc.Available() != slots || arrived.Load() > 0 {
		t.Errorf("%d slots of %d, %d requests", cc.Available(), slots, arrived.Load())
	}
}

// TestUnsent: only what stayed behind a gate was never sent.
// Rules: TRN-32.
func TestUnsent(t *testing.T) {
	for _, err := range []error{errLost, errExpired, new(VerdictEndedError)} {
		if got := unsent(err); broken(got) != "TRN-32" || !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
	}
	for _, err := range []error{errNoSlot, io.EOF, context.Canceled} {
		if got := unsent(err); got != err {
			t.Errorf("%v: %v", err, got)
		}
	}
}
