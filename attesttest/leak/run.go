package leak

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
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
)

// A scenarioRun is one run of a scenario.
type scenarioRun struct {
	ctx       context.Context
	protocol  string
	subject   Subject
	pace      time.Duration
	publisher *attesttest.Enclave
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
	leaks     []Leak // noticed at the client
	delivered map[string]int
	slowest   time.Duration // request without a deadline of its own
	tunnels   atomic.Int32
}

// newPublisher makes the publisher of the bundle. Its seed and its day are fixed,
// which makes New fast; siblings have the time of day.
func (sr *scenarioRun) newPublisher(spoil ...attesttest.Fault) *attesttest.Enclave {
	now := time.Now().UTC()
	return must(attesttest.New(attesttest.Config{Seed: "witness", Now: now.Truncate(24 * time.Hour), MaxAge: sr.maxAge, Hosts: []string{"127.0.0.1", "::1"}}, spoil...))
}

// setMaxAge is for envelopes of the pods that are made from now on.
func (sr *scenarioRun) setMaxAge(d time.Duration) {
	sr.maxAge = d
	sr.publisher = sr.newPublisher()
}

func (sr *scenarioRun) sibling(name string, spoil ...attesttest.Fault) *attesttest.Enclave {
	return must(sr.publisher.Sibling(name, spoil...))
}

// unproven makes a pod that shows evidence of its own, and counts as one that lies.
func (sr *scenarioRun) unproven(name string, spoil ...attesttest.Fault) *pod {
	e := sr.sibling(name, spoil...)
	return newPod(name, sr.protocol, e).acts(behaviour{evidence: e})
}

// honest makes a pod with which nothing is wrong.
func (sr *scenarioRun) honest(name string) *pod {
	return sr.unproven(name).but(func(b *behaviour) { b.honest = true })
}

// replaying makes a pod with a key of its own that shows the evidence of another.
func (sr *scenarioRun) replaying(name string, victim *pod) *pod {
	return sr.unproven(name).acts(behaviour{evidence: victim.behaviour.Load().evidence})
}

// start serves, and lets the Subject begin.
func (sr *scenarioRun) start(route func(int) *pod) {
	sr.config.route, sr.config.transit = route, transitOf(sr.pace)
	sr.config.handler = sr.application()
	w := must(newWitness(sr.publisher, sr.config))
	sr.witness = w
	c := sr.publisher.VerifierConfig()
	c.RequireCRL = false
	t := Target{
		Protocol: sr.protocol, URL: w.URL, BundleURL: w.BundleURL, WebRoots: sr.publisher.WebRoots(),
		ReleaseRoot: sr.publisher.ReleaseRoot(), AMDRoot: sr.publisher.AMDRoot(), Verifier: c,
		MinTLS: cmp.Or(sr.minTLS, tls.VersionTLS13), AttestTimeout: sr.timeout,
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}
	if sr.noBundle {
		t.BundleURL += "/none"
	}
	if sr.proxy != "" {
		address := must(w.proxy(sr.proxy, sr.publisher, func() { sr.tunnels.Add(1) }))
		t.Proxy = http.ProxyURL(must(url.Parse(address)))
	}
	transport, closing, err := sr.subject(t)
	if err != nil || transport == nil {
		panic(abandoned{fmt.Errorf("the subject was not made: %v", err)})
	}
	sr.client, sr.closeSubject = &http.Client{Transport: transport}, closing
}

// warm serves one pod, and has a first request served.
func (sr *scenarioRun) warm(p *pod) {
	sr.start(always(p))
	sr.served("the first request", sr.do(call{}))
}

// Each method below judges what do has returned.

func (sr *scenarioRun) served(what string, o outcome) bool {
	if o.err == nil && o.status == http.StatusOK {
		return true
	}
	sr.problem("%s was not served: %w", what, o.reason())
	return false
}

// notServed accepts every error.
func (sr *scenarioRun) notServed(what string, o outcome) {
	if o.err == nil {
		sr.problem("%s was answered: %w", what, o.reason())
	}
}

// arrived demands that a request came to the application so many times, at least and at
// most.
func (sr *scenarioRun) arrived(what string, o outcome, least, most int) {
	sr.mu.Lock()
	n := sr.delivered[o.id]
	sr.mu.Unlock()
	if n < least || n > most {
		sr.problem("%s arrived %d times", what, n)
	}
}

// refused demands an AttestationError of one of these types.
func (sr *scenarioRun) refused(what string, o outcome, types ...string) {
	if sr.notServed(what, o); o.err == nil {
		return
	}
	var a attest.AttestationError
	if !errors.As(o.err, &a) {
		sr.problem("%s failed without an AttestationError: %w", what, o.err)
	} else if got := attest.ErrorType(a); !slices.Contains(types, got) {
		sr.problem("%s failed with %s, not with one of %v: %w", what, got, types, o.err)
	}
}

// servedAtLast allows a pause after a refusal: how often an endpoint is asked
// may be limited.
func (sr *scenarioRun) servedAtLast(what string) {
	var o outcome
	for d := time.Millisecond; d < 2*time.Second; d *= 2 {
		if o = sr.do(call{}); o.err == nil && o.status == http.StatusOK {
			return
		}
		pause(sr.ctx, d)
	}
	sr.served(what, o)
}

// attestedOnce demands that no connection was attested per request.
func (sr *scenarioRun) attestedOnce() {
	for i, c := range sr.witness.connections() {
		if n := c.ledger.Attestations(); n > 1 {
			sr.problem("connection %d was attested %d times", i+1, n)
		}
	}
}

// together runs n of them concurrently.
func (sr *scenarioRun) together(n int, each func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { each(i) })
	}
	all.Wait()
}

// soon waits a while for what happens elsewhere.
func (sr *scenarioRun) soon(done func() bool) bool {
	for started := time.Now(); time.Since(started) < 10*time.Second; time.Sleep(time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}
