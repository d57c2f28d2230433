package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/verdict"
)

// at is the time of the evidence that endpoint makes, for a program with a clock
// of its own.
const at = "2026-04-01T12:00:00Z"

// program is this test binary under the name of the program, by which it is the program.
var program string

func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "tresor-verify" {
		main()
	}
	dir, err := os.MkdirTemp("", "tresor-verify-test-*")
	if err != nil {
		panic(err)
	}
	name := filepath.Join(dir, "tresor-verify")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil && os.Symlink(self, name) == nil {
		program = name
	}
	if err := flag.Set("test.parallel", "8"); err != nil { // those that wait hold up none that compute
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// built returns the name of the program.
func built(t *testing.T) string {
	t.Helper()
	if program == "" {
		t.Skip("no symbolic links here")
	}
	return program
}

func exitCodeOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// TestExitCodes reaches every exit code with the program as it is built, in text
// and in JSON.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	program := built(t)
	f := newFolder(t)
	args := slices.Clip(append(endpoint(t, f, 17), "--at", at))
	if o := tool(append(args, "--record", f.path("pin.json"))...); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	pin := strings.Replace(string(mustRead(t, f.path("pin.json"))), `"snp_measurement": "`, `"snp_measurement": "ab`, 1)
	i := strings.Index(pin, `",`+"\n"+`  "workload_identity_tag"`)
	f.write("changed.json", []byte(pin[:i-2]+pin[i:]))
	for _, tt := range []struct {
		args    []string
		code    int
		first   string
		verdict string
		typ     string
	}{
		{args, 0, "PASS", "pass", ""},
		{append(args, "--pin", f.path("pin.json")), 0, "PASS", "pass", ""},
		{replaceFlag(args, []string{"--spki", strings.Repeat("ab", 32)}), 1, "FAIL: SPKIMismatchError", "fail", "SPKIMismatchError"},
		{append(args, "--no-such-flag"), 2, "", "error", "UsageError"},
		{replaceFlag(args, []string{"--release-root", f.path("absent")}), 2, "", "error", "UsageError"},
		{nil, 2, "", "error", "UsageError"},
		{replaceFlag(args, []string{"--bundle", f.path("absent")}), 3, "UNDECIDED: EvidenceUnavailableError", "error", "EvidenceUnavailableError"},
		{append(args, "--pin", f.path("absent")), 3, "UNDECIDED: EvidenceUnavailableError", "error", "EvidenceUnavailableError"},
		{append(args, "--pin", f.path("changed.json")), 4, "CHANGED: PinChangedError", "changed", "PinChangedError"},
		{append(args, "--save", f.path("absent/e"), "--cert", f.path("absent")), 2, "", "error", "UsageError"},
		{append(args, "--record", f.path("absent/pin")), 2, "", "error", "UsageError"},
	} {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(program, tt.args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		code := exitCodeOf(t, cmd.Run())
		first, _, _ := strings.Cut(stdout.String(), "\n")
		if code != tt.code || first != tt.first || (stderr.Len() > 0) != (code == verdict.ExitUsage) {
			t.Errorf("%v: exit code %d\n%s%s", tt.args, code, &stdout, &stderr)
		}
		out, err := exec.Command(program, append(slices.Clip(tt.args), "--json")...).Output()
		var v verdict.Document
		if code := exitCodeOf(t, err); code != tt.code || json.Unmarshal(out, &v) != nil || v.ExitCode != code || v.Verdict != tt.verdict {
			t.Errorf("%v --json: exit code %d\n%s", tt.args, code, out)
		}
		if (v.Error == nil) != (tt.typ == "") || v.Error != nil && v.Error.Type != tt.typ || (v.SPKI != "") != (code == 0 || code == verdict.ExitChanged) {
			t.Errorf("%v --json: %s", tt.args, out)
		}
	}
}

// TestLostVerdict: nobody reads the answer, or the disk is full.
func TestLostVerdict(t *testing.T) {
	t.Parallel()
	program := built(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	outputs := map[string]*os.File{"a closed pipe": writer}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		outputs["a full disk"] = full
	}
	f := newFolder(t)
	for name, stdout := range outputs {
		for _, args := range [][]string{append(endpoint(t, f, 17), "--at", at), {"version"}, {"help", "--json"}, {"completion", "bash"}} {
			var stderr bytes.Buffer
			cmd := exec.Command(program, args...)
			cmd.Stdout, cmd.Stderr = stdout, &stderr
			if code := exitCodeOf(t, cmd.Run()); code != verdict.ExitInternal || !strings.Contains(stderr.String(), "could not be written") {
				t.Errorf("%s: %v: exit code %d, %s", name, args, code, &stderr)
			}
		}
	}
}
