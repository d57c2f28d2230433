package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http/httptrace"
	"slices"
	"time"

	"github.com/tresorhq/attest/internal/fetch"
)

const (
	// maxRunning bounds how many connections are attested at a time: all at once
	// would only make each of them slower.
	maxRunning = 16
	// hedge is how long an attestation is waited for alone, where one may do for all
	// who wait.
	hedge = 100 * time.Millisecond
	// patience is how long an attestation may take that no request waits for, and
	// how long a request waits for better news than a refusal that is known.
	patience = 500 * time.Millisecond
	// firstPause and lastPause are the pauses after failures in a row, from the
	// second on: each is twice the one before.
	firstPause = 25 * time.Millisecond
	lastPause  = 4 * time.Second
)

// A supply is the attestations that run for those who wait, and what decides when
// the next one may begin. It is guarded by the mutex of the pool.
type supply struct {
	running []*attestation
	dials   int // of these, new connections

	lastWasHTTP1 bool // the connection that was attested last
	preferFresh  bool // a re-attestation failed: a new connection is tried next
	failures     int  // in a row: a request that is served ends it
	pause        time.Duration
	last         fetch.Instant // when an attestation began, or failed
	waker        *time.Timer
	wakeAt       time.Duration // by the monotonic fetch.Clock
}

// An attestation is bound to no caller's context: a caller that leaves must not
// take from the others what they may wait for. One that no request waits for ends
// after a while, so that pods that hang do not use up the bound.
type attestation struct {
	begun  fetch.Instant
	seq    uint64  // of the last waiter when it began: a failure is not for those who came later
	owner  *waiter // that it was begun for; nil: that one has a connection, or has left
	dial   bool    // of a new connection
	cancel context.CancelFunc
	ended  bool // canceled, since no request waited for it
}

// attestMore begins attestations for those who wait and have none, those first who have
// waited longest: of connections whose verdict has ended, or of new ones.
// Rules: TRN-36, TRN-37.
func (p *pool) attestMore() {
	s := &p.supply
	now := p.now()
	for _, w := range p.waiters {
		if w.own != nil {
			continue
		}
		if i := slices.IndexFunc(s.running, func(a *attestation) bool {
			return a.owner == nil && now.Since(a.begun) < patience && !a.ended
		}); i >= 0 {
			w.own, s.running[i].owner = s.running[i], w
			continue
		}
		if len(s.running) >= maxRunning {
			return
		}
		if d := s.wait(now); d > 0 {
			p.wake(d)
			return
		}
		if !p.begin(w, now) {
			return
		}
	}
}

// wait returns how long the next attestation must wait. Over HTTP/1.1 each request
// needs a connection. Over HTTP/2, as long as the protocol is not known, and after a
// failure, one may do for all.
func (s *supply) wait(now fetch.Instant) (d time.Duration) {
	if len(s.running) > 0 && (!s.lastWasHTTP1 || s.failures > 0) {
		d = hedge
	}
	if s.failures > 1 {
		d = max(d, s.pause)
	}
	return d - now.Since(s.last)
}

// wake looks again after a while.
func (p *pool) wake(after time.Duration) {
	s := &p.supply
	now := p.now().Mono
	if s.waker != nil {
		if now < s.wakeAt && s.wakeAt <= now+after {
			return
		}
		s.waker.Stop()
	}
	s.wakeAt = now + after
	s.waker = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.waker = nil
		p.dispatch()
	})
}

// begin begins an attestation. It reports false when there is nothing to attest.
func (p *pool) begin(w *waiter, now fetch.Instant) bool {
	s := &p.supply
	var stale *conn
	for n := len(p.stale); n > 0 && stale == nil; n = len(p.stale) {
		if c := p.stale[n-1]; s.preferFresh {
			p.retire(c) // not asked again: another one is tried
		} else {
			stale = c
		}
	}
	if stale == nil && !p.mayDial() {
		return false
	}
	ctx, cancel := context.WithCancel(p.ctx)
	a := &attestation{begun: now, seq: p.seq, owner: w, dial: stale == nil, cancel: cancel}
	trace := httptrace.ContextClientTrace(w.caller)
	if !p.spawn(ctx, func(ctx context.Context) {
		defer cancel()
		if stale != nil {
			p.reattest(ctx, a, stale)
		} else {
			p.open(ctx, a, trace)
		}
	}) {
		cancel()
		return false
	}
	if stale != nil {
		p.unlist(stale)
		stale.state = attesting
	} else {
		s.dials++
	}
	w.own, s.last = a, now
	s.running = append(s.running, a)
	return true
}

