package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// recent is the clock of these tests.
var recent = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// outcome is what a command line did.
type outcome struct {
	code           int
	stdout, stderr string
}

func tool(args ...string) outcome { return toolWith(nil, args...) }

func toolWith(stdin io.Reader, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	code := run(ctx(), args, cli.Env{Stdin: stdin, Stdout: &stdout, Stderr: &stderr, Now: func() time.Time { return recent }})
	return outcome{code, stdout.String(), stderr.String()}
}

// verdict decodes the one JSON object on stdout.
func (o outcome) verdict(t *testing.T) (v verdict.Document) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(o.stdout))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %q (stderr %q)", err, o.stdout, o.stderr)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Fatalf("more than one object: %q", o.stdout)
	}
	if v.Schema != verdict.Schema || v.ExitCode != o.code || v.Tool == "" {
		t.Errorf("%+v, exit code %d", v, o.code)
	}
	return v
}

// folder is a temporary folder with files in it.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f folder) write(name string, data []byte) string {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), data, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return f.path(name)
}

// writeEvidence writes report.bin, chain.pem, ark.pem and crl.der of a set.
func (f folder) writeEvidence(e *mint.Set) {
	crl := mint.CRL(e.Product)
	f.write("report.bin", e.Report)
	f.write("leaf.der", e.Leaf)
	f.write("chain.pem", e.PEM())
	f.write("ark.pem", mint.PEM(e.ARK))
	f.write("crl.der", crl.Encode(mint.CAKey("ARK-"+e.Product)))
}

// report returns the arguments that accept the evidence of the folder.
func (f folder) report(more ...string) []string {
	return append([]string{"report", "--report", f.path("report.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem")}, more...)
}

// Rules: CLI-01.
func TestReportPass(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Turin", 5, "vcek")
	f.writeEvidence(e)
	measurement := hex.EncodeToString(e.Spec.Measurement[:])

	o := tool(f.report("--crl", f.path("crl.der"), "--measurement", measurement, "--min-tcb", "fmc=1,bootloader=1,tee=1,snp=4,microcode=81")...)
	if o.code != 0 || !strings.HasPrefix(o.stdout, "PASS\nabout:") || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	for _, want := range []string{measurement, "Turin", "fmc=1 bootloader=1", "custom", "revocation:            checked", "NOT demanded:          report data\n", "demanded:              no debug, no migration, a VCEK, no unknown bits, measurement, VMPL 0, min_tcb, revocation\n"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}

	v := tool(f.report("--json")...).verdict(t)
	if v.Verdict != "pass" || v.Mode != "offline" || v.TimeSource != "clock" || v.Time != "2026-04-01T12:00:00Z" || v.Error != nil {
		t.Errorf("%+v", v)
	}
	if v.Measurement != measurement || v.Report.ReportedTCB.FMC == nil || v.Report.PlatformInfo != "0x65" || v.Roots.AMD != "custom" || len(v.Checks) != 19 {
		t.Errorf("%+v", v)
	}
	if o := tool(f.report("--explain")...); !strings.Contains(o.stdout, "report_signature  RPT-23  pass") {
		t.Error(o.stdout)
	}
}

