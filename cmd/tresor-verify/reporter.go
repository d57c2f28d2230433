package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
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
	plain       *attest.ReportVerifier
	ofAzure     *azure.Verifier
	client      *collateral.Client
	uncertified atomic.Bool // a report was refused for what may be fetched
}

// reporter reads whom to trust and what to demand.
func (f *reportFlags) reporter(r *reading) *reporter {
	v := &reporter{reportFlags: f, call: r.Call, frame: f.frame(r, "offline")}
	pol := f.policy(r, f.demands)
	v.config = attest.ReportConfig{Policy: pol, RequireCRL: f.crl != "", Launch: f.launched(r), Cache: certchain.NewCache(1024)}
	v.config.AMDRoots = f.roots(r)
	v.frame.Relaxed, v.frame.Enforced = f.relaxed(pol), verdict.Enforced(pol, f.further()...)
	v.client = f.client(r, "--fetch")
	if r.err != nil {
		return nil
	}
	var err error
	if v.plain, err = attest.NewReportVerifier(v.config); err == nil {
		v.ofAzure, err = azure.NewVerifier(azure.Config{ReportConfig: v.config, RequireQuote: f.azure.quote != ""})
	}
	r.usage("%w", err)
	return v
}

// report verifies one report, and writes the policy that flags want of it. The evidence is
// empty where it could not be read.
func (v *reporter) report(r *reading, name string) (d *verdict.Document, e attest.ReportEvidence) {
	h := v.read(r, name)
	if verdict.ExitCode(r.err) == verdict.ExitRefused {
		d = verdict.New(unread.Audit(v.config, r.err, v.frame.At), v.frame)
		r.err = nil
		return d, e
	}
	if r.err == nil {
		v.complete(r, &h.ReportEvidence)
	}
	if r.err != nil {
		return nil, e
	}
	d, result := v.verify(r, h)
	if r.err != nil {
		return nil, e
	}
	if uncertified(d.Cause()) {
		v.uncertified.Store(true)
		d.Error.Hint = otherProduct(h.ReportEvidence)
	}
	if result != nil && v.writePolicy != "" {
		r.fail(r.WriteFile("--write-policy", v.writePolicy, policyFile(result.Facts(), v.baselines)))
	}
	return d, h.ReportEvidence
}

// read reads the evidence in the form in which it is held or, with --strict, in those of
// SPEC.md section 4.
func (v *reporter) read(r *reading, name string) *held.Evidence {
	if v.strict {
		h, err := held.ReadStrictly(r.ctx, r.Call, name, v.certs)
		r.fail(err)
		return h
	}
	h, err := held.Read(r.ctx, r.Call, name, v.certs, v.frame.At, !v.fetch)
	if !r.fail(err) && !v.fetch && len(h.Certificates) == 0 {
		if _, err := snpreport.Parse(h.Report); err == nil { // another is refused for that
			r.fail(verdict.Unavailable("--certs", errors.New("there is no certificate to judge this report by")))
		}
	}
	return h
}

// verify verifies a report by itself or, where a paravisor made it or something is
// demanded of one, the evidence of an Azure confidential VM.
func (v *reporter) verify(r *reading, h *held.Evidence) (d *verdict.Document, result *attest.Result) {
	if h.HCL == nil && v.azure.quote == "" && len(v.config.Policy.Azure()) == 0 {
		audit := v.plain.Audit(h.ReportEvidence, v.frame.At)
		d, result = verdict.New(audit, v.frame), audit.Result
	} else {
		evidence := v.azure.evidence(r, h, v.demands.Azure)
		if r.err != nil {
			return nil, nil
		}
		audit := v.ofAzure.Audit(evidence, v.frame.At)
		if d = verdict.NewAzure(audit, v.frame); audit.Result != nil {
			result = audit.Result.Result
		}
	}
	if result != nil {
		d.Notes = append(d.Notes, h.Notes...)
	}
	return d, result
}

// policyFile returns the policy file that verified facts just meet, with the bulletins
// that were demanded, by their ids and not by today's numbers.
func policyFile(f policy.Facts, bulletins []string) []byte {
	rules, _ := policy.FromFacts(f) // facts that passed a policy have demands
	rules.Bulletins = bulletins
	b, _ := json.MarshalIndent(policy.File{Schema: policy.Schema, Rules: rules}, "", "  ")
	return append(b, '\n')
}

// complete adds the CRL, and fetches what is missing. What cannot be parsed stays as
// it is: verifying it will say why.
func (v *reporter) complete(r *reading, e *attest.ReportEvidence) {
	if v.crl != "" && v.crl != "fetch" {
		e.CRLs = [][]byte{readCRL(r, v.crl)}
	}
	if r.err != nil || !v.fetch && v.crl != "fetch" {
		return
	}
	outline, err := collateral.Parse(*e)
	if err != nil {
		return
	}
	if v.fetch {
		certs, err := v.client.Complete(r.ctx, outline, len(v.amdRoots) > 0)
		if r.fail(err) {
			return
		}
		e.Certificates = append(e.Certificates, certs...)
	}
	if v.crl == "fetch" {
		e.CRLs, err = v.client.CRLs(r.ctx, outline)
		r.fail(err)
	}
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

// readCRL reads a CRL file, PEM or DER.
func readCRL(r *reading, name string) []byte {
	b := r.evidence("--crl", "crl", name, maxFile)
	if der, err := certchain.SplitCRLPEM(b); err == nil {
		return der
	}
	return b // DER, or no CRL: its parser refuses it
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
