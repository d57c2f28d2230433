package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// TestDemands: what a policy enforces is known before there is evidence.
func TestDemands(t *testing.T) {
	if list := (policy.Policy{}).Demands(); list != nil {
		t.Errorf("the zero Policy enforces %v", list)
	}
	defaults := []policy.Enforced{{"debug", "refused"}, {"migration", "refused"}, {"vlek", "refused"}, {"vmpl", "0"}, {"guest_policy.allow_unknown_bits", "false"}}
	if diff := cmp.Diff(defaults, policy.Default().Demands()); diff != "" {
		t.Error(diff)
	}
	relaxed := policy.Default().Relax(policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: 2}).Demands()
	if diff := cmp.Diff([]policy.Enforced{{"vmpl", "2"}, {"guest_policy.allow_unknown_bits", "false"}}, relaxed); diff != "" {
		t.Error(diff)
	}
	one, two := strings.Repeat("ab", 48), strings.Repeat("cd", 48)
	data := strings.Repeat("ef", 64)
	first, err := policy.New(policy.Rules{
		Measurements: []string{one}, ReportData: &data,
		MinTCB: &policy.Floors{ByProduct: map[snpreport.Product]policy.Floor{snpreport.Genoa: {snpreport.SNP: 23, snpreport.TEE: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := policy.New(policy.Rules{Measurements: []string{one, two}, Products: []string{"Genoa"}, MinTCB: &policy.Floors{Any: policy.Floor{snpreport.SNP: 22}}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	values := map[string]string{}
	for _, d := range policy.Intersect(policy.Default(), first, second, first).Demands()[len(defaults):] {
		names = append(names, d.Name)
		values[d.Name] += d.Value + ";"
	}
	if got := strings.Join(names, " "); got != "measurements measurements products min_tcb min_tcb report_data" {
		t.Error(got)
	}
	if values["min_tcb"] != "Genoa: tee=1 snp=23;snp=22;" || values["report_data"] != data+";" || values["products"] != "Genoa;" {
		t.Error(values)
	}
	if policy.CompareDemands(policy.Enforced{Name: "revocation"}, policy.Enforced{Name: "id_block.forbid"}) <= 0 || policy.CompareDemands(policy.Enforced{Name: "debug"}, policy.Enforced{Name: "measurements"}) >= 0 {
		t.Error("out of order")
	}
}
