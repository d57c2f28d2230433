package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// A shop serves trust bundles.
type shop struct {
	host, url string

	bundle atomic.Pointer[[]byte]
	asked  atomic.Int64
	lie    atomic.Pointer[http.HandlerFunc]
	seen   atomic.Pointer[http.Request]
}

func newShop(t testing.TB, bundle []byte) *shop {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := new(shop)
	s.set(bundle)
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{twin().TLSCertificate()}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.asked.Add(1)
			s.seen.Store(r)
			if lie := s.lie.Load(); lie != nil {
				(*lie)(w, r)
				return
			}
			w.Write(*s.bundle.Load())
		}),
	}
	done := make(chan error)
	go func() { done <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { server.Close(); <-done })
	s.host = l.Addr().String()
	s.url = "https://" + s.host + "/b.jws"
	return s
}

func (s *shop) set(b []byte)              { s.bundle.Store(&b) }
func (s *shop) setLie(f http.HandlerFunc) { s.lie.Store(&f) }

// A market is a pod with a shop, and a transport that knows both.
type market struct {
	*pod
	*shop
	pub  publisher
	tr   *transport.Transport
	told atomic.Pointer[error] // by OnRefresh
}

func (m *market) get() error {
	_, err := get(m.tr, "https://"+m.address+"/")
	return err
}

func newMarket(t *testing.T, change func(*transport.Config)) *market {
	t.Helper()
	return newMarketOver(t, "h2", change)
}

func newMarketOver(t *testing.T, protocol string, change func(*transport.Config)) *market {
	t.Helper()
	m := &market{pod: newPod(t, protocol, shared(), nil), pub: newPublisher()}
	m.shop = newShop(t, m.pub.bundle(t, 17, 90*24*time.Hour, shared()))
	m.tr = newTransport(t, m.pod, func(c *transport.Config) {
		*c = m.pub.config(nil)
		c.BundleURL = m.shop.url
		c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
		c.OnRefresh = func(err error) { m.told.Store(&err) }
		if change != nil {
			change(c)
		}
	})
	return m
}

// pass lets time pass.
func (m *market) pass(d time.Duration) { m.skew.Load().add(d, d) }

// TestBundleURL: one fetch for all connections, with nothing of the caller, and
// the configured URL wins (TRN-40).
func TestBundleURL(t *testing.T) {
	noLeak(t)
	m := newMarket(t, nil)
	m.pod.setLie(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(podKey{}).(*podConn).attested.Store(true)
		writeEnvelope(w, withURL(t, m.envelope(), "https://bundle.invalid/other"))
	})
	for range 3 {
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		m.tr.CloseIdleConnections()
	}
	if n := m.shop.asked.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	if r := m.shop.seen.Load(); len(r.Header) != 3 || r.Header.Get("Connection") != "close" || r.Header.Get("Accept-Encoding") != "identity" || r.Header.Get("User-Agent") != "tresor-attest" {
		t.Errorf("asked with %v", r.Header)
	}
	none(t, m.pod)
}

