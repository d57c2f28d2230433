package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// everyMember is a file with all members that good(milan) meets.
var everyMember = `"measurements": ["` + hexes(0x3e, 48) + `"], "products": ["Milan"], "signing_keys": ["vcek"], "vmpl": 0,
	"min_tcb": {"bootloader": 10, "tee": 5, "snp": 27, "microcode": 219},
	"min_launch_tcb": {"19-01-1": {"bootloader": 9, "tee": 4, "snp": 26, "microcode": 218}},
	"guest_policy": {"require": ["single_socket"], "forbid": ["debug", "migrate_ma", "smt"], "min_abi": "1.55", "allow_unknown_bits": false},
	"platform_info": {"require": ["alias_check_complete"], "forbid": ["smt_en"], "allow_unknown_bits": true},
	"mitigations": {"launch": "0xb", "current": "0x000000000000001b"},
	"report_data": "` + hexes(0xda, 64) + `", "report_data_tail_zero": false, "host_data": ["` + hexes(0x40, 32) + `"],
	"family_id": "` + hexes(0xfa, 16) + `", "image_id": "` + hexes(0x1a, 16) + `", "report_id": "` + hexes(0x4e, 32) + `",
	"report_id_ma": "` + hexes(0xff, 32) + `", "chip_ids": {"allow": ["` + hexes(0xc1, 64) + `"], "deny": []},
	"leaf_keys": {"allow": ["` + hexes(0x1e, 32) + `"], "deny": ["` + hexes(0, 32) + `"]},
	"min_guest_svn": 7, "report_versions": {"min": 3, "max": 5},
	"firmware": {"min_version": "1.55", "min_build": 49, "committed_equals_current": true},
	"id_block": {"require": true, "id_keys": ["` + hexes(0x1d, 48) + `"], "require_author_key": false, "forbid": false}`

