package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tresorhq/attest/transport"
)

// TestPinnedTexts provokes the errors that net/http does not export, with
// nothing of this module around it. When it fails after an update of Go: look at
// what shouldRetryRequest in net/http's transport.go and http2canRetryError in
// its HTTP/2 match now, change the constants of retry.go, and read whether what
// they mean is still the same. Until then fewer requests are retried; nothing
// that must not be sent is.
func TestPinnedTexts(t *testing.T) {
	noLeak(t)
	// HTTP/1.1, closed and reset instead of an answer.
	for _, row := range []struct {
		linger int
		want   func(error) bool
	}{
		{-1, func(err error) bool {
			return err.Error() == transport.TextClosedIdle || strings.HasPrefix(err.Error(), transport.TextReadFailed)
		}},
		{0, func(err error) bool { return strings.HasPrefix(err.Error(), transport.TextReadFailed) }},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096))
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			c.Read(make([]byte, 4096))
			c.(*net.TCPConn).SetLinger(row.linger)
			c.Close()
		}()
		cc, err := new(http.Transport).NewClientConn(t.Context(), "http", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequest(http.MethodGet, "http://"+l.Addr().String()+"/", nil)
		if _, err := cc.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if _, err := cc.RoundTrip(req); err == nil || !row.want(err) || !transport.WentAway(err) {
			t.Errorf("linger %d: got %T %v", row.linger, err, err)
		}
		cc.Close()
		l.Close()
	}
	// HTTP/2, from the frames: SETTINGS, then GOAWAY for stream 0, or
	// RST_STREAM(REFUSED_STREAM) for stream 1.
	for name, frame := range map[string][]byte{
		"GOAWAY":         {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"REFUSED_STREAM": {0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7},
	} {
		client, server := net.Pipe()
		go func() {
			buf := make([]byte, 4096)
			seen := []byte{}
			for !bytes.Contains(seen, []byte{1, 5}) && len(seen) < 4096 { // HEADERS, END_STREAM and END_HEADERS
				n, err := server.Read(buf)
				if err != nil {
					return
				}
				if len(seen) == 0 {
					server.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
				}
				seen = append(seen, buf[:n]...)
			}
			go server.Write(frame)
			io.Copy(io.Discard, server)
		}()
		tr := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		tr.Protocols.SetUnencryptedHTTP2(true)
		cc, err := tr.NewClientConn(t.Context(), "http", "example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequest(http.MethodGet, "http://example.com/", nil)
		if _, err := cc.RoundTrip(req); err == nil || !transport.NotProcessed(err) {
			t.Errorf("%s: got %T %v", name, err, err)
		}
		cc.Close()
		server.Close()
	}
	if transport.NotProcessed(io.EOF) || transport.WentAway(io.ErrUnexpectedEOF) {
		t.Error("an unknown error is retried")
	}
}
