package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestOtherOrigins is scenario 20: nothing goes anywhere else, whoever asks for
// it (TRN-11, TRN-12), and no origin is guessed (TRN-10).
func TestOtherOrigins(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), features)
		other := newPod(t, protocol, shared(), nil)
		tr := newTransport(t, p, nil)
		_, port, _ := net.SplitHostPort(p.address)
		for _, to := range []string{
			"http://" + p.address + "/", "https://" + other.address + "/", "https://localhost:" + port + "/",
			"https://u:p@" + p.address + "/", "https://127.0.0.1/", "https://127.0.0.1.:" + port + "/", "https://127.1:" + port + "/",
		} {
			for _, first := range []string{"https://" + p.address + "/elsewhere?to=" + to, to} {
				req, _ := http.NewRequest(http.MethodPost, first, strings.NewReader("secret"))
				_, err := (&http.Client{Transport: tr}).Do(req)
				var o *transport.OriginError
				if !errors.As(err, &o) || o.Rule != "TRN-11" {
					t.Errorf("%s: %v", first, err)
				}
			}
		}
		for _, change := range []func(*http.Request){
			func(r *http.Request) { r.Host = "example.com" },
			func(r *http.Request) { r.Host = "127.0.0.1" },
			func(r *http.Request) { r.URL.Opaque = "//example.com/" },
			func(r *http.Request) { r.Header["Host"] = []string{p.address, "example.com"} },
			func(r *http.Request) { r.Header["host"] = []string{"example.com"} },
			func(r *http.Request) { r.Header["hOST"] = []string{p.address} },
			func(r *http.Request) { r.Trailer = http.Header{"Host": {p.address}} },
			func(r *http.Request) { r.Trailer = http.Header{"host": nil} },
		} {
			req, _ := http.NewRequest(http.MethodGet, "https://"+p.address+"/", nil)
			change(req)
			_, err := tr.RoundTrip(req)
			var o *transport.OriginError
			if !errors.As(err, &o) {
				t.Error(err)
			}
		}
		for _, change := range []func(*http.Request){
			func(r *http.Request) { r.Header.Set("Upgrade", "websocket"); r.Header.Set("Connection", "Upgrade") },
			func(r *http.Request) { r.Header["uPGRADE"] = []string{"h2c"} },
			func(r *http.Request) { r.Method = http.MethodConnect },
		} {
			req, _ := http.NewRequest(http.MethodGet, "https://"+p.address+"/", nil)
			change(req)
			_, err := tr.RoundTrip(req)
			var o *transport.RequestError
			if !errors.As(err, &o) || o.Rule != "TRN-14" {
				t.Error(err)
			}
		}
		for i, change := range []func(*http.Request){ // TRN-16
			func(r *http.Request) { r.Header["content-length"] = []string{"0"} },
			func(r *http.Request) { r.Header["CONTENT-LENGTH"] = []string{"0"} },
			func(r *http.Request) { r.Header["transfer-encoding"] = []string{"chunked"} },
			func(r *http.Request) { r.Header["trailer"] = []string{"X"} },
			func(r *http.Request) { r.Trailer = http.Header{"Content-Length": {"0"}} },
			func(r *http.Request) { r.Trailer = http.Header{"transfer-encoding": nil} },
			func(r *http.Request) { r.TransferEncoding, r.ContentLength = []string{"identity"}, -1 },
			func(r *http.Request) { r.TransferEncoding, r.ContentLength = []string{"gzip", "chunked"}, -1 },
			func(r *http.Request) { r.TransferEncoding, r.ContentLength = []string{""}, -1 },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a server may wait for what it was told will come
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.address+"/", strings.NewReader("secret"))
			change(req)
			_, err := tr.RoundTrip(req)
			var o *transport.RequestError
			if !errors.As(err, &o) || o.Rule != "TRN-16" {
				t.Errorf("%d: %v", i, err)
			}
		}
		req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/echo", strings.NewReader("secret"))
		req.TransferEncoding, req.ContentLength = []string{"chunked"}, -1
		req.Header["Content-Length"], req.Header["Transfer-Encoding"], req.Header["Host"] = []string{"0"}, []string{"chunked"}, []string{p.address} // net/http leaves them out
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, res); body != "secret" {
			t.Errorf("%q arrived", body)
		}
		if other.asked.Load()+other.requests.Load() != 0 {
			t.Error("the other origin was asked")
		}
		none(t, p)
	})
	for s, want := range map[string]string{
		"https://Example.COM":      "https://example.com",
		"https://example.com/":     "https://example.com",
		"https://example.com:443":  "https://example.com",
		"https://example.com:8443": "https://example.com:8443",
		"https://[::1]:8443":       "https://[::1]:8443",
		"https://[0:0::1]":         "https://[::1]",
		"https://127.0.0.1":        "https://127.0.0.1",
		"HTTPS://example.com":      "https://example.com",
	} {
		if got, err := transport.ParseOrigin(s); err != nil || got != want {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "example.com", "http://example.com", "https://", "https://example.com/x", "https://example.com?", "https://example.com?a", "https://example.com#", "https://example.com#a",
		"https://u@example.com", "https://example.com:0", "https://example.com:", "https://example.com:65536", "https://example.com:0443", "https://example.com.", "https://exämple.com",
		"https://xn--/", "https://[fe80::1%25eth0]", "https://[127.0.0.1]", "https://127.1", "https://0x7f000001", "https://127.0x1", "https://2130706433", "https:example.com", "https://a..b", "https://[::1", "https://a b",
		"https://" + strings.Repeat("a", 64) + ".com", "https://" + strings.Repeat("a.", 127) + "com",
	} {
		_, err := transport.New(s, config(shared()))
		var named interface{ Rule() string }
		var refusal attest.AttestationError
		if s == "https://xn--/" {
			continue // a name like any other
		}
		if !errors.As(err, &named) || named.Rule() != "TRN-10" || errors.As(err, &refusal) || !strings.HasPrefix(err.Error(), "not an origin: ") {
			t.Errorf("%s: %T %v", s, err, err)
		}
	}
}

