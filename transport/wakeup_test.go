package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// TestWaiterOfCutConnection: who waits for the only connection that is allowed
// gets another one when that is cut off, whoever cuts it off (TRN-35, TRN-48).
func TestWaiterOfCutConnection(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/held" {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			fmt.Fprint(w, "done")
		}, streams(1))
		tr := newTransport(t, p, func(c *transport.Config) {
			c.MaxConns = 1
		})
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/held")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { _, err := get(tr, "https://"+p.address+"/"); done <- err }()
		eventually(t, "a waiter", func() bool { _, n := tr.Counts(); return n == 1 })
		p.skew.Load().add(time.Hour, time.Hour)
		tr.Watch()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("it waits for ever")
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("what ran too long ended well")
		}
		res.Body.Close()
		none(t, p)
		settled(t, tr)
	})
}

// TestLostAfterAnswer: who waits for a connection that is lost right after it was
// attested is tried once more, and not for ever (TRN-26).
func TestLostAfterAnswer(t *testing.T) {
	for _, times := range []int64{1, 1 << 20} {
		each(t, func(t *testing.T, protocol string) {
			p := newPod(t, protocol, shared(), nil)
			var attested atomic.Int64
			tr := newTransport(t, p, func(c *transport.Config) {
				c.OnAudit = func(a *attest.Audit) {
					if a.Err != nil || attested.Add(1) > times {
						return
					}
					p.cutAll()
					eventually(t, "the connection to end", func() bool { return p.open() == 0 })
					time.Sleep(20 * time.Millisecond) // for the client to see it; if not, there is nothing to test
				}
			})
			_, err := post(tr, "https://"+p.address+"/", "hello")
			if kind, _ := ruleOf(err); times > 1 && kind != "EvidenceUnavailableError" || times == 1 && err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			none(t, p)
		})
	}
}
