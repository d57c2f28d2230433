package leak

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest/attesttest/internal/ledger"
)

// witnessConn is a TLS connection of which everything that is read is written
// down. It hides that it is one: net/http would else take the bytes from
// elsewhere.
type witnessConn struct {
	net.Conn // TLS
	tls      *tls.Conn
	tcp      net.Conn
	witness  *Witness
	pod      *pod
	ledger   *ledger.Ledger
	records  *bufio.Reader // of the plaintext
	out      resets
	plain    sync.Once
	closed   atomic.Bool
}

// accept gives the next connection its pod.
func (w *Witness) accept(tcp net.Conn) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.route(len(w.conns) - w.routed)
	server := tls.Server(tcp, p.config)
	c := &witnessConn{
		Conn: server, tls: server, tcp: tcp, witness: w, pod: p,
		ledger: ledger.New(w.transit, marker),
	}
	c.records = bufio.NewReaderSize(recorded{c}, maxRecord)
	w.conns = append(w.conns, c)
	return c
}

// Read reads plaintext. What comes in place of a handshake leaked, too.
func (c *witnessConn) Read(p []byte) (int, error) {
	if err := c.tls.Handshake(); err != nil {
		var record tls.RecordHeaderError
		if errors.As(err, &record) {
			c.plain.Do(func() {
				c.witness.leaksOutside(len(record.RecordHeader), fmt.Sprintf("bytes in place of a TLS handshake: %q", record.RecordHeader[:]))
			})
		}
		return 0, err
	}
	c.ledger.Begin(c.tls.ConnectionState().NegotiatedProtocol)
	return c.records.Read(p)
}

// recorded is read record by record: whole TLS records are written down as soon as any
// byte of them is wanted. net/http reads HTTP/2 frame by frame, and would find time to
// answer the first.
type recorded struct{ *witnessConn }

func (r recorded) Read(p []byte) (int, error) {
	n, err := r.tls.Read(p)
	r.ledger.Received(p[:n], time.Now())
	return n, err
}

// Write passes on what the server says. net/http can not refuse a stream: for a pod
// that does, the code of a handler that was aborted is exchanged.
func (c *witnessConn) Write(p []byte) (int, error) {
	if c.pod.refuses {
		p = c.out.refuse(p)
	}
	return c.Conn.Write(p)
}

const (
	frameHead  = 9 // bytes in front of a payload: RFC 9113 section 4.1
	frameReset = 0x3
)

// resets finds the frames in what a server of HTTP/2 writes.
type resets struct {
	head    []byte // of the frame that is being written
	payload int    // bytes to come of it
}

// refuse turns INTERNAL_ERROR of RST_STREAM frames into REFUSED_STREAM: RFC 9113
// sections 6.4 and 7.
func (r *resets) refuse(p []byte) []byte {
	p = append([]byte(nil), p...)
	for i := range p {
		switch {
		case len(r.head) < frameHead:
			if r.head = append(r.head, p[i]); len(r.head) == frameHead {
				r.payload = int(r.head[0])<<16 | int(r.head[1])<<8 | int(r.head[2])
			}
		default:
			if r.payload--; r.payload == 0 && r.head[3] == frameReset && p[i] == 2 {
				p[i] = 7
			}
		}
		if len(r.head) == frameHead && r.payload == 0 {
			r.head = nil
		}
	}
	return p
}

const maxRecord = 16 << 10 // bytes of plaintext: RFC 8446 section 5.1

// Close ends the connection in the orderly way.
func (c *witnessConn) Close() error {
	c.closed.Store(true)
	return c.tls.Close()
}

// abort resets the connection.
func (c *witnessConn) abort() {
	if tcp, ok := c.tcp.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.closed.Store(true)
	c.tcp.Close()
}
