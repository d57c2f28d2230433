package transport_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// ruleOf returns type and rule of a refusal, through what http.Client wraps it
// in.
func ruleOf(err error) (kind, rule string) {
	var outer *url.Error
	var refused attest.AttestationError
	if !errors.As(err, &outer) || !errors.As(err, &refused) {
		return fmt.Sprintf("%T", err), ""
	}
	return attest.ErrorType(refused), refused.Requirement()
}

// TestFaults is scenario 3, with everything that can be wrong with an enclave.
func TestFaults(t *testing.T) {
	for _, f := range attesttest.Faults() {
		t.Run(string(f), func(t *testing.T) {
			c := attesttest.Config{Seed: "shared"}
			if !f.Fits(c) {
				t.Skip("does not fit")
			}
			e := newEnclave(c, f)
			p := newPod(t, "h2", e, nil)
			var told atomic.Pointer[attest.Audit]
			tr := newTransport(t, p, func(c *transport.Config) {
				c.Revocation = func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
					if len(e.Evidence().CRLs) == 0 {
						return nil, errors.New("none")
					}
					return e.Evidence().CRLs[0], nil
				}
				c.OnAudit = func(a *attest.Audit) { told.Store(a) }
			})
			_, err := post(tr, "https://"+p.address+"/x", "secret")
			kind, rule := ruleOf(err)
			if kind != f.ErrorType() && !strings.Contains(string(f), "crl") || rule == "" {
				t.Errorf("got %s, want %s: %v", kind, f.ErrorType(), err)
			}
			a := told.Load()
			if a == nil || a.Result != nil || !errors.Is(err, a.Err) {
				t.Fatalf("the hook was told %+v", a)
			}
			if failed := slices.ContainsFunc(a.Checks, func(c attest.Check) bool { return c.Status == attest.Fail }); failed == (kind == "EvidenceUnavailableError") {
				t.Errorf("the hook was told %+v", a.Checks)
			}
			if p.requests.Load() != 0 {
				t.Error("the application was asked")
			}
		})
	}
}

// TestLiars is scenario 3: all that can come instead of an envelope.
// Rules: TRN-24.
func TestLiars(t *testing.T) {
	good := shared().Evidence().Envelope
	answer := func(f func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc { return f }
	type row struct {
		name, kind, rule string
		lie              http.HandlerFunc
		deadline         bool // only that ends it
	}
	rows := []row{
		{"404", "EvidenceUnavailableError", "TRN-22", http.NotFound, false},
		{"500", "EvidenceUnavailableError", "TRN-22", answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), false},
		{"http.StatusFound to itself", "EvidenceUnavailableError", "TRN-22", answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/attestation", http.StatusFound) }), false},
		{"201 with an envelope", "EvidenceUnavailableError", "TRN-22", answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(201)
			w.Write(good)
		}), false},
		{"wrong type", "EvidenceUnavailableError", "TRN-23", answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Write(good)
		}), false},
		{"UTF-16", "EvidenceUnavailableError", "TRN-23", answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-16")
			w.Write(good)
		}), false},
		{"no type", "EvidenceUnavailableError", "TRN-23", answer(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil; w.Write(good) }), false},
		{"encoded", "EvidenceUnavailableError", "TRN-23", answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			writeEnvelope(w, good)
		}), false},
		{"oversized", "EnvelopeInvalidError", "JSN-01", answer(func(w http.ResponseWriter, _ *http.Request) {
			writeEnvelope(w, append(good[:len(good):len(good)], make([]byte, 64<<10)...))
		}), false},
		{"oversized by white space", "EnvelopeInvalidError", "JSN-01", answer(func(w http.ResponseWriter, _ *http.Request) {
			writeEnvelope(w, append(good[:len(good):len(good)], []byte(strings.Repeat(" ", 64<<10+1-len(good)))...))
		}), false},
		{"endless", "EnvelopeInvalidError", "JSN-01", answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}), false},
		{"truncated", "EvidenceUnavailableError", "TRN-25", answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(good)))
			writeEnvelope(w, good[:len(good)/2])
			panic(http.ErrAbortHandler)
		}), false},
		{"cut before the answer", "EvidenceUnavailableError", "TRN-25", answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), false},
		{"silent", "EvidenceUnavailableError", "TRN-25", answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), true},
		{"slow", "EvidenceUnavailableError", "TRN-25", answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := 0; r.Context().Err() == nil && i < len(good); i++ {
				w.Write(good[i : i+1])
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}), true},
		{"informational flood", "EvidenceUnavailableError", "TRN-25", answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", strings.Repeat("x", 1000))
			for r.Context().Err() == nil {
				w.WriteHeader(http.StatusEarlyHints)
			}
		}), false},
		{"huge header", "EvidenceUnavailableError", "TRN-25", answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2<<20))
			writeEnvelope(w, good)
		}), false},
		{"no JSON", "EnvelopeInvalidError", "", answer(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, []byte("<html>")) }), false},
	}
	each(t, func(t *testing.T, protocol string) {
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) {
				p := newPod(t, protocol, shared(), nil)
				p.setLie(r.lie)
				timeout := time.Minute
				if r.deadline {
					timeout = 100 * time.Millisecond
				}
				ask := func() error {
					tr := newTransport(t, p, func(c *transport.Config) { c.AttestTimeout, c.MaxResponseHeaderBytes = timeout, 1<<20 })
					_, err := post(tr, "https://"+p.address+"/x", "secret")
					return err
				}
				err := ask()
				for _, rule := ruleOf(err); rule == "TRN-60" && timeout < time.Minute; _, rule = ruleOf(err) { // it has not come so far
					timeout *= 4
					err = ask()
				}
				if kind, rule := ruleOf(err); kind != r.kind || r.rule != "" && rule != r.rule {
					t.Errorf("got %s %s: %v", kind, rule, err)
				}
				if p.requests.Load() != 0 {
					t.Error("the application was asked")
				}
			})
		}
	})
}

