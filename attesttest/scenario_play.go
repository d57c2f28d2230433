package attesttest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest"
)

// A play is one run of a scenario.
type play struct {
	ctx       context.Context
	protocol  string
	subject   Subject
	pace      time.Duration
	publisher *Enclave
	maxAge    time.Duration // of the envelopes; 0: five minutes

	// What start takes, if the scenario does not want the defaults.
	config   witnessConfig
	minTLS   uint16
	timeout  time.Duration               // of an attestation; 0: what the Subject likes
	proxy    string                      // scheme of the proxy; "": there is none
	app      map[string]http.HandlerFunc // paths of this scenario alone
	noBundle bool                        // the BundleURL leads nowhere

	witness      *Witness
	others       []*Witness // of other origins
	client       *http.Client
	closeSubject func()

	mu        sync.Mutex
	report    Report
	problems  []error
	leaks     []Violation // noticed at the client
	delivered map[string]int
	slowest   time.Duration // request without a deadline of its own
	tunnels   int
}

// newPublisher makes the publisher of the bundle. Its seed and its day are fixed,
// which makes New fast; siblings have the time of day.
func (p *play) newPublisher(spoil ...Fault) *Enclave {
	now := time.Now().UTC()
	e, err := New(Config{Seed: "witness", Now: now.Truncate(day), MaxAge: p.maxAge, Hosts: []string{"127.0.0.1", "::1"}}, spoil...)
	if err != nil {
		panic(abandoned{err})
	}
	return e
}

// setMaxAge is for envelopes of the pods that are made from now on.
func (p *play) setMaxAge(d time.Duration) {
	p.maxAge = d
	p.publisher = p.newPublisher()
}

func (p *play) sibling(name string, change members, spoil ...Fault) *Enclave {
	e, err := p.publisher.sibling(name, change, spoil...)
	if err != nil {
		panic(abandoned{err})
	}
	return e
}

// honest makes a pod with which nothing is wrong.
func (p *play) honest(name string) *pod {
	e := p.sibling(name, nil)
	return newPod(name, p.protocol, e).acts(behaviour{honest: true, evidence: e})
}

// replaying makes a pod with a key of its own that shows the evidence of another.
func (p *play) replaying(name string, victim *pod) *pod {
	return newPod(name, p.protocol, p.sibling(name, nil)).acts(behaviour{evidence: victim.behaviour.Load().evidence})
}

// start serves, and lets the Subject begin.
func (p *play) start(route func(int) *pod) {
	p.config.route, p.config.transit = route, transitOf(p.pace)
	p.config.handler = p.application()
	w, err := newWitness(p.publisher, p.config)
	if err != nil {
		panic(abandoned{err})
	}
	p.witness = w
	c := p.publisher.VerifierConfig()
	c.RequireCRL = false
	t := Target{
		Protocol: p.protocol, URL: w.URL, BundleURL: w.BundleURL, WebRoots: p.publisher.WebRoots(),
		ReleaseRoot: p.publisher.ReleaseRoot(), AMDRoot: p.publisher.AMDRoot(), Verifier: c,
		MinTLS: cmp.Or(p.minTLS, tls.VersionTLS13), AttestTimeout: p.timeout, Proxy: noProxy,
	}
	if p.noBundle {
		t.BundleURL += "/none"
	}
	if p.proxy != "" {
		t.Proxy = p.startProxy()
	}
	transport, closing, err := p.subject(t)
	if err != nil || transport == nil {
		panic(abandoned{fmt.Errorf("the subject was not made: %v", err)})
	}
	p.client, p.closeSubject = &http.Client{Transport: transport}, closing
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

func (p *play) startProxy() func(*http.Request) (*url.URL, error) {
	raw, err := p.witness.proxy(p.proxy, p.publisher, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.tunnels++
	})
	if err != nil {
		panic(abandoned{err})
	}
	u, err := url.Parse(raw)
	if err != nil {
		panic(abandoned{err})
	}
	return http.ProxyURL(u)
}

// Each method below judges what do has returned.

func (p *play) served(what string, o outcome) bool {
	if o.err == nil && o.status == http.StatusOK {
		return true
	}
	p.problem("%s was not served: %w", what, o.reason())
	return false
}

// notServed accepts every error.
func (p *play) notServed(what string, o outcome) {
	if o.err == nil {
		p.problem("%s was answered: %w", what, o.reason())
	}
}

// refused demands an AttestationError of one of these types.
func (p *play) refused(what string, o outcome, types ...string) {
	if p.notServed(what, o); o.err == nil {
		return
	}
	var a attest.AttestationError
	if !errors.As(o.err, &a) {
		p.problem("%s failed without an AttestationError: %w", what, o.err)
	} else if got := attest.ErrorType(a); !slices.Contains(types, got) {
		p.problem("%s failed with %s, not with one of %v: %w", what, got, types, o.err)
	}
}

// servedAtLast allows a pause after a refusal: how often an endpoint is asked
// may be limited.
func (p *play) servedAtLast(what string) {
	var o outcome
	for pause := time.Millisecond; pause < 2*time.Second; pause *= 2 {
		if o = p.do(call{}); o.err == nil && o.status == http.StatusOK {
			return
		}
		p.wait(pause)
	}
	p.served(what, o)
}

// attestedOnce demands that no connection was attested per request.
func (p *play) attestedOnce() {
	all, _ := p.witness.connections()
	for _, c := range all {
		if n := c.ledger.attested(); n > 1 {
			p.problem("connection %d was attested %d times", c.ledger.number, n)
		}
	}
}

// together runs n of them concurrently.
func (p *play) together(n int, each func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { each(i) })
	}
	all.Wait()
}

func (p *play) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
	}
}

// soon waits a while for what happens elsewhere.
func (p *play) soon(done func() bool) bool {
	for started := time.Now(); time.Since(started) < 10*time.Second; time.Sleep(time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}
