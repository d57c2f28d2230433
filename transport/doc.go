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
// first request after its verdict has ended (Config.MaxVerdictAge, or
// max_age_seconds of the envelope if that is less). docs/spec/transport.md has the
// rules, TRN-nn, that the errors of this package carry.
//
// Connections are HTTP/2 or HTTP/1.1, as the server chooses, through CONNECT
// proxies where there are any. Redirects within the origin, cookies, timeouts,
// trailers, 100 (Continue), gzip and streaming work as with http.Transport. An
// Upgrade, and so WebSocket, is refused: what follows could not be attested again.
//
// # States
//
// A byte of a request may leave in one place: wire.Write, below TLS, and only when
// no attempt on that connection is unwritten, or its verdict is in date. Each state
// has one owner:
//
//   - A waiter (pool.waiters, under pool.mu) waits for a slot of a connection. It
//     gets one of the first good connection, wherever that came from. It may own an
//     attestation that was begun for it.
//   - An attestation (supply.running, under pool.mu) dials and proves a new
//     connection, or proves one again whose verdict has ended. At most 16 run. A
//     failure is for the waiter that has waited longest, and a connection that is lost
//     right after its attestation for the one that it was begun for, which is tried on
//     another one; the pauses after failures end when a request is served.
//   - A connection (pool.conns, under pool.mu) is attesting, ready, retired (it
//     finishes what it carries) or closed. A ready one with a free slot and a fresh
//     verdict is in pool.free; with a verdict that is not fresh any more it is in
//     pool.stale, until it is attested again or left. A slot is taken when a waiter
//     gets it, and is back when the answer has ended or the request has failed.
//   - A verdict does not change. It is fresh, then in date, then over: by time, by
//     the bundle's valid_until, or because a newer bundle was adopted. The pool has
//     the one that requests are assigned by, the wire the one that bytes leave by.
//   - An attempt is unwritten from the gate until its header was written: over
//     HTTP/2 until net/http says so, over HTTP/1.1 until the first write that
//     carries it. While one is (wire.unwritten, under wire.mu), the connection has a
//     write deadline at the end of its verdict. With that it is lost, and so is what
//     runs on it: never late comes before finishing. The deadline is lifted as soon as
//     no attempt is unwritten; what runs then has Config.MaxRequestAge.
//   - gate.roundTrip is the only function that calls ClientConn.RoundTrip, for the
//     attestation and for callers.
//
// # Retries
//
// The transport repeats what can do no harm: a request of which nothing was
// written, one that the server says it did not process (waiting as net/http does),
// and an idempotent one on a connection that had gone stale. What retries above it
// should not repeat a refusal:
//
//	func refusal(err error) bool { // asking again cannot help
//		var refused attest.AttestationError
//		var down *attest.EvidenceUnavailableError // its Temporary() is true
//		return errors.As(err, &refused) && !errors.As(err, &down)
//	}
//
// For go-retryablehttp, in Client.CheckRetry:
//
//	if refusal(err) {
//		return false, err
//	}
//
// For openai-go, in a function for option.WithMiddleware:
//
//	if res, err := next(r); refusal(err) {
//		return &http.Response{Header: http.Header{"X-Should-Retry": {"false"}}}, err
//	}
//
// For connect, in a connect.UnaryInterceptorFunc, since its code is "unavailable":
//
//	if res, err := next(ctx, r); refusal(err) {
//		return res, connect.NewError(connect.CodeFailedPrecondition, err)
//	}
//
// # What plugs in, and what does not
//
// Whatever takes an http.RoundTripper or an http.Client does: openai-go,
// go-retryablehttp, otelhttp with httptrace, oauth2, connect (connect, gRPC and
// gRPC-Web), the MCP Go SDK and httputil.ReverseProxy with Rewrite and SetURL
// (NewSingleHostReverseProxy keeps the Host of the incoming request, which is
// refused). difftest/client tests them. A caller's httptrace is told of DNS,
// connecting and TLS of an attestation that was begun for its request, and of
// GetConn and GotConn; the connection there has addresses and nothing else.
// Response.Request is a copy of the request with a context of its own.
//
// Two clients dial by themselves, past any RoundTripper, and so UNATTESTED, although
// they encrypt: gorilla/websocket, and grpc-go with credentials.NewTLS or any other
// credentials of its own. Don't use the first for an endpoint that must be
// attested. For the second, examples/grpc has a Dial over this transport.
//
// # What it does not protect against
//
//   - What the measured code does with a request, and whom it passes it on to.
//   - A stolen TLS key of the enclave: evidence is bound to that key, not to the
//     session.
//   - A request that was allowed to begin runs to its end, up to
//     Config.MaxRequestAge after its verdict has ended.
//   - Traffic analysis: names (SNI), addresses, sizes and times are visible.
//   - Denial of service, by the endpoint, the network or the publisher of the
//     trust bundle: what cannot be attested is not used.
//   - Other http.Clients of the program, and redirects to other origins, which
//     are refused here but which http.Client would follow elsewhere.
//   - A wall clock that is wrong: validity dates are judged by it.
package transport
