package transport_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/transport"
)

// TestOneGate: exactly one function calls ClientConn.RoundTrip, and only the gate
// has a ClientConn to call it on. Nothing is shared with the rest of the program,
// and web certificates are always checked (TRN-04).
func TestOneGate(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	calls, fields := []string{}, []string{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			name := ""
			if f, ok := d.(*ast.FuncDecl); ok {
				name = f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					switch n.Sel.Name {
					case "RoundTrip":
						calls = append(calls, f.Name()+" "+name)
					case "DefaultTransport", "DefaultClient", "ClientSessionCache": // others may change those
						t.Errorf("%s: %s uses %s", f.Name(), name, n.Sel.Name)
					}
				case *ast.Ident:
					if n.Name == "InsecureSkipVerify" {
						t.Errorf("%s: %s has %s", f.Name(), name, n.Name)
					}
				case *ast.StructType:
					for _, field := range n.Fields.List {
						if s, ok := field.Type.(*ast.StarExpr); ok {
							if sel, ok := s.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "ClientConn" {
								fields = append(fields, f.Name())
							}
						}
					}
				}
				return true
			})
		}
	}
	if len(calls) != 1 || calls[0] != "gate.go roundTrip" || len(fields) != 1 || fields[0] != "gate.go" {
		t.Errorf("RoundTrip is called in %q; ClientConns are in %q", calls, fields)
	}
}

// TestGateLooks: the clock is read after the reservation, for the write deadline, and
// again when the first byte is written (TRN-01).
func TestGateLooks(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		for late := range 3 {
			p := newPod(t, protocol, shared(), nil)
			tr := newTransport(t, p, nil)
			if _, err := tr.Attest(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := tr.SendWithLateClock(late, "https://"+p.address+"/"); err == nil {
				t.Errorf("sent, although the verdict ran out at look %d", late+1)
			}
			if p.requests.Load() != 0 {
				t.Errorf("look %d: the application was asked", late+1)
			}
			settled(t, tr)
		}
	})
}

// TestLateWithOthers: a connection on which a write was refused is given up, also
// while other requests run on it: HTTP/2 would take more, and lose them (TRN-01).
func TestLateWithOthers(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	begun, end := make(chan bool), make(chan bool)
	p.app = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			http.NewResponseController(w).Flush()
			begun <- true
			<-end
		}
	}
	tr := newTransport(t, p, nil)
	req, err := http.NewRequest(http.MethodGet, "https://"+p.address+"/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer close(end)
	<-begun
	if err := tr.SendWithLateClock(1, "https://"+p.address+"/"); err == nil {
		t.Error("sent, although the verdict had run out")
	}
	if conns, _ := tr.Counts(); conns != 0 {
		t.Errorf("%d connections are left", conns)
	}
	if _, err := get(tr, "https://"+p.address+"/"); err != nil || p.dials.Load() != 2 {
		t.Errorf("%v, %d connections", err, p.dials.Load())
	}
}

// TestGateKnowsBundles: a verdict under an older bundle opens no gate (TRN-31).
func TestGateKnowsBundles(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	tr := newTransport(t, p, nil)
	if _, err := tr.Attest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tr.SendUnderOldBundle("https://" + p.address + "/"); err == nil || p.requests.Load() != 0 {
		t.Errorf("%v, %d requests", err, p.requests.Load())
	}
}

