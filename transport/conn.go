package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

type state uint8

const (
	attesting state = iota // takes no request
	ready                  // takes requests as long as its verdict is fresh
	retired                // finishes what it carries
	closed
)

// A conn is one connection of a pool. What is below the gate is guarded by the
// mutex of the pool.
type conn struct {
	gate   *gate
	pool   *pool
	handed atomic.Int32  // slots that were handed out and not yet reserved
	picks  atomic.Uint64 // slots that were ever handed out
	events atomic.Uint64 // calls of changed
	slack  atomic.Int64  // free, as long as the connection is open; nobody waits then
	looks  atomic.Uint64 // calls of look

	state     state
	seen      uint64 // the newest look that was taken over
	verdict   *verdict
	free      int  // slots that may be handed out
	spare     int  // slots when it was attested
	idle      bool // nothing runs, nothing was handed out
	idleSince instant
	timer     *time.Timer
}

// checkEvery bounds how long a timer sleeps: it knows the monotonic clock only.
const checkEvery = 30 * time.Second

// A sight is what a look at a connection showed.
type sight struct {
	look           uint64
	spare, running int
	dead           bool
	handed         int32
	picks          uint64
}

// look must be called without the mutex of the pool. What it counts is older
// than what it asks the connection, so that a request between the two is seen.
func (c *conn) look() (s sight) {
	s.look = c.looks.Add(1)
	s.picks, s.handed = c.picks.Load(), c.handed.Load()
	s.spare, s.running, s.dead = c.gate.load()
	return s
}

// see takes over what a look showed, unless one that began later came first: each
// slot that is given back is looked for after that, but not in that order.
func (c *conn) see(s sight) {
	if s.look < c.seen {
		return
	}
	c.seen = s.look
	idle := s.running == 0 && s.handed == 0 && s.picks == c.picks.Load()
	if idle && !c.idle {
		c.idleSince = c.pool.t.now()
	}
	c.idle = idle
	since := c.picks.Load() - s.picks // slots that the look may still have counted as free
	c.pool.reopen(c, s.spare-int(s.handed)-int(since))
}

// hook runs when a request has ended or the connection has. A connection of
// HTTP/2 need not be counted each time, as long as more slots are left for those
// who come next than others may take before it is counted.
func (c *conn) hook(*http.ClientConn) {
	if c.slack.Load() > int64(c.spare/2) && c.gate.cc.Err() == nil {
		return
	}
	c.changed()
}

// changed looks at the connection again.
func (c *conn) changed() {
	c.events.Add(1)
	s := c.look()
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.state == closed || p.closed {
		return
	}
	c.see(s)
	if s.dead || c.state == retired && c.idle {
		p.remove(c)
	} else {
		p.trim(c)
	}
	p.dispatch()
}

// send sends a request on a slot that acquire handed out.
func (c *conn) send(req *http.Request, a *attempt) (*http.Response, error) {
	before := c.events.Load()
	res, err := c.gate.send(req, a, func() { c.handed.Add(-1) })
	switch {
	case err == errNoSlot:
		if c.refused(before) {
			err = errLost
		}
	case err == errExpired:
		c.changed()
	case err != nil && c.gate.wire.wasLate():
		c.drop()
	}
	return res, err
}

// drop closes the connection: HTTP/2 does not notice by itself that nothing can
// be written any more.
func (c *conn) drop() {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.remove(c)
		p.dispatch()
	}
}

// refused notes that there was no slot: the connection is dead, draining, or
// full. It is not marked full when it has changed since: then no other change
// may come to open it again. It reports whether the connection is gone.
func (c *conn) refused(before uint64) (gone bool) {
	s := c.look()
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c.state == closed || p.closed:
	case s.dead:
		p.remove(c)
		p.dispatch()
	case c.gate.h2 && s.running < c.spare: // takes none, but is not full
		p.retire(c)
		p.dispatch()
	default:
		if c.events.Load() == before {
			p.reopen(c, 0)
		}
		return false
	}
	return true
}

// watch closes the connection when nobody uses it, or when its verdict ran out
// too long ago for what it still carries.
// Rules: TRN-35.
func (c *conn) watch() {
	s := c.look()
	p := c.pool
	now := p.t.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.state == closed || p.closed {
		return
	}
	c.see(s)
	next := min(checkEvery, p.t.config.IdleTimeout, c.verdict.life+p.t.config.MaxRequestAge-now.since(c.verdict.asked))
	over := c.verdict.over(now, p.t.config.MaxRequestAge)
	if c.idle && c.state != attesting {
		unused := now.since(c.idleSince)
		next = min(next, p.t.config.IdleTimeout-unused)
		over = over || c.state == retired || unused >= p.t.config.IdleTimeout
	}
	if c.timer != nil {
		c.timer.Stop() // cutVerdicts may have set it once more
	}
	if over {
		p.remove(c)
	} else {
		c.timer = time.AfterFunc(max(next, time.Millisecond), c.watch)
	}
	p.dispatch()
}
