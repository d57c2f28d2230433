package transport

import (
	"net/http"
	"time"

	"github.com/tresorhq/attest/internal/fetch"
)

type state uint8

const (
	attesting state = iota // takes no request
	ready                  // takes requests as long as its verdict is fresh
	retired                // finishes what it carries
	closed
)

// A conn is one connection of a pool. What is below slots is guarded by the mutex of
// the pool.
//
// Slots are counted here: one is taken when a request is assigned to the connection,
// and it is back when the answer has ended or the request has failed. The count of
// net/http may differ for a moment, of streams that it is still resetting: then
// Reserve refuses, and the connection is not listed for a moment.
type conn struct {
	gate  *gate
	pool  *pool
	slots int // that it had when it was attested

	state     state
	verdict   *verdict
	used      int           // slots
	carried   bool          // a request was assigned to it
	served    bool          // a request was answered over it
	counted   bool          // as a failure, since it was lost before
	idleSince fetch.Instant // meaningful when used is 0
	timer     *time.Timer
}

// aMoment is how long a connection is not listed after Reserve has refused.
const aMoment = 10 * time.Millisecond

// checkEvery bounds how long a timer sleeps: it knows the monotonic clock only.
const checkEvery = 30 * time.Second

// open reports whether a request may be assigned to the connection if its verdict
// is fresh.
func (c *conn) open() bool { return c.state == ready && c.used < c.slots }

// lost is the state hook of net/http. It is what counting slots cannot tell: that
// nothing comes through the connection any more. (The hook may miss a slot; a
// connection ends only once.) It runs within the methods of a ClientConn, which
// therefore are never called under the mutex of the pool.
func (c *conn) lost(cc *http.ClientConn) {
	if cc.Err() == nil {
		return
	}
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.state == closed || p.closed {
		return
	}
	p.remove(c)
	if c.used > 0 && !c.gate.h2 { // the request on it finds out why: a caller that cancels it ends the connection
		p.wake(aMoment)
		return
	}
	p.wasted(c)
	p.dispatch()
}

// send sends a request on a slot that acquire handed out. The slot is back when the
// answer has ended, or send has failed.
// Rules: TRN-36.
func (c *conn) send(req *http.Request, a *attempt) (*http.Response, error) {
	res, err := c.gate.send(req, a)
	switch {
	case err == nil && res.StatusCode == http.StatusSwitchingProtocols: // no request asked for it
		res.Body.Close()
		c.pool.wastedOn(c)
		c.release(false, ErrProtocolChanged)
		return nil, ErrProtocolChanged
	case err == nil:
		c.answered(res, a)
		return res, nil
	case err == errNoSlot:
		return nil, c.refused()
	case err == errExpired:
		c.release(true, nil)
		return nil, err
	}
	err = c.gate.explain(err)
	if brokeOff(err) {
		c.pool.wastedOn(c)
	}
	c.release(c.gate.h2, nil)
	return nil, err
}

// answered sees to it that the slot is back when the answer has ended.
func (c *conn) answered(res *http.Response, a *attempt) {
	b := &answerBody{ReadCloser: res.Body, conn: c, attempt: a, keep: c.gate.h2 || !res.Close}
	c.pool.servedOn(c)
	if res.ContentLength == 0 || res.Request.Method == http.MethodHead || res.Body == http.NoBody {
		b.end(true)
	}
	res.Body = b
}

// release gives a slot back. The connection is closed when it cannot be used again.
func (c *conn) release(again bool, why error) {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	c.leave()
	if !again || c.state == retired && c.used == 0 {
		p.closeFor(c, why)
	} else {
		p.list(c)
		p.trim(c)
	}
	p.dispatch()
}

// refused gives back the slot that Reserve has refused. A connection that takes no
// request any more is left, and one that is full is tried again in a moment.
func (c *conn) refused() error {
	gone := c.gate.gone(c.slots)
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	c.leave()
	if gone || c.state == closed {
		p.wasted(c)
		p.retire(c)
		p.dispatch()
		return errLost
	}
	p.unlist(c)
	time.AfterFunc(aMoment, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.list(c)
		p.dispatch()
	})
	return errNoSlot
}

// leave takes a request off the connection. Callers hold the mutex.
func (c *conn) leave() {
	if c.used--; c.used == 0 {
		c.idleSince = c.pool.now()
	}
}

// watch closes the connection when nothing uses it, or when its verdict ended too
// long ago for what it still carries.
// Rules: TRN-35.
func (c *conn) watch() {
	c.gate.wire.expire()
	p := c.pool
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.state == closed || p.closed {
		return
	}
	next := min(checkEvery, p.config.IdleTimeout, c.verdict.life+p.config.MaxRequestAge-now.Since(c.verdict.asked))
	if left := c.verdict.left(now); left > 0 {
		next = min(next, left) // when an unwritten attempt is too late
	}
	unused := time.Duration(0)
	if c.used == 0 && c.state != attesting {
		unused = now.Since(c.idleSince)
		next = min(next, p.config.IdleTimeout-unused)
	}
	if c.timer != nil {
		c.timer.Stop() // cutVerdicts may have set it once more
	}
	switch {
	case c.verdict.over(now, p.config.MaxRequestAge):
		p.closeFor(c, c.verdict.ended("TRN-35", "the request ran too long after the verdict had ended"))
	case unused >= p.config.IdleTimeout || c.used == 0 && c.state == retired:
		p.remove(c)
	default:
		c.timer = time.AfterFunc(max(next, time.Millisecond), c.watch)
	}
	p.dispatch()
}
