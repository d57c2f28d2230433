package transport_test

//lint:file-ignore SA1019 http.Client sets Request.Cancel on transports that are not its own

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// TestHTTP is scenario 19: what works with http.Transport works here.
func TestHTTP(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), features)
		tr := newTransport(t, p, nil)
		client := &http.Client{Transport: tr}
		url := "https://" + p.address
		do := func(method, path string, body io.Reader, change func(*http.Request)) *http.Response {
			t.Helper()
			req, err := http.NewRequest(method, url+path, body)
			if err != nil {
				t.Fatal(err)
			}
			if change != nil {
				change(req)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			return res
		}
		if res := do("GET", "/gzip", nil, nil); readAll(t, res) != "plain" || !res.Uncompressed {
			t.Error("gzip")
		}
		if res := do("GET", "/gzip", nil, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }); readAll(t, res) == "plain" || res.Uncompressed {
			t.Error("gzip that the caller asked for")
		}
		res := do("POST", "/trailers", io.MultiReader(strings.NewReader("x")), func(r *http.Request) { r.Trailer = http.Header{"Mine": {"yes"}} })
		if s := readAll(t, res); s != "yes" || res.Trailer.Get("Yours") != "yes" {
			t.Errorf("trailers: %q, %v", s, res.Trailer)
		}
		if res := do("HEAD", "/head", nil, nil); readAll(t, res) != "" || res.ContentLength != 7 {
			t.Error("HEAD")
		}
		for _, code := range []int{204, 304} {
			if res := do("GET", fmt.Sprint("/status/", code), nil, nil); readAll(t, res) != "" || res.StatusCode != code {
				t.Error(code)
			}
		}
		expect := func(r *http.Request) { r.Header.Set("Expect", "100-continue") }
		if res := do("POST", "/echo", strings.NewReader("hello"), expect); readAll(t, res) != "hello" {
			t.Error("100 (Continue)")
		}
		body := newOneShot("hello")
		if res := do("POST", "/reject", body, expect); res.StatusCode != 417 || body.reads.Load() != 0 {
			t.Errorf("417: %d, body read %d times", res.StatusCode, body.reads.Load())
		} else {
			readAll(t, res)
		}
		// Both directions at once (HTTP/1.1 servers of Go stop reading when they
		// answer).
		if protocol == "h2" {
			r, w := io.Pipe()
			res := do("POST", "/duplex", r, nil)
			for _, s := range []string{"ping", "pong"} {
				w.Write([]byte(s))
				b := make([]byte, 4)
				if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != s {
					t.Errorf("%q, %v", b, err)
				}
			}
			w.Close()
			readAll(t, res)
		}
		big := bytes.Repeat([]byte("0123456789"), 1<<18)
		if res := do("POST", "/echo", bytes.NewReader(big), nil); readAll(t, res) != string(big) {
			t.Error("a big body")
		}
		if res := do("GET", "/host", nil, func(r *http.Request) { r.Host = strings.ToUpper(r.URL.Host) }); readAll(t, res) != p.address {
			t.Error("Host")
		}
		if res := do("GET", "/redirect", nil, nil); readAll(t, res) != "GET landed" {
			t.Error("redirect")
		}
		if res := do("POST", "/redirect307", strings.NewReader("hello"), nil); readAll(t, res) != "hello" {
			t.Error("redirect with a body")
		}
		jar, _ := cookiejar.New(nil)
		client.Jar = jar
		readAll(t, do("GET", "/cookie", nil, nil))
		if res := do("GET", "/cookie", nil, nil); readAll(t, res) != "a=b" {
			t.Error("cookies")
		}
		var wrote bool
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { wrote = true }})
		if readAll(t, do("GET", "/host", nil, func(r *http.Request) { *r = *r.WithContext(ctx) })); !wrote {
			t.Error("the caller's trace is lost")
		}
		none(t, p)
		settled(t, tr)
		for _, r := range p.seen {
			if r.Header.Get("Cookie") != "" {
				t.Error("a cookie in the attestation request")
			}
		}
	})
}

