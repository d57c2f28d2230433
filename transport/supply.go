package transport

import (
	"context"
	"slices"
	"time"
)

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
