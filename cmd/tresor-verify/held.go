package main

import (
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/snpreport"
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
func readHeld(r *reading, report string, certs []string, at time.Time, beside bool) *held {
	b := r.evidence("--report", "report", report, carrier.MaxSize)
	if r.err != nil {
		return nil
	}
	e, err := carrier.Open(b)
	if err != nil {
		r.fail(refusal("--report", err, unread.Report))
		return nil
	}
	r.SetCarrier(string(e.Form))
	h := &held{form: e.Form, hcl: e.HCL, quote: e.Quote, ReportEvidence: attest.ReportEvidence{Report: e.Report}}
	bag := e.Bag
	for _, name := range certs {
		addCerts(r, &bag, name)
	}
	if beside && report != "-" && !hasLeaf(bag.Certificates) && r.err == nil {
		with := bag
		if addBeside(r, &with, report); hasLeaf(with.Certificates) { // others are no help
			bag = with
		}
	}
	h.notes = prefixed("passed over: ", bag.PassedOver)
	parsed, err := snpreport.Parse(h.Report)
	if err != nil {
		for _, cert := range bag.Certificates {
			h.Certificates = append(h.Certificates, cert.DER)
		}
		return h
	}
	choice, err := carrier.Choose(parsed, bag.Certificates, at)
	if err != nil {
		r.fail(refusal("--certs", err, unread.Chain))
		return nil
	}
	h.Certificates, h.notes = choice.Certificates, append(h.notes, prefixed("certificate left out: ", choice.LeftOut)...)
	return h
}
