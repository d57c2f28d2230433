package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestReattest is scenario 6: when a verdict runs out, the same connection is
// attested again, by whichever clock says so first (TRN-30, TRN-31).
func TestReattest(t *testing.T) {
	for _, row := range []struct {
		name       string
		wall, mono time.Duration
		asked      int64
	}{
		{"in time", 4 * time.Minute, 4 * time.Minute, 1},
		{"both clocks", 330 * time.Second, 330 * time.Second, 2},
		{"wall clock set forward", 330 * time.Second, 0, 2},
		{"suspended machine", 330 * time.Second, 0, 2},
		{"wall clock set back", -time.Minute, 330 * time.Second, 2},
		{"last tenth, at most a second", 5*time.Minute - 900*time.Millisecond, 0, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(t *testing.T, protocol string) {
				p := newPod(t, protocol, shared(), nil)
				tr := newTransport(t, p, nil)
				var skew offset
				tr.SetClock(skew.get)
				if _, err := get(tr, "https://"+p.address+"/"); err != nil {
					t.Fatal(err)
				}
				skew.add(row.wall, row.mono)
				for range 3 {
					if _, err := get(tr, "https://"+p.address+"/"); err != nil {
						t.Fatal(err)
					}
				}
				if p.asked.Load() != row.asked || p.dials.Load() != 1 {
					t.Errorf("asked %d times over %d connections", p.asked.Load(), p.dials.Load())
				}
				none(t, p)
			})
		})
	}
}

// TestMaxAge: the envelope's own limit, and ours (TRN-30).
func TestMaxAge(t *testing.T) {
	p := newPod(t, "h2", newEnclave(attesttest.Config{Seed: "shared", MaxAge: time.Hour * 20}), nil)
	tr := newTransport(t, p, nil)
	var skew offset
	tr.SetClock(skew.get)
	for range 3 { // capped to one hour
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		skew.add(31*time.Minute, 31*time.Minute)
	}
	if p.asked.Load() != 2 {
		t.Errorf("asked %d times", p.asked.Load())
	}
	brief := newPod(t, "h2", shared(), nil)
	tr = newTransport(t, brief, func(c *transport.Config) { c.MaxVerdictAge = time.Minute })
	tr.SetClock(skew.get)
	skew.wall.Store(0)
	get(tr, "https://"+brief.address+"/")
	skew.add(time.Minute, time.Minute)
	get(tr, "https://"+brief.address+"/")
	if brief.asked.Load() != 2 {
		t.Errorf("asked %d times", brief.asked.Load())
	}
}

// TestRevoked is scenario 6: what was withdrawn gets no request after its
// verdict has run out, and a refusal is final (TRN-33, TRN-34).
func TestRevoked(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		var skew offset
		tr.SetClock(skew.get)
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		spoilt := newEnclave(attesttest.Config{Seed: "shared"}, attesttest.Measurement)
		p.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, spoilt.Evidence().Envelope) })
		skew.add(5*time.Minute, 5*time.Minute)
		before := p.requests.Load()
		_, err := post(tr, "https://"+p.address+"/", "secret")
		if kind, _ := ruleOf(err); kind != "MeasurementNotAllowedError" {
			t.Error(err)
		}
		if p.requests.Load() != before {
			t.Error("the application was asked")
		}
		if p.asked.Load() != 3 || p.dials.Load() != 2 { // in band, then on one fresh connection
			t.Errorf("asked %d times over %d connections", p.asked.Load(), p.dials.Load())
		}
		eventually(t, "the connection to end", func() bool { return p.open() == 0 })
	})
}

// TestNoneLate races requests against the end of verdicts: the server must not
// see one that began later (TRN-01). The bodies are slow to begin, so that
// HTTP/1.1 would like to keep its header back.
func TestNoneLate(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		const life, tolerance = 50 * time.Millisecond, 20 * time.Millisecond
		var latest atomic.Int64
		app := func(w http.ResponseWriter, r *http.Request) {
			arrived := time.Now()
			io.Copy(io.Discard, r.Body)
			if s, ok := lastAsked.Load(r.Context().Value(podKey{})); ok {
				if late := int64(arrived.Sub(s.(time.Time)) - life); late > latest.Load() {
					latest.Store(late)
				}
			}
		}
		p := newPod(t, protocol, shared(), app)
		p.setLie(func(w http.ResponseWriter, r *http.Request) {
			c := r.Context().Value(podKey{}).(*podConn)
			lastAsked.Store(c, time.Now())
			c.attested.Store(true)
			writeEnvelope(w, p.Evidence().Envelope)
		})
		defer lastAsked.Clear()
		tr := newTransport(t, p, func(c *transport.Config) { c.MaxVerdictAge = life })
		var wg sync.WaitGroup
		var left atomic.Int64
		left.Store(1000)
		for g := range 8 {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/", &slowStart{r: strings.NewReader("hello"), wait: time.Duration(g) * 2 * time.Millisecond})
					req.ContentLength = 5
					res, err := tr.RoundTrip(req)
					if err != nil {
						t.Error(err)
						return
					}
					readAll(t, res)
				}
			})
		}
		wg.Wait()
		none(t, p)
		if late := time.Duration(latest.Load()); late > tolerance {
			t.Errorf("a request arrived %v after the verdict had run out", late)
		}
		t.Logf("attested %d times", p.asked.Load())
	})
}

