package leak

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

func isDeadline(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

const shortHold = 20 * time.Millisecond // enough for what is sent without waiting

// firstScenarios: a new endpoint and nothing wrong with it.
func firstScenarios() []Scenario {
	return []Scenario{
		{Name: "first-request", About: "one pod, which takes its time to attest", run: func(sr *scenarioRun) {
			sr.start(always(sr.slow("good", shortHold)))
			sr.served("the first request", sr.do(call{body: 5000}))
			sr.served("the second request", sr.do(call{}))
			sr.attestedOnce()
		}},
		{Name: "cold-start", About: "many first requests at once", run: func(sr *scenarioRun) {
			sr.start(always(sr.slow("good", shortHold)))
			sr.together(16, func(i int) { sr.served("a request", sr.do(call{body: 1000 * i, replay: i%2 == 0})) })
			sr.attestedOnce()
		}},
		{Name: "cancelled-callers", About: "some of those who wait for the attestation give up", run: cancelled},
	}
}

func (sr *scenarioRun) slow(name string, hold time.Duration) *pod {
	return sr.honest(name).but(func(b *behaviour) { b.hold = hold })
}

func cancelled(sr *scenarioRun) {
	gate := make(chan bool)
	sr.start(always(sr.honest("good").but(func(b *behaviour) { b.gate = gate })))
	ctx, cancel := context.WithCancel(sr.ctx)
	defer cancel()
	var impatient, patient sync.WaitGroup
	for range 3 {
		impatient.Go(func() {
			if o := sr.do(call{body: 1000, context: ctx}); !errors.Is(o.err, context.Canceled) {
				sr.problem("a cancelled request ended otherwise: %w", o.reason())
			}
		})
		patient.Go(func() { sr.served("a request, while others were cancelled,", sr.do(call{body: 1000})) })
	}
	sr.soon(func() bool {
		all := sr.witness.connections()
		return len(all) > 0 && all[0].ledger.Attestations() > 0
	})
	cancel()
	ended := make(chan bool)
	go func() { impatient.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience / 2):
		sr.problem("cancelled requests did not end")
	}
	close(gate)
	patient.Wait()
	<-ended
	sr.served("a request after others were cancelled", sr.do(call{}))
}

// poolScenarios: connections come and go, and lead to different pods.
func poolScenarios() []Scenario {
	all := []Scenario{
		{Name: "round-robin", About: "two pods with two keys behind one address", run: func(sr *scenarioRun) {
			sr.start(inTurn(sr.honest("one"), sr.honest("two")))
			sr.together(8, func(i int) {
				for range 3 {
					sr.served("a request", sr.do(call{body: 1000 * (i % 3)}))
				}
			})
			sr.attestedOnce()
		}},
		{Name: "one-bad-in-three", About: "every third connection leads to a pod that replays the evidence of another", run: func(sr *scenarioRun) {
			good := sr.honest("one")
			sr.start(inTurn(good, sr.replaying("liar", good), sr.honest("two")))
			sr.together(8, func(i int) {
				for range 3 {
					if o := sr.do(call{body: 1000 * (i % 3)}); o.err != nil {
						sr.refused("a request that was not served", o, "SPKIMismatchError")
					}
				}
			})
			sr.servedAtLast("a request to one of the honest pods")
		}},
		{Name: "dropped-after-attestation", About: "the pod attests and closes; who comes next lies", run: func(sr *scenarioRun) {
			good := sr.honest("good").but(func(b *behaviour) {
				b.respond = func(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
					rw.Header().Set("Connection", "close")
					answer(rw, envelope)
				}
			})
			sr.start(first(good, sr.replaying("liar", good)))
			sr.notServed("a request without a connection", sr.do(call{body: 5000, replay: true}))
		}},
		{Name: "reset-then-liar", About: "the pod breaks off a request; who comes next lies", run: func(sr *scenarioRun) {
			good := sr.honest("good")
			sr.warm(good)
			sr.witness.setRoute(always(sr.replaying("liar", good)))
			idempotent := map[string]string{"Idempotency-Key": "1"}
			sr.notServed("a request that was broken off", sr.do(call{method: "POST", path: "/reset", body: 5000, replay: true, header: idempotent}))
			sr.notServed("a request to the liar", sr.do(call{body: 5000, replay: true, header: idempotent}))
		}},
		{Name: "reset-then-good", About: "the pod breaks off a request; who comes next is honest", Retries: true, run: resetThenGood},
		{Name: "stale-connections", About: "the server closes its idle connections; another pod has come", run: staleConnections},
		{Name: "rolling-restart", About: "connections end after some responses, over HTTP/2 by GOAWAY", run: rollingRestart},
		{Name: "chaos", About: "many callers, resets, ends, cancellations, and every fifth connection leads to a liar", run: chaos},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		all = append(all, Scenario{
			Name: fmt.Sprintf("shared-tickets/tls1.%d", version-tls.VersionTLS10), About: "a liar has the session ticket keys of the honest pod",
			run: func(sr *scenarioRun) { sharedTickets(sr, version) },
		})
	}
	for _, limit := range []int{1, 2} {
		all = append(all, Scenario{
			Name: fmt.Sprintf("stream-limit-%d", limit), About: "a connection takes few requests at a time", protocols: []string{HTTP2},
			run: func(sr *scenarioRun) {
				sr.config.streams = limit
				sr.start(always(sr.slow("good", shortHold)))
				sr.together(8, func(i int) {
					for range 2 {
						sr.served("a request", sr.do(call{body: 1000 * (i % 3)}))
					}
				})
			},
		})
	}
	return all
}

