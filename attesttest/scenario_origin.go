package attesttest

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// bundleScenarios: the pods are honest, but no good trust bundle says so.
func bundleScenarios() []Scenario {
	var all []Scenario
	for _, f := range []Fault{BundleOtherRoot, BundleAlgNone, BundleExpired, MeasurementWithdrawn, IdentityTagWithdrawn} {
		all = append(all, Scenario{Name: "bundle/" + string(f), About: f.About(), run: func(p *play) {
			p.publisher = p.newPublisher(f)
			p.start(always(p.unproven("pod")))
			p.refused("the first request", p.do(call{body: 5000}), f.ErrorType())
			p.notServed("the second request", p.do(call{}))
		}})
	}
	return append(all, Scenario{Name: "bundle/missing", About: "the publisher of the trust bundle answers 404", run: func(p *play) {
		p.noBundle = true
		p.start(always(p.unproven("pod")))
		p.refused("the first request", p.do(call{body: 5000}), "EvidenceUnavailableError")
	}})
}

// unproven makes a pod that would be honest, if there was somebody to say so.
func (p *play) unproven(name string) *pod {
	e := p.sibling(name, nil)
	return newPod(name, p.protocol, e).acts(behaviour{evidence: e})
}

// originScenarios: the way to the pod, and away from it.
func originScenarios() []Scenario {
	all := []Scenario{
		{Name: "web/unknown-root", About: "the pod is attested, but its web certificate is of an unknown authority", run: func(p *play) {
			stranger, err := New(Config{Seed: "stranger", Now: p.publisher.Now()})
			if err != nil {
				panic(abandoned{err})
			}
			p.badWeb(stranger.web, "127.0.0.1")
		}},
		{Name: "web/other-name", About: "the pod is attested, but its web certificate is for another name", run: func(p *play) {
			p.badWeb(p.publisher.web, "other.example")
		}},
		{Name: "no-alpn", About: "the server does not negotiate the protocol", protocols: []string{HTTP1}, run: func(p *play) {
			good := p.honest("good")
			good.config.NextProtos = nil
			p.start(always(good))
			p.served("a request", p.do(call{body: 5000}))
		}},
		{Name: "protocol-switch", About: "the next connection speaks HTTP/1.1 only", protocols: []string{HTTP2}, run: func(p *play) {
			two, one := p.honest("two"), p.honest("one")
			one.config.NextProtos = []string{HTTP1}
			p.start(first(two, one))
			p.served("a request over HTTP/2", p.do(call{path: "/close", body: 5000}))
			p.servedAtLast("a request over HTTP/1.1")
		}},
		{Name: "ipv6", About: "the host is an IPv6 address", run: func(p *play) {
			if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
				p.report.Skipped = "there is no IPv6 loopback"
				return
			} else {
				l.Close()
			}
			p.config.address = "[::1]:0"
			p.start(always(p.honest("good")))
			p.served("a request", p.do(call{body: 5000}))
		}},
		{Name: "other-scheme", About: "a request to the same port without TLS", run: func(p *play) {
			p.start(always(p.honest("good")))
			p.served("the first request", p.do(call{}))
			p.notServed("a request without TLS", p.do(call{url: strings.Replace(p.witness.URL, "https:", "http:", 1) + "/echo", body: 5000}))
		}},
		{Name: "other-host", About: "a request with another Host than the origin's", run: func(p *play) {
			p.start(always(p.honest("good")))
			p.notServed("a request with another Host", p.do(call{host: "other.example", body: 5000}))
			p.servedAtLast("a request with the right Host")
		}},
		{Name: "upgrade", About: "a request to leave HTTP", protocols: []string{HTTP1}, run: func(p *play) {
			p.start(always(p.honest("good")))
			p.notServed("a request to upgrade", p.do(call{header: map[string]string{"Connection": "Upgrade", "Upgrade": "websocket"}}))
			p.servedAtLast("a request without")
		}},
		{Name: "redirect/other-origin", About: "an honest pod redirects to an unattested server", run: func(p *play) {
			p.redirect(func() string {
				other, err := newWitness(p.publisher, witnessConfig{handler: p.application(), route: always(p.unproven("elsewhere"))})
				if err != nil {
					panic(abandoned{err})
				}
				p.others = append(p.others, other)
				return other.URL
			})
		}},
		{Name: "redirect/no-tls", About: "an honest pod redirects to a server without TLS", run: func(p *play) {
			p.redirect(func() string {
				origin, err := p.witness.plainOrigin()
				if err != nil {
					panic(abandoned{err})
				}
				return origin
			})
		}},
	}
	for _, scheme := range []string{"http", "https"} {
		all = append(all, Scenario{Name: "proxy/" + scheme, About: "a CONNECT proxy, and a liar on the first connection", run: func(p *play) {
			good := p.honest("good")
			p.proxy = scheme
			p.start(first(p.replaying("liar", good), good))
			p.refused("the request to the liar", p.do(call{body: 5000}), "SPKIMismatchError")
			p.servedAtLast("a request to the honest pod")
			connections, _ := p.witness.connections()
			p.mu.Lock()
			tunnels := p.tunnels
			p.mu.Unlock()
			if tunnels < len(connections) {
				p.problem("%d connections, but %d tunnels", len(connections), tunnels)
			}
		}})
	}
	return all
}

// badWeb serves an attested pod whose web certificate is no good.
func (p *play) badWeb(ca *webCA, host string) {
	good := p.honest("good")
	e := good.behaviour.Load().evidence
	certificate, err := ca.issue(e.draft.live, []string{host})
	if err != nil {
		panic(abandoned{err})
	}
	good.config.Certificates = []tls.Certificate{certificate}
	p.start(always(good))
	p.notServed("a request", p.do(call{body: 5000}))
	if p.witness.honest() {
		p.problem("the pod was asked for its attestation in spite of its web certificate")
	}
}

// redirect follows a redirect of an honest pod to where nothing is proven.
func (p *play) redirect(to func() string) {
	var target atomic.Value // string
	p.app = map[string]http.HandlerFunc{"/away": func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, target.Load().(string)+"/echo", http.StatusPermanentRedirect) // 308 keeps the body
	}}
	p.start(always(p.honest("good")))
	target.Store(to())
	p.served("the first request", p.do(call{}))
	p.notServed("a request that was redirected", p.do(call{path: "/away", body: 5000, replay: true}))
	p.served("a request after that", p.do(call{}))
}
