package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/transport"
)

// TestRollingRestarts is scenario 11: servers that shut down gracefully, one
// after the other, while requests go on (TRN-51, TRN-52).
func TestRollingRestarts(t *testing.T) {
	noLeak(t)
	var pods []*pod
	for range 8 {
		pods = append(pods, newPod(t, "h2", shared(), nil))
	}
	f := newFleet(pods[0])
	tr := newFleetTransport(t, f, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var sent atomic.Int64
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if s, err := post(tr, f.origin+"/x", "hello"); err != nil || s != "POST /x 5" { // strings.Reader: GetBody
					t.Errorf("POST: %q, %v", s, err)
				}
				if _, err := get(tr, f.origin+"/x"); err != nil {
					t.Errorf("GET: %v", err)
				}
				sent.Add(2)
			}
		})
	}
	for i := range pods[1:] {
		before := sent.Load()
		eventually(t, "requests to one pod", func() bool { return sent.Load() > before+32 })
		f.set(pods[i+1])
		shut, stop := context.WithTimeout(ctx, 2*time.Second)
		pods[i].server.Shutdown(shut)
		stop()
	}
	cancel()
	wg.Wait()
	none(t, pods...)
	t.Logf("%d requests", sent.Load())
	settled(t, tr)
}

// A oneShot body can be read once. It counts.
type oneShot struct {
	io.Reader
	reads, closes atomic.Int64
}

func newOneShot(s string) *oneShot { return &oneShot{Reader: strings.NewReader(s)} }

func (o *oneShot) Read(p []byte) (int, error) {
	o.reads.Add(1)
	if o.closes.Load() != 0 {
		return 0, errors.New("read after close")
	}
	return o.Reader.Read(p)
}

func (o *oneShot) Close() error {
	o.closes.Add(1)
	return nil
}

// TestStaleIdle is scenario 12. The server answers a request on a connection
// that was idle by closing it: a GET is sent again, on a newly attested
// connection; a POST whose bytes were written is not (TRN-52).
func TestStaleIdle(t *testing.T) {
	noLeak(t)
	var drop atomic.Bool
	var posts atomic.Int64
	p := newPod(t, "h1", shared(), func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		if drop.CompareAndSwap(true, false) {
			panic(http.ErrAbortHandler)
		}
		io.Copy(w, r.Body)
	})
	tr := newTransport(t, p, nil)
	url := "https://" + p.address + "/"
	if _, err := get(tr, url); err != nil {
		t.Fatal(err)
	}
	drop.Store(true)
	if _, err := get(tr, url); err != nil {
		t.Errorf("GET: %v", err)
	}
	if p.asked.Load() != 2 {
		t.Errorf("asked %d times", p.asked.Load())
	}
	drop.Store(true)
	body := newOneShot("hello")
	req, _ := http.NewRequest(http.MethodPost, url, body)
	if res, err := tr.RoundTrip(req); err == nil {
		t.Errorf("POST: status %d", res.StatusCode)
	}
	if posts.Load() != 1 || body.closes.Load() != 1 {
		t.Errorf("%d POSTs, closed %d times", posts.Load(), body.closes.Load())
	}
	used := func() { // a connection that has carried a request
		if _, err := get(tr, url); err != nil {
			t.Fatal(err)
		}
	}
	used()
	drop.Store(true) // a POST that says it is idempotent, and can be read again
	req, _ = http.NewRequest(http.MethodPost, url, strings.NewReader("hello"))
	req.Header.Set("Idempotency-Key", "1")
	if res, err := tr.RoundTrip(req); err != nil {
		t.Error(err)
	} else if s := readAll(t, res); s != "hello" {
		t.Errorf("got %q", s)
	}
	if posts.Load() != 3 {
		t.Errorf("%d POSTs", posts.Load())
	}
	// Not idempotent, or not to be had again: once.
	for _, change := range []func(*http.Request){
		func(*http.Request) {},
		func(r *http.Request) { r.Header.Set("Idempotency-Key", "1"); r.GetBody = nil },
		func(r *http.Request) {
			r.Header.Set("Idempotency-Key", "1")
			r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
		},
	} {
		used()
		before := posts.Load()
		drop.Store(true)
		req, _ = http.NewRequest(http.MethodPost, url, strings.NewReader("hello"))
		change(req)
		if _, err := tr.RoundTrip(req); err == nil || posts.Load() != before+1 {
			t.Errorf("%v, %d POSTs", err, posts.Load()-before)
		}
	}
	none(t, p)
}

// TestStaleIdles: however many connections the server has given up, a request that
// can be sent again gets through (TRN-52).
func TestStaleIdles(t *testing.T) {
	noLeak(t)
	var old sync.Map // connections that the server has given up
	arrived, answer := make(chan bool), make(chan bool)
	p := newPod(t, "h1", shared(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			old.Store(r.RemoteAddr, true)
			arrived <- true
			<-answer
		} else if _, gone := old.Load(r.RemoteAddr); gone {
			panic(http.ErrAbortHandler)
		}
	})
	tr := newTransport(t, p, nil)
	var wg sync.WaitGroup
	const n = 4
	for range n {
		wg.Go(func() {
			if _, err := get(tr, "https://"+p.address+"/first"); err != nil {
				t.Error(err)
			}
		})
	}
	for range n {
		<-arrived
	}
	close(answer)
	wg.Wait()
	if _, err := get(tr, "https://"+p.address+"/"); err != nil {
		t.Error(err)
	}
	none(t, p)
}

