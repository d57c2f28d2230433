package attesttest_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tresorhq/attest/attesttest"
)

var protocols = []string{attesttest.HTTP1, attesttest.HTTP2}

// runAll plays the scenarios that are wanted, some at a time, since most of them
// mostly wait. Nothing may be left running.
func runAll(t *testing.T, subject attesttest.Subject, wanted func(attesttest.Scenario) bool, judge func(s attesttest.Scenario, protocol string, r *attesttest.Report)) {
	t.Helper()
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	slots := make(chan bool, 12)
	for _, protocol := range protocols {
		for _, s := range attesttest.Scenarios() {
			if s.Supports(protocol) && wanted(s) {
				all.Go(func() {
					slots <- true
					defer func() { <-slots }()
					judge(s, protocol, s.Run(t.Context(), protocol, subject))
				})
			}
		}
	}
	all.Wait()
	waitForGoroutines(t, before)
}

func anyScenario(attesttest.Scenario) bool { return true }

func named(names ...string) func(attesttest.Scenario) bool {
	return func(s attesttest.Scenario) bool { return matches(s, names) }
}

// matches compares with names, or with groups of them like "web/".
func matches(s attesttest.Scenario, names []string) bool {
	for _, name := range names {
		if s.Name == name || strings.HasSuffix(name, "/") && strings.HasPrefix(s.Name, name) {
			return true
		}
	}
	return false
}

// TestScenariosHonest: whoever attests each connection passes, without keeping
// connections or sending anything again, but where that is asked for.
func TestScenariosHonest(t *testing.T) {
	runAll(t, honest, anyScenario, func(s attesttest.Scenario, protocol string, r *attesttest.Report) {
		if len(r.Violations) > 0 || r.Err != nil && !s.Retries {
			t.Errorf("%s %s: %v", s.Name, protocol, r.Failure())
		}
		if r.Skipped == "" && (r.Requests == 0 || r.Connections == 0) {
			t.Errorf("%s %s: nothing was tested: %+v", s.Name, protocol, r)
		}
	})
}

// TestScenariosBare: who attests nothing leaks wherever there is a connection.
func TestScenariosBare(t *testing.T) {
	passes := []string{"web/"} // no connection, since the web certificate is checked
	runAll(t, bare, anyScenario, func(s attesttest.Scenario, protocol string, r *attesttest.Report) {
		if got, want := len(r.Violations) > 0, !matches(s, passes); got != want && r.Skipped == "" {
			t.Errorf("%s %s: leaks: %v, want %v", s.Name, protocol, got, want)
		}
		if s.Retries && r.Err != nil { // it does send again what HTTP allows to
			t.Errorf("%s %s: %v", s.Name, protocol, r.Err)
		}
	})
}

// TestScenariosNaive: who pins keys instead of attesting connections leaks
// wherever there is an attested key.
func TestScenariosNaive(t *testing.T) {
	passes := []string{
		"web/", "bundle/", "dropped-after-attestation",
		"proxy/https", // it takes the proxy for the endpoint, and serves nobody
	}
	runAll(t, naive, anyScenario, func(s attesttest.Scenario, protocol string, r *attesttest.Report) {
		if got, want := len(r.Violations) > 0, !matches(s, passes); got != want && r.Skipped == "" {
			t.Errorf("%s %s: leaks: %v, want %v", s.Name, protocol, got, want)
		}
		if s.Name == "proxy/https" && r.Err == nil {
			t.Errorf("%s %s: served", s.Name, protocol)
		}
	})
}

// TestScenariosPooled: attesting some connection of a pool is not enough, though
// it looks good as long as there is only one.
func TestScenariosPooled(t *testing.T) {
	passes := []string{"first-request", "ipv6", "liar/measurement", "http/head"}
	leaks := []string{"expiry", "expiry-refused", "rotation", "shared-tickets/", "rolling-restart", "chaos"}
	runAll(t, pooled, named(append(leaks, passes...)...), func(s attesttest.Scenario, protocol string, r *attesttest.Report) {
		if got, want := len(r.Violations) > 0, matches(s, leaks); got != want && r.Skipped == "" {
			t.Errorf("%s %s: leaks: %v, want %v", s.Name, protocol, got, want)
		}
		if matches(s, passes) && r.Failure() != nil {
			t.Errorf("%s %s: %v", s.Name, protocol, r.Failure())
		}
	})
}

// TestScenarioNames: they are unique and described, and exist with a protocol.
func TestScenarioNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range attesttest.Scenarios() {
		if s.Name == "" || s.About == "" || seen[s.Name] {
			t.Errorf("%q: %q", s.Name, s.About)
		}
		seen[s.Name] = true
		if !s.Supports(attesttest.HTTP1) && !s.Supports(attesttest.HTTP2) || s.Supports("h3") || s.Supports("") {
			t.Errorf("%q: wrong protocols", s.Name)
		}
	}
}

// TestScenarioMisuse: what could not be played has not passed.
func TestScenarioMisuse(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s := scenario(t, "first-request")
	for name, r := range map[string]*attesttest.Report{
		"no scenario":       attesttest.Scenario{}.Run(t.Context(), attesttest.HTTP1, honest),
		"no such protocol":  s.Run(t.Context(), "h3", honest),
		"not this protocol": scenario(t, "upgrade").Run(t.Context(), attesttest.HTTP2, honest),
		"no subject":        s.Run(t.Context(), attesttest.HTTP1, nil),
		"no transport": s.Run(t.Context(), attesttest.HTTP1, func(attesttest.Target) (http.RoundTripper, func(), error) {
			return nil, nil, nil
		}),
		"cancelled": s.Run(cancelled, attesttest.HTTP1, honest),
	} {
		if r.Failure() == nil {
			t.Errorf("%s: passed", name)
		}
	}
}

func scenario(t *testing.T, name string) attesttest.Scenario {
	t.Helper()
	for _, s := range attesttest.Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario %q", name)
	return attesttest.Scenario{}
}
