package transport

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest/internal/fetch"
)

// mostOfTLS is the size of the longest record, in bytes, that TLS writes by itself
// on an attested connection: the answer to a KeyUpdate, within the TLS of a proxy.
// The header of a request is longer.
const mostOfTLS = 2*22 + 5

// A wire is the network side of a connection, below TLS. All that a connection
// writes comes through Write, so this is the last place where a request can be
// stopped. Between the gate and the first byte the time is not in the hands of this
// package: the scheduler, a peer that does not read, or a body that is slow to give
// its first bytes can take any of it.
//
// As long as an attempt is unwritten, the connection has a write deadline: the end
// of its verdict. When that is reached, the connection is lost: net/http cannot
// take a single request back.
// Rules: TRN-01, TRN-05.
type wire struct {
	net.Conn
	now fetch.Clock

	mu        sync.Mutex
	h2        bool     // several attempts at a time
	verdict   *verdict // nil before the first
	unwritten []*attempt
	lost      error         // why this side closed the connection; nil: it did not
	drained   chan struct{} // not nil: no attempt begins any more; closed: none is unwritten
}

// judged gives the connection a verdict, or what is left of it.
func (w *wire) judged(v *verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdict = v
	if len(w.unwritten) > 0 {
		w.arm()
	}
}

// begin makes an attempt unwritten. It is called at the gate and, for HTTP/2, when
// the header is about to be encoded: from then until wrote, net/http lets nothing
// else on the connection. It reports false where no attempt begins any more.
func (w *wire) begin(a *attempt, encoding bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.encoding = encoding
	if slices.Contains(w.unwritten, a) {
		return true
	}
	if w.drained != nil {
		if encoding { // of a request that has failed: it is too late to stop it alone
			w.lose(ErrRetired)
		}
		return false
	}
	w.unwritten = append(w.unwritten, a)
	if len(w.unwritten) == 1 {
		w.arm()
	}
	return true
}

// drain lets no further attempt begin. The channel is closed when none is unwritten.
// Rules: TRN-18.
func (w *wire) drain() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drained == nil {
		w.drained = make(chan struct{})
		w.rest()
	}
	return w.drained
}

// wrote says that the framing layer of HTTP/2 has passed on an attempt's header,
// whether or not the write succeeded. Over HTTP/1.1 it is Write that knows.
func (w *wire) wrote(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.encoding = false
	w.forget(a)
}

// end says that the attempt has failed, or that its answer has ended. Its header is
// not written after that unless that has begun. (A connection of HTTP/1.1 ends with
// an attempt that was not written.)
func (w *wire) end(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.h2 && !a.encoding {
		w.forget(a)
	}
}

func (w *wire) forget(a *attempt) {
	if i := slices.Index(w.unwritten, a); i >= 0 {
		w.unwritten = slices.Delete(w.unwritten, i, i+1)
		w.rest()
	}
}

// rest lifts the write deadline when no attempt is unwritten.
func (w *wire) rest() {
	if len(w.unwritten) > 0 {
		return
	}
	w.Conn.SetWriteDeadline(time.Time{})
	if w.drained != nil { // once: no attempt begins any more
		close(w.drained)
	}
}

// arm sets the write deadline.
func (w *wire) arm() {
	w.Conn.SetWriteDeadline(time.Now().Add(w.verdict.left(w.now())))
}

// Write passes on what may be written. Attempts are sent with it: over HTTP/1.1 the
// only one, over HTTP/2 the one that is being encoded.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	if err := w.check(); err != nil {
		w.mu.Unlock()
		return 0, err
	}
	var first []*attempt // of these it writes the first byte
	for _, a := range w.unwritten {
		if (!w.h2 || a.encoding) && !a.sent.Swap(true) {
			first = append(first, a)
		}
	}
	watched := len(w.unwritten) > 0
	w.mu.Unlock()

	n, err := w.Conn.Write(b)
	if !watched {
		return n, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		for _, a := range first {
			a.sent.Store(n > 0)
		}
		if late := w.check(); late != nil {
			err = late
		}
	} else if !w.h2 && len(b) > mostOfTLS && len(w.unwritten) > 0 {
		w.forget(w.unwritten[0])
	}
	return n, err
}

// check returns why nothing may be written. A connection with an unwritten attempt
// and a verdict that has ended is lost.
func (w *wire) check() error {
	if w.lost == nil && len(w.unwritten) > 0 && !w.verdict.inDate(w.now()) {
		w.lose(w.verdict.ended("TRN-01", "the verdict ended before the first byte of a request on this connection was written"))
	}
	return w.lost
}

// lose closes the connection. All that runs on it ends with that error.
func (w *wire) lose(why error) {
	if w.lost == nil {
		w.lost = why
		go w.Conn.Close() // which may block, of a Conn that ignores deadlines
	}
}

// expire loses the connection if a write deadline has passed that the Conn has
// ignored, or that only the wall clock has reached.
func (w *wire) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.check()
}

// close loses the connection for another reason.
func (w *wire) close(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose(why)
}

// giveUp loses the connection if an attempt is still unwritten.
func (w *wire) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.unwritten) > 0 {
		w.lose(ErrRetired)
	}
}

// reason returns why this side closed the connection, or nil.
func (w *wire) reason() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}
