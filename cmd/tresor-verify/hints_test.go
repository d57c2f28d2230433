package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/verdict"
)

// TestAdviceForFaults: whatever is wrong with an endpoint, both values are
// shown with their origin.
// Rules: CLI-12.
func TestAdviceForFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []attesttest.Config{{Seed: "x", Now: recent}, {Seed: "x", Now: recent, Product: snpreport.Turin, SigningKey: snpreport.VLEK}} {
		for _, fault := range attesttest.Faults() {
			if !fault.Fits(c) {
				continue
			}
			e, err := attesttest.New(c, fault)
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Verifier()
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(e.Evidence(), e.Now())
			j := adviceOfError(attestCommand(), err)
			if j.Hint == "" || (j.Expected != "") != (j.ExpectedFrom != "") || (j.Actual != "") != (j.ActualFrom != "") {
				t.Errorf("%s: %+v", fault, j)
			}
		}
	}
}

// TestHints: a rule's own hint comes before that of its type; a flag or a layer
// before both.
func TestHints(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	lone := newFolder(t).write("report.bin", mustRead(t, f.path("report.bin")))
	for want, args := range map[string][]string{
		"--certs":         {"report", lone},
		"the floors lack": f.report("--min-tcb", "snp=1"),
		"newer firmware":  f.report("--min-tcb", "bootloader=255,tee=0,snp=1,microcode=1"),
		"the certificate is not valid at the time that --at gives": f.report("--at", "2040-01-01T00:00:00Z"),
		"actual is from:        the time of verification":          f.report("--at", "2040-01-01T00:00:00Z"),
		"--vmpl N":            f.report("--vmpl", "1"),
		layerHint("--report"): {"report", "--report", f.path("none")},
		layerHint("--certs"):  f.report("--certs", f.path("none")),
	} {
		if o := tool(args...); !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	genoa := f.write("genoa.der", mint.Evidence("Genoa", 3, "vcek").ARK)
	if o := tool("report", "--strict", "--report", f.path("report.bin"), "--certs", f.path("leaf.der"), "--certs", genoa, "--amd-root", f.path("ark.pem")); !strings.Contains(o.stdout, "the ARK is of another product than the leaf") || !strings.Contains(o.stdout, "leave the root out") || strings.Contains(o.stdout, "find out who sent it") {
		t.Errorf("%s", o.stdout)
	}
	keys, _ := receiptFolder(t)
	for _, args := range [][]string{
		{"bundle", "verify", "--release-root", keys.path("release.hex"), f.write("framing", []byte("no JWS"))},
		{"receipt", "--jwks", keys.path("jwks.json"), f.path("framing")},
	} {
		o := tool(args...)
		if !strings.Contains(o.stdout, "the form of a compact JWS") || !strings.Contains(o.stdout, "this is not a compact JWS") || strings.Contains(o.stdout, "the key set") || strings.Contains(o.stdout, "the keys of") {
			t.Errorf("%s", o.stdout)
		}
	}
	for want, args := range map[string][]string{
		`"tresor-verify help" lists`:      {"nothing"},
		`"tresor-verify help report" has`: {"report", "--no-such-flag"},
		"no such flag: --no-such-flag":    {"report", "--no-such-flag"},
		"a value is missing: --at":        {"report", "--at"},
		"--at: given twice":               f.report("--at", "x", "--at", "x"),
		"--json: given twice":             f.report("--json=0", "--json=0"),
		`value "x" for --json`:            f.report("--json=x"),
		flagHint("--amd-root"):            f.report("--amd-root", f.path("none")),
		flagHint("--policy"):              f.report("--policy", f.write("bad-policy.json", []byte("{}"))),
		flagHint("--ca-file"):             f.report("--ca-file", f.path("none")),
		flagHint("--release-root"):        {"attest", "--url", "https://x.example", "--release-root", f.path("none")},
		flagHint("--jwks"):                {"receipt", "--jwks", f.path("none"), f.path("none")},
	} {
		if o := tool(args...); !strings.Contains(o.stderr, want) {
			t.Errorf("no %q in %s", want, o.stderr)
		}
	}
}

// adviceOfError describes an error as a command does.
func adviceOfError(c cli.Command, err error) *verdict.Error {
	e := verdict.Describe(err)
	adviceOf(c).Complete(e)
	return e
}

func layerHint(layer string) string {
	return adviceOfError(reportCommand(), verdict.Unavailable(layer, errors.New("x"))).Hint
}

func flagHint(flag string) string {
	return adviceOfError(reportCommand(), cli.Usagef("%s: x", flag)).Hint
}
