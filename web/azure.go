package web

import (
	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// ofAzure reports whether a paravisor made the report, a quote came with it, or the
// policy demands something of an Azure confidential VM.
func (j *judgement) ofAzure(pol policy.Policy, carried *carrier.Evidence) bool {
	return carried.HCL != nil || len(j.inputs["quote"]) > 0 || len(pol.Azure()) > 0
}

// verifyAzure verifies the evidence of an Azure confidential VM: the report, and what
// the virtual TPM signed.
func (j *judgement) verifyAzure(config attest.ReportConfig, held attest.ReportEvidence, carried *carrier.Evidence) error {
	v, err := azure.NewVerifier(azure.Config{ReportConfig: config, RequireQuote: len(j.inputs["quote"]) > 0})
	if err != nil {
		return usage("%w", err)
	}
	e := azure.Evidence{HCL: carried.HCL, Certificates: held.Certificates, CRLs: held.CRLs}
	if e.Quote, err = j.quote(carried); err != nil {
		return err
	}
	j.azure = v.Audit(e, j.frame.At)
	return nil
}

// quote is the quote of the container, or that of the files beside it.
func (j *judgement) quote(carried *carrier.Evidence) (q *azure.QuoteEvidence, err error) {
	quotes, signatures, values := j.inputs["quote"], j.inputs["quote-signature"], j.inputs["pcrs"]
	switch {
	case carried.Quote != nil && len(quotes) > 0:
		return nil, usage("the report comes in a container that has a quote of its own")
	case carried.Quote != nil:
		q = &azure.QuoteEvidence{Message: carried.Quote.Message, Signature: carried.Quote.Signature}
		q.PCRs, err = azure.SHA256PCRs(carried.Quote.PCRs)
	case len(quotes) == 0 && len(signatures)+len(values) == 0:
		return nil, nil
	case len(quotes) != 1 || len(signatures) != 1 || len(values) > 1:
		return nil, usage("a quote, its signature and at most one file with the values of PCRs go together")
	default:
		q = &azure.QuoteEvidence{Message: quotes[0].data, Signature: signatures[0].data}
		if len(values) == 1 {
			q.PCRs, err = azure.ParsePCRs(trimLine(values[0].data))
		}
	}
	if err != nil {
		return nil, &azure.PCRMismatchError{Failure: rule.From(err, "TPM-40", "the values of PCRs are malformed")}
	}
	return q, nil
}

// paravisor shows what the paravisor and the virtual TPM of Azure were proven to say.
func (v *View) paravisor() node {
	if v.Document.Azure == nil {
		return fragment(nil)
	}
	var list []pair
	for _, f := range v.Document.Azure.Facts() {
		list = append(list, pair{f[0], f[1]})
	}
	return el("section", at("aria-labelledby", "h-azure"), el("h2", at("id", "h-azure"), "What the paravisor and its TPM say"), facts(list...))
}
