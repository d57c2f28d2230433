package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

const ciExamples = "../../examples/ci/"

// TestCheckEndpoint runs the example for builds: it lets pass what was recorded,
// and nothing else.
func TestCheckEndpoint(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	program := built(t)
	f := newFolder(t)
	now := time.Now()
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	endpointAt(t, f, 17, now)
	i := slices.Index(args, "--url")
	flags := slices.Delete(args, i, i+2)[1:]
	flags = removeFlag(flags, "--release-root")
	record := exec.Command(program, slices.Concat([]string{"attest", "--url", server.URL, "--release-root", f.path("release.pem"), "--record", f.path("pin.json")}, flags)...)
	if out, err := record.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	endpoint := server.URL
	check := func() (int, string) {
		cmd := exec.Command(sh, append([]string{mustAbs(t, ciExamples+"check-endpoint.sh")}, flags...)...)
		cmd.Dir = f.dir
		cmd.Env = append(os.Environ(), "ENDPOINT="+endpoint, "PAUSE=0", "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		return exitCodeOf(t, err), string(out)
	}
	expect := func(name string, code int, said string) {
		t.Helper()
		if got, out := check(); got != code || !strings.Contains(out, said) {
			t.Errorf("%s: exit code %d\n%s", name, got, out)
		}
	}
	expect("as recorded", 0, "is verified, and is what pin.json says")
	if _, err := os.Stat(f.path("evidence.json")); err != nil {
		t.Error(err)
	}
	endpointAt(t, f, 17, now, func(document string, m map[string]any) {
		if document == "manifest" {
			m["version"] = "v2"
		}
	})
	expect("another release", verdict.ExitChanged, "changed")
	f.write("envelope.json", []byte("{}"))
	expect("nonsense", verdict.ExitRefused, "was refused")
	endpoint = nothingThere
	expect("gone", verdict.ExitUndecided, "could not be judged in 3 tries")
	f.write("release.pem", nil)
	expect("no root", verdict.ExitUsage, "in a wrong way")
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	abs, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// TestWorkflow: the workflow runs the script, with variables that it reads.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	workflow, script := string(mustRead(t, ciExamples+"github-actions.yml")), string(mustRead(t, ciExamples+"check-endpoint.sh"))
	if !strings.Contains(workflow, "run: sh check-endpoint.sh\n") || strings.Contains(workflow, "\t") {
		t.Error(workflow)
	}
	if !strings.Contains(workflow, "cmd/tresor-verify@v"+version+"\n") {
		t.Errorf("the workflow installs another version than %s", version)
	}
	variables := regexp.MustCompile(`(?m)^          ([A-Z_]+): `).FindAllStringSubmatch(workflow, -1)
	if len(variables) != 4 {
		t.Errorf("%v", variables)
	}
	for _, v := range variables {
		if !strings.Contains(script, "${"+v[1]+":") {
			t.Errorf("the script does not read %s", v[1])
		}
	}
}
