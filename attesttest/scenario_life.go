package attesttest

import (
	"net/http"
	"time"
)

// outlive waits until what was attested before is surely over, also for a
// Witness.
func (p *play) outlive() { p.wait(p.maxAge + transitOf(p.pace) + 20*time.Millisecond) }

// transitOf is what a request may take from the client's look at its clock to the
// handler. When one takes longer the machine is too busy for this pace.
func transitOf(pace time.Duration) time.Duration { return pace / 4 }

// lifeScenarios: an attestation runs out.
func lifeScenarios() []Scenario {
	return []Scenario{
		{Name: "expiry", timed: true, About: "the attestation runs out between two requests", run: func(p *play) {
			p.setMaxAge(p.pace)
			p.start(always(p.honest("good")))
			p.served("the first request", p.do(call{}))
			p.outlive()
			o := p.do(call{body: 5000}) // can be sent only once
			if p.served("a POST after the expiry", o); p.deliveries(o) != 1 {
				p.problem("a POST after the expiry arrived %d times", p.deliveries(o))
			}
		}},
		{Name: "expiry-refused", timed: true, About: "the attestation runs out, and the next one is no good", run: func(p *play) {
			p.setMaxAge(p.pace)
			good := p.honest("good")
			p.start(always(good))
			p.served("the first request", p.do(call{}))
			good.acts(behaviour{evidence: p.sibling("good", nil, Measurement)})
			p.outlive()
			p.refused("a request after the expiry", p.do(call{body: 5000}), "MeasurementNotAllowedError")
		}},
		{Name: "rotation", timed: true, About: "the pod gets another key; the old connections prove nothing any more", run: func(p *play) {
			p.setMaxAge(p.pace)
			before, after := p.honest("before"), p.honest("after")
			p.start(always(before))
			p.served("the first request", p.do(call{}))
			// The old connection stays, with the old key, and shows the new evidence.
			before.acts(behaviour{evidence: after.behaviour.Load().evidence})
			p.witness.setRoute(always(after))
			p.outlive()
			o := p.do(call{body: 5000})
			if p.served("a request after the rotation", o) && o.pod != "after" {
				p.problem("a request after the rotation was served by pod %q", o.pod)
			}
		}},
		{Name: "held-streams", About: "the attestation runs out while requests hold all streams", protocols: []string{HTTP2}, timed: true, run: heldStreams},
	}
}

func heldStreams(p *play) {
	p.setMaxAge(p.pace)
	arrived, release := make(chan bool, 2), make(chan bool)
	p.app = map[string]http.HandlerFunc{"/hold": func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusOK)
		http.NewResponseController(rw).Flush()
		arrived <- true
		select {
		case <-release:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}}
	p.config.streams = 2
	p.start(always(p.honest("good")))
	p.together(3, func(i int) {
		if i < 2 {
			p.served("a held request", p.do(call{path: "/hold"}))
			return
		}
		defer close(release)
		for range 2 {
			select {
			case <-arrived:
			case <-time.After(patience):
				p.problem("a request to be held did not arrive")
				return
			}
		}
		p.outlive()
		p.served("a request after the expiry", p.do(call{body: 5000}))
	})
}
