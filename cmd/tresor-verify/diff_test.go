package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestDiff: what the second file says differently, whatever it is worth.
// Rules: CLI-23.
func TestDiff(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	e.Spec.Measurement[0] ^= 1
	e.Spec.GuestSVN += 2
	e.Spec.Policy |= 1 << 19
	e.Resign()
	f.write("other.bin", e.Report)
	endpoint(t, f, 17)
	older := f.write("old.jws", mustRead(t, f.path("bundle.jws")))
	endpoint(t, f, 18)
	f.write("a.json", []byte(`{"schema": "attest.policy/v1", "products": ["Milan", "Genoa"], "vmpl": 1}`))
	f.write("b.json", []byte(`{"schema": "attest.policy/v1", "products": ["Genoa", "Turin"], "vmpl": 0, "min_guest_svn": 3}`))
	for name, tt := range map[string]struct {
		a, b string
		want []string
	}{
		"reports":  {"report.bin", "other.bin", []string{"changed:               report.measurement ", "raised:                report.guest_svn 2, was 0", "changed:               report.guest_policy.debug "}},
		"policies": {"a.json", "b.json", []string{"removed:               policy.products Milan", "added:                 policy.products Turin", "lowered:               policy.vmpl 0, was 1", "added:                 policy.min_guest_svn 3"}},
		"bundles":  {"old.jws", "bundle.jws", []string{"raised:                payload.version 18, was 17"}},
		"the same": {"report.bin", "report.bin", []string{"no difference"}},
	} {
		o := tool("diff", f.path(tt.a), f.path(tt.b))
		if o.code != 0 || !strings.HasPrefix(o.stdout, "NOT VERIFIED: ") {
			t.Errorf("%s: %+v", name, o)
		}
		for _, want := range tt.want {
			if !strings.Contains(o.stdout, want) {
				t.Errorf("%s: no %q in %s", name, want, o.stdout)
			}
		}
	}
	var got diffJSON
	if err := json.Unmarshal([]byte(tool("diff", "--json", f.path("a.json"), f.path("b.json")).stdout), &got); err != nil || got.Schema != "tresor.diff/v1" || got.Verified ||
		!slices.Contains(got.Changes, inspect.Difference{Member: "policy.vmpl", Change: "lowered", Was: "1", Now: "0"}) || len(got.Changes) != 4 {
		t.Errorf("%v %+v", err, got)
	}
	for name, tt := range map[string]struct {
		code int
		args []string
	}{
		"kinds":   {verdict.ExitUsage, []string{older, f.path("report.bin")}},
		"one":     {verdict.ExitUsage, []string{older}},
		"stdin":   {verdict.ExitUsage, []string{"-", "-"}},
		"absent":  {verdict.ExitUndecided, []string{older, f.path("none")}},
		"unknown": {verdict.ExitUndecided, []string{f.write("junk", bytes.Repeat([]byte("x"), 99)), older}},
		"empty":   {verdict.ExitUndecided, []string{f.write("empty", nil), older}},
	} {
		if o := tool(append([]string{"diff"}, tt.args...)...); o.code != tt.code {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
