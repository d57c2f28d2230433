package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// evil moves the cursor, begins a line, sets a window's title and turns the
// direction of writing.
const evil = "\x1b]0;x\x07\x1b[2J\r\nPASS\u202e\u2066\u009b31m\x7f\u200b"

// harmless fails when a terminal could act upon a text, or when it has a line PASS.
func harmless(t *testing.T, name, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Errorf("%s: %q in %q", name, r, text)
			break
		}
	}
	if strings.Contains("\n"+text, "\nPASS") {
		t.Errorf("%s: a line of its own: %q", name, text)
	}
}

// evilAnswers are those of a server that speaks no proper HTTP.
func evilAnswers() map[string]string {
	line := strings.NewReplacer("\r", "", "\n", "").Replace(evil)
	return map[string]string{
		"status":   "HTTP/1.1 503 " + line + "\r\nContent-Length: 0\r\n\r\n",
		"protocol": line + "\r\n\r\n",
		"type":     "HTTP/1.1 200 OK\r\nContent-Type: text/" + line + "\r\nContent-Length: 2\r\n\r\n{}",
		"encoding": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: " + line + "\r\nContent-Length: 2\r\n\r\n{}",
		"redirect": "HTTP/1.1 302 Found\r\nLocation: https://x.example/" + line + "\r\nContent-Length: 0\r\n\r\n",
		"body":     fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(evil), evil),
	}
}

// TestEscapedByTheProxy: in its log, in its answers, and in the verdict.
func TestEscapedByTheProxy(t *testing.T) {
	e := kitEnclave(t)
	for name, answer := range evilAnswers() {
		for _, asJSON := range []bool{false, true} {
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{e.TLSCertificate()}})
			if err != nil {
				t.Fatal(err)
			}
			go serveRaw(listener, answer)
			d := openDoor(t, "https://"+listener.Addr().String(), kitConfig(e, "https://127.0.0.1:1/"), func(f *Config) { f.JSONLog = asJSON })
			for _, path := range []string{"/", verdictPath, healthPath} {
				if r := d.get(path); r.status < 500 {
					t.Errorf("%s: %+v", name, r)
				} else {
					harmless(t, name+path, r.body)
				}
			}
			d.stop()
			listener.Close()
			harmless(t, name, d.log.String())
			if d.log.String() == "" {
				t.Errorf("%s: nothing was logged", name)
			}
		}
	}
}

// serveRaw answers every request with the same bytes.
func serveRaw(listener net.Listener, answer string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buffer := make([]byte, http.DefaultMaxHeaderBytes)
			if _, err := conn.Read(buffer); err == nil {
				fmt.Fprint(conn, answer)
			}
		}()
	}
}
