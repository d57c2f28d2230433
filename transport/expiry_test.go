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

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestReattest is scenario 6: when a verdict runs out, the same connection is
// attested again, by whichever clock says so first (TRN-30, TRN-31, TRN-33).
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
				skew := p.skew.Load()
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
	skew := p.skew.Load()
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
	get(tr, "https://"+brief.address+"/")
	brief.skew.Load().add(time.Minute, time.Minute)
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
		skew := p.skew.Load()
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		spoilt := newEnclave(attesttest.Config{Seed: "shared"}, attesttest.Measurement)
		p.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, p.envelopeOf(spoilt)) })
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

// TestNoneLate races 1,000 requests against the end of verdicts: none is written
// later (TRN-01). The network side of each connection notes when it writes. Between
// the last look at the clock and that note the machine may do other things: half a
// life is allowed for it. If that was not enough, the race is run again more slowly;
// who looks at no clock is late at any pace.
func TestNoneLate(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		for life := 40 * time.Millisecond; ; life *= 4 {
			late := raceExpiry(t, protocol, life)
			if late <= life/2 {
				return
			}
			if life > time.Second {
				t.Fatalf("a request was written %v after its verdict of %v had run out", late, life)
			}
		}
	})
}

// raceExpiry returns how late the latest request was.
func raceExpiry(t *testing.T, protocol string, life time.Duration) time.Duration {
	const callers = 4
	var conns sync.Map // local address to *notedConn
	var latest atomic.Int64
	note := func(r *http.Request) *notedConn {
		c, _ := conns.Load(r.RemoteAddr)
		return c.(*notedConn)
	}
	p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
		c := note(r)
		latest.Store(max(latest.Load(), c.wrote.Load()-c.asked.Load()-int64(life)))
	})
	p.setLie(func(w http.ResponseWriter, r *http.Request) {
		c := note(r)
		c.asked.Store(c.wrote.Load())
		r.Context().Value(podKey{}).(*podConn).attested.Store(true)
		writeEnvelope(w, p.envelope())
	})
	var transports []*transport.Transport
	for range callers {
		transports = append(transports, newTransport(t, p, func(c *transport.Config) {
			c.MaxVerdictAge = life
			c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				n := &notedConn{Conn: c}
				conns.Store(c.LocalAddr().String(), n)
				return n, nil
			}
		}))
	}
	var wg sync.WaitGroup
	var left, slow atomic.Int64
	left.Store(1000)
	for _, tr := range transports {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				_, err := get(tr, "https://"+p.address+"/")
				var r attest.AttestationError
				if errors.As(err, &r) && (r.Requirement() == "TRN-32" || r.Requirement() == "TRN-01") { // a slow machine
					slow.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, tr := range transports {
		tr.Close()
	}
	none(t, p)
	t.Logf("verdicts of %v: attested %d times; %d too slow; the latest %v", life, p.asked.Load(), slow.Load(), time.Duration(latest.Load()))
	return time.Duration(latest.Load())
}

type notedConn struct {
	net.Conn
	wrote, asked atomic.Int64
}

var epoch = time.Now()

func (c *notedConn) Write(b []byte) (int, error) {
	c.wrote.Store(int64(time.Since(epoch)))
	return c.Conn.Write(b)
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
		skew := p.skew.Load()
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
		body := &expiring{r: strings.NewReader("once and whole"), skew: skew}
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
		skew := p.skew.Load()
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
// is cut off with its connection (TRN-35), by whichever clock says so first.
func TestMaxRequestAge(t *testing.T) {
	for name, clocks := range map[string][2]int64{"wall": {1, 0}, "monotonic": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, protocol string) {
				p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
					for r.Context().Err() == nil {
						io.WriteString(w, "x")
						w.(http.Flusher).Flush()
						time.Sleep(time.Millisecond)
					}
					panic(http.ErrAbortHandler)
				})
				tr := newTransport(t, p, nil)
				res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				eventually(t, "the request to be written", func() bool { return tr.Unwritten() == 0 })
				pass := func(d time.Duration) {
					p.skew.Load().add(d*time.Duration(clocks[0]), d*time.Duration(clocks[1]))
					tr.Watch()
				}
				pass(19 * time.Minute) // 5 for the verdict, and 15
				if _, err := io.ReadFull(res.Body, make([]byte, 10)); err != nil {
					t.Errorf("cut off too early: %v", err)
				}
				pass(time.Minute)
				if _, err := io.Copy(io.Discard, res.Body); err == nil {
					t.Error("it ended well")
				}
				none(t, p)
			})
		})
	}
}

// TestSlowAttestation: an answer that is older than a verdict lasts brings
// nobody anywhere, and is asked for a bounded number of times.
func TestSlowAttestation(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	p.setLie(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		writeEnvelope(w, p.envelope())
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