// TestNeverTwice is scenario 11: a POST whose body can be read once is not begun
// twice once the server may have seen it, whatever breaks.
func TestNeverTwice(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		var posts atomic.Int64
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			posts.Add(1)
			panic(http.ErrAbortHandler)
		})
		tr := newTransport(t, p, nil)
		for range 3 { // pauses come between more
			before := posts.Load()
			body := newOneShot("hello")
			req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/", body)
			if _, err := tr.RoundTrip(req); err == nil {
				t.Error("no error")
			}
			if n := posts.Load() - before; n != 1 {
				t.Errorf("%d POSTs", n)
			}
			if body.closes.Load() != 1 {
				t.Errorf("closed %d times", body.closes.Load())
			}
		}
		none(t, p)
		settled(t, tr)
	})
}

// TestClosedWhileIdle: connections that the server closed are not used, and what
// is unsent moves on, also a body that can be read once (TRN-51).
func TestClosedWhileIdle(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		for range 8 {
			body := newOneShot("hello")
			req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/x", body)
			req.Header.Set("Idempotency-Key", "1")
			res, err := tr.RoundTrip(req)
			if err == nil {
				readAll(t, res)
				eventually(t, "close", func() bool { return body.closes.Load() == 1 })
			} else if body.closes.Load() != 1 {
				t.Errorf("closed %d times", body.closes.Load())
			}
			p.cutAll()
			time.Sleep(2 * time.Millisecond)
		}
		none(t, p)
	})
}

// TestBodiesClosed is scenario 16: exactly once, on every way out.
// Rules: TRN-13.
func TestBodiesClosed(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/early" {
				io.Copy(io.Discard, r.Body)
			}
			if r.URL.Path == "/hang" {
				<-r.Context().Done()
			}
			w.WriteHeader(200)
		})
		bad := newPod(t, protocol, twin(), nil)
		bad.setLie(http.NotFound)
		tr := newTransport(t, p, nil)
		refused := newFleetTransport(t, newFleet(bad), nil)
		unused := newPod(t, protocol, shared(), nil)
		closed := newTransport(t, unused, nil)
		closed.Close()
		url := "https://" + p.address
		for _, row := range []struct {
			name, method, url string
			tr                http.RoundTripper
			change            func(*http.Request)
			read              bool // the body may be read
		}{
			{"fine", "POST", url + "/", tr, nil, true},
			{"early answer", "POST", url + "/early", tr, nil, true},
			{"another origin", "POST", "https://example.com/", tr, nil, false},
			{"another Host", "POST", url + "/", tr, func(r *http.Request) { r.Host = "example.com" }, false},
			{"bad header", "POST", url + "/", tr, func(r *http.Request) { r.Header["X"] = []string{"a\nb"} }, false},
			{"bad header name", "POST", url + "/", tr, func(r *http.Request) { r.Header["a b"] = []string{"c"} }, false},
			{"bad trailer", "POST", url + "/", tr, func(r *http.Request) { r.Trailer = http.Header{"X": {"a\nb"}} }, false},
			{"bad method", "POST", url + "/", tr, func(r *http.Request) { r.Method = "a b" }, false},
			{"no URL", "POST", url + "/", tr, func(r *http.Request) { r.URL = nil }, false},
			{"no header", "POST", url + "/", tr, func(r *http.Request) { r.Header = nil }, false},
			{"Upgrade", "POST", url + "/", tr, func(r *http.Request) { r.Header["upgrade"] = []string{"websocket"} }, false},
			{"refused", "POST", "https://" + bad.address + "/", refused, nil, false},
			{"closed", "POST", "https://" + unused.address + "/", closed, nil, false},
			{"cancelled before", "POST", url + "/", tr, func(r *http.Request) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				*r = *r.WithContext(ctx)
			}, true},
			{"cancelled while waiting for the answer", "POST", url + "/hang", tr, func(r *http.Request) {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				t.Cleanup(cancel)
				*r = *r.WithContext(ctx)
			}, true},
		} {
			body := newOneShot("hello")
			req, err := http.NewRequest(row.method, row.url, body)
			if err != nil {
				t.Fatal(err)
			}
			if row.change != nil {
				row.change(req)
			}
			res, err := row.tr.RoundTrip(req)
			if err == nil {
				readAll(t, res)
			} else if row.name == "fine" || row.name == "early answer" {
				t.Errorf("%s: %v", row.name, err)
			}
			var r *transport.RequestError
			if errors.As(err, &r) != slices.Contains([]string{"bad header", "bad header name", "bad trailer", "bad method", "no URL", "no header", "Upgrade", "closed"}, row.name) {
				t.Errorf("%s: %v", row.name, err)
			}
			eventually(t, row.name+": the body to be closed", func() bool { return body.closes.Load() > 0 })
			if n := body.closes.Load(); n != 1 {
				t.Errorf("%s: closed %d times", row.name, n)
			}
			if !row.read && body.reads.Load() != 0 {
				t.Errorf("%s: the body was read", row.name)
			}
		}
		none(t, p)
		settled(t, tr)
	})
}

// TestUserBodyError: an error of the caller's body is the caller's, and no
// reason to try again.
func TestUserBodyError(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		mine := errors.New("mine")
		var tries atomic.Int64
		req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/", io.NopCloser(readerFunc(func([]byte) (int, error) {
			tries.Add(1)
			return 0, mine
		})))
		if _, err := tr.RoundTrip(req); !errors.Is(err, mine) || tries.Load() != 1 {
			t.Errorf("%v after %d tries", err, tries.Load())
		}
		settled(t, tr)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
