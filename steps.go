package attest

import (
	"errors"
	"slices"
	"time"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// A Check is the record of one step of a verification: its number, from 1 to 19; its
// ID, which is stable, e.g. "report_signature"; as Requirement the rule of SPEC.md,
// the broken one when Status is Fail; the Expected and the Actual value; and as Reason
// why the step was not run, or the fault.
type Check = steps.Check

// How a step ended, the Status of a Check. NotReached: an earlier step failed. NotApplicable: this kind
// of verification has no such step. NotChecked: nothing demanded it.
const (
	Pass          = steps.Pass
	Fail          = steps.Fail
	NotReached    = steps.NotReached
	NotApplicable = steps.NotApplicable
	NotChecked    = steps.NotChecked
)

// session is the state of one verification. Each method in the table
// below is one step; it reads what the steps that it needs have left.
type session struct {
	verifier *Verifier // nil: a report is verified by itself
	evidence Evidence
	hardware ReportEvidence
	at       time.Time

	envelope *Envelope
	compact  []byte      // the trust bundle, a copy
	payload  []byte      // of the trust bundle, signature checked
	bundle   *Bundle     // until step 4 only what the signature says; it may be shared
	accepted *remembered // what follows from the trust bundle, once step 4 has passed
	manifest *Manifest

	// What steps 8 to 18 trust and demand. For an endpoint, step 4 sets it: without
	// a good trust bundle nothing is trusted.
	trust   ReportConfig
	table   []form.TableEntry // that came with the report
	result  *Result           // of which report is a part
	report  *snpreport.Report
	chain   *certchain.Chain
	outcome policy.Outcome
}

func newSession(at time.Time) *session {
	result := new(Result)
	return &session{at: at, result: result, report: &result.Report}
}

// endpointSteps are the 19 steps of SPEC.md section 2.
// Rules: ORD-01.
var endpointSteps = []steps.Step[*session]{
	{ID: "envelope", Rule: "ENV-01", Check: (*session).parseEnvelope},
	{ID: "freshness", Rule: "ENV-20", Needs: []string{"envelope"}, Check: (*session).checkFreshness},
	{ID: "bundle_signature", Rule: "BND-01", Check: (*session).openBundle},
	{ID: "bundle", Rule: "BND-10", Needs: []string{"bundle_signature"}, Check: (*session).parseBundle},
	{ID: "bundle_validity", Rule: "BND-30", Needs: []string{"bundle"}, Check: (*session).checkBundleValidity},
	{ID: "bundle_rollback", Rule: "BND-40", Needs: []string{"bundle"}, Check: (*session).checkRollback},
	{ID: "workload", Rule: "WKL-01", Needs: []string{"envelope", "bundle"}, Check: (*session).checkWorkload},
	{ID: "report", Rule: "RPT-01", Needs: []string{"envelope"}, Check: (*session).parseReport},
	{ID: "chain", Rule: "CHN-01", Needs: []string{"envelope", "bundle"}, Check: (*session).verifyChain},
	{ID: "revocation", Rule: "CRL-01", Needs: []string{"chain"}, Check: (*session).checkRevocation},
	{ID: "report_signature", Rule: "RPT-23", Needs: []string{"report", "chain"}, Check: (*session).verifySignature},
	{ID: "endorsement", Rule: "END-01", Needs: []string{"report_signature"}, Check: (*session).checkEndorsement},
	{ID: "policy", Rule: "POL-01", Needs: []string{"endorsement"}, Check: (*session).checkPolicy},
	{ID: "measurement", Rule: "POL-02", Needs: []string{"endorsement"}, Check: (*session).checkMeasurement},
	{ID: "identity_tag", Rule: "IDT-01", Needs: []string{"envelope", "bundle"}, Check: (*session).checkIdentityTag},
	{ID: "manifest", Rule: "IDT-10", Needs: []string{"envelope"}, Check: (*session).checkManifest},
	{ID: "min_tcb", Rule: "POL-03", Needs: []string{"endorsement"}, Check: (*session).checkMinTCB},
	{ID: "report_data", Rule: "BIN-01", Needs: []string{"envelope", "endorsement"}, Check: (*session).checkReportData},
	{ID: "live_key", Rule: "BIN-10", Needs: []string{"envelope"}, Check: (*session).checkLiveKey},
}

// reportSteps are those that a report has by itself, with the same numbers.
var reportSteps = steps.Omit(endpointSteps, "a report is verified by itself",
	"envelope", "freshness", "bundle_signature", "bundle", "bundle_validity", "bundle_rollback", "workload",
	"identity_tag", "manifest", "live_key")

var errIncomplete = errors.New("attest: internal error: a step was not carried out")

// run carries out the steps of one table, and turns what they left into an Audit.
func (s *session) run(table []steps.Step[*session], audit bool) *Audit {
	checks, err := steps.Run(table, s, audit)
	if err == nil && !s.outcome.Accepts() { // GEN-02: an outcome that no policy made accepts nothing
		err = errIncomplete
	}
	a := &Audit{Checks: checks, Err: err}
	if err == nil {
		a.Result = s.fillResult(checks)
	}
	return a
}

// notChecked is the outcome of a step that no policy knows and that was not demanded.
func (s *session) notChecked(step, reason string) (steps.Outcome, error) {
	s.result.NotChecked = append(s.result.NotChecked, policy.Unchecked{Name: step, Reason: reason})
	return steps.Outcome{Status: NotChecked, Reason: reason}, nil
}

// fillResult completes the result of a verification that has passed.
func (s *session) fillResult(checks []Check) *Result {
	r := s.result
	r.At, r.Chain, r.Checks = s.at, s.chain, checks
	r.CustomRoots, r.Relaxed = s.trust.AMDRoots.Custom(), s.trust.Policy.Relaxed()
	ofPolicy := slices.DeleteFunc(s.outcome.NotChecked, func(n policy.Unchecked) bool { // REPORT_DATA of an endpoint, by step 18
		return slices.ContainsFunc(checks, func(c Check) bool { return c.ID == n.Name && c.Status == Pass })
	})
	r.NotChecked = append(ofPolicy, r.NotChecked...)
	r.Warnings = slices.Clone(weaknesses[s.chain.Product])
	r.Notes = s.notes()
	limits := reportLimits
	if s.verifier != nil {
		limits = endpointLimits
		r.TLSSPKISHA256, r.IdentityTag = s.envelope.TLSSPKISHA256, s.envelope.IdentityTag
		r.IssuedAt, r.MaxAge = s.envelope.IssuedAt, s.envelope.MaxAge
		r.Workload, r.Bundle, r.Manifest = s.bundle.Workload, s.bundle.clone(), s.manifest
	}
	r.Limits = slices.Clone(limits)
	r.describeLaunch(s.trust.Launch)
	return r
}
