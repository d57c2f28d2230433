package proxy

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/verdict"
)

func bufferedReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

// TestProxyPasses: what was sent arrives, nothing is added, and hop-by-hop fields
// end at the proxy, in both directions (PRX-20 to PRX-22).
// Rules: PRX-21.
func TestProxyPasses(t *testing.T) {
	type arrival struct {
		method, target, body string
		header, trailer      http.Header
	}
	arrived := make(chan arrival, 1)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		arrived <- arrival{r.Method, r.RequestURI, string(b), r.Header.Clone(), r.Trailer.Clone()}
		w.Header().Set("X-Answer", "yes")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "dropped")
		w.Header().Set("Proxy-Authenticate", "dropped")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		w.Header().Set("Trailer", "X-Sum, Access-Control-Max-Age")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "<html>as it is")
		w.Header().Set("X-Sum", "7")
		w.Header().Set("Access-Control-Max-Age", "5")
		w.Header().Set(http.TrailerPrefix+"X-Late", "8")
		w.Header().Set(http.TrailerPrefix+"Access-Control-Allow-Origin", "*")
	})
	for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
		e := kitEnclave(t)
		witness, err := leak.NewWitness(e, protocol, app)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(witness.Close)
		d := openDoor(t, witness.URL, kitConfig(e, witness.BundleURL), nil)
		got := d.raw("PATCH /v1//a%2Fb/../c[0]?x=1;y=%zz&&z HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer secret\r\nConnection: X-Mine, close\r\nX-Mine: dropped\r\n" +
			"Keep-Alive: 5\r\nProxy-Authorization: dropped\r\nProxy-Connection: dropped\r\nX-Forwarded-For: 10.0.0.1\r\nTE: trailers, deflate\r\nTrailer: X-Check\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Check: 9\r\nContent-Length: 1\r\nX-Surprise: 1\r\n\r\n")
		a := <-arrived
		if a.method != "PATCH" || a.target != "/v1//a%2Fb/../c[0]?x=1;y=%zz&&z" || a.body != "hello" || !maps.EqualFunc(a.trailer, http.Header{"X-Check": {"9"}}, slices.Equal) {
			t.Errorf("%+v", a)
		}
		if want := (http.Header{"Authorization": {"Bearer secret"}, "Te": {"trailers"}}); !maps.EqualFunc(a.header, want, slices.Equal) {
			t.Errorf("arrived with %v", a.header)
		}
		if got.status != http.StatusTeapot || got.body != "<html>as it is" {
			t.Errorf("%+v", got)
		}
		if want := (http.Header{"X-Sum": {"7"}, "X-Late": {"8"}}); !maps.EqualFunc(got.trailer, want, slices.Equal) {
			t.Errorf("answered with the trailers %v", got.trailer)
		}
		if protocol == leak.HTTP2 {
			delete(got.header, "X-Hop") // over HTTP/2 there is no Connection field that names it
		}
		delete(got.header, "Witness-Pod") // of the kit
		if want := (http.Header{"X-Answer": {"yes"}}); !maps.EqualFunc(got.header, want, slices.Equal) {
			t.Errorf("answered with %v", got.header)
		}
		// HEAD, and an answer without a body.
		if r := d.do(d.request("HEAD", "/", "")); r.status != http.StatusTeapot || r.body != "" {
			t.Errorf("%+v", r)
		}
		<-arrived
		d.stop()
		if v := witness.Leaks(); len(v) > 0 {
			t.Error(v)
		}
	}
}

