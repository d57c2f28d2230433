package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/transport"
)

// alpns are the protocols that a rawPod speaks.
var alpns = []string{"http/1.1", "h2"}

func eachRaw(t *testing.T, f func(t *testing.T, alpn string)) {
	for _, alpn := range alpns {
		t.Run(alpn, func(t *testing.T) { inMemory(t, func(t *testing.T) { f(t, alpn) }) })
	}
}

func getWithin(tr http.RoundTripper, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawOrigin+"/", nil)
	if err != nil {
		return err
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// all sends n requests at once and counts those that fail.
func all(tr http.RoundTripper, n int, within time.Duration) (failed int64) {
	var wg sync.WaitGroup
	var count atomic.Int64
	for range n {
		wg.Go(func() {
			if getWithin(tr, within) != nil {
				count.Add(1)
			}
		})
	}
	wg.Wait()
	return count.Load()
}

// TestNoSlots: a connection that takes no request costs a bounded number of
// attestations, however many wait (TRN-36).
func TestNoSlots(t *testing.T) {
	for name, script := range map[string]func(c *rawConn){
		"no streams with the answer": func(c *rawConn) {
			c.greet2("")
			c.attest2(func() { c.send(frameSettings, 0, 0, setting(maxStreams, 0)) })
			c.serve2()
		},
		"no streams behind the answer": func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			c.send(frameSettings, 0, 0, setting(maxStreams, 0))
			io.Copy(io.Discard, c.in) // a request that was quicker is not served: that would end the row
		},
		"GOAWAY": func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			c.send(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00")
			io.Copy(io.Discard, c.in)
		},
		"GOAWAY at the first request": func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			c.opened()
			c.send(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00")
			io.Copy(io.Discard, c.in)
		},
		"closed": func(c *rawConn) { c.greet2(""); c.attest2(nil); c.drain(time.Millisecond) },
		"REFUSED_STREAM": func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			for {
				stream, ok := c.opened()
				if !ok || c.send(frameReset, 0, stream, "\x00\x00\x00\x07") != nil {
					return
				}
			}
		},
		"HTTP/1.1, closed": func(c *rawConn) { c.attest1() },
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T) {
				alpn := "h2"
				if strings.HasPrefix(name, "HTTP/1.1") {
					alpn = "http/1.1"
				}
				p := newRawPod(t, alpn, script)
				tr := p.transport(func(c *transport.Config) {
					c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
						if p.dials.Load() > 500 {
							time.Sleep(time.Minute)
						}
						return p.dial(ctx, network, address)
					}
				})
				all(tr, 10, 3*time.Second)
				if n := p.dials.Load(); n > 10 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

// TestOnePodHangs: one pod of three that does not answer costs no caller anything
// (TRN-37).
func TestOnePodHangs(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		for first := range 3 {
			p := newRawPod(t, alpn, func(c *rawConn) {
				if c.number%3 == first {
					io.Copy(io.Discard, c.in)
					return
				}
				c.honest()
			})
			tr := p.transport(nil)
			for range 5 {
				if n := all(tr, 20, 3*time.Second); n != 0 {
					t.Errorf("%d of 20 failed", n)
				}
			}
			tr.Close()
		}
	})
}

// TestReattestationHangs: when a connection does not answer for itself any more,
// and others do, no caller loses anything (TRN-37).
func TestReattestationHangs(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		p := newRawPod(t, alpn, func(c *rawConn) {
			switch {
			case c.number > 1:
				c.honest()
			case alpn == "h2":
				c.greet2("")
				c.attest2(nil)
				stream, _ := c.opened()
				c.ok2(stream)
				c.opened()
				c.opened()
			case c.attest1():
				c.request()
				c.answer("200 OK", "")
				c.request()
				c.request()
			}
		})
		tr := p.transport(func(c *transport.Config) { c.MaxVerdictAge = time.Minute })
		if err := getWithin(tr, time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Second)
		if n := all(tr, 20, 3*time.Second); n != 0 {
			t.Errorf("%d of 20 failed", n)
		}
	})
}

// TestRefusedBriefly: an overload of 300 ms is waited for, as net/http does
// (TRN-54).
func TestRefusedBriefly(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		begun := time.Now()
		p := newRawPod(t, "h2", func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			for {
				stream, ok := c.opened()
				if !ok {
					return
				}
				if time.Since(begun) < 300*time.Millisecond {
					c.send(frameReset, 0, stream, "\x00\x00\x00\x07")
				} else {
					c.ok2(stream)
				}
			}
		})
		tr := p.transport(nil)
		if n := all(tr, 5, 5*time.Second); n != 0 {
			t.Errorf("%d of 5 failed", n)
		}
		if d := time.Since(begun); d < time.Second || d > 1200*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

