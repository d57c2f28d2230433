package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/vectors"
	"github.com/tresorhq/attest/verdict"
)

// Types of error and prefixes of rules that a command can end with.
var (
	ofHardware = []string{"ReportInvalidError", "CertChainInvalidError", "CRLInvalidError", "CertRevokedError", "ReportSignatureInvalidError", "EndorsementMismatchError",
		"PolicyViolationError", "MeasurementNotAllowedError", "TCBBelowFloorError", "ReportDataMismatchError", "EvidenceUnavailableError", "InternalError"}
	ofBundle   = []string{"BundleSignatureInvalid", "BundleInvalidError", "BundleExpiredError"}
	ofEndpoint = slices.Concat(ofHardware, ofBundle, []string{"EnvelopeInvalidError", "EnvelopeStaleError", "BundleRollbackError", "WorkloadMismatchError",
		"IdentityTagNotAllowedError", "IdentityManifestMismatchError", "SPKIMismatchError"})

	ends = map[string]struct {
		types, rules, layers []string
		where                advice.Table
	}{
		"attest": {append(ofEndpoint, "PinChangedError"), []string{"JWS", "BND", "STA", "PIN", "WKL", "CHN", "CRL", "IDT", "BIN", "POL", "TRN", "KDS"},
			[]string{"dns", "tcp", "tls", "http", "bundle", "size", "cache", "--pin", "--evidence", "--envelope", "--bundle", "--cert", "--crl"}, advice.InReplay},
		"proxy": {ofEndpoint, []string{"JWS", "BND", "STA", "WKL", "CHN", "CRL", "IDT", "BIN-0", "BIN-10", "POL", "PRX", "TRN", "KDS"},
			[]string{"dns", "tcp", "tls", "http", "bundle", "size", "cache", "--bundle", "--crl", "proxy"}, nil},
		"report":  {ofHardware, []string{"CHN", "CRL", "POL", "KDS"}, []string{"dns", "tcp", "tls", "http", "size", "cache", "--report", "--certs", "--fetch", "--crl"}, nil},
		"fetch":   {[]string{"ReportInvalidError", "CertChainInvalidError", "EvidenceUnavailableError"}, []string{"CHN-0", "KDS"}, []string{"dns", "tcp", "tls", "http", "size", "cache", "--report", "--certs", "fetch"}, nil},
		"show":    {[]string{"EvidenceUnavailableError"}, []string{"JWS", "CHN-0"}, []string{"show"}, nil},
		"receipt": {append(ofBundle, "ReceiptInvalidError", "ReceiptSignatureInvalidError", "ReceiptDigestMismatchError"), []string{"JWS", "RCP"}, []string{"dns", "tcp", "tls", "http", "size", "--jwks-url", "--request", "--response", "receipt"}, advice.InReceipt},
		"bundle":  {append(ofBundle, "EvidenceUnavailableError"), []string{"JWS"}, []string{"dns", "tcp", "tls", "http", "size", "file"}, advice.InDiff},
		"vectors": {[]string{"EvidenceUnavailableError"}, nil, []string{"vectors"}, nil},
	}
)

// A sample is an error of this type, rule or layer.
type sample struct{ kind, rule, message string }

func (e sample) Error() string       { return e.message }
func (e sample) VerdictType() string { return e.kind }
func (e sample) Requirement() string { return e.rule }

// adviceOn returns what a command says of an error.
func adviceOn(f advice.For, err error) *verdict.Error {
	e := verdict.Describe(err)
	e.Expected, e.Actual = "x", "x"
	f.Complete(e)
	return e
}

func adviceOf(c cli.Command) advice.For {
	return advice.For{Program: "tresor-verify", Name: c.Name, Flags: c.Dashed()}
}

// foreignFlags are the flags in a hint that the command lacks. What stands in
// quotation marks is another command line, or a name from outside.
func foreignFlags(f advice.For, texts ...string) (foreign []string) {
	text := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(strings.Join(texts, "\n"), "")
	for _, name := range regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(text, -1) {
		if !slices.Contains(f.Flags, name) {
			foreign = append(foreign, name)
		}
	}
	if strings.ContainsAny(text, "{}") {
		foreign = append(foreign, "a brace")
	}
	return foreign
}

