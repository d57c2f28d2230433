package proxy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// A watcher knows the current verdict, and logs each one that is new.
type watcher struct {
	log       *cli.Printer
	advice    advice.For
	now       func() time.Time
	json      bool // log in JSON
	origin    string
	tool      string
	relaxed   []string
	enforced  []verdict.Demand
	again     time.Duration // how long a failure is the current verdict before the endpoint is asked again
	transport *transport.Transport
	tasks     sync.WaitGroup // attempts

	mu     sync.Mutex
	asking *attempt        // under way; nil: none
	audits []*attest.Audit // the newest ones, which errors are found in
	at     time.Time       // of the newest
	logged string          // the newest verdict that was logged
	closed bool
}

const maxAudits = 16

// An attempt is one attestation, for all who want to know how it ends. It is
// nobody's: whoever leaves takes nothing from the others, and causes no other one.
type attempt struct {
	ended chan struct{}
	err   error // once it has ended
}

const upstreamHint = "the endpoint is proven; ask again, or ask its operator"

var errNoVerdict = &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: "PRX-40", Message: "there is no verdict in date"}}

// observe is told of every attestation. A failure counts until one passes.
func (w *watcher) observe(a *attest.Audit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.audits = append(w.audits[max(0, len(w.audits)+1-maxAudits):], a)
	w.at = time.Now()
	v := w.describe(a)
	identity := fmt.Sprint(v.Verdict, v.SPKI, v.Measurement, v.Tag, v.Bundle)
	if e := v.Error; e != nil {
		what := e.Message
		if e.Type == "EvidenceUnavailableError" { // in whose words is a port or a time, another with each attempt
			what = advice.Layer(a.Err)
		}
		identity = fmt.Sprint(v.Verdict, e.Type, e.Requirement, what, e.Violations)
		if !strings.Contains(e.ActualFrom, advice.Clock) { // which is another each time
			identity += e.Actual
		}
	}
	if identity != w.logged {
		w.logged = identity
		w.logVerdict(v)
	}
}

// missed is told of each look for a newer trust bundle that brought none. It changes
// no verdict.
func (w *watcher) missed(err error) { w.log.Note("no newer trust bundle: %v", err) }

// current returns the verdict of now. Without one in date the endpoint is
// attested; whatever does not end in a verdict in date is an error.
func (w *watcher) current(ctx context.Context) (*attest.Result, error) {
	r, asked, err := w.known()
	if asked == nil {
		return r, err
	}
	select {
	case <-asked.ended:
	case <-ctx.Done():
		return nil, verdict.Unavailable("proxy", ctx.Err())
	}
	if asked.err != nil {
		var refused attest.AttestationError
		if !errors.As(asked.err, &refused) {
			return nil, verdict.Unavailable("proxy", asked.err)
		}
		return nil, asked.err
	}
	if r, ok := w.transport.Current(); ok {
		return r, nil
	}
	return nil, errNoVerdict
}

// known returns the verdict of now, or the attempt that will find out.
func (w *watcher) known() (*attest.Result, *attempt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := w.failure()
	switch r, ok := w.transport.Current(); {
	case w.closed:
		return nil, nil, verdict.Unavailable("proxy", transport.ErrClosed)
	case failed == nil && ok:
		return r, nil, nil
	case failed != nil && w.asking == nil && time.Since(w.at) < w.again:
		return nil, nil, failed
	}
	return nil, w.ask(), nil
}

// ask begins an attempt, unless one is under way. It ends by itself, at the latest
// with the transport. Callers hold the mutex.
// Rules: TRN-36.
func (w *watcher) ask() *attempt {
	if w.asking != nil {
		return w.asking
	}
	a := &attempt{ended: make(chan struct{})}
	w.asking = a
	done := func() {}
	if w.failure() == nil { // else the log has said that something is wrong
		done = w.log.Slow("asking %s for its evidence", w.origin)
	}
	w.tasks.Go(func() {
		_, a.err = w.transport.Attest(context.Background())
		done()
		w.mu.Lock()
		w.asking = nil
		w.mu.Unlock()
		close(a.ended)
	})
	return a
}

// failure returns why the newest attestation failed; nil: it passed, or there was
// none. Callers hold the mutex.
func (w *watcher) failure() error {
	if len(w.audits) == 0 {
		return nil
	}
	return w.audits[len(w.audits)-1].Err
}

