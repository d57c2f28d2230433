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

// A waiter is a request that needs a connection.
type waiter struct {
	seq   uint64
	grant chan grant // buffered: one
}

type grant struct {
	c   *conn
	v   *verdict
	err error
}

// acquire returns a connection, one slot of which is the caller's: conn.send
// must follow. A seq other than zero is that of an earlier acquire of the same
// request, which keeps its place.
func (p *pool) acquire(ctx context.Context, seq uint64) (grant, uint64, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return grant{}, 0, ErrClosed
	}
	// No slot is free while others wait: dispatch sees to that.
	if c := p.pick(); c != nil {
		g := grant{c: c, v: c.verdict}
		p.mu.Unlock()
		return g, seq, nil
	}
	w := &waiter{seq: seq, grant: make(chan grant, 1)}
	if seq == 0 {
		p.seq++
		w.seq = p.seq
	}
	at, _ := slices.BinarySearchFunc(p.waiters, w.seq, func(w *waiter, seq uint64) int {
		return int(int64(w.seq - seq))
	})
	p.waiters = slices.Insert(p.waiters, at, w)
	p.dispatch()
	p.poll()
	p.mu.Unlock()

	select {
	case g := <-w.grant:
		return g, w.seq, g.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
		p.mu.Unlock()
		return grant{}, 0, context.Cause(ctx)
	}
	p.mu.Unlock()
	if g := <-w.grant; g.c != nil { // too late: it goes to somebody else
		g.c.handed.Add(-1)
		g.c.changed()
	}
	return grant{}, 0, context.Cause(ctx)
}

// pollEvery is how often connections are looked at while somebody waits.
const pollEvery = 10 * time.Millisecond

// poll looks at all connections after a while, as long as somebody waits: the
// hook of a ClientConn misses a slot that was taken and given back while the hook
// ran.
func (p *pool) poll() {
	if len(p.waiters) == 0 || p.polling != nil || p.closed {
		return
	}
	p.polling = time.AfterFunc(pollEvery, func() {
		for _, c := range p.all() {
			c.changed()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.polling = nil
		p.dispatch() // there may be no connection left to do it
		p.poll()
	})
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

// dispatch serves waiters as long as there are slots, then sees to more.
func (p *pool) dispatch() {
	for len(p.waiters) > 0 {
		c := p.pick()
		if c == nil {
			p.supply()
			return
		}
		w := p.waiters[0]
		p.waiters = slices.Delete(p.waiters, 0, 1)
		w.grant <- grant{c: c, v: c.verdict}
	}
}

// maxPending bounds how many connections are attested at a time: all at once
// would only make each of them slower.
const maxPending = 16

// supply attests for those who wait: connections whose verdict has run out, or
// new ones. Over HTTP/1.1 everybody needs one. Over HTTP/2, and as long as the
// protocol is not known, one may do for all.
func (p *pool) supply() {
	want := min(len(p.waiters), maxPending)
	if !p.h1 || p.failures > 0 {
		want = min(want, 1)
	}
	for p.pending < want && !p.closed {
		if n := len(p.stale); n > 0 && !p.redial {
			c := p.stale[n-1]
			p.unopen(c)
			c.state = attesting
			p.start(func(ctx context.Context) { p.t.reattest(ctx, c) })
			continue
		}
		if p.redial && len(p.stale) > 0 { // not asked again: another one is tried
			p.retire(p.stale[len(p.stale)-1])
			continue
		}
		if !p.mayDial() || p.waitAfterFailure() {
			return
		}
		served, alone := p.seq, p.h1 && p.failures == 0
		p.dials++
		p.start(func(ctx context.Context) { p.t.connect(ctx, served, alone) })
	}
}

// start runs an attestation in the background: it is nobody's, so that whoever
// leaves takes nothing from the others.
func (p *pool) start(f func(context.Context)) {
	p.pending++
	p.t.spawn(f)
}

// Rules: TRN-36.
func (p *pool) mayDial() bool {
	most := p.t.config.MaxConns
	if most == 0 {
		return true
	}
	n := p.dials
	for c := range p.conns {
		if c.state != retired {
			n++
		}
	}
	return n < most
}

// Pauses after dials that failed, from the second on.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 2 * time.Second
)

// waitAfterFailure bounds how often a failing endpoint is asked. Who waits, waits
// on.
func (p *pool) waitAfterFailure() bool {
	if p.failures < 2 {
		return false
	}
	pause := lastPause
	if n := p.failures - 2; n < 8 {
		pause = min(pause, firstPause<<n)
	}
	rest := pause - p.t.now().since(p.retryAt)
	if rest <= 0 {
		return false
	}
	if p.retrying == nil {
		p.retrying = time.AfterFunc(rest, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.retrying = nil
			if !p.closed {
				p.dispatch()
			}
		})
	}
	return true
}

// dialled takes the outcome of a dial. A refusal of a fresh connection is final
// for those who waited for it.
func (p *pool) dialled(c *conn, err error, served uint64, alone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	p.dials--
	lost := err == nil && !p.add(c)
	if lost {
		err = answered("TRN-26", layerHTTP, "GET "+attestationPath, "a connection that stays open", "one that was lost after the answer")
	}
	if err != nil {
		p.failures++
		p.retryAt = p.t.now()
		again := lost && p.failures == 1 // a server may be about to restart: nobody was refused
		for len(p.waiters) > 0 && p.waiters[0].seq <= served && !again {
			p.waiters[0].grant <- grant{err: err}
			p.waiters = slices.Delete(p.waiters, 0, 1)
			if alone {
				break
			}
		}
	}
	if !p.closed {
		p.dispatch()
	}
}

// add takes in an attested connection, unless it was lost already.
func (p *pool) add(c *conn) bool {
	if c.state == closed {
		return false
	}
	if p.closed {
		c.state = closed
		p.t.discard(c)
		return true
	}
	p.failures, p.redial, p.h1 = 0, false, !c.gate.h2
	p.conns[c] = struct{}{}
	c.state = ready
	p.reopen(c, c.spare)
	return true
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
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

// offer takes in a connection that nobody waits for, if there is room.
func (p *pool) offer(c *conn) {
	p.mu.Lock()
	if p.closed || !p.mayDial() {
		p.remove(c)
	} else if p.add(c) {
		p.dispatch()
	}
	p.mu.Unlock()
	c.watch()
}
