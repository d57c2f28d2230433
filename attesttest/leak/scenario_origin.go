package leak

import (
	"crypto/ecdsa"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/tresorhq/attest/attesttest"
)

// bundleScenarios: the pods are honest, but no good trust bundle says so.
func bundleScenarios() []Scenario {
	var all []Scenario
	for _, f := range []attesttest.Fault{
		attesttest.BundleOtherRoot, attesttest.BundleAlgNone, attesttest.BundleExpired, attesttest.MeasurementWithdrawn, attesttest.IdentityTagWithdrawn,
	} {
		all = append(all, Scenario{Name: "bundle/" + string(f), About: f.About(), run: func(sr *scenarioRun) {
			sr.publisher = sr.newPublisher(f)
			sr.start(always(sr.unproven("pod")))
			sr.refused("the first request", sr.do(call{body: 5000}), f.ErrorType())
			sr.notServed("the second request", sr.do(call{}))
		}})
	}
	return append(all, Scenario{Name: "bundle/missing", About: "the publisher of the trust bundle answers 404", run: func(sr *scenarioRun) {
		sr.noBundle = true
		sr.start(always(sr.unproven("pod")))
		sr.refused("the first request", sr.do(call{body: 5000}), "EvidenceUnavailableError")
	}})
}

// originScenarios: the way to the pod, and away from it.
func originScenarios() []Scenario {
	all := []Scenario{
		{Name: "web/unknown-root", About: "the pod is attested, but its web certificate is of an unknown authority", run: func(sr *scenarioRun) {
			sr.badWeb(must(attesttest.New(attesttest.Config{Seed: "stranger", Now: sr.publisher.Now()})), "127.0.0.1")
		}},
		{Name: "web/other-name", About: "the pod is attested, but its web certificate is for another name", run: func(sr *scenarioRun) {
			sr.badWeb(sr.publisher, "other.example")
		}},
		{Name: "no-alpn", About: "the server does not negotiate the protocol", protocols: []string{HTTP1}, run: func(sr *scenarioRun) {
			good := sr.honest("good")
			good.config.NextProtos = nil
			sr.start(always(good))
			sr.served("a request", sr.do(call{body: 5000}))
		}},
		{Name: "protocol-switch", About: "the next connection speaks HTTP/1.1 only", protocols: []string{HTTP2}, run: func(sr *scenarioRun) {
			two, one := sr.honest("two"), sr.honest("one")
			one.config.NextProtos = []string{HTTP1}
			sr.start(first(two, one))
			sr.served("a request over HTTP/2", sr.do(call{path: "/close", body: 5000}))
			sr.servedAtLast("a request over HTTP/1.1")
		}},
		{Name: "ipv6", About: "the host is an IPv6 address", run: func(sr *scenarioRun) {
			if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
				sr.report.Skipped = "there is no IPv6 loopback"
				return
			} else {
				l.Close()
			}
			sr.config.address = "[::1]:0"
			sr.start(always(sr.honest("good")))
			sr.served("a request", sr.do(call{body: 5000}))
		}},
		{Name: "other-scheme", About: "a request to the same port without TLS", run: func(sr *scenarioRun) {
			sr.warm(sr.honest("good"))
			sr.notServed("a request without TLS", sr.do(call{url: strings.Replace(sr.witness.URL, "https:", "http:", 1) + "/echo", body: 5000}))
		}},
		{Name: "other-host", About: "a request with another Host than the origin's", run: func(sr *scenarioRun) {
			sr.start(always(sr.honest("good")))
			sr.notServed("a request with another Host", sr.do(call{host: "other.example", body: 5000}))
			sr.servedAtLast("a request with the right Host")
		}},
		{Name: "upgrade", About: "a request to leave HTTP", protocols: []string{HTTP1}, run: func(sr *scenarioRun) {
			sr.start(always(sr.honest("good")))
			sr.notServed("a request to upgrade", sr.do(call{header: map[string]string{"Connection": "Upgrade", "Upgrade": "websocket"}}))
			sr.servedAtLast("a request without")
		}},
		{Name: "redirect/other-origin", About: "an honest pod redirects to an unattested server", run: func(sr *scenarioRun) {
			sr.redirect(func() string {
				other := must(newWitness(sr.publisher, witnessConfig{handler: sr.application(), route: always(sr.unproven("elsewhere"))}))
				sr.others = append(sr.others, other)
				return other.URL
			})
		}},
		{Name: "redirect/no-tls", About: "an honest pod redirects to a server without TLS", run: func(sr *scenarioRun) {
			sr.redirect(func() string { return must(sr.witness.plainOrigin()) })
		}},
	}
	for _, scheme := range []string{"http", "https"} {
		all = append(all, Scenario{Name: "proxy/" + scheme, About: "a CONNECT proxy, and a liar on the first connection", run: func(sr *scenarioRun) {
			good := sr.honest("good")
			sr.proxy = scheme
			sr.start(first(sr.replaying("liar", good), good))
			sr.refused("the request to the liar", sr.do(call{body: 5000}), "SPKIMismatchError")
			sr.servedAtLast("a request to the honest pod")
			if n, tunnels := len(sr.witness.connections()), int(sr.tunnels.Load()); tunnels < n {
				sr.problem("%d connections, but %d tunnels", n, tunnels)
			}
		}})
	}
	return all
}

// badWeb serves an attested pod whose web certificate is no good.
func (sr *scenarioRun) badWeb(authority *attesttest.Enclave, host string) {
	good := sr.honest("good")
	key := good.config.Certificates[0].PrivateKey.(*ecdsa.PrivateKey)
	good.config.Certificates = []tls.Certificate{must(authority.IssueTLS(key, host))}
	sr.start(always(good))
	sr.notServed("a request", sr.do(call{body: 5000}))
	if sr.witness.honest() {
		sr.problem("the pod was asked for its attestation in spite of its web certificate")
	}
}

// redirect follows a redirect of an honest pod to where nothing is proven.
func (sr *scenarioRun) redirect(to func() string) {
	var target atomic.Value // string
	sr.app = map[string]http.HandlerFunc{"/away": func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, target.Load().(string)+"/echo", http.StatusPermanentRedirect) // 308 keeps the body
	}}
	sr.start(always(sr.honest("good")))
	target.Store(to())
	sr.served("the first request", sr.do(call{}))
	sr.notServed("a request that was redirected", sr.do(call{path: "/away", body: 5000, replay: true}))
	sr.served("a request after that", sr.do(call{}))
}
