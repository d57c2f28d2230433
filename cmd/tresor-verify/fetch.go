package main

import (
	"context"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/kds"
)

func fetchCommand() command {
	return command{
		name: "fetch", usage: "--report FILE|- --out DIR [flags]", run: runFetch,
		summary: "fetch the collateral of a report from AMD, for use without a network",
		about: `Asks AMD's key server for everything that vouches for a report, and writes it to
a folder: leaf.der (the VCEK), chain.pem (leaf, intermediate, root) and crl.der.
Nothing is verified here; do that on the machine without a network.`,
		flags: slices.Concat([]flagDoc{
			{"report", "FILE|-", "the report, in any form that \"report\" takes"},
			{"certs", "FILE...", "certificates that came with it; a VLEK must be among them, since AMD gives it to its owner only"},
			{"out", "DIR", "the folder; it is made when it is not there"},
		}, kdsDocs(), []flagDoc{{help: "What is printed"}, {"json", "", "what was written, as JSON"}}),
		examples: []string{
			"fetch --report report.bin --out collateral",
			"report --report report.bin --certs collateral/chain.pem --crl collateral/crl.der",
		},
	}
}

type fetchFlags struct {
	kdsFlags
	report, out string
	certs       []string
	json        bool
}

// fetchedJSON says what was written.
type fetchedJSON struct {
	Schema   string        `json:"schema"`
	Tool     string        `json:"tool"`
	Verified bool          `json:"verified"`
	Files    []string      `json:"files"`
	Warnings []warningJSON `json:"warnings,omitempty"` // of a trust bundle that was verified
}

func runFetch(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f fetchFlags
	fs := newFlagSet("fetch")
	f.kdsFlags.declare(fs)
	fs.text(&f.report, "report")
	fs.text(&f.out, "out")
	fs.texts(&f.certs, "certs")
	fs.yes(&f.json, "json")
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	if f.report == "" || f.out == "" {
		return 0, usagef("--report and --out are needed")
	}
	client, err := f.client(w, u)
	if err != nil {
		return 0, err
	}
	client.what = "fetch"
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	files, err := f.collect(ctx, w, client)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return 0, usagef("--out: %v", err)
	}
	var written []string
	for _, file := range files {
		name := filepath.Join(f.out, file.name)
		if err := output("--out", name, file.data); err != nil {
			return 0, err
		}
		written = append(written, name)
	}
	if f.json {
		u.object(fetchedJSON{"tresor.fetch/v1", toolName(), false, written, nil})
		return exitVerified, nil
	}
	u.line("FETCHED (nothing was verified)")
	for _, name := range written {
		u.line("%s", name)
	}
	return exitVerified, nil
}

type outFile struct {
	name string
	data []byte
}

// collect fetches leaf, chain and CRL.
func (f *fetchFlags) collect(ctx context.Context, w world, c *kdsClient) ([]outFile, error) {
	reading := reportFlags{report: f.report, certs: f.certs}
	e, err := reading.evidence(ctx, w, nil)
	if err != nil {
		return nil, err
	}
	p, err := parseEvidence(e)
	if err != nil {
		return nil, malformed(err)
	}
	if p.leaf == nil {
		der, err := c.leaf(ctx, p)
		if err != nil {
			return nil, err
		}
		if p.leaf, err = certchain.ParseCertificate(der); err != nil {
			return nil, unavailable("fetch: not a certificate of AMD's", err)
		}
	}
	chain, err := c.Fetch(ctx, kds.CertChain(p.leaf.Product, signingKey(p.leaf)), isChain)
	if err != nil {
		return nil, unavailable("fetch", err)
	}
	crl, err := c.Fetch(ctx, kds.CRL(p.leaf.Product, signingKey(p.leaf)), isCRL)
	if err != nil {
		return nil, unavailable("fetch", err)
	}
	var text strings.Builder
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: p.leaf.Raw}); err != nil {
		return nil, err
	}
	text.Write(chain)
	return []outFile{{"leaf.der", p.leaf.Raw}, {"chain.pem", []byte(text.String())}, {"crl.der", crl}}, nil
}

// malformed gives what can not be parsed the type it has in a verdict.
func malformed(err error) error {
	if attest.ErrorType(err) != "" { // it has one
		return err
	}
	f := attest.Failure{Rule: "RPT-01", Message: err.Error(), Cause: err}
	if rule := ruleOf(err); rule != "" {
		f.Rule = rule
	}
	if strings.HasPrefix(f.Rule, "CHN-") {
		return &attest.CertChainInvalidError{Failure: f}
	}
	return &attest.ReportInvalidError{Failure: f}
}
