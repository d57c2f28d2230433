package transport

import (
	"context"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

// prove attests one connection, over that connection.
func (e *endpoint) prove(ctx context.Context, g *gate) (*verdict, error) {
	asked := e.now() // the verdict's life counts from before the question
	a, err := g.ask(ctx, e.origin, e.config.MinTLS)
	if err != nil {
		return nil, e.failed(err)
	}
	audit, generation := e.judge.Judge(ctx, attest.Evidence{Envelope: a.envelope, LiveSPKI: a.spki})
	if audit.Err != nil {
		return nil, e.report(audit)
	}
	v := &verdict{
		result: audit.Result, asked: asked, life: min(audit.Result.MaxAge, e.config.MaxVerdictAge),
		bundle: generation, newest: e.judge.Newest(),
	}
	if now := e.now(); now.Since(asked) >= v.span() {
		return nil, e.failed(fetch.Answered("TRN-32", fetch.HTTP, "GET "+attestationPath, "an answer and its verification in less than "+v.span().String(), "one that took longer"))
	}
	e.newest.Store(v)
	e.judge.Allowed()
	e.report(audit)
	return v, nil
}

// report tells the hook, and returns the error.
func (e *endpoint) report(a *attest.Audit) error {
	if e.config.OnAudit != nil {
		e.config.OnAudit(a)
	}
	return a.Err
}

// failed reports what failed before anything was verified.
func (e *endpoint) failed(err error) error { return e.report(&attest.Audit{Err: err}) }
