package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/transport"
)

// A watchedBody knows what was done with it.
type watchedBody struct {
	io.Reader
	read, closed atomic.Int32
}

func (b *watchedBody) Read(p []byte) (int, error) { b.read.Add(1); return b.Reader.Read(p) }
func (b *watchedBody) Close() error               { b.closed.Add(1); return nil }

// turnedAway sends a request that must not begin.
func turnedAway(t *testing.T, tr http.RoundTripper, ctx context.Context, origin string) {
	t.Helper()
	b := &watchedBody{Reader: strings.NewReader("hello")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/begun?", b)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = tr.RoundTrip(req)
	var refused *transport.RequestError
	if !errors.Is(err, transport.ErrRetired) || !errors.As(err, &refused) || refused.Requirement() != "TRN-18" || b.read.Load() != 0 || b.closed.Load() != 1 {
		t.Errorf("%v; the body was read %d times and closed %d times", err, b.read.Load(), b.closed.Load())
	}
}

// TestRetire: what runs goes on, and nothing else begins: neither what waits for an
// attestation, nor what has a connection and stands before the gate, nor what comes.
// Rules: TRN-18.
func TestRetire(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		running, finish, begun := make(chan bool), make(chan bool), new(atomic.Int32)
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/long" {
				begun.Add(1)
				return
			}
			w.(http.Flusher).Flush()
			running <- true
			<-finish
			io.WriteString(w, "whole")
		})
		origin := "https://" + p.address
		tr := newTransport(t, p, nil)
		answer := make(chan string)
		go func() {
			s, err := get(tr, origin+"/long")
			if err != nil {
				t.Error(err)
			}
			answer <- s
		}()
		<-running
		turnedAway(t, tr, httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { tr.Retire() }}), origin)
		turnedAway(t, tr, t.Context(), origin)
		tr.Retire() // once more
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Error(err)
		}
		finish <- true
		if s := <-answer; s != "whole" {
			t.Errorf("%q", s)
		}
		eventually(t, "the connections to end", func() bool { n, _ := tr.Counts(); return n == 0 })
		tr.Close()
		if _, err := get(tr, origin+"/begun"); !errors.Is(err, transport.ErrClosed) {
			t.Error(err)
		}
		if begun.Load() != 0 {
			t.Errorf("%d requests began", begun.Load())
		}
		none(t, p)
	})
}

// TestRetireWaiting: requests that wait for an attestation are turned away at once, and
// what that brings is not used.
// Rules: TRN-18.
func TestRetireWaiting(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		asked, hold := make(chan bool, 64), make(chan bool)
		p.setLie(func(w http.ResponseWriter, _ *http.Request) {
			asked <- true
			<-hold
			writeEnvelope(w, p.envelopeOf(shared()))
		})
		tr := newTransport(t, p, nil)
		ended := make(chan bool)
		for range 4 {
			go func() {
				turnedAway(t, tr, t.Context(), "https://"+p.address)
				ended <- true
			}()
		}
		eventually(t, "requests to wait", func() bool { _, n := tr.Counts(); return n == 4 })
		<-asked
		tr.Retire()
		for range 4 {
			<-ended
		}
		close(hold)
		eventually(t, "the attestations to end", func() bool { return tr.Attesting() == 0 })
		if n, _ := tr.Counts(); n != 0 || p.requests.Load() != 0 {
			t.Errorf("%d connections, %d requests", n, p.requests.Load())
		}
	})
}

// TestRetireAgain: a connection that is attested again while it carries a request takes
// no other one.
// Rules: TRN-18.
func TestRetireAgain(t *testing.T) {
	noLeak(t)
	running, finish := make(chan bool), make(chan bool)
	p := newPod(t, "h2", shared(), func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		running <- true
		<-finish
	})
	tr := newTransport(t, p, nil)
	answer := make(chan error)
	go func() {
		_, err := get(tr, "https://"+p.address+"/long")
		answer <- err
	}()
	<-running
	asked, hold := make(chan bool, 8), make(chan bool)
	p.setLie(func(w http.ResponseWriter, _ *http.Request) {
		asked <- true
		<-hold
		writeEnvelope(w, p.envelopeOf(shared()))
	})
	p.skew.Load().add(5*time.Minute, 5*time.Minute)
	ended := make(chan bool)
	go func() {
		turnedAway(t, tr, t.Context(), "https://"+p.address)
		ended <- true
	}()
	<-asked
	tr.Retire()
	<-ended
	close(hold)
	eventually(t, "the attestation to end", func() bool { return tr.Attesting() == 0 })
	turnedAway(t, tr, t.Context(), "https://"+p.address)
	finish <- true
	if err := <-answer; err != nil {
		t.Error(err)
	}
	eventually(t, "the connection to end", func() bool { n, _ := tr.Counts(); return n == 0 })
}

// TestRetireBlocked: Retire waits for the first byte of what has begun, and for at most
// five seconds.
// Rules: TRN-18.
func TestRetireBlocked(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		for _, hold := range []time.Duration{500 * time.Millisecond, time.Minute} {
			reads := make(chan bool)
			p := newRawPod(t, alpn, func(c *rawConn) {
				if alpn == "h2" {
					c.greet2("")
					c.attest2(nil)
					c.drain(100 * time.Millisecond)
					c.SetReadDeadline(time.Time{})
				} else {
					c.attest1()
				}
				<-reads
				time.Sleep(hold)
				if alpn == "h2" {
					c.serve2()
				} else {
					c.serve1()
				}
			})
			p.blocked = true
			tr := p.transport(nil)
			if _, err := tr.Attest(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
			done := make(chan error)
			go func() { done <- getWithin(tr, time.Hour) }()
			eventually(t, "the request to begin", func() bool { return tr.Unwritten() == 1 })
			began := time.Now()
			close(reads)
			tr.Retire()
			if d := time.Since(began); d != min(hold, 5*time.Second) {
				t.Errorf("it took %v", d)
			}
			if err := <-done; (err == nil) != (hold < 5*time.Second) || err != nil && !errors.Is(err, transport.ErrRetired) {
				t.Errorf("after %v: %v", hold, err)
			}
			tr.Close()
		}
	})
}

// TestRetireWire: what begins after drain is refused, and a header of HTTP/2 that is
// encoded nevertheless loses the connection.
// Rules: TRN-18.
func TestRetireWire(t *testing.T) {
	now := time.Duration(0)
	for _, h2 := range []bool{false, true} {
		var out strings.Builder
		w := transport.NewWire(&out, &now, h2)
		w.Judge(time.Hour)
		a := w.Begin()
		drained := w.Drain()
		select {
		case <-drained:
			t.Error("an attempt is unwritten")
		default:
		}
		late := w.Begin()
		if w.Unwritten() != 1 {
			t.Error("an attempt began")
		}
		w.Encode(a)
		if _, err := w.Write(make([]byte, 100)); err != nil {
			t.Error(err)
		}
		w.Wrote(a)
		<-drained
		<-w.Drain()
		if !h2 {
			continue
		}
		w.Encode(late)
		if _, err := w.Write(make([]byte, 100)); !errors.Is(err, transport.ErrRetired) || out.Len() != 100 {
			t.Errorf("%v, %d bytes", err, out.Len())
		}
	}
}