// disown says that a request does not wait any more. Another one may take over the
// attestation that was begun for it.
func (p *pool) disown(w *waiter) {
	a := w.own
	if a == nil {
		return
	}
	w.own, a.owner = nil, nil
	time.AfterFunc(max(0, patience-p.now().Since(a.begun)), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if a.owner == nil {
			a.ended = true
			a.cancel()
		}
	})
}

// finished takes an attestation off the list.
func (p *pool) finished(a *attestation) {
	s := &p.supply
	s.running = slices.DeleteFunc(s.running, func(r *attestation) bool { return r == a })
	if a.dial {
		s.dials--
	}
	if a.owner != nil {
		a.owner.own = nil
	}
	a.owner = nil
}

// Rules: TRN-36.
func (p *pool) mayDial() bool {
	most := p.config.MaxConns
	return most == 0 || p.held() < most
}

// held counts the connections that take requests, or soon may.
func (p *pool) held() int {
	n := p.supply.dials
	for c := range p.conns {
		if c.state != retired {
			n++
		}
	}
	return n
}

// countFailure counts one more in a row. The pauses have jitter, so that clients which failed at
// the same time do not all come back at the same time.
func (p *pool) countFailure() {
	s := &p.supply
	s.failures++
	s.last = p.now()
	s.pause = min(lastPause, firstPause<<min(max(0, s.failures-2), 8))
	s.pause -= rand.N(s.pause / 10)
}

// wasted counts a connection that was lost before it served a request, or refused the
// first one.
func (p *pool) wasted(c *conn) {
	if !c.served && !c.counted {
		c.counted = true
		p.countFailure()
	}
}

func (p *pool) wastedOn(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wasted(c)
}

// servedOn notes that a request was answered: only that ends a row of failures.
func (p *pool) servedOn(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.served = true
	if p.supply.failures > 0 {
		p.supply.failures = 0
		p.dispatch()
	}
}

// dialled takes the outcome of a dial. A refusal of a fresh connection is final for the
// request that has waited longest, and a connection that was lost counts for the one that
// it was opened for; after a row of failures, either is for all that wait.
// Rules: TRN-26, TRN-34, TRN-36.
func (p *pool) dialled(a *attestation, c *conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	owner := a.owner
	p.finished(a)
	switch {
	case err == nil && c.state != closed && c.slots > 0:
		p.add(c)
	case err == nil:
		p.remove(c)
		p.wasted(c)
		p.fail(a.seq, owner, errLost)
	case !a.ended:
		p.countFailure()
		p.fail(a.seq, owner, err)
	}
	p.dispatch()
}

// fail tells those of an attestation's failure that it is for, of the waiters up to seq.
func (p *pool) fail(seq uint64, owner *waiter, err error) {
	lost, all := errors.Is(err, errLost), p.supply.failures >= maxRunning
	if all {
		err = unsent(err)
	}
	for i := 0; i < len(p.waiters) && p.waiters[i].seq <= seq; {
		if lost && !all && p.waiters[i] != owner {
			i++
			continue
		}
		p.serve(i, grant{err: err})
		if !all {
			return
		}
	}
}

// offer takes in a connection that no request waits for, if there is room.
func (p *pool) offer(c *conn) {
	p.mu.Lock()
	switch {
	case c.state == closed || c.slots == 0 || !p.mayDial():
		p.remove(c)
	default:
		p.add(c)
		p.dispatch()
	}
	p.mu.Unlock()
	c.watch()
}

// add takes in an attested connection.
func (p *pool) add(c *conn) {
	if p.closed || p.retired {
		p.remove(c)
		return
	}
	p.supply.preferFresh, p.supply.lastWasHTTP1 = false, !c.gate.h2
	p.conns[c] = struct{}{}
	c.state = ready
	p.list(c)
}
