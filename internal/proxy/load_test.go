package proxy

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tresorhq/attest/attesttest/leak"
)

// TestProxyLoad: many requests of many clients, some of which leave early, are
// all answered, and nothing is left: no goroutine, no connection, no open file.
// TestProxySoak has more of them, for longer.
func TestProxyLoad(t *testing.T) {
	const requests, clients = 1000, 16
	for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
		t.Run(strings.ReplaceAll(protocol, "/", ""), func(t *testing.T) {
			e := kitEnclave(t)
			var served atomic.Int64
			witness, err := leak.NewWitness(e, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				served.Add(1)
				io.Copy(w, r.Body)
			}))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(witness.Close)
			d := openDoor(t, witness.URL, kitConfig(e, witness.BundleURL), nil)
			settle := func() {
				d.client.CloseIdleConnections()
				d.watch.serving.transport.CloseIdleConnections()
			}
			d.get(healthPath)
			settle()
			goroutines, files := runtime.NumGoroutine(), openFiles()

			var next atomic.Int64
			var all sync.WaitGroup
			for range clients {
				all.Go(func() {
					for n := next.Add(1); n <= requests; n = next.Add(1) {
						body := strings.Repeat(fmt.Sprint(n), 100)
						res, err := d.client.Post(d.base+"/v1/x", "text/plain", strings.NewReader(body))
						if err != nil {
							t.Error(err)
							return
						}
						if n%10 == 0 { // leaves before the answer is read
							res.Body.Close()
							continue
						}
						b, err := io.ReadAll(res.Body)
						res.Body.Close()
						if err != nil || string(b) != body || res.StatusCode != http.StatusOK {
							t.Errorf("status %d, %d bytes, %v", res.StatusCode, len(b), err)
							return
						}
					}
				})
			}
			all.Wait()
			if n := served.Load(); n != requests {
				t.Errorf("%d requests arrived, of %d", n, requests)
			}
			if !soon(func() bool { settle(); return runtime.NumGoroutine() <= goroutines && openFiles() <= files }) {
				t.Errorf("%d goroutines and %d files, %d and %d before", runtime.NumGoroutine(), openFiles(), goroutines, files)
			}
			d.stop()
			if v := witness.Leaks(); len(v) > 0 {
				t.Error(v)
			}
		})
	}
}

// openFiles counts what this process has open, where the system tells.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