func features(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/gzip":
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write([]byte("plain"))
		z.Close()
	case "/trailers":
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "Yours")
		io.WriteString(w, r.Trailer.Get("Mine"))
		w.Header().Set("Yours", "yes")
	case "/head":
		w.Header().Set("Content-Length", "7")
	case "/status/204":
		w.WriteHeader(204)
	case "/status/304":
		w.WriteHeader(304)
	case "/echo", "/redirected":
		io.Copy(w, r.Body)
	case "/duplex":
		rc := http.NewResponseController(w)
		rc.Flush()
		buf := make([]byte, 64)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			rc.Flush()
			if err != nil {
				return
			}
		}
	case "/reject":
		w.WriteHeader(417)
	case "/host":
		io.WriteString(w, strings.ToLower(r.Host))
	case "/redirect":
		http.Redirect(w, r, "/landed", http.StatusFound)
	case "/landed":
		io.WriteString(w, r.Method+" landed")
	case "/redirect307":
		http.Redirect(w, r, "/redirected", http.StatusTemporaryRedirect)
	case "/cookie":
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		io.WriteString(w, r.Header.Get("Cookie"))
	case "/elsewhere":
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
	case "/slow":
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

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
		var o *transport.OriginError
		if s == "https://xn--/" {
			continue // a name like any other
		}
		if !errors.As(err, &o) || o.Requirement() != "TRN-10" {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestUnasked101: a server that changes the protocol by itself gets no further
// (TRN-14).
func TestUnasked101(t *testing.T) {
	noLeak(t)
	p := newPod(t, "h1", shared(), func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(io.Discard, c)
	})
	tr := newTransport(t, p, nil)
	_, err := get(tr, "https://"+p.address+"/")
	var o *transport.RequestError
	if !errors.As(err, &o) || o.Requirement() != "TRN-14" {
		t.Error(err)
	}
}

// TestClientTimeout is scenario 16: http.Client.Timeout works as everywhere, and
// leaves nothing behind.
func TestClientTimeout(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), features)
		tr := newTransport(t, p, nil)
		client := &http.Client{Transport: tr, Timeout: 50 * time.Millisecond}
		for range 5 {
			res, err := client.Get("https://" + p.address + "/slow")
			if err == nil {
				_, err = io.ReadAll(res.Body)
				res.Body.Close()
			}
			var n net.Error
			if !errors.As(err, &n) || !n.Timeout() {
				t.Errorf("%T %v", err, err)
			}
		}
		client.Timeout = 10 * time.Second
		for range 5 {
			res, err := client.Get("https://" + p.address + "/landed")
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, res)
		}
		cancel := make(chan struct{})
		req, _ := http.NewRequest(http.MethodGet, "https://"+p.address+"/slow", nil)
		req.Cancel = cancel
		time.AfterFunc(20*time.Millisecond, func() { close(cancel) })
		if res, err := tr.RoundTrip(req); err == nil {
			if _, err := io.ReadAll(res.Body); err == nil {
				t.Error("Cancel does nothing")
			}
			res.Body.Close()
		}
		none(t, p)
		settled(t, tr)
	})
}

// TestNoALPN is scenario 23: a server that negotiates no protocol, and one that
// changes its mind.
func TestNoALPN(t *testing.T) {
	noLeak(t)
	p := newPod(t, "h1", shared(), nil, noALPN, func(s *http.Server) {
		s.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: s.TLSConfig.Certificates}, nil
		}
	})
	tr := newTransport(t, p, nil)
	for range 3 {
		if _, err := get(tr, "https://"+p.address+"/"); err != nil {
			t.Fatal(err)
		}
	}
	none(t, p)

	pods := []*pod{newPod(t, "h2", shared(), nil), newPod(t, "h1", twin(), nil), newPod(t, "h2", twin(), nil)}
	f := newFleet(pods...)
	fleet := newFleetTransport(t, f, nil)
	for range 6 {
		for range 4 {
			if _, err := post(fleet, f.origin+"/", "hello"); err != nil {
				t.Error(err)
			}
		}
		fleet.CloseIdleConnections()
	}
	none(t, pods...)
}

// TestWithoutHTTP2 is scenario 22: GODEBUG may switch HTTP/2 off.
func TestWithoutHTTP2(t *testing.T) {
	t.Setenv("GODEBUG", "http2client=0")
	p := newPod(t, "h2", shared(), nil)
	tr := newTransport(t, p, nil)
	if _, err := get(tr, "https://"+p.address+"/"); err != nil {
		t.Error(err)
	}
	none(t, p)
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
