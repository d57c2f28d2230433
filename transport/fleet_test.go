package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestTwoPods is scenario 2: two keys behind one name, many callers.
func TestTwoPods(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		a, b := newPod(t, protocol, shared(), nil), newPod(t, protocol, twin(), nil)
		f := newFleet(a, b)
		tr := newFleetTransport(t, f, nil)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 4 {
					if s, err := post(tr, f.origin+"/x", "hello"); err != nil || s != "POST /x 5" {
						t.Errorf("%q, %v", s, err)
					}
				}
			})
		}
		wg.Wait()
		none(t, a, b)
		for _, p := range []*pod{a, b} {
			if p.asked.Load() > p.dials.Load() {
				t.Errorf("asked %d times over %d connections", p.asked.Load(), p.dials.Load())
			}
		}
		settled(t, tr)
	})
}

// TestReplayedEnvelope is scenario 3: a pod that shows what another one said.
func TestReplayedEnvelope(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		liar := newPod(t, protocol, twin(), nil)
		liar.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, liar.envelopeOf(shared())) })
		f := newFleet(liar)
		tr := newFleetTransport(t, f, nil)
		for range 3 {
			_, err := post(tr, f.origin+"/x", "secret")
			if kind, rule := ruleOf(err); kind != "SPKIMismatchError" || rule != "BIN-10" {
				t.Errorf("%s %s: %v", kind, rule, err)
			}
		}
		if liar.requests.Load() != 0 {
			t.Error("the application was asked")
		}
	})
}

// TestDropThenBadPod is scenario 4: the connection is lost between attestation
// and use, and the next one leads elsewhere.
func TestDropThenBadPod(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		good, bad := newPod(t, protocol, shared(), nil), newPod(t, protocol, twin(), nil)
		bad.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, bad.envelopeOf(shared())) })
		f := newFleet(good)
		tr := newFleetTransport(t, f, nil)
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.set(bad)
		good.cutAll()
		eventually(t, "the connection to end", func() bool { n, _ := tr.Counts(); return n == 0 })
		_, err := post(tr, f.origin+"/x", "secret")
		if kind, _ := ruleOf(err); kind != "SPKIMismatchError" {
			t.Error(err)
		}
		if bad.requests.Load() != 0 {
			t.Error("the application was asked")
		}
		f.set(good) // a refusal is not remembered
		if _, err := post(tr, f.origin+"/x", "hello"); err != nil {
			t.Error(err)
		}
		none(t, good)
	})
}

// TestRotation is scenario 5: the endpoint gets another key while connected. The
// old connection cannot be attested any more; that is no error.
func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		old, fresh := newPod(t, protocol, shared(), nil), newPod(t, protocol, twin(), nil)
		f := newFleet(old)
		tr := newFleetTransport(t, f, nil)
		if _, err := get(tr, f.origin+"/"); err != nil {
			t.Fatal(err)
		}
		old.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, old.envelopeOf(twin())) })
		f.set(fresh)
		old.skew.Load().add(5*time.Minute, 5*time.Minute)
		res, err := (&http.Client{Transport: tr}).Get(f.origin + "/")
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, res)
		if r, _ := transport.ResultOf(res); r.TLSSPKISHA256 != twin().Evidence().LiveSPKI {
			t.Error("the old key")
		}
		eventually(t, "the old connection to end", func() bool { return old.open() == 0 })
		none(t, old, fresh)
	})
}

// TestRunningAtReattestation: what runs may finish when the connection could not
// be asked again, and is cut off when it was refused (TRN-34).
func TestRunningAtReattestation(t *testing.T) {
	for _, row := range []struct {
		name     string
		lie      func(w http.ResponseWriter, p *pod)
		finishes bool
	}{
		{"not asked", func(w http.ResponseWriter, _ *pod) { w.WriteHeader(503) }, true},
		{"refused", func(w http.ResponseWriter, p *pod) { writeEnvelope(w, p.envelopeOf(twin())) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			noLeak(t)
			release := make(chan struct{})
			old := newPod(t, "h2", shared(), func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				select {
				case <-release:
				case <-r.Context().Done():
					panic(http.ErrAbortHandler)
				}
			})
			f := newFleet(old)
			tr := newFleetTransport(t, f, nil)
			res, err := (&http.Client{Transport: tr}).Get(f.origin + "/")
			if err != nil {
				t.Fatal(err)
			}
			old.setLie(func(w http.ResponseWriter, _ *http.Request) { row.lie(w, old) })
			f.set(newPod(t, "h2", twin(), nil))
			old.skew.Load().add(5*time.Minute, 5*time.Minute)
			if _, err := get(tr, f.origin+"/"); err != nil {
				t.Error(err)
			}
			if row.finishes {
				close(release)
			}
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
			if (err == nil) != row.finishes {
				t.Errorf("it ended with %v", err)
			}
			none(t, old)
		})
	}
}

// TestChaos is scenario 14: verdicts of milliseconds, aborted requests, resets,
// lying pods, rotation, and few connections.
func TestChaos(t *testing.T) {
	for _, limit := range []int{0, 3} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			each(t, func(t *testing.T, protocol string) {
				life := 150 * time.Millisecond
				for chaos(t, protocol, limit, life) == 0 { // a machine that is too slow for such verdicts
					if life *= 2; life > 10*time.Second {
						t.Fatal("it stalled")
					}
				}
			})
		})
	}
}

const chaosTime = 700 * time.Millisecond // four runs make up the three seconds

// chaos returns how many requests were served.
func chaos(t *testing.T, protocol string, limit int, life time.Duration) int64 {
	app := func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		switch {
		case rand.IntN(40) == 0:
			panic(http.ErrAbortHandler)
		case rand.IntN(40) == 0:
			w.Header().Set("Connection", "close")
		}
		fmt.Fprint(w, len(b))
	}
	var pods []*pod
	for i := range 5 {
		e := shared()
		if i%2 == 1 {
			e = twin()
		}
		pods = append(pods, newPod(t, protocol, e, app))
	}
	bad := pods[4]
	bad.Enclave = newEnclave(attesttest.Config{Seed: "shared"}, attesttest.BindingKey)
	f := newFleet(pods...)
	f.random = true
	tr := newFleetTransport(t, f, func(c *transport.Config) {
		c.MaxVerdictAge, c.MaxConns = life, limit
		c.AttestTimeout = 10 * time.Second
	})
	ctx, cancel := context.WithTimeout(t.Context(), max(chaosTime, 2*life))
	defer cancel()
	var served, refused, other atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			pods[rand.IntN(4)].cutAll()
		}
	})
	for range 64 {
		wg.Go(func() {
			for ctx.Err() == nil {
				c, stop := ctx, func() {}
				if rand.IntN(10) == 0 {
					c, stop = context.WithTimeout(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
				}
				req, _ := http.NewRequestWithContext(c, http.MethodPost, f.origin+"/x", strings.NewReader("hello"))
				res, err := tr.RoundTrip(req)
				var r attest.AttestationError
				switch {
				case err == nil:
					if b, err := io.ReadAll(res.Body); err == nil && string(b) == "5" {
						served.Add(1)
					}
					res.Body.Close()
				case errors.As(err, &r):
					refused.Add(1)
				default:
					other.Add(1)
				}
				stop()
			}
		})
	}
	wg.Wait()
	t.Logf("%d served, %d refused, %d broken off", served.Load(), refused.Load(), other.Load())
	none(t, pods...)
	if bad.requests.Load() != 0 {
		t.Error("the bad pod was asked")
	}
	settled(t, tr)
	return served.Load()
}