var lastAsked sync.Map // *podConn to time.Time

type slowStart struct {
	r    io.Reader
	wait time.Duration
	once sync.Once
}

func (s *slowStart) Read(p []byte) (int, error) {
	s.once.Do(func() { time.Sleep(s.wait) })
	return s.r.Read(p)
}

// TestOneShotAtExpiry is scenario 8: a body that can be read once, and a verdict
// that runs out when it is first read: the header is out by then (TRN-01), so
// the request runs to its end.
func TestOneShotAtExpiry(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		var bodies sync.Map
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies.Store(string(b), true)
			fmt.Fprint(w, len(b))
		})
		tr := newTransport(t, p, nil)
		var skew offset
		tr.SetClock(skew.get)
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		body := &expiring{r: strings.NewReader("once and whole"), skew: &skew}
		req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/", body)
		req.ContentLength = 14
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if s := readAll(t, res); s != "14" {
			t.Errorf("got %q", s)
		}
		if _, ok := bodies.Load("once and whole"); !ok || p.requests.Load() != 2 {
			t.Errorf("%d requests", p.requests.Load())
		}
		if p.dials.Load() != 1 {
			t.Errorf("%d connections: the header waited for the body", p.dials.Load())
		}
		if body.closed.Load() != 1 {
			t.Errorf("closed %d times", body.closed.Load())
		}
		none(t, p)
	})
}

// expiring lets all verdicts run out when it is first read.
type expiring struct {
	r      io.Reader
	skew   *offset
	once   sync.Once
	closed atomic.Int64
}

func (e *expiring) Read(p []byte) (int, error) {
	e.once.Do(func() { e.skew.add(10*time.Minute, 10*time.Minute) })
	return e.r.Read(p)
}

func (e *expiring) Close() error {
	e.closed.Add(1)
	return nil
}

// TestHeldStreams is scenario 9: requests that run when the verdict ends may
// finish; a new one is served elsewhere or after another attestation.
func TestHeldStreams(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		release := make(chan struct{})
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/held" {
				w.(http.Flusher).Flush()
				<-release
			}
			fmt.Fprint(w, "done")
		}, streams(2))
		tr := newTransport(t, p, nil)
		var skew offset
		tr.SetClock(skew.get)
		var held []*http.Response
		for range 2 {
			res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/held")
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, res)
		}
		skew.add(330*time.Second, 330*time.Second)
		if s, err := get(tr, "https://"+p.address+"/"); err != nil || s != "done" {
			t.Errorf("%q, %v", s, err)
		}
		close(release)
		for _, res := range held {
			if s := readAll(t, res); s != "done" {
				t.Errorf("got %q", s)
			}
		}
		none(t, p)
		settled(t, tr)
	})
}

// TestMaxRequestAge: a request that runs too long after its verdict has run out
// is cut off with its connection (TRN-35).
func TestMaxRequestAge(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})
		tr := newTransport(t, p, func(c *transport.Config) {
			c.MaxVerdictAge, c.MaxRequestAge = 100*time.Millisecond, 200*time.Millisecond
		})
		start := time.Now()
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("it ended well")
		}
		res.Body.Close()
		if d := time.Since(start); d < 250*time.Millisecond || d > 3*time.Second {
			t.Errorf("cut off after %v", d)
		}
	})
}

// TestSlowAttestation: an answer that is older than a verdict lasts brings
// nobody anywhere, and is asked for a bounded number of times.
func TestSlowAttestation(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	p.setLie(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		writeEnvelope(w, p.Evidence().Envelope)
	})
	tr := newTransport(t, p, func(c *transport.Config) { c.MaxVerdictAge = 10 * time.Millisecond })
	_, err := get(tr, "https://"+p.address+"/")
	if kind, rule := ruleOf(err); kind != "EvidenceUnavailableError" || rule != "TRN-32" {
		t.Errorf("%s %s: %v", kind, rule, err)
	}
	if n := p.asked.Load(); n > 10 || p.requests.Load() != 0 {
		t.Errorf("asked %d times", n)
	}
}
