package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/rule"
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

func chainRefusal(f attest.Failure) error { return &attest.CertChainInvalidError{Failure: f} }

func prefixed(prefix string, list []string) (out []string) {
	for _, s := range list {
		out = append(out, prefix+s)
	}
	return out
}

// addCerts reads a file or a folder of certificates into a bag.
func addCerts(ctx context.Context, c *cli.Call, bag *carrier.Bag, name string) error {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.IsDir() {
		g, err := openCerts(ctx, c, name, "")
		if err != nil {
			return refusal("--certs", err, chainRefusal)
		}
		join(bag, g, "")
		return nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return verdict.Unavailable("--certs", err)
	}
	found := false
	for _, entry := range entries { // in the order of their names
		if !entry.Type().IsRegular() || !slices.Contains([]string{".pem", ".der", ".crt", ".cer"}, filepath.Ext(entry.Name())) {
			continue
		}
		g, err := openCerts(ctx, c, filepath.Join(name, entry.Name()), carrier.Folder)
		var key *carrier.PrivateKeyError
		var nothing *carrier.UnreadError
		switch {
		case errors.As(err, &key), errors.As(err, &nothing):
			bag.PassedOver = append(bag.PassedOver, entry.Name()+": "+map[bool]string{true: "a private key", false: "no certificate"}[key != nil])
			continue
		case err != nil:
			return refusal("--certs", err, chainRefusal)
		}
		found = true
		join(bag, g, entry.Name()+" ")
	}
	if !found {
		return verdict.Unavailable("--certs", fmt.Errorf("%s holds no certificate in *.pem, *.der, *.crt or *.cer", name))
	}
	return nil
}

// openCerts reads one file of certificates. In a folder its form is that of the folder.
// Rules: FRM-45.
func openCerts(ctx context.Context, c *cli.Call, name string, form carrier.Form) (*carrier.Bag, error) {
	b, err := c.ReadEvidence(ctx, "certs", name, carrier.MaxSize)
	if err != nil {
		return nil, verdict.Unavailable("--certs", err)
	}
	g, err := carrier.OpenCertificates(b)
	switch {
	case err == nil && len(g.Certificates) == 0:
		return nil, &carrier.UnreadError{Failure: attest.Failure{Rule: "FRM-02", Message: "the file holds a CRL and no certificate", Offset: rule.NoOffset}, Convert: "give a CRL by --crl"}
	case err != nil:
		return nil, err
	case form == "":
		form = g.Form
	}
	c.SetCarrier(string(form))
	return g, nil
}

// join adds what a file holds to a bag. A certificate that is there already counts once.
func join(bag *carrier.Bag, g *carrier.Bag, prefix string) {
	for _, cert := range g.Certificates {
		if !slices.ContainsFunc(bag.Certificates, func(known carrier.Certificate) bool { return slices.Equal(known.DER, cert.DER) }) {
			bag.Certificates = append(bag.Certificates, carrier.Certificate{DER: cert.DER, Source: prefix + cert.Source})
		}
	}
	bag.PassedOver = append(bag.PassedOver, prefixed(prefix, g.PassedOver)...)
}

// refusal gives an error of package carrier the type that it has in a verdict.
// Rules: FRM-02, FRM-03, FRM-04.
func refusal(flag string, err error, malformed func(attest.Failure) error) error {
	var unread *carrier.UnreadError
	var key *carrier.PrivateKeyError
	switch {
	case attest.ErrorType(err) != "": // it has one
		return err
	case errors.As(err, &unread):
		f := rule.From(err, "FRM-02", "nothing can be read")
		f.Message = flag + ": " + f.Message
		return &hinted{&attest.EvidenceUnavailableError{Failure: f}, unread.Convert}
	case errors.As(err, &key):
		return cli.Usagef("%s: %w", flag, rule.Config(err))
	}
	return malformed(rule.From(err, "FRM-10", "the evidence is malformed"))
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

// hinted is an error that knows what to try next.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }
func (h *hinted) Hint() string  { return h.hint }
