package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// TestClientCertificate: an endpoint that asks for a certificate of the client gets
// the one of the configuration.
func TestClientCertificate(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		mine := twin().TLSCertificate()
		var seen []byte
		p := newPod(t, protocol, shared(), func(_ http.ResponseWriter, r *http.Request) { seen = r.TLS.PeerCertificates[0].Raw }, func(s *http.Server) {
			s.TLSConfig.ClientAuth = tls.RequireAnyClientCert
		})
		if _, err := get(newTransport(t, p, nil), "https://"+p.address+"/"); err == nil {
			t.Error("served without a certificate")
		}
		given := mine
		given.Certificate = [][]byte{bytes.Clone(mine.Certificate[0])}
		tr := newTransport(t, p, func(c *transport.Config) { c.TLSCertificates = []tls.Certificate{given} })
		clear(given.Certificate[0]) // New has copied it
		if _, err := get(tr, "https://"+p.address+"/"); err != nil || string(seen) != string(mine.Leaf.Raw) {
			t.Error(err)
		}
		none(t, p)
	})
}

// TestTrace: a caller's httptrace is told of what happens for its request, and of the
// connection its addresses and nothing else.
func TestTrace(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		for i, want := range [][]string{
			{"get", "connect", "connected", "TLS", "TLS done", "got", "first byte"},
			{"get", "got again", "first byte"},
		} {
			var mu sync.Mutex
			var told []string
			tell := func(s string) { mu.Lock(); told = append(told, s); mu.Unlock() }
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GetConn: func(at string) {
					if at != p.address {
						t.Error(at)
					}
					tell("get")
				},
				ConnectStart:         func(string, string) { tell("connect") },
				ConnectDone:          func(string, string, error) { tell("connected") },
				TLSHandshakeStart:    func() { tell("TLS") },
				TLSHandshakeDone:     func(tls.ConnectionState, error) { tell("TLS done") },
				GotFirstResponseByte: func() { tell("first byte") },
				GotConn: func(i httptrace.GotConnInfo) {
					if tell(map[bool]string{false: "got", true: "got again"}[i.Reused]); i.Conn.RemoteAddr().String() != p.address {
						t.Error(i.Conn.RemoteAddr())
					}
					if _, err := i.Conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
						t.Errorf("a caller can write on an attested connection: %v", err)
					}
				},
			})
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.address+"/", nil)
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, res)
			mu.Lock()
			if !slices.Equal(told, want) {
				t.Errorf("request %d: %v", i+1, told)
			}
			mu.Unlock()
		}
	})
}

// TestAnswerLimits: a header that is too long or too late is no answer.
func TestAnswerLimits(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		const size = 1<<20 + 1<<10
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" {
				w.Header().Set("X", strings.Repeat("x", size))
			} else {
				<-r.Context().Done()
			}
		})
		tr := newTransport(t, p, nil)
		if _, err := get(tr, "https://"+p.address+"/long"); err != nil {
			t.Errorf("%d bytes by default: %v", size, err)
		}
		tr.Close()
		tr = newTransport(t, p, func(c *transport.Config) {
			c.MaxResponseHeaderBytes, c.ResponseHeaderTimeout = 1<<20, 50*time.Millisecond
		})
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Skip("a machine that is too slow for this") // the timeout holds for that answer too
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.address+"/late", nil)
		if _, err := tr.RoundTrip(req); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "timeout awaiting response headers") {
			t.Error(err)
		}
		if _, err := get(tr, "https://"+p.address+"/long"); err == nil {
			t.Error("too long")
		}
	})
}

// TestSharedResult: connections with the same evidence share what was found, and
// others don't.
func TestSharedResult(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	tr := newTransport(t, p, nil)
	same := p.envelope()
	find := func() *attest.Result {
		r, err := tr.Attest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	p.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, same) })
	first, second := find(), find()
	p.setLie(nil)
	if third := find(); first != second || first == third {
		t.Errorf("%p %p %p", first, second, third)
	}
}
