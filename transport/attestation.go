package transport

import (
	"context"
	"errors"
	"time"

	"github.com/tresorhq/attest"
)

// attest attests one connection, over that connection.
func (t *Transport) attest(ctx context.Context, g *gate) (*verdict, error) {
	asked := t.now() // the verdict's life counts from before the question
	a, err := g.ask(ctx, t.origin, t.config.MinTLS)
	if err != nil {
		return nil, t.failed(err)
	}
	audit, generation := t.judge(ctx, attest.Evidence{Envelope: a.envelope, LiveSPKI: a.spki})
	if audit.Err != nil {
		return nil, t.report(audit)
	}
	v := &verdict{
		result: audit.Result, asked: asked, life: min(audit.Result.MaxAge, t.config.MaxVerdictAge),
		bundle: generation, newest: &t.bundles.newest,
	}
	if now := t.now(); now.since(asked) >= v.span() {
		return nil, t.failed(answered("TRN-32", layerHTTP, "GET "+attestationPath, "an answer and its verification in less than "+v.span().String(), now.since(asked).String()))
	}
	t.newest.Store(v)
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

// judge completes evidence and verifies it. A refusal by a bundle or a CRL that
// is not young says little: what runs there may have been allowed since. Then
// newer ones are fetched, and judge: once.
// Rules: TRN-49.
func (t *Transport) judge(ctx context.Context, e attest.Evidence) (a *attest.Audit, generation uint64) {
	a, generation, oldest := t.judgeWith(ctx, &e, maxBundleAge, crlAge)
	if a.Err != nil && oldest > minBundleAge && !isUnavailable(a.Err) {
		a, generation, _ = t.judgeWith(ctx, &e, minBundleAge, minBundleAge)
	}
	if a.Err == nil {
		t.bundles.accepted(e)
		t.refreshSoon()
	}
	return a, generation
}

// judgeWith verifies with a bundle and a CRL that are at most so old, and says
// how old the older one was.
func (t *Transport) judgeWith(ctx context.Context, e *attest.Evidence, bundleAge, crlAge time.Duration) (a *attest.Audit, generation uint64, age time.Duration) {
	address, bundle, err := t.bundles.get(ctx, *e, bundleAge)
	if err == nil {
		e.CRLs, err = t.crls(ctx, e.Envelope, crlAge)
	}
	if err != nil {
		return &attest.Audit{Err: err}, 0, 0
	}
	e.Bundle = bundle.body
	now := t.now()
	age = now.since(bundle.fetched)
	a = t.verifier.Audit(*e, now.wall)
	switch {
	case passed(a, 3, 7):
		generation = t.adopt(address, bundle)
	case !passed(a, 3, 6):
		t.bundles.cache.drop(address, bundle)
	}
	if a.Err != nil && t.config.Revocation != nil {
		age = max(age, t.revocations.age(now))
	}
	return a, generation, age
}

// adopt makes a bundle the current one. When that is news, verdicts by the old
// one do not count any more, and what runs under them ends in time.
// Rules: TRN-48.
func (t *Transport) adopt(address string, d document) uint64 {
	generation, changed := t.bundles.adopt(address, d)
	if changed {
		t.pool.cutVerdicts(generation)
	}
	return generation
}

// refreshSoon asks for a newer bundle after a while, as long as there are
// connections that depend on it.
// Rules: TRN-45.
func (t *Transport) refreshSoon() {
	if t.bundles.fixed != nil {
		return
	}
	t.life.Lock()
	defer t.life.Unlock()
	if t.refresher == nil && !t.stopped {
		t.refresher = time.AfterFunc(t.bundles.interval, func() {
			t.life.Lock()
			t.refresher = nil
			t.life.Unlock()
			if t.pool.size() > 0 {
				t.spawn(t.refresh)
			}
		})
	}
}

// refresh fetches the current bundle again. A newer one is tried on the evidence
// that was accepted last: when it is authentic it becomes the current one, even
// if it allows nothing any more. What is not authentic changes nothing; the old
// bundle is used until it is a day old.
func (t *Transport) refresh(ctx context.Context) {
	defer t.refreshSoon()
	t.bundles.mu.Lock()
	address, e := t.bundles.at, t.bundles.last
	t.bundles.mu.Unlock()
	fetch := t.bundles.fromURL
	if t.bundles.url == "" {
		fetch = t.bundles.named
	}
	at := t.now()
	b, err := fetch(ctx, address)
	if err != nil {
		t.failed(err)
		return
	}
	e.Bundle = b
	audit := t.verifier.Audit(e, t.now().wall)
	if !passed(audit, 3, 7) {
		t.report(audit)
		return
	}
	d := document{b, at}
	t.bundles.cache.put(address, d)
	t.adopt(address, d)
}

func isUnavailable(err error) bool {
	_, ok := errors.AsType[*attest.EvidenceUnavailableError](err)
	return ok
}

// asRefusal finds the refusal in an error of the TLS handshake.
func asRefusal(err error) (error, bool) {
	e, ok := errors.AsType[*attest.SPKIMismatchError](err)
	return e, ok
}
