package attesttest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

func isDeadline(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

const shortHold = 20 * time.Millisecond // enough for what is sent without waiting

// firstScenarios: a new endpoint and nothing wrong with it.
func firstScenarios() []Scenario {
	return []Scenario{
		{Name: "first-request", About: "one pod, which takes its time to attest", run: func(p *play) {
			p.start(always(p.slow("good", shortHold)))
			p.served("the first request", p.do(call{body: 5000}))
			p.served("the second request", p.do(call{}))
			p.attestedOnce()
		}},
		{Name: "cold-start", About: "many first requests at once", run: func(p *play) {
			p.start(always(p.slow("good", shortHold)))
			p.together(16, func(i int) { p.served("a request", p.do(call{body: 1000 * i, replay: i%2 == 0})) })
			p.attestedOnce()
		}},
		{Name: "cancelled-callers", About: "some of those who wait for the attestation give up", run: cancelled},
	}
}

func (p *play) slow(name string, hold time.Duration) *pod {
	good := p.honest(name)
	b := *good.behaviour.Load()
	b.hold = hold
	return good.acts(b)
}

func cancelled(p *play) {
	good := p.honest("good")
	b := *good.behaviour.Load()
	gate := make(chan bool)
	b.gate = gate
	p.start(always(good.acts(b)))
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	var impatient, patient sync.WaitGroup
	for range 3 {
		impatient.Go(func() {
			if o := p.do(call{body: 1000, context: ctx}); !errors.Is(o.err, context.Canceled) {
				p.problem("a cancelled request ended otherwise: %w", o.reason())
			}
		})
		patient.Go(func() { p.served("a request, while others were cancelled,", p.do(call{body: 1000})) })
	}
	p.soon(func() bool { all, _ := p.witness.connections(); return len(all) > 0 && all[0].ledger.attested() > 0 })
	cancel()
	ended := make(chan bool)
	go func() { impatient.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience / 2):
		p.problem("cancelled requests did not end")
	}
	close(gate)
	patient.Wait()
	<-ended
	p.served("a request after others were cancelled", p.do(call{}))
}

// poolScenarios: connections come and go, and lead to different pods.
func poolScenarios() []Scenario {
	all := []Scenario{
		{Name: "round-robin", About: "two pods with two keys behind one address", run: func(p *play) {
			p.start(inTurn(p.honest("one"), p.honest("two")))
			p.together(8, func(i int) {
				for range 3 {
					p.served("a request", p.do(call{body: 1000 * (i % 3)}))
				}
			})
			p.attestedOnce()
		}},
		{Name: "one-bad-in-three", About: "every third connection leads to a pod that replays the evidence of another", run: func(p *play) {
			good := p.honest("one")
			p.start(inTurn(good, p.replaying("liar", good), p.honest("two")))
			p.together(8, func(i int) {
				for range 3 {
					if o := p.do(call{body: 1000 * (i % 3)}); o.err != nil {
						p.refused("a request that was not served", o, "SPKIMismatchError")
					}
				}
			})
			p.servedAtLast("a request to one of the honest pods")
		}},
		{Name: "dropped-after-attestation", About: "the pod attests and closes; who comes next lies", run: func(p *play) {
			good := p.honest("good")
			b := *good.behaviour.Load()
			b.respond = func(rw http.ResponseWriter, r *http.Request, envelope []byte) {
				rw.Header().Set("Connection", "close")
				write(rw, "application/json", envelope)
			}
			good.acts(b)
			p.start(first(good, p.replaying("liar", good)))
			p.notServed("a request without a connection", p.do(call{body: 5000, replay: true}))
		}},
		{Name: "reset-then-liar", About: "the pod breaks off a request; who comes next lies", run: func(p *play) {
			good := p.honest("good")
			p.start(always(good))
			p.served("the first request", p.do(call{}))
			p.witness.setRoute(always(p.replaying("liar", good)))
			idempotent := map[string]string{"Idempotency-Key": "1"}
			p.notServed("a request that was broken off", p.do(call{method: "POST", path: "/reset", body: 5000, replay: true, header: idempotent}))
			p.notServed("a request to the liar", p.do(call{body: 5000, replay: true, header: idempotent}))
		}},
		{Name: "reset-then-good", About: "the pod breaks off a request; who comes next is honest", Retries: true, run: resetThenGood},
		{Name: "stale-connections", About: "the server closes its idle connections; another pod has come", run: staleConnections},
		{Name: "rolling-restart", About: "connections end after some responses, over HTTP/2 by GOAWAY", run: rollingRestart},
		{Name: "chaos", About: "many callers, resets, ends, cancellations, and every fifth connection leads to a liar", run: chaos},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		all = append(all, Scenario{
			Name: fmt.Sprintf("shared-tickets/tls1.%d", version-tls.VersionTLS10), About: "a liar has the session ticket keys of the honest pod",
			run: func(p *play) { sharedTickets(p, version) },
		})
	}
	for _, limit := range []int{1, 2} {
		all = append(all, Scenario{
			Name: fmt.Sprintf("stream-limit-%d", limit), About: "a connection takes few requests at a time", protocols: []string{HTTP2},
			run: func(p *play) {
				p.config.streams = limit
				p.start(always(p.slow("good", shortHold)))
				p.together(8, func(i int) {
					for range 2 {
						p.served("a request", p.do(call{body: 1000 * (i % 3)}))
					}
				})
			},
		})
	}
	return all
}

