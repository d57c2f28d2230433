package main

import (
	"context"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/unread"
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
		return nil, refusal("--report", err, unread.Report)
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
		with := bag
		if addBeside(ctx, c, &with, report); hasLeaf(with.Certificates) { // others are no help
			bag = with
		}
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
		return nil, refusal("--certs", err, unread.Chain)
	}
	h.Certificates, h.notes = choice.Certificates, append(h.notes, prefixed("certificate left out: ", choice.LeftOut)...)
	return h, nil
}
