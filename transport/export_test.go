package transport

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
)

// SetClock replaces the clock: offsets are added to the machine's.
func (t *Transport) SetClock(offset func() (wall, mono time.Duration)) {
	real := systemClock()
	t.now = func() instant {
		i := real()
		wall, mono := offset()
		return instant{i.wall.Add(wall), i.mono + mono}
	}
}

// Tamper lets a test spoil the TLS configuration of every connection.
func (t *Transport) Tamper(f func(*tls.Config)) { t.tamper = f }

// Deafen makes connections without a hook.
func (t *Transport) Deafen() { t.deaf = true }

// SetPublic replaces the judgement on addresses of bundles that envelopes name.
func (t *Transport) SetPublic(f func(netip.AddrPort) bool) { t.public = f }

// Counts returns how many connections there are, and how many requests wait.
func (t *Transport) Counts() (conns, waiters int) {
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	return len(t.pool.conns), len(t.pool.waiters)
}

// Held returns how many connections count for MaxConns.
func (t *Transport) Held() int {
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	n := t.pool.dials
	for c := range t.pool.conns {
		if c.state != retired {
			n++
		}
	}
	return n
}

// Watch looks at all connections as their timers do.
func (t *Transport) Watch() {
	for _, c := range t.pool.all() {
		c.watch()
	}
}

// InFlight returns the requests and reservations on all connections.
func (t *Transport) InFlight() (n int) {
	for _, c := range t.pool.all() {
		n += c.gate.cc.InFlight() + int(c.handed.Load())
	}
	return n
}

// Settled reports whether nothing runs, and the pool knows it: a slot is given
// back before the hook of its connection is called, and the hook may miss one. So
// it looks, as the pool does while somebody waits.
func (t *Transport) Settled() bool {
	if t.InFlight() != 0 {
		return false
	}
	settled := true
	for _, c := range t.pool.all() {
		t.pool.mu.Lock()
		unknown := c.state == ready && !slices.Contains(t.pool.open, c) && !slices.Contains(t.pool.stale, c)
		t.pool.mu.Unlock()
		if unknown {
			settled = false
			c.changed()
		}
	}
	return settled
}

// Refresh looks for a newer bundle now.
func (t *Transport) Refresh() { t.refresh(t.ctx) }

var (
	IsPublic    = isPublic
	ParseOrigin = func(s string) (string, error) { o, err := parseOrigin(s); return o.String(), err }
)

const (
	TextGoAway     = textGoAway
	TextClosedIdle = textClosedIdle
	TextReadFailed = textReadFailed
)

var (
	NotProcessed = notProcessed
	WentAway     = wentAway
)

// SendWithLateClock sends a request on the only connection; its verdict has run
// out from the given look at the clock on.
func (t *Transport) SendWithLateClock(look int, url string) error {
	var c *conn
	t.pool.mu.Lock()
	for c = range t.pool.conns {
	}
	t.pool.mu.Unlock()
	looks := 0
	real := c.gate.wire.now
	c.gate.wire.now = func() instant {
		i := real()
		if looks++; looks > look {
			i.mono += 24 * time.Hour
		}
		return i
	}
	defer func() { c.gate.wire.now = real }()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	c.handed.Add(1)
	c.picks.Add(1)
	res, err := c.send(req, &attempt{verdict: c.verdict})
	if err == nil {
		res.Body.Close()
	}
	return err
}

// SendUnderOldBundle sends a request on the only connection, a moment after a
// newer bundle was adopted.
func (t *Transport) SendUnderOldBundle(url string) error {
	t.bundles.newest.Add(1)
	return t.SendWithLateClock(1<<30, url)
}

// LeafOf returns the key of a connection with that state.
func LeafOf(s *tls.ConnectionState, minTLS uint16) ([32]byte, error) {
	a, err := leafOf(s, minTLS)
	if err != nil {
		return [32]byte{}, err
	}
	return a.spki, nil
}

// Body is the body of a request over all attempts.
type Body struct{ *body }

func NewBody(r *http.Request) Body    { return Body{newBody(r)} }
func (b Body) Attempt() io.ReadCloser { return b.attempt() }
func (b Body) Rewind() bool           { return b.rewind() }
func (b Body) Settle()                { b.settle() }
func (b Body) Abandon()               { b.abandon() }

// Wire is a wire without a network.
type Wire struct{ *wire }

type Attempt struct{ *attempt }

type memoryConn struct {
	net.Conn
	io.Writer
}

func (c memoryConn) Write(b []byte) (int, error) { return c.Writer.Write(b) }

func NewWire(out io.Writer, now *time.Duration, h2 bool) Wire {
	return Wire{&wire{Conn: memoryConn{Writer: out}, multiplexed: h2, now: func() instant { return instant{mono: *now} }}}
}

func (w Wire) Begin(life time.Duration) Attempt {
	a := &attempt{verdict: &verdict{
		life: life, newest: new(atomic.Uint64),
		result: &attest.Result{Bundle: &attest.Bundle{ValidUntil: time.Unix(0, 0)}},
	}}
	w.begin(a)
	return Attempt{a}
}

func (w Wire) Wrote(a Attempt) {
	if w.multiplexed {
		w.wrote(a.attempt)
	}
}
func (w Wire) End(a Attempt) { w.end(a.attempt) }
func (a Attempt) Sent() bool { return a.sent.Load() }

// Look looks at the only connection, and returns what takes over what it saw.
func (t *Transport) Look() (see func()) {
	c := t.pool.all()[0]
	s := c.look()
	return func() {
		t.pool.mu.Lock()
		defer t.pool.mu.Unlock()
		c.see(s)
	}
}

// Overtake is called while the only connection is attested again. It lets a look
// that begins after that of the attestation be taken over before it.
func (t *Transport) Overtake() {
	c := t.pool.all()[0]
	t.pool.mu.Lock()
	go func() {
		defer t.pool.mu.Unlock()
		for looks := c.looks.Load(); ; looks = c.looks.Load() {
			if time.Sleep(50 * time.Millisecond); c.looks.Load() == looks {
				break
			}
		}
		c.see(sight{look: c.looks.Add(1), spare: c.spare, picks: c.picks.Load()})
	}()
}
