package transport

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A pool hands out attested connections, one request at a time, first come first
// served.
type pool struct {
	*endpoint

	mu      sync.Mutex
	closed  bool
	retired bool               // takes no request any more
	conns   map[*conn]struct{} // all that are not closed
	free    []*conn            // open, by the last look at the clock with a fresh verdict; the one used last is last
	stale   []*conn            // ready, but the verdict is not fresh any more
	waiters []*waiter          // longest waiting first
	seq     uint64             // of the last waiter
	supply  supply
}

// A waiter is a request that needs a connection.
type waiter struct {
	seq    uint64
	caller context.Context
	own    *attestation // that was started for it, or nil
	grant  chan grant   // buffered: one
}

// A grant is a slot of a connection, or why there is none.
type grant struct {
	c      *conn
	v      *verdict
	reused bool          // a request was assigned to the connection before
	idle   time.Duration // how long it has carried none
	err    error
}

// acquire returns a grant. conn.send must follow one that has a connection. A seq
// other than zero is that of an earlier acquire of the same request, which keeps its
// place.
func (p *pool) acquire(ctx context.Context, seq uint64) (grant, uint64, error) {
	p.mu.Lock()
	if p.closed || p.retired {
		err := p.why()
		p.mu.Unlock()
		return grant{}, 0, err
	}
	// No slot is free while others wait: dispatch sees to that.
	if g, ok := p.take(); ok {
		p.mu.Unlock()
		return g, seq, nil
	}
	w := &waiter{seq: seq, caller: ctx, grant: make(chan grant, 1)}
	if seq == 0 {
		p.seq++
		w.seq = p.seq
	}
	at, _ := slices.BinarySearchFunc(p.waiters, w.seq, func(w *waiter, seq uint64) int {
		return int(int64(w.seq - seq))
	})
	p.waiters = slices.Insert(p.waiters, at, w)
	p.dispatch()
	p.mu.Unlock()

	var known <-chan time.Time
	if p.judge.Refusal() != nil {
		timer := time.NewTimer(p.testingPatience)
		defer timer.Stop()
		known = timer.C
	}
	var err error
	for err == nil {
		select {
		case g := <-w.grant:
			return g, w.seq, g.err
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-known: // what runs there is refused, and nothing else answers
			err = p.judge.Refusal()
		}
	}
	p.mu.Lock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.serve(i, grant{})
	}
	p.mu.Unlock()
	if g := <-w.grant; g.c != nil { // too late: it goes to another request
		g.c.release(true, nil)
	}
	return grant{}, 0, err
}

// dispatch serves waiters as long as there are slots, then sees to more.
func (p *pool) dispatch() {
	for len(p.waiters) > 0 && !p.closed {
		g, ok := p.take()
		if !ok {
			p.attestMore()
			return
		}
		p.serve(0, g)
	}
}

// serve answers a request that waits.
func (p *pool) serve(i int, g grant) {
	w := p.waiters[i]
	p.waiters = slices.Delete(p.waiters, i, i+1)
	w.grant <- g
	p.disown(w)
}

// take takes a slot of an open connection with a fresh verdict.
func (p *pool) take() (grant, bool) {
	now := p.now()
	for len(p.free) > 0 {
		c := p.free[len(p.free)-1]
		if !c.verdict.fresh(now) {
			p.unlist(c)
			p.stale = append(p.stale, c)
			continue
		}
		g := grant{c: c, v: c.verdict, reused: c.carried}
		if c.used == 0 && c.carried {
			g.idle = now.Since(c.idleSince)
		}
		c.used++
		c.carried = true
		if !c.open() {
			p.unlist(c)
		}
		return g, true
	}
	return grant{}, false
}

// list puts a connection where its slots and its state belong.
func (p *pool) list(c *conn) {
	if c.open() && !slices.Contains(p.stale, c) && !slices.Contains(p.free, c) {
		p.free = append(p.free, c)
	}
}

func (p *pool) unlist(c *conn) {
	for _, list := range []*[]*conn{&p.free, &p.stale} {
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
	p.unlist(c)
	delete(p.conns, c)
	c.state = closed
	if c.timer != nil {
		c.timer.Stop()
	}
	p.discard(c.gate.cc)
}

// closeFor removes a connection. What still runs on it ends with the error why, if
// there is one.
func (p *pool) closeFor(c *conn, why error) {
	if why != nil && c.used > 0 {
		c.gate.wire.close(why)
	}
	p.remove(c)
}

// retire lets a connection finish what it carries.
func (p *pool) retire(c *conn) {
	p.unlist(c)
	if c.state == closed {
		return
	}
	if c.state = retired; c.used == 0 {
		p.remove(c)
	}
}

// trim keeps the number of idle connections of HTTP/1.1 down.
func (p *pool) trim(c *conn) {
	if len(p.free)+len(p.stale) <= p.config.MaxIdle || c.gate.h2 || len(p.waiters) > 0 {
		return
	}
	if len(p.stale) > 0 {
		p.remove(p.stale[0])
	} else {
		p.remove(p.free[0])
	}
}

// cutVerdicts ends verdicts that rest on an older bundle.
func (p *pool) cutVerdicts(generation uint64) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if c.verdict.bundle != generation {
			c.verdict = c.verdict.cut(now)
			c.gate.wire.judged(c.verdict)
			if c.timer != nil {
				c.timer.Reset(0) // watch knows when the end is now
			}
		}
	}
}

// closeIdle closes the connections that carry nothing.
func (p *pool) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if c.used == 0 && c.state != attesting {
			p.remove(c)
		}
	}
	p.dispatch()
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// why returns why no request is taken any more. Callers hold the mutex.
func (p *pool) why() error {
	if p.closed {
		return ErrClosed
	}
	return ErrRetired
}

// drain turns all waiters away, lets the connections finish what they carry, and returns
// them: no further attempt begins there.
func (p *pool) drain() (wires []*wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	for len(p.waiters) > 0 {
		p.serve(0, grant{err: p.why()})
	}
	for c := range p.conns {
		c.gate.wire.drain()
		wires = append(wires, c.gate.wire)
		p.retire(c)
	}
	return wires
}

// close closes all connections, and turns all waiters away.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		p.closeFor(c, ErrClosed)
	}
	for len(p.waiters) > 0 {
		p.serve(0, grant{err: ErrClosed})
	}
	p.closed = true
	if p.supply.waker != nil {
		p.supply.waker.Stop()
	}
}