func TestParse(t *testing.T) {
	expect(t, parse(t, everyMember), good(milan))
	expect(t, parse(t, ""), good(milan))
	for _, n := range []int{1, 1024} {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"%064x"`, i))
		}
		parse(t, `"host_data": [`+strings.Join(list, ",")+`]`)
	}
}

func TestParseRefuses(t *testing.T) {
	h := func(n int) string { return `"` + hexes(0x11, n) + `"` }
	many := `"` + strings.Repeat(`x","`, 1024) + `x"`
	type row struct{ members, rule, member string }
	rows := []row{
		{`"Measurements": [` + h(48) + `]`, "JSN-10", "Measurements"},
		{`"measurement": [` + h(48) + `]`, "JSN-11", "measurement"},
		{`"measurements": [` + h(48) + `], "measurements": [` + h(48) + `]`, "JSN-09", "text"},
		{`"measurements": ["` + hexes(0, 48) + `"]`, "POL-64", "measurements[0]"},
		{`"measurements": [` + h(48) + `, "` + hexes(0, 48) + `"]`, "POL-64", "measurements[1]"},
		{`"chip_ids": {"allow": ["` + hexes(0, 64) + `"]}`, "POL-64", "chip_ids.allow[0]"},
		{`"id_block": {"id_keys": ["` + hexes(0, 48) + `"]}`, "POL-64", "id_block.id_keys[0]"},
		{`"id_block": {"author_keys": ["` + hexes(0, 48) + `"]}`, "POL-64", "id_block.author_keys[0]"},
		{`"products": ["genoa"]`, "POL-65", "products[0]"},
		{`"products": ["Venice"]`, "POL-65", "products[0]"},
		{`"products": ["unknown product"]`, "POL-65", "products[0]"},
		{`"products": ["Genoa", "Genoa"]`, "POL-63", "products[1]"},
		{`"products": "Genoa"`, "JSN-13", "products"},
		{`"signing_keys": ["VCEK"]`, "POL-65", "signing_keys[0]"},
		{`"signing_keys": ["none"]`, "POL-65", "signing_keys[0]"},
		{`"signing_keys": ["vlek", "vlek"]`, "POL-63", "signing_keys[1]"},
		{`"vmpl": 4`, "JSN-15", "vmpl"},
		{`"vmpl": -1`, "JSN-15", "vmpl"},
		{`"vmpl": "0"`, "JSN-13", "vmpl"},
		{`"vmpl": null`, "JSN-12", "vmpl"},
		{`"min_tcb": {}`, "POL-67", "min_tcb"},
		{`"min_launch_tcb": {"snp": 1, "Milan": {"snp": 1}}`, "POL-67", "min_launch_tcb"},
		{`"guest_policy": {"require": ["smt_en"]}`, "POL-65", "guest_policy.require[0]"},
		{`"guest_policy": {"require": []}`, "POL-61", "guest_policy.require"},
		{`"guest_policy": {"forbid": ["debug", "DEBUG"]}`, "POL-65", "guest_policy.forbid[1]"},
		{`"guest_policy": {"forbid": ["debug", "debug"]}`, "POL-63", "guest_policy.forbid[1]"},
		{`"guest_policy": {"require": ["smt"], "forbid": ["debug", "smt"]}`, "POL-66", "guest_policy"},
		{`"guest_policy": {"max_abi": "1.55"}`, "JSN-11", "guest_policy.max_abi"},
		{`"guest_policy": {"allow_unknown_bits": "true"}`, "JSN-13", "guest_policy.allow_unknown_bits"},
		{`"guest_policy": []`, "JSN-13", "guest_policy"},
		{`"platform_info": {"require": ["smt"]}`, "POL-65", "platform_info.require[0]"},
		{`"platform_info": {"require": ["tio_en"], "forbid": ["tio_en"]}`, "POL-66", "platform_info"},
		{`"platform_info": {"require": []}`, "POL-61", "platform_info.require"},
		{`"platform_info": {"min_abi": "1.55"}`, "JSN-11", "platform_info.min_abi"},
		{`"mitigations": {"launch": 3}`, "JSN-13", "mitigations.launch"},
		{`"mitigations": {"now": "0x1"}`, "JSN-11", "mitigations.now"},
		{`"report_data_tail_zero": 1`, "JSN-13", "report_data_tail_zero"},
		{`"chip_ids": {"allow": []}`, "POL-61", "chip_ids.allow"},
		{`"chip_ids": {"allowed": []}`, "JSN-11", "chip_ids.allowed"},
		{`"chip_ids": [` + h(64) + `]`, "JSN-13", "chip_ids"},
		{`"chip_ids": {"deny": [` + h(64) + `,` + h(64) + `]}`, "POL-63", "chip_ids.deny[1]"},
		{`"chip_ids": {"deny": [` + h(8) + `]}`, "POL-62", "chip_ids.deny[0]"},
		{`"leaf_keys": {"allow": []}`, "POL-61", "leaf_keys.allow"},
		{`"leaf_keys": {"deny": [` + h(64) + `]}`, "POL-62", "leaf_keys.deny[0]"},
		{`"csp_ids": []`, "POL-61", "csp_ids"},
		{`"csp_ids": [""]`, "JSN-12", "csp_ids[0]"},
		{`"csp_ids": ["a", "b", "a"]`, "POL-63", "csp_ids[2]"},
		{`"csp_ids": [` + many + `]`, "POL-61", "csp_ids"},
		{`"chip_ids": {"deny": [` + many + `]}`, "POL-61", "chip_ids.deny"},
		{`"min_guest_svn": 4294967296`, "JSN-15", "min_guest_svn"},
		{`"min_guest_svn": 1e3`, "JSN-14", "min_guest_svn"},
		{`"report_versions": {"min": 1}`, "JSN-15", "report_versions.min"},
		{`"report_versions": {"max": 6}`, "JSN-15", "report_versions.max"},
		{`"report_versions": {"min": 4, "max": 3}`, "POL-70", "report_versions"},
		{`"report_versions": {"minimum": 4}`, "JSN-11", "report_versions.minimum"},
		{`"firmware": {"min_build": 256}`, "JSN-15", "firmware.min_build"},
		{`"firmware": {"min_version": 1.55}`, "JSN-13", "firmware.min_version"},
		{`"firmware": {"build": 1}`, "JSN-11", "firmware.build"},
		{`"id_block": {"forbid": true, "require": true}`, "POL-71", "id_block"},
		{`"id_block": {"forbid": true, "require_author_key": true}`, "POL-71", "id_block"},
		{`"id_block": {"forbid": true, "id_keys": [` + h(48) + `]}`, "POL-71", "id_block"},
		{`"id_block": {"forbid": true, "author_keys": [` + h(48) + `]}`, "POL-71", "id_block"},
		{`"id_block": {"id_keys": []}`, "POL-61", "id_block.id_keys"},
		{`"id_block": {"author_keys": []}`, "POL-61", "id_block.author_keys"},
		{`"id_block": {"keys": []}`, "JSN-11", "id_block.keys"},
		{`"x": 1`, "JSN-11", "x"},
		// The first one in the order of the table in the package documentation.
		{`"family_id": "x", "measurements": ["x"]`, "POL-62", "measurements[0]"},
	}
	for member, n := range map[string]int{"measurements": 48, "host_data": 32} {
		rows = append(rows,
			row{`"` + member + `": []`, "POL-61", member},
			row{`"` + member + `": null`, "JSN-12", member},
			row{`"` + member + `": ` + h(n), "JSN-13", member},
			row{`"` + member + `": {}`, "JSN-13", member},
			row{`"` + member + `": [1]`, "JSN-13", member + "[0]"},
			row{`"` + member + `": [` + h(n) + `, ` + h(n-1) + `]`, "POL-62", member + "[1]"},
			row{`"` + member + `": [` + h(n) + `, ` + h(n) + `]`, "POL-63", member + "[1]"},
			row{`"` + member + `": [` + h(n+1) + `]`, "POL-62", member + "[0]"},
			row{`"` + member + `": ["` + strings.Repeat("A", 2*n) + `"]`, "POL-62", member + "[0]"},
			row{`"` + member + `": ["0x` + hexes(1, n-1) + `"]`, "POL-62", member + "[0]"},
			row{`"` + member + `": ["*"]`, "POL-62", member + "[0]"},
			row{`"` + member + `": [` + many + `]`, "POL-61", member})
	}
	for member, n := range map[string]int{"report_data": 64, "family_id": 16, "image_id": 16, "report_id": 32, "report_id_ma": 32} {
		rows = append(rows,
			row{`"` + member + `": ""`, "JSN-12", member},
			row{`"` + member + `": [` + h(n) + `]`, "JSN-13", member},
			row{`"` + member + `": ` + h(n-1), "POL-62", member},
			row{`"` + member + `": ` + h(n+1), "POL-62", member},
			row{`"` + member + `": "` + strings.Repeat("AA", n) + `"`, "POL-62", member})
	}
	for _, version := range []string{"1", "1.", ".55", "1.55.29", "01.55", "1.055", "1.256", "256.0", "-1.5", "+1.5", " 1.55", "1.55 ", "1,55", "1.5a", "0x1.0"} {
		rows = append(rows,
			row{`"guest_policy": {"min_abi": "` + version + `"}`, "POL-68", "guest_policy.min_abi"},
			row{`"firmware": {"min_version": "` + version + `"}`, "POL-68", "firmware.min_version"})
	}
	for _, mask := range []string{"0x", "3f", "0X3f", "0x3F", "0x3g", "0x1_0", "x", "0x00000000000000001", "0x10000000000000000", "-0x1", "0x-1", "0x 1", "63"} {
		rows = append(rows,
			row{`"mitigations": {"launch": "` + mask + `"}`, "POL-69", "mitigations.launch"},
			row{`"mitigations": {"current": "` + mask + `"}`, "POL-69", "mitigations.current"})
	}
	for _, tt := range rows {
		refuse(t, file(tt.members), tt.rule, tt.member)
	}
	for text, want := range map[string][2]string{
		``:                                 {"JSN-04", "text"},
		`null`:                             {"JSN-04", "text"},
		`{}`:                               {"JSN-12", "schema"},
		`{"schema": null}`:                 {"JSN-12", "schema"},
		`{"schema": ""}`:                   {"JSN-12", "schema"},
		`{"schema": 1}`:                    {"JSN-13", "schema"},
		`{"schema": "attest.policy/v2"}`:   {"POL-60", "schema"},
		`{"schema": "Attest.policy/v1"}`:   {"POL-60", "schema"},
		`{"Schema": "attest.policy/v1"}`:   {"JSN-10", "Schema"},
		`{"schema": "attest.policy/v1"} x`: {"JSN-05", "text"},
		`{"schema": "x", "also": 1}`:       {"JSN-11", "also"},
		string(file("")) + strings.Repeat(" ", 1<<20): {"JSN-01", "text"},
	} {
		refuse(t, []byte(text), want[0], want[1])
	}
}

func refuse(t *testing.T, text []byte, id, member string) {
	t.Helper()
	p, err := policy.Parse(text)
	var e *rule.ConfigError
	if !errors.As(err, &e) {
		t.Errorf("%.200s: got %v, want %s", text, err, id)
		return
	}
	if f := e.Fault(); f.Rule != id || f.Where != member || f.Expected == "" || f.Actual == "" || !strings.HasSuffix(e.Error(), " ["+id+"]") {
		t.Errorf("%.200s: got %s %s, want %s %s: %v", text, f.Rule, f.Where, id, member, e)
	}
	if p.Evaluate(good(milan)).Accepts() || p.Relaxed() != nil {
		t.Errorf("%.200s: a policy with the error", text)
	}
}

// What a file can not say, and Rules can.
func TestNewRefuses(t *testing.T) {
	four := uint32(4)
	for _, tt := range []struct {
		rules      policy.Rules
		id, member string
	}{
		{policy.Rules{VMPL: &four}, "POL-72", "vmpl"},
		{policy.Rules{Measurements: []string{}}, "POL-61", "measurements"},
		{policy.Rules{Measurements: []string{""}}, "POL-62", "measurements[0]"},
		{policy.Rules{CSPIDs: []string{""}}, "POL-65", "csp_ids[0]"},
		{policy.Rules{ReportVersions: policy.VersionRange{Min: 1}}, "POL-70", "report_versions"},
		{policy.Rules{ReportVersions: policy.VersionRange{Max: 1}}, "POL-70", "report_versions"},
		{policy.Rules{ReportVersions: policy.VersionRange{Max: 6}}, "POL-70", "report_versions"},
		{policy.Rules{ReportVersions: policy.VersionRange{Min: 6}}, "POL-70", "report_versions"},
		{policy.Rules{MinTCB: &policy.Floors{}}, "POL-67", "min_tcb"},
		{policy.Rules{MinLaunchTCB: &policy.Floors{}}, "POL-67", "min_launch_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{Any: policy.Floor{}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{Any: policy.Floor{5: 1}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{ByProduct: map[snpreport.Product]policy.Floor{}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{ByProduct: map[snpreport.Product]policy.Floor{milan: nil}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{ByProduct: map[snpreport.Product]policy.Floor{0: {snpreport.SNP: 1}}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{ByDie: map[snpreport.CPUID]policy.Floor{{}: {}}}}, "POL-67", "min_tcb"},
		{policy.Rules{MinTCB: &policy.Floors{Any: policy.Floor{snpreport.SNP: 1}, ByDie: map[snpreport.CPUID]policy.Floor{}}}, "POL-67", "min_tcb"},
	} {
		p, err := policy.New(tt.rules)
		var e *rule.ConfigError
		if !errors.As(err, &e) || e.Rule() != tt.id || e.Fault().Where != tt.member || e.Fault().Offset != rule.NoOffset {
			t.Errorf("%+v: got %v, want %s %s", tt.rules, err, tt.id, tt.member)
		}
		if p.Evaluate(good(milan)).Accepts() {
			t.Errorf("%+v: a policy with the error", tt.rules)
		}
	}
	three := uint32(3)
	if _, err := policy.New(policy.Rules{VMPL: &three}); err != nil {
		t.Error(err)
	}
}

// An accepted file is JSON to the standard library, holds no member that is not
// documented, and accepts nothing that the defaults refuse.
func FuzzParse(f *testing.F) {
	f.Add(file(everyMember))
	f.Add(file(""))
	for members := range demands() {
		f.Add(file(members))
	}
	f.Add(written(f, good(turin)))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse(text)
		if err != nil {
			var e *rule.ConfigError
			if !errors.As(err, &e) || p.Evaluate(good(milan)).Accepts() {
				t.Fatalf("%v, with a policy: %v", err, p)
			}
			return
		}
		var r policyFile
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil || r.Schema != policy.Schema {
			t.Fatalf("%s: %v", text, err)
		}
		for _, product := range snpreport.Products() {
			for _, f := range []policy.Facts{
				good(product),
				change(good(product), func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyDebug }),
				change(good(product), func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek }),
				change(good(product), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 }),
			} {
				if p.Evaluate(f).Accepts() && !policy.Default().Evaluate(f).Accepts() {
					t.Fatalf("%s: accepts what the defaults refuse", text)
				}
			}
		}
		// Rules have the same words: what New makes of them is the same policy.
		rules := r.Rules
		rules.MinTCB, rules.MinLaunchTCB = nil, nil
		same, err := policy.New(rules)
		if r.MinTCB == nil && r.MinLaunchTCB == nil {
			for _, product := range snpreport.Products() {
				if err != nil || !cmp.Equal(p.Evaluate(good(product)), same.Evaluate(good(product)), cmp.AllowUnexported(policy.Outcome{})) {
					t.Fatalf("%s: %v", text, err)
				}
			}
		}
	})
}

// policyFile is the policy file as encoding/json reads it.
type policyFile struct {
	policy.File
	MinTCB       any `json:"min_tcb"`
	MinLaunchTCB any `json:"min_launch_tcb"`
}
