package kds_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// start is what the clients of these tests take for now.
var start = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

var chain = kds.CertChain(snpreport.Genoa, snpreport.VCEK)

// serve starts a TLS server on the loopback interface.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// to is a Config for a server that it trusts. No proxy, whatever the environment
// says.
func to(s *httptest.Server) kds.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return kds.Config{Base: s.URL, WebRoots: roots, Proxy: direct}
}

func direct(*http.Request) (*url.URL, error) { return nil, nil }

// client makes a Client whose pauses take no time. They are recorded.
func client(t testing.TB, config kds.Config) (*kds.Client, *[]time.Duration) {
	t.Helper()
	var slept []time.Duration
	c, err := kds.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	c.SetClock(func() time.Time { return start }, func(ctx context.Context, d time.Duration) error {
		slept = append(slept, d)
		return ctx.Err()
	}, func(n int64) int64 { return n - 1 })
	return c, &slept
}

// wantFetchError also checks that no byte escaped.
func wantFetchError(t testing.TB, name string, body []byte, err error, rule, layer string, status int) *kds.FetchError {
	t.Helper()
	var e *kds.FetchError
	if !errors.As(err, &e) || e.Requirement() != rule || e.Layer != layer || e.Status != status || body != nil {
		t.Fatalf("%s: %d bytes, error %v\n%+v, want rule %s, layer %s, status %d", name, len(body), err, e, rule, layer, status)
	}
	if !strings.HasPrefix(e.Error(), layer+": https://") || len(e.Error()) > 700 {
		t.Errorf("%s: message %q", name, e)
	}
	return e
}

func TestFetch(t *testing.T) {
	var got *http.Request
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprintf(w, "answer to %s", r.RequestURI)
	})
	c, slept := client(t, to(s))
	for _, r := range []kds.Request{
		vcekOf(t, snpreport.Milan), vcekOf(t, snpreport.Turin), chain, kds.CRL(snpreport.Turin, snpreport.VLEK),
	} {
		body, err := c.Fetch(t.Context(), r)
		if want := "answer to " + r.Path(); err != nil || string(body) != want {
			t.Errorf("got %q, error %v, want %q", body, err, want)
		}
	}
	if len(*slept) != 0 {
		t.Errorf("paused %v", *slept)
	}
	// KDS-29: nothing of the caller's, nothing negotiable.
	want := http.Header{"Accept-Encoding": {"identity"}, "Connection": {"close"}, "User-Agent": {"Go-http-client/1.1"}}
	if diff := cmp.Diff(want, got.Header); diff != "" || got.Method != "GET" || got.ContentLength != 0 {
		t.Errorf("%s with %d bytes and these headers:\n%s", got.Method, got.ContentLength, diff)
	}
}

func TestFetchRefusesNothing(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("asked for " + r.RequestURI) })
	c, _ := client(t, to(s))
	body, err := c.Fetch(t.Context(), kds.Request{})
	wantRequestError(t, "zero Request", err, "KDS-01")
	if body != nil {
		t.Error("bytes escaped")
	}
	for _, none := range []*kds.Client{nil, {}} {
		_, err = none.Fetch(t.Context(), chain)
		wantRequestError(t, "no Client", err, "KDS-11")
		wantRequestError(t, "no Client", none.Forget(chain), "KDS-11")
		_, err = none.Leaf(t.Context(), report(snpreport.Milan), 0)
		wantRequestError(t, "no Client", err, "KDS-11")
	}
}

// TestLeaf: one call from a report to the address of its certificate, and one for
// the CRL of its product.
func TestLeaf(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })
	c, _ := client(t, to(s))
	for _, p := range snpreport.Products() {
		for _, given := range []snpreport.Product{0, p} {
			if body, err := c.Leaf(t.Context(), report(p), given); err != nil || string(body) != vcekOf(t, p).Path() {
				t.Errorf("%v: %q, %v", p, body, err)
			}
		}
		if body, err := c.CRL(t.Context(), p, snpreport.VLEK); err != nil || string(body) != kds.CRL(p, snpreport.VLEK).Path() {
			t.Errorf("%v: %q, %v", p, body, err)
		}
	}
	unnamed := report(snpreport.Milan)
	unnamed.Version, unnamed.CPUID = 2, snpreport.CPUID{}
	if body, err := c.Leaf(t.Context(), unnamed, snpreport.Milan); err != nil || string(body) != vcekOf(t, snpreport.Milan).Path() {
		t.Errorf("version 2: %q, %v", body, err)
	}
	_, err := c.Leaf(t.Context(), unnamed, 0)
	wantRequestError(t, "version 2 without a product", err, "KDS-01")
	_, err = c.Leaf(t.Context(), nil, 0)
	wantRequestError(t, "no report", err, "KDS-01")
	_, err = c.Leaf(t.Context(), report(snpreport.Milan), snpreport.Genoa)
	wantRequestError(t, "another product", err, "KDS-03")
}

