package transport_test

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// honest answers with what the pod has to show, and names where its bundle is.
func (m *market) honest(t *testing.T, at func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(podKey{}).(*podConn).attested.Store(true)
		writeEnvelope(w, withURL(t, m.envelope(), at()))
	}
}

// named is the address of a shop by a name.
func (s *shop) named() string {
	return "https://localhost:" + s.host[strings.LastIndex(s.host, ":")+1:] + "/b.jws"
}

// TestNoWayBack: a bundle that was adopted is remembered, also when the evidence
// that it was tried on had become stale (TRN-48).
// Lesson: it was remembered for good evidence only, and an older one came back.
// Rules: BND-43.
func TestNoWayBack(t *testing.T) {
	t.Run("the same address", func(t *testing.T) {
		m := newMarket(t, nil)
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		old := *m.shop.bundle.Load()
		m.pass(70 * time.Minute)
		m.set(m.pub.bundle(t, 18, 90*24*time.Hour)) // which allows nothing
		m.tr.Refresh()
		m.set(old)
		m.pass(2 * time.Minute)
		stale := m.Enclave.Evidence().Envelope
		m.pod.setLie(func(w http.ResponseWriter, r *http.Request) { writeEnvelope(w, stale) })
		if kind, _ := ruleOf(m.get()); kind != "EnvelopeStaleError" {
			t.Error(kind)
		}
		m.pod.setLie(nil)
		if kind, rule := ruleOf(m.get()); kind != "BundleRollbackError" || rule != "BND-40" {
			t.Error(kind, rule)
		}
		if n := m.requests.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("another address", func(t *testing.T) {
		m := newMarket(t, func(c *transport.Config) { c.BundleURL = "" })
		m.tr.SetPublic(func(netip.AddrPort) bool { return true })
		other := newShop(t, *m.shop.bundle.Load())
		var address atomic.Value
		address.Store(m.shop.named())
		m.pod.setLie(m.honest(t, func() string { return address.Load().(string) }))
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		m.pass(70 * time.Minute)
		m.set(m.pub.bundle(t, 18, 90*24*time.Hour))
		m.tr.Refresh()
		address.Store(other.named())
		if kind, rule := ruleOf(m.get()); kind != "BundleRollbackError" || rule != "BND-40" {
			t.Error(kind, rule)
		}
		if n := m.requests.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// A slowMemory lets something happen right after it told of the newest bundle.
type slowMemory struct {
	attest.BundleMemory
	after atomic.Pointer[func()]
}

func (s *slowMemory) Highest(workload string) (attest.BundleVersion, bool, error) {
	known, ok, err := s.BundleMemory.Highest(workload)
	if f := s.after.Swap(nil); f != nil {
		(*f)()
	}
	return known, ok, err
}

// TestAdoptedMeanwhile: when a newer bundle is adopted while evidence is judged by
// an older one, the newer one stays, and judges (TRN-48).
func TestAdoptedMeanwhile(t *testing.T) {
	for version, allowed := range map[int][]*attesttest.Enclave{18: nil, 19: {shared()}} {
		memory := &slowMemory{BundleMemory: attest.NewBundleMemory()}
		m := newMarket(t, func(c *transport.Config) { c.Demands.Memory = memory })
		if err := m.get(); err != nil {
			t.Fatal(err)
		}
		m.tr.CloseIdleConnections()
		newer := func() {
			m.set(m.pub.bundle(t, version, 90*24*time.Hour, allowed...))
			m.tr.Refresh()
		}
		memory.after.Store(&newer)
		for range 3 {
			err := m.get()
			if kind, _ := ruleOf(err); allowed == nil && kind != "MeasurementNotAllowedError" || allowed != nil && err != nil {
				t.Errorf("version %d: %v", version, err)
			}
		}
		if known, _, _ := memory.Highest("router"); int(known.Version) != version {
			t.Errorf("version %d is remembered", known.Version)
		}
	}
}

// TestRefusalStands: when a newer bundle is asked for after a refusal and cannot
// be had, the refusal is not taken back: what runs is closed (TRN-34).
// Rules: TRN-49.
func TestRefusalStands(t *testing.T) {
	end := make(chan bool)
	finish := sync.OnceFunc(func() { close(end) })
	m := newMarket(t, nil)
	m.app = func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		<-end
		io.WriteString(w, "goes on")
	}
	res, err := (&http.Client{Transport: m.tr}).Get("https://" + m.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	t.Cleanup(finish)
	m.pass(10 * time.Minute)
	m.shop.setLie(http.NotFound)
	bad := newEnclave(attesttest.Config{Seed: "shared"}, attesttest.PolicyDebug)
	m.pod.setLie(func(w http.ResponseWriter, r *http.Request) { writeEnvelope(w, m.envelopeOf(bad)) })
	if kind, rule := ruleOf(m.get()); kind != "PolicyViolationError" {
		t.Error(kind, rule)
	}
	eventually(t, "the connection to end", func() bool { return m.open() == 0 })
	finish()
	if b, err := io.ReadAll(res.Body); err == nil || len(b) > 0 {
		t.Errorf("%q %v", b, err)
	}
}

// TestOtherWorkload: where no workload is demanded, the publisher's bundle for
// another one changes nothing as long as nothing of it was attested.
// Rules: TRN-48.
func TestOtherWorkload(t *testing.T) {
	m := newMarket(t, func(c *transport.Config) { c.BundleURL, c.Demands.Workload = "", "" })
	m.tr.SetPublic(func(netip.AddrPort) bool { return true })
	other := newShop(t, m.pub.sign(bytes.Replace(payloadOf(t, m.pub.bundle(t, 3, time.Hour, shared())), []byte(`"workload":"router"`), []byte(`"workload":"other"`), 1)))
	honest := m.honest(t, m.shop.named)
	m.pod.setLie(honest)
	if err := m.get(); err != nil {
		t.Fatal(err)
	}
	m.pod.setLie(func(w http.ResponseWriter, r *http.Request) {
		e := withURL(t, m.envelope(), other.named())
		e = bytes.Replace(e, []byte(`"workload":"router"`), []byte(`"workload":"other"`), 1)
		writeEnvelope(w, bytes.Replace(e, []byte(`"snp_report_b64":"`), []byte(`"snp_report_b64":"AAAA`), 1)) // no report at all
	})
	if _, err := m.tr.Attest(t.Context()); err == nil || other.asked.Load() != 1 {
		t.Fatalf("%v, the other bundle was fetched %d times", err, other.asked.Load())
	}
	m.pod.setLie(honest)
	asked := m.pod.asked.Load()
	if _, ok := m.tr.Current(); !ok {
		t.Error("the verdict has ended")
	}
	if err := m.get(); err != nil || m.pod.asked.Load() != asked {
		t.Errorf("%v, attested %d times more", err, m.pod.asked.Load()-asked)
	}
}

// TestMalformedEnvelope: what is refused before there is a bundle is refused with
// all its steps.
func TestMalformedEnvelope(t *testing.T) {
	told := make(chan *attest.Audit, 8)
	m := newMarket(t, func(c *transport.Config) {
		c.BundleURL = ""
		c.OnAudit = func(a *attest.Audit) { told <- a }
	})
	m.pod.setLie(func(w http.ResponseWriter, r *http.Request) { writeEnvelope(w, []byte(`{"schema":"nope"}`)) })
	if kind, _ := ruleOf(m.get()); kind != "EnvelopeInvalidError" {
		t.Error(kind)
	}
	if a := <-told; len(a.Checks) != 19 || a.Checks[0].Status != attest.Fail {
		t.Errorf("%+v", a)
	}
	e, err := m.tr.Collect(t.Context())
	if err != nil || len(e.Envelope) == 0 || e.Bundle != nil {
		t.Errorf("%v %+v", err, e)
	}
}
