package attesttest

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

// A pod is one of several servers behind an address. It has a TLS key, which
// stays, and a behaviour, which may change at any time.
type pod struct {
	name      string
	config    *tls.Config
	behaviour atomic.Pointer[behaviour]
}

// behaviour is how a pod answers GET /attestation.
type behaviour struct {
	honest   bool          // the answer proves what is behind this pod's key
	evidence *Enclave      // whose envelope it is
	hold     time.Duration // before the answer
	gate     <-chan bool   // when it is not nil, its end is waited for
	respond  func(rw http.ResponseWriter, r *http.Request, envelope []byte)
}

// newPod shows the TLS certificate of key.
func newPod(name, protocol string, key *Enclave) *pod {
	return &pod{name: name, config: &tls.Config{
		Certificates: []tls.Certificate{key.tlsCert},
		NextProtos:   []string{protocol},
	}}
}

// wait takes the time that the answer takes, unless nobody waits for it.
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

// sibling makes another enclave of the same publisher, with a TLS key of its own
// and in step with the machine's clock. The bundle stays that of e; the spoilt
// thing can so only be of the hardware, the envelope or the workload. A change
// is applied to the finished envelope's members.
func (e *Enclave) sibling(name string, change members, spoil ...Fault) (*Enclave, error) {
	d := newDraft(e.draft.config)
	d.attested = mint.P256Key(d.config.secret("tls " + name))
	d.live = d.attested
	for _, f := range spoil {
		f.row().before(d)
	}
	d.sign()
	for _, f := range spoil {
		f.row().after(d)
	}
	d.seal()
	for member, value := range change {
		d.envelope[member] = value
	}
	s := *e
	s.draft, s.born = d, d.config.Now
	var err error
	s.tlsCert, err = e.web.issue(d.live, d.config.Hosts)
	return &s, err
}

// issueFor makes the web certificate of another server of the publisher.
func (e *Enclave) issueFor(host string) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	c, err := e.web.issue(mint.P256Key(e.draft.config.secret("publisher")), []string{host})
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &c, nil }, err
}
