package held

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/snpreport"
)

// Evidence is evidence as the user holds it, in the bytes that verifiers take.
type Evidence struct {
	attest.ReportEvidence
	Form  carrier.Form   // of the report's file
	HCL   []byte         // of an Azure VM, or nil
	Quote *carrier.Quote // that came with it, or nil
	Notes []string       // what was passed over or left out
}

// MayCarryQuote reports whether evidence of this form may have a quote in it.
func (e *Evidence) MayCarryQuote() bool {
	return slices.Contains([]carrier.Form{carrier.CoCoV1, carrier.CoCoV2, carrier.AttestationRS}, e.Form)
}

// Read reads a report and certificates in any form that package carrier knows, and
// chooses the certificates of the report; with beside, it looks for a leaf beside the file
// where there is none. What cannot be parsed stays as it is: verifying it will say why.
// Rules: FRM-01, FRM-50.
func Read(ctx context.Context, c *cli.Call, report string, certs []string, at time.Time, beside bool) (*Evidence, error) {
	r := &reader{c, ctx}
	b, err := r.read("report", report, carrier.MaxSize)
	if err != nil {
		return nil, err
	}
	opened, err := carrier.Open(b)
	if err != nil {
		return nil, Refusal("--report", err, unread.Report)
	}
	r.SetCarrier(string(opened.Form))
	e := &Evidence{Form: opened.Form, HCL: opened.HCL, Quote: opened.Quote, ReportEvidence: attest.ReportEvidence{Report: opened.Report}}
	bag := opened.Bag
	for _, name := range certs {
		if err := r.addCerts(&bag, name); err != nil {
			return nil, err
		}
	}
	if beside && report != "-" && !hasLeaf(bag.Certificates) {
		with := bag
		if r.addBeside(&with, report); hasLeaf(with.Certificates) { // others are no help
			bag = with
		}
	}
	e.Notes = prefixed("passed over: ", bag.PassedOver)
	parsed, err := snpreport.Parse(e.Report)
	if err != nil {
		for _, cert := range bag.Certificates {
			e.Certificates = append(e.Certificates, cert.DER)
		}
		return e, nil
	}
	choice, err := carrier.Choose(parsed, bag.Certificates, at)
	if err != nil {
		return nil, Refusal("--certs", err, unread.Chain)
	}
	e.Certificates, e.Notes = choice.Certificates, append(e.Notes, prefixed("certificate left out: ", choice.LeftOut)...)
	return e, nil
}

// ReadStrictly reads a report and certificates in the forms of SPEC.md section 4.
func ReadStrictly(ctx context.Context, c *cli.Call, report string, certs []string) (*Evidence, error) {
	r, e := &reader{c, ctx}, new(Evidence)
	var err error
	if e.Report, err = ReadReport(ctx, c, report); err != nil {
		return nil, err
	}
	for _, name := range certs {
		b, err := r.read("certs", name, maxFile)
		switch {
		case err != nil:
			return nil, err
		case bytes.Contains(b, []byte("-----BEGIN")):
			r.SetCarrier("pem")
		case len(b) > 1 && b[0] == 0x30:
			r.SetCarrier("der")
		default:
			r.SetCarrier("table")
		}
		e.Certificates = append(e.Certificates, b)
	}
	return e, nil
}
