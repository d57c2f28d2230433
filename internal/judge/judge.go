// Package judge verifies what endpoints say of themselves, with the newest trust
// bundle and CRL: it fetches them, keeps them as long as they count, and adopts a
// newer bundle for all connections.
package judge

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/snpreport"
)

// Config says whom to trust, and what a Judge may use.
type Config struct {
	Verifier   *attest.Verifier
	Bundle     []byte // the trust bundle itself, or nil
	BundleURL  string // where it is; "": the envelope says where
	Interval   time.Duration
	Revocation func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error)

	FetchURL   func(ctx context.Context, address string) ([]byte, error) // from BundleURL
	FetchNamed func(ctx context.Context, address string) ([]byte, error) // from an address in an envelope
	Now        fetch.Clock
	Spawn      func(func(context.Context)) bool // runs something in the background; false: closed
	Closed     error                            // what is returned then

	Adopted   func(generation uint64) // a newer bundle is there: verdicts of others have ended
	Needed    func() bool             // there are connections that depend on the bundle
	OnRefresh func(error)             // may be nil
}

// A Judge verifies evidence. It may be used concurrently.
type Judge struct {
	config      Config
	bundles     *bundles
	revocations *fetch.Cache
	withdrawn   atomic.Pointer[error] // what the newest bundle says of what runs there; nil: nothing bad

	mu        sync.Mutex
	refresher *time.Timer
	stopped   bool
}

// New makes a Judge.
func New(c Config) *Judge {
	return &Judge{
		config:      c,
		revocations: fetch.NewCache(c.Now, c.Spawn, c.Closed),
		bundles: &bundles{
			fixed: c.Bundle, url: c.BundleURL, interval: c.Interval, now: c.Now, cache: fetch.NewCache(c.Now, c.Spawn, c.Closed),
			fetchURL: c.FetchURL, fetchNamed: c.FetchNamed,
		},
	}
}

// Stop ends the refreshes.
func (j *Judge) Stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped = true; j.refresher != nil {
		j.refresher.Stop()
	}
}

// Newest counts the bundles that were adopted. A verdict that rests on another one
// has ended.
func (j *Judge) Newest() *atomic.Uint64 { return &j.bundles.newest }

// Refusal returns what the newest trust bundle is known to say of what runs there,
// or nil.
func (j *Judge) Refusal() error {
	if err := j.withdrawn.Load(); err != nil {
		return *err
	}
	return nil
}

// Allowed says that an endpoint has passed.
func (j *Judge) Allowed() { j.withdrawn.Store(nil) }
