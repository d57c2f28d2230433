package main

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/vectors"
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
		where                map[string]advice
	}{
		"attest": {append(ofEndpoint, "PinChangedError"), []string{"JWS", "BND", "STA", "PIN", "WKL", "CHN", "CRL", "IDT", "BIN", "POL", "TRN", "KDS"},
			[]string{"dns", "tcp", "tls", "http", "bundle", "size", "cache", "--pin", "--evidence", "--envelope", "--bundle", "--cert", "--crl"}, inReplay},
		"proxy": {ofEndpoint, []string{"JWS", "BND", "STA", "WKL", "CHN", "CRL", "IDT", "BIN-0", "BIN-10", "POL", "PRX", "TRN", "KDS"},
			[]string{"dns", "tcp", "tls", "http", "bundle", "size", "cache", "--bundle", "--crl", "proxy"}, nil},
		"report":  {ofHardware, []string{"CHN", "CRL", "POL", "KDS"}, []string{"dns", "tcp", "tls", "http", "size", "cache", "--report", "--certs", "--fetch", "--crl"}, nil},
		"fetch":   {[]string{"ReportInvalidError", "CertChainInvalidError", "EvidenceUnavailableError"}, []string{"CHN-0", "KDS"}, []string{"dns", "tcp", "tls", "http", "size", "cache", "--report", "--certs", "fetch"}, nil},
		"show":    {[]string{"ReportInvalidError", "CertChainInvalidError", "EnvelopeInvalidError", "EvidenceUnavailableError"}, []string{"JWS", "CHN-0"}, []string{"show"}, nil},
		"receipt": {append(ofBundle, "ReceiptInvalidError", "ReceiptSignatureInvalidError", "ReceiptDigestMismatchError"), []string{"JWS", "RCP"}, []string{"dns", "tcp", "tls", "http", "size", "--jwks-url", "--request", "--response", "receipt"}, inReceipt},
		"bundle":  {append(ofBundle, "EvidenceUnavailableError"), []string{"JWS"}, []string{"dns", "tcp", "tls", "http", "size", "file"}, inDiff},
		"vectors": {[]string{"EvidenceUnavailableError"}, nil, []string{"vectors"}, nil},
	}
)

// foreignFlags are the flags in a hint that the command lacks. What stands in
// quotation marks is another command line, or a name from outside.
func foreignFlags(c command, a advice) (foreign []string) {
	text := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(strings.Join([]string{a.next, a.expected, a.actual}, "\n"), "")
	for _, name := range flagName.FindAllString(text, -1) {
		if !slices.Contains(c.dashed(), name) {
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
	for _, c := range commands() {
		e := ends[c.name]
		look := func(what string, a advice) {
			if foreign := foreignFlags(c, c.fit(a)); len(foreign) > 0 {
				t.Errorf("%s, %s: %v in %+v", c.name, what, foreign, c.fit(a))
			}
		}
		for _, kind := range e.types {
			look(kind, c.general(kind, nil))
			look(kind, c.general(kind, nil).from(e.where, kind, nil))
			for rule := range byRule {
				if slices.ContainsFunc(e.rules, func(prefix string) bool { return strings.HasPrefix(rule, prefix) }) {
					a := c.general(kind, []string{rule})
					look(kind+" "+rule, advice{next: a.next}) // where values are from belongs to the rule's own type
					look(rule, advice{expected: byRule[rule].expected, actual: byRule[rule].actual}.from(byCommand[c.name], "", []string{rule}))
				}
			}
		}
		for _, layer := range e.layers {
			look(layer, advice{next: byLayer[layer]})
		}
		for name, hint := range byFlag {
			if slices.Contains(c.dashed(), name) {
				look(name, advice{next: hint})
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
	w := world{stdin: strings.NewReader(""), now: func() time.Time { return recent }}
	scratch := t.TempDir()
	from := map[string]string{
		"CRL-19": "the chain's anchor", "POL-12": leafCert, "POL-40": leafCert, "POL-41": leafCert, "POL-42": leafCert,
		"CHN-42": "the built-in roots or --amd-root", "CHN-47": "the time of verification: the clock, or --at",
		"attest CHN-42": "the built-in roots or --amd-root, and the trust bundle's amd_root_ca_pem", "attest CHN-10": "the envelope's vcek_chain_pem",
	}
	seen := map[string]bool{} // one vector for each rule and command
	for i, c := range cases {
		key := c.Command + c.Expect.Error + c.Expect.Requirement
		if c.Expect.Error == "" || seen[key] || foreign(c) != "" {
			continue
		}
		seen[key] = true
		a, err := play(ctx(), w, c, filepath.Join(scratch, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		failure, _ := a.object["error"].(map[string]any)
		text := func(name string) string { s, _ := failure[name].(string); return s }
		command, _ := findCommand(c.Command)
		if names := foreignFlags(command, advice{text("hint"), text("expected_from"), text("actual_from")}); len(names) > 0 || text("hint") == "" {
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
	proxy, _ := findCommand("proxy") // its log asks whether a value is another each time
	if a := proxy.general("CertChainInvalidError", []string{"CHN-47"}); !strings.Contains(a.actual, clock) {
		t.Errorf("actual is from %q", a.actual)
	}
	if len(seen) < 100 {
		t.Errorf("%d vectors", len(seen))
	}
}
