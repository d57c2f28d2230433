package transport_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestFetch: one document, by the rules of trust bundles.
func TestFetch(t *testing.T) {
	e, err := attesttest.New(attesttest.Config{Seed: "fetch", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan http.Header, 1)
	server, err := e.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ok" {
			http.Redirect(w, r, "/ok", http.StatusFound)
			return
		}
		seen <- r.Header
		w.Write([]byte("document"))
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := transport.Config{WebRoots: e.WebRoots()}
	b, err := transport.Fetch(t.Context(), "key set", server.URL+"/ok", c)
	if err != nil || string(b) != "document" {
		t.Fatalf("%q %v", b, err)
	}
	if h := <-seen; len(h) != 3 || h.Get("Accept-Encoding") != "identity" || h.Get("User-Agent") == "" {
		t.Errorf("sent %v", h)
	}
	b, err = transport.Fetch(t.Context(), "key set", server.URL+"/away", c)
	if attest.ErrorType(err) != "EvidenceUnavailableError" || b != nil || !strings.Contains(err.Error(), "http: key set") {
		t.Errorf("%q %v", b, err)
	}
	for _, address := range []string{"http://127.0.0.1/", "https://user:hunter2@127.0.0.1/", "https://127.0.0.1/#x", "https://u:hunter2@[/", ""} {
		if b, err := transport.Fetch(t.Context(), "key set", address, c); b != nil || err == nil || attest.ErrorType(err) != "" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := transport.New(server.URL, transport.Config{BundleURL: address}); address != "" && (err == nil || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := transport.Fetch(t.Context(), "key set", server.URL+"/ok", transport.Config{AttestTimeout: -1}); err == nil || attest.ErrorType(err) != "" {
		t.Error(err)
	}
}
