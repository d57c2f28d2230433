package main

import (
	"strings"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// azureFlags say what an Azure confidential VM must show. What is demanded is a part of the
// policy.
type azureFlags struct{ quote, signature, pcrs string }

func (f *azureFlags) rows(demands *policy.AzureRules) []cli.Flag {
	text := func(p **string) func(string) error {
		return func(s string) error { *p = new(strings.ToLower(s)); return nil }
	}
	return []cli.Flag{
		cli.Heading("What an Azure confidential VM must show"),
		cli.Row("quote", "FILE", "a quote of its virtual TPM: TPMS_ATTEST", cli.Text(&f.quote)),
		cli.Row("quote-signature", "FILE", "the signature of the quote", cli.Text(&f.signature)),
		cli.Row("pcrs", "FILE", "values of PCRs, as JSON", cli.Text(&f.pcrs)),
		cli.Row("qualifying-data", "HEX", "what the quote was asked for with, 1 to 64 bytes", text(&demands.QualifyingData)),
		cli.Row("user-data", "HEX", "what the guest put into the report, 1 to 64 bytes", text(&demands.UserData)),
		cli.Row("pcr", "[BANK:]INDEX=HEX...", "an allowed value of a PCR; sha256 when no bank is named", func(s string) error { return azure.AllowPCR(demands, s) }),
	}
}

// check refuses flags that do not go together, before anything is read.
func (f *azureFlags) check(r *reading) {
	r.refuse((f.quote == "") != (f.signature == ""), "CLI-02", "--quote and --quote-signature go together")
	r.refuse(f.pcrs != "" && f.quote == "", "CLI-02", "--pcrs are the values of a --quote")
}

// evidence adds the quote to what an Azure VM gave out.
func (f *azureFlags) evidence(r *reading, h *held.Evidence, flags policy.AzureRules) azure.Evidence {
	e := azure.Evidence{HCL: h.HCL, Certificates: h.Certificates, CRLs: h.CRLs}
	needs := flags.QualifyingData != nil || flags.PCRs != nil
	switch {
	case h.Quote != nil && f.quote != "":
		r.fail(cli.Usagef("--quote: the report comes in a container that has a quote of its own"))
	case h.HCL != nil && needs && f.quote == "" && !h.MayCarryQuote():
		r.fail(cli.Usagef("--qualifying-data and --pcr are about a quote: give it by --quote"))
	case h.Quote != nil:
		pcrs, err := azure.SHA256PCRs(h.Quote.PCRs)
		e.Quote = &azure.QuoteEvidence{Message: h.Quote.Message, Signature: h.Quote.Signature, PCRs: pcrs}
		r.failPCRs(err)
	case f.quote != "":
		e.Quote = f.readQuote(r)
	}
	return e
}

// failPCRs refuses values of PCRs.
func (r *reading) failPCRs(err error) {
	if err != nil {
		r.fail(&azure.PCRMismatchError{Failure: rule.From(err, "TPM-40", "the values of PCRs are malformed")})
	}
}

// readQuote reads the files of a quote.
func (f *azureFlags) readQuote(r *reading) *azure.QuoteEvidence {
	const most = 64 << 10
	q := &azure.QuoteEvidence{
		Message:   r.evidence("--quote", "quote", f.quote, most),
		Signature: r.evidence("--quote", "quote-signature", f.signature, most),
	}
	if f.pcrs != "" {
		b := r.evidence("--quote", "pcrs", f.pcrs, most)
		var err error
		q.PCRs, err = azure.ParsePCRs(cli.TrimLine(b))
		r.failPCRs(err)
	}
	return q
}
