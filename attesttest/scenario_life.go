package attesttest

import (
	"net/http"
	"time"
)

// The shortest validity that an envelope can have, and when it is surely over,
// also for a Witness.
const (
	shortAge = time.Second
	outlived = shortAge + transit + 20*time.Millisecond
)

// lifeScenarios: an attestation runs out.
func lifeScenarios() []Scenario {
	return []Scenario{
		{Name: "expiry", About: "the attestation runs out between two requests", run: func(p *play) {
			p.setMaxAge(shortAge)
			p.start(always(p.honest("good")))
			p.served("the first request", p.do(call{}))
			p.wait(outlived)
			o := p.do(call{body: 5000}) // can be sent only once
			if p.served("a POST after the expiry", o); p.deliveries(o) != 1 {
				p.problem("a POST after the expiry arrived %d times", p.deliveries(o))
			}
		}},
		{Name: "expiry-refused", About: "the attestation runs out, and the next one is no good", run: func(p *play) {
			p.setMaxAge(shortAge)
			good := p.honest("good")
			p.start(always(good))
			p.served("the first request", p.do(call{}))
			good.acts(behaviour{evidence: p.sibling("good", nil, Measurement)})
			p.wait(outlived)
			p.refused("a request after the expiry", p.do(call{body: 5000}), "MeasurementNotAllowedError")
		}},
		{Name: "rotation", About: "the pod gets another key; the old connections prove nothing any more", run: func(p *play) {
			p.setMaxAge(shortAge)
			before, after := p.honest("before"), p.honest("after")
			p.start(always(before))
			p.served("the first request", p.do(call{}))
			// The old connection stays, with the old key, and shows the new evidence.
			before.acts(behaviour{evidence: after.behaviour.Load().evidence})
			p.witness.setRoute(always(after))
			p.wait(outlived)
			o := p.do(call{body: 5000})
			if p.served("a request after the rotation", o) && o.pod != "after" {
				p.problem("a request after the rotation was served by pod %q", o.pod)
			}
		}},
		{Name: "held-streams", About: "the attestation runs out while requests hold all streams", protocols: []string{HTTP2}, run: heldStreams},
	}
}

func heldStreams(p *play) {
	p.setMaxAge(shortAge)
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
		p.wait(outlived)
		p.served("a request after the expiry", p.do(call{body: 5000}))
	})
}
