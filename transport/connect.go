package transport

import "context"

// connect opens and attests a connection for the pool.
func (t *Transport) connect(ctx context.Context, served uint64, alone bool) {
	c, err := t.newConn(ctx)
	t.pool.dialled(c, err, served, alone)
	if err == nil {
		c.watch()
	}
}

// newConn returns an attested connection that is not yet in the pool.
func (t *Transport) newConn(ctx context.Context) (*conn, error) {
	g, err := t.dial(ctx)
	if err != nil {
		return nil, t.failed(err)
	}
	v, err := t.attest(ctx, g)
	if err != nil {
		g.cc.Close()
		return nil, err
	}
	c := &conn{gate: g, pool: t.pool, verdict: v, idle: true, idleSince: t.now()}
	// The settings of HTTP/2 have come by now, before the answer did.
	c.spare, _, _ = g.load()
	if !t.deaf {
		g.cc.SetStateHook(c.hook)
	}
	return c, nil
}

// reattest attests a connection again, over itself. Requests that run may
// finish when it could not be asked. When it was refused they may not: the
// verdict says that something else is there.
// Rules: TRN-33, TRN-34.
func (t *Transport) reattest(ctx context.Context, c *conn) {
	v, err := t.attest(ctx, c.gate)
	s := c.look()
	p := t.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	if p.closed {
		return
	}
	if c.state != closed {
		switch {
		case err == nil:
			p.failures, p.redial = 0, false
			c.verdict, c.state = v, ready
			c.see(s)
			p.reopen(c, c.free) // a look that began later may have come first, when it took no request
		case isUnavailable(err):
			p.redial = true
			p.retire(c)
		default:
			p.redial = true
			p.remove(c)
		}
		if s.dead {
			p.remove(c)
		}
	}
	p.dispatch()
}
