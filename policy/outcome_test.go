package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// Violations come by kind; only those of measurements have a list.
func TestKinds(t *testing.T) {
	p := parse(t, `"measurements": ["`+hexes(1, 48)+`"], "min_tcb": {"Milan": {"bootloader": 11, "tee": 0, "snp": 0, "microcode": 0}},
		"report_data": "`+hexes(1, 64)+`", "report_data_tail_zero": true, "min_launch_tcb": {"bootloader": 10, "tee": 0, "snp": 0, "microcode": 0}`)
	f := change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1; r.Measurement = [48]byte{} })
	type row struct {
		Rule string
		Kind policy.Kind
	}
	var got []row
	for _, v := range p.Evaluate(f).Violations {
		got = append(got, row{v.Rule, v.Kind})
		if want := v.Rule == "POL-02"; (v.Allowed != nil) != want {
			t.Errorf("%s: allowed %q", v.Rule, v.Allowed)
		} else if want && !cmp.Equal(v.Allowed, []string{hexes(1, 48)}) {
			t.Errorf("%s: allowed %q", v.Rule, v.Allowed)
		}
	}
	want := []row{
		{"POL-11", policy.KindPolicy}, {"POL-23", policy.KindPolicy}, {"POL-32", policy.KindPolicy},
		{"POL-13", policy.KindMeasurement}, {"POL-02", policy.KindMeasurement},
		{"POL-03", policy.KindTCB}, {"POL-03", policy.KindTCB},
		{"POL-53", policy.KindReportData},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// POL-01, POL-04. What is zero accepts nothing and is not accepted.
func TestZero(t *testing.T) {
	f := good(milan)
	expect(t, policy.Policy{}, f, "POL-01 policy: a policy | the zero Policy, which accepts nothing")
	expect(t, policy.Policy{}.Relax(policy.Relax{Debug: true}), f, "POL-01 policy: a policy | the zero Policy, which accepts nothing")
	expect(t, policy.Default(), policy.Facts{}, "POL-04 facts: a report | none")
	expect(t, policy.Default(), policy.Facts{Product: milan}, "POL-04 facts: a report | none")
	expect(t, policy.Default(), policy.Facts{Report: f.Report}, "POL-04 facts: a product | unknown product")
	expect(t, policy.Default(), policy.Facts{Report: f.Report, Product: 9}, "POL-04 facts: a product | unknown product")
	expect(t, policy.Default().Relax(policy.Relax{VLEK: true}), policy.Facts{Report: f.Report, Product: milan, SigningKey: 7},
		"POL-04 facts: a VCEK or a VLEK | another kind of key")
	if (policy.Outcome{}).Accepts() {
		t.Error("the zero Outcome accepts")
	}
	if o := policy.Default().Evaluate(policy.Facts{Report: new(snpreport.Report), Product: milan}); o.Accepts() {
		t.Error("the zero Report is accepted")
	}
	if got := (policy.Policy{}).Relax(policy.Relax{Debug: true}).Relaxed(); got != nil {
		t.Errorf("the zero Policy is relaxed: %q", got)
	}
	if !(policy.Policy{}).IsZero() || policy.Default().IsZero() || !policy.Intersect().IsZero() {
		t.Error("IsZero is wrong")
	}
	// Lesson: a report that the host asked for was accepted.
	hostRequested := change(f, func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 0xFFFFFFFF })
	expect(t, policy.Default().Relax(policy.Relax{VMPL: 0xFFFFFFFF}), hostRequested, "POL-11 vmpl: 4294967295 | 4294967295")
}