// standing returns nil when the newest attestation passed.
func (w *watcher) standing() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.audits) == 0 {
		return verdict.Unavailable("proxy", errors.New("it was stopped before anything was proven"))
	}
	return w.failure()
}

// verdict makes the JSON object of a result or an error, with the steps of the
// attestation that it is of.
func (w *watcher) verdict(r *attest.Result, err error) *verdict.Document {
	a := &attest.Audit{Result: r, Err: err}
	if r != nil {
		a.Checks = r.Checks
	}
	w.mu.Lock()
	for _, recent := range w.audits {
		if err != nil && recent.Err != nil && errors.Is(err, recent.Err) {
			a.Checks = recent.Checks
		}
	}
	w.mu.Unlock()
	return w.describe(a)
}

func (w *watcher) describe(a *attest.Audit) *verdict.Document {
	v := verdict.New(a, verdict.Frame{Tool: w.tool, Mode: "live", At: w.now(), TimeSource: "clock", Relaxed: w.relaxed, Enforced: w.enforced, Subject: &verdict.Subject{Origin: w.origin}})
	w.advice.Complete(v.Error)
	var upstream *upstreamError
	if errors.As(a.Err, &upstream) { // no verdict about the evidence, and nothing to mend here
		v.Verdict, v.ExitCode = "error", verdict.ExitUndecided
		v.Error.Type, v.Error.Requirement, v.Error.Message, v.Error.Hint = "UpstreamError", upstream.rule, printable.Short(a.Err.Error()), upstreamHint
	}
	return v
}

// logVerdict writes a line for a verdict. Callers hold the mutex.
// Rules: CLI-12, PRX-41.
func (w *watcher) logVerdict(v *verdict.Document) {
	if w.json {
		brief := *v
		brief.Checks, brief.Limits, brief.NotChecked, brief.Notes, brief.Enforced = nil, nil, nil, nil, nil
		w.line(brief)
		return
	}
	text := "pass: measurement " + v.Measurement + ", tag " + v.Tag
	if v.Bundle != nil {
		text += fmt.Sprintf(", trust bundle version %d, valid until %s", v.Bundle.Version, v.Bundle.ValidUntil)
	}
	if e := v.Error; e != nil {
		text = fmt.Sprintf("%s: %s by %s: %s", v.Verdict, e.Type, e.Requirement, e.Message)
		for _, value := range [][3]string{{"expected", e.Expected, e.ExpectedFrom}, {"got", e.Actual, e.ActualFrom}} {
			if value[1] != "" {
				text += fmt.Sprintf("; %s %s (from %s)", value[0], value[1], value[2])
			}
		}
		text += "; hint: " + e.Hint
	}
	w.log.Note("%s %s", v.Time, strings.Join(append([]string{text}, remarks(v)...), "; "))
}

// remarks are what a verdict was reached by and in spite of.
// Rules: CLI-08, CLI-14.
func remarks(v *verdict.Document) (list []string) {
	if len(v.Relaxed) > 0 {
		list = append(list, "relaxed: "+strings.Join(v.Relaxed, ", "))
	}
	if v.Roots != nil && v.Roots.AMD != "builtin" {
		list = append(list, "AMD root: "+v.Roots.AMD)
	}
	for _, warning := range v.Warnings {
		list = append(list, "warning: "+warning.Text+" ("+warning.Source+")")
	}
	return list
}

// An Event is a line of the JSON log that is no verdict.
type Event struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	Time    string `json:"time"`
	Event   string `json:"event"` // "listening", "stopping" or "note"
	Address string `json:"address,omitempty"`
	Origin  string `json:"origin"`
	Text    string `json:"text,omitempty"`
}

func (w *watcher) event(name string) Event {
	return Event{Schema: "tresor.proxy/v1", Tool: w.tool, Time: verdict.Stamp(w.now()), Event: name, Origin: w.origin}
}

// note is what others have to say, such as the client of the key server.
func (w *watcher) note(text string) any {
	e := w.event("note")
	e.Text = text
	return e
}

// say logs what happens to the proxy itself.
func (w *watcher) say(name, address string) {
	if w.json {
		e := w.event(name)
		e.Address = address
		w.line(e)
		return
	}
	w.log.Note("%s %s on http://%s for %s", verdict.Stamp(w.now()), name, address, w.origin)
}

func (w *watcher) line(v any) { w.log.Log(printable.JSONLine(v)) }

// close ends the log, since what the transport reports from now on is its own end,
// and then the transport and all that runs.
func (w *watcher) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.transport.Close()
	w.tasks.Wait()
}
