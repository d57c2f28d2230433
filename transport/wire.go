package transport

import (
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// errLate is the error of a write that would begin a request after its verdict
// has run out. It breaks the connection.
var errLate = errors.New("transport: the verdict ran out before the request's first byte was written")

// An attempt is one request on one connection, from the gate to the first byte.
type attempt struct {
	verdict *verdict
	sent    atomic.Bool // a byte of it may have been written
	passed  bool        // something was written since it began; guarded by wire.mu
	trace   httptrace.ClientTrace
}

// A wire is the network side of a connection, below TLS. All that a connection
// writes comes through Write, so this is the last place where a request can be
// stopped. Between gate and first byte the time is not ours: the scheduler, a
// peer that does not read, or a body that is slow to give its first bytes can
// take any of it.
type wire struct {
	net.Conn
	now clock

	mu          sync.Mutex
	multiplexed bool       // HTTP/2: bytes of several requests mix
	starting    []*attempt // passed the gate, nothing written yet
	late        bool       // Write has refused
}

// begin registers an attempt whose first byte is still to be written.
func (w *wire) begin(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.starting = append(w.starting, a)
}

// wrote says that the framing layer of HTTP/2 has passed on an attempt's header,
// whether or not the write succeeded. Over HTTP/1.1 it is Write that knows.
func (w *wire) wrote(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.late || a.passed {
		a.sent.Store(true)
	}
	w.forget(a)
}

// end forgets an attempt.
func (w *wire) end(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(a)
}

func (w *wire) forget(a *attempt) {
	for i, s := range w.starting {
		if s == a {
			w.starting = append(w.starting[:i], w.starting[i+1:]...)
			return
		}
	}
}

// wasLate reports whether a write was refused: the connection is broken then.
func (w *wire) wasLate() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late
}

func (w *wire) Write(b []byte) (int, error) {
	if err := w.allow(); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

func (w *wire) allow() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.starting) == 0 {
		return nil
	}
	now := w.now()
	for _, a := range w.starting {
		if !a.verdict.inDate(now) {
			w.late = true
			return errLate
		}
	}
	for _, a := range w.starting {
		a.passed = true
		if !w.multiplexed {
			a.sent.Store(true)
		}
	}
	if !w.multiplexed {
		w.starting = w.starting[:0]
	}
	return nil
}
