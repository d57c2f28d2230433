package judge

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

const (
	// MaxBundleAge is how long a trust bundle may be used without asking for a
	// newer one.
	MaxBundleAge = 24 * time.Hour
	// minBundleAge is how old a bundle must be before a refusal is worth a look at
	// a newer one.
	minBundleAge = time.Minute
)

// bundles is where trust bundles come from: one source for all connections.
type bundles struct {
	fixed      []byte // given by the caller, or nil
	url        string // given by the caller, or ""
	fetchNamed func(ctx context.Context, address string) ([]byte, error)
	fetchURL   func(ctx context.Context, address string) ([]byte, error)
	now        fetch.Clock
	cache      *fetch.Cache
	interval   time.Duration // between two refreshes

	newest atomic.Uint64 // generation: counts changes of current

	mu               sync.Mutex
	current          []byte          // authentic, and the last one that was
	at               string          // its address
	last             attest.Evidence // that was accepted with it
	acceptedWorkload string          // the last one, or ""
	result           *attest.Result  // of last
}

// source returns the address of the bundle for an envelope, and how to get it.
func (b *bundles) source(envelope *attest.Envelope) (string, func(context.Context, string) ([]byte, error), error) {
	if b.url != "" {
		return b.url, b.fetchURL, nil
	}
	if expected, ok := fetch.CheckURL(envelope.TrustBundleURL, true); !ok {
		return "", nil, &attest.EnvelopeInvalidError{Failure: attest.Failure{
			Rule: "TRN-41", Message: "envelope: trust_bundle_url is wrong, and no other bundle is configured",
			Expected: expected, Actual: fetch.Quote(envelope.TrustBundleURL),
		}}
	}
	return envelope.TrustBundleURL, b.fetchNamed, nil
}

// get returns a bundle for evidence, at most maxAge old. A fixed one is always
// young. An envelope that cannot be read needs none: step 1 refuses it.
func (b *bundles) get(ctx context.Context, e attest.Evidence, maxAge time.Duration) (string, fetch.Document, error) {
	if b.fixed != nil {
		return "", fetch.Document{Body: b.fixed, Fetched: b.now()}, nil
	}
	if e.Parsed == nil {
		return "", fetch.Document{Fetched: b.now()}, nil
	}
	address, get, err := b.source(e.Parsed)
	if err != nil {
		return "", fetch.Document{}, err
	}
	d, err := b.cache.Get(ctx, address, maxAge, func(ctx context.Context) ([]byte, error) { return get(ctx, address) })
	if err != nil {
		return "", fetch.Document{}, fetch.Unavailable("TRN-44", fetch.Bundle, "trust bundle "+fetch.Shown(address), err)
	}
	return address, d, nil
}

// adopt makes an authentic bundle the current one, unless that has become another
// one since generation before. It returns the generation, and whether that is a new
// one: verdicts of an older one do not count any more.
func (b *bundles) adopt(address string, d fetch.Document, before uint64) (generation uint64, changed, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.Equal(b.current, d.Body) {
		if b.newest.Load() != before {
			return 0, false, false
		}
		changed = b.current != nil
		b.current = d.Body
		b.newest.Add(1)
	}
	b.at = address
	return b.newest.Load(), changed, true
}

// accepted remembers evidence, to try newer bundles on. It returns the result of the
// same evidence where that was accepted last, so that connections share it.
func (b *bundles) accepted(e attest.Evidence, r *attest.Result) *attest.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.last; b.result != nil && l.LiveSPKI == e.LiveSPKI && bytes.Equal(l.Envelope, e.Envelope) &&
		bytes.Equal(l.Bundle, e.Bundle) && slices.EqualFunc(l.CRLs, e.CRLs, bytes.Equal) {
		return b.result
	}
	b.last, b.acceptedWorkload, b.result = e, r.Workload, r
	return r
}

// isAccepted reports whether an envelope speaks of what was accepted last. Where the
// caller has named no workload, any endpoint that answers could end every verdict with the
// publisher's bundle for another one.
func (b *bundles) isAccepted(e *attest.Envelope) bool {
	if e == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acceptedWorkload == "" || b.acceptedWorkload == e.Workload
}

// passed reports whether the first to the last of these steps of a verification
// hold. 3 to 6: the bundle is a good one. 3 to 7: and for this workload, whatever
// it says about the evidence.
func passed(a *attest.Audit, first, last int) bool {
	good := 0
	for _, c := range a.Checks {
		if first <= c.Step && c.Step <= last && (c.Status == attest.Pass || c.Status == attest.NotChecked) {
			good++
		}
	}
	return good == last-first+1
}
