package main

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/verdict"
)

type fetchFlags struct {
	kdsFlags
	report, out string
	replace     bool
	certs       []string
}

func fetchCommand() cli.Command {
	f := new(fetchFlags)
	return cli.Command{
		Name: "fetch", Usage: "--report FILE|- --out DIR [flags]", Run: reads(f.run),
		Summary: "fetch the collateral of a report from AMD, for use without a network",
		About: `Asks AMD's key server for everything that vouches for a report, and writes it to
a folder: leaf.der (the VCEK), chain.pem (leaf, intermediate, root) and crl.der.
Nothing is verified here; do that on the machine without a network.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("What is fetched"),
			cli.Row("report", "FILE|-", "the report, in any form that \"report\" takes", cli.Text(&f.report)),
			cli.Row("certs", "FILE...", "certificates that came with it; a VLEK must be among them, since AMD gives it to its owner only", cli.Texts(&f.certs)),
			cli.Row("out", "DIR", "the folder; it is made when it is not there", cli.Text(&f.out)),
			replaceRow(&f.replace),
		}, f.kdsFlags.rows(), []cli.Flag{cli.Heading("What is printed"), cli.JSON("what was written, as JSON")}),
		Examples: []string{
			"fetch --report report.bin --out collateral",
			"report --report report.bin --certs collateral/chain.pem --crl collateral/crl.der",
		},
	}
}

// fetchedJSON says what was written.
type fetchedJSON struct {
	Schema   string            `json:"schema"`
	Tool     string            `json:"tool"`
	Verified bool              `json:"verified"`
	Files    []string          `json:"files"`
	Warnings []verdict.Warning `json:"warnings,omitempty"` // of a trust bundle that was verified
}

func (f *fetchFlags) run(r *reading) (code int) {
	defer r.within(f.timeout)()
	r.refuse(f.report == "" || f.out == "", "CLI-02", "--report and --out are needed")
	var outputs []cli.Output
	for _, file := range fetchedForms {
		known := func(b []byte) bool { return file.form(b) == nil }
		outputs = append(outputs, cli.Output{Flag: "--out", Path: filepath.Join(f.out, file.name), Kind: file.kind, Known: known, NewFolder: true})
	}
	r.checkOutputs(f.replace, append(f.certs, f.report, f.caFile), outputs...)
	files, err := f.collect(r)
	if r.fail(err) {
		return 0
	}
	r.usage("--out: %v", os.MkdirAll(f.out, 0o755))
	var written []string
	for i, data := range files {
		if r.err == nil {
			r.fail(r.WriteFile("--out", outputs[i].Path, data))
		}
		written = append(written, outputs[i].Path)
	}
	if r.err != nil {
		return 0
	}
	return printFetched(r.Call, "nothing was verified", fetchedJSON{Files: written})
}

// printFetched prints what was written and, in text, what is said of it.
func printFetched(c *cli.Call, says string, j fetchedJSON) int {
	if j.Schema, j.Tool = "tresor.fetch/v1", c.Program.Tool(); c.AsJSON {
		c.Object(j)
		return verdict.ExitVerified
	}
	c.Line("FETCHED (%s)", says)
	for _, name := range j.Files {
		c.Line("%s", name)
	}
	for _, w := range j.Warnings {
		c.Field("WARNING", w.Text+" ("+w.Source+")")
	}
	return verdict.ExitVerified
}

// collect fetches what fetchedForms lists: leaf, chain and CRL.
func (f *fetchFlags) collect(r *reading) ([][]byte, error) {
	client := f.client(r, "fetch")
	if r.err != nil {
		return nil, r.err
	}
	h, err := held.Read(r.ctx, r.Call, f.report, f.certs, r.Now(), true)
	if err != nil {
		return nil, err
	}
	o, err := collateral.Parse(h.ReportEvidence)
	if err != nil {
		return nil, inspect.Malformed(err)
	}
	if o.Leaf == nil {
		if err := client.FetchLeaf(r.ctx, o); err != nil {
			return nil, err
		}
	}
	chain, err := client.Fetch(r.ctx, kds.CertChain(o.Leaf.Product, collateral.SigningKey(o.Leaf)), collateral.IsChain)
	if err != nil {
		return nil, verdict.Unavailable("fetch", err)
	}
	crl, err := client.Fetch(r.ctx, kds.CRL(o.Leaf.Product, collateral.SigningKey(o.Leaf)), collateral.IsCRL)
	if err != nil {
		return nil, verdict.Unavailable("fetch", err)
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.Leaf.Raw})
	return [][]byte{o.Leaf.Raw, append(leaf, chain...), crl}, nil
}
