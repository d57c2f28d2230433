package main

import (
	"context"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/verdict"
)

// held is evidence as the user holds it, in the bytes that verifiers take.
type held struct {
	attest.ReportEvidence
	form  carrier.Form
	hcl   []byte         // of an Azure VM, or nil
	quote *carrier.Quote // that came with it, or nil
	notes []string       // what was passed over or left out
}

// readHeld reads a report and certificates in any form that package carrier knows, and
// chooses the certificates of the report; with beside, it looks for a leaf beside the file
// where there is none. What cannot be parsed stays as it is: verifying
// it will say why.
// Rules: FRM-01, FRM-50.
func readHeld(ctx context.Context, c *cli.Call, report string, certs []string, at time.Time, beside bool) (*held, error) {
	b, err := c.ReadEvidence(ctx, "report", report, carrier.MaxSize)
	if err != nil {
		return nil, verdict.Unavailable("--report", err)
	}
	e, err := carrier.Open(b)
	if err != nil {
		return nil, refusal("--report", err, func(f attest.Failure) error { return &attest.ReportInvalidError{Failure: f} })
	}
	c.SetCarrier(string(e.Form))
	h := &held{form: e.Form, hcl: e.HCL, quote: e.Quote, ReportEvidence: attest.ReportEvidence{Report: e.Report}}
	bag := e.Bag
	for _, name := range certs {
		if err := addCerts(ctx, c, &bag, name); err != nil {
			return nil, err
		}
	}
	if beside && report != "-" && !hasLeaf(bag.Certificates) {
		addBeside(ctx, c, &bag, report)
	}
	h.notes = prefixed("passed over: ", bag.PassedOver)
	r, err := snpreport.Parse(h.Report)
	if err != nil {
		for _, cert := range bag.Certificates {
			h.Certificates = append(h.Certificates, cert.DER)
		}
		return h, nil
	}
	choice, err := carrier.Choose(r, bag.Certificates, at)
	if err != nil {
		return nil, refusal("--certs", err, chainRefusal)
	}
	h.Certificates, h.notes = choice.Certificates, append(h.notes, prefixed("certificate left out: ", choice.LeftOut)...)
	return h, nil
}

// unheld is the audit of evidence whose form breaks the rules of that form: the step that
// would have read it fails.
func unheld(config attest.ReportConfig, refused error, at time.Time) *attest.Audit {
	v, err := attest.NewReportVerifier(config)
	if err != nil {
		return &attest.Audit{Err: err}
	}
	step := map[string]string{"ReportInvalidError": "report", "CertChainInvalidError": "chain"}[verdict.Type(refused)]
	a := &attest.Audit{Err: refused, Checks: v.Audit(attest.ReportEvidence{}, at).Checks}
	description := verdict.Describe(refused)
	for i, c := range a.Checks {
		switch {
		case c.ID == step:
			a.Checks[i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: description.Requirement, Status: attest.Fail,
				Expected: description.Expected, Actual: description.Actual, Reason: description.Message}
		case c.Status != attest.NotApplicable:
			a.Checks[i] = attest.Check{Step: c.Step, ID: c.ID, Requirement: c.Requirement, Status: attest.NotReached, Reason: "the evidence could not be read"}
		}
	}
	return a
}
