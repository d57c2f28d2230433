package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tresorhq/attest/transport"
)

// A rawPod speaks HTTP by hand over connections in memory, so that a test decides
// which byte goes when, and which one is not read.
type rawPod struct {
	t       testing.TB
	alpn    string                    // "h2" or "http/1.1"
	script  func(c *rawConn)          // after the handshake; the connection is closed when it returns
	wrap    func(c net.Conn) net.Conn // the client's side of a connection; may be nil
	blocked bool                      // the client's writes wait until the script reads

	done  chan struct{} // closed at the end of the test
	dials atomic.Int64
	open  atomic.Int64
	all   sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

// A rawConn is the server's side of one of its connections.
type rawConn struct {
	*tls.Conn
	number  int // from 1
	in      *bufio.Reader
	asked   time.Time // when the last request for an attestation was read
	streams uint32    // the last stream that was opened
}

// inMemory runs a test in a bubble whose time begins when the shared enclave was
// minted, and passes only when everything waits.
func inMemory(t *testing.T, f func(t *testing.T)) {
	minted := shared().Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(minted))
		f(t)
	})
}

func newRawPod(t testing.TB, alpn string, script func(c *rawConn)) *rawPod {
	p := &rawPod{t: t, alpn: alpn, script: script, done: make(chan struct{})}
	t.Cleanup(func() {
		close(p.done)
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

func (p *rawPod) dial(context.Context, string, string) (net.Conn, error) {
	client, out := net.Pipe()
	in := out
	if !p.blocked {
		near, far := net.Pipe()
		in = near
		relay := p.patient(far)
		p.all.Go(func() { io.Copy(relay, out); relay.Close() })
	}
	server := readsFrom{p.patient(out), in}
	p.mu.Lock()
	p.conns = append(p.conns, client, out, in, server)
	p.mu.Unlock()
	number := int(p.dials.Add(1))
	p.open.Add(1)
	p.all.Go(func() {
		defer p.open.Add(-1)
		defer io.Copy(io.Discard, in) // or a client that still writes would not read the rest
		defer server.Close()
		c := tls.Server(server, &tls.Config{
			Certificates: []tls.Certificate{shared().TLSCertificate()}, NextProtos: []string{p.alpn}, SessionTicketsDisabled: true,
		})
		if c.Handshake() == nil {
			p.script(&rawConn{Conn: c, number: number, in: bufio.NewReader(c)})
		}
	})
	if p.wrap != nil {
		client = p.wrap(client)
	}
	return client, nil
}

// A readsFrom is a connection whose other direction is another one.
type readsFrom struct {
	*patientConn
	in net.Conn
}

func (c readsFrom) Read(b []byte) (int, error)        { return c.in.Read(b) }
func (c readsFrom) SetReadDeadline(t time.Time) error { return c.in.SetReadDeadline(t) }

// patient returns a connection whose Writes do not wait until they are read: over net.Pipe
// two sides that write at a time would wait for each other. In a bubble, what net/http
// writes under a mutex would stop the time.
func (p *rawPod) patient(c net.Conn) *patientConn {
	patient := &patientConn{Conn: c, queue: make(chan []byte, 1024), closed: make(chan struct{})}
	p.all.Go(patient.pump)
	return patient
}

type patientConn struct {
	net.Conn
	queue  chan []byte
	once   sync.Once
	closed chan struct{}
}

func (c *patientConn) Write(b []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	case c.queue <- append([]byte(nil), b...):
		return len(b), nil
	}
}

// Close lets go out what was written.
func (c *patientConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *patientConn) pump() {
	defer c.Conn.Close()
	for {
		select {
		case b := <-c.queue:
			if _, err := c.Conn.Write(b); err != nil {
				return
			}
		case <-c.closed:
			select {
			case b := <-c.queue:
				c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
				if _, err := c.Conn.Write(b); err != nil {
					return
				}
			default:
				return
			}
		}
	}
}

const rawOrigin = "https://127.0.0.1"

// transport makes a transport that reaches nothing but the pod.
func (p *rawPod) transport(change func(*transport.Config)) *transport.Transport {
	c := config(shared())
	c.DialContext = p.dial
	c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	if change != nil {
		change(&c)
	}
	tr, err := transport.New(rawOrigin, c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { tr.Close() })
	return tr
}

// HTTP/1.1

// request reads the head of a request; "" is the end.
func (c *rawConn) request() (head string) {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return ""
		}
		if head += line; line == "\r\n" {
			return head
		}
	}
}

