package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest/leak"
)

// TestProxyEarlyAnswer: an endpoint may answer before the request has ended. The
// answer is whole, and the connection ends with it: nothing that the client sends
// afterwards is lost without a word, or taken for another request.
// Rules: PRX-23.
func TestProxyEarlyAnswer(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		if r.URL.Path == "/late" {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(w, "an answer")
	}), nil)
	host := strings.TrimPrefix(d.base, "http://")
	for _, tt := range []struct {
		name, head, sent, rest string
		closes                 bool
	}{
		{"sized", "POST /early HTTP/1.1\r\nHost: %s\r\nContent-Length: 10\r\n\r\n", "abc", "defghij", true},
		{"long", "POST /early HTTP/1.1\r\nHost: %s\r\nContent-Length: 700000\r\n\r\n", "abc", strings.Repeat("x", 699_997), true},
		{"chunked", "POST /early HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "0\r\n\r\n", true},
		{"one that has ended", "POST /late HTTP/1.1\r\nHost: %s\r\nContent-Length: 3\r\n\r\n", "abc", "", false},
		{"one that has ended, chunked", "POST /late HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "", false},
		{"none", "GET /early HTTP/1.1\r\nHost: %s\r\n\r\n", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute))
			from := bufio.NewReader(c)
			fmt.Fprintf(c, tt.head, host)
			for range 2 { // more than one request is carried by a connection that lasts
				io.WriteString(c, tt.sent)
				res, err := http.ReadResponse(from, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(res.Body)
				if err != nil || string(b) != "an answer" || res.Close != tt.closes {
					t.Fatalf("%q %v, closes: %v", b, err, res.Close)
				}
				if tt.closes {
					break
				}
				fmt.Fprintf(c, tt.head, host)
			}
			if !tt.closes {
				return
			}
			io.WriteString(c, tt.rest)
			fmt.Fprintf(c, "GET /next HTTP/1.1\r\nHost: %s\r\n\r\n", host)
			if b, _ := io.ReadAll(from); len(b) > 0 { // ended in order, or reset for what was sent in vain
				t.Errorf("an answer after the last one: %q", b)
			}
		})
	}
}

// TestProxyAbandonedRequest: a client that has its answer and does not finish its
// request is not waited for, and keeps nothing from ending.
// Rules: PRX-23.
func TestProxyAbandonedRequest(t *testing.T) {
	for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
		e := kitEnclave(t)
		witness, err := leak.NewWitness(e, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			io.WriteString(w, "an answer")
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(witness.Close)
		d := openDoor(t, witness.URL, kitConfig(e, witness.BundleURL), func(f *Config) { f.Grace = time.Minute })
		d.proxy.lastRead = 10 * time.Millisecond
		host := strings.TrimPrefix(d.base, "http://")
		var conns []net.Conn
		for _, sent := range []string{"Content-Length: 30\r\n\r\nabc", "Content-Length: 30\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\n%s", host, sent)
		}
		for _, c := range conns {
			c.SetReadDeadline(time.Now().Add(30 * time.Second))
			b, err := io.ReadAll(c) // until the proxy closes
			if err != nil || !strings.Contains(string(b), "an answer") {
				t.Errorf("%s: %q %v", protocol, b, err)
			}
		}
		d.stop() // no connection takes of the grace
	}
}

// TestProxyHealthWithBody: a probe that announces a body is answered without it.
func TestProxyHealthWithBody(t *testing.T) {
	d, _ := kitDoor(t, http.NotFoundHandler(), nil)
	d.proxy.lastRead = time.Hour
	if r := d.raw("GET /healthz HTTP/1.1\r\nHost: HOST\r\nContent-Length: 10\r\n\r\n"); r.status != http.StatusOK || !strings.HasPrefix(r.body, "verified\n") {
		t.Errorf("%+v", r)
	}
}

// TestProxyInformational: an answer of status 1xx passes the same borders as the
// one that follows it (PRX-11, PRX-32).
// Rules: PRX-21.
func TestProxyInformational(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Link", "</style.css>; rel=preload")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Location", "https://evil.example/")
		h.Set("Connection", "x-hop, close")
		h.Set("X-Hop", "dropped")
		h.Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusEarlyHints)
		clear(h)
		h.Set("X-Answer", "yes")
	}), nil)
	var hints []textproto.MIMEHeader
	r := d.request("GET", "/", "")
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, h)
			return nil
		},
	}))
	if got := d.do(r); got.status != http.StatusOK || got.header.Get("X-Answer") != "yes" || got.header.Get("Link") != "" {
		t.Errorf("%+v", got)
	}
	if len(hints) != 1 {
		t.Fatalf("%d informational answers", len(hints))
	}
	for name := range hints[0] {
		if name != "Link" && name != "Witness-Pod" { // the latter is of the kit
			t.Errorf("%s was passed on: %q", name, hints[0][name])
		}
	}
	if hints[0].Get("Link") == "" {
		t.Error("the hint itself is gone")
	}
}
