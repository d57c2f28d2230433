package transport

import (
	"context"
	"net/http/httptrace"

	"github.com/tresorhq/attest/internal/judge"
)

// open opens and attests a connection for those who wait.
func (p *pool) open(ctx context.Context, a *attestation, caller *httptrace.ClientTrace) {
	c, err := p.connect(ctx, caller)
	p.dialled(a, c, err)
	if err == nil {
		c.watch()
	}
}

// connect returns an attested connection that is not yet in the pool.
func (p *pool) connect(ctx context.Context, caller *httptrace.ClientTrace) (*conn, error) {
	g, err := p.dial(ctx, caller)
	if err != nil {
		return nil, p.failed(err)
	}
	v, err := p.prove(ctx, g)
	if err != nil {
		g.cc.Close()
		return nil, err
	}
	g.wire.judged(v)
	// The settings of HTTP/2 have come by now, before the answer did.
	c := &conn{gate: g, pool: p, verdict: v, slots: g.cc.Available(), idleSince: p.now()}
	g.cc.SetStateHook(c.lost)
	return c, nil
}

// reattest attests a connection again, over itself. Requests that run may
// finish when it could not be asked. When it was refused they may not: the
// verdict says that something else is there.
// Rules: TRN-33, TRN-34.
func (p *pool) reattest(ctx context.Context, a *attestation, c *conn) {
	v, err := p.prove(ctx, c.gate)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished(a)
	p.supply.preferFresh = err != nil
	switch {
	case err == nil && c.state == attesting:
		c.verdict, c.state = v, ready
		c.gate.wire.judged(v)
		p.list(c)
	case err == nil || judge.IsUnavailable(err):
		p.retire(c)
	default:
		p.closeFor(c, err)
	}
	p.dispatch()
}