// TestTwoNames is scenario 20: two names at one address are two origins, with
// connections of their own.
func TestTwoNames(t *testing.T) {
	e := newEnclave(attesttest.Config{Seed: "shared", Hosts: []string{"a.example", "b.example"}})
	p := newPod(t, "h2", e, nil)
	_, port, _ := net.SplitHostPort(p.address)
	for _, host := range []string{"a.example", "b.example"} {
		c := config(e)
		c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != host+":"+port {
				t.Errorf("dialled %s for %s", address, host)
			}
			return new(net.Dialer).DialContext(ctx, network, p.address)
		}
		tr, err := transport.New("https://"+host+":"+port, c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(tr, "https://"+host+":"+port+"/"); err != nil {
			t.Error(err)
		}
		tr.Close()
	}
	if p.dials.Load() != 2 {
		t.Errorf("%d connections", p.dials.Load())
	}
	none(t, p)
}

// TestIsPublic: where a bundle that an envelope names may be (TRN-46).
func TestIsPublic(t *testing.T) {
	for _, s := range []string{"8.8.8.8:443", "1.1.1.1:8443", "[2606:4700::1111]:443", "192.1.0.1:443", "100.128.0.1:443", "172.32.0.1:443"} {
		if !transport.IsPublic(netip.MustParseAddrPort(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	for _, s := range []string{
		"127.0.0.1:443", "127.255.0.1:443", "10.0.0.1:443", "172.16.0.1:443", "172.31.255.255:443", "192.168.1.1:443", "169.254.169.254:80", "100.64.0.1:443", "0.0.0.0:443", "0.1.2.3:443",
		"192.0.0.192:443", "192.0.2.1:443", "198.18.0.1:443", "198.51.100.1:443", "203.0.113.1:443", "192.88.99.1:443", "224.0.0.1:443", "240.0.0.1:443", "255.255.255.255:443",
		"[::1]:443", "[::]:443", "[fe80::1]:443", "[fc00::1]:443", "[fd00:ec2::254]:443", "[ff02::1]:443", "[::ffff:127.0.0.1]:443", "[::ffff:8.8.8.8]:443", "[64:ff9b::7f00:1]:443",
		"[2001:db8::1]:443", "[2001::1]:443", "[2002:7f00:1::]:443", "[3fff::1]:443", "[2606:4700::1%eth0]:443", "[::8.8.8.8]:443",
	} {
		if transport.IsPublic(netip.MustParseAddrPort(s)) {
			t.Errorf("%s is accepted", s)
		}
	}
}
