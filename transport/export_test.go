package transport

import (
	"crypto/tls"
	"net/netip"
	"time"
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

// SetPublic replaces the judgement on addresses of bundles that envelopes name.
func (t *Transport) SetPublic(f func(netip.AddrPort) bool) { t.public = f }

// Counts returns how many connections there are, and how many requests wait.
func (t *Transport) Counts() (conns, waiters int) {
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	return len(t.pool.conns), len(t.pool.waiters)
}

// InFlight returns the requests and reservations on all connections.
func (t *Transport) InFlight() (n int) {
	t.pool.mu.Lock()
	var all []*conn
	for c := range t.pool.conns {
		all = append(all, c)
	}
	t.pool.mu.Unlock()
	for _, c := range all {
		n += c.gate.cc.InFlight() + int(c.handed.Load())
	}
	return n
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