// TestLayers: what cannot be reached says where it failed, with a hint.
func TestLayers(t *testing.T) {
	noLeak(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(plain, http.NotFoundHandler())
	defer plain.Close()
	p := newPod(t, "h2", shared(), nil)
	_, port, _ := net.SplitHostPort(p.address)
	for _, row := range []struct {
		name, origin, layer, hint string
		change                    func(*transport.Config)
	}{
		{"tcp", "https://" + closed.Addr().String(), ": tcp: ", "refused", nil},
		{"dns", "https://does-not-exist.invalid", ": dns: ", "lookup", nil},
		{"no TLS", "https://" + plain.Addr().String(), ": tls: ", "does not speak TLS", nil},
		{"unknown CA", "https://" + p.address, ": tls: ", "configured as a web root", func(c *transport.Config) { c.WebRoots = twin().WebRoots() }},
		{"wrong name", "https://example.localhost:" + port, ": tls: ", "for another name", func(c *transport.Config) {
			c.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, p.address)
			}
		}},
	} {
		c := config(shared())
		if row.change != nil {
			row.change(&c)
		}
		tr, err := transport.New(row.origin, c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(tr, row.origin+"/")
		kind, rule := ruleOf(err)
		if kind != "EvidenceUnavailableError" || rule != "TRN-60" || !strings.Contains(err.Error(), row.layer) || !strings.Contains(err.Error(), row.hint) {
			t.Errorf("%s: %s %s: %v", row.name, kind, rule, err)
		}
		tr.Close()
	}
}

// TestOldTLS: TLS 1.3 by default, 1.2 by choice (TRN-04).
func TestOldTLS(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil, func(s *http.Server) { s.TLSConfig.MaxVersion = tls.VersionTLS12 })
		if _, err := get(newTransport(t, p, nil), "https://"+p.address+"/"); err == nil || !strings.Contains(err.Error(), ": tls: ") {
			t.Error(err)
		}
		if p.asked.Load() != 0 {
			t.Error("asked over TLS 1.2")
		}
		if _, err := get(newTransport(t, p, func(c *transport.Config) { c.MinTLS = tls.VersionTLS12 }), "https://"+p.address+"/"); err != nil {
			t.Error(err)
		}
		none(t, p)
	})
}

// TestSharedTickets is scenario 7. Two pods share their ticket keys, and somebody
// has switched resumption on. The certificate of a resumed connection to the bad
// one would be that of the good one (TRN-03).
func TestSharedTickets(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		each(t, func(t *testing.T, protocol string) {
			tickets := func(s *http.Server) {
				s.TLSConfig.SetSessionTicketKeys([][32]byte{sha256.Sum256([]byte("shared"))})
				s.TLSConfig.MaxVersion = version
			}
			good := newPod(t, protocol, shared(), nil, tickets)
			bad := newPod(t, protocol, newEnclave(attesttest.Config{Seed: "shared"}, attesttest.LiveKey), nil, tickets)
			bad.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, good.envelope()) })
			var to atomic.Pointer[pod]
			to.Store(good)
			tr := newTransport(t, good, func(c *transport.Config) {
				c.MinTLS = tls.VersionTLS12
				c.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, to.Load().address)
				}
			})
			sessions := tls.NewLRUClientSessionCache(8)
			tr.Tamper(func(c *tls.Config) {
				c.ClientSessionCache, c.SessionTicketsDisabled = sessions, false
			})
			if _, err := get(tr, "https://"+good.address+"/"); err != nil {
				t.Fatal(err)
			}
			to.Store(bad)
			good.cutAll()
			tr.CloseIdleConnections()
			_, err := get(tr, "https://"+good.address+"/")
			if kind, rule := ruleOf(err); kind != "SPKIMismatchError" || rule != "TRN-03" {
				t.Errorf("%s %s: %v", kind, rule, err)
			}
			if bad.requests.Load() != 0 || bad.asked.Load() != 0 {
				t.Error("the bad pod was asked")
			}
		})
	}
}

