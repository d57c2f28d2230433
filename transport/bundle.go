package transport

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
)

const (
	// maxBundleAge is how long a trust bundle may be used without asking for a
	// newer one.
	maxBundleAge = 24 * time.Hour
	// minBundleAge is how old a bundle must be before a refusal is worth a look at
	// a newer one.
	minBundleAge = time.Minute
)

// bundles is where trust bundles come from: one source for all connections.
type bundles struct {
	fixed    []byte // given by the caller, or nil
	url      string // given by the caller, or ""
	named    func(ctx context.Context, address string) ([]byte, error)
	fromURL  func(ctx context.Context, address string) ([]byte, error)
	cache    *cache
	interval time.Duration // between two refreshes

	newest atomic.Uint64 // generation: counts changes of current

	mu      sync.Mutex
	current []byte          // authentic, and the last one that was
	at      string          // its address
	last    attest.Evidence // that was accepted with it
	runs    string          // the workload that was accepted last, or ""
}

// checkBundleURL checks the address of a trust bundle. One that an envelope
// names must have a DNS name: nobody vouches for it.
func checkBundleURL(address string, fromEnvelope bool) (expected string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Opaque != "" || u.User != nil || u.Fragment != "" || len(address) > 2048 {
		return "an https URL without user name and fragment", false
	}
	o, ok := hostPort(u.Host)
	if !ok {
		return "a host: a name in ASCII or an IP address", false
	}
	if _, err := netip.ParseAddr(o.host); err == nil && fromEnvelope {
		return "a DNS name", false
	}
	return "", true
}

// shown quotes an address for a message, but not one that may hold a password.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "an address that is not shown, since it may hold a secret"
	}
	if u.RawQuery != "" { // may hold a token, as a fragment may
		u.RawQuery = "..."
	}
	if u.Fragment != "" {
		u.Fragment = "..."
	}
	return quote(u.String())
}

// source returns the address of the bundle for an envelope, and how to get it.
func (b *bundles) source(envelope *attest.Envelope) (string, func(context.Context, string) ([]byte, error), error) {
	if b.url != "" {
		return b.url, b.fromURL, nil
	}
	if expected, ok := checkBundleURL(envelope.TrustBundleURL, true); !ok {
		return "", nil, &attest.EnvelopeInvalidError{Failure: attest.Failure{
			Rule: "TRN-41", Message: "envelope: trust_bundle_url is wrong, and no other bundle is configured",
			Expected: expected, Actual: quote(envelope.TrustBundleURL),
		}}
	}
	return envelope.TrustBundleURL, b.named, nil
}

// get returns a bundle for evidence, at most maxAge old. A fixed one is always
// young. An envelope that can not be read needs none: step 1 refuses it.
func (b *bundles) get(ctx context.Context, e attest.Evidence, maxAge time.Duration) (string, document, error) {
	if b.fixed != nil {
		return "", document{body: b.fixed, fetched: b.cache.now()}, nil
	}
	envelope, err := attest.ParseEnvelope(e.Envelope)
	if err != nil {
		return "", document{fetched: b.cache.now()}, nil
	}
	address, fetch, err := b.source(envelope)
	if err != nil {
		return "", document{}, err
	}
	d, err := b.cache.get(ctx, address, maxAge, func(ctx context.Context) ([]byte, error) { return fetch(ctx, address) })
	if err != nil {
		return "", document{}, unavailable("TRN-44", layerBundle, "trust bundle "+shown(address), err)
	}
	return address, d, nil
}

// adopt makes an authentic bundle the current one, unless that has become another
// one since generation before. It returns the generation, and whether that is a new
// one: verdicts of an older one do not count any more.
func (b *bundles) adopt(address string, d document, before uint64) (generation uint64, changed, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.Equal(b.current, d.body) {
		if b.newest.Load() != before {
			return 0, false, false
		}
		changed = b.current != nil
		b.current = d.body
		b.newest.Add(1)
	}
	b.at = address
	return b.newest.Load(), changed, true
}

// accepted remembers evidence, to try newer bundles on.
func (b *bundles) accepted(e attest.Evidence, workload string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last, b.runs = e, workload
}

// concerns reports whether an envelope speaks of what was accepted last. Where the
// caller has named no workload, whoever answers could end every verdict with the
// publisher's bundle for another one.
func (b *bundles) concerns(envelope []byte) bool {
	e, err := attest.ParseEnvelope(envelope)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs == "" || b.runs == e.Workload
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
