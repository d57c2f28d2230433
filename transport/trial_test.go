package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/transport"
)

// many is how much of a trial is done: all of it with ATTEST_STRESS, or a few.
func many(all, few int) int {
	if os.Getenv("ATTEST_STRESS") == "" {
		return few
	}
	return all
}

// A cutConn ends after so many bytes of one direction; the last Write may be cut short.
type cutConn struct {
	net.Conn
	written, read *atomic.Int64 // that may still pass; nil: any number
	passed        *[2]atomic.Int64
}

func (c cutConn) Write(b []byte) (int, error) {
	n := c.allowed(c.written, len(b))
	c.passed[0].Add(int64(n))
	if n < len(b) {
		n, _ = c.Conn.Write(b[:n])
		c.Conn.Close()
		return n, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c cutConn) Read(b []byte) (int, error) {
	n := c.allowed(c.read, 1)
	if n == 0 {
		c.Conn.Close()
		return 0, io.EOF
	}
	if c.read != nil {
		b = b[:min(int64(len(b)), c.read.Load()+1)]
	}
	n, err := c.Conn.Read(b)
	if c.passed[1].Add(int64(n)); c.read != nil {
		c.read.Add(1 - int64(n))
	}
	return n, err
}

// allowed takes as many of n bytes as are left.
func (c cutConn) allowed(left *atomic.Int64, n int) int {
	if left == nil {
		return n
	}
	if rest := left.Add(-int64(n)); rest < 0 {
		left.Store(0)
		return max(0, n+int(rest))
	}
	return n
}

// TestCutAtEachByte: wherever the first connection ends, in either direction, a request is
// served, or its error says that nothing was sent where nothing arrived; it does not arrive
// twice, the next request is served, and nothing is left.
func TestCutAtEachByte(t *testing.T) {
	chains := certchain.NewCache(16)
	eachRaw(t, func(t *testing.T, alpn string) {
		var passed [2]atomic.Int64
		cutOnce(t, alpn, chains, nil, nil, &passed) // how long they are
		for direction := range 2 {
			size := int(passed[direction].Load())
			step := max(1, size/many(150, 10)) // in a while, all of them
			for at := rand.IntN(step); at < size; at += step {
				var limits [2]*atomic.Int64
				limits[direction] = new(atomic.Int64)
				limits[direction].Store(int64(at))
				cutOnce(t, alpn, chains, limits[0], limits[1], new([2]atomic.Int64))
				if t.Failed() {
					t.Fatalf("direction %d: cut after %d bytes of %d", direction, at, size)
				}
			}
		}
	})
}

func cutOnce(t *testing.T, alpn string, chains *certchain.Cache, written, read *atomic.Int64, passed *[2]atomic.Int64) {
	var arrived atomic.Int64 // headers of requests
	p := newRawPod(t, alpn, func(c *rawConn) {
		c.attest()
		for {
			stream, ok := uint32(0), false
			if c.h2() {
				stream, ok = c.opened()
			} else {
				ok = c.request() != ""
			}
			if !ok {
				return
			}
			if arrived.Add(1); c.h2() {
				c.ok2(stream)
			} else {
				c.in.Discard(len("hello"))
				c.answer("200 OK", "")
			}
		}
	})
	p.wrap = func(c net.Conn) net.Conn {
		if p.dials.Load() > 1 {
			return c
		}
		return cutConn{c, written, read, passed}
	}
	tr := p.transport(func(c *transport.Config) { c.Demands.Cache = chains })
	for n := range 2 {
		arrived.Store(0)
		body := newOneShot("hello")
		req, _ := http.NewRequest(http.MethodPost, rawOrigin+"/", body)
		req.ContentLength = 5
		res, err := tr.RoundTrip(req)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		time.Sleep(5 * time.Second) // pauses pass
		var unsent attest.AttestationError
		if n := arrived.Load(); n > 1 || err == nil && n != 1 || errors.As(err, &unsent) && n != 0 {
			t.Errorf("it arrived %d times: %v", n, err)
		}
		if n == 1 && err != nil && p.dials.Load() > 1 {
			t.Errorf("the second request: %v", err)
		}
		if n := body.closes.Load(); n != 1 {
			t.Errorf("the body was closed %d times", n)
		}
	}
	tr.Close()
	if conns, waiters := tr.Counts(); conns+waiters > 0 {
		t.Errorf("%d connections and %d waiters are left", conns, waiters)
	}
}

// TestManyPosts: of 10,000 requests that must not be repeated none arrives twice, and each
// that is answered has arrived whole, while connections are cut and verdicts end.
func TestManyPosts(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		var mu sync.Mutex
		whole, begun := map[string]int{}, map[string]int{}
		app := func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("Id")
			mu.Lock()
			begun[id]++
			mu.Unlock()
			if b, err := io.ReadAll(r.Body); err == nil && string(b) == strings.Repeat(id, 300) {
				mu.Lock()
				whole[id]++
				mu.Unlock()
			}
		}
		pods := []*pod{newPod(t, protocol, shared(), app), newPod(t, protocol, twin(), app), newPod(t, protocol, shared(), app)}
		for _, p := range pods {
			p.skew.Store(pods[0].skew.Load())
		}
		f := newFleet(pods...)
		f.random = true
		tr := newFleetTransport(t, f, nil)
		client := &http.Client{Transport: tr, Timeout: time.Minute}
		var next, failed atomic.Int64
		all := int64(many(5000, 100)) // over each protocol
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				for n := next.Add(1); n <= all; n = next.Add(1) {
					if n%250 == 0 {
						pods[rand.IntN(len(pods))].cutAll()
					}
					if n%1000 == 0 {
						pods[0].skew.Load().add(5*time.Minute, 5*time.Minute)
					}
					id := fmt.Sprintf("%08d", n)
					req, _ := http.NewRequest(http.MethodPost, f.origin+"/", strings.NewReader(strings.Repeat(id, 300)))
					req.Header.Set("Id", id)
					res, err := client.Do(req)
					if err == nil {
						_, err = io.ReadAll(res.Body)
						res.Body.Close()
					}
					mu.Lock()
					var unsent attest.AttestationError
					var cut *transport.VerdictEndedError // with its connection
					switch {
					case err == nil && whole[id] != 1, begun[id] > 1:
						t.Errorf("request %s began %d times, arrived %d times: %v", id, begun[id], whole[id], err)
					case errors.As(err, &unsent) && !errors.As(err, &cut) && begun[id] > 0:
						t.Errorf("request %s has begun: %v", id, err)
					case err != nil:
						failed.Add(1)
					}
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		settled(t, tr)
		none(t, pods...)
		t.Logf("%d of %d failed", failed.Load(), all)
	})
}