// KDS-20.
func TestNegativeConfig(t *testing.T) {
	for _, config := range []kds.Config{{Attempts: -1}, {MaxWait: -1}, {Timeout: -1}} {
		config.Base = kds.DefaultBase
		c, err := kds.NewClient(config)
		wantConfigError(t, "negative", err, "KDS-20")
		if c != nil {
			t.Error("a Client escaped")
		}
	}
}

// The roots in use are those at the time of NewClient.
func TestRootsAreCopied(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "bytes") })
	config := to(s)
	config.WebRoots = x509.NewCertPool()
	c, _ := client(t, config)
	config.WebRoots.AddCert(s.Certificate())
	body, err := c.Fetch(t.Context(), chain)
	wantFetchError(t, "root added later", body, err, "KDS-21", "tls", 0)
}

// KDS-25: exactly the limit passes, one byte more does not, nothing does not.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		r     kds.Request
		limit int
	}{{vcekOf(t, snpreport.Milan), 16 << 10}, {chain, 32 << 10}, {kds.CRL(snpreport.Milan, snpreport.VCEK), 128 << 10}} {
		for _, size := range []int{0, 1, tt.limit, tt.limit + 1} {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, size)) })
			c, slept := client(t, to(s))
			body, err := c.Fetch(t.Context(), tt.r)
			if size > 0 && size <= tt.limit {
				if err != nil || len(body) != size {
					t.Errorf("%s: %d of %d bytes, error %v", tt.r.Path(), len(body), size, err)
				}
				continue
			}
			wantFetchError(t, fmt.Sprintf("%s, %d bytes", tt.r.Path(), size), body, err, "KDS-25", "size", 200)
			if len(*slept) != 0 {
				t.Errorf("%s: asked again for an answer of %d bytes", tt.r.Path(), size)
			}
		}
	}
}

func TestEndlessBody(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	c, _ := client(t, to(s))
	body, err := c.Fetch(t.Context(), chain)
	wantFetchError(t, "endless body", body, err, "KDS-25", "size", 200)
}

// KDS-21: a connection that ends early is no answer, and is tried again.
func TestShortBody(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("short"))
	})
	c, slept := client(t, to(s))
	body, err := c.Fetch(t.Context(), chain)
	e := wantFetchError(t, "short body", body, err, "KDS-21", "http", 0)
	if !errors.Is(e, io.ErrUnexpectedEOF) || len(*slept) != 3 {
		t.Errorf("error %v after %d pauses", err, len(*slept))
	}
}

// KDS-24.
func TestContentEncoding(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write(make([]byte, 1<<20))
	w.Close()
	for _, encoding := range []string{"gzip", "identity", "br", ""} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Encoding"] = []string{encoding}
			w.Write(bomb.Bytes())
		})
		c, _ := client(t, to(s))
		body, err := c.Fetch(t.Context(), chain)
		wantFetchError(t, "encoding "+encoding, body, err, "KDS-24", "http", 200)
	}
}

// KDS-23: every status but 200 is refused; these are final.
func TestStatus(t *testing.T) {
	for _, status := range []int{201, 202, 203, 204, 206, 300, 304, 400, 401, 403, 404, 405, 410, 418, 428, 451} {
		asked := 0
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { asked++; w.WriteHeader(status) })
		c, _ := client(t, to(s))
		body, err := c.Fetch(t.Context(), vcekOf(t, snpreport.Turin))
		wantFetchError(t, fmt.Sprint(status), body, err, "KDS-23", "http", status)
		if asked != 1 {
			t.Errorf("status %d: asked %d times", status, asked)
		}
	}
}

