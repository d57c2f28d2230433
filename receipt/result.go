package receipt

import (
	"errors"
	"time"

	"github.com/tresorhq/attest"
)

// A Result states what was verified. There is none unless everything passed.
type Result struct {
	At       time.Time // the time it was verified for
	KeyID    string    // kid, of the key that signed it
	Type     string    // typ of its header, or ""
	ID       string    // jti
	IssuedAt time.Time // iat

	// What the service claims.
	RequestedRoute string
	RoutedModel    string
	RequestDigest  string // "sha256:…", or "" when absent; compared only as Checks say
	ResponseDigest string

	Router    Attestation
	Inference Attestation

	NotChecked []NotChecked
	Limits     []string // what this verdict does not say
	Checks     []attest.Check
}

// An Attestation is what was verified of an attestation that the receipt embeds;
// zero when nothing was.
type Attestation struct {
	Bundle   *attest.Bundle
	Tag      [32]byte // the bundle lists it; zero: there is none
	Manifest *attest.Manifest
}

// NotChecked is one thing that was not looked at.
type NotChecked struct {
	Name   string // e.g. "request_digest"
	Reason string
}

// An Audit is the outcome of a verification, step by step.
type Audit struct {
	Result *Result        // nil unless Err is nil
	Err    error          // of the first step that failed
	Checks []attest.Check // all steps; nil when nothing was carried out
}

// limits are what no receipt says.
var limits = []string{
	"a receipt is the word of whoever holds its key; it proves nothing about the hardware",
	"a key set has no signature of its own: it is as good as the way it came",
}

// never is what this package does not look at.
var never = []NotChecked{
	{"hardware evidence", "a report that a receipt embeds is bound to a connection that is gone"},
	{"revocation", "there is no list of withdrawn receipts or receipt keys"},
}

// A finding is what a step has to say when it does not fail.
type finding struct {
	status         attest.Status // zero: Pass
	actual, reason string
}

func notApplicable(reason string) finding {
	return finding{status: attest.NotApplicable, reason: reason}
}

func notChecked(reason string) finding { return finding{status: attest.NotChecked, reason: reason} }

// Audit is Verify, and lists every step.
func (v *Verifier) Audit(e Evidence, at time.Time) *Audit {
	if v == nil || len(v.config.Keys) == 0 {
		return &Audit{Err: errors.New("receipt: a Verifier is made by NewVerifier")}
	}
	if at.IsZero() {
		return &Audit{Err: errors.New("receipt: the time of verification is not set")}
	}
	s := &session{Verifier: v, evidence: e.clone(), at: at, result: &Result{At: at}}
	a := new(Audit)
	for i, step := range []struct {
		id, rule string
		run      func() (finding, error)
	}{
		{"framing", "RCP-01", s.parse},
		{"signature", "RCP-10", s.checkSignature},
		{"claims", "RCP-20", s.parsePayload},
		{"id", "RCP-03", s.checkID},
		{"issued_at", "RCP-30", s.checkTime},
		{"age", "RCP-31", s.checkAge},
		{"request_digest", "RCP-40", s.checkRequest},
		{"response_digest", "RCP-40", s.checkResponse},
		{"router_attestation", "RCP-50", s.checkRouter},
		{"inference_attestation", "RCP-50", s.checkInference},
	} {
		c := attest.Check{Step: i + 1, ID: step.id, Requirement: step.rule, Status: attest.NotReached, Reason: "an earlier step failed"}
		if a.Err == nil {
			var f finding
			f, a.Err = step.run()
			c = check(c, f, a.Err)
		}
		a.Checks = append(a.Checks, c)
	}
	if a.Err == nil {
		s.describe(a)
	}
	return a
}

// check writes down how a step ended.
func check(c attest.Check, f finding, err error) attest.Check {
	c.Status, c.Actual, c.Reason = f.status, f.actual, f.reason
	switch refusal, ok := err.(attest.AttestationError); {
	case err != nil:
		c.Status, c.Reason = attest.Fail, err.Error()
		if ok {
			c.Requirement = refusal.Requirement()
		}
		if d, ok := err.(interface{ Details() attest.Failure }); ok {
			c.Expected, c.Actual, c.Reason = d.Details().Expected, d.Details().Actual, d.Details().Message
		}
	case c.Status == "":
		c.Status = attest.Pass
	}
	return c
}

// describe makes the result of what has passed.
// Rules: RCP-60.
func (s *session) describe(a *Audit) {
	r, c := s.result, s.claims
	r.KeyID, r.Type = s.message.KeyID(), s.message.Type()
	r.ID, r.IssuedAt, r.RequestedRoute, r.RoutedModel = c.id, c.issuedAt, c.route, c.model
	r.RequestDigest, r.ResponseDigest = c.request, c.response
	for _, done := range a.Checks {
		if done.Status == attest.NotChecked {
			r.NotChecked = append(r.NotChecked, NotChecked{done.ID, done.Reason})
		} else if done.Status == attest.Pass && done.Reason != "" {
			r.NotChecked = append(r.NotChecked, NotChecked{done.ID + ".workload_identity_tag", done.Reason})
		}
	}
	r.NotChecked = append(r.NotChecked, unjudged("router_attestation", c.router, r.Router)...)
	r.NotChecked = append(r.NotChecked, unjudged("inference_attestation", c.inference, r.Inference)...)
	r.NotChecked = append(r.NotChecked, never...)
	r.Limits = append([]string(nil), limits...)
	r.Checks = a.Checks
	a.Result = r
}

// unjudged lists what a trust bundle that passed was not asked, unlike that of an
// endpoint (SPEC.md section 2).
func unjudged(name string, e embedded, a Attestation) (list []NotChecked) {
	for _, n := range []struct {
		when         bool
		what, reason string
	}{
		{true, "bundle_rollback", "no trust bundle that was accepted before is remembered"},
		{true, "bundle_validity", "the trust bundle is judged for the time at which the receipt was issued, and not for now"},
		{e.workload == "", "workload", "it names no workload that the trust bundle's could be compared with"},
		{a.Manifest != nil, "manifest_signature", "the manifest is the tag's own; nobody's signature is checked"},
	} {
		if n.when && a.Bundle != nil {
			list = append(list, NotChecked{name + "." + n.what, n.reason})
		}
	}
	return list
}