// TestProxyStreams: each piece is passed on before the next one is made, in both
// directions at once (PRX-23).
func TestProxyStreams(t *testing.T) {
	heard := make(chan bool)
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.EnableFullDuplex()
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 5 {
				io.WriteString(w, "data: x\n\n")
				control.Flush()
				<-heard
			}
			return
		}
		if r.URL.Path == "/sized" { // no stream by its looks
			w.Header().Set("Content-Length", "6")
			io.WriteString(w, "abc")
			control.Flush()
			<-heard
			io.WriteString(w, "def")
			return
		}
		control.Flush() // the header, before any of the body is there
		b := make([]byte, 8)
		for {
			n, err := r.Body.Read(b)
			if err != nil {
				return
			}
			w.Write([]byte(strings.ToUpper(string(b[:n]))))
			control.Flush()
		}
	}), nil)
	res, err := d.client.Get(d.base + "/events")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(res.Body)
	for range 5 {
		if line, err := lines.ReadString('\n'); err != nil || line != "data: x\n" {
			t.Fatalf("%q %v", line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		heard <- true
	}
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	res.Body.Close()

	if res, err = d.client.Get(d.base + "/sized"); err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, half); err != nil || string(half) != "abc" {
		t.Fatalf("%q %v", half, err)
	}
	heard <- true
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "def" {
		t.Errorf("%q %v", rest, err)
	}
	res.Body.Close()

	out, in := io.Pipe()
	r, err := http.NewRequest("POST", d.base+"/duplex", out)
	if err != nil {
		t.Fatal(err)
	}
	if res, err = d.client.Do(r); err != nil { // the answer begins before the body does
		t.Fatal(err)
	}
	for _, piece := range []string{"one", "two", "three"} {
		io.WriteString(in, piece)
		b := make([]byte, len(piece))
		if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != strings.ToUpper(piece) {
			t.Fatalf("%q %v", b, err)
		}
	}
	in.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("%q %v", rest, err)
	}
	res.Body.Close()
}

// TestProxyGuards: what a web page could send, and what is no request to a base
// URL, is refused, and not one byte of it is forwarded (PRX-10 to PRX-14).
// Rules: PRX-11, PRX-13, PRX-15, PRX-16.
func TestProxyGuards(t *testing.T) {
	var asked atomic.Int32
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example")
	}), func(f *Config) {
		f.Hosts, f.Origins, f.MaxBody = []string{"Proxy.internal", "other.internal:1"}, []string{"https://app.example"}, 1000
	})
	port := d.base[strings.LastIndex(d.base, ":"):]
	guards := map[int]string{
		http.StatusMisdirectedRequest: "PRX-10", http.StatusForbidden: "PRX-11", http.StatusRequestEntityTooLarge: "PRX-12",
		http.StatusMethodNotAllowed: "PRX-13", http.StatusNotImplemented: "PRX-13", http.StatusBadRequest: "PRX-14",
	}
	for _, tt := range []struct {
		name, head string
		status     int
	}{
		{"another name", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", http.StatusMisdirectedRequest},
		{"another name with our port", "GET / HTTP/1.1\r\nHost: evil.example" + port + "\r\n\r\n", http.StatusMisdirectedRequest},
		{"our address without port", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", http.StatusMisdirectedRequest},
		{"our name with a dot", "GET / HTTP/1.1\r\nHost: localhost." + port + "\r\n\r\n", http.StatusMisdirectedRequest},
		{"no name", "GET / HTTP/1.0\r\n\r\n", http.StatusMisdirectedRequest},
		{"the verdict for another name", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", http.StatusMisdirectedRequest},
		{"a web page", "POST / HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.example\r\nContent-Length: 2\r\n\r\nhi", http.StatusForbidden},
		{"a file", "GET / HTTP/1.1\r\nHost: HOST\r\nOrigin: null\r\n\r\n", http.StatusForbidden},
		{"no origin that a page could have", "GET / HTTP/1.1\r\nHost: HOST\r\nOrigin:\r\n\r\n", http.StatusForbidden},
		{"two origins", "GET / HTTP/1.1\r\nHost: HOST\r\nOrigin: https://app.example\r\nOrigin: https://evil.example\r\n\r\n", http.StatusForbidden},
		{"a preflight", "OPTIONS / HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", http.StatusForbidden},
		{"an image", "GET / HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\n\r\n", http.StatusForbidden},
		{"two sites", "GET / HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n\r\n", http.StatusForbidden},
		{"an empty site", "GET / HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site:\r\n\r\n", http.StatusForbidden},
		{"the verdict for a web page", "GET " + verdictPath + " HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.example\r\n\r\n", http.StatusForbidden},
		{"a tunnel", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusMethodNotAllowed},
		{"a web socket", "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", http.StatusNotImplemented},
		{"a web socket beside HTTP/2", "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n", http.StatusNotImplemented},
		{"a web socket behind HTTP/2", "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n", http.StatusNotImplemented},
		{"a proxy for every address", "GET http://HOST/x HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"a bar", "GET /a|b HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"a backslash", "GET /a\\b HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"a letter beyond ASCII", "GET /ä?x HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"a fragment", "GET /a#b HTTP/1.1\r\nHost: HOST\r\n\r\n", http.StatusBadRequest},
		{"a long body", "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1001\r\n\r\n", http.StatusRequestEntityTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			r := d.raw(tt.head)
			if e := d.refusal(r, tt.status, "UsageError"); e.Requirement != guards[tt.status] {
				t.Errorf("%+v", e)
			}
			if r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("a web page may read this")
			}
		})
	}
	d.t = t
	if r := d.raw("GET / HTTP/1.1\r\nHost: HOST\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n"); r.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%+v", r)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests were forwarded", n)
	}
	for _, head := range []string{
		"Host: localhost" + port, "Host: [::1]" + port, "Host: LocalHost" + port, "Host: proxy.internal", "Host: proxy.internal" + port, "Host: other.internal:1",
		"Host: HOST\r\nOrigin: https://app.example\r\nSec-Fetch-Site: cross-site", "Host: HOST\r\nSec-Fetch-Site: none",
	} {
		r := d.raw("GET / HTTP/1.1\r\n" + head + "\r\n\r\n")
		if allowed := r.header.Get("Access-Control-Allow-Origin") != ""; r.status != http.StatusOK || allowed != strings.Contains(head, "app.example") {
			t.Errorf("%s: %+v", head, r)
		}
	}
	// A body whose length nobody said, and which turns out to be too long.
	if e := d.refusal(d.raw("POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"+strings.Repeat("x", 0x400)+"\r\n0\r\n\r\n"), http.StatusRequestEntityTooLarge, "UsageError"); e.Requirement != "PRX-12" {
		t.Errorf("%+v", e)
	}
	// A body that is not framed as it should be is no mistake of the endpoint's.
	if e := d.refusal(d.raw("POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"), http.StatusBadRequest, "UsageError"); e.Requirement != "PRX-16" {
		t.Errorf("%+v", e)
	}
}

