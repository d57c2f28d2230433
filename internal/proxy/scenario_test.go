package proxy

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// A doorway is how the scenarios of the test kit reach an endpoint through a
// proxy: as a program does that has the proxy as its base URL.
type doorway struct {
	origin string
	base   string
	client *http.Transport
}

// throughProxy opens a door for a scenario.
func throughProxy(t *testing.T) leak.Subject {
	return func(target leak.Target) (http.RoundTripper, func(), error) {
		c := transport.Config{
			ReleaseRoots: []ed25519.PublicKey{target.ReleaseRoot}, Demands: target.Verifier, BundleURL: target.BundleURL,
			WebRoots: target.WebRoots, MinTLS: target.MinTLS, AttestTimeout: target.AttestTimeout, Proxy: target.Proxy,
		}
		d := openDoor(t, target.URL, c, nil)
		// The body waits for the go-ahead, so that the kit sees when the proxy reads it.
		client := &http.Transport{ExpectContinueTimeout: time.Minute, MaxIdleConnsPerHost: 64}
		return &doorway{target.URL, d.base, client}, func() { client.CloseIdleConnections(); d.stop() }, nil
	}
}

// RoundTrip turns the proxy's refusals back into the errors that the kit knows.
func (d *doorway) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	fail := func(err error) (*http.Response, error) {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	// A base URL is one address: what is for another never comes to the proxy.
	if origin := r.URL.Scheme + "://" + r.URL.Host; origin != d.origin {
		return fail(fmt.Errorf("%s is not behind the proxy", origin))
	}
	out.URL.Scheme, out.URL.Host, _ = strings.Cut(d.base, "://")
	if out.Host == r.URL.Host {
		out.Host = ""
	}
	if out.Body != nil && r.URL.Path == "/mirror" { // which answers before it reads: nothing may wait
		if res, err := http.Get(d.base + healthPath); err == nil {
			res.Body.Close()
		}
	} else if out.Body != nil {
		out.Header.Set("Expect", "100-continue")
	}
	res, err := d.client.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	if res.Header.Get("Cache-Control") != "no-store" || res.StatusCode < 400 { // an answer of the endpoint
		return res, nil
	}
	defer res.Body.Close()
	var v verdict.Document
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&v); err != nil || v.Error == nil {
		return nil, fmt.Errorf("status %d without an error: %v", res.StatusCode, err)
	}
	return nil, errorOf(v.Error)
}

// errorOf makes an error of the type that a JSON error names.
func errorOf(e *verdict.Error) error {
	f := attest.Failure{Rule: e.Requirement, Message: e.Message, Expected: e.Expected, Actual: e.Actual}
	switch e.Type {
	case "EnvelopeInvalidError":
		return &attest.EnvelopeInvalidError{Failure: f}
	case "EnvelopeStaleError":
		return &attest.EnvelopeStaleError{Failure: f}
	case "BundleSignatureInvalid":
		return &attest.BundleSignatureInvalid{Failure: f}
	case "BundleInvalidError":
		return &attest.BundleInvalidError{Failure: f}
	case "BundleExpiredError":
		return &attest.BundleExpiredError{Failure: f}
	case "CertChainInvalidError":
		return &attest.CertChainInvalidError{Failure: f}
	case "PolicyViolationError":
		return &attest.PolicyViolationError{Failure: f}
	case "MeasurementNotAllowedError":
		return &attest.MeasurementNotAllowedError{Failure: f}
	case "IdentityTagNotAllowedError":
		return &attest.IdentityTagNotAllowedError{Failure: f}
	case "ReportDataMismatchError":
		return &attest.ReportDataMismatchError{Failure: f}
	case "SPKIMismatchError":
		return &attest.SPKIMismatchError{Failure: f}
	case "EvidenceUnavailableError":
		return &attest.EvidenceUnavailableError{Failure: f}
	}
	return errors.New(e.Type + ": " + e.Message)
}

// quickScenarios run each time; all of them when ATTEST_STRESS is set.
var quickScenarios = []string{
	"first-request", "liar/replay", "liar/measurement", "liar/self-made", "liar/redirect", "liar/truncated", "web/unknown-root",
	"bundle/bundle-other-root", "bundle/missing", "other-host", "upgrade", "redirect/other-origin", "proxy/http",
	"http/head", "http/no-content", "http/not-modified", "http/gzip", "http/trailer", "http/large-body", "http/duplex", "http/expect-continue", "http/expect-rejected", "http/not-found",
}

// TestProxyScenarios plays the scenarios of the test kit through the proxy: not
// one byte reaches an endpoint that is not proven, and honest ones are used.
func TestProxyScenarios(t *testing.T) {
	all := os.Getenv("ATTEST_STRESS") != ""
	before := runtime.NumGoroutine()
	var running sync.WaitGroup
	slots := make(chan bool, 4)
	played := 0
	for _, s := range leak.Scenarios() {
		for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
			if !s.Supports(protocol) || !all && !slices.Contains(quickScenarios, s.Name) {
				continue
			}
			played++
			running.Go(func() {
				slots <- true
				defer func() { <-slots }()
				r := s.Run(context.Background(), protocol, throughProxy(t))
				if r.Skipped == "" && r.Failure() != nil {
					t.Errorf("%s %s: %v", s.Name, protocol, r.Failure())
				}
			})
		}
	}
	running.Wait()
	if played < len(quickScenarios) {
		t.Errorf("%d scenarios were played", played)
	}
	if !soon(func() bool { return runtime.NumGoroutine() <= before }) {
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	}
}
