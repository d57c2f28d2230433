package kds_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/kds"
)

// KDS-21: what is wrong with a connection, by layer. Servers that are not the
// right ones are not asked again.
func TestConnections(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("asked for " + r.RequestURI) })
	plain := httptest.NewServer(s.Config.Handler)
	t.Cleanup(plain.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old := httptest.NewUnstartedServer(s.Config.Handler)
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	t.Cleanup(old.Close)
	closed.Close() // last, or a server of this test could get its port

	for _, tt := range []struct {
		name   string
		config kds.Config
		layer  string
		pauses int
	}{
		{"unknown CA", kds.Config{Base: s.URL, Proxy: direct}, "tls", 0},
		{"other name", kds.Config{Base: strings.Replace(s.URL, "127.0.0.1", "localhost", 1), WebRoots: to(s).WebRoots, Proxy: direct}, "tls", 0},
		{"no TLS", kds.Config{Base: "https://" + strings.TrimPrefix(plain.URL, "http://"), Proxy: direct}, "tls", 0},
		{"TLS 1.1", to(old), "tls", 0},
		{"nobody listens", kds.Config{Base: "https://" + closed.Addr().String(), Proxy: direct}, "tcp", 3},
		{"nobody listens there", kds.Config{Base: "https://localhost:" + strings.TrimPrefix(closed.Addr().String(), "127.0.0.1:"), Proxy: direct}, "tcp", 3},
		{"no proxy to be had", kds.Config{Base: s.URL, Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no") }}, "tcp", 3},
		// A name with an empty label is refused before anyone is asked about it.
		{"no such name", kds.Config{Base: "https://kds.invalid", Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "kds..invalid:1"})}, "dns", 0},
	} {
		c, slept := client(t, tt.config)
		body, err := c.Fetch(t.Context(), chain)
		e := wantFetchError(t, tt.name, body, err, "KDS-21", tt.layer, 0)
		if e.Cause == nil || len(*slept) != tt.pauses || strings.Count(e.Error(), e.URL) != 1 {
			t.Errorf("%s: %d pauses, want %d; message %q", tt.name, len(*slept), tt.pauses, e)
		}
	}
}

// KDS-21: what no server can show. TLS 1.2 is Go's default and any Accept-Encoding
// of our own turns decompression off, but neither should be left to that.
func TestTransport(t *testing.T) {
	c, err := kds.NewClient(kds.Config{Base: kds.DefaultBase})
	if err != nil {
		t.Fatal(err)
	}
	tr := c.Transport()
	if tr == http.DefaultTransport || tr.TLSClientConfig.MinVersion != tls.VersionTLS12 || !tr.DisableCompression || tr.Proxy == nil {
		t.Errorf("transport %+v", tr)
	}
}

// The request goes through a proxy only inside TLS.
func TestProxy(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "bytes") })
	var seen atomic.Pointer[string]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.RequestURI
		seen.Store(&line)
		to, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer to.Close()
		// Before the answer: what the client sends after it must not end in a buffer.
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer from.Close()
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(to, from)
		io.Copy(from, to)
	}))
	t.Cleanup(proxy.Close)
	config := to(s)
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.Proxy = http.ProxyURL(proxyURL)
	c, _ := client(t, config)
	body, err := c.Fetch(t.Context(), chain)
	if err != nil || string(body) != "bytes" {
		t.Fatalf("%q, error %v", body, err)
	}
	if want := "CONNECT " + s.Listener.Addr().String(); seen.Load() == nil || *seen.Load() != want {
		t.Errorf("the proxy was not asked to %s", want)
	}
}

// KDS-21: headers are capped as well.
func TestHugeHeader(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 64<<10))
		fmt.Fprint(w, "bytes")
	})
	c, _ := client(t, to(s))
	body, err := c.Fetch(t.Context(), chain)
	wantFetchError(t, "huge header", body, err, "KDS-21", "http", 0)
}

// What a server says never fills a message, nor breaks its line.
func TestHostileText(t *testing.T) {
	for _, text := range []string{strings.Repeat("A", 1<<12), "\x1b]8;;https://x\x07click\nPASS\r"} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprint(conn, text+"\r\n\r\n")
		})
		c, _ := client(t, to(s))
		body, err := c.Fetch(t.Context(), chain)
		e := wantFetchError(t, "no HTTP", body, err, "KDS-21", "http", 0)
		if strings.ContainsAny(e.Error(), "\x1b\r\n\x07") || len(e.Error()) > 400 {
			t.Errorf("message %q", e)
		}
	}
	if got := kds.Excerpt("a\u202eb\n" + strings.Repeat("c", 1000)); got != `a\u202eb\n`+strings.Repeat("c", 200-6) {
		t.Errorf("excerpt %q", got)
	}
}

// No goroutine outlives a Fetch, whatever became of it.
func TestNoGoroutineLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, handler := range []http.HandlerFunc{
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "bytes") },
		func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1<<20)) },
		func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) },
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://localhost/", http.StatusFound)
		},
	} {
		s := httptest.NewTLSServer(handler)
		c, _ := client(t, to(s))
		for range 5 {
			c.Fetch(t.Context(), chain)
		}
		// Not s.Close, which would end the client's connections too.
		deadline := time.Now().Add(10 * time.Second)
		for runtime.NumGoroutine() > before+1 { // the server's own
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
			}
			runtime.Gosched()
		}
		s.Close()
	}
}
