package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// matches returns the first group of a pattern wherever it occurs in files.
func matches(t *testing.T, pattern string, files ...string) (found []string) {
	t.Helper()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			found = append(found, m[1])
		}
	}
	if len(found) == 0 {
		t.Fatalf("nothing in %v matches %s", files, pattern)
	}
	return found
}

// TestEveryTypeHasAdvice: the next thing to try, and where both values are from.
func TestEveryTypeHasAdvice(t *testing.T) {
	types := append(matches(t, `(?m)^\t(\w+) +struct(?:\{ Failure \}| \{\n\t\tFailure\n)`, "../../errors.go"), "UsageError", "InternalError")
	if len(types) != len(byType) {
		t.Errorf("%d types, advice for %d", len(types), len(byType))
	}
	for _, name := range types {
		a := byType[name]
		none := name == "UsageError" || name == "InternalError"
		if a.next == "" || (a.expected == "") != (none || name == "CertRevokedError") || (a.actual == "") != none {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestEveryLayerHasAdvice: the layers of the network, and the flags that name a
// file.
func TestEveryLayerHasAdvice(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	layers := matches(t, `(?m)^\tlayer\w+ += "(\w+)"`, "../../transport/errors.go", "../../kds/layer.go")
	for _, layer := range append(layers, matches(t, `unavailable\("([\w-]+)`, sources...)...) {
		if byLayer[layer] == "" {
			t.Errorf("no hint for %q", layer)
		}
	}
}

// TestAdviceForFaults: whatever is wrong with an endpoint, both values are
// shown with their origin.
// Rules: CLI-12.
func TestAdviceForFaults(t *testing.T) {
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
			j := attestCommand().describe(err)
			if j.Hint == "" || (j.Expected != "") != (j.ExpectedFrom != "") || (j.Actual != "") != (j.ActualFrom != "") {
				t.Errorf("%s: %+v", fault, j)
			}
			if list := allowed(err); len(list) > 0 && !strings.Contains(j.Expected, list[0]) {
				t.Errorf("%s: expected %s, not %s", fault, j.Expected, list[0])
			}
		}
	}
}

// TestHints: a rule's own hint comes before that of its type; a flag or a layer
// before both.
func TestHints(t *testing.T) {
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	for want, args := range map[string][]string{
		"--certs":         {"report", "--report", f.path("report.bin")},
		"the floors lack": f.report("--min-tcb", "snp=1"),
		"newer firmware":  f.report("--min-tcb", "bootloader=255,tee=0,snp=1,microcode=1"),
		"is the clock":    f.report("--at", "2040-01-01T00:00:00Z"),
		"actual is from:        the time of verification": f.report("--at", "2040-01-01T00:00:00Z"),
		"--vmpl N":          f.report("--vmpl", "1"),
		byLayer["--report"]: {"report", "--report", f.path("none")},
		byLayer["--certs"]:  f.report("--certs", f.path("none")),
	} {
		if o := tool(args...); !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	keys, _ := receiptFolder(t)
	for _, args := range [][]string{
		{"bundle", "verify", "--release-root", keys.path("release.hex"), f.write("framing", []byte("no JWS"))},
		{"receipt", "--jwks", keys.path("jwks.json"), f.path("framing")},
	} {
		o := tool(args...)
		if !strings.Contains(o.stdout, framing.expected) || !strings.Contains(o.stdout, framing.next) || strings.Contains(o.stdout, "the key set") || strings.Contains(o.stdout, "the keys of") {
			t.Errorf("%s", o.stdout)
		}
	}
	for want, args := range map[string][]string{
		`"tresor-verify help" lists`:      {"nothing"},
		`"tresor-verify help report" has`: {"report", "--no-such-flag"},
		"no such flag: --no-such-flag":    {"report", "--no-such-flag"},
		"a value is missing: --at":        {"report", "--at"},
		"for --at: given twice":           f.report("--at", "x", "--at", "x"),
		"--json: given twice":             f.report("--json=0", "--json=0"),
		`value "x" for --json`:            f.report("--json=x"),
		byFlag["--amd-root"]:              f.report("--amd-root", f.path("none")),
		byFlag["--policy"]:                f.report("--policy", f.path("leaf.der")),
		byFlag["--ca-file"]:               f.report("--ca-file", f.path("none")),
		byFlag["--release-root"]:          {"attest", "--url", "https://x.example", "--release-root", f.path("none")},
		byFlag["--jwks"]:                  {"receipt", "--jwks", f.path("none"), f.path("none")},
	} {
		if o := tool(args...); !strings.Contains(o.stderr, want) {
			t.Errorf("no %q in %s", want, o.stderr)
		}
	}
}

func TestEnumerate(t *testing.T) {
	for want, n := range map[string]int{"a": 1, "a or a": 2, "a or a or a or a": 4, "a, a, a, a or one of 1 more": 5} {
		if got := enumerate(strings.Split(strings.Repeat("a", n), "")); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
