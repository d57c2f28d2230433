package leak

import (
	"net/http"
	"time"
)

// fleetScenarios: several honest pods with keys of their own under one publisher,
// among them some that fail in ways that are no lies.
func fleetScenarios() []Scenario {
	return []Scenario{
		{Name: "hang", About: "every third connection leads to a pod that never answers for itself", Retries: true, run: func(sr *scenarioRun) {
			sr.start(inTurn(sr.hanging("silent"), sr.honest("one"), sr.honest("two")))
			for range 2 {
				sr.together(20, func(i int) {
					sr.served("a request, while one pod of three hangs,", sr.do(call{body: 1000 * (i % 2), within: impatience}))
				})
			}
		}},
		{Name: "hang-again", timed: true, About: "a pod does not answer for itself any more when its attestation has run out", run: func(sr *scenarioRun) {
			sr.setMaxAge(sr.pace)
			old := sr.honest("old")
			sr.warm(old)
			old.acts(*sr.hanging("old").behaviour.Load())
			sr.witness.setRoute(always(sr.honest("new")))
			sr.outlive()
			sr.together(20, func(i int) {
				if o := sr.do(call{within: impatience}); sr.served("a request, while the old pod hangs,", o) && o.pod != "new" {
					sr.problem("a request was served by pod %q", o.pod)
				}
			})
		}},
		{Name: "liar-in-four", About: "one pod of four lies: it costs one request each time", run: func(sr *scenarioRun) {
			good := sr.honest("one")
			sr.start(inTurn(sr.replaying("liar", good), good, sr.honest("two"), sr.honest("three")))
			sr.together(16, func(i int) {
				if o := sr.do(call{}); o.err != nil {
					sr.refused("a request that was not served", o, "SPKIMismatchError")
				}
			})
			sr.servedAtLast("a request to one of the honest pods")
			liars := 0
			for _, c := range sr.witness.connections() {
				if c.pod.name == "liar" {
					liars++
				}
			}
			if failed := sr.report.Requests - sr.report.Served; failed > liars {
				sr.problem("%d requests failed by %d connections to the liar", failed, liars)
			}
		}},
		{Name: "overload", About: "the pod refuses streams for 300 ms, as a server does that did nothing with the request", Retries: true, protocols: []string{HTTP2}, run: func(sr *scenarioRun) {
			var begun time.Time
			sr.app = map[string]http.HandlerFunc{"/busy": func(rw http.ResponseWriter, r *http.Request) {
				if time.Since(begun) < 300*time.Millisecond {
					panic(http.ErrAbortHandler) // a refused stream: see witnessConn.Write
				}
				sr.echo(rw, r)
			}}
			good := sr.honest("good")
			good.refuses = true
			sr.warm(good)
			begun = time.Now()
			sr.together(4, func(i int) {
				sr.served("a request to a busy pod", sr.do(call{path: "/busy", body: 1000, replay: true, within: impatience}))
			})
			if n := len(sr.witness.connections()); n > 4 {
				sr.problem("%d connections for 4 requests", n)
			}
		}},
		{Name: "silent", About: "the pod goes silent after the attestation; callers leave, and who comes next is served", run: func(sr *scenarioRun) {
			silent := sr.honest("silent")
			sr.app = map[string]http.HandlerFunc{"/never": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
			sr.warm(silent)
			sr.together(4, func(int) {
				if o := sr.do(call{path: "/never", within: 50 * time.Millisecond}); !isDeadline(o.err) {
					sr.problem("a request without an answer ended otherwise: %w", o.reason())
				}
			})
			sr.served("a request after others had no answer", sr.do(call{}))
		}},
	}
}

// impatience is how long the callers of a fleet wait. Nothing that works comes near
// it, and a client that waits for a pod that hangs does not come below it.
const impatience = 5 * time.Second

// hanging makes a pod that takes the question and never answers.
func (sr *scenarioRun) hanging(name string) *pod {
	return sr.honest(name).but(func(b *behaviour) { b.honest, b.gate = false, make(chan bool) })
}
