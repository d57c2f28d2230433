package transport

import (
	"context"
	"errors"
	"time"

	"github.com/tresorhq/attest"
)

// prove attests one connection, over that connection.
func (t *Transport) prove(ctx context.Context, g *gate) (*verdict, error) {
	asked := t.now() // the verdict's life counts from before the question
	a, err := g.ask(ctx, t.origin, t.config.MinTLS)
	if err != nil {
		return nil, t.failed(err)
	}
	audit, generation := t.verifyFresh(ctx, attest.Evidence{Envelope: a.envelope, LiveSPKI: a.spki})
	if audit.Err != nil {
		return nil, t.report(audit)
	}
	v := &verdict{
		result: audit.Result, asked: asked, life: min(audit.Result.MaxAge, t.config.MaxVerdictAge),
		bundle: generation, newest: &t.bundles.newest,
	}
	if now := t.now(); now.since(asked) >= v.span() {
		return nil, t.failed(answered("TRN-32", layerHTTP, "GET "+attestationPath, "an answer and its verification in less than "+v.span().String(), "one that took longer"))
	}
	t.newest.Store(v)
	t.withdrawn.Store(nil)
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

// verifyFresh completes evidence and verifies it. A refusal by a bundle or a CRL that
// is not young, or not the newest, says little: what runs there may have been
// allowed since. Then newer ones are fetched, and it is judged once more. When there are none
// the refusal stands.
// Rules: TRN-49.
func (t *Transport) verifyFresh(ctx context.Context, e attest.Evidence) (a *attest.Audit, generation uint64) {
	a, generation, oldest := t.verifyOnce(ctx, &e, maxBundleAge, crlAge)
	if oldest > minBundleAge && !isUnavailable(a.Err) && a.Err != nil || isRollback(a.Err) {
		if again, g, _ := t.verifyOnce(ctx, &e, minBundleAge, minBundleAge); !isUnavailable(again.Err) {
			a, generation = again, g
		}
	}
	if a.Err == nil {
		t.bundles.accepted(e, a.Result.Workload)
		t.refreshSoon()
	}
	return a, generation
}

// verifyOnce verifies with a bundle and a CRL that are at most so old, and says
// how old the older one was.
func (t *Transport) verifyOnce(ctx context.Context, e *attest.Evidence, bundleAge, crlAge time.Duration) (a *attest.Audit, generation uint64, age time.Duration) {
	address, bundle, err := t.bundles.get(ctx, *e, bundleAge)
	if err == nil {
		e.CRLs, err = t.crls(ctx, e.Envelope, crlAge)
	}
	if err != nil {
		return &attest.Audit{Err: err}, 0, 0
	}
	e.Bundle = bundle.body
	a, generation = t.verifyAndAdopt(*e, address, bundle)
	if !passed(a, 3, 6) {
		t.bundles.cache.drop(address, bundle)
	}
	now := t.now()
	age = now.since(bundle.fetched)
	if a.Err != nil && t.config.Revocation != nil {
		age = max(age, t.revocations.age(now))
	}
	return a, generation, age
}

// verifyAndAdopt verifies evidence, and adopts its bundle if that is a good one for what
// runs here, whatever it says of the evidence. When another bundle was adopted
// while this one was judged, it is judged again: by then it may be an old one.
// Rules: TRN-48.
func (t *Transport) verifyAndAdopt(e attest.Evidence, address string, d document) (a *attest.Audit, generation uint64) {
	for {
		before := t.bundles.newest.Load()
		a := t.verifier.Audit(e, t.now().wall)
		if !passed(a, 3, 7) || a.Err != nil && !t.bundles.concerns(e.Envelope) {
			return a, 0
		}
		if generation, ok := t.adopt(address, d, before, a.Err); ok {
			return a, generation
		}
	}
}

// adopt makes a bundle the current one. When that is news, verdicts by the old
// one do not count any more, and what runs under them ends in time. ok is false
// when another one was adopted since generation before.
// Rules: TRN-48.
func (t *Transport) adopt(address string, d document, before uint64, refusal error) (generation uint64, ok bool) {
	generation, changed, ok := t.bundles.adopt(address, d, before)
	if changed {
		if t.withdrawn.Store(nil); refusal != nil {
			t.withdrawn.Store(&refusal)
		}
		t.pool.cutVerdicts(generation)
	}
	return generation, ok
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
				t.spawn(t.ctx, t.refresh)
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
		t.missed(unavailable("TRN-44", layerBundle, "trust bundle "+shown(address), err))
		return
	}
	e.Bundle = b
	d := document{b, at}
	audit, _ := t.verifyAndAdopt(e, address, d)
	for _, c := range audit.Checks {
		if 3 <= c.Step && c.Step <= 7 && c.Status == attest.Fail {
			t.missed(&attest.EvidenceUnavailableError{Failure: attest.Failure{
				Rule: c.Requirement, Message: layerBundle + ": trust bundle " + shown(address) + ": " + c.Reason, Expected: c.Expected, Actual: c.Actual,
			}})
			return
		}
	}
	if passed(audit, 3, 7) {
		t.bundles.cache.put(address, d)
	}
}

// missed tells the hook of a bundle that changed nothing.
func (t *Transport) missed(err error) {
	if t.config.OnRefresh != nil {
		t.config.OnRefresh(err)
	}
}

func isUnavailable(err error) bool {
	_, ok := errors.AsType[*attest.EvidenceUnavailableError](err)
	return ok
}

func isRollback(err error) bool {
	_, ok := errors.AsType[*attest.BundleRollbackError](err)
	return ok
}

// asRefusal finds the refusal in an error of the TLS handshake.
func asRefusal(err error) (error, bool) {
	e, ok := errors.AsType[*attest.SPKIMismatchError](err)
	return e, ok
}