func resetThenGood(p *play) {
	var broken int
	p.app = map[string]http.HandlerFunc{"/once": func(rw http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		broken++
		again := broken > 1
		p.mu.Unlock()
		if !again {
			reset(rw, r)
		}
		p.echo(rw, r)
	}}
	p.start(always(p.honest("good")))
	p.served("the first request", p.do(call{}))
	if p.protocol == HTTP1 { // RFC 9110 section 9.2.2: GET may be sent again
		p.served("a GET that was broken off", p.do(call{path: "/once"}))
	}
	if o := p.do(call{path: "/reset", body: 5000}); o.err == nil || p.deliveries(o) > 1 {
		p.problem("a POST that was broken off arrived %d times: %w", p.deliveries(o), o.reason())
	}
	p.servedAtLast("a request after all that")
}

func staleConnections(p *play) {
	p.start(always(p.honest("one")))
	for i := range 4 {
		p.served("a GET", p.do(call{}))
		p.witness.setRoute(always(p.honest(fmt.Sprint("pod ", i))))
		p.witness.drain()
		// The client may notice too late that the connection is gone, and may then
		// not know what became of the request.
		if o := p.do(call{body: 5000}); p.deliveries(o) > 1 {
			p.problem("a POST arrived %d times", p.deliveries(o))
		}
	}
	p.servedAtLast("a request")
}

func rollingRestart(p *play) {
	p.start(inTurn(p.honest("one"), p.honest("two")))
	p.together(5, func(i int) {
		for j := range 5 {
			c := call{body: 2000 * (i % 2), replay: true}
			if (i+j)%3 == 0 {
				c.path = "/close"
			}
			o := p.do(c)
			p.served("a request", o)
			if p.deliveries(o) > 1 {
				p.problem("a request arrived %d times", p.deliveries(o))
			}
		}
	})
}

func sharedTickets(p *play, version uint16) {
	good := p.honest("good")
	liar := p.replaying("liar", good)
	p.minTLS = version
	for _, pod := range []*pod{good, liar} {
		pod.config.MaxVersion = version
		pod.config.SetSessionTicketKeys([][32]byte{{1, 2, 3}})
	}
	p.start(always(good))
	p.served("the first request", p.do(call{}))
	p.witness.setRoute(always(liar))
	p.witness.drain()
	p.notServed("a request on a resumed session", p.do(call{}))
	p.notServed("another request", p.do(call{body: 5000}))
	p.witness.setRoute(always(good))
	p.witness.drain()
	p.servedAtLast("a request, when the honest pod is back,")
}

// chaos demands little of each request, but nothing may leak or hang.
func chaos(p *play) {
	good := p.honest("one")
	p.start(inTurn(good, p.honest("two"), p.replaying("liar", good), p.honest("three"), p.honest("four")))
	paths := []string{"/echo", "/echo", "/close", "/echo", "/reset", "/echo", "/mirror"}
	p.together(16, func(i int) {
		for j := range 5 {
			c := call{path: paths[(i+j)%len(paths)], body: 3000 * (i % 2), replay: j%2 == 0}
			if (i+j)%7 == 3 {
				c.within = time.Millisecond
			}
			p.do(c)
		}
	})
	p.servedAtLast("a request after the chaos")
}
