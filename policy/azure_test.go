package policy_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// TestAzureMember: the member azure of a policy file, its forms and its faults.
// Rules: AZR-10, AZR-11.
func TestAzureMember(t *testing.T) {
	v := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		`{}`:                        "",
		`{"qualifying_data": "00"}`: "",
		`{"user_data": "01"}`:       "",
		`{"secure_boot": true}`:     "",
		`{"pcrs": {"sha256": {"4": ["` + v + `"]}}}`:                                     "",
		`{"pcrs": {"sha256": {"22": ["` + v + `"]}, "sha1": {"0": ["` + v[:40] + `"]}}}`: "",
		`{"qualifying_data": ""}`:                                                        "JSN-12",
		`{"qualifying_data": "0"}`:                                                       "AZR-10",
		`{"qualifying_data": "AB"}`:                                                      "AZR-10",
		`{"qualifying_data": "` + v + v + `00"}`:                                         "AZR-10",
		`{"user_data": "0000"}`:                                                          "AZR-10",
		`{"user_data": "xx"}`:                                                            "AZR-10",
		`{"user_data": "01xx"}`:                                                          "AZR-10",
		`{"user_data": "01a"}`:                                                           "AZR-10",
		`{"user_data": "Ab"}`:                                                            "AZR-10",
		`{"user_data": "aB"}`:                                                            "AZR-10",
		`{"qualifying_data": "` + v + v + `"}`:                                           "",
		`{"pcrs": {}}`:                                                                   "AZR-11",
		`{"pcrs": {"sha256": {}}}`:                                                       "AZR-11",
		`{"pcrs": {"sha256": {"4": []}}}`:                                                "POL-61",
		`{"pcrs": {"sha256": {"4": ["` + v + `", "` + v + `"]}}}`:                        "POL-63",
		`{"pcrs": {"sha256": {"16": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"23": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"24": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"04": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sm3": {"4": ["` + v + `"]}}}`:                                        "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v + `"]}, "sm3": {}}}`:                          "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v + `"]}, "sha1": {}}}`:                         "AZR-11",
		`{"pcrs": {"sha1": {"4": ["` + v + `"]}}}`:                                       "AZR-11",
		`{"pcrs": {"sha256": {"16": ["` + v + `"], "4": ["` + v + `"]}}}`:                "AZR-11",
		`{"pcrs": {"sha256": {"4x": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"256": ["` + v + `"]}}}`:                                   "AZR-11",
		`{"pcrs": {"sha256": {"0x": ["` + v + `"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"x": ["` + v + `"]}}}`:                                     "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v[:62] + `", "` + v + `"]}}}`:                   "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v + `xx"]}}}`:                                   "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v + `a"]}}}`:                                    "AZR-11",
		`{"pcrs": {"sha256": {"4": ["A` + v[1:] + `"]}}}`:                                "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + v[1:] + `B"]}}}`:                                "AZR-11",
		`{"pcrs": {"sha256": {"4": ["` + strings.ToUpper(v) + `"]}}}`:                    "AZR-11",
		`{"pcrs": {"sha256": {"4": "` + v + `"}}}`:                                       "JSN-13",
		`{"secure_boot": 1}`:                                                             "JSN-13",
		`{"more": 1}`:                                                                    "JSN-11",
		`[]`:                                                                             "JSN-13",
	} {
		p, err := policy.Parse([]byte(`{"schema": "attest.policy/v1", "azure": ` + text + `}`))
		got := ""
		var c *rule.ConfigError
		if errors.As(err, &c) {
			got = c.Rule()
		}
		if got != want || p.IsZero() != (want != "") {
			t.Errorf("%s: got %q, want %q: %v", text, got, want, err)
		}
		if want == "" && (len(p.Azure()) == 1) != (text != "{}") {
			t.Errorf("%s: %v", text, p.Azure())
		}
	}
}

// TestAzureDemands: they are enforced, listed, taken out, and written as they were read.
// Rules: AZR-16.
func TestAzureDemands(t *testing.T) {
	v := strings.Repeat("ab", 32)
	file := `{"schema":"attest.policy/v1","azure":{"qualifying_data":"00","user_data":"01","pcrs":{"sha256":{"4":["` + v + `"]}},"secure_boot":true}}`
	p, err := policy.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(policy.File{Schema: policy.Schema, Rules: policy.Rules{Azure: p.Azure()[0]}})
	if err != nil || string(text) != file {
		t.Errorf("%s: %v", text, err)
	}
	for _, want := range []policy.Enforced{{"azure.qualifying_data", "00"}, {"azure.user_data", "01"}, {"azure.pcrs", "sha256:4 " + v}, {"azure.secure_boot", "true"}} {
		if !slices.Contains(p.Demands(), want) {
			t.Errorf("no %v in %v", want, p.Demands())
		}
	}
	f := good(snpreport.Milan)
	count := 0
	for _, violation := range p.Evaluate(f).Violations {
		if violation.Rule == "AZR-16" {
			count++
		}
	}
	without := p.WithoutAzure()
	if count != 4 || len(without.Azure()) != 0 || !without.Evaluate(f).Accepts() || p.Evaluate(f).Accepts() {
		t.Errorf("%d violations; without: %v", count, without.Evaluate(f).Violations)
	}
	both := policy.Intersect(p, p, policy.Default())
	if len(both.Azure()) != 2 {
		t.Errorf("%v", both.Azure())
	}
	r := p.Azure()[0]
	p, err = policy.New(policy.Rules{Azure: r})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []policy.AzureRules{r, p.Azure()[0]} { // what it was made of, and what it returned
		*got.QualifyingData, *got.UserData, got.PCRs["sha256"]["4"][0] = "11", "12", "changed"
		if kept := p.Azure()[0]; *kept.QualifyingData != "00" || *kept.UserData != "01" || kept.PCRs["sha256"]["4"][0] != v {
			t.Errorf("a policy was changed: %+v", kept)
		}
	}
	p, err = policy.New(policy.Rules{Azure: policy.AzureRules{SecureBoot: true}})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := policy.New(policy.Rules{Azure: p.Azure()[0]}); err != nil || again.IsZero() {
		t.Errorf("the demands of a policy are no demands: %v", err)
	}
}

// TestAzureRules: what no file can say is refused of Rules too.
// Rules: AZR-10, AZR-11.
func TestAzureRules(t *testing.T) {
	for name, a := range map[string]policy.AzureRules{
		"no qualifying data": {QualifyingData: new("")},
		"no user data":       {UserData: new("")},
		"values of no bank":  {PCRs: policy.AzureRegisters{"sm3": {"4": {""}}}},
	} {
		if p, err := policy.New(policy.Rules{Azure: a}); err == nil || !p.IsZero() {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestAzureKept: a policy has every bank, register and set that it was made of, shares
// nothing with who made it or asked, and keeps all other demands without these.
func TestAzureKept(t *testing.T) {
	v, w := strings.Repeat("ab", 32), strings.Repeat("cd", 20)
	of := func() policy.AzureRules {
		return policy.AzureRules{PCRs: policy.AzureRegisters{"sha256": {"4": {v}, "7": {v}}, "sha1": {"4": {w}, "7": {w}}}}
	}
	for name, a := range map[string]policy.AzureRules{"registers": of(), "qualifying data": {QualifyingData: new("00")}, "user data": {UserData: new("01")}} {
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		p, err := policy.New(policy.Rules{Azure: a})
		if err != nil {
			t.Fatal(err)
		}
		if name == "registers" && !reflect.DeepEqual(p.Azure(), []policy.AzureRules{of()}) {
			t.Errorf("%+v", p.Azure())
		}
		for _, given := range []policy.AzureRules{a, p.Azure()[0]} {
			if given.QualifyingData != nil {
				*given.QualifyingData = "11"
			}
			if given.UserData != nil {
				*given.UserData = "11"
			}
			for _, registers := range given.PCRs {
				registers["4"][0] = "changed"
				delete(registers, "7")
			}
			delete(given.PCRs, "sha1")
			if got, err := json.Marshal(p.Azure()[0]); err != nil || string(got) != string(want) {
				t.Errorf("%s: a policy was changed: %s, was %s", name, got, want)
			}
		}
	}
	first, err := policy.New(policy.Rules{Azure: of(), VMPL: new(uint32(1))})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []policy.Policy{first, policy.Intersect(first, policy.Default()), policy.Intersect(policy.Default(), first)} {
		without := p.WithoutAzure()
		out := without.Evaluate(good(snpreport.Milan))
		if len(without.Azure()) != 0 || len(out.Violations) != 1 || out.Violations[0].Rule != "POL-22" || len(p.Azure()) != 1 {
			t.Errorf("%v, %v", without.Azure(), out.Violations)
		}
	}
}
