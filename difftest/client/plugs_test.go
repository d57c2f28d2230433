package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/openai/openai-go/v3/option"
	"go.opentelemetry.io/contrib/instrumentation/net/http/httptrace/otelhttptrace"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"golang.org/x/oauth2"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/transport"
)

// refusal reports whether asking again can not help. It stands in the documentation
// of package transport.
func refusal(err error) bool {
	var refused attest.AttestationError
	var down *attest.EvidenceUnavailableError
	return errors.As(err, &refused) && !errors.As(err, &down)
}

// eachProtocol runs a test at an honest endpoint.
func eachProtocol(t *testing.T, app http.Handler, f func(t *testing.T, p *plug)) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			p := newPlug(t, protocol, app)
			f(t, p)
			p.noLeak(t)
		})
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Authorization-Was", r.Header.Get("Authorization"))
	io.Copy(w, r.Body)
}

func send(t *testing.T, c *http.Client, address string) *http.Response {
	t.Helper()
	res, err := c.Post(address, "text/plain", strings.NewReader(secret))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != secret {
		t.Errorf("%q, %v", b, err)
	}
	return res
}

// TestOpenAIStops: with three lines the SDK does not repeat what was refused.
func TestOpenAIStops(t *testing.T) {
	e := newEndpoint(t, protocols[0], attesttest.Measurement)
	tries := 0
	_, err := e.client.Chat.Completions.New(t.Context(), prompt("m"), option.WithMaxRetries(3), option.WithMiddleware(
		func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			tries++
			res, err := next(r)
			if refusal(err) {
				res = &http.Response{Header: http.Header{"X-Should-Retry": {"false"}}}
			}
			return res, err
		}))
	wantRefusal(t, err, attesttest.Measurement)
	if tries != 1 {
		t.Errorf("%d tries", tries)
	}
	e.noLeak(t)
}

// TestRetryable: go-retryablehttp repeats what may come right, and with three lines
// not what was refused.
func TestRetryable(t *testing.T) {
	client := func(p *plug) *retryablehttp.Client {
		c := retryablehttp.NewClient()
		c.HTTPClient, c.Logger = &http.Client{Transport: p.transport}, nil
		c.RetryWaitMin, c.RetryMax = time.Millisecond, 4
		c.CheckRetry = func(ctx context.Context, res *http.Response, err error) (bool, error) {
			if refusal(err) {
				return false, err
			}
			return retryablehttp.DefaultRetryPolicy(ctx, res, err)
		}
		return c
	}
	busy := 2
	eachProtocol(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy--; busy > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		echo(w, r)
	}), func(t *testing.T, p *plug) {
		busy = 2
		send(t, client(p).StandardClient(), p.url)
	})
	p := newPlug(t, protocols[0], nil, attesttest.Measurement)
	tries := 0
	c := client(p)
	c.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) { tries++ }
	_, err := c.Post(p.url, "text/plain", []byte(secret))
	if !refusal(err) || tries != 1 {
		t.Errorf("%d tries: %v", tries, err)
	}
	p.noLeak(t)
}

// TestOTel: spans of the request and, by httptrace, of the connection; the answer
// still says what was attested.
func TestOTel(t *testing.T) {
	eachProtocol(t, http.HandlerFunc(echo), func(t *testing.T, p *plug) {
		spans := tracetest.NewSpanRecorder()
		provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
		c := &http.Client{Transport: otelhttp.NewTransport(p.transport, otelhttp.WithTracerProvider(provider),
			otelhttp.WithClientTrace(func(ctx context.Context) *httptrace.ClientTrace { return otelhttptrace.NewClientTrace(ctx) }))}
		res := send(t, c, p.url)
		if _, ok := transport.ResultOf(res); !ok {
			t.Error("no result")
		}
		names := map[string]bool{}
		for _, s := range spans.Ended() {
			names[s.Name()] = true
		}
		for _, want := range []string{"HTTP POST", "http.getconn", "http.connect", "http.tls", "http.send"} {
			if !names[want] {
				t.Errorf("no span %q in %v", want, names)
			}
		}
	})
}

// TestOAuth2: the token is sent to the attested endpoint only.
func TestOAuth2(t *testing.T) {
	eachProtocol(t, http.HandlerFunc(echo), func(t *testing.T, p *plug) {
		c := &http.Client{Transport: &oauth2.Transport{Base: p.transport, Source: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})}}
		if res := send(t, c, p.url); res.Header.Get("Authorization-Was") != "Bearer token" {
			t.Errorf("%v", res.Header)
		}
	})
}

// TestReverseProxy: Rewrite with SetURL gives the request the Host of the origin.
// What leaves the Host of the incoming request is refused.
func TestReverseProxy(t *testing.T) {
	eachProtocol(t, http.HandlerFunc(echo), func(t *testing.T, p *plug) {
		target, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		front := httptest.NewServer(&httputil.ReverseProxy{Transport: p.transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
		defer front.Close()
		send(t, front.Client(), front.URL)

		var failed error
		old := httputil.NewSingleHostReverseProxy(target)
		old.Transport, old.ErrorHandler = p.transport, func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err }
		old.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "http://example.com/", bytes.NewReader(nil)))
		var elsewhere *transport.OriginError
		if !errors.As(failed, &elsewhere) || elsewhere.Rule != "TRN-12" {
			t.Error(failed)
		}
	})
}
