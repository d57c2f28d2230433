package leak

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/internal/loopback"
)

// A dishonestPod must be refused.
type dishonestPod struct {
	name, about string
	errors      []string // types; one must come
	deadline    bool     // the caller's deadline may come first
	pod         func(sr *scenarioRun, good *pod) *pod
}

var unavailable = []string{"EvidenceUnavailableError", "EnvelopeInvalidError"} // where both are right

// liarScenarios: the first connection reaches the liar, later ones an honest
// pod, and then the liar again.
func liarScenarios() []Scenario {
	var all []Scenario
	for _, d := range dishonestPods() {
		all = append(all, Scenario{Name: "liar/" + d.name, About: d.about, timed: d.deadline, run: func(sr *scenarioRun) { sr.against(d) }})
	}
	return all
}

func (sr *scenarioRun) against(d dishonestPod) {
	good := sr.honest("good")
	liar := d.pod(sr, good)
	c := call{body: 5000}
	if d.deadline {
		c.within, sr.timeout = sr.pace/4, sr.pace/2
	}
	sr.start(first(liar, good))
	o := sr.do(c)
	if late := d.deadline && o.err != nil && sr.ctx.Err() == nil && isDeadline(o.err); !late {
		sr.refused("the request to the liar", o, d.errors...)
	}
	sr.servedAtLast("a request to the honest pod, after the liar was refused,")
	sr.witness.setRoute(always(liar))
	sr.witness.drain()
	c.body = 0
	sr.notServed("a request, when only the liar is left,", sr.do(c))
}

func dishonestPods() []dishonestPod {
	all := []dishonestPod{
		{name: "replay", about: "a pod shows the evidence of another one", errors: []string{"SPKIMismatchError"},
			pod: func(sr *scenarioRun, good *pod) *pod { return sr.replaying("liar", good) }},
		withFault("measurement", attesttest.Measurement),
		withFault("debug", attesttest.PolicyDebug),
		withFault("binding", attesttest.BindingKey),
		withFault("self-made", attesttest.ChainRogueRoot),
		withFault("dev-mode", attesttest.EnvelopeDevMode),
		withFault("stale", attesttest.EnvelopeStale),
		{name: "max-age-zero", about: "the envelope is valid for no time at all", errors: []string{"EnvelopeInvalidError"}, pod: withMaxAge("0")},
		{name: "max-age-negative", about: "the envelope is valid for less than no time", errors: []string{"EnvelopeInvalidError"}, pod: withMaxAge("-300")},
	}
	for _, a := range []struct {
		name, about string
		deadline    bool
		respond     responder
	}{
		{"status-404", "good evidence in a response with status 404", false, status(http.StatusNotFound)},
		{"status-500", "good evidence in a response with status 500", false, status(http.StatusInternalServerError)},
		{"status-203", "good evidence in a response with status 203", false, status(http.StatusNonAuthoritativeInfo)},
		{"redirect", "good evidence behind a redirect", false, redirected},
		{"type", "good evidence as text/html", false, typed("text/html")},
		{"gzip", "good evidence with a content encoding that nobody asked for", false, encoded},
		{"oversized", "good evidence, and 64 KiB of white space", false, oversized},
		{"truncated", "good evidence, but the response announces more", false, truncated},
		{"dropped", "the connection breaks instead of an answer", false, func(rw http.ResponseWriter, r *http.Request, _ []byte) { reset(rw, r) }},
		{"endless", "good evidence, and white space without end", true, endless(4<<10, 0)},
		{"trickle", "good evidence, and then a byte now and then", true, endless(1, 20*time.Millisecond)},
		{"silent", "no answer", true, func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }},
		{"interim", "interim responses (103) without end", true, interim},
	} {
		all = append(all, dishonestPod{name: a.name, about: a.about, errors: unavailable, deadline: a.deadline, pod: responding(a.respond)})
	}
	return all
}

// withFault is a pod with one of the faults.
func withFault(name string, f attesttest.Fault) dishonestPod {
	return dishonestPod{name: name, about: f.About(), errors: []string{f.ErrorType()}, pod: func(sr *scenarioRun, _ *pod) *pod {
		return sr.unproven("liar", f)
	}}
}

// withMaxAge is a pod with good evidence but for max_age_seconds.
func withMaxAge(seconds string) func(*scenarioRun, *pod) *pod {
	return responding(func(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
		answer(rw, maxAge.ReplaceAll(envelope, []byte(`"max_age_seconds":`+seconds)))
	})
}

var maxAge = regexp.MustCompile(`"max_age_seconds":\d+`)

// responding is a pod with good evidence of its own that it shows in no good
// way: whoever reads less strictly would find it proven.
func responding(respond responder) func(*scenarioRun, *pod) *pod {
	return func(sr *scenarioRun, _ *pod) *pod {
		return sr.unproven("liar").but(func(b *behaviour) { b.respond = respond })
	}
}

func status(code int) responder {
	return func(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(code)
		rw.Write(envelope)
	}
}

func typed(contentType string) responder {
	return func(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
		loopback.Write(rw, contentType, envelope)
	}
}

func redirected(rw http.ResponseWriter, r *http.Request, envelope []byte) {
	if r.URL.RawQuery != "" {
		answer(rw, envelope)
		return
	}
	rw.Header().Set("Location", "/attestation?again")
	status(http.StatusTemporaryRedirect)(rw, r, envelope)
}

func encoded(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(envelope)
	z.Close()
	rw.Header().Set("Content-Encoding", "gzip")
	answer(rw, b.Bytes())
}

func oversized(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
	answer(rw, append(envelope, bytes.Repeat([]byte(" "), 64<<10)...))
}

func truncated(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
	rw.Header().Set("Content-Length", strconv.Itoa(len(envelope)+1))
	answer(rw, envelope)
	http.NewResponseController(rw).Flush()
	panic(http.ErrAbortHandler)
}

// endless goes on with n spaces at a time.
func endless(n int, between time.Duration) responder {
	return func(rw http.ResponseWriter, r *http.Request, envelope []byte) {
		answer(rw, envelope)
		more, control := bytes.Repeat([]byte(" "), n), http.NewResponseController(rw)
		for r.Context().Err() == nil && control.Flush() == nil {
			if _, err := rw.Write(more); err != nil {
				return
			}
			pause(r.Context(), between)
		}
	}
}

func interim(rw http.ResponseWriter, r *http.Request, _ []byte) {
	rw.Header().Set("Link", "</nothing>")
	for r.Context().Err() == nil {
		rw.WriteHeader(http.StatusEarlyHints)
		pause(r.Context(), time.Millisecond)
	}
}