// TestLeafOf: the key is that of the first certificate of a full handshake
// (TRN-02, TRN-03, TRN-04).
func TestLeafOf(t *testing.T) {
	certs := []*x509.Certificate{shared().TLSCertificate().Leaf, twin().TLSCertificate().Leaf}
	good := tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, PeerCertificates: certs}
	if key, err := transport.LeafOf(&good, tls.VersionTLS13); err != nil || key != shared().Evidence().LiveSPKI {
		t.Errorf("%x, %v", key, err)
	}
	if _, err := transport.LeafOf(nil, tls.VersionTLS13); err == nil {
		t.Error("no state")
	}
	for name, change := range map[string]func(*tls.ConnectionState){
		"no certificate": func(s *tls.ConnectionState) { s.PeerCertificates = nil },
		"no handshake":   func(s *tls.ConnectionState) { s.HandshakeComplete = false },
		"resumed":        func(s *tls.ConnectionState) { s.DidResume = true },
		"TLS 1.2":        func(s *tls.ConnectionState) { s.Version = tls.VersionTLS12 },
	} {
		s := good
		change(&s)
		if _, err := transport.LeafOf(&s, tls.VersionTLS13); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestWire: nothing that is unwritten passes after the verdict has ended; what was
// written goes on.
// Rules: TRN-01.
func TestWire(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		var out bytes.Buffer
		now := time.Duration(0)
		w := transport.NewWire(&out, &now, h2)
		write := func(n int) bool { _, err := w.Write(make([]byte, n)); return err == nil }
		header := func(a transport.Attempt, n int) (ok bool) {
			if h2 {
				w.Encode(a)
				defer w.Wrote(a)
			}
			return write(n)
		}
		if !write(100) {
			t.Error("a handshake is refused")
		}
		w.Judge(time.Minute)
		a := w.Begin()
		if !write(49) || w.Unwritten() != 1 { // an answer of TLS
			t.Error("a request is no longer looked at before it was written")
		}
		if a.Sent() == h2 {
			t.Error("sent, or not, before a byte was")
		}
		if !header(a, 100) || !a.Sent() || w.Unwritten() != 0 {
			t.Error("a request was not written in time")
		}
		now = time.Minute
		if !write(100) {
			t.Error("the rest of a request is refused")
		}
		now = 0
		half := w.Begin() // a long header is written in pieces
		if h2 {
			w.Encode(half)
		}
		write(100)
		now = time.Minute
		if ok := write(100); ok == h2 {
			t.Error("the second piece of a header passes, or that of a body does not")
		}
		if w.Wrote(half); !half.Sent() {
			t.Error("what was written in part counts as unsent")
		}

		w = transport.NewWire(&out, &now, h2)
		w.Judge(time.Minute)
		late, n := w.Begin(), out.Len()
		if header(late, 100) || out.Len() != n {
			t.Error("a request begins too late")
		}
		if h2 && late.Sent() {
			t.Error("what was refused counts as sent")
		}
		if write(100) {
			t.Error("a connection that was lost goes on")
		}
	}
	// HTTP/2: RoundTrip may return before the header is written, or while it is.
	now := time.Duration(0)
	w := transport.NewWire(io.Discard, &now, true)
	w.Judge(time.Minute)
	a, b := w.Begin(), w.Begin()
	w.Encode(a)
	w.End(a)
	if w.End(b); w.Unwritten() != 1 {
		t.Errorf("%d attempts are unwritten", w.Unwritten())
	}
	now = time.Minute
	if _, err := w.Write(make([]byte, 100)); err == nil {
		t.Error("a header is written although its verdict has ended")
	}
	w = transport.NewWire(io.Discard, &now, true)
	w.Judge(time.Minute)
	late := w.Begin()
	w.End(late)
	w.Encode(late) // it was about to be encoded when RoundTrip returned
	if _, err := w.Write(make([]byte, 100)); err == nil {
		t.Error("a header is written although its verdict has ended")
	}
}

// TestFailedWrite: a request of which a Write has passed on nothing may be sent elsewhere,
// and one of which it has passed on a byte may not (TRN-51).
func TestFailedWrite(t *testing.T) {
	now := time.Duration(0)
	for _, h2 := range []bool{false, true} {
		for _, passed := range []int{0, 1} {
			w := transport.NewWire(writerFunc(func([]byte) (int, error) { return passed, io.ErrClosedPipe }), &now, h2)
			w.Judge(time.Hour)
			a := w.Begin()
			w.Encode(a)
			if w.Write(make([]byte, 100)); a.Sent() != (passed > 0) {
				t.Errorf("HTTP/2: %v, %d bytes: sent: %v", h2, passed, a.Sent())
			}
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestWriteDeadline: it is the end of the verdict as long as an attempt is unwritten
// (TRN-05).
func TestWriteDeadline(t *testing.T) {
	now := time.Duration(0)
	w := transport.NewWire(io.Discard, &now, true)
	is := func(what string, want time.Duration) {
		t.Helper()
		if got := w.Deadline(); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	w.Judge(time.Hour)
	is("nothing is unwritten", 0)
	now = time.Minute
	a, b := w.Begin(), w.Begin()
	is("two attempts", 59*time.Minute)
	w.Wrote(a)
	is("one attempt", 59*time.Minute)
	w.Judge(30 * time.Second)
	is("a verdict that was cut", -30*time.Second)
	w.Judge(2 * time.Hour)
	is("attested again", 119*time.Minute)
	w.End(b)
	is("it has failed", 0)
}

// TestLateEachTime: a request whose verdict runs out between gate and first byte,
// again and again, is not sent, and not tried for ever (TRN-01, TRN-32).
func TestLateEachTime(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		p := newRawPod(t, alpn, func(c *rawConn) {
			c.attest()
			if n, err := c.in.Read(make([]byte, 1)); alpn == "http/1.1" && n > 0 {
				t.Errorf("a byte of a request came: %v", err)
			}
			io.Copy(io.Discard, c.in)
		})
		tr := p.transport(nil)
		var skew offset
		tr.SetClock(skew.get)
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			WroteHeaderField: func(string, []string) { skew.add(0, 10*time.Minute) }, // into a buffer: nothing is out yet
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawOrigin+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&http.Client{Transport: tr}).Do(req)
		if kind, rule := ruleOf(err); kind != "EvidenceUnavailableError" || rule != "TRN-32" {
			t.Errorf("%s %s: %v", kind, rule, err)
		}
		if p.dials.Load() != 8 {
			t.Errorf("%d connections", p.dials.Load())
		}
	})
}
