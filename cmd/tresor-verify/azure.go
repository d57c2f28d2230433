package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/verdict"
)

// azureFlags say what an Azure confidential VM must show.
type azureFlags struct {
	quote, signature, pcrs string
	demands                azure.Demands
}

func (f *azureFlags) rows() []cli.Flag {
	bytesOf := func(p *[]byte) func(string) error {
		return func(s string) (err error) {
			if *p, err = hex.DecodeString(s); err != nil || len(*p) < 1 || len(*p) > 64 {
				return errors.New("2 to 128 hex digits, for 1 to 64 bytes")
			}
			return nil
		}
	}
	return []cli.Flag{
		cli.Heading("What an Azure confidential VM must show"),
		cli.Row("quote", "FILE", "a quote of its virtual TPM: TPMS_ATTEST", cli.Text(&f.quote)),
		cli.Row("quote-signature", "FILE", "the signature of the quote", cli.Text(&f.signature)),
		cli.Row("pcrs", "FILE", "values of PCRs, as JSON", cli.Text(&f.pcrs)),
		cli.Row("qualifying-data", "HEX", "what the quote was asked for with, 1 to 64 bytes", bytesOf(&f.demands.QualifyingData)),
		cli.Row("user-data", "HEX", "what the guest put into the report, 1 to 64 bytes", bytesOf(&f.demands.UserData)),
		cli.Row("pcr", "[BANK:]INDEX=HEX...", "an allowed value of a PCR; sha256 when no bank is named", f.addPCR),
	}
}

// addPCR reads "sha256:4=HEX". Values of one register add up.
func (f *azureFlags) addPCR(s string) error {
	name, text, ok := strings.Cut(s, "=")
	bankName, index, hasBank := strings.Cut(name, ":")
	if !hasBank {
		bankName, index = azure.SHA256.String(), name
	}
	bank := slices.IndexFunc([]azure.Bank{azure.SHA1, azure.SHA256, azure.SHA384}, func(b azure.Bank) bool { return b.String() == bankName })
	n, err := strconv.ParseUint(index, 10, 8)
	value, hexErr := hex.DecodeString(text)
	if !ok || bank < 0 || err != nil || hexErr != nil || index != strconv.FormatUint(n, 10) {
		return fmt.Errorf("%q is not [sha1:|sha256:|sha384:]INDEX=HEX with an index of 0 to 23", printable.Short(s))
	}
	r := azure.Register{Bank: []azure.Bank{azure.SHA1, azure.SHA256, azure.SHA384}[bank], Index: int(n)}
	if f.demands.PCRs == nil {
		f.demands.PCRs = map[azure.Register][][]byte{}
	}
	f.demands.PCRs[r] = append(f.demands.PCRs[r], value)
	return nil
}

// check refuses flags that do not go together, before anything is read.
func (f *azureFlags) check() error {
	f.demands.Quote = f.quote != ""
	switch {
	case (f.quote == "") != (f.signature == ""):
		return cli.Usagef("--quote and --quote-signature go together")
	case f.pcrs != "" && f.quote == "":
		return cli.Usagef("--pcrs are the values of a --quote")
	}
	return nil
}

// any reports whether a flag demands something of an Azure VM.
func (f *azureFlags) any() bool {
	return f.demands.Quote || f.demands.QualifyingData != nil || f.demands.UserData != nil || f.demands.PCRs != nil
}

// evidence adds the quote to what an Azure VM gave out.
func (f *azureFlags) evidence(ctx context.Context, c *cli.Call, h *held) (e azure.Evidence, err error) {
	e = azure.Evidence{HCL: h.hcl, Certificates: h.Certificates, CRLs: h.CRLs}
	needs := f.demands.QualifyingData != nil || f.demands.PCRs != nil
	switch {
	case h.quote != nil && f.quote != "":
		return e, cli.Usagef("--quote: the report comes in a container that has a quote of its own")
	case h.hcl != nil && needs && f.quote == "" && !h.mayCarryQuote():
		return e, cli.Usagef("--qualifying-data and --pcr are about a quote: give it by --quote")
	case h.quote != nil:
		e.Quote = &azure.QuoteEvidence{Message: h.quote.Message, Signature: h.quote.Signature}
		if e.Quote.PCRs, err = azure.SHA256PCRs(h.quote.PCRs); err != nil {
			return e, pcrRefusal(err)
		}
	case f.quote != "":
		e.Quote, err = f.readQuote(ctx, c)
	}
	return e, err
}

func (h *held) mayCarryQuote() bool {
	return slices.Contains([]carrier.Form{carrier.CoCoV1, carrier.CoCoV2, carrier.AttestationRS}, h.form)
}

func pcrRefusal(err error) error {
	return &azure.PCRMismatchError{Failure: rule.From(err, "TPM-40", "the values of PCRs are malformed")}
}

// readQuote reads the files of a quote.
func (f *azureFlags) readQuote(ctx context.Context, c *cli.Call) (*azure.QuoteEvidence, error) {
	const most = 64 << 10
	q := new(azure.QuoteEvidence)
	var pcrs []byte
	for _, file := range []struct {
		flag, name string
		to         *[]byte
	}{{"quote", f.quote, &q.Message}, {"quote-signature", f.signature, &q.Signature}, {"pcrs", f.pcrs, &pcrs}} {
		if file.name == "" {
			continue
		}
		b, err := c.ReadEvidence(ctx, file.flag, file.name, most)
		if err != nil {
			return nil, verdict.Unavailable("--quote", err)
		}
		*file.to = b
	}
	var err error
	if f.pcrs != "" {
		if q.PCRs, err = azure.ParsePCRs(cli.TrimLine(pcrs)); err != nil {
			return nil, pcrRefusal(err)
		}
	}
	return q, nil
}

// enforced names the demands, as the policy file would.
func (f *azureFlags) enforced() (list []verdict.Demand) {
	add := func(made bool, name, value string) {
		if made {
			list = append(list, verdict.Demand{Name: "azure." + name, Value: value})
		}
	}
	add(f.demands.QualifyingData != nil, "qualifying_data", hex.EncodeToString(f.demands.QualifyingData))
	add(f.demands.UserData != nil, "user_data", hex.EncodeToString(f.demands.UserData))
	pcrs := azure.PCRs{}
	for r := range f.demands.PCRs {
		pcrs[r] = nil
	}
	for _, r := range pcrs.Registers() {
		add(true, "pcrs", fmt.Sprintf("%v: %x", r, f.demands.PCRs[r]))
	}
	return list
}
