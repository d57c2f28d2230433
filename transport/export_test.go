package transport

import (
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

func (p *pool) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.conns))
}

// SetClock replaces the clock: offsets are added to the machine's.
func (t *Transport) SetClock(offset func() (wall, mono time.Duration)) {
	real := fetch.SystemClock()
	t.now = func() fetch.Instant {
		i := real()
		wall, mono := offset()
		return fetch.Instant{Wall: i.Wall.Add(wall), Mono: i.Mono + mono}
	}
}

// Tamper lets a test spoil the TLS configuration of every connection.
func (t *Transport) Tamper(f func(*tls.Config)) { f(t.connector.TLSClientConfig) }

// SetPatience replaces how long a request waits where a refusal is known.
func (t *Transport) SetPatience(d time.Duration) { t.testingPatience = d }

// SetPublic replaces the judgement on addresses of bundles that envelopes name.
func (t *Transport) SetPublic(f func(netip.AddrPort) bool) { t.testingIsPublic = f }

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
	return t.pool.held()
}

// Attesting returns how many attestations run for those who wait.
func (t *Transport) Attesting() int {
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	return len(t.pool.supply.running)
}

// Watch looks at all connections as their timers do.
func (t *Transport) Watch() {
	for _, c := range t.pool.all() {
		c.watch()
	}
}

// InFlight returns the requests and reservations on all connections, and the slots
// that are not back.
func (t *Transport) InFlight() (n int) {
	for _, c := range t.pool.all() {
		n += c.gate.cc.InFlight()
	}
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	for c := range t.pool.conns {
		n += c.used
	}
	return n
}

// Settled reports whether nothing runs, and every connection that takes requests is
// where it belongs.
func (t *Transport) Settled() bool {
	if t.InFlight() != 0 {
		return false
	}
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	for c := range t.pool.conns {
		if c.state == ready && !slices.Contains(t.pool.free, c) && !slices.Contains(t.pool.stale, c) {
			return false
		}
		if (Wire{c.gate.wire}).Unwritten() > 0 {
			return false
		}
	}
	return true
}

// Refresh looks for a newer bundle now.
func (t *Transport) Refresh() { t.judge.Refresh(t.ctx) }

var (
	IsPublic    = fetch.IsPublic
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
	c.gate.wire.now = func() fetch.Instant {
		i := real()
		if looks++; looks > look {
			i.Mono += 24 * time.Hour
		}
		return i
	}
	defer func() { c.gate.wire.now = real }()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	t.pool.mu.Lock()
	c.used++
	t.pool.mu.Unlock()
	a := &attempt{Context: req.Context(), gate: c.gate, verdict: c.verdict}
	res, err := c.send(a.request(req), a)
	if err == nil {
		res.Body.Close()
	}
	return err
}

// SendUnderOldBundle sends a request on the only connection, a moment after a
// newer bundle was adopted.
func (t *Transport) SendUnderOldBundle(url string) error {
	t.judge.Newest().Add(1)
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

// Wire is a wire without a network.
type Wire struct{ *wire }

type Attempt struct{ *attempt }

type memoryConn struct {
	net.Conn
	io.Writer
	deadline *time.Time
}

func (c memoryConn) Write(b []byte) (int, error) { return c.Writer.Write(b) }

func (c memoryConn) SetWriteDeadline(t time.Time) error { *c.deadline = t; return nil }
func (memoryConn) Close() error                         { return nil }

func NewWire(out io.Writer, now *time.Duration, h2 bool) Wire {
	return Wire{&wire{Conn: memoryConn{Writer: out, deadline: new(time.Time)}, h2: h2, now: func() fetch.Instant { return fetch.Instant{Mono: *now} }}}
}

// Judge gives the connection a verdict that lasts until then.
func (w Wire) Judge(life time.Duration) {
	w.judged(&verdict{
		life: life, newest: new(atomic.Uint64),
		result: &attest.Result{Bundle: &attest.Bundle{ValidUntil: time.Unix(1<<40, 0)}},
	})
}

func (w Wire) Begin() Attempt {
	a := new(attempt)
	w.begin(a, false)
	return Attempt{a}
}

// Deadline returns in how long writes end, or 0.
func (w Wire) Deadline() time.Duration {
	if d := *w.Conn.(memoryConn).deadline; !d.IsZero() {
		return time.Until(d).Round(time.Second)
	}
	return 0
}

func (w Wire) Encode(a Attempt) { w.begin(a.attempt, true) }
func (w Wire) Wrote(a Attempt)  { w.wrote(a.attempt) }
func (w Wire) End(a Attempt)    { w.end(a.attempt) }
func (w Wire) Unwritten() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.unwritten)
}
func (a Attempt) Sent() bool { return a.sent.Load() }

// Unwritten returns how many attempts have not written their header.
func (t *Transport) Unwritten() (n int) {
	for _, c := range t.pool.all() {
		n += Wire{c.gate.wire}.Unwritten()
	}
	return n
}

// Drain lets no further attempt begin.
func (w Wire) Drain() <-chan struct{} { return w.drain() }
