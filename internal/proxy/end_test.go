package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest/leak"
)

// TestProxyRedirects: a redirect never leads around the proxy (PRX-32).
func TestProxyRedirects(t *testing.T) {
	var origin atomic.Value
	d, server := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", strings.ReplaceAll(r.URL.Query().Get("to"), "ORIGIN", origin.Load().(string)))
		w.WriteHeader(http.StatusPermanentRedirect)
	}), nil)
	origin.Store(server.URL)
	for to, want := range map[string]string{"ORIGIN/v2/x?y=1%23z": "/v2/x?y=1%23z", "/v2": "/v2", "v2": "/a/v2", "ORIGIN": "/", "?q": "/a/b?q"} {
		if r := d.get("/a/b?to=" + queryEscape(to)); r.status != http.StatusPermanentRedirect || r.header.Get("Location") != want {
			t.Errorf("%s: %+v", to, r)
		}
	}
	// Lesson: a path that begins with two slashes, without its host, names another.
	for _, to := range []string{"https://evil.example/", "http://127.0.0.1/", "//evil.example/x", "https://user@127.0.0.1/", "javascript:alert(1)", strings.Replace(server.URL, "https://", "https://user@", 1), "https://[", "ORIGIN//evil.example/x", "ORIGIN/.//evil.example/x", "http" + strings.TrimPrefix(server.URL, "https")} {
		if e := d.refusal(d.get("/?to="+queryEscape(to)), http.StatusBadGateway, "UpstreamError"); e.Requirement != "PRX-32" {
			t.Errorf("%s: %+v", to, e)
		}
	}
}

// TestProxyBrokenAnswers: an endpoint that is proven can still fail, and that is
// told apart from one that is not (PRX-31).
func TestProxyBrokenAnswers(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			io.WriteString(w, "half")
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}), nil)
	if e := d.refusal(d.do(d.request("POST", "/", "x")), http.StatusBadGateway, "UpstreamError"); e.Requirement != "PRX-31" {
		t.Errorf("%+v", e)
	}
	res, err := d.client.Get(d.base + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err == nil || string(b) != "half" {
		t.Errorf("half of an answer passes as a whole one: %q", b)
	}
}

// TestProxyStatus: a status that net/http reads and does not write is no answer.
// Rules: PRX-31.
func TestProxyStatus(t *testing.T) {
	e := kitEnclave(t)
	witness, err := leak.NewWitness(e, leak.HTTP1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 "+r.URL.Path[1:]+" Odd\r\nContent-Length: 0\r\n\r\n")
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(witness.Close)
	d := openDoor(t, witness.URL, kitConfig(e, witness.BundleURL), nil)
	for _, status := range []string{"000", "099"} {
		if e := d.refusal(d.get("/"+status), http.StatusBadGateway, "UpstreamError"); e.Requirement != "PRX-31" {
			t.Errorf("%s: %+v", status, e)
		}
	}
	if r := d.get("/999"); r.status != 999 {
		t.Errorf("%+v", r)
	}
	p := newProxy(d.watch, guard{maxBody: 1})
	for _, status := range []int{-1, 1000} { // over HTTP/2 a server can say so
		var upstream *upstreamError
		if err := p.keepInside(&http.Response{StatusCode: status, Request: d.request("GET", "/", "")}); !errors.As(err, &upstream) || upstream.rule != "PRX-31" {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestProxyStops: what runs may finish, for as long as the grace is (PRX-42).
func TestProxyStops(t *testing.T) {
	begun, end := make(chan bool), make(chan bool)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		begun <- true
		select {
		case <-end:
			io.WriteString(w, "the end")
		case <-r.Context().Done():
		}
	})
	for _, grace := range []time.Duration{time.Minute, time.Millisecond} {
		d, _ := kitDoor(t, app, func(f *Config) { f.Grace = grace })
		res, err := d.client.Get(d.base + "/")
		if err != nil {
			t.Fatal(err)
		}
		<-begun
		stopped := make(chan bool)
		go func() { d.stop(); close(stopped) }()
		if grace == time.Minute {
			if !soon(func() bool {
				_, err := http.Get(d.base + "/")
				return err != nil
			}) {
				t.Error("new requests are taken")
			}
			end <- true
		}
		b, err := io.ReadAll(res.Body)
		if whole := err == nil && string(b) == "the end"; whole != (grace == time.Minute) {
			t.Errorf("grace %v: %q %v", grace, b, err)
		}
		res.Body.Close()
		<-stopped
	}
}