// TestHintsNameOwnFlags: no hint of a command names a flag that it lacks.
// Rules: CLI-12.
func TestHintsNameOwnFlags(t *testing.T) {
	t.Parallel()
	rules, _, flags := advice.Subjects()
	for _, c := range newProgram().Commands {
		e, f := ends[c.Name], adviceOf(c)
		look := func(what string, err error) {
			said := adviceOn(f, err)
			if foreign := foreignFlags(f, said.Hint, said.ExpectedFrom, said.ActualFrom); len(foreign) > 0 {
				t.Errorf("%s, %s: %v in %+v", c.Name, what, foreign, said)
			}
		}
		for _, kind := range e.types {
			look(kind, sample{kind: kind})
			look(kind, advice.About(sample{kind: kind}, "", e.where))
			for _, rule := range rules {
				if slices.ContainsFunc(e.rules, func(prefix string) bool { return strings.HasPrefix(rule, prefix) }) {
					look(kind+" "+rule, sample{kind: kind, rule: rule})
				}
			}
		}
		for _, layer := range e.layers {
			look(layer, verdict.Unavailable(layer, errors.New("x")))
		}
		for _, name := range flags {
			if slices.Contains(f.Flags, name) {
				look(name, cli.Usagef("%s: x", name))
			}
		}
	}
}

// TestHintsOfVectors: the same of what vectors end in, and what they show has an
// origin.
// Rules: CLI-12.
func TestHintsOfVectors(t *testing.T) {
	t.Parallel()
	cases, err := vectors.Read(os.DirFS(vectorDir))
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	from := map[string]string{
		"CRL-19": "the chain's anchor", "POL-12": "the leaf certificate", "POL-40": "the leaf certificate", "POL-41": "the leaf certificate", "POL-42": "the leaf certificate",
		"CHN-42": "the built-in roots or --amd-root", "CHN-47": "the time of verification: the clock, or --at",
		"attest CHN-42": "the built-in roots or --amd-root, and the trust bundle's amd_root_ca_pem", "attest CHN-10": "the envelope's vcek_chain_pem",
	}
	seen := map[string]bool{} // one vector for each rule and command
	for i, c := range cases {
		key := c.Command + c.Expect.Error + c.Expect.Requirement
		if c.Expect.Error == "" || seen[key] || c.Foreign() != "" {
			continue
		}
		seen[key] = true
		a, err := runner(run).play(ctx(), now, c, filepath.Join(scratch, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		failure, _ := a.Object["error"].(map[string]any)
		text := func(name string) string { s, _ := failure[name].(string); return s }
		if names := foreignFlags(adviceOf(*newProgram().Find(c.Command)), text("hint"), text("expected_from"), text("actual_from")); len(names) > 0 || text("hint") == "" {
			t.Errorf("%s: %v in %v", c.ID, names, failure)
		}
		if want := cmp.Or(from[c.Command+" "+c.Expect.Requirement], from[c.Expect.Requirement]); want != "" && text("actual_from") != want {
			t.Errorf("%s: actual is from %q, not %q", c.ID, text("actual_from"), want)
		}
		for _, value := range []string{"expected", "actual"} {
			if (text(value) == "") != (text(value+"_from") == "") {
				t.Errorf("%s: %s without an origin: %v", c.ID, value, failure)
			}
		}
	}
	// The log of the proxy asks whether a value is another each time.
	if e := adviceOn(adviceOf(proxyCommand()), sample{kind: "CertChainInvalidError", rule: "CHN-47"}); !strings.Contains(e.ActualFrom, advice.Clock) {
		t.Errorf("actual is from %q", e.ActualFrom)
	}
	if len(seen) < 100 {
		t.Errorf("%d vectors", len(seen))
	}
}
