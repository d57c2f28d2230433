package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/transport"
	"pgregory.net/rapid"
)

// A machine is a transport, two pods behind one address, one pod elsewhere, and a
// publisher, to all of which things happen in any order. Each server knows by
// itself which connection has a verdict that counts.
type machine struct {
	t         *rapid.T
	pods      []*pod // two keys; the third is another origin
	fleet     *fleet
	shop      *shop
	pub       publisher
	skew      *offset
	tr        *transport.Transport
	client    *http.Client
	serving   int  // of pods, where new connections lead
	lying     bool // the serving pod, about who it is
	published int  // version of the newest bundle
	known     int  // version that the transport surely knows
	allowed   map[int][]*attesttest.Enclave
	drop      atomic.Bool // the next request is broken off
	cancel    atomic.Pointer[context.CancelFunc]
	streams   []*http.Response

	mu       sync.Mutex
	verdicts map[*podConn]moment
	wrong    []string
}

// A moment is the time by both clocks, as the transport sees it.
type moment struct{ wall, mono time.Time }

func (m *machine) now() moment {
	wall, mono := m.skew.get()
	return moment{time.Now().Add(wall), time.Now().Add(mono)}
}

// attestation answers for the enclave, and notes a verdict if the pod is one.
func (m *machine) attestation(p *pod, e *attesttest.Enclave) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		delete(m.verdicts, r.Context().Value(podKey{}).(*podConn))
		if e == p.Enclave {
			m.verdicts[r.Context().Value(podKey{}).(*podConn)] = m.now()
		}
		m.mu.Unlock()
		if cancel := m.cancel.Load(); cancel != nil {
			(*cancel)()
		}
		writeEnvelope(w, p.envelopeOf(e))
	}
}

// app notes what must not come: a request on a connection without a verdict, with
// one that has run out, or under a bundle that does not allow the pod.
func (m *machine) app(p *pod) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := m.now()
		m.mu.Lock()
		v, ok := m.verdicts[r.Context().Value(podKey{}).(*podConn)]
		life := max(now.wall.Sub(v.wall), now.mono.Sub(v.mono))
		permitted := false
		for version := m.known; version <= m.published; version++ {
			permitted = permitted || slices.Contains(m.allowed[version], p.Enclave)
		}
		if !ok || life >= 5*time.Minute || !permitted || p == m.pods[2] {
			m.wrong = append(m.wrong, fmt.Sprintf("%s %s: verdict: %v, of %v; permitted: %v", r.Method, r.URL.Path, ok, life, permitted))
		}
		m.mu.Unlock()
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		case "/away":
			http.Redirect(w, r, "https://"+m.pods[2].address+"/", http.StatusTemporaryRedirect)
			return
		case "/stream":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		case "/cancel":
			io.Copy(io.Discard, r.Body) // or HTTP/1.1 does not look for the caller
			if cancel := m.cancel.Load(); cancel != nil {
				(*cancel)()
			}
			<-r.Context().Done()
			return
		}
		if m.drop.CompareAndSwap(true, false) {
			panic(http.ErrAbortHandler)
		}
		io.Copy(w, r.Body)
	}
}

// send sends a request. When nothing is in its way it must be served.
func (m *machine) send(ctx context.Context, method, path string, body io.Reader, disturbed bool) {
	req, err := http.NewRequestWithContext(ctx, method, m.fleet.origin+path, body)
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := m.client.Do(req)
	if err != nil {
		if m.trusted() && !disturbed {
			m.t.Errorf("%s %s: %v", method, path, err)
		}
		m.failed()
		return
	}
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if method == http.MethodPost && !disturbed && (err != nil || string(b) != "hello") {
		m.t.Errorf("%s %s: %q, %v", method, path, b, err)
	}
}

// failed lets the pause after a failure pass.
func (m *machine) failed() { m.skew.add(5*time.Second, 5*time.Second) }

// trusted reports whether the serving pod is to be used, by all bundles that the
// transport may know.
func (m *machine) trusted() bool {
	for version := m.known; version <= m.published; version++ {
		if !slices.Contains(m.allowed[version], m.pods[m.serving].Enclave) {
			return false
		}
	}
	return !m.lying
}

func (m *machine) publish(allowed ...*attesttest.Enclave) {
	m.mu.Lock()
	m.published++
	m.allowed[m.published] = allowed
	version := m.published
	m.mu.Unlock()
	m.shop.set(m.pub.bundle(m.t, version, 90*24*time.Hour, allowed...))
}

