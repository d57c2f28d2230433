package transport

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// A pool hands out attested connections, one request at a time, first come first
// served.
//
// Its mutex is never held while a method of a gate runs: the hook of a
// connection, which takes the mutex, runs inside of those.
type pool struct {
	t *Transport

	mu      sync.Mutex
	closed  bool
	conns   map[*conn]struct{} // all that are not closed
	open    []*conn            // ready, with a free slot; the one used last is last
	stale   []*conn            // were open, but the verdict has run out
	waiters []*waiter          // oldest first
	seq     uint64             // of the last waiter

	pending  int  // dials and re-attestations under way
	dials    int  // of these, dials
	h1       bool // the last connection speaks HTTP/1.1
	redial   bool // a re-attestation failed: try a fresh connection next
	failures int  // dials that failed since one succeeded
	retryAt  instant
	retrying *time.Timer
	polling  *time.Timer
}

// pick takes a slot of an open connection with a fresh verdict.
func (p *pool) pick() *conn {
	now := p.t.now()
	for len(p.open) > 0 {
		c := p.open[len(p.open)-1]
		if !c.verdict.fresh(now) {
			p.unopen(c)
			p.stale = append(p.stale, c)
			continue
		}
		c.handed.Add(1)
		c.picks.Add(1)
		c.idle = false
		c.free--
		c.slack.Store(int64(c.free))
		if c.free == 0 {
			p.unopen(c)
		}
		return c
	}
	return nil
}

// reopen puts a connection where its slots and its state belong.
func (p *pool) reopen(c *conn, free int) {
	c.free = max(0, free)
	switch {
	case c.state != ready || c.free == 0:
		p.unopen(c)
	case !slices.Contains(p.stale, c):
		if !slices.Contains(p.open, c) {
			p.open = append(p.open, c)
		}
		c.slack.Store(int64(c.free))
	}
}

func (p *pool) unopen(c *conn) {
	c.slack.Store(0)
	for _, list := range []*[]*conn{&p.open, &p.stale} {
		if i := slices.Index(*list, c); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
		}
	}
}

// remove takes a connection out and closes it.
func (p *pool) remove(c *conn) {
	if c.state == closed {
		return
	}
	p.unopen(c)
	delete(p.conns, c)
	c.state = closed
	if c.timer != nil {
		c.timer.Stop()
	}
	p.t.discard(c)
}

// retire lets a connection finish what it carries.
func (p *pool) retire(c *conn) {
	p.unopen(c)
	if c.state == closed {
		return
	}
	c.state = retired
	p.t.spawn(func(context.Context) { c.changed() }) // there may be nothing to wait for
}

// trim keeps the number of idle connections of HTTP/1.1 down.
func (p *pool) trim(c *conn) {
	if len(p.open)+len(p.stale) <= p.t.config.MaxIdle || c.gate.h2 || len(p.waiters) > 0 {
		return
	}
	if len(p.stale) > 0 {
		p.remove(p.stale[0])
	} else {
		p.remove(p.open[0])
	}
}

// cutVerdicts ends verdicts that rest on an older bundle.
func (p *pool) cutVerdicts(generation uint64) {
	now := p.t.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if c.verdict.bundle != generation {
			c.verdict = c.verdict.cut(now)
			if c.timer != nil {
				c.timer.Reset(0) // watch knows when the end is now
			}
		}
	}
}

// closeIdle closes the connections that carry nothing.
func (p *pool) closeIdle() {
	for _, c := range p.all() {
		s := c.look()
		p.mu.Lock()
		if c.state != closed && c.state != attesting && !p.closed {
			if c.see(s); c.idle {
				p.remove(c)
			}
			p.dispatch()
		}
		p.mu.Unlock()
	}
}

func (p *pool) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.conns))
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// close closes all connections, and turns everybody away.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		p.remove(c)
	}
	p.closed = true
	for _, w := range p.waiters {
		w.grant <- grant{err: ErrClosed}
	}
	p.waiters = nil
	for _, timer := range []*time.Timer{p.retrying, p.polling} {
		if timer != nil {
			timer.Stop()
		}
	}
}