// TestConfig covers what New refuses.
func TestConfig(t *testing.T) {
	good := func() transport.Config { return config(shared()) }
	v, err := shared().Verifier()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*transport.Config){
		"no policy":              func(c *transport.Config) { c.Demands.Policy = policy.Policy{} },
		"no release root":        func(c *transport.Config) { c.ReleaseRoots = nil },
		"two bundles":            func(c *transport.Config) { c.BundleURL = "https://example.com/b" },
		"http bundle URL":        func(c *transport.Config) { c.Bundle = nil; c.BundleURL = "http://example.com/b" },
		"bundle URL with a user": func(c *transport.Config) { c.Bundle = nil; c.BundleURL = "https://u@example.com/b" },
		"TLS 1.1":                func(c *transport.Config) { c.MinTLS = tls.VersionTLS11 },
		"negative time":          func(c *transport.Config) { c.IdleTimeout = -1 },
		"verdict of a year":      func(c *transport.Config) { c.MaxVerdictAge = 365 * 24 * time.Hour },
		"refresh every week":     func(c *transport.Config) { c.BundleRefresh = 7 * 24 * time.Hour },
		"negative number":        func(c *transport.Config) { c.MaxConns = -1 },
		"two verifiers":          func(c *transport.Config) { c.Verifier = v },
		"short release root":     func(c *transport.Config) { c.ReleaseRoots = []ed25519.PublicKey{make([]byte, 31)} },
		"manifest key of zeros":  func(c *transport.Config) { c.Demands.ManifestKeys = []ed25519.PublicKey{make([]byte, 32)} },
		"no launch":              func(c *transport.Config) { c.Demands.Launch = []attest.LaunchMeasurement{} },
		"an empty bundle":        func(c *transport.Config) { c.Bundle = []byte{} },
		"a CRL from nowhere":     func(c *transport.Config) { c.Demands.RequireCRL, c.Revocation = true, nil },
	} {
		c := good()
		change(&c)
		var refusal attest.AttestationError
		if tr, err := transport.New("https://example.com", c); err == nil || tr != nil || errors.As(err, &refusal) {
			t.Errorf("%s is accepted, or a refusal of the endpoint: %v", name, err)
		}
	}
	for name, c := range map[string]transport.Config{
		"release roots": {Verifier: v, ReleaseRoots: good().ReleaseRoots},
		"a policy":      {Verifier: v, Demands: attest.Config{Policy: policy.Default()}},
		"AMD roots":     {Verifier: v, Demands: attest.Config{AMDRoots: good().Demands.AMDRoots}},
		"a memory":      {Verifier: v, Demands: attest.Config{Memory: attest.NewBundleMemory()}},
		"chains":        {Verifier: v, Demands: attest.Config{Cache: certchain.NewCache(1)}},
		"a workload":    {Verifier: v, Demands: attest.Config{Workload: "router"}},
		"manifest keys": {Verifier: v, Demands: attest.Config{ManifestKeys: []ed25519.PublicKey{}}},
		"launch":        {Verifier: v, Demands: attest.Config{Launch: []attest.LaunchMeasurement{}}},
		"a CRL": {Verifier: v, Demands: attest.Config{RequireCRL: true}, Revocation: func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
			return nil, nil
		}},
	} {
		if _, err := transport.New("https://example.com", c); err == nil {
			t.Errorf("a verifier with %s is accepted", name)
		}
	}
	c := good()
	c.ReleaseRoots = nil
	if _, err := transport.New("https://example.com", c); !strings.Contains(fmt.Sprint(err), "--release-root") || !strings.Contains(fmt.Sprint(err), "Config.ReleaseRoots") {
		t.Errorf("no help in %v", err)
	}
	tr, err := transport.New("https://example.com", transport.Config{Verifier: v, Bundle: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if _, err := get(tr, "https://example.com/"); !errors.Is(err, transport.ErrClosed) {
		t.Error(err)
	}
	if _, err := tr.Attest(context.Background()); !errors.Is(err, transport.ErrClosed) {
		t.Error(err)
	}
}

// withURL returns an envelope with another trust_bundle_url.
func withURL(t testing.TB, envelope []byte, u string) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(envelope, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "trust_bundle_url")
	if u != "" {
		m["trust_bundle_url"] = u
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
