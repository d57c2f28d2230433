package repo

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
)

// recipe is the manual of RECIPE.md, cut out as it says, with what it needs.
type recipe struct{ script string }

func newRecipe(t *testing.T) recipe {
	t.Helper()
	for _, program := range []string{"sh", "curl", "jq", "openssl", "sha256sum", "sed", "awk", "od"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("RECIPE.md needs %s, which is not here", program)
		}
	}
	document, err := os.ReadFile("RECIPE.md")
	if err != nil {
		t.Fatal(err)
	}
	console := regexp.MustCompile("(?s)```console\n([^\n]*)\n").FindSubmatch(document)
	if console == nil {
		t.Fatal("RECIPE.md does not say how to cut the commands out")
	}
	r := recipe{filepath.Join(t.TempDir(), "recipe.sh")}
	cut := exec.Command("sh", "-c", strings.Replace(string(console[1]), "> recipe.sh", `> "$0"`, 1), r.script)
	if out, err := cut.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return r
}

// run carries the recipe out against an enclave.
func (r recipe) run(t *testing.T, c attesttest.Config, faults ...attesttest.Fault) (out string, passed bool) {
	t.Helper()
	e, err := attesttest.New(c, faults...)
	if err != nil {
		t.Fatal(err)
	}
	server, err := e.Serve(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	root := sha256.Sum256(e.AMDRoot())
	return r.with(t, "ORIGIN="+server.URL, "BUNDLE_URL="+server.BundleURL, "KDS="+server.KDSURL, "WORKLOAD=router", "LAST_VERSION=17",
		"ARK_SHA256="+hex.EncodeToString(root[:]), "RELEASE_ROOT="+publicKeyFile(t, e.ReleaseRoot()),
		"CURL_CA_BUNDLE="+pemFile(t, "CERTIFICATE", webRoot(t, e, server)))
}

// with carries the recipe out with these variables.
func (r recipe) with(t *testing.T, variables ...string) (out string, passed bool) {
	t.Helper()
	return r.in(t, "sh", variables...)
}

// in carries the recipe out by a shell.
func (r recipe) in(t *testing.T, shell string, variables ...string) (out string, passed bool) {
	t.Helper()
	cmd := exec.Command(shell, "-eu", r.script)
	cmd.Env = append(append(os.Environ(), "TMPDIR="+t.TempDir()), variables...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	return text.String(), err == nil
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// webRoot is the root of a server's certificate, which the kit only gives as a
// pool.
func webRoot(t *testing.T, e *attesttest.Enclave, s *attesttest.Server) []byte {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), &tls.Config{RootCAs: e.WebRoots()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	chain := conn.ConnectionState().VerifiedChains[0]
	return chain[len(chain)-1].Raw
}

// stepOf says at which step each type of error is found.
var stepOf = map[string]string{
	"EnvelopeInvalidError": "1", "EnvelopeStaleError": "2", "BundleSignatureInvalid": "3", "BundleInvalidError": "4", "BundleExpiredError": "5",
	"BundleRollbackError": "6", "WorkloadMismatchError": "7", "ReportInvalidError": "8", "CertChainInvalidError": "9", "CRLInvalidError": "10", "CertRevokedError": "10",
	"ReportSignatureInvalidError": "11", "EndorsementMismatchError": "12", "PolicyViolationError": "13", "MeasurementNotAllowedError": "14", "IdentityTagNotAllowedError": "15",
	"IdentityManifestMismatchError": "16", "TCBBelowFloorError": "17", "ReportDataMismatchError": "18", "SPKIMismatchError": "19",
}

// unseen are the faults that the recipe says it can not see, or that need
// something that it does not take.
var unseen = map[attesttest.Fault]string{
	attesttest.EnvelopeDuplicate:   "jq takes the last of two members",
	attesttest.EnvelopeFolded:      "jq ignores the other spelling",
	attesttest.BundleEquivocation:  "only the version is remembered",
	attesttest.ChainNoIntermediate: "it is fetched from AMD",
	attesttest.ManifestKey:         "signatures of manifests are not checked",
}

func TestRecipe(t *testing.T) {
	t.Parallel() // it waits for programs
	r := newRecipe(t)
	configs := []attesttest.Config{{Seed: "recipe"}, {Seed: "recipe", Product: snpreport.Milan, ReportVersion: 2}, {Seed: "recipe", Product: snpreport.Turin}}
	for _, c := range configs {
		out, passed := r.run(t, c)
		if !passed || !strings.HasPrefix(out, "PASS\nTLS SPKI SHA-256:      ") {
			t.Fatalf("genuine evidence of %v: %s", c, out)
		}
	}
	for _, fault := range attesttest.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			if reason := unseen[fault]; reason != "" {
				t.Skip(reason)
			}
			out, passed := r.run(t, configs[0], fault)
			if want := fmt.Sprintf("STOP at step %s:", stepOf[fault.ErrorType()]); passed || !strings.Contains(out, want) {
				t.Errorf("%s, want %q", out, want)
			}
		})
	}
}
