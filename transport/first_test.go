package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/transport"
)

// TestFirstRequest is scenario 1: attestation is the first request on a
// connection, with nothing of the application in it (TRN-01, TRN-20).
func TestFirstRequest(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/v1", bytes.NewReader([]byte("secret")))
		req.Header.Set("Authorization", "Bearer secret")
		req.Header.Set("Cookie", "secret=1")
		req.Header.Set("X-Api-Key", "secret")
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(b) != "POST /v1 6" {
			t.Errorf("got %q", b)
		}
		r, ok := transport.ResultOf(res)
		if !ok || r.Workload != "router" {
			t.Errorf("ResultOf: %v, %v", r, ok)
		}
		none(t, p)
		if p.asked.Load() != 1 {
			t.Errorf("asked %d times", p.asked.Load())
		}
		asked := p.seen[0]
		want := http.Header{"Accept": {"application/json"}, "Accept-Encoding": {"identity"}, "User-Agent": {"tresor-attest"}}
		if cmp.Diff(want, asked.Header) != "" || asked.ContentLength != 0 || asked.RequestURI != "/attestation" || asked.Host != p.address {
			t.Errorf("asked with %v %v", asked.RequestURI, asked.Header)
		}
		for range 20 {
			if _, err := get(tr, "https://"+p.address+"/x"); err != nil {
				t.Fatal(err)
			}
		}
		if p.asked.Load() != 1 || p.dials.Load() != 1 {
			t.Errorf("asked %d times over %d connections", p.asked.Load(), p.dials.Load())
		}
		settled(t, tr)
	})
}

// TestResultOfOthers: a request that was made with the context of an attested
// answer, as requests that follow from one are, was not attested by that.
func TestResultOfOthers(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if _, ok := transport.ResultOf(res); !ok {
			t.Error("no result of an attested answer")
		}
		for _, other := range []*httptest.Server{httptest.NewServer(nil), httptest.NewTLSServer(nil)} {
			req, err := http.NewRequestWithContext(res.Request.Context(), http.MethodGet, other.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			follow, err := other.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			follow.Body.Close()
			if r, ok := transport.ResultOf(follow); ok || r != nil {
				t.Error("a result of an answer that came from elsewhere")
			}
			other.Close()
		}
	})
}

// TestCanceledBefore: a request that is over opens no connection for it.
func TestCanceledBefore(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		cancel(gone)
		for range 2 {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.address+"/", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tr.RoundTrip(req); !errors.Is(err, gone) {
				t.Error(err)
			}
			if conns, waiters := tr.Counts(); p.requests.Load() != 0 || p.asked.Load() > 1 || conns != int(p.asked.Load()) || waiters != 0 {
				t.Errorf("%d requests, attested %d times, %d connections, %d waiters", p.requests.Load(), p.asked.Load(), conns, waiters)
			}
			if _, err := tr.Attest(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestParallel(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 5 {
					if s, err := post(tr, "https://"+p.address+"/x", "hello"); err != nil || s != "POST /x 5" {
						t.Errorf("%q, %v", s, err)
					}
				}
			})
		}
		wg.Wait()
		none(t, p)
		if p.asked.Load() > p.dials.Load() { // some that no request waited for have ended before
			t.Errorf("asked %d times over %d connections", p.asked.Load(), p.dials.Load())
		}
		settled(t, tr)
	})
}
