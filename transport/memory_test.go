package transport_test

import (
	"crypto/tls"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/tresorhq/attest/transport"
)

// TestIdleMemory: an idle connection of HTTP/1.1 holds little more than one of a
// bare http.Transport, which has evidence that was seen before: its result is shared.
// It runs when ATTEST_BENCH_ROUNDS is set.
func TestIdleMemory(t *testing.T) {
	if os.Getenv("ATTEST_BENCH_ROUNDS") == "" {
		t.Skip("set ATTEST_BENCH_ROUNDS")
	}
	const n = 1000
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	hold := func(rt http.RoundTripper, p *pod, arrived, release chan bool) uint64 {
		before := heap()
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				if err := once(rt, p, http.MethodGet); err != nil {
					t.Error(err)
				}
			})
		}
		for range n {
			<-arrived
		}
		close(release)
		all.Wait()
		p.mu.Lock()
		p.seen = nil // of the test, not of a server
		p.mu.Unlock()
		return (heap() - before) / n
	}
	sizes := map[string]uint64{}
	for _, name := range []string{"bare", "attested"} {
		release := make(chan bool)
		arrived := make(chan bool, n)
		p := newPod(t, "h1", shared(), func(http.ResponseWriter, *http.Request) { arrived <- true; <-release })
		same := p.envelope()
		p.setLie(func(w http.ResponseWriter, r *http.Request) {
			r.Context().Value(podKey{}).(*podConn).attested.Store(true)
			writeEnvelope(w, same)
		})
		var rt http.RoundTripper = newTransport(t, p, func(c *transport.Config) { c.MaxIdle = n })
		if name == "bare" {
			bare := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.WebRoots()}, MaxIdleConnsPerHost: n}
			t.Cleanup(bare.CloseIdleConnections)
			rt = bare
		}
		sizes[name] = hold(rt, p, arrived, release)
		runtime.KeepAlive(rt)
	}
	t.Logf("bytes for each idle connection, both sides: %v", sizes)
	// A bare client has about 19 KiB of that. Half as much again is allowed. Most of it is a
	// buffer of crypto/tls that the record with the envelope has made grow.
	if more := int64(sizes["attested"]) - int64(sizes["bare"]); more > 19<<9 {
		t.Errorf("%d bytes more", more)
	}
}
