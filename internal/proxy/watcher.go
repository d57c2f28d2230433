package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
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
	out     *cli.Printer
	log     *slog.Logger
	advice  advice.For
	now     func() time.Time
	origin  string
	tool    string
	again   time.Duration // how long a failure is the current verdict before the endpoint is asked again
	metrics metrics
	tasks   sync.WaitGroup // attempts, and generations that end

	draining atomic.Bool // it is about to stop

	mu      sync.Mutex
	serving *generation          // nil before the first
	older   map[*generation]bool // that still have requests
	asking  *attempt             // under way; nil: none
	audits  []*attest.Audit      // the newest ones, which errors are found in
	at      time.Time            // of the newest
	logged  string               // the newest verdict that was logged
	closed  bool
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

// observe is told of every attestation. A failure counts until one passes. Callers hold
// the mutex.
func (w *watcher) observe(a *attest.Audit) {
	if w.closed {
		return
	}
	w.audits = append(w.audits[max(0, len(w.audits)+1-maxAudits):], a)
	w.at = time.Now()
	v := w.describe(a, w.serving)
	w.metrics.count(attestationsTotal, v.Verdict)
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
		w.logVerdict(v, verdictID(a.Result), map[string]slog.Level{"pass": slog.LevelInfo, "error": slog.LevelWarn})
		return
	}
	w.logVerdict(v, verdictID(a.Result), map[string]slog.Level{"pass": slog.LevelDebug, "fail": slog.LevelDebug, "error": slog.LevelDebug})
}

// verdictID tells verdicts apart, in both logs: each attestation has one of its own.
func verdictID(r *attest.Result) string {
	if r == nil {
		return ""
	}
	raw := r.Report.Raw()
	sum := sha256.Sum256(append(raw[:], verdict.Stamp(r.At)...))
	return hex.EncodeToString(sum[:8])
}

// missed is told of each look for a newer trust bundle that brought none. It changes
// no verdict.
func (w *watcher) missed(err error) { w.log.Warn("no newer trust bundle: " + err.Error()) }

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
	if r, ok := w.inDate(); ok {
		return r, nil
	}
	return nil, errNoVerdict
}

// inDate returns the verdict of now, if it is in date and the newest, and asks for none.
func (w *watcher) inDate() (*attest.Result, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.failure() != nil {
		return nil, false
	}
	return w.serving.transport.Current()
}

// known returns the verdict of now, or the attempt that will find out.
func (w *watcher) known() (*attest.Result, *attempt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := w.failure()
	switch r, ok := w.serving.transport.Current(); {
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
		done = w.out.Slow("asking %s for its evidence", w.origin)
	}
	by := w.serving.transport
	w.tasks.Go(func() {
		_, a.err = by.Attest(context.Background())
		done()
		w.mu.Lock()
		if w.asking == a { // and no reload came in between
			w.asking = nil
		}
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
	g := w.serving
	w.mu.Unlock()
	return w.describe(a, g)
}

func (w *watcher) describe(a *attest.Audit, g *generation) *verdict.Document {
	frame := verdict.Frame{Tool: w.tool, Mode: "live", At: w.now(), TimeSource: "clock", Subject: &verdict.Subject{Origin: w.origin}}
	if g != nil {
		frame.Relaxed, frame.Enforced = g.Relaxed, g.Enforced
	}
	v := verdict.New(a, frame)
	w.advice.Complete(v.Error)
	var upstream *upstreamError
	if errors.As(a.Err, &upstream) { // no verdict about the evidence, and nothing to mend here
		v.Verdict, v.ExitCode = "error", verdict.ExitUndecided
		v.Error.Type, v.Error.Requirement, v.Error.Message, v.Error.Hint = "UpstreamError", upstream.rule, printable.Short(a.Err.Error()), upstreamHint
	}
	return v
}

// logVerdict writes a line for a verdict; one that no level is named for is an error.
// Callers hold the mutex.
// Rules: CLI-12, PRX-41.
func (w *watcher) logVerdict(v *verdict.Document, id string, levels map[string]slog.Level) {
	level, ok := levels[v.Verdict]
	if !ok {
		level = slog.LevelError
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
	text = strings.Join(append([]string{text}, remarks(v)...), "; ")
	w.log.Log(context.Background(), level, text, documentKey, v, idKey, id)
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

// event logs what happens to the proxy itself.
func (w *watcher) event(name, text, address string) {
	w.log.Info(name+" "+text, eventKey, name, addressKey, address)
}

// An upstreamError is what is wrong with an answer, and not with the evidence: the
// request, or a part of it, may have arrived.
type upstreamError struct {
	rule  string
	cause error
}

func (e *upstreamError) Error() string { return "no good answer from the endpoint: " + e.cause.Error() }
func (e *upstreamError) Unwrap() error { return e.cause }

// close ends the log, since what the transport reports from now on is its own end,
// and then the transports and all that runs.
func (w *watcher) close() {
	w.mu.Lock()
	w.closed = true
	last := []*generation{w.serving}
	for g := range w.older {
		last = append(last, g)
	}
	w.mu.Unlock()
	for _, g := range last {
		if g != nil {
			g.transport.Close()
		}
	}
	w.mu.Lock()
	for g := range w.older { // its requests have nowhere to go
		if g.running > 0 {
			g.running = 0
			close(g.unused)
		}
	}
	w.mu.Unlock()
	w.tasks.Wait()
}