// Rules: CLI-05, CLI-08.
func TestReportRefusals(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	debug := mint.Evidence("Milan", 3, "vcek")
	debug.Spec.Policy |= 1 << 19
	debug.Resign()
	f.write("debug.bin", debug.Report)
	f.write("short.bin", e.Report[:1183])
	f.write("altered.bin", append([]byte{e.Report[0], 0, 0, 0, 1}, e.Report[5:]...))
	zero := strings.Repeat("00", 64)

	for _, tt := range []struct {
		name, typ, rule string
		args            []string
	}{
		{"short", "ReportInvalidError", "RPT-01", []string{"--strict", "--report", f.path("short.bin"), "--certs", f.path("chain.pem")}},
		{"empty", "ReportInvalidError", "RPT-01", []string{"--strict", "--report", f.write("empty", nil), "--certs", f.path("chain.pem")}},
		{"empty certificate", "CertChainInvalidError", "", []string{"--strict", "--report", f.path("report.bin"), "--certs", f.path("empty")}},
		{"CRL too long", "CRLInvalidError", "CRL-01", f.report("--crl", f.write("long.crl", make([]byte, maxFile)))[1:]},
		{"altered", "ReportSignatureInvalidError", "RPT-23", []string{"--report", f.path("altered.bin"), "--certs", f.path("chain.pem")}},
		{"debug", "PolicyViolationError", "", []string{"--report", f.path("debug.bin"), "--certs", f.path("chain.pem")}},
		{"chip", "PolicyViolationError", "", f.report("--chip-id", zero[:127]+"1")[1:]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"report"}, tt.args...)
			if !strings.Contains(strings.Join(args, " "), "--amd-root") {
				args = append(args, "--amd-root", f.path("ark.pem"))
			}
			o := tool(args...)
			if o.code != verdict.ExitRefused || !strings.HasPrefix(o.stdout, "FAIL: "+tt.typ+"\n") || !strings.Contains(o.stdout, "\nhint:") {
				t.Errorf("%+v", o)
			}
			v := tool(append(args, "--json")...).verdict(t)
			if v.Verdict != "fail" || v.Error == nil || v.Error.Type != tt.typ || v.Error.Requirement == "" || tt.rule != "" && v.Error.Requirement != tt.rule {
				t.Errorf("%+v", v.Error)
			}
			if v.Report != nil || v.Measurement != "" || v.Roots != nil || v.Warnings != nil || len(v.Checks) != 19 {
				t.Errorf("facts next to a refusal: %+v", v)
			}
		})
	}
	// The named relaxation, and its echo.
	o := tool("report", "--report", f.path("debug.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"), "--allow-debug")
	if o.code != 0 || !strings.Contains(o.stdout, "relaxed:               allow-debug") {
		t.Errorf("%+v", o)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

type bomb struct{}

func (bomb) Read([]byte) (int, error) { panic("boom") }

// TestInternalError: a verdict that is lost, and a panic, are neither pass nor fail.
func TestInternalError(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	var stderr bytes.Buffer
	now := func() time.Time { return recent }
	if code := run(ctx(), f.report(), cli.Env{Stdin: strings.NewReader(""), Stdout: brokenPipe{}, Stderr: &stderr, Now: now}); code != verdict.ExitInternal {
		t.Errorf("exit %d when stdout is broken", code)
	}
	v := toolWith(bomb{}, "report", "--report", "-", "--json").verdict(t)
	if v.ExitCode != verdict.ExitInternal || v.Error.Type != "InternalError" || v.Verdict != "error" {
		t.Errorf("%+v", v)
	}
}

func TestStdinAndText(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Genoa", 2, "vcek")
	f.writeEvidence(e)
	for name, in := range map[string]string{
		"raw": string(e.Report), "hex": hex.EncodeToString(e.Report), "hex and LF": hex.EncodeToString(e.Report) + "\n", "hex and CRLF": hex.EncodeToString(e.Report) + "\r\n",
	} {
		o := toolWith(strings.NewReader(in), "report", "--report", "-", "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"))
		if o.code != 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
	o := toolWith(strings.NewReader(hex.EncodeToString(e.Report)+"\n\n"), "report", "--strict", "--report", "-", "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"))
	if o.code != verdict.ExitRefused {
		t.Errorf("two line breaks forgiven: %+v", o)
	}
}

// TestWritePolicy: the policy accepts this report, and not its neighbour.
func TestWritePolicy(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Genoa", 5, "vcek")
	f.writeEvidence(e)
	if o := tool(f.report("--write-policy", f.path("policy.json"))...); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	if o := tool(f.report("--policy", f.path("policy.json"))...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if o := tool("show", f.path("policy.json")); o.code != 0 || !strings.Contains(o.stdout, "measurements:") {
		t.Errorf("%+v", o)
	}
	e.Spec.Measurement[0] ^= 1
	e.Resign()
	f.write("report.bin", e.Report)
	if o := tool(f.report("--policy", f.path("policy.json"))...); o.code != verdict.ExitRefused {
		t.Errorf("%+v", o)
	}
	os.Remove(f.path("policy.json"))
	if o := tool(f.report("--vmpl", "1", "--write-policy", f.path("policy.json"))...); o.code != verdict.ExitRefused {
		t.Errorf("%+v", o)
	}
	if _, err := os.Stat(f.path("policy.json")); err == nil {
		t.Error("a policy was written after a refusal")
	}
	if o := tool(f.report("--write-policy", f.path("none/policy.json"))...); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
}

func now() time.Time { return recent }

func ctx() context.Context { return context.Background() }
