package leak

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tresorhq/attest"
)

// A Subject makes the round tripper that is put to the test: for this target
// alone, and with nothing left over from another. The function that comes with
// it must close its connections. Both may be called concurrently.
type Subject func(t Target) (http.RoundTripper, func(), error)

// A Target is what a Subject must know. It may not know more: how the servers
// lie is not said.
type Target struct {
	Protocol    string // HTTP1 or HTTP2: the only one that most pods speak
	URL         string // origin of the endpoint
	BundleURL   string
	WebRoots    *x509.CertPool
	ReleaseRoot ed25519.PublicKey
	AMDRoot     []byte        // DER
	Verifier    attest.Config // accepts the honest pods, by the machine's clock; needs no CRL
	MinTLS      uint16        // the oldest version to accept, as in crypto/tls

	// AttestTimeout is when to give up on an attestation that others may wait for;
	// zero: the Subject decides.
	AttestTimeout time.Duration

	// Proxy says which proxy to use for a request, or none, as that of an
	// http.Transport. It is never nil.
	Proxy func(*http.Request) (*url.URL, error)
}

// A Scenario is one way in which an attested endpoint can behave, and the
// requests that a client sends meanwhile. Each asks for two things. Nothing of a
// request may reach a connection that has not served an honest attestation
// before. And honest pods must be used: whoever sends nothing at all, or breaks
// where the network is merely unkind, fails too.
type Scenario struct {
	Name  string
	About string

	// Retries: a client that does not send a request again on a new connection,
	// where HTTP allows that, fails this one without being wrong.
	Retries bool

	protocols []string // none: both
	timed     bool     // has deadlines that a busy machine may miss
	run       func(*scenarioRun)
}

// Supports reports whether there is such a scenario with that protocol.
func (s Scenario) Supports(protocol string) bool {
	if s.protocols == nil {
		s.protocols = []string{HTTP1, HTTP2}
	}
	return slices.Contains(s.protocols, protocol)
}

// Scenarios returns all of them. Most take some milliseconds; the ones in which
// an attestation runs out take a little more than the second that the shortest
// one is valid for.
func Scenarios() []Scenario {
	return slices.Concat(firstScenarios(), liarScenarios(), bundleScenarios(), poolScenarios(), fleetScenarios(), lifeScenarios(), originScenarios(), httpScenarios())
}

// A Report says how a Subject did.
type Report struct {
	Leaks        []Leak // what left too early
	Err          error  // whatever else was wrong: nobody served, the wrong error, a stall
	Requests     int    // that the Subject was given
	Served       int    // of these
	Connections  int    // TLS connections that arrived
	Attestations int    // requests for one
	Skipped      string // why there was nothing to test; "": there was
}

// Failure returns nil when the Subject has passed.
func (r *Report) Failure() error {
	if r == nil {
		return errors.New("leak: no report")
	}
	all := []error{r.Err}
	for _, v := range r.Leaks {
		all = append(all, errors.New("leak: "+v.String()))
	}
	return errors.Join(all...)
}

// limit ends what hangs. Nothing that works comes near it.
const limit = 2 * time.Minute

// The paces of scenarios that depend on time. The first is that of the shortest
// validity that an envelope can have.
const (
	firstPace = time.Second
	lastPace  = 8 * time.Second
)

// Run plays the scenario with a Subject of its own. Nothing is left running when
// it returns, except by the Subject. Scenarios may run concurrently. On a machine
// that is too busy for a scenario with deadlines, Run plays it again, at half the
// pace and with a new Subject.
func (s Scenario) Run(ctx context.Context, protocol string, subject Subject) *Report {
	for pace := firstPace; ; pace *= 2 {
		sr := &scenarioRun{protocol: protocol, subject: subject, pace: pace, delivered: map[string]int{}}
		r := s.once(ctx, sr)
		tooBusy := sr.slowest > transitOf(pace) && sr.slowest < patience
		if r.Failure() == nil || !tooBusy || !s.timed || pace == lastPace {
			return r
		}
	}
}

func (s Scenario) once(ctx context.Context, sr *scenarioRun) *Report {
	switch {
	case !s.Supports(sr.protocol) || s.run == nil:
		sr.problem("scenario %.40q does not exist with protocol %.20q", s.Name, sr.protocol)
	case sr.subject == nil:
		sr.problem("no subject")
	default:
		var cancel context.CancelFunc
		sr.ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
		sr.perform(s.run)
	}
	return sr.finish()
}

// An abandoned scenario could not be set up.
type abandoned struct{ error }

// must abandons the scenario when there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(abandoned{err})
	}
	return v
}

// perform runs a scenario until its end, or until it cannot go on.
func (sr *scenarioRun) perform(run func(*scenarioRun)) {
	defer func() {
		if cause := recover(); cause != nil {
			a, ok := cause.(abandoned)
			if !ok {
				panic(cause)
			}
			sr.problem("could not go on: %w", a.error)
		}
	}()
	sr.publisher = sr.newPublisher()
	run(sr)
}

// finish lets the Subject close its connections, and sums up.
func (sr *scenarioRun) finish() *Report {
	if sr.closeSubject != nil {
		sr.closeSubject()
	}
	r := &sr.report
	for _, other := range sr.others {
		other.Close()
		r.Leaks = append(r.Leaks, other.Leaks()...)
	}
	if w := sr.witness; w != nil {
		if !sr.soon(func() bool { return w.open() == 0 }) {
			sr.problem("%d connections are open after the subject was closed", w.open())
		}
		w.Close()
		r.Leaks = append(r.Leaks, w.Leaks()...)
		for _, c := range w.connections() {
			r.Connections++
			r.Attestations += c.ledger.Attestations()
		}
	}
	sr.mu.Lock()
	defer sr.mu.Unlock()
	r.Leaks = append(r.Leaks, sr.leaks...)
	r.Err = errors.Join(sr.problems...)
	return r
}

// problem writes down what was wrong, once per text.
func (sr *scenarioRun) problem(format string, args ...any) {
	err := fmt.Errorf("leak: "+format, args...)
	sr.mu.Lock()
	defer sr.mu.Unlock()
	if !slices.ContainsFunc(sr.problems, func(e error) bool { return e.Error() == err.Error() }) && len(sr.problems) < maxProblems {
		sr.problems = append(sr.problems, err)
	}
}

const maxProblems = 20 // of one report
