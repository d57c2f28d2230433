package attesttest

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"time"
)

// A lie is a pod that must be refused.
type lie struct {
	name, about string
	errors      []string // types; one must come
	deadline    bool     // the caller's deadline may come first
	pod         func(p *play, good *pod) *pod
}

var unavailable = []string{"EvidenceUnavailableError", "EnvelopeInvalidError"} // where both are right

// liarScenarios: the first connection reaches the liar, later ones an honest
// pod, and then the liar again.
func liarScenarios() []Scenario {
	var all []Scenario
	for _, l := range lies() {
		all = append(all, Scenario{Name: "liar/" + l.name, About: l.about, timed: l.deadline, run: func(p *play) { p.meet(l) }})
	}
	return all
}

func (p *play) meet(l lie) {
	good := p.honest("good")
	liar := l.pod(p, good)
	c := call{body: 5000}
	if l.deadline {
		c.within, p.timeout = p.pace/4, p.pace/2
	}
	p.start(first(liar, good))
	o := p.do(c)
	if late := l.deadline && o.err != nil && p.ctx.Err() == nil && isDeadline(o.err); !late {
		p.refused("the request to the liar", o, l.errors...)
	}
	p.servedAtLast("a request to the honest pod, after the liar was refused,")
	p.witness.setRoute(always(liar))
	p.witness.drain()
	c.body = 0
	p.notServed("a request, when only the liar is left,", p.do(c))
}

func lies() []lie {
	all := []lie{
		{name: "replay", about: "a pod shows the evidence of another one", errors: []string{"SPKIMismatchError"},
			pod: func(p *play, good *pod) *pod { return p.replaying("liar", good) }},
		spoilt("measurement", Measurement),
		spoilt("debug", PolicyDebug),
		spoilt("binding", BindingKey),
		spoilt("self-made", ChainRogueRoot),
		spoilt("dev-mode", EnvelopeDevMode),
		spoilt("stale", EnvelopeStale),
		{name: "max-age-zero", about: "the envelope is valid for no time at all", errors: []string{"EnvelopeInvalidError"}, pod: withChange(members{"max_age_seconds": 0})},
		{name: "max-age-negative", about: "the envelope is valid for less than no time", errors: []string{"EnvelopeInvalidError"}, pod: withChange(members{"max_age_seconds": -300})},
	}
	for _, a := range []struct {
		name, about string
		respond     func(http.ResponseWriter, *http.Request, []byte)
	}{
		{"status-404", "good evidence in a response with status 404", status(http.StatusNotFound)},
		{"status-500", "good evidence in a response with status 500", status(http.StatusInternalServerError)},
		{"status-203", "good evidence in a response with status 203", status(http.StatusNonAuthoritativeInfo)},
		{"redirect", "good evidence behind a redirect", redirected},
		{"type", "good evidence as text/html", typed("text/html")},
		{"gzip", "good evidence with a content encoding that nobody asked for", encoded},
		{"oversized", "good evidence, and 64 KiB of white space", oversized},
		{"truncated", "good evidence, but the response announces more", truncated},
		{"dropped", "the connection breaks instead of an answer", func(rw http.ResponseWriter, r *http.Request, _ []byte) { reset(rw, r) }},
	} {
		all = append(all, lie{name: a.name, about: a.about, errors: unavailable, pod: responding(a.respond)})
	}
	for _, a := range []struct {
		name, about string
		respond     func(http.ResponseWriter, *http.Request, []byte)
	}{
		{"endless", "good evidence, and white space without end", endless(4<<10, 0)},
		{"trickle", "good evidence, and then a byte now and then", endless(1, 20*time.Millisecond)},
		{"silent", "no answer", func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }},
		{"interim", "interim responses (103) without end", interim},
	} {
		all = append(all, lie{name: a.name, about: a.about, errors: unavailable, deadline: true, pod: responding(a.respond)})
	}
	return all
}

// spoilt is a pod with one of the faults.
func spoilt(name string, f Fault) lie {
	return lie{name: name, about: f.About(), errors: []string{f.ErrorType()}, pod: func(p *play, _ *pod) *pod {
		e := p.sibling("liar", nil, f)
		return newPod("liar", p.protocol, e).acts(behaviour{evidence: e})
	}}
}

// withChange is a pod with good evidence but for members of the envelope.
func withChange(change members) func(*play, *pod) *pod {
	return func(p *play, _ *pod) *pod {
		e := p.sibling("liar", change)
		return newPod("liar", p.protocol, e).acts(behaviour{evidence: e})
	}
}

// responding is a pod with good evidence of its own that it shows in no good
// way: whoever reads less strictly would find it proven.
func responding(respond func(http.ResponseWriter, *http.Request, []byte)) func(*play, *pod) *pod {
	return func(p *play, _ *pod) *pod {
		e := p.sibling("liar", nil)
		return newPod("liar", p.protocol, e).acts(behaviour{evidence: e, respond: respond})
	}
}

func status(code int) func(http.ResponseWriter, *http.Request, []byte) {
	return func(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(code)
		rw.Write(envelope)
	}
}

func typed(contentType string) func(http.ResponseWriter, *http.Request, []byte) {
	return func(rw http.ResponseWriter, _ *http.Request, envelope []byte) { write(rw, contentType, envelope) }
}

func redirected(rw http.ResponseWriter, r *http.Request, envelope []byte) {
	if r.URL.RawQuery != "" {
		write(rw, "application/json", envelope)
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
	write(rw, "application/json", b.Bytes())
}

func oversized(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
	write(rw, "application/json", append(envelope, bytes.Repeat([]byte(" "), 64<<10)...))
}

func truncated(rw http.ResponseWriter, _ *http.Request, envelope []byte) {
	rw.Header().Set("Content-Length", strconv.Itoa(len(envelope)+1))
	write(rw, "application/json", envelope)
	http.NewResponseController(rw).Flush()
	panic(http.ErrAbortHandler)
}

// endless goes on with n spaces at a time.
func endless(n int, pause time.Duration) func(http.ResponseWriter, *http.Request, []byte) {
	return func(rw http.ResponseWriter, r *http.Request, envelope []byte) {
		write(rw, "application/json", envelope)
		more, control := bytes.Repeat([]byte(" "), n), http.NewResponseController(rw)
		for r.Context().Err() == nil && control.Flush() == nil {
			if _, err := rw.Write(more); err != nil {
				return
			}
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
			}
		}
	}
}

func interim(rw http.ResponseWriter, r *http.Request, _ []byte) {
	rw.Header().Set("Link", "</nothing>")
	for r.Context().Err() == nil {
		rw.WriteHeader(http.StatusEarlyHints)
		select {
		case <-time.After(time.Millisecond):
		case <-r.Context().Done():
		}
	}
}