func TestHints(t *testing.T) {
	for _, tt := range []struct {
		r      kds.Request
		status int
		hint   string
	}{
		{vcekOf(t, snpreport.Genoa), 404, "does not know this chip"},
		{chain, 404, "another layout"},
		{chain, 429, "a cache helps"},
		{chain, 403, ""},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(tt.status) })
		c, _ := client(t, to(s))
		body, err := c.Fetch(t.Context(), tt.r)
		e := wantFetchError(t, tt.hint, body, err, "KDS-23", "http", tt.status)
		if !strings.Contains(e.Hint, tt.hint) || (e.Hint != "") != (tt.hint != "") || !strings.Contains(e.Error(), e.Hint) {
			t.Errorf("status %d: hint %q in %q", tt.status, e.Hint, e)
		}
	}
}

// KDS-22: three redirects within the origin, and none to anywhere else.
func TestRedirects(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the redirect was followed") })
	plain := httptest.NewServer(elsewhere.Config.Handler)
	t.Cleanup(plain.Close)
	for _, tt := range []struct {
		name   string
		status int
		target func(self string) string
		ok     bool
	}{
		{"relative", 301, func(string) string { return "/end" }, true},
		{"absolute", 308, func(self string) string { return self + "/end" }, true},
		{"two more", 302, func(self string) string { return self + "/hop2" }, true},
		{"three more", 307, func(self string) string { return self + "/hop3" }, false},
		{"loop", 302, func(self string) string { return self + chain.Path() }, false},
		{"other port", 302, func(string) string { return elsewhere.URL + "/end" }, false},
		{"default port", 302, func(string) string { return "https://127.0.0.1/end" }, false},
		{"other host, same port", 302, func(self string) string { return strings.Replace(self, "127.0.0.1", "localhost", 1) + "/end" }, false},
		{"without scheme", 302, func(string) string { return strings.TrimPrefix(elsewhere.URL, "https:") }, false},
		{"to http", 302, func(string) string { return plain.URL + "/end" }, false},
		{"to http, same port", 302, func(self string) string { return strings.Replace(self, "https", "http", 1) + "/end" }, false},
		{"with user", 302, func(self string) string { return strings.Replace(self, "https://", "https://u:p@", 1) + "/end" }, false},
		{"to file", 302, func(string) string { return "file:///etc/passwd" }, false},
	} {
		var self *httptest.Server
		self = serve(t, func(w http.ResponseWriter, r *http.Request) {
			hop := map[string]string{chain.Path(): tt.target(self.URL), "/hop3": "/hop2", "/hop2": "/hop1", "/hop1": "/end"}
			if hop[r.RequestURI] == "" {
				fmt.Fprint(w, "end")
				return
			}
			w.Header().Set("Location", hop[r.RequestURI])
			w.WriteHeader(tt.status)
		})
		c, slept := client(t, to(self))
		body, err := c.Fetch(t.Context(), chain)
		if tt.ok {
			if err != nil || string(body) != "end" {
				t.Errorf("%s: %q, error %v", tt.name, body, err)
			}
			continue
		}
		e := wantFetchError(t, tt.name, body, err, "KDS-22", "http", tt.status)
		if len(*slept) != 0 || strings.Contains(e.Error(), "u:p") {
			t.Errorf("%s: %d pauses, message %q", tt.name, len(*slept), e)
		}
	}
}

// The port of an https URL that names none is 443; the case of a host does not
// count.
func TestSameOrigin(t *testing.T) {
	for target, same := range map[string]bool{
		"https://h/x": true, "https://h:443/x": true, "https://H/x": true, "https://h:444/x": false, "https://h.example/x": false, "http://h:443/x": false,
	} {
		from, err := http.NewRequest("GET", "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		next, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		next.Response = &http.Response{StatusCode: 302}
		if err := kds.CheckRedirect(next, []*http.Request{from}); (err == nil) != same {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// KDS-25: what is fetched as a CRL is never too long for its parser, so that the
// fault of a key server isn't taken for one of evidence.
func TestLimitOfCRL(t *testing.T) {
	const limit = 128 << 10 // TestSizes
	for size, tooLong := range map[int]bool{limit: false, limit + 1: true} {
		_, err := certchain.ParseCRL(make([]byte, size))
		var e *rule.Error
		if !errors.As(err, &e) || (e.Rule == "CRL-01") != tooLong {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
