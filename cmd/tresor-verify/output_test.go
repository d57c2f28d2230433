package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/printable"
)

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}, {"help", "report"}, {"report", "--help"}, {"show", "-h"}, {"help", "fetch"}} {
		if o := tool(args...); o.code != 0 || o.stdout == "" || o.stderr != "" {
			t.Errorf("%v: %+v", args, o)
		}
	}
	if o := tool("version"); o.code != 0 || !strings.HasPrefix(o.stdout, "tresor-verify ") {
		t.Errorf("%+v", o)
	}
	var v map[string]string
	if err := json.Unmarshal([]byte(tool("version", "--json").stdout), &v); err != nil || v["toolchain"] == "" {
		t.Errorf("%v %v", v, err)
	}
}

// TestJSONAlways: one object, whatever was asked for.
// Rules: CLI-05.
func TestJSONAlways(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help", "--json"}, {"help", "report", "--json"}, {"report", "--help", "--json"}, {"report", "--json=1"}, {"version", "-json"}, {"nothing", "--json=true"}} {
		o := tool(args...)
		var v map[string]any
		if err := json.Unmarshal([]byte(o.stdout), &v); err != nil || v["schema"] == nil || o.stderr != "" {
			t.Errorf("%v: %+v %v", args, o, err)
		}
	}
	if o := tool("report", "--json=false"); o.stdout != "" {
		t.Errorf("%+v", o)
	}
}

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
