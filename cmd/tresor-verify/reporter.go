package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

type reportFlags struct {
	trustFlags
	timeFlag
	kdsFlags
	outputFlags
	azure       azureFlags
	report, dir string
	certs       []string
	fetch       bool
	strict      bool
	demands     policy.Rules
	shortID     bool // --chip-id has the 16 digits of Turin
	writePolicy string
	replace     bool
}

// A reporter verifies reports by the same demands.
type reporter struct {
	*reportFlags
	call        *cli.Call
	frame       verdict.Frame
	config      attest.ReportConfig
	verifier    *azure.Verifier
	client      *collateral.Client
	uncertified atomic.Bool // a report was refused for what may be fetched
}

// reporter reads whom to trust and what to demand.
func (f *reportFlags) reporter(ctx context.Context, c *cli.Call) (*reporter, error) {
	fr, err := f.frame(c, "offline")
	if err != nil {
		return nil, err
	}
	pol, err := f.policy(ctx, c, f.demands)
	if err != nil {
		return nil, err
	}
	launched, err := f.launched(ctx, c)
	if err != nil {
		return nil, err
	}
	fr.Relaxed, fr.Enforced = f.relaxed(pol), verdict.Enforced(pol, f.further()...)
	roots, err := f.roots(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &reporter{reportFlags: f, call: c, frame: fr, config: attest.ReportConfig{Policy: pol, AMDRoots: roots, RequireCRL: f.crl != "", Launch: launched}}
	if r.verifier, err = azure.NewVerifier(azure.Config{ReportConfig: r.config, RequireQuote: f.azure.quote != ""}); err != nil {
		return nil, cli.Usagef("%w", err)
	}
	r.client, err = f.client(ctx, c, "--fetch")
	return r, err
}

// report verifies one report, and writes what flags want written of it. The error is of
// what could not be read or fetched.
func (r *reporter) report(ctx context.Context, c *cli.Call, name string) (*verdict.Document, error) {
	h, err := r.read(ctx, c, name, r.frame.At)
	if verdict.ExitCode(err) == verdict.ExitRefused {
		return verdict.New(unread.Audit(r.config, err, r.frame.At), r.frame), nil
	}
	if err != nil {
		return nil, err
	}
	if err := r.complete(ctx, c, r.client, &h.ReportEvidence); err != nil {
		return nil, err
	}
	document, result, err := r.verify(ctx, c, r.verifier, r.config, h, r.frame)
	if err != nil {
		return nil, err
	}
	if uncertified(document.Cause()) {
		r.uncertified.Store(true)
		document.Error.Hint = otherProduct(h.ReportEvidence)
	}
	if result != nil && r.writePolicy != "" {
		if err := c.WriteFile("--write-policy", r.writePolicy, policyFile(result.Facts(), r.baselines)); err != nil {
			return nil, err
		}
	}
	return document, r.writePage(c, document, h.Report, h.Certificates)
}

// read reads the evidence in the form in which it is held or, with --strict, in those of
// SPEC.md section 4.
func (f *reportFlags) read(ctx context.Context, c *cli.Call, name string, at time.Time) (*held, error) {
	if !f.strict {
		h, err := readHeld(ctx, c, name, f.certs, at, !f.fetch)
		if err == nil && !f.fetch && len(h.Certificates) == 0 && wellFormed(h.Report) {
			err = verdict.Unavailable("--certs", errors.New("there is no certificate to judge this report by"))
		}
		return h, err
	}
	e, err := readEvidence(ctx, c, name, f.certs)
	return &held{ReportEvidence: e}, err
}

// wellFormed reports whether a report can be parsed: another is refused for that.
func wellFormed(report []byte) bool {
	_, err := snpreport.Parse(report)
	return err == nil
}

// verify verifies a report by itself or, where a paravisor made it or something is
// demanded of one, the evidence of an Azure confidential VM.
func (f *reportFlags) verify(ctx context.Context, c *cli.Call, verifier *azure.Verifier, config attest.ReportConfig, h *held, fr verdict.Frame) (*verdict.Document, *attest.Result, error) {
	if h.hcl == nil && f.azure.quote == "" && len(config.Policy.Azure()) == 0 {
		plain, err := attest.NewReportVerifier(config)
		if err != nil {
			return nil, nil, cli.Usagef("%w", err)
		}
		audit := plain.Audit(h.ReportEvidence, fr.At)
		if audit.Result != nil {
			audit.Result.Notes = append(audit.Result.Notes, h.notes...)
		}
		return verdict.New(audit, fr), audit.Result, nil
	}
	evidence, err := f.azure.evidence(ctx, c, h, f.demands.Azure)
	if err != nil {
		return nil, nil, err
	}
	audit := verifier.Audit(evidence, fr.At)
	if audit.Result == nil {
		return verdict.NewAzure(audit, fr), nil, nil
	}
	audit.Result.Notes = append(audit.Result.Notes, h.notes...)
	return verdict.NewAzure(audit, fr), audit.Result.Result, nil
}

// policyFile returns the policy file that verified facts just meet, with the bulletins
// that were demanded, by their ids and not by today's numbers.
func policyFile(f policy.Facts, bulletins []string) []byte {
	rules, _ := policy.FromFacts(f) // facts that passed a policy have demands
	rules.Bulletins = bulletins
	b, _ := json.MarshalIndent(policy.File{Schema: policy.Schema, Rules: rules}, "", "  ")
	return append(b, '\n')
}

// readEvidence reads a report and certificates.
func readEvidence(ctx context.Context, c *cli.Call, report string, certs []string) (e attest.ReportEvidence, err error) {
	if e.Report, err = readReport(ctx, c, report); err != nil {
		return e, err
	}
	for _, name := range certs {
		b, err := c.ReadEvidence(ctx, "certs", name, maxFile)
		if err != nil {
			return e, verdict.Unavailable("--certs", err)
		}
		switch {
		case bytes.Contains(b, []byte("-----BEGIN")):
			c.SetCarrier("pem")
		case len(b) > 1 && b[0] == 0x30:
			c.SetCarrier("der")
		default:
			c.SetCarrier("table")
		}
		e.Certificates = append(e.Certificates, b)
	}
	return e, nil
}

// complete adds the CRL, and fetches what is missing. What cannot be parsed stays as
// it is: verifying it will say why.
func (f *reportFlags) complete(ctx context.Context, c *cli.Call, client *collateral.Client, e *attest.ReportEvidence) error {
	if f.crl != "" && f.crl != "fetch" {
		crl, err := readCRL(ctx, c, f.crl)
		e.CRLs = [][]byte{crl}
		if err != nil {
			return err
		}
	}
	if !f.fetch && f.crl != "fetch" {
		return nil
	}
	outline, err := collateral.Parse(*e)
	if err != nil {
		return nil
	}
	if f.fetch {
		certs, err := client.Complete(ctx, outline, len(f.amdRoots) > 0)
		if err != nil {
			return err
		}
		e.Certificates = append(e.Certificates, certs...)
	}
	if f.crl == "fetch" {
		e.CRLs, err = client.CRLs(ctx, outline)
	}
	return err
}

// otherProduct says what to try next where report and leaf are of two products; "" where
// they are not.
func otherProduct(e attest.ReportEvidence) string {
	o, err := collateral.Parse(e)
	if err != nil || o.Leaf == nil {
		return ""
	}
	die, ok := o.Report.Die()
	if p, err := die.Product(); !ok || err != nil || p == o.Leaf.Product {
		return ""
	} else {
		return fmt.Sprintf("the report says %v, and the leaf certificate is of %v: give the certificate of this report", p, o.Leaf.Product)
	}
}

// uncertified reports whether evidence was refused for what may be fetched.
func uncertified(err error) bool {
	switch verdict.Type(err) {
	case "CertChainInvalidError", "CRLInvalidError", "ReportSignatureInvalidError", "EndorsementMismatchError":
		return true
	}
	return false
}

// readReport reads a report file.
func readReport(ctx context.Context, c *cli.Call, name string) ([]byte, error) {
	b, err := c.ReadEvidence(ctx, "report", name, maxFile)
	if err != nil {
		return nil, verdict.Unavailable("--report", err)
	}
	b = inspect.TrimText(b)
	if carried, err := form.Open(b); err == nil {
		c.SetCarrier(strings.ReplaceAll(strings.TrimSuffix(carried.Form.String(), " report"), " ", "-"))
	}
	return b, nil
}

// readCRL reads a CRL file, PEM or DER.
func readCRL(ctx context.Context, c *cli.Call, name string) ([]byte, error) {
	b, err := c.ReadEvidence(ctx, "crl", name, maxFile)
	if err != nil {
		return nil, verdict.Unavailable("--crl", err)
	}
	if der, err := certchain.SplitCRLPEM(b); err == nil {
		return der, nil
	}
	return b, nil // DER, or no CRL: its parser refuses it
}

// parseMinTCB reads "bootloader=4,tee=0,snp=22,microcode=213".
func parseMinTCB(s string) (*policy.Floors, error) {
	floor := policy.Floor{}
	for _, part := range strings.Split(s, ",") {
		name, value, _ := strings.Cut(part, "=")
		component, ok := snpreport.ParseComponent(name)
		n, err := strconv.ParseUint(value, 10, 8)
		if !ok || err != nil || value != strconv.FormatUint(n, 10) {
			return nil, fmt.Errorf("%q is not COMPONENT=LEVEL; components are bootloader, tee, snp, microcode and fmc, a level is 0 to 255", printable.Short(part))
		}
		if _, twice := floor[component]; twice {
			return nil, fmt.Errorf("%s stands twice", component)
		}
		floor[component] = uint8(n)
	}
	return &policy.Floors{Any: floor}, nil
}
