package main

import (
	"slices"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/policy"
)

func reportCommand() cli.Command {
	f := new(reportFlags)
	return cli.Command{
		Name: "report", Usage: "FILE... [flags]", Operand: "FILE|-", Most: maxOperands, Run: reads(f.run),
		Summary: "verify any SEV-SNP report with its certificates",
		About: `The report may be raw, text in hex or base64, a /dev/sev-guest response, a report
with its certificate table, a JSON container, or an HCL report of Azure. AMD's
keys for Milan, Genoa and Turin are built in, so that the leaf certificate is
enough; out of more certificates, those of the report are chosen.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("What is verified"),
			cli.Row("report", "FILE|-", "the report; FILE alone is the same", cli.Text(&f.report)),
			cli.Row("dir", "DIR", "all files named report, report.*, *.report or hcl_report.* in DIR and two levels below", cli.Text(&f.dir)),
			cli.Row("certs", "FILE...", "certificates in any form, or a folder of them", cli.Texts(&f.certs)),
			cli.Row("strict", "", "read the forms of SPEC.md section 4 only, and choose no certificate", cli.Switch(&f.strict)),
			cli.Row("fetch", "", "ask AMD's key server for what is missing", cli.Switch(&f.fetch)),
			cli.Heading("What is demanded"),
			cli.Row("measurement", "HEX...", "an allowed MEASUREMENT, 96 digits", hexList(&f.demands.Measurements, 96)),
			cli.Row("report-data", "HEX", "the exact REPORT_DATA, 128 digits", reportData(&f.demands.ReportData)),
			cli.Row("report-data-prefix", "HEX", "the first 32 bytes of REPORT_DATA alone, 64 digits", hexPointer(&f.demands.ReportDataPrefix, 64)),
			cli.Row("host-data", "HEX", "the exact HOST_DATA, 64 digits", hexList(&f.demands.HostData, 64)),
			cli.Row("min-tcb", "LIST", "lowest levels: bootloader=4,tee=0,snp=22,microcode=213", func(s string) (err error) {
				f.demands.MinTCB, err = parseMinTCB(s)
				return err
			}),
			cli.Row("chip-id", "HEX", "the one allowed CHIP_ID, 128 digits, or the 16 of Turin, behind which zeros follow", chipID(&f.demands.ChipIDs.Allow, &f.shortID)),
			cli.Row("id-key", "HEX...", "an allowed ID_KEY_DIGEST, 96 digits", hexList(&f.demands.IDBlock.IDKeys, 96)),
			cli.Row("write-policy", "FILE", "after a PASS, write a policy that just accepts this report", cli.Text(&f.writePolicy)),
			f.htmlRow(),
			replaceRow(&f.replace),
		}, f.azure.rows(&f.demands.Azure), f.trustFlags.rows(), []cli.Flag{f.timeFlag.row("TIME")}, f.kdsFlags.rows(), f.outputFlags.rows()),
		Examples: []string{
			"report report.bin --certs vcek.der",
			"report --dir evidence --policy policy.json --json",
			"report --report report.bin --fetch --crl fetch --policy policy.json",
			"report --report vlek-report.hex --certs chain.pem --allow-vlek",
			"report --report hcl.bin --certs thim.json --policy policy.json --quote q.msg --quote-signature q.sig --qualifying-data 6e6f6e6365",
		},
	}
}

func (f *reportFlags) run(r *reading) (code int) {
	defer r.within(f.timeout)()
	reports := f.reports(r)
	several := f.dir != "" || len(reports) > 1
	if f.check(r, reports, several); r.err != nil {
		return 0
	}
	v := f.reporter(r)
	if r.err != nil {
		return 0
	}
	if several {
		return v.several(r.ctx, reports)
	}
	document, e := v.report(r, reports[0])
	if r.err != nil {
		return 0
	}
	if v.uncertified.Load() {
		v.client.Forget()
	}
	return f.answer(r, document, e.Report, e.Certificates)
}

// check refuses flags that do not go together.
func (f *reportFlags) check(r *reading, reports []string, several bool) {
	f.outputFlags.check(r)
	r.refuse(f.demands.ReportData != nil && f.demands.ReportDataPrefix != nil, "CLI-06", "--report-data and --report-data-prefix are two sources for one thing")
	if f.shortID && r.err == nil {
		r.Note("--chip-id: 16 digits are an id of Turin: 112 zeros follow in CHIP_ID")
	}
	inputs := slices.Concat(reports, []string{f.crl, f.policyFile, f.caFile, f.azure.quote, f.azure.signature, f.azure.pcrs}, f.certs, f.amdRoots)
	r.fail(cli.OnceStdin(inputs...))
	f.azure.check(r)
	for _, one := range []struct {
		name  string
		given bool
	}{
		{"--write-policy", f.writePolicy != ""}, {"--html", f.html != ""}, {"--explain", f.explain}, {"--quote", f.azure.quote != ""},
		{"standard input", slices.Contains(inputs, "-")},
	} {
		r.refuse(several && one.given, "CLI-02", one.name+" fits one report only")
	}
	r.checkOutputs(f.replace, inputs, htmlOutput(f.html),
		cli.Output{Flag: "--write-policy", Path: f.writePolicy, Kind: "a policy file", Known: ofSchema(policy.Schema, policy.MaxFile)})
}
