package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// TestBundleAnswers: what can come instead of a bundle (TRN-42, TRN-43).
func TestBundleAnswers(t *testing.T) {
	for _, row := range []struct {
		name, rule string
		lie        http.HandlerFunc
	}{
		{"404", "TRN-42", http.NotFound},
		{"redirect", "TRN-42", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }},
		{"encoded", "TRN-43", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("x"))
		}},
		{"empty", "TRN-43", func(http.ResponseWriter, *http.Request) {}},
		{"endless", "TRN-43", func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}},
		{"cut off", "TRN-44", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
		{"silent", "TRN-44", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			noLeak(t)
			m := newMarket(t, func(c *transport.Config) {
				if row.name == "silent" {
					c.AttestTimeout = 300 * time.Millisecond
				}
			})
			m.shop.setLie(row.lie)
			err := m.get()
			if kind, rule := ruleOf(err); kind != "EvidenceUnavailableError" || rule != row.rule || !strings.Contains(fmt.Sprint(err), ": bundle: ") {
				t.Errorf("%s %s: %v", kind, rule, err)
			}
			if m.requests.Load() != 0 {
				t.Error("the application was asked")
			}
		})
	}
}

// TestEnvelopeURL: without a bundle of the caller's, the envelope says where it
// is: by name, at a public address, and not through a proxy (TRN-41, TRN-46,
// TRN-47).
func TestEnvelopeURL(t *testing.T) {
	proxied := func(*http.Request) (*url.URL, error) { return nil, nil }
	for _, row := range []struct {
		name, url, kind, rule string
		public                bool
		proxy                 bool
	}{
		{"none", "", "EnvelopeInvalidError", "TRN-41", true, false},
		{"http", "http://localhost:PORT/b", "EnvelopeInvalidError", "ENV-03", true, false},
		{"file", "file:///etc/passwd", "EnvelopeInvalidError", "ENV-03", true, false},
		{"user name", "https://u@localhost:PORT/b", "EnvelopeInvalidError", "TRN-41", true, false},
		{"IPv4", "https://127.0.0.1:PORT/b", "EnvelopeInvalidError", "TRN-41", true, false},
		{"IPv6", "https://[::1]:PORT/b", "EnvelopeInvalidError", "TRN-41", true, false},
		{"old IPv4", "https://127.1:PORT/b", "EnvelopeInvalidError", "TRN-41", true, false},
		{"number", "https://2130706433:PORT/b", "EnvelopeInvalidError", "TRN-41", true, false},
		{"fragment", "https://localhost:PORT/b#x", "EnvelopeInvalidError", "TRN-41", true, false},
		{"loopback", "https://localhost:PORT/b", "EvidenceUnavailableError", "TRN-44", false, false},
		{"proxy", "https://localhost:PORT/b", "EvidenceUnavailableError", "TRN-47", true, true},
		{"fine", "https://localhost:PORT/b", "", "", true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			noLeak(t)
			m := newMarket(t, func(c *transport.Config) {
				c.BundleURL = ""
				c.Proxy = proxied
				if row.proxy {
					c.Proxy = func(r *http.Request) (*url.URL, error) {
						if strings.HasPrefix(r.URL.Host, "localhost") {
							return url.Parse("http://127.0.0.1:1")
						}
						return nil, nil
					}
				}
			})
			if row.public {
				m.tr.SetPublic(func(netip.AddrPort) bool { return true })
			}
			at, _ := url.Parse(m.shop.url)
			m.pod.setLie(func(w http.ResponseWriter, r *http.Request) {
				r.Context().Value(podKey{}).(*podConn).attested.Store(true)
				writeEnvelope(w, withURL(t, m.envelope(), strings.ReplaceAll(row.url, "PORT", at.Port())))
			})
			err := m.get()
			if row.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if kind, rule := ruleOf(err); kind != row.kind || rule != row.rule {
				t.Errorf("%s %s: %v", kind, rule, err)
			}
			if m.shop.asked.Load() != 0 || m.requests.Load() != 0 {
				t.Error("something was asked")
			}
			if row.name == "loopback" && !strings.Contains(err.Error(), "no public address") {
				t.Error(err)
			}
		})
	}
}

// TestStrayURL: a pod that names a bundle of its own does not disturb the
// others.
func TestStrayURL(t *testing.T) {
	pub := newPublisher()
	ours := newShop(t, pub.bundle(t, 17, time.Hour, shared(), twin()))
	theirs := newShop(t, pub.bundle(t, 16, time.Hour, shared(), twin())) // withdrawn
	good, bad := newPod(t, "h2", shared(), nil), newPod(t, "h2", twin(), nil)
	for p, s := range map[*pod]*shop{good: ours, bad: theirs} {
		u := strings.Replace(s.url, "127.0.0.1", "localhost", 1)
		p.setLie(func(w http.ResponseWriter, r *http.Request) {
			r.Context().Value(podKey{}).(*podConn).attested.Store(true)
			writeEnvelope(w, withURL(t, p.envelope(), u))
		})
	}
	f := newFleet(good)
	tr := newFleetTransport(t, f, func(c *transport.Config) { c.Bundle = nil })
	tr.SetPublic(func(netip.AddrPort) bool { return true })
	if _, err := get(tr, f.origin+"/"); err != nil {
		t.Fatal(err)
	}
	f.set(bad)
	_, err := tr.Attest(t.Context())
	var rollback *attest.BundleRollbackError
	if !errors.As(err, &rollback) {
		t.Error(err)
	}
	if _, err := get(tr, f.origin+"/"); err != nil || good.asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, good.asked.Load())
	}
}
