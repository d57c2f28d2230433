package judge

import (
	"context"
	"errors"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

// Complete adds bundle and CRLs to evidence.
func (j *Judge) Complete(ctx context.Context, e *attest.Evidence) error {
	parse(e)
	defer func() { e.Parsed = nil }() // what the caller does with the envelope counts
	_, bundle, err := j.bundles.get(ctx, *e, MaxBundleAge)
	if err == nil {
		e.Bundle = bundle.Body
		e.CRLs, err = j.crls(ctx, e.Parsed, crlAge)
	}
	return err
}

// parse parses an envelope once for all that follows. One that cannot be parsed stays
// as it is: step 1 refuses it.
func parse(e *attest.Evidence) {
	if parsed, err := attest.ParseEnvelope(e.Envelope); err == nil {
		e.Parsed = parsed
	}
}

// Judge completes evidence and verifies it. A refusal by a bundle or a CRL that
// is not young, or not the newest, says little: what runs there may have been
// allowed since. Then newer ones are fetched, and it is judged once more. When there are none
// the refusal stands.
// Rules: TRN-49.
func (j *Judge) Judge(ctx context.Context, e attest.Evidence) (a *attest.Audit, generation uint64) {
	parse(&e)
	a, generation, oldest := j.verifyOnce(ctx, &e, MaxBundleAge, crlAge)
	if oldest > minBundleAge && !IsUnavailable(a.Err) && a.Err != nil || isRollback(a.Err) {
		if again, g, _ := j.verifyOnce(ctx, &e, minBundleAge, minBundleAge); !IsUnavailable(again.Err) {
			a, generation = again, g
		}
	}
	if a.Err == nil {
		a.Result = j.bundles.accepted(e, a.Result)
		j.refreshSoon()
	}
	return a, generation
}

// verifyOnce verifies with a bundle and a CRL that are at most so old, and says
// how old the older one was.
func (j *Judge) verifyOnce(ctx context.Context, e *attest.Evidence, bundleAge, crlAge time.Duration) (a *attest.Audit, generation uint64, age time.Duration) {
	address, bundle, err := j.bundles.get(ctx, *e, bundleAge)
	if err == nil {
		e.CRLs, err = j.crls(ctx, e.Parsed, crlAge)
	}
	if err != nil {
		return &attest.Audit{Err: err}, 0, 0
	}
	e.Bundle = bundle.Body
	a, generation = j.verifyAndAdopt(*e, address, bundle)
	if !passed(a, 3, 6) {
		j.bundles.cache.Drop(address, bundle)
	}
	now := j.config.Now()
	age = now.Since(bundle.Fetched)
	if a.Err != nil && j.config.Revocation != nil {
		age = max(age, j.revocations.Age(now))
	}
	return a, generation, age
}

// verifyAndAdopt verifies evidence, and adopts its bundle if that is a good one for what
// runs here, whatever it says of the evidence. When another bundle was adopted
// while this one was judged, it is judged again: by then it may be an old one.
// Rules: TRN-48.
func (j *Judge) verifyAndAdopt(e attest.Evidence, address string, d fetch.Document) (a *attest.Audit, generation uint64) {
	for {
		before := j.bundles.newest.Load()
		a := j.config.Verifier.Audit(e, j.config.Now().Wall)
		if !passed(a, 3, 7) || a.Err != nil && !j.bundles.isAccepted(e.Parsed) {
			return a, 0
		}
		if generation, ok := j.adopt(address, d, before, j.known(e, a.Err)); ok {
			return a, generation
		}
	}
}

// known returns what a bundle says of evidence, where the evidence has meanwhile
// become too old to say anything else.
func (j *Judge) known(e attest.Evidence, err error) error {
	if _, old := errors.AsType[*attest.EnvelopeStaleError](err); !old {
		return err
	}
	j.bundles.mu.Lock()
	accepted := j.bundles.result
	j.bundles.mu.Unlock()
	if accepted == nil {
		return err
	}
	return j.config.Verifier.Audit(e, accepted.At).Err
}

// adopt makes a bundle the current one. When that is news, verdicts by the old
// one do not count any more, and what runs under them ends in time. ok is false
// when another one was adopted since generation before.
// Rules: TRN-48.
func (j *Judge) adopt(address string, d fetch.Document, before uint64, refusal error) (generation uint64, ok bool) {
	generation, changed, ok := j.bundles.adopt(address, d, before)
	if changed {
		if j.withdrawn.Store(nil); refusal != nil && !IsUnavailable(refusal) {
			j.withdrawn.Store(&refusal)
		}
		j.config.Adopted(generation)
	}
	return generation, ok
}

// refreshSoon asks for a newer bundle after a while, as long as there are
// connections that depend on it.
// Rules: TRN-45.
func (j *Judge) refreshSoon() {
	if j.bundles.fixed != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refresher == nil && !j.stopped {
		j.refresher = time.AfterFunc(j.bundles.interval, func() {
			j.mu.Lock()
			j.refresher = nil
			j.mu.Unlock()
			if j.config.Needed() {
				j.config.Spawn(j.Refresh)
			}
		})
	}
}

// Refresh fetches the current bundle again. A newer one is tried on the evidence
// that was accepted last: when it is authentic it becomes the current one, even
// if it allows nothing any more. What is not authentic changes nothing; the old
// bundle is used until it is a day old.
func (j *Judge) Refresh(ctx context.Context) {
	defer j.refreshSoon()
	j.bundles.mu.Lock()
	address, e := j.bundles.at, j.bundles.last
	j.bundles.mu.Unlock()
	get := j.bundles.fetchURL
	if j.bundles.url == "" {
		get = j.bundles.fetchNamed
	}
	at := j.config.Now()
	b, err := get(ctx, address)
	if err != nil {
		j.missed(fetch.Unavailable("TRN-44", fetch.Bundle, "trust bundle "+fetch.Shown(address), err))
		return
	}
	e.Bundle = b
	d := fetch.Document{Body: b, Fetched: at}
	audit, _ := j.verifyAndAdopt(e, address, d)
	for _, c := range audit.Checks {
		if 3 <= c.Step && c.Step <= 7 && c.Status == attest.Fail {
			j.missed(&attest.EvidenceUnavailableError{Failure: attest.Failure{
				Rule: c.Requirement, Message: fetch.Bundle + ": trust bundle " + fetch.Shown(address) + ": " + c.Reason, Expected: c.Expected, Actual: c.Actual,
			}})
			return
		}
	}
	if passed(audit, 3, 7) {
		j.bundles.cache.Put(address, d)
	}
}

// missed tells the hook of a bundle that changed nothing.
func (j *Judge) missed(err error) {
	if j.config.OnRefresh != nil {
		j.config.OnRefresh(err)
	}
}

func IsUnavailable(err error) bool {
	_, ok := errors.AsType[*attest.EvidenceUnavailableError](err)
	return ok
}

func isRollback(err error) bool {
	_, ok := errors.AsType[*attest.BundleRollbackError](err)
	return ok
}
