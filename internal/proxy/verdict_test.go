package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// TestProxyVerdict: the verdict is that of now (PRX-40), and each new one is a
// line of the log (PRX-41).
func TestProxyVerdict(t *testing.T) {
	e := kitEnclave(t)
	server, err := e.Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	c := kitConfig(e, server.BundleURL)
	c.MaxVerdictAge = time.Second
	d := openDoor(t, server.URL, c, func(f *Config) { f.JSONLog = true })
	var v verdict.Document
	r := d.get(verdictPath)
	if err := json.Unmarshal([]byte(r.body), &v); err != nil || r.status != 200 || v.Verdict != "pass" || v.Mode != "live" || v.Measurement == "" || v.Bundle.Version != 17 || len(v.Checks) != 19 || v.Roots.AMD != "custom" {
		t.Fatalf("%v %+v", err, r)
	}
	if r := d.get(healthPath); r.status != 200 || r.body != "verified\nAMD root: custom\n" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v", r)
	}
	if r := d.do(d.request("HEAD", healthPath, "")); r.status != 200 {
		t.Errorf("%+v", r)
	}
	if e := d.refusal(d.do(d.request("POST", verdictPath, "x")), http.StatusMethodNotAllowed, "UsageError"); e.Requirement != "PRX-40" {
		t.Errorf("%+v", e)
	}
	if r := d.get("/"); r.status != 200 {
		t.Errorf("%+v", r)
	}
	// Another enclave takes over; the verdict of the old one runs out.
	server.SetEnclave(kitEnclave(t, attesttest.Measurement))
	if !soon(func() bool { return d.get(healthPath).status == http.StatusServiceUnavailable }) {
		t.Error("the old verdict is still given")
	}
	d.refusal(d.get("/"), http.StatusBadGateway, "MeasurementNotAllowedError")
	server.SetEnclave(e)
	if !soon(func() bool { return d.get(healthPath).status == http.StatusOK }) {
		t.Error("the endpoint is good again, and nobody says so")
	}
	d.stop()
	var events []string
	for line := range strings.Lines(d.log.String()) {
		var entry struct {
			Event   string         `json:"event"`
			Verdict string         `json:"verdict"`
			Error   *verdict.Error `json:"error"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if entry.Verdict != "error" { // a connection that was lost in between
			events = append(events, entry.Event+entry.Verdict)
		}
	}
	if want := []string{"pass", "fail", "pass", "stopping"}; !slices.Equal(events, want) {
		t.Errorf("logged %q: %s", events, d.log)
	}
}

// TestProxyNewestVerdict: a failure counts at once, also while an earlier verdict
// would still be in date.
func TestProxyNewestVerdict(t *testing.T) {
	d, server := kitDoor(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	d.watch.again = time.Hour
	if r := d.get(healthPath); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	server.SetEnclave(kitEnclave(t, attesttest.Measurement))
	d.watch.serving.transport.CloseIdleConnections()
	d.refusal(d.get("/"), http.StatusBadGateway, "MeasurementNotAllowedError")
	if _, ok := d.watch.serving.transport.Current(); !ok {
		t.Fatal("the earlier verdict has ended, and this tests nothing")
	}
	d.refusal(d.get(verdictPath), http.StatusServiceUnavailable, "MeasurementNotAllowedError")
}

// TestProxyNewVerdicts: two refusals that differ in what was found are two lines;
// the same one at another time is not (PRX-41).
func TestProxyNewVerdicts(t *testing.T) {
	var log locked.Buffer
	w := kitProxy("https://api.example", &log).watcher()
	measurement := func(actual string) error {
		return &attest.MeasurementNotAllowedError{Failure: attest.Failure{Rule: "POL-02", Message: "not allowed", Actual: actual}}
	}
	violation := func(actual string) error {
		return &attest.PolicyViolationError{Failure: attest.Failure{Rule: "POL-05", Message: "1 violation"}, Violations: []policy.Violation{{Rule: "POL-05", Actual: actual}}}
	}
	stale := func(actual string) error {
		return &attest.EnvelopeStaleError{Failure: attest.Failure{Rule: "ENV-21", Message: "too old", Actual: actual}}
	}
	expired := func(rule, actual string) error {
		return &attest.CRLInvalidError{Failure: attest.Failure{Rule: rule, Message: "out of date", Actual: actual}}
	}
	lines := 0
	for _, tt := range []struct {
		err   error
		lines int
	}{
		{measurement("aa"), 1}, {measurement("aa"), 0}, {measurement("bb"), 1},
		{violation("x"), 1}, {violation("y"), 1}, {violation("y"), 0},
		{stale("12:00"), 1}, {stale("12:01"), 0},
		{verdict.Unavailable("tls", errors.New("read tcp 127.0.0.1:1->127.0.0.1:443: reset")), 1}, {verdict.Unavailable("tls", errors.New("read tcp 127.0.0.1:2->127.0.0.1:443: reset")), 0},
		{verdict.Unavailable("tcp", errors.New("refused")), 1},
		{expired("CRL-20", "12:00"), 1}, {expired("CRL-20", "12:01"), 0}, {expired("CRL-21", "12:01"), 1},
	} {
		observed(w, &attest.Audit{Err: tt.err})
		lines += tt.lines
		if n := strings.Count(log.String(), "\n"); n != lines {
			t.Fatalf("%v: %d lines, want %d: %s", tt.err, n, lines, &log)
		}
	}
}

// TestProxyAsksOnce: however many ask for the verdict, and however many of them
// leave, an endpoint that is silent is attested once at a time; who leaves does not
// wait, who stays gets the outcome, and then there is a pause.
// Rules: PRX-40, TRN-36.
func TestProxyAsksOnce(t *testing.T) {
	e := kitEnclave(t)
	c := kitConfig(e, "https://127.0.0.1/bundle")
	dials, silence := new(atomic.Int32), make(chan struct{})
	c.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		dials.Add(1)
		select {
		case <-silence:
			return nil, errors.New("no answer")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d := openDoor(t, "https://127.0.0.1", c, nil)
	d.watch.again = time.Hour
	left, leave := context.WithCancel(t.Context())
	leave()
	ask := func() { // and be gone
		t.Helper()
		if _, err := d.watch.current(left); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	ask()
	if !soon(func() bool { return dials.Load() > 0 }) {
		t.Fatal("nobody asks the endpoint")
	}
	stays := make(chan error)
	go func() {
		_, err := d.watch.current(t.Context())
		stays <- err
	}()
	for range 50 {
		ask()
	}
	close(silence)
	if err := <-stays; attest.ErrorType(err) != "EvidenceUnavailableError" || !strings.Contains(err.Error(), "no answer") {
		t.Error(err)
	}
	for range 50 {
		d.refusal(d.get(verdictPath), http.StatusServiceUnavailable, "EvidenceUnavailableError")
	}
	d.stop()
	if n := dials.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if _, err := d.watch.current(t.Context()); !errors.Is(err, transport.ErrClosed) || dials.Load() != 1 {
		t.Errorf("after the end: %v", err)
	}

	silence = make(chan struct{}) // one that is under way ends with the proxy
	d = openDoor(t, "https://127.0.0.1", c, nil)
	ask()
	d.stop()
	d.watch.mu.Lock()
	defer d.watch.mu.Unlock()
	if d.watch.asking != nil {
		t.Error("an attestation has outlived the proxy")
	}
}

// TestProxyRefresh: a look for a newer bundle that brings none is no verdict
// (PRX-40, PRX-42); it is a note of the log.
func TestProxyRefresh(t *testing.T) {
	e := kitEnclave(t)
	server, err := e.Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	var down atomic.Bool
	publisher := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write(e.Evidence().Bundle)
	}))
	t.Cleanup(publisher.Close)
	c := kitConfig(e, publisher.URL)
	c.WebRoots = c.WebRoots.Clone()
	c.WebRoots.AddCert(publisher.Certificate())
	c.BundleRefresh = 200 * time.Millisecond
	d := openDoor(t, server.URL, c, func(f *Config) { f.JSONLog = true })
	d.watch.again = time.Hour
	if r := d.get("/"); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	down.Store(true)
	if !soon(func() bool { return strings.Contains(d.log.String(), "no newer trust bundle") }) {
		t.Errorf("it is not said: %s", d.log)
	}
	if r := d.get(healthPath); r.status != http.StatusOK {
		t.Errorf("%+v", r)
	}
	if err := d.watch.standing(); err != nil || strings.Contains(d.log.String(), `"verdict":"error"`) {
		t.Errorf("%v, %s", err, d.log)
	}
}
