package transport

import (
	"context"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

// prove attests one connection, over that connection.
func (t *Transport) prove(ctx context.Context, g *gate) (*verdict, error) {
	asked := t.now() // the verdict's life counts from before the question
	a, err := g.ask(ctx, t.origin, t.config.MinTLS)
	if err != nil {
		return nil, t.failed(err)
	}
	audit, generation := t.judge.Judge(ctx, attest.Evidence{Envelope: a.envelope, LiveSPKI: a.spki})
	if audit.Err != nil {
		return nil, t.report(audit)
	}
	v := &verdict{
		result: audit.Result, asked: asked, life: min(audit.Result.MaxAge, t.config.MaxVerdictAge),
		bundle: generation, newest: t.judge.Newest(),
	}
	if now := t.now(); now.Since(asked) >= v.span() {
		return nil, t.failed(fetch.Answered("TRN-32", fetch.HTTP, "GET "+attestationPath, "an answer and its verification in less than "+v.span().String(), "one that took longer"))
	}
	t.newest.Store(v)
	t.judge.Allowed()
	t.report(audit)
	return v, nil
}

// report tells the hook, and returns the error.
func (t *Transport) report(a *attest.Audit) error {
	if t.config.OnAudit != nil {
		t.config.OnAudit(a)
	}
	return a.Err
}

// failed reports what failed before anything was verified.
func (t *Transport) failed(err error) error { return t.report(&attest.Audit{Err: err}) }
