package transport

import (
	"context"
	"slices"
	"time"
)

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
