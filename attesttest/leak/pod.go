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
	respond  func(rw http.ResponseWriter, r *http.Request, envelope []byte)
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
	if b.hold > 0 {
		select {
		case <-time.After(b.hold):
		case <-ctx.Done():
			return false
		}
	}
	if b.gate != nil {
		select {
		case <-b.gate:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (p *pod) acts(b behaviour) *pod {
	p.behaviour.Store(&b)
	return p
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
