// Package leak shows whether a client sends anything to an attested endpoint
// before the endpoint has proven itself on that very connection. It is for
// authors of transports; package attesttest makes the endpoints.
//
// A Witness serves one enclave and counts every byte that comes too early:
//
//	w, err := leak.NewWitness(enclave, leak.HTTP2, application)
//	// send requests to w.URL; then there must be no w.Leaks()
//
// A Scenario does so with endpoints that misbehave: dishonest pods behind a load
// balancer, connections that break, attestations that run out, redirects,
// proxies. It is run with a Subject, which makes the round tripper under test:
//
//	for _, s := range leak.Scenarios() {
//		if s.Supports(leak.HTTP2) {
//			report := s.Run(ctx, leak.HTTP2, subject)
//			// report.Failure() must be nil
//		}
//	}
package leak