// TestBundleFetchedOnce: many connections at once, one fetch.
func TestBundleFetchedOnce(t *testing.T) {
	noLeak(t)
	m := newMarket(t, nil)
	m.shop.setLie(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		w.Write(*m.bundle.Load())
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := m.tr.Attest(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := m.shop.asked.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestBundleAge: an hour is young, a day is too old (TRN-45).
func TestBundleAge(t *testing.T) {
	m := newMarket(t, nil)
	for _, row := range []struct {
		after time.Duration
		asked int64
	}{{0, 1}, {23 * time.Hour, 1}, {2 * time.Hour, 2}, {time.Hour, 2}} {
		m.pass(row.after)
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		if n := m.shop.asked.Load(); n != row.asked {
			t.Errorf("after %v: fetched %d times, want %d", row.after, n, row.asked)
		}
	}
	// When it cannot be had any more, what is a day old is not used.
	m.shop.setLie(http.NotFound)
	m.pass(12 * time.Hour)
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	m.pass(13 * time.Hour)
	if kind, rule := ruleOf(m.get()); kind != "EvidenceUnavailableError" || rule != "TRN-42" {
		t.Error(kind, rule)
	}
}

// TestBundleExpires: when the bundle expires it is fetched again, and verdicts
// end with it (TRN-31, TRN-45).
func TestBundleExpires(t *testing.T) {
	m := newMarket(t, nil)
	m.set(m.pub.bundle(t, 17, 10*time.Minute, shared()))
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	m.pass(8 * time.Minute)
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	m.pass(130 * time.Second) // the verdict would last
	if kind, _ := ruleOf(m.get()); kind != "BundleExpiredError" {
		t.Error(kind)
	}
	m.set(m.pub.bundle(t, 18, 90*24*time.Hour, shared()))
	if err := m.get(); err != nil {
		t.Error(err)
	}
}

// TestNewerBundle: a newer bundle that does not allow what runs any more stops
// traffic, also on attested connections (TRN-48). One that is not authentic
// changes nothing.
func TestNewerBundle(t *testing.T) {
	m := newMarket(t, nil)
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	before := m.pod.asked.Load()
	for name, garbage := range map[string][]byte{
		"garbage":      []byte("<html>"),
		"older":        m.pub.bundle(t, 16, time.Hour),
		"another's":    shared().Evidence().Bundle,
		"same version": m.pub.bundle(t, 17, time.Hour),
	} {
		m.set(garbage)
		m.tr.Refresh()
		if err := m.get(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		told := m.told.Swap(nil)
		if told == nil {
			t.Fatalf("%s: the hook was not told", name)
		}
		var missed *attest.EvidenceUnavailableError
		if !errors.As(*told, &missed) || missed.Requirement() == "" || !strings.Contains(missed.Message, m.shop.url) {
			t.Errorf("%s: the hook was told %v", name, *told)
		}
	}
	if m.pod.asked.Load() != before {
		t.Error("attested again for what is not authentic")
	}
	m.set(m.pub.bundle(t, 18, time.Hour, shared(), twin()))
	m.tr.Refresh()
	if err := m.get(); err != nil || m.pod.asked.Load() != before+1 {
		t.Errorf("%v, asked %d times", err, m.pod.asked.Load())
	}
	m.set(m.pub.bundle(t, 19, time.Hour))
	m.tr.Refresh()
	requests := m.requests.Load()
	if kind, _ := ruleOf(m.get()); kind != "MeasurementNotAllowedError" || m.requests.Load() != requests {
		t.Error(kind)
	}
	m.set(m.pub.bundle(t, 17, 90*24*time.Hour, shared())) // going back is no way out
	m.pass(2 * time.Minute)
	if kind, _ := ruleOf(m.get()); kind != "BundleRollbackError" || m.requests.Load() != requests {
		t.Error(kind)
	}
}

// TestNewerBundleCutsOff: what runs under the older bundle has MaxRequestAge to
// end (TRN-35, TRN-48).
func TestNewerBundleCutsOff(t *testing.T) {
	noLeak(t)
	m := newMarket(t, func(c *transport.Config) { c.MaxRequestAge = 100 * time.Millisecond })
	m.app = func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	res, err := (&http.Client{Transport: m.tr}).Get("https://" + m.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	m.set(m.pub.bundle(t, 18, time.Hour))
	m.tr.Refresh()
	cut := time.AfterFunc(time.Minute, func() { t.Error("it runs on"); m.cutAll() })
	defer cut.Stop()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("it ended well")
	}
	res.Body.Close()
}

// TestBackgroundRefresh: it comes by itself, as long as there are connections.
func TestBackgroundRefresh(t *testing.T) {
	noLeak(t)
	m := newMarket(t, func(c *transport.Config) { c.BundleRefresh = 20 * time.Millisecond })
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	m.set(m.pub.bundle(t, 18, time.Hour))
	eventually(t, "the newer bundle", func() bool { return m.get() != nil })
	eventually(t, "a pause", func() bool {
		n := m.shop.asked.Load()
		time.Sleep(100 * time.Millisecond)
		return m.shop.asked.Load() == n
	})
}

// TestNewRelease: a refusal by a bundle that is not young is judged again by a
// newer one, once (TRN-49).
func TestNewRelease(t *testing.T) {
	m := newMarket(t, nil)
	m.set(m.pub.bundle(t, 17, time.Hour, twin()))
	if kind, _ := ruleOf(m.get()); kind != "IdentityTagNotAllowedError" {
		t.Error(kind)
	}
	m.set(m.pub.bundle(t, 18, time.Hour, twin(), shared()))
	if kind, _ := ruleOf(m.get()); kind != "IdentityTagNotAllowedError" || m.shop.asked.Load() != 1 {
		t.Error(kind, m.shop.asked.Load())
	}
	m.pass(61 * time.Second)
	if err := m.get(); err != nil || m.shop.asked.Load() != 2 {
		t.Error(err, m.shop.asked.Load())
	}
}

// TestRevocation: the CRL is asked for what the chain needs, once a day, and its
// failure is no verdict (TRN-50).
func TestRevocation(t *testing.T) {
	var asked atomic.Int64
	var fail atomic.Bool
	m := newMarket(t, func(c *transport.Config) {
		c.Demands.RequireCRL = true
		c.Revocation = func(_ context.Context, p snpreport.Product, k snpreport.SigningKey) ([]byte, error) {
			asked.Add(1)
			if p != snpreport.Genoa || k != snpreport.VCEK {
				t.Errorf("asked for the %v of %v", k, p)
			}
			if fail.Load() {
				return nil, errors.New("no CRL today")
			}
			return shared().Evidence().CRLs[0], nil
		}
	})
	fail.Store(true)
	if kind, rule := ruleOf(m.get()); kind != "EvidenceUnavailableError" || rule != "TRN-50" {
		t.Error(kind, rule)
	}
	fail.Store(false)
	for range 3 {
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		m.tr.CloseIdleConnections()
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
	m.pass(25 * time.Hour)
	if err := m.get(); err != nil || asked.Load() != 3 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

// TestCollect: evidence comes as it was, and verifies again.
func TestCollect(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		e, err := tr.Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v, err := shared().Verifier()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(e.Evidence, e.FetchedAt); err != nil {
			t.Error(err)
		}
		if string(e.LeafDER) != string(shared().TLSCertificate().Certificate[0]) || e.Origin != "https://"+p.address {
			t.Error("not as it was")
		}
		p.setLie(http.NotFound)
		if e, err := tr.Collect(t.Context()); err == nil || e != nil {
			t.Error(e, err)
		}
		r, err := tr.Attest(t.Context())
		if err == nil || r != nil {
			t.Error(r, err)
		}
	})
}
