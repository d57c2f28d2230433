package receipt

import (
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
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

	NotChecked []policy.Unchecked
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

// An Audit is the outcome of a verification, step by step. It passed when Passed
// says so: the zero Audit has no error, and did not.
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
var never = []policy.Unchecked{
	{Name: "hardware evidence", Reason: "a report that a receipt embeds is bound to a connection that is gone"},
	{Name: "revocation", Reason: "there is no list of withdrawn receipts or receipt keys"},
}

// table are the steps of a receipt. What is not about the claims has passed before
// they are read.
var table = []steps.Step[*session]{
	{ID: "framing", Rule: "RCP-01", Check: (*session).parse},
	{ID: "signature", Rule: "RCP-10", Needs: []string{"framing"}, Check: (*session).checkSignature},
	{ID: "claims", Rule: "RCP-20", Needs: []string{"signature"}, Check: (*session).parsePayload},
	{ID: "id", Rule: "RCP-03", Needs: []string{"claims"}, Check: (*session).checkID},
	{ID: "issued_at", Rule: "RCP-30", Needs: []string{"claims"}, Check: (*session).checkTime},
	{ID: "age", Rule: "RCP-31", Needs: []string{"claims"}, Check: (*session).checkAge},
	{ID: "request_digest", Rule: "RCP-40", Needs: []string{"claims"}, Check: (*session).checkRequest},
	{ID: "response_digest", Rule: "RCP-40", Needs: []string{"claims"}, Check: (*session).checkResponse},
	{ID: "router_attestation", Rule: "RCP-50", Needs: []string{"claims"}, Check: (*session).checkRouter},
	{ID: "inference_attestation", Rule: "RCP-50", Needs: []string{"claims"}, Check: (*session).checkInference},
}

// fillResult makes the result of what has passed.
// Rules: RCP-60.
func (s *session) fillResult(checks []attest.Check) *Result {
	r, c := s.result, s.claims
	r.KeyID, r.Type = s.message.KeyID(), s.message.Type()
	r.ID, r.IssuedAt, r.RequestedRoute, r.RoutedModel = c.id, c.issuedAt, c.route, c.model
	r.RequestDigest, r.ResponseDigest = c.request, c.response
	for _, done := range checks[5:] { // from the age on, steps may be left out
		if done.Status == attest.NotChecked {
			r.NotChecked = append(r.NotChecked, policy.Unchecked{Name: done.ID, Reason: done.Reason})
		} else if done.Reason != "" {
			r.NotChecked = append(r.NotChecked, policy.Unchecked{Name: done.ID + ".workload_identity_tag", Reason: done.Reason})
		}
	}
	r.NotChecked = append(r.NotChecked, unjudged("router_attestation", c.router, r.Router)...)
	r.NotChecked = append(r.NotChecked, unjudged("inference_attestation", c.inference, r.Inference)...)
	r.NotChecked = append(r.NotChecked, never...)
	r.Limits = slices.Clone(limits)
	r.Checks = checks
	return r
}

// Passed reports whether every step passed, did not apply or was not demanded.
func (a *Audit) Passed() bool {
	return a != nil && a.Err == nil && a.Result != nil && len(a.Result.Checks) > 0 // the zero Result has none
}

// unjudged lists what a trust bundle that passed was not asked, unlike that of an
// endpoint (SPEC.md section 2).
func unjudged(name string, e embedded, a Attestation) (list []policy.Unchecked) {
	for _, n := range []struct {
		when         bool
		what, reason string
	}{
		{true, "bundle_rollback", "no trust bundle that was accepted before is remembered"},
		{true, "bundle_validity", "the trust bundle is judged for the time at which the receipt was issued, and not for now"},
		{e.workload == "", "workload", "it names no workload that the trust bundle's could be compared with"},
		{a.Manifest != nil, "manifest_signature", "the manifest is the tag's own; its signature is not checked"},
	} {
		if n.when && a.Bundle != nil {
			list = append(list, policy.Unchecked{Name: name + "." + n.what, Reason: n.reason})
		}
	}
	return list
}