func (m *machine) actions() map[string]func(*rapid.T) {
	ctx := context.Background()
	return map[string]func(*rapid.T){
		"get":      func(*rapid.T) { m.send(ctx, http.MethodGet, "/", nil, false) },
		"post":     func(*rapid.T) { m.send(ctx, http.MethodPost, "/", strings.NewReader("hello"), false) },
		"once":     func(*rapid.T) { m.send(ctx, http.MethodPost, "/", newOneShot("hello"), false) },
		"redirect": func(*rapid.T) { m.send(ctx, http.MethodPost, "/here", strings.NewReader("hello"), false) },
		"away": func(t *rapid.T) {
			_, err := post(m.tr, m.fleet.origin+"/away", "hello")
			if o := (*transport.OriginError)(nil); m.trusted() && !errors.As(err, &o) {
				t.Errorf("away: %v", err)
			}
			m.failed()
		},
		"retry": func(*rapid.T) {
			m.drop.Store(true)
			m.send(ctx, http.MethodGet, "/", nil, true)
			m.drop.Store(false)
		},
		"cancel": func(*rapid.T) { // while it is attested for, or else once it has arrived
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			m.cancel.Store(&cancel)
			m.send(ctx, http.MethodPost, "/cancel", strings.NewReader("hello"), true)
			m.cancel.Store(nil)
		},
		"stream": func(*rapid.T) {
			if len(m.streams) == 3 {
				m.finish()
			}
			res, err := m.client.Get(m.fleet.origin + "/stream")
			if err != nil {
				m.failed()
				return
			}
			m.streams = append(m.streams, res)
		},
		"finish": func(*rapid.T) { m.finish() },
		"expire": func(t *rapid.T) {
			wall := time.Duration(rapid.IntRange(0, 330).Draw(t, "wall")) * time.Second
			mono := time.Duration(rapid.IntRange(0, 330).Draw(t, "monotonic")) * time.Second
			m.skew.add(wall, mono)
		},
		"rotate": func(*rapid.T) {
			old, next := m.pods[m.serving], m.pods[1-m.serving]
			m.serving, m.lying = 1-m.serving, false
			old.setLie(m.attestation(old, next.Enclave)) // on connections that last
			next.setLie(m.attestation(next, next.Enclave))
			m.fleet.set(next)
		},
		"lie": func(*rapid.T) {
			p := m.pods[m.serving]
			p.setLie(m.attestation(p, m.pods[1-m.serving].Enclave))
			m.lying = true
		},
		"cut": func(t *rapid.T) {
			for m.tr.Attesting() > 0 { // or a connection is new afterwards
				time.Sleep(time.Millisecond)
			}
			m.pods[0].cutAll()
			m.pods[1].cutAll()
			m.finish() // net/http does not look at HTTP/1.1 before
			for range 10000 {
				if n, _ := m.tr.Counts(); n == 0 {
					return
				}
				time.Sleep(time.Millisecond)
			}
			t.Error("connections that were cut are not missed")
		},
		"close": func(*rapid.T) { m.tr.CloseIdleConnections() },
		"watch": func(*rapid.T) { m.tr.Watch() },
		"publish": func(t *rapid.T) {
			m.publish(rapid.SampledFrom([][]*attesttest.Enclave{{shared()}, {twin()}, {shared(), twin()}}).Draw(t, "allowed")...)
		},
		"refresh": func(*rapid.T) {
			m.tr.Refresh()
			m.mu.Lock()
			m.known = m.published
			m.mu.Unlock()
		},
		"": func(t *rapid.T) { // after each of the others
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.wrong) > 0 {
				t.Fatal(m.wrong)
			}
		},
	}
}

func (m *machine) finish() {
	for _, res := range m.streams {
		res.Body.Close()
	}
	m.streams = nil
}

// TestFreshness lets a machine run at random: no request reaches a server whose
// connection has no verdict that counts, and whoever can be served is
// (TRN-01, TRN-30 to TRN-34, TRN-48, TRN-51 to TRN-53).
func TestFreshness(t *testing.T) {
	noLeak(t)
	for range fleets {
		for _, protocol := range protocols {
			t.Run(protocol, func(t *testing.T) {
				t.Parallel() // machines wait most of the time
				freshness(t, protocol)
			})
		}
	}
}

func freshness(t *testing.T, protocol string) {
	var current atomic.Pointer[machine]
	pods := []*pod{newPod(t, protocol, shared(), nil), newPod(t, protocol, twin(), nil), newPod(t, protocol, shared(), nil)}
	for _, p := range pods {
		p.app = func(w http.ResponseWriter, r *http.Request) { current.Load().app(p)(w, r) }
	}
	shop := newShop(t, nil)
	chains := certchain.NewCache(16)
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			t: t, pods: pods, fleet: newFleet(pods[:2]...), shop: shop, pub: newPublisher(), skew: new(offset),
			allowed: map[int][]*attesttest.Enclave{}, verdicts: map[*podConn]moment{}, known: 1,
		}
		for _, p := range pods {
			p.skew.Store(m.skew)
			p.setLie(m.attestation(p, p.Enclave))
		}
		current.Store(m)
		m.fleet.set(pods[0])
		m.publish(shared(), twin())
		config := m.pub.config(nil)
		config.BundleURL = shop.url
		config.Demands.Cache = chains
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == shop.host {
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			return m.fleet.dial(ctx, network, address)
		}
		config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
		config.MaxConns = rapid.SampledFrom([]int{0, 6}).Draw(t, "connections")
		var err error
		if m.tr, err = transport.New(m.fleet.origin, config); err != nil {
			t.Fatal(err)
		}
		defer func() {
			m.finish()
			m.tr.Close()
			if conns, waiters := m.tr.Counts(); conns != 0 || waiters != 0 {
				t.Errorf("%d connections and %d waiters left", conns, waiters)
			}
		}()
		m.tr.SetClock(m.skew.get)
		m.tr.SetPatience(time.Minute) // on a loaded machine
		m.client = &http.Client{Transport: m.tr}
		m.send(context.Background(), http.MethodGet, "/", nil, false)
		t.Repeat(m.actions())
	})
}
