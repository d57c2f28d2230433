package leak

import (
	"net/http"
	"time"

	"github.com/tresorhq/attest/attesttest"
)

// outlive waits until what was attested before is surely over, also for a
// Witness.
func (sr *scenarioRun) outlive() { pause(sr.ctx, sr.maxAge+transitOf(sr.pace)+20*time.Millisecond) }

// transitOf is what a request may take from the client's look at its clock to the
// handler. When one takes longer the machine is too busy for this pace.
func transitOf(pace time.Duration) time.Duration { return pace / 4 }

// lifeScenarios: an attestation runs out.
func lifeScenarios() []Scenario {
	return []Scenario{
		{Name: "expiry", timed: true, About: "the attestation runs out between two requests", run: func(sr *scenarioRun) {
			sr.setMaxAge(sr.pace)
			sr.warm(sr.honest("good"))
			sr.outlive()
			o := sr.do(call{body: 5000}) // can be sent only once
			sr.served("a POST after the expiry", o)
			sr.arrived("a POST after the expiry", o, 1, 1)
		}},
		{Name: "expiry-refused", timed: true, About: "the attestation runs out, and the next one is no good", run: func(sr *scenarioRun) {
			sr.setMaxAge(sr.pace)
			good := sr.honest("good")
			sr.warm(good)
			good.acts(behaviour{evidence: sr.sibling("good", attesttest.Measurement)})
			sr.outlive()
			sr.refused("a request after the expiry", sr.do(call{body: 5000}), "MeasurementNotAllowedError")
		}},
		{Name: "rotation", timed: true, About: "the pod gets another key; the old connections prove nothing any more", run: func(sr *scenarioRun) {
			sr.setMaxAge(sr.pace)
			before, after := sr.honest("before"), sr.honest("after")
			sr.warm(before)
			// The old connection stays, with the old key, and shows the new evidence.
			before.acts(behaviour{evidence: after.behaviour.Load().evidence})
			sr.witness.setRoute(always(after))
			sr.outlive()
			o := sr.do(call{body: 5000})
			if sr.served("a request after the rotation", o) && o.pod != "after" {
				sr.problem("a request after the rotation was served by pod %q", o.pod)
			}
		}},
		{Name: "held-streams", About: "the attestation runs out while requests hold all streams", protocols: []string{HTTP2}, timed: true, run: heldStreams},
	}
}

func heldStreams(sr *scenarioRun) {
	sr.setMaxAge(sr.pace)
	arrived, release := make(chan bool, 2), make(chan bool)
	sr.app = map[string]http.HandlerFunc{"/hold": func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusOK)
		http.NewResponseController(rw).Flush()
		arrived <- true
		select {
		case <-release:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}}
	sr.config.streams = 2
	sr.start(always(sr.honest("good")))
	sr.together(3, func(i int) {
		if i < 2 {
			sr.served("a held request", sr.do(call{path: "/hold"}))
			return
		}
		defer close(release)
		for range 2 {
			select {
			case <-arrived:
			case <-time.After(patience):
				sr.problem("a request to be held did not arrive")
				return
			}
		}
		sr.outlive()
		sr.served("a request after the expiry", sr.do(call{body: 5000}))
	})
}