// TestFullForAMoment: a connection whose only slot is still that of a request that was
// canceled serves the next one as soon as the server has answered for it, although no
// other connection is allowed (TRN-36).
func TestFullForAMoment(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		p := newRawPod(t, "h2", func(c *rawConn) {
			c.greet2(setting(maxStreams, 1))
			c.attest2(nil)
			c.opened()
			for { // net/http resets the stream, and counts it until its ping is answered
				if f, ok := c.frame(); !ok {
					return
				} else if f.kind == framePing {
					time.Sleep(time.Second)
					c.send(framePing, ack, 0, f.payload)
					c.serve2()
					return
				}
			}
		})
		tr := p.transport(func(c *transport.Config) { c.MaxConns = 1 })
		if err := getWithin(tr, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the request that is canceled: %v", err)
		}
		if err := getWithin(tr, 2*time.Second); err != nil || p.dials.Load() != 1 {
			t.Errorf("the next request, after %d connections: %v", p.dials.Load(), err)
		}
	})
}

// TestSilentConnection: a connection of HTTP/2 that went silent is found out by
// pings, and costs only those who were on it (TRN-38).
func TestSilentConnection(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		p := newRawPod(t, "h2", func(c *rawConn) {
			if c.number > 1 {
				c.honest()
				return
			}
			c.greet2("")
			c.attest2(nil)
			stream, _ := c.opened()
			c.ok2(stream)
			io.Copy(io.Discard, c.in)
		})
		tr := p.transport(nil)
		if err := getWithin(tr, time.Second); err != nil {
			t.Fatal(err)
		}
		all(tr, 5, time.Minute) // they find out
		if n := all(tr, 5, time.Second); n != 0 {
			t.Errorf("%d of 5 failed", n)
		}
		if n := p.dials.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestUnmade: a transport that New has not made refuses, and does not panic
// (TRN-17).
func TestUnmade(t *testing.T) {
	for _, tr := range []*transport.Transport{nil, new(transport.Transport)} {
		body := newOneShot("x")
		req, _ := http.NewRequest(http.MethodPost, rawOrigin+"/", body)
		_, err := tr.RoundTrip(req)
		var r *transport.RequestError
		if !errors.As(err, &r) || r.Rule != "TRN-17" || body.closes.Load() != 1 {
			t.Errorf("%v, closed %d times", err, body.closes.Load())
		}
		if _, err := tr.RoundTrip(nil); !errors.As(err, &r) {
			t.Error(err)
		}
		if _, err := tr.Attest(t.Context()); !errors.As(err, &r) {
			t.Error(err)
		}
		if _, err := tr.Collect(t.Context()); !errors.As(err, &r) {
			t.Error(err)
		}
		if _, ok := tr.Current(); ok {
			t.Error("it knows of a verdict")
		}
		tr.CloseIdleConnections()
		tr.Close()
	}
}

// TestWithdrawnHangs: when a newer bundle withdraws what runs there, and nothing
// answers any more, a request is refused by what is known (TRN-34).
func TestWithdrawnHangs(t *testing.T) {
	for _, old := range []bool{false, true} { // the evidence that is known
		each(t, func(t *testing.T, protocol string) {
			m := newMarketOver(t, protocol, nil)
			m.tr.SetPatience(50 * time.Millisecond)
			if err := m.get(); err != nil {
				t.Fatal(err)
			}
			if old {
				m.pass(time.Hour)
			}
			m.set(m.pub.bundle(t, 18, 90*24*time.Hour)) // which allows nothing
			again := make(chan bool)
			m.pod.setLie(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-again:
					writeEnvelope(w, m.envelope())
				case <-r.Context().Done():
				}
			})
			m.tr.Refresh()
			start := time.Now()
			if kind, _ := ruleOf(m.get()); kind != "MeasurementNotAllowedError" {
				t.Error(kind)
			}
			if d := time.Since(start); d > 20*time.Second { // AttestTimeout is 30 s
				t.Errorf("it hung for %v", d)
			}
			m.set(m.pub.bundle(t, 19, 90*24*time.Hour, shared()))
			m.tr.Refresh()
			close(again)
			if err := m.get(); err != nil {
				t.Error(err)
			}
		})
	}
}
