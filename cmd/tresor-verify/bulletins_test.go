package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestBaseline: every verdict that passes says which bulletins the report satisfies;
// --baseline demands one, and --write-policy writes its id.
// Rules: BUL-04.
func TestBaseline(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek")) // snp=24, microcode=219, firmware 1.55.29
	o := tool(f.report("--json")...)
	v := o.verdict(t)
	i := slices.IndexFunc(v.Bulletins, func(a bulletin.Assessment) bool { return a.ID == "AMD-SB-3019" })
	want := bulletin.Condition{Component: "microcode", Level: "219", Actual: "219", Grade: "A"}
	if o.code != 0 || v.BulletinsAsOf != bulletin.AsOf || i < 0 || len(v.Bulletins[i].Conditions) != 1 || v.Bulletins[i].Conditions[0] != want {
		t.Errorf("%d %s", o.code, o.stdout)
	}
	const line = "\nbulletins as of 2026-11-30: 3 satisfied, 2 below (AMD-SB-3016, AMD-SB-3023), 9 not visible\n"
	if o := tool(f.report()...); !strings.Contains(o.stdout, line) || strings.Contains(o.stdout, "the bulletin has") || strings.Contains(strings.ToLower(o.stdout), "patched") {
		t.Errorf("%s", o.stdout)
	}
	if o := tool(f.report("--explain")...); !strings.Contains(o.stdout, "AMD-SB-3023: snp is 24, the bulletin has 27 (grade A: Linux") {
		t.Errorf("%s", o.stdout)
	}
	if o := tool(f.report("--vmpl", "1", "--json")...); o.verdict(t).Bulletins != nil || strings.Contains(o.stdout, "bulletins_as_of") {
		t.Errorf("a refusal shows bulletins: %s", o.stdout)
	}
	for name, tt := range map[string]struct {
		id, typ, rule string
		code          int
	}{
		"below":   {"AMD-SB-3023", "TCBBelowFloorError", "POL-56", 1},
		"no row":  {"AMD-SB-3020", "PolicyViolationError", "POL-55", 1},
		"no rows": {"AMD-SB-3034", "UsageError", "POL-65", 2},
		"unknown": {"AMD-SB-1", "UsageError", "POL-65", 2},
	} {
		v := tool(f.report("--baseline", tt.id, "--json")...).verdict(t)
		if v.ExitCode != tt.code || v.Error == nil || v.Error.Type != tt.typ || v.Error.Requirement != tt.rule {
			t.Errorf("%s: %d %+v", name, v.ExitCode, v.Error)
		}
	}

	e := mint.Evidence("Milan", 3, "vcek")
	high := mint.TCB{BootLoader: 4, SNP: 0x1b, Microcode: 0xde}
	e.Spec.ReportedTCB, e.Spec.CommittedTCB, e.Spec.CurrentTCB, e.Spec.LaunchTCB = high, high, high, high
	e.LeafSpec = mint.VCEK("Milan", high, mint.DefaultHWID("Milan"))
	e.Reissue()
	e.Resign()
	f.writeEvidence(e)
	v = tool(f.report("--baseline", "AMD-SB-3019", "--baseline", "AMD-SB-3023", "--write-policy", f.path("p.json"), "--json")...).verdict(t)
	if v.ExitCode != 0 || !slices.Contains(v.Enforced, verdict.Demand{Name: "baseline", Value: "AMD-SB-3019,AMD-SB-3023"}) {
		t.Fatalf("%+v %v", v.Error, v.Enforced)
	}
	if text := string(mustRead(t, f.path("p.json"))); !strings.Contains(text, `"bulletins": [`) || !strings.Contains(text, `"AMD-SB-3023"`) {
		t.Errorf("%s", text)
	}
	if v := tool(f.report("--policy", f.path("p.json"), "--json")...).verdict(t); v.ExitCode != 0 {
		t.Errorf("%+v", v.Error)
	}
}
