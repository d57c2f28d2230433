// Package transport is an http.RoundTripper that sends nothing of a request, and
// does not read its body, before the connection that will carry it has proven
// what runs behind it.
//
//	t, err := transport.New("https://api.tresor.co", transport.Config{
//		ReleaseRoots: []ed25519.PublicKey{root}, // who may say what runs there
//		Demands:      attest.Config{Policy: policy.Default(), Workload: "router"},
//		BundleURL:    "https://trust.tresor.co/router.jws",
//	})
//	if err != nil {
//		return err
//	}
//	defer t.Close()
//	client := &http.Client{Transport: t} // also for any SDK that takes a client
//	res, err := client.Post("https://api.tresor.co/v1/chat", "application/json", prompt)
//	var refused attest.AttestationError
//	if errors.As(err, &refused) {
//		return fmt.Errorf("not sent: rule %s of SPEC.md", refused.Requirement())
//	}
//	...
//	result, _ := transport.ResultOf(res) // what was attested about this connection
//
// # How it works
//
// Each connection is attested over itself: its first request is GET
// /attestation, and the leaf certificate of its own handshake must be the one
// that the evidence binds to the hardware. That is one round trip per
// connection, and none per request. A connection is attested again before the
// first request after its verdict has run out (Config.MaxVerdictAge, or
// max_age_seconds of the envelope if that is less). All requests pass one gate,
// which looks at the clock, and the network side of the connection looks at it
// again when the first byte is written. SPEC.md section 15 has the rules,
// TRN-nn, that the errors of this package carry.
//
// Connections are HTTP/2 or HTTP/1.1, as the server chooses, through CONNECT
// proxies where there are any. Redirects within the origin, cookies, timeouts,
// trailers, 100 (Continue), gzip and streaming work as with http.Transport. An
// Upgrade is refused: what follows could not be attested again.
//
// # What it does not protect against
//
//   - What the measured code does with a request, and whom it passes it on to.
//   - A stolen TLS key of the enclave: evidence is bound to that key, not to the
//     session.
//   - A request that was allowed to begin runs to its end, up to
//     Config.MaxRequestAge after its verdict has run out.
//   - Traffic analysis: names (SNI), addresses, sizes and times are visible.
//   - Denial of service, by the endpoint, the network or the publisher of the
//     trust bundle: what can not be attested is not used.
//   - Other http.Clients of the program, and redirects to other origins, which
//     are refused here but which http.Client would follow elsewhere.
//   - A wall clock that is wrong: validity dates are judged by it.
package transport