// What nobody demands is listed, in the order of the rules.
func TestNotChecked(t *testing.T) {
	var all []string
	for _, n := range policy.Default().Evaluate(good(milan)).NotChecked {
		all = append(all, n.Name)
		if n.Reason == "" {
			t.Errorf("%s: no reason", n.Name)
		}
	}
	want := strings.Fields(`products min_launch_tcb guest_policy.require guest_policy.min_abi
		platform_info.require platform_info.forbid platform_info.allow_unknown_bits mitigations.launch mitigations.current
		report_data_tail_zero host_data family_id image_id report_id chip_ids.allow chip_ids.deny leaf_keys.allow leaf_keys.deny
		csp_ids min_guest_svn report_versions firmware.min_version firmware.committed_equals_current
		id_block.require id_block.id_keys id_block.author_keys id_block.require_author_key id_block.forbid
		measurements min_tcb report_data`)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	// A policy that demands nothing says so, and one that demands something does
	// not list it, even when it is violated.
	none := parse(t, `"chip_ids": {"deny": []}, "leaf_keys": {"deny": []}, "guest_policy": {"forbid": []}, "platform_info": {"forbid": [], "allow_unknown_bits": true},
		"mitigations": {"launch": "0x0", "current": "0x00"}, "min_guest_svn": 0, "report_data_tail_zero": false,
		"firmware": {"committed_equals_current": false}, "id_block": {"require": false, "require_author_key": false, "forbid": false}`)
	if diff := cmp.Diff(policy.Default().Evaluate(good(milan)), none.Evaluate(good(milan)), cmp.AllowUnexported(policy.Outcome{})); diff != "" {
		t.Error(diff)
	}
	for members, name := range demands() {
		first := policy.Intersect(parse(t, members), policy.Default()).Evaluate(good(genoa)).NotChecked
		last := policy.Intersect(policy.Default(), parse(t, members)).Evaluate(good(genoa)).NotChecked
		for _, n := range append(first, last...) {
			if n.Name == name {
				t.Errorf("%s listed as not checked", name)
			}
		}
	}
}

// demands maps a member, such that no good facts meet it, to its name.
func demands() map[string]string {
	m := map[string]string{
		`"products": ["Milan"]`: "products",
		`"min_launch_tcb": {"bootloader": 255, "tee": 255, "snp": 255, "microcode": 255, "fmc": 255}`: "min_launch_tcb",
		`"min_tcb": {"bootloader": 255, "tee": 255, "snp": 255, "microcode": 255, "fmc": 255}`:        "min_tcb",
		`"guest_policy": {"require": ["rapl_dis"]}`:                                                   "guest_policy.require",
		`"guest_policy": {"min_abi": "255.255"}`:                                                      "guest_policy.min_abi",
		`"platform_info": {"require": ["tsme_en"]}`:                                                   "platform_info.require",
		`"platform_info": {"forbid": ["ecc_en"]}`:                                                     "platform_info.forbid",
		`"mitigations": {"launch": "0x8000000000000000"}`:                                             "mitigations.launch",
		`"mitigations": {"current": "0xffffffffffffffff"}`:                                            "mitigations.current",
		`"report_data_tail_zero": true`:                                                               "report_data_tail_zero",
		`"csp_ids": ["x"]`:                                                                            "csp_ids",
		`"min_guest_svn": 4294967295`:                                                                 "min_guest_svn",
		`"report_versions": {"max": 2}`:                                                               "report_versions",
		`"firmware": {"min_version": "255.255"}`:                                                      "firmware.min_version",
		`"id_block": {"require_author_key": true}`:                                                    "id_block.require_author_key",
		`"id_block": {"forbid": true}`:                                                                "id_block.forbid",
	}
	for name, n := range map[string]int{"measurements": 48, "host_data": 32, "chip_ids.allow": 64, "leaf_keys.allow": 32,
		"id_block.id_keys": 48, "id_block.author_keys": 48, "family_id": 16, "image_id": 16, "report_id": 32, "report_data": 64} {
		value := `"` + hexes(0x55, n) + `"`
		switch outer, inner, nested := strings.Cut(name, "."); {
		case nested:
			m[fmt.Sprintf(`"%s": {"%s": [%s]}`, outer, inner, value)] = name
		case strings.HasSuffix(name, "_id") || name == "report_data":
			m[fmt.Sprintf(`"%s": %s`, name, value)] = name
		default:
			m[fmt.Sprintf(`"%s": [%s]`, name, value)] = name
		}
	}
	return m
}
