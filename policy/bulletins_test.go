package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// TestBulletins: a policy demands the conditions of a bulletin and nothing else; what
// the table does not have of a die is another violation.
// Rules: POL-55, POL-56.
func TestBulletins(t *testing.T) {
	facts := func(change func(*snpreport.Report)) policy.Facts {
		r := &snpreport.Report{
			Version: 5, GuestPolicy: snpreport.PolicyReserved1, Measurement: [48]byte{1}, CPUID: snpreport.CPUID{Family: 0x19, Model: 0x11, Stepping: 1},
			ReportedTCB: snpreport.TCBVersion{0, 0, 0, 0, 0, 0, 0x1b, 0x56}, CommittedTCB: snpreport.TCBVersion{0, 0, 0, 0, 0, 0, 0x1b, 0x56},
		}
		for i := range r.ReportIDMA {
			r.ReportIDMA[i] = 0xff
		}
		change(r)
		return policy.Facts{Report: r, Product: genoa}
	}
	p, err := policy.New(policy.Rules{Bulletins: []string{"AMD-SB-3020", "AMD-SB-3019"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*snpreport.Report)
		want   []string
	}{
		"just met": {func(*snpreport.Report) {}, nil},
		"reported below": {func(r *snpreport.Report) { r.ReportedTCB[6] = 0x1a },
			[]string{"POL-56 3 bulletins AMD-SB-3020 snp: at least 27 | 26"}},
		"committed below": {func(r *snpreport.Report) { r.CommittedTCB[7] = 0x53 },
			[]string{"POL-56 3 bulletins AMD-SB-3020 microcode: at least 86 | 83", "POL-56 3 bulletins AMD-SB-3019 microcode: at least 84 | 83"}},
		"no row of one": {func(r *snpreport.Report) { r.CPUID.Model, r.CPUID.Stepping = 0xa0, 2 },
			[]string{"POL-55 1 bulletins AMD-SB-3020: conditions for the report's die | none in the table of 2026-11-30"}},
		"no die": {func(r *snpreport.Report) { r.Version, r.CPUID = 2, snpreport.CPUID{} },
			[]string{"POL-55 1 bulletins AMD-SB-3020: conditions for the report's die | none in the table of 2026-11-30", "POL-55 1 bulletins AMD-SB-3019: conditions for the report's die | none in the table of 2026-11-30"}},
	} {
		out := p.Evaluate(facts(tt.change))
		var got []string
		for _, v := range out.Violations {
			got = append(got, fmt.Sprintf("%s %d %s: %s | %s", v.Rule, v.Kind, v.Name, v.Expected, v.Actual))
			if !strings.Contains(v.Message, "AMD bulletin") {
				t.Errorf("%s: %s", name, v.Message)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if !slices.Contains(out.NotChecked, policy.Unchecked{Name: "min_tcb", Reason: "any REPORTED_TCB and COMMITTED_TCB"}) {
			t.Errorf("%s: min_tcb counts as demanded", name)
		}
		if !slices.Contains(p.Demands(), policy.Enforced{Name: "bulletins", Value: "AMD-SB-3020,AMD-SB-3019"}) {
			t.Errorf("%s: enforced %v", name, p.Demands())
		}
	}
	// A bit that the report is too old to have is not shown, and so is not met.
	alias, err := policy.New(policy.Rules{Bulletins: []string{"AMD-SB-3015"}})
	if err != nil {
		t.Fatal(err)
	}
	out := alias.Evaluate(facts(func(r *snpreport.Report) {
		r.CurrentFirmware, r.CommittedFirmware.Major = snpreport.Firmware{Major: 1, Minor: 54}, 2
	}))
	if v := out.Violations; len(v) != 2 || v[0].Actual != "1.54.0" || v[1].Name != "bulletins AMD-SB-3015 platform_info.alias_check_complete" || v[1].Actual != "unknown" {
		t.Errorf("%+v", v)
	}
	for want, list := range map[string][]string{"POL-61": {}, "POL-63": {"AMD-SB-3019", "AMD-SB-3019"}, "POL-65": {"AMD-SB-3034"}} {
		if _, err := policy.New(policy.Rules{Bulletins: list}); err == nil || !strings.Contains(err.Error(), "["+want+"]") {
			t.Errorf("%v: %v, want %s", list, err, want)
		}
	}
	text, err := json.Marshal(policy.File{Schema: policy.Schema, Rules: policy.Rules{Bulletins: []string{"AMD-SB-3019"}}})
	if err != nil || string(text) != `{"schema":"attest.policy/v1","bulletins":["AMD-SB-3019"]}` {
		t.Errorf("%s, %v", text, err)
	}
	if q, err := policy.Parse(text); err != nil || q.Evaluate(facts(func(r *snpreport.Report) { r.ReportedTCB[6] = 0x16 })).Accepts() {
		t.Errorf("from a file: %v", err)
	}
}
