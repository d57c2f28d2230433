package leak_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest/leak"
)

// mutant is an honest round tripper with one flaw.
func mutant(flaw func(o *oneShot, r *http.Request) (*http.Response, error)) leak.Subject {
	return func(t leak.Target) (http.RoundTripper, func(), error) {
		v, err := newTargetVerifier(t)
		o := &oneShot{v, baseTransport(t)}
		return roundTrip(func(r *http.Request) (*http.Response, error) { return flaw(o, r) }), o.base.CloseIdleConnections, err
	}
}

// asking changes the attestation request.
func asking(change func(r *http.Request)) leak.Subject {
	return mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
		c, err := o.base.NewClientConn(r.Context(), "https", r.URL.Host)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		a, err := http.NewRequestWithContext(r.Context(), "GET", o.target.URL+"/attestation", nil)
		if err != nil {
			return nil, err
		}
		change(a)
		response, err := c.RoundTrip(a)
		if err != nil {
			return nil, err
		}
		response.Body.Close()
		return nil, errors.New("not sent")
	})
}

// doubled sends every request twice, the first time without its body.
func doubled(o *oneShot, r *http.Request) (*http.Response, error) {
	once := r.Clone(r.Context())
	once.Body, once.ContentLength = http.NoBody, 0
	if response, err := o.RoundTrip(once); err == nil {
		response.Body.Close()
	}
	return o.RoundTrip(r)
}

