package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

func reportCommand() command {
	return command{
		name: "report", usage: "--report FILE|- [flags]", run: runReport,
		summary: "verify any SEV-SNP report with its certificates",
		about: `The report may be 1184 raw bytes, hex, base64, a /dev/sev-guest response, or a
report with its certificate table. AMD's keys for Milan, Genoa and Turin are
built in, so that the leaf certificate is enough.`,
		flags: slices.Concat([]flagDoc{
			{help: "What is verified"},
			{"report", "FILE|-", "the report"},
			{"certs", "FILE...", "certificates: PEM, DER or a certificate table"},
			{"fetch", "", "ask AMD's key server for what is missing"},
			{help: "What is demanded"},
			{"measurement", "HEX...", "an allowed MEASUREMENT, 96 digits"},
			{"report-data", "HEX", "the exact REPORT_DATA, 128 digits"},
			{"host-data", "HEX", "the exact HOST_DATA, 64 digits"},
			{"min-tcb", "LIST", "lowest levels: bootloader=4,tee=0,snp=22,microcode=213"},
			{"chip-id", "HEX", "the one allowed CHIP_ID, 128 digits"},
			{"write-policy", "FILE", "after a PASS, write a policy that just accepts this report"},
		}, hardwareDocs("TIME"), kdsDocs(), outputDocs()),
		examples: []string{
			"report --report report.bin --certs vcek.der",
			"report --report report.bin --fetch --crl fetch --policy policy.json",
			"report --report vlek-report.hex --certs chain.pem --allow-vlek",
		},
	}
}

type reportFlags struct {
	hardwareFlags
	kdsFlags
	report      string
	certs       []string
	fetch       bool
	demands     policy.Rules
	writePolicy string
}

func (f *reportFlags) declare(fs *flagSet) {
	f.hardwareFlags.declare(fs)
	f.kdsFlags.declare(fs)
	fs.text(&f.report, "report")
	fs.texts(&f.certs, "certs")
	fs.yes(&f.fetch, "fetch")
	fs.text(&f.writePolicy, "write-policy")
	fs.texts(&f.demands.Measurements, "measurement")
	fs.text(&f.demands.ReportData, "report-data")
	fs.custom("host-data", func(s string) error { f.demands.HostData = []string{s}; return nil })
	fs.custom("chip-id", func(s string) error { f.demands.ChipIDs.Allow = []string{s}; return nil })
	fs.custom("min-tcb", func(s string) (err error) { f.demands.MinTCB, err = parseMinTCB(s); return err })
}

func runReport(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f reportFlags
	fs := newFlagSet("report")
	f.declare(fs)
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	if f.report == "" {
		return 0, usagef("--report is missing")
	}
	if err := onceStdin(slices.Concat([]string{f.report, f.crl, f.policyFile, f.caFile}, f.certs, f.amdRoots)); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w.limit = ctx
	at, source, err := f.time(w)
	if err != nil {
		return 0, err
	}
	pol, err := f.policy(w, f.demands)
	if err != nil {
		return 0, err
	}
	roots, err := f.roots(w)
	if err != nil {
		return 0, err
	}
	verifier, err := attest.NewReportVerifier(attest.ReportConfig{Policy: pol, AMDRoots: roots, RequireCRL: f.crl != ""})
	if err != nil {
		return 0, usagef("%v", err)
	}
	client, err := f.client(w, u)
	if err != nil {
		return 0, err
	}
	evidence, err := f.evidence(ctx, w, client)
	if err != nil {
		return 0, err
	}
	audit := verifier.Audit(evidence, at)
	if uncertified(audit.Err) {
		client.forget(u)
	}
	if audit.Err == nil && f.writePolicy != "" {
		if err := output("--write-policy", f.writePolicy, policy.Write(audit.Result.Facts())); err != nil {
			return 0, err
		}
	}
	return f.answer(u, audit, frame{mode: "offline", at: at, source: source, relaxed: pol.Relaxed()}), nil
}

// evidence reads the files and fetches what is missing.
func (f *reportFlags) evidence(ctx context.Context, w world, c *kdsClient) (e attest.ReportEvidence, err error) {
	if e.Report, err = readReport(w, f.report); err != nil {
		return e, err
	}
	for _, name := range f.certs {
		b, err := w.evidence(name, maxCertFile)
		if err != nil {
			return e, unavailable("--certs", err)
		}
		e.Certificates = append(e.Certificates, b)
	}
	if f.fetch {
		if e.Certificates, err = c.complete(ctx, e, len(f.amdRoots) > 0); err != nil {
			return e, err
		}
	}
	switch f.crl {
	case "":
	case "fetch":
		e.CRLs, err = c.crls(ctx, e)
	default:
		var crl []byte
		crl, err = readCRL(w, f.crl)
		e.CRLs = [][]byte{crl}
	}
	return e, err
}

// onceStdin refuses to read standard input twice.
func onceStdin(names []string) error {
	n := 0
	for _, name := range names {
		if name == "-" {
			n++
		}
	}
	if n > 1 {
		return usagef("standard input can only be one of the files")
	}
	return nil
}

// uncertified reports whether evidence was refused for what may be fetched.
func uncertified(err error) bool {
	switch errorType(err) {
	case "CertChainInvalidError", "CRLInvalidError", "ReportSignatureInvalidError", "EndorsementMismatchError":
		return true
	}
	return false
}

// readReport reads a report file. Text files are forgiven their last line
// break; a raw report is told by its size, and may end in one.
func readReport(w world, name string) ([]byte, error) {
	b, err := w.evidence(name, maxReportFile)
	if err != nil {
		return nil, unavailable("--report", err)
	}
	if t := trimLine(b); len(b) != snpreport.Size && isText(t) {
		return t, nil
	}
	return b, nil
}

func isText(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// readCRL reads a CRL file, PEM or DER.
func readCRL(w world, name string) ([]byte, error) {
	b, err := w.evidence(name, maxCRLFile)
	if err != nil {
		return nil, unavailable("--crl", err)
	}
	if block, rest := pem.Decode(b); block != nil && block.Type == "X509 CRL" && len(bytes.TrimSpace(rest)) == 0 {
		return block.Bytes, nil
	}
	return b, nil
}

// parseMinTCB reads "bootloader=4,tee=0,snp=22,microcode=213".
func parseMinTCB(s string) (*policy.Floors, error) {
	floor := policy.Floor{}
	for _, part := range strings.Split(s, ",") {
		name, value, _ := strings.Cut(part, "=")
		c, ok := snpreport.ParseComponent(name)
		n, err := strconv.ParseUint(value, 10, 8)
		if !ok || err != nil || value != strconv.FormatUint(n, 10) {
			return nil, fmt.Errorf("%q is not COMPONENT=LEVEL with a level of 0 to 255", short(part))
		}
		if _, twice := floor[c]; twice {
			return nil, fmt.Errorf("%s stands twice", c)
		}
		floor[c] = uint8(n)
	}
	return &policy.Floors{Any: floor}, nil
}