// TestProxyUnproven: 502 with the error of the verdict; nothing is forwarded, and
// a body that waits for a go-ahead is not asked for (PRX-30, PRX-40).
func TestProxyUnproven(t *testing.T) {
	for _, fault := range []attesttest.Fault{attesttest.Measurement, attesttest.LiveKey, attesttest.BundleOtherRoot, attesttest.PolicyDebug, attesttest.EnvelopeStale} {
		t.Run(string(fault), func(t *testing.T) {
			var asked atomic.Int32
			d, server := kitDoor(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }), nil, fault)
			for _, path := range []string{"/v1/chat/completions", "/attestation"} {
				body := &countedBody{Reader: strings.NewReader("a prompt")}
				r := d.request("POST", path, "")
				r.Body, r.ContentLength = body, 8
				r.Header.Set("Expect", "100-continue")
				e := d.refusal(d.do(r), http.StatusBadGateway, fault.ErrorType())
				if e.Requirement == "" || e.Message == "" || body.read.Load() {
					t.Errorf("%+v, body read: %v", e, body.read.Load())
				}
			}
			for _, path := range []string{"/", verdictPath} {
				r := d.get(path)
				var v verdict.Document
				if err := json.Unmarshal([]byte(r.body), &v); err != nil || len(v.Checks) != 19 || !slices.ContainsFunc(v.Checks, func(c verdict.Step) bool { return c.Status == "fail" }) {
					t.Errorf("%s: %v, %+v", path, err, v.Checks)
				}
			}
			d.refusal(d.get(verdictPath), http.StatusServiceUnavailable, fault.ErrorType())
			if r := d.get(healthPath); r.status != http.StatusServiceUnavailable || !strings.HasPrefix(r.body, "not verified: "+fault.ErrorType()+"\nmessage: ") || !strings.Contains(r.body, "\nhint: ") {
				t.Errorf("%+v", r)
			}
			if asked.Load() != 0 {
				t.Error("the application was asked")
			}
			if log := d.log.String(); !strings.Contains(log, " fail: "+fault.ErrorType()+" by ") || !strings.Contains(log, " (from ") || !strings.Contains(log, "; hint: ") {
				t.Error(log)
			}
			server.Close() // now it can not be asked any more
			d.refusal(d.get("/"), http.StatusBadGateway, "EvidenceUnavailableError")
			d.refusal(d.get(verdictPath), http.StatusServiceUnavailable, "EvidenceUnavailableError")
		})
	}
}

type countedBody struct {
	io.Reader
	read atomic.Bool
}

func (b *countedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.Reader.Read(p)
}

func (b *countedBody) Close() error { return nil }
