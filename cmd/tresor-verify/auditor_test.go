package main

import (
	"os/exec"
	"testing"

	"github.com/tresorhq/attest/verdict"
)

// TestAuditor: the program of examples/auditor, which has nothing of this command but
// package verdict, prints the same document.
func TestAuditor(t *testing.T) {
	t.Parallel()
	const sample = "../../testdata/sample/"
	const at = "2026-06-01T00:00:00Z"
	o := tool("report", "--report", sample+"report.bin", "--certs", sample+"chain.pem", "--amd-root", sample+"ark.pem", "--at", at, "--json")
	out, err := exec.Command("go", "run", "../../examples/auditor", sample+"report.bin", sample+"chain.pem", sample+"ark.pem", at).Output()
	if err != nil || o.code != verdict.ExitVerified || string(out) != o.stdout {
		t.Errorf("%v\n%s\nis not\n%s", err, out, o.stdout)
	}
}