// TestCancellationStorm: thousands of callers leave at any moment; nothing is left of them,
// and the next one is served.
func TestCancellationStorm(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			for range rand.IntN(4) {
				io.WriteString(w, "part")
				w.(http.Flusher).Flush()
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
		}, streams(20))
		tr := newTransport(t, p, func(c *transport.Config) { c.MaxConns = 32 })
		var left, served atomic.Int64
		left.Store(int64(many(2000, 100)))
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				for left.Add(-1) >= 0 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(20000))*time.Microsecond)
					req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.address+"/", strings.NewReader("hello"))
					res, err := tr.RoundTrip(req)
					if err == nil {
						_, err = io.ReadAll(res.Body)
						res.Body.Close()
					}
					if err == nil {
						served.Add(1)
					} else if ctx.Err() == nil {
						t.Error(err)
					}
					cancel()
				}
			})
		}
		callers.Wait()
		settled(t, tr)
		for range 10 {
			if _, err := get(tr, "https://"+p.address+"/"); err != nil {
				t.Error(err)
			}
		}
		none(t, p)
		t.Logf("%d served", served.Load())
	})
}

// TestRamp: many callers of HTTP/1.1 at a time get a connection each, of which each is
// attested once, and at most 16 at a time. A thousand: TestIdleMemory, TestRampCost.
func TestRamp(t *testing.T) {
	noLeak(t)
	n := many(250, 40)
	arrived, release := make(chan bool, n), make(chan bool)
	p := newPod(t, "h1", shared(), func(http.ResponseWriter, *http.Request) { arrived <- true; <-release })
	var asking, most atomic.Int64
	same := p.envelope()
	p.setLie(func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), asking.Add(1)))
		defer asking.Add(-1)
		r.Context().Value(podKey{}).(*podConn).attested.Store(true)
		writeEnvelope(w, same)
	})
	tr := newTransport(t, p, func(c *transport.Config) { c.MaxIdle = n })
	var callers sync.WaitGroup
	for range n {
		callers.Go(func() {
			if _, err := get(tr, "https://"+p.address+"/"); err != nil {
				t.Error(err)
			}
		})
	}
	for range n {
		<-arrived
	}
	close(release)
	callers.Wait()
	settled(t, tr)
	if conns, _ := tr.Counts(); conns != n || p.asked.Load() > p.dials.Load() || most.Load() > 16 {
		t.Errorf("%d connections, attested %d times, %d at a time", conns, p.asked.Load(), most.Load())
	}
	none(t, p)
}