func resetThenGood(sr *scenarioRun) {
	var asked atomic.Int32
	sr.app = map[string]http.HandlerFunc{"/once": func(rw http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			reset(rw, r)
		}
		sr.echo(rw, r)
	}}
	sr.warm(sr.honest("good"))
	if sr.protocol == HTTP1 { // RFC 9110 section 9.2.2: GET may be sent again
		sr.served("a GET that was broken off", sr.do(call{path: "/once"}))
	}
	o := sr.do(call{path: "/reset", body: 5000})
	sr.notServed("a POST that was broken off", o)
	sr.arrived("a POST that was broken off", o, 0, 1)
	sr.servedAtLast("a request after all that")
}

func staleConnections(sr *scenarioRun) {
	sr.start(always(sr.honest("one")))
	for i := range 4 {
		sr.served("a GET", sr.do(call{}))
		sr.witness.setRoute(always(sr.honest(fmt.Sprint("pod ", i))))
		sr.witness.drain()
		// The client may notice too late that the connection is gone, and may then
		// not know what became of the request.
		sr.arrived("a POST", sr.do(call{body: 5000}), 0, 1)
	}
	sr.servedAtLast("a request")
}

func rollingRestart(sr *scenarioRun) {
	sr.start(inTurn(sr.honest("one"), sr.honest("two")))
	sr.together(5, func(i int) {
		for j := range 5 {
			c := call{body: 2000 * (i % 2), replay: true}
			if (i+j)%3 == 0 {
				c.path = "/close"
			}
			o := sr.do(c)
			sr.served("a request", o)
			sr.arrived("a request", o, 0, 1)
		}
	})
}

func sharedTickets(sr *scenarioRun, version uint16) {
	good := sr.honest("good")
	liar := sr.replaying("liar", good)
	sr.minTLS = version
	for _, pod := range []*pod{good, liar} {
		pod.config.MaxVersion = version
		pod.config.SetSessionTicketKeys([][32]byte{{1, 2, 3}})
	}
	sr.warm(good)
	sr.witness.setRoute(always(liar))
	sr.witness.drain()
	sr.notServed("a request on a resumed session", sr.do(call{}))
	sr.notServed("another request", sr.do(call{body: 5000}))
	sr.witness.setRoute(always(good))
	sr.witness.drain()
	sr.servedAtLast("a request, when the honest pod is back,")
}

// chaos demands little of each request, but nothing may leak or hang.
func chaos(sr *scenarioRun) {
	good := sr.honest("one")
	sr.start(inTurn(good, sr.honest("two"), sr.replaying("liar", good), sr.honest("three"), sr.honest("four")))
	paths := []string{"/echo", "/echo", "/close", "/echo", "/reset", "/echo", "/mirror"}
	sr.together(16, func(i int) {
		for j := range 5 {
			c := call{path: paths[(i+j)%len(paths)], body: 3000 * (i % 2), replay: j%2 == 0}
			if (i+j)%7 == 3 {
				c.within = time.Millisecond
			}
			sr.do(c)
		}
	})
	sr.servedAtLast("a request after the chaos")
}
