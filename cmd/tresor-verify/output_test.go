package main

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/printable"
)

// TestAllViolations: text and JSON name every violation of a policy.
func TestAllViolations(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Genoa", 5, "vcek"))
	f.write("policy.json", []byte(`{"schema":"attest.policy/v1","products":["Turin"],"guest_policy":{"require":["single_socket"]},"id_block":{"require":true}}`))
	for _, tt := range []struct {
		args []string
		n    int
	}{
		{f.report("--policy", f.path("policy.json")), 3},
		{f.report("--min-tcb", "bootloader=255,tee=255,snp=255,microcode=255"), 8},
	} {
		o := tool(tt.args...)
		if n := strings.Count(o.stdout, "\nalso:"); n != tt.n-1 {
			t.Errorf("%d more in %s", n, o.stdout)
		}
		if v := tool(append(tt.args, "--json")...).verdict(t); len(v.Error.Violations) != tt.n || v.Error.Violations[0].Rule == "" {
			t.Errorf("%+v", v.Error)
		}
	}
}

// TestEscapes: nothing from outside moves the cursor or begins a line.
// Rules: CLI-04.
func TestEscapes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "a\nPASS": `a\nPASS`, "\x1b[31mred": `\x1b[31mred`, "bidi\u202eevil": `bidi\u202eevil`,
		"\r": `\r`, "c1\u009b": `c1\u009b`, "\xff": `\xff`, "zero\u200bwidth": `zero\u200bwidth`, "ü": "ü", "a\x00b": `a\x00b`,
	} {
		if got := printable.Escape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	evil := "\x1b]0;PASS\x07\nPASS\u202e"
	for _, args := range [][]string{{evil}, {"report", "--report", evil}, {"report", evil}, {"show", evil}, {"report", "--report", "x", "--at", evil}, {"help", evil}} {
		o := tool(args...)
		for _, text := range []string{o.stdout, o.stderr} {
			if strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "\nPASS") {
				t.Errorf("%v: %q", args, text)
			}
		}
	}
}
