package leak_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
)

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// newWitness serves e.
func newWitness(t *testing.T, e *attesttest.Enclave, protocol string) *leak.Witness {
	t.Helper()
	w, err := leak.NewWitness(e, protocol, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "hello") }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// A frame of HTTP/2: RFC 9113 section 4.1.
func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = append(head, flags)
	return string(binary.BigEndian.AppendUint32(head, stream)) + payload
}

// block is a header block: GET path, without compression. RFC 7541: 0x82 is
// :method GET, 0x87 :scheme https, 0x04 a literal :path, 0x01 a literal
// :authority.
func block(path string) string {
	return "\x82\x87\x04" + string(rune(len(path))) + path + "\x01\x09127.0.0.1"
}

const (
	attestation = "GET /attestation HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	preface     = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

var (
	settings = frame(4, 0, 0, "")
	attest2  = frame(1, 5, 1, block("/attestation"))
	app2     = block("/v1/chat")
)

// TestWireHonest: what came with the attestation request came too early, also
// when it is a whole request only afterwards. What comes later is none of the
// Witness's business.
func TestWireHonest(t *testing.T) {
	honest := newEnclave(t, attesttest.Config{Seed: "wire", Now: now})
	request := "GET /v1/chat HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, tt := range []struct {
		protocol, sent string
		bytes          int
	}{
		{leak.HTTP1, attestation, 0},
		{leak.HTTP1, attestation + request, len(request)},
		{leak.HTTP1, attestation + request[:6], 6},
		{leak.HTTP2, preface + settings + attest2, 0},
		{leak.HTTP2, preface + settings + attest2 + frame(1, 5, 3, app2), len(app2)},
	} {
		w := newWitness(t, honest, tt.protocol)
		rawConn(t, honest, w, tt.protocol, tt.sent, 1<<20)
		w.Close()
		bytes := 0
		for _, v := range w.Leaks() {
			bytes += v.Bytes
		}
		if bytes != tt.bytes || (bytes > 0) != (len(w.Leaks()) > 0) {
			t.Errorf("%s %q: %v", tt.protocol, tt.sent, w.Leaks())
		}
	}
}

// TestWire sends raw bytes to a liar, and counts those that belong to no
// attestation request.
func TestWire(t *testing.T) {
	liar := newEnclave(t, attesttest.Config{Seed: "wire", Now: now}, attesttest.Measurement)
	for _, tt := range []struct {
		name, protocol, sent string
		bytes                int // 0: no violation
		text                 string
	}{
		{"nothing", leak.HTTP1, "", 0, ""},
		{"attestation", leak.HTTP1, attestation, 0, ""},
		{"attestation twice", leak.HTTP1, attestation + attestation, 0, ""},
		{"part of an attestation", leak.HTTP1, attestation[:20], 0, ""},
		{"one byte", leak.HTTP1, "P", 1, "no attestation request"},
		{"part of a request", leak.HTTP1, "POST /v1/chat HTTP/1.1\r\nHost", 28, "no attestation request"},
		{"request", leak.HTTP1, "GET /v1/chat HTTP/1.1\r\nHost: a\r\n\r\n", 34, `1 requests before an honest attestation, the first "GET" "/v1/chat"`},
		{"request behind the attestation", leak.HTTP1, attestation + "GET /v1 HTTP/1.1\r\nHost: a\r\n\r\n", 29, "1 requests"},
		{"body of the attestation", leak.HTTP1, attestation[:len(attestation)-2] + "Content-Length: 3\r\n\r\nabc", 3, "no attestation request"},
		{"other attestation", leak.HTTP1, "GET /attestation/x HTTP/1.1\r\nHost: a\r\n\r\n", 40, "1 requests"},
		{"endless head", leak.HTTP1, attestation[:27] + strings.Repeat("A: b\r\n", 3000), 18027, "no attestation request"},
		{"HTTP/2 over HTTP/1.1", leak.HTTP1, preface, 24, "no attestation request"},

		{"nothing", leak.HTTP2, preface + settings, 0, ""},
		{"part of the preface", leak.HTTP2, preface[:5], 0, ""},
		{"attestation", leak.HTTP2, preface + settings + attest2, 0, ""},
		{"attestation in parts", leak.HTTP2, preface + settings + frame(1, 1, 1, block("/attestation")[:4]) + frame(9, 4, 1, block("/attestation")[4:]), 0, ""},
		{"part of an attestation", leak.HTTP2, preface + settings + frame(1, 1, 1, block("/attestation")[:4]), 0, ""},
		{"ping", leak.HTTP2, preface + settings + frame(6, 0, 0, "12345678"), 0, ""},
		{"request", leak.HTTP2, preface + settings + frame(1, 5, 1, app2), len(app2), `1 requests before an honest attestation, the first "GET" "/v1/chat"`},
		{"request in parts", leak.HTTP2, preface + settings + frame(1, 1, 1, app2[:4]) + frame(9, 4, 1, app2[4:]), len(app2), "1 requests"},
		{"part of a second request", leak.HTTP2, preface + settings + attest2 + frame(1, 1, 3, app2[:9]), 9, "no attestation request"},
		{"body of the attestation", leak.HTTP2, preface + settings + frame(1, 4, 1, block("/attestation")) + frame(0, 1, 1, "abc"), 3, "no attestation request"},
		{"trailer of the attestation", leak.HTTP2, preface + settings + frame(1, 4, 1, block("/attestation")) + frame(1, 5, 1, "\x00\x01a\x01b"), 5, "no attestation request"},
		{"HTTP/1.1 over HTTP/2", leak.HTTP2, attestation, len(attestation), "no attestation request"},
	} {
		for _, step := range []int{1 << 20, 1} { // bytes of one write
			if step == 1 && len(tt.sent) > 1000 {
				continue
			}
			w := newWitness(t, liar, tt.protocol)
			rawConn(t, liar, w, tt.protocol, tt.sent, step)
			var bytes int
			var text string
			// Over HTTP/2 a handler may begin after its connection has ended.
			for patience := 2000; patience > 0 && (bytes != tt.bytes || !strings.Contains(text, tt.text)); patience-- {
				bytes, text = leaks(t, w)
				time.Sleep(5 * time.Millisecond)
			}
			w.Close()
			bytes, text = leaks(t, w)
			if bytes != tt.bytes || !strings.Contains(text, tt.text) || (text == "") != (tt.text == "") {
				t.Errorf("%s %s: %d bytes, %q", tt.protocol, tt.name, bytes, text)
			}
		}
	}
}

