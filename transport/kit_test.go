package transport_test

import (
	"crypto/ed25519"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/transport"
)

// attestedSubject is this transport, as the kit wants it.
func attestedSubject(chains *certchain.Cache) leak.Subject {
	return func(target leak.Target) (http.RoundTripper, func(), error) {
		target.Verifier.Cache = chains
		tr, err := transport.New(target.URL, transport.Config{
			ReleaseRoots:  []ed25519.PublicKey{target.ReleaseRoot},
			Demands:       target.Verifier,
			BundleURL:     target.BundleURL,
			WebRoots:      target.WebRoots,
			MinTLS:        target.MinTLS,
			AttestTimeout: target.AttestTimeout,
			Proxy:         target.Proxy,
		})
		if err != nil {
			return nil, nil, err
		}
		return tr, func() { tr.Close() }, nil
	}
}

// TestKit plays every scenario of the kit, over both protocols. Nothing leaks,
// nothing else is wrong, and nothing is left running.
func TestKit(t *testing.T) {
	before := runtime.NumGoroutine()
	subject := attestedSubject(certchain.NewCache(16)) // the chip is always the same
	var all sync.WaitGroup
	slots := make(chan bool, many(4, 12)) // with the race detector, fewer at a time
	for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
		for _, s := range leak.Scenarios() {
			if !s.Supports(protocol) {
				continue
			}
			all.Go(func() {
				slots <- true
				defer func() { <-slots }()
				r := s.Run(t.Context(), protocol, subject)
				if err := r.Failure(); err != nil {
					t.Errorf("%s %s: %v", s.Name, protocol, err)
				}
				if r.Skipped == "" && (r.Requests == 0 || r.Connections == 0) {
					t.Errorf("%s %s: nothing was tested: %+v", s.Name, protocol, r)
				}
			})
		}
	}
	all.Wait()
	eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}
