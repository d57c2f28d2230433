package leak

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/internal/loopback"
)

// A pod is one of several servers behind an address. It has a TLS key, which
// stays, and a behaviour, which may change at any time.
type pod struct {
	name      string
	config    *tls.Config
	refuses   bool // HTTP/2: a handler that is aborted refuses the stream
	behaviour atomic.Pointer[behaviour]
}

// behaviour is how a pod answers GET /attestation.
type behaviour struct {
	honest   bool                // the answer proves what is behind this pod's key
	evidence *attesttest.Enclave // whose envelope it is
	hold     time.Duration       // before the answer
	gate     <-chan bool         // when it is not nil, its end is waited for
	respond  responder           // nil: answer
}

// newPod shows the TLS certificate of key.
func newPod(name, protocol string, key *attesttest.Enclave) *pod {
	return &pod{name: name, config: &tls.Config{
		Certificates: []tls.Certificate{key.TLSCertificate()},
		NextProtos:   []string{protocol},
	}}
}

// wait takes the time that the answer takes, unless the client has left.
func (b *behaviour) wait(ctx context.Context) bool {
	pause(ctx, b.hold)
	if b.gate != nil {
		select {
		case <-b.gate:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

func (p *pod) acts(b behaviour) *pod {
	p.behaviour.Store(&b)
	return p
}

// but changes the behaviour of a pod.
func (p *pod) but(change func(b *behaviour)) *pod {
	b := *p.behaviour.Load()
	change(&b)
	return p.acts(b)
}

// A responder answers a request for an attestation. It is given a good envelope.
type responder func(rw http.ResponseWriter, r *http.Request, envelope []byte)

// answer is the one that a good pod gives.
func answer(rw http.ResponseWriter, envelope []byte) {
	loopback.Write(rw, "application/json", envelope)
}

// pause waits, but no longer than the context lasts.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// always routes every connection to one pod.
func always(p *pod) func(int) *pod { return func(int) *pod { return p } }

// inTurn routes connections round-robin.
func inTurn(pods ...*pod) func(int) *pod { return func(n int) *pod { return pods[n%len(pods)] } }

// first routes the first connection to one pod, and all others to another.
func first(p, then *pod) func(int) *pod {
	return func(n int) *pod {
		if n == 0 {
			return p
		}
		return then
	}
}

// issueFor makes the web certificate of another server of the publisher, with a
// key of its own.
func issueFor(publisher *attesttest.Enclave, host string) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c, err := publisher.IssueTLS(key, host)
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &c, nil }, err
}
