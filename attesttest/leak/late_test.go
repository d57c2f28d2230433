package leak_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
)

// TestLateClient: a client that looks at its clock in time, and then takes its time
// to write the header, is found out. Nothing but the time of the bytes shows it.
func TestLateClient(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Seed: "late", MaxAge: time.Second})
	var all sync.WaitGroup
	for major, protocol := range protocols {
		for _, late := range []bool{false, true} {
			all.Go(func() {
				w := newWitness(t, e, protocol)
				c := client(t, e, major+1)
				ask(t, c, "GET", w.URL+"/attestation")
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteHeaderField: func(name string, _ []string) {
					if late && strings.EqualFold(name, "X-Api-Key") { // into a buffer: nothing is out yet
						time.Sleep(1500 * time.Millisecond)
					}
				}})
				sendKey(t, ctx, c, w.URL+"/v1/chat")
				if got := w.Leaks(); len(got) > 0 != late {
					t.Errorf("%s, late: %v: %v", protocol, late, got)
				}
			})
		}
	}
	all.Wait()
}

func sendKey(t *testing.T, ctx context.Context, c *http.Client, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("X-Api-Key", "key")
	res, err := c.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}
