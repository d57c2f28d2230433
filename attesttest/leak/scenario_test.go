package leak_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest/leak"
)

var protocols = []string{leak.HTTP1, leak.HTTP2}

// subjects are who plays all scenarios, and what must come of it. Each has a list
// of the scenarios, or of their groups, in which nothing leaks.
var subjects = []struct {
	name    string
	subject leak.Subject
	only    []string // nil: all
	tight   []string // nil: all
	passes  []string // of those, where all the rest must be right, too
}{
	// Whoever attests each connection passes, also without keeping connections or
	// sending anything again, but where that is asked for.
	{name: "honest", subject: honest, passes: except("reset-then-good", "hang", "overload")},
	// Who attests nothing leaks wherever there is a connection. There is none where
	// the web certificate is no good.
	{name: "bare", subject: bare, tight: []string{"web/"}, passes: []string{"web/"}},
	// Who pins keys instead of attesting connections leaks wherever there is an
	// attested key. It takes an HTTPS proxy for the endpoint, and serves nobody.
	{
		name: "naive", subject: naive,
		tight:  []string{"web/", "bundle/", "dropped-after-attestation", "proxy/https"},
		passes: []string{"web/", "bundle/", "dropped-after-attestation"},
	},
	// Attesting some connection of a pool looks good as long as there is only one,
	// and that for a short time.
	{
		name: "pooled", subject: pooled,
		only: []string{
			"first-request", "ipv6", "liar/measurement", "http/head",
			"expiry", "expiry-refused", "rotation", "shared-tickets/", "rolling-restart", "chaos",
		},
		tight:  []string{"first-request", "ipv6", "liar/measurement", "http/head"},
		passes: []string{"first-request", "ipv6", "liar/measurement", "http/head"},
	},
}

// except lists all other scenarios.
func except(names ...string) []string {
	var all []string
	for _, s := range leak.Scenarios() {
		if !slices.Contains(names, s.Name) {
			all = append(all, s.Name)
		}
	}
	return all
}

// matches compares with names, or with groups of them like "web/".
func matches(s leak.Scenario, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return s.Name == name || strings.HasSuffix(name, "/") && strings.HasPrefix(s.Name, name)
	})
}

// TestScenarios plays some at a time, since most of them mostly wait. Nothing may
// be left running.
func TestScenarios(t *testing.T) {
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	slots := make(chan bool, 12)
	for _, who := range subjects {
		for _, protocol := range protocols {
			for _, s := range leak.Scenarios() {
				if !s.Supports(protocol) || who.only != nil && !matches(s, who.only) {
					continue
				}
				all.Go(func() {
					slots <- true
					defer func() { <-slots }()
					r := s.Run(t.Context(), protocol, who.subject)
					if r.Skipped != "" {
						return
					}
					if got, want := len(r.Leaks) == 0, who.tight == nil || matches(s, who.tight); got != want {
						t.Errorf("%s %s %s: leaks: %v, want %v: %v", who.name, s.Name, protocol, !got, !want, r.Failure())
					}
					if matches(s, who.passes) && r.Failure() != nil {
						t.Errorf("%s %s %s: %v", who.name, s.Name, protocol, r.Failure())
					}
					if r.Requests == 0 || r.Connections == 0 {
						t.Errorf("%s %s %s: nothing was tested: %+v", who.name, s.Name, protocol, r)
					}
				})
			}
		}
	}
	all.Wait()
	waitForGoroutines(t, before)
}

// TestScenarioRetries: the one that the honest subject fails can be passed.
func TestScenarioRetries(t *testing.T) {
	for _, s := range leak.Scenarios() {
		if s.Retries != slices.Contains([]string{"reset-then-good", "hang", "overload"}, s.Name) {
			t.Errorf("%s: Retries is %v", s.Name, s.Retries)
		}
	}
	s := scenario(t, "reset-then-good")
	if r := s.Run(t.Context(), leak.HTTP1, bare); r.Err != nil {
		t.Error(r.Err)
	}
	if r := s.Run(t.Context(), leak.HTTP1, honest); r.Err == nil || len(r.Leaks) > 0 {
		t.Error(r.Failure())
	}
	if r := s.Run(t.Context(), leak.HTTP2, honest); r.Failure() != nil {
		t.Error(r.Failure())
	}
}

// TestScenarioNames: they are unique and described, and exist with a protocol.
func TestScenarioNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range leak.Scenarios() {
		if s.Name == "" || s.About == "" || seen[s.Name] {
			t.Errorf("%q: %q", s.Name, s.About)
		}
		seen[s.Name] = true
		if !s.Supports(leak.HTTP1) && !s.Supports(leak.HTTP2) || s.Supports("h3") || s.Supports("") {
			t.Errorf("%q: wrong protocols", s.Name)
		}
	}
}

// TestScenarioMisuse: what could not be played has not passed.
func TestScenarioMisuse(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s := scenario(t, "first-request")
	for name, tt := range map[string]struct {
		report *leak.Report
		want   string
	}{
		"no scenario":       {leak.Scenario{}.Run(t.Context(), leak.HTTP1, honest), "does not exist"},
		"no such protocol":  {s.Run(t.Context(), "h3", honest), "does not exist"},
		"not this protocol": {scenario(t, "upgrade").Run(t.Context(), leak.HTTP2, honest), "does not exist"},
		"no subject":        {s.Run(t.Context(), leak.HTTP1, nil), "no subject"},
		"no transport": {s.Run(t.Context(), leak.HTTP1, func(leak.Target) (http.RoundTripper, func(), error) {
			return nil, nil, nil
		}), "subject was not made"},
		"error": {s.Run(t.Context(), leak.HTTP1, func(leak.Target) (http.RoundTripper, func(), error) {
			return http.DefaultTransport, nil, errors.New("no")
		}), "subject was not made"},
		"cancelled": {s.Run(cancelled, leak.HTTP1, honest), "was not served"},
	} {
		if err := tt.report.Failure(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func scenario(t *testing.T, name string) leak.Scenario {
	t.Helper()
	for _, s := range leak.Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario %q", name)
	return leak.Scenario{}
}

// TestBusy: a scenario with deadlines is played again, more slowly, when it fails
// and requests were slow; no other is.
func TestBusy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scenario string
		slow     time.Duration
		again    bool
	}{
		{"expiry", 300 * time.Millisecond, true},
		{"expiry", 0, false},
		{"first-request", 300 * time.Millisecond, false},
	} {
		made := 0
		r := scenario(t, tt.scenario).Run(t.Context(), leak.HTTP1, func(target leak.Target) (http.RoundTripper, func(), error) {
			if made++; made > 1 {
				return honest(target)
			}
			return mutant(func(_ *oneShot, r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					r.Body.Close()
				}
				time.Sleep(tt.slow)
				return nil, unavailable(errors.New("busy"))
			})(target)
		})
		if again := made == 2; again != tt.again || (r.Failure() == nil) != tt.again {
			t.Errorf("%s, %v: played %d times: %v", tt.scenario, tt.slow, made, r.Failure())
		}
	}
}
