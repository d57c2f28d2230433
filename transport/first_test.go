package transport_test

import (
	"bytes"
	"io"
	"net/http"
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

func TestParallel(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 10 {
					if s, err := post(tr, "https://"+p.address+"/x", "hello"); err != nil || s != "POST /x 5" {
						t.Errorf("%q, %v", s, err)
					}
				}
			})
		}
		wg.Wait()
		none(t, p)
		eventually(t, "one attestation per connection", func() bool { return p.asked.Load() == p.dials.Load() })
		settled(t, tr)
	})
}
