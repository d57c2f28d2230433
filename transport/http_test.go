package transport_test

//lint:file-ignore SA1019 http.Client sets Request.Cancel on transports that are not its own

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

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

// TestUnasked101: a server that changes the protocol by itself gets no further
// (TRN-15).
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
	var unsent *transport.RequestError
	if _, rule := ruleOf(err); !errors.Is(err, transport.ErrProtocolChanged) || rule != "TRN-15" || errors.As(err, &unsent) {
		t.Error(err)
	}
}

// TestClientTimeout is scenario 16: http.Client.Timeout works as everywhere, and
// leaves nothing behind.
func TestClientTimeout(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), features)
		tr := newTransport(t, p, nil)
		client := &http.Client{Transport: tr, Timeout: 30 * time.Millisecond}
		for range 3 {
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
