package transport_test

import (
	"context"
	"errors"
	"fmt"
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

// TestFewStreams is scenario 10: servers that allow one or two streams.
func TestFewStreams(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			noLeak(t)
			p := newPod(t, "h2", shared(), func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) }, streams(n))
			tr := newTransport(t, p, func(c *transport.Config) { c.MaxConns = 2 })
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for range 8 {
						if _, err := post(tr, "https://"+p.address+"/", "hello"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			none(t, p)
			settled(t, tr)
		})
	}
}

// TestCancel is scenario 13: callers that leave while dialling, attesting,
// waiting for a slot, and streaming.
func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		hold := make(chan struct{})
		var holding atomic.Bool
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.(http.Flusher).Flush()
			if r.URL.Path == "/stream" {
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
		}, streams(2))
		p.setLie(func(w http.ResponseWriter, r *http.Request) {
			if holding.Load() {
				select {
				case <-hold:
				case <-r.Context().Done():
				}
			}
			r.Context().Value(podKey{}).(*podConn).attested.Store(true)
			writeEnvelope(w, p.envelope())
		})
		url := "https://" + p.address
		tr := newTransport(t, p, func(c *transport.Config) { c.MaxConns = 1 })
		do := func(ctx context.Context, path string) error {
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+path, strings.NewReader("hello"))
			res, err := tr.RoundTrip(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			_, err = io.ReadAll(res.Body)
			return err
		}
		soon := func() context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			t.Cleanup(cancel)
			return ctx
		}
		// While attesting: the first leaves, the others are served by the same
		// attestation.
		holding.Store(true)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := do(soon(), "/"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		time.Sleep(10 * time.Millisecond)
		for range 4 {
			wg.Go(func() {
				if err := do(t.Context(), "/"); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		holding.Store(false)
		close(hold)
		wg.Wait()
		if p.asked.Load() != 1 {
			t.Errorf("asked %d times", p.asked.Load())
		}
		// While streaming, and while waiting for a slot that a stream has.
		for range 5 {
			wg.Go(func() {
				if err := do(soon(), "/stream"); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// If they all leave, what was attested still serves the next one.
		for range 20 {
			if err := do(t.Context(), "/"); err != nil {
				t.Error(err)
			}
		}
		none(t, p)
		settled(t, tr)
	})
}

// TestLateWaiter: the failure of a dial is for those who waited when it began.
func TestLateWaiter(t *testing.T) {
	noLeak(t)
	p := newPod(t, "h2", shared(), nil)
	fail, failed := make(chan struct{}), make(chan struct{})
	var dials atomic.Int64
	tr := newTransport(t, p, func(c *transport.Config) {
		c.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				<-fail
				return nil, errors.New("the first dial fails")
			}
			<-failed
			return new(net.Dialer).DialContext(ctx, network, p.address)
		}
	})
	first, second := make(chan error), make(chan error)
	for i, done := range []chan error{first, second} {
		go func() { _, err := get(tr, "https://"+p.address+"/"); done <- err }()
		eventually(t, "a waiter", func() bool { _, n := tr.Counts(); return n == i+1 && dials.Load() > 0 })
	}
	close(fail)
	if err := <-first; err == nil {
		t.Error("the first one is served")
	}
	close(failed)
	if err := <-second; err != nil {
		t.Errorf("the second one: %v", err)
	}
}

// TestCancelDial: nobody waits for a dial that hangs longer than he likes, and
// Close ends it.
func TestCancelDial(t *testing.T) {
	noLeak(t)
	p := newPod(t, "h2", shared(), nil)
	tr := newTransport(t, p, func(c *transport.Config) {
		c.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := tr.Attest(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.address+"/", nil)
	if _, err := tr.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	done := make(chan error)
	go func() { _, err := get(tr, "https://"+p.address+"/"); done <- err }()
	eventually(t, "a waiter", func() bool { _, n := tr.Counts(); return n == 1 })
	tr.Close()
	if err := <-done; !errors.Is(err, transport.ErrClosed) {
		t.Error(err)
	}
}

// TestContention is scenario 15: reservations and hooks from all sides. It takes
// as long as it takes; a deadlock does not end. Idle connections are closed all
// the time, and nothing that runs is. Verdicts that last no time may run out
// between gate and first byte, and take down what else is on their connection.
func TestContention(t *testing.T) {
	for _, life := range []time.Duration{0, 100 * time.Millisecond} {
		each(t, func(t *testing.T, protocol string) {
			p := newPod(t, protocol, shared(), nil, streams(4))
			tr := newTransport(t, p, func(c *transport.Config) { c.MaxConns, c.MaxVerdictAge = 2, life })
			var left atomic.Int64
			left.Store(2000)
			var wg sync.WaitGroup
			wg.Go(func() {
				for left.Load() > 0 {
					tr.CloseIdleConnections()
					time.Sleep(5 * time.Millisecond)
				}
			})
			for range 32 {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := post(tr, "https://"+p.address+"/", "x"); err != nil && life == 0 {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if p.requests.Load() == 0 {
				t.Error("nobody was served")
			}
			none(t, p)
			settled(t, tr)
		})
	}
}

// TestIdleTimeout is scenario 21.
func TestIdleTimeout(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				time.Sleep(60 * time.Millisecond)
			}
		})
		tr := newTransport(t, p, func(c *transport.Config) { c.IdleTimeout = 50 * time.Millisecond })
		if _, err := get(tr, "https://"+p.address+"/slow"); err != nil { // not idle
			t.Fatal(err)
		}
		eventually(t, "the idle connection to end", func() bool { return p.open() == 0 })
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		if p.asked.Load() < 2 {
			t.Errorf("asked %d times", p.asked.Load())
		}
	})
}

// TestLimits is scenario 21: never more connections than allowed, first come
// first served, and few idle ones.
func TestLimits(t *testing.T) {
	noLeak(t)
	p := newPod(t, "h1", shared(), func(w http.ResponseWriter, r *http.Request) { time.Sleep(2 * time.Millisecond) })
	tr := newTransport(t, p, func(c *transport.Config) { c.MaxConns, c.MaxIdle = 3, 1 })
	var wg sync.WaitGroup
	var most atomic.Int64
	for range 24 {
		wg.Go(func() {
			for range 5 {
				if _, err := get(tr, "https://"+p.address+"/"); err != nil {
					t.Error(err)
				}
				most.Store(max(most.Load(), int64(tr.Held())))
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 {
		t.Errorf("%d connections", most.Load())
	}
	eventually(t, "idle connections to end", func() bool { return p.open() == 1 })

	// In turn: each waiter begins to wait after the one before.
	var mu sync.Mutex
	var order []int
	gate := make(chan struct{})
	q := newPod(t, "h1", shared(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			<-gate
			return
		}
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		mu.Lock()
		order = append(order, n)
		mu.Unlock()
	})
	tr = newTransport(t, q, func(c *transport.Config) { c.MaxConns = 1 })
	wg.Go(func() { get(tr, "https://"+q.address+"/first") })
	eventually(t, "the first", func() bool { return q.requests.Load() == 1 })
	for i := range 8 {
		wg.Go(func() { get(tr, fmt.Sprintf("https://%s/%d", q.address, i)) })
		eventually(t, "a waiter", func() bool { _, n := tr.Counts(); return n == i+1 })
	}
	close(gate)
	wg.Wait()
	for i, n := range order {
		if i != n {
			t.Fatalf("served in the order %v", order)
		}
	}
}

// TestClose is scenario 21: Close ends what runs, CloseIdleConnections does not.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})
		tr := newTransport(t, p, nil)
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		(&http.Client{Transport: tr}).CloseIdleConnections()
		time.Sleep(20 * time.Millisecond)
		if p.open() != 1 {
			t.Error("a running request was closed")
		}
		tr.Close()
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("it ended well")
		}
		res.Body.Close()
		tr.Close() // twice is fine
		if _, err := get(tr, "https://"+p.address+"/"); !errors.Is(err, transport.ErrClosed) {
			t.Error(err)
		}
	})
}

// TestFailingEndpoint: how often a failing endpoint is asked is bounded, however
// many ask for it (TRN-36).
func TestFailingEndpoint(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		failing := true
		p := newRawPod(t, alpn, func(c *rawConn) {
			switch {
			case !failing:
				c.honest()
			case alpn == "h2":
				c.greet2("")
				stream, _ := c.opened()
				c.send(frameHeaders, endHeaders|endStream, stream, "\x8d") // 404
			default:
				c.request()
				c.answer("404 Not Found", "")
			}
		})
		tr := p.transport(nil)
		var callers sync.WaitGroup
		begun := time.Now()
		for range 32 {
			callers.Go(func() {
				for time.Since(begun) < 300*time.Millisecond {
					getWithin(tr, 300*time.Millisecond)
				}
			})
		}
		callers.Wait()
		if n := p.dials.Load(); n < 1 || n > 12 {
			t.Errorf("asked %d times in 300 ms", n)
		}
		failing = false
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Error(err)
		}
		if err := getWithin(tr, 10*time.Second); err != nil {
			t.Error(err)
		}
	})
}