// TestMutants: each thing that a scenario demands is missed when it is not done.
func TestMutants(t *testing.T) {
	var atLast func()
	var all sync.WaitGroup // they mostly wait for what does not come
	slots := make(chan bool, 12)
	for _, tt := range []struct {
		name, scenario, want string
		subject              leak.Subject
	}{
		{"attestation with a query", "first-request", "attestation request with a query",
			asking(func(r *http.Request) { r.URL.RawQuery = "a" })},
		{"attestation with a body", "first-request", "attestation request with a body",
			asking(func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("a")), 1 })},
		{"attestation with a cookie", "first-request", "caller's Cookie",
			asking(func(r *http.Request) { r.Header.Set("Cookie", "a=b") })},
		{"attestation with a key", "first-request", "caller's Authorization",
			asking(func(r *http.Request) { r.Header.Set("Authorization", "Bearer a") })},
		{"attestation with a proxy's key", "first-request", "caller's Proxy-Authorization",
			asking(func(r *http.Request) { r.Header.Set("Proxy-Authorization", "Basic a") })},
		{"attestation with the caller's agent", "first-request", "caller's User-Agent",
			asking(func(r *http.Request) { r.Header.Set("User-Agent", "witness-secret") })},
		{"body read early", "first-request", "body was read before", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				r = r.Clone(r.Context())
				r.Body = &closer{io.NopCloser(bytes.NewReader(body)), r.Body}
			}
			return o.RoundTrip(r)
		})},
		{"body not closed", "first-request", "body of a request was not closed", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				r = r.Clone(r.Context())
				r.Body = io.NopCloser(r.Body)
			}
			return o.RoundTrip(r)
		})},
		{"body cut", "first-request", "did not arrive whole", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				r = r.Clone(r.Context())
				r.ContentLength--
				r.Body = &closer{io.NopCloser(io.LimitReader(r.Body, r.ContentLength)), r.Body}
			}
			return o.RoundTrip(r)
		})},
		{"answered by itself", "first-request", "did not arrive whole", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				r.Body.Close()
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})},
		{"nobody served", "first-request", "was not served", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				r.Body.Close()
			}
			return nil, unavailable(errors.New("too careful"))
		})},
		{"not served after a liar", "liar/replay", "after the liar was refused, was not served", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Body == nil {
				return nil, unavailable(errors.New("sulking"))
			}
			return o.RoundTrip(r)
		})},
		{"attested twice", "round-robin", "was attested 2 times", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			c, err := o.base.NewClientConn(r.Context(), "https", r.URL.Host)
			if err != nil {
				return nil, err
			}
			for range 2 {
				if _, err := o.attest(r.Context(), c); err != nil {
					return nil, err
				}
			}
			response, err := c.RoundTrip(r)
			if err == nil {
				response.Body = &closer{response.Body, c}
			}
			return response, err
		})},
		{"untyped error", "liar/measurement", "without an AttestationError", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			response, err := o.RoundTrip(r)
			if err != nil {
				return nil, errors.New(err.Error())
			}
			return response, nil
		})},
		{"wrong error", "liar/measurement", "failed with EvidenceUnavailableError", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			response, err := o.RoundTrip(r)
			if err != nil {
				return nil, unavailable(errors.New("hidden"))
			}
			return response, nil
		})},
		{"hides cancellation", "cancelled-callers", "ended otherwise", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			response, err := o.RoundTrip(r)
			if err != nil {
				return nil, errors.New("something else")
			}
			return response, nil
		})},
		{"deaf to cancellation", "cancelled-callers", "did not end", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			return o.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		})},
		{"sent twice", "reset-then-good", "arrived 2 times", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			again := r.Clone(r.Context())
			response, err := o.RoundTrip(r)
			if err != nil && again.Body != nil {
				again.Body, again.ContentLength = http.NoBody, 0
				return o.RoundTrip(again)
			}
			return response, err
		})},
		{"sent twice", "stale-connections", "a POST arrived 2 times", mutant(doubled)},
		{"sent twice", "rolling-restart", "a request arrived 2 times", mutant(doubled)},
		{"sent twice", "expiry", "after the expiry arrived 2 times", mutant(doubled)},
		{"old key", "rotation", `served by pod "before"`, pooled},
		{"no trailer", "http/trailer", "not the right answer", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Path = "/echo"
			return o.RoundTrip(r)
		})},
		{"proxy ignored", "proxy/http", "0 tunnels", func(t leak.Target) (http.RoundTripper, func(), error) {
			t.Proxy = nil
			return honest(t)
		}},
		{"request to the proxy", "proxy/http", "request to the proxy", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			plain := r.Clone(r.Context())
			plain.URL.Scheme = "http"
			response, err := o.base.RoundTrip(plain)
			if err == nil {
				response.Body.Close()
			}
			return nil, errors.New("sent")
		})},
		{"other host", "other-host", "with another Host was answered", mutant(func(o *oneShot, r *http.Request) (*http.Response, error) {
			if r.Host == "other.example" {
				r = r.Clone(r.Context())
				r.Host = ""
			}
			return o.RoundTrip(r)
		})},
		{"without TLS", "other-scheme", "in place of a TLS handshake", bare},
		{"redirected", "redirect/no-tls", "request without TLS", bare},
		{"redirected", "redirect/other-origin", `to pod "elsewhere"`, bare},
		{"any web certificate", "web/other-name", "in spite of its web certificate", func(t leak.Target) (http.RoundTripper, func(), error) {
			v, err := newTargetVerifier(t)
			o := &oneShot{v, baseTransport(t)}
			o.base.TLSClientConfig.InsecureSkipVerify = true
			return o, func() {}, err
		}},
		{"once for all", "expiry", "after the attestation had run out", pooled},
		{"no retry", "reset-then-good", "broken off was not served", honest},
		{"connection left", "first-request", "connections are open after", func(t leak.Target) (http.RoundTripper, func(), error) {
			transport, closing, err := bare(t)
			atLast = closing
			return transport, func() {}, err
		}},
	} {
		s := scenario(t, tt.scenario)
		all.Go(func() {
			slots <- true
			defer func() { <-slots }()
			r := s.Run(t.Context(), leak.HTTP1, tt.subject)
			if err := r.Failure(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: no %q in:\n%v", tt.name, tt.want, err)
			}
		})
	}
	all.Wait()
	atLast()
}

// TestStall: a request that never ends is no error of the caller's.
func TestStall(t *testing.T) {
	r := scenario(t, "ipv6").Run(deadline(t, 300*time.Millisecond), leak.HTTP1, mutant(func(_ *oneShot, r *http.Request) (*http.Response, error) {
		r.Body.Close()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}))
	if r.Skipped == "" && (r.Err == nil || !strings.Contains(r.Err.Error(), "stalled")) {
		t.Error(r.Err)
	}
}