func (c *rawConn) answer(head, body string) {
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// attest1 serves the request for the attestation.
func (c *rawConn) attest1() bool {
	if c.request() == "" {
		return false
	}
	c.asked = time.Now()
	c.answer("200 OK\r\nContent-Type: application/json", string(envelopeNow(shared())))
	return true
}

// HTTP/2: RFC 9113 section 4.1 and 6, RFC 7541 appendix A.

const (
	frameData, frameHeaders, frameReset, frameSettings = 0, 1, 3, 4
	framePing, frameGoAway, frameWindow                = 6, 7, 8

	endStream, endHeaders, ack = 1, 4, 1

	maxStreams, initialWindow = 3, 4 // settings
	status200                 = "\x88"
)

type rawFrame struct {
	kind, flags byte
	stream      uint32
	payload     string
}

func (c *rawConn) frame() (f rawFrame, ok bool) {
	var head [9]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return f, false
	}
	payload := make([]byte, int(binary.BigEndian.Uint32(head[:])>>8))
	_, err := io.ReadFull(c.in, payload)
	return rawFrame{head[3], head[4], binary.BigEndian.Uint32(head[5:]), string(payload)}, err == nil
}

// drain reads what comes within that time.
func (c *rawConn) drain(d time.Duration) {
	c.SetReadDeadline(time.Now().Add(d))
	for ok := true; ok; {
		_, ok = c.frame()
	}
	c.SetReadDeadline(time.Time{})
}

// opened reads until a stream is opened, and returns it. Settings are
// acknowledged, pings answered.
func (c *rawConn) opened() (stream uint32, ok bool) {
	for {
		f, ok := c.frame()
		switch {
		case !ok:
			return 0, false
		case f.kind == frameSettings && f.flags&ack == 0:
			c.send(frameSettings, ack, 0, "")
		case f.kind == framePing && f.flags&ack == 0:
			c.send(framePing, ack, 0, f.payload)
		case f.kind == frameHeaders && f.stream > c.streams:
			c.streams = f.stream
			return f.stream, true
		}
	}
}

func (c *rawConn) send(kind, flags byte, stream uint32, payload string) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, flags), stream)
	_, err := c.Write(append(b, payload...))
	return err
}

func setting(id uint16, value uint32) string {
	return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, id), value))
}

// greet2 reads the client's preface and sends settings.
func (c *rawConn) greet2(settings string) bool {
	if _, err := io.ReadFull(c.in, make([]byte, 24)); err != nil {
		return false
	}
	return c.send(frameSettings, 0, 0, settings) == nil
}

// attest2 serves the request for the attestation; what stands before goes out
// with the answer.
func (c *rawConn) attest2(before func()) bool {
	stream, ok := c.opened()
	if !ok {
		return false
	}
	c.asked = time.Now()
	if before != nil {
		before()
	}
	c.send(frameHeaders, endHeaders, stream, status200+"\x0f\x10\x10application/json")
	return c.send(frameData, endStream, stream, string(envelopeNow(shared()))) == nil
}

// ok2 answers a stream with an empty 200.
func (c *rawConn) ok2(stream uint32) error {
	return c.send(frameHeaders, endHeaders|endStream, stream, status200)
}

// serve2 answers all that comes.
func (c *rawConn) serve2() {
	for {
		stream, ok := c.opened()
		if !ok || c.ok2(stream) != nil {
			return
		}
	}
}

// serve1 answers all that comes.
func (c *rawConn) serve1() {
	for c.request() != "" {
		c.answer("200 OK", "")
	}
}

// attest serves the request for the attestation.
func (c *rawConn) attest() {
	if c.h2() {
		c.greet2("")
		c.attest2(nil)
	} else {
		c.attest1()
	}
}

// honest serves attestation and requests.
func (c *rawConn) honest() {
	if c.attest(); c.h2() {
		c.serve2()
	} else {
		c.serve1()
	}
}

func (c *rawConn) h2() bool { return c.ConnectionState().NegotiatedProtocol == "h2" }