// leaks adds up the violations of the one connection of a witness, but not those
// that are about the attestation request itself.
func leaks(t *testing.T, w *leak.Witness) (bytes int, text string) {
	t.Helper()
	for _, v := range w.Leaks() {
		if v.Connection != 1 || v.Pod != "enclave" {
			t.Errorf("%v", v)
		}
		if !strings.HasPrefix(v.Text, "attestation request with") {
			bytes, text = bytes+v.Bytes, v.Text
		}
	}
	return bytes, text
}

// rawConn sends bytes over TLS and reads until the server has seen their end.
func rawConn(t *testing.T, e *attesttest.Enclave, w *leak.Witness, protocol, sent string, step int) {
	t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(w.URL, "https://"), &tls.Config{RootCAs: e.WebRoots(), NextProtos: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for len(sent) > 0 {
		n := min(step, len(sent))
		if _, err := io.WriteString(c, sent[:n]); err != nil {
			return // the server had enough
		}
		sent = sent[n:]
	}
	c.CloseWrite()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	io.Copy(io.Discard, c)
}

// TestWitness: a plain client leaks until it has asked for the attestation on
// the same connection, if that is honest.
func TestWitness(t *testing.T) {
	for major, protocol := range protocols {
		for _, spoil := range [][]attesttest.Fault{nil, {attesttest.Measurement}, {attesttest.LiveKey}} {
			e := newEnclave(t, attesttest.Config{Seed: "witness test", Now: now}, spoil...)
			w := newWitness(t, e, protocol)
			c := client(t, e, major+1)
			ask(t, c, "GET", w.URL+"/attestation")
			ask(t, c, "GET", w.BundleURL)
			if _, got := ask(t, c, "GET", w.URL+"/v1/chat"); got != "hello" {
				t.Errorf("%s: %s", protocol, got)
			}
			if got := w.Leaks(); len(got) > 0 != (spoil != nil) {
				t.Errorf("%s %v: %v", protocol, spoil, got)
			}
			if status, _ := ask(t, c, "POST", w.URL+"/attestation"); status != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", protocol, status)
			}
			early := newWitness(t, e, protocol)
			ask(t, c, "GET", early.URL+"/v1/chat")
			ask(t, c, "GET", early.URL+"/attestation")
			if got := early.Leaks(); len(got) != 1 || !strings.Contains(got[0].String(), `"/v1/chat"`) {
				t.Errorf("%s %v: %v", protocol, spoil, got)
			}
		}
	}
	e := newEnclave(t, attesttest.Config{Seed: "witness test", Now: now})
	if w, err := leak.NewWitness(e, "h3", nil); w != nil || err == nil {
		t.Error("a Witness of HTTP/3")
	}
}
