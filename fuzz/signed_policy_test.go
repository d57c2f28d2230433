package fuzz

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// A policyCase is a policy file about a report that is signed by a chip of this test's.
type policyCase struct {
	chance
	*mint.Set
	withBlock bool // the guest was launched with an ID block
	file      document.Object
	fixed     map[string]bool // members that a fault has set
	text      func([]byte) []byte
	broken    map[string]bool // rules of step 13
}

// The steps of a policy: its form, its values, and then those of the report. Step 13 has
// all violations, in any number, and so many steps of its own here.
const (
	policyForm  = 0
	policyRules = 1300
	policyCode  = 1400
	policyTCB   = 1700
	policyData  = 1800
)

// set gives a member such as firmware.min_build a value, unless an earlier fault has.
func (c *policyCase) set(path string, value any) {
	outer, inner, nested := strings.Cut(path, ".")
	if c.fixed[path] || c.fixed[outer] && !nested {
		return
	}
	c.fixed[outer], c.fixed[path] = true, true
	if !nested {
		c.file.Set(outer, value)
		return
	}
	o, isObject := c.file.Get(outer).(document.Object)
	if c.file.Get(outer) != nil && !isObject {
		return
	}
	o = o.Clone()
	o.Set(inner, value)
	c.file.Set(outer, o)
}

// random is text of so many hex digits.
func (c *policyCase) random(digits int) string {
	b := make([]byte, digits/2)
	for i := range b {
		b[i] = byte(c.IntN(256))
	}
	b[0] |= 1
	return hex.EncodeToString(b)
}

// among is a list with values between others of their length.
func (c *policyCase) among(values ...string) []string {
	for range c.IntN(3) {
		values = append(values, c.random(len(values[0])))
	}
	return shuffled(c.chance, values)
}

// notMet makes a fault of step 13: a demand that the report does not meet.
func notMet(step int, id, member string, value func(c *policyCase) any) fault[*policyCase] {
	return fault[*policyCase]{member, "PolicyViolationError", policyRules + step, func(c *policyCase) {
		c.set(member, value(c))
		c.broken[id] = true
	}}
}

func other(digits int) func(c *policyCase) any {
	return func(c *policyCase) any { return c.random(digits) }
}

func others(digits int) func(c *policyCase) any {
	return func(c *policyCase) any { return c.among(c.random(digits)) }
}

// wordOf makes a value of one of these JSON texts.
func wordOf(texts ...string) func(c *policyCase) any {
	return func(c *policyCase) any { return document.RawJSON(c.oneOf(texts...)) }
}

// malformed makes a fault of the file's form.
func malformed(name, id string, members []string, value func(c *policyCase) any) fault[*policyCase] {
	return fault[*policyCase]{name, id, policyForm, func(c *policyCase) { c.set(c.oneOf(members...), value(c)) }}
}

// products other than one.
func (c *policyCase) otherProducts() []string {
	return slices.DeleteFunc(slices.Clone(mint.Products), func(p string) bool { return p == c.Product })
}

// raised is a floor above the level of one component.
func raised(c *policyCase) any {
	floor := document.Floor(c.Product, c.Spec.ReportedTCB)
	name := c.oneOf(components...)
	floor.Set(name, floor.Get(name).(int)+1+c.IntN(3))
	if c.IntN(2) == 0 {
		return floor
	}
	return document.Object{{c.Product, floor}}
}

var hexMembers = map[string]int{
	"measurements": 96, "host_data": 64, "report_data": 128, "family_id": 32, "image_id": 32, "report_id": 64, "report_id_ma": 64, "chip_ids.allow": 128, "leaf_keys.deny": 64, "id_block.id_keys": 96,
}

var listMembers = []string{"measurements", "host_data", "chip_ids.allow", "leaf_keys.deny", "id_block.id_keys"}

// policyFaults is in the order of the steps. A file's fault is named by its rule.
var policyFaults = []fault[*policyCase]{
	malformed("schema", "POL-60", []string{"schema"}, wordOf(`"attest.policy/v2"`, `"attest.policy/v1 "`, `"tresor.policy/v1"`)),
	malformed("schema absent", "JSN-", []string{"schema"}, wordOf("null", `""`, "1", "[]")),
	malformed("unknown member", "JSN-", []string{"measurement", "Vmpl", "MIN_TCB", "firmware.build", "guest_policy.Require", "id_block.keys", "comment"}, wordOf("0")),
	malformed("wrong type", "JSN-", []string{"measurements", "vmpl", "min_tcb", "guest_policy", "mitigations", "report_data", "chip_ids", "firmware", "id_block"}, wordOf("null", "true", "1.5")),
	malformed("out of range", "JSN-", []string{"vmpl", "min_guest_svn", "report_versions.min", "firmware.min_build"}, wordOf("-1", "4294967296", "1e0", "0.0", "00", `"1"`)),
	{"member twice", "JSN-", policyForm, func(c *policyCase) {
		c.text = func(b []byte) []byte { return append(b[:len(b)-1], `, "schema": "attest.policy/v1"}`...) }
	}},
	{"behind the object", "JSN-", policyForm, func(c *policyCase) {
		c.text = func(b []byte) []byte { return append(b, c.oneOf("{}", ",", "]", "\x00", "x")...) }
	}},
	malformed("list empty", "POL-61", []string{"measurements", "products", "signing_keys", "host_data", "chip_ids.allow", "leaf_keys.allow", "csp_ids", "id_block.id_keys", "id_block.author_keys", "guest_policy.require"}, wordOf("[]")),
	{"hex", "POL-62", policyForm, func(c *policyCase) {
		names := make([]string, 0, len(hexMembers))
		for name := range hexMembers {
			names = append(names, name)
		}
		slices.Sort(names)
		name := c.oneOf(names...)
		digits := c.random(hexMembers[name])
		wrong := c.oneOf(digits[2:], digits+"00", "0x"+digits[2:], digits[1:]+" ", digits[1:]+"g", "AB"+digits[2:])
		if slices.Contains(listMembers, name) {
			c.set(name, c.among(wrong))
		} else {
			c.set(name, wrong)
		}
	}},
	{"entry twice", "POL-63", policyForm, func(c *policyCase) {
		name := c.oneOf(listMembers...)
		digits := c.random(hexMembers[name])
		c.set(name, c.among(digits, digits))
	}},
	{"entry of zeros", "POL-64", policyForm, func(c *policyCase) {
		name := c.oneOf("measurements", "chip_ids.allow", "id_block.id_keys")
		c.set(name, []string{strings.Repeat("0", hexMembers[name])})
	}},
	malformed("unknown name", "POL-65", []string{"products", "signing_keys", "guest_policy.require", "guest_policy.forbid", "platform_info.require"}, wordOf(`["milan"]`, `["VCEK"]`, `["SMT"]`, `["smt "]`, `["*"]`)),
	{"required and forbidden", "POL-66", policyForm, func(c *policyCase) {
		o := c.oneOf("guest_policy", "platform_info")
		bit := map[string]string{"guest_policy": "smt", "platform_info": "smt_en"}[o]
		c.set(o+".require", []string{bit})
		c.set(o+".forbid", []string{bit})
	}},
	malformed("floors", "POL-67", []string{"min_tcb", "min_launch_tcb"}, wordOf("{}", `{"ucode": 1}`, `{"milan": {"snp": 1}}`, `{"snp": 1, "Milan": {"snp": 1}}`, `{"Milan": {}}`, `{"19-01-01": {"snp": 1}}`, `{"Milan": {"ucode": 1}}`)),
	malformed("version", "POL-68", []string{"guest_policy.min_abi", "firmware.min_version"}, wordOf(`"1"`, `"1.256"`, `"01.55"`, `"1.55.0"`, `"1,55"`, `" 1.55"`, `"-1.5"`)),
	malformed("mask", "POL-69", []string{"mitigations.launch", "mitigations.current"}, wordOf(`"3f"`, `"0x"`, `"0X3f"`, `"0x3F"`, `"0x00000000000000001"`, `"0x-1"`)),
	malformed("range of versions", "POL-70", []string{"report_versions"}, wordOf(`{"min": 4, "max": 3}`, `{"min": 5, "max": 2}`)),
	malformed("ID block forbidden and demanded", "POL-71", []string{"id_block"}, wordOf(`{"forbid": true, "require": true}`, `{"forbid": true, "require_author_key": true}`, `{"forbid": true, "id_keys": ["`+strings.Repeat("1", 96)+`"]}`)),
	{"REPORT_DATA twice", "POL-73", policyForm, func(c *policyCase) {
		c.set("report_data", c.random(128))
		c.set("report_data_prefix", c.random(64))
	}},

	notMet(1, "POL-20", "products", func(c *policyCase) any { return c.otherProducts()[c.IntN(2):] }),
	notMet(2, "POL-21", "signing_keys", func(c *policyCase) any { return []string{map[string]string{"vcek": "vlek", "vlek": "vcek"}[c.Kind]} }),
	notMet(3, "POL-22", "vmpl", func(c *policyCase) any { return 1 + c.IntN(3) }),
	notMet(4, "POL-23", "min_launch_tcb", raised),
	notMet(5, "POL-24", "guest_policy.require", wordOf(`["single_socket"]`, `["smt", "debug"]`, `["rapl_dis"]`)),
	notMet(5, "POL-25", "guest_policy.forbid", wordOf(`["smt"]`, `["debug", "smt"]`)),
	notMet(6, "POL-26", "guest_policy.min_abi", wordOf(`"0.1"`, `"1.0"`, `"255.255"`)),
	notMet(7, "POL-27", "platform_info.require", wordOf(`["tsme_en"]`, `["smt_en", "rapl_dis"]`)),
	notMet(7, "POL-28", "platform_info.forbid", wordOf(`["smt_en"]`, `["rapl_dis", "smt_en"]`)),
	notMet(8, "POL-30", "mitigations.launch", wordOf(`"0x40"`, `"0x8000000000000000"`)),
	notMet(9, "POL-31", "mitigations.current", wordOf(`"0x40"`, `"0x8000000000000001"`)),
	notMet(10, "POL-33", "host_data", others(64)),
	notMet(11, "POL-34", "family_id", other(32)),
	notMet(12, "POL-35", "image_id", other(32)),
	notMet(13, "POL-36", "report_id", other(64)),
	notMet(14, "POL-37", "report_id_ma", other(64)),
	notMet(15, "POL-38", "chip_ids.allow", others(128)),
	notMet(16, "POL-39", "chip_ids.deny", func(c *policyCase) any {
		chip := mint.DefaultChipID(c.Product)
		return c.among(hex.EncodeToString(chip[:]))
	}),
	notMet(17, "POL-40", "leaf_keys.allow", others(64)),
	notMet(18, "POL-41", "leaf_keys.deny", func(c *policyCase) any { return c.among(c.leafKey()) }),
	notMet(19, "POL-42", "csp_ids", wordOf(`["CN=nobody"]`, `["`+mint.DefaultCSPID+` "]`)),
	notMet(20, "POL-43", "min_guest_svn", func(c *policyCase) any { return c.Spec.GuestSVN + 1 + c.Uint32N(1<<30) }),
	notMet(21, "POL-44", "report_versions", func(c *policyCase) any {
		if c.Spec.Version < 5 && c.IntN(2) == 0 {
			return document.Object{{"min", c.Spec.Version + 1}}
		}
		if c.Spec.Version > 2 {
			return document.Object{{"max", c.Spec.Version - 1}}
		}
		return document.Object{{"min", 3}, {"max", 5}}
	}),
	notMet(22, "POL-45", "firmware.min_version", wordOf(`"1.56"`, `"2.0"`, `"255.0"`)),
	notMet(22, "POL-46", "firmware.min_build", func(c *policyCase) any { return int(c.Spec.Committed.Build) + 1 + c.IntN(100) }),
	notMet(23, "POL-48", "id_block.require", func(c *policyCase) any { c.withBlock = false; return true }),
	notMet(23, "POL-49", "id_block.id_keys", func(c *policyCase) any { return c.among(c.random(96)) }),
	notMet(23, "POL-50", "id_block.author_keys", func(c *policyCase) any { return c.among(c.random(96)) }),
	notMet(23, "POL-51", "id_block.require_author_key", func(c *policyCase) any { c.withBlock = false; return true }),
	notMet(23, "POL-52", "id_block.forbid", func(c *policyCase) any { c.withBlock = true; return true }),
	notMet(24, "AZR-16", "azure", wordOf(`{"secure_boot": true}`, `{"user_data": "00ff"}`, `{"qualifying_data": "01"}`)),

	{"measurements", "MeasurementNotAllowedError", policyCode, func(c *policyCase) { c.set("measurements", c.among(c.random(96))) }},
	{"min_tcb", "TCBBelowFloorError", policyTCB, func(c *policyCase) { c.set("min_tcb", raised(c)) }},
	{"min_tcb of another product", "TCBBelowFloorError", policyTCB, func(c *policyCase) {
		c.set("min_tcb", document.Object{{c.otherProducts()[c.IntN(2)], document.Object{{"snp", 0}}}})
	}},
	{"report_data", "ReportDataMismatchError", policyData, func(c *policyCase) { c.set("report_data", c.random(128)) }},
	{"report_data_prefix", "ReportDataMismatchError", policyData, func(c *policyCase) {
		flipped := c.flipped(c.Spec.ReportData[:32])
		c.set("report_data_prefix", hex.EncodeToString(flipped))
	}},
}

func (c *policyCase) leafKey() string {
	sum := sha256.Sum256(mint.SPKI(c.Key.Public()))
	return hex.EncodeToString(sum[:])
}

// metDemands are members that the report meets: some of them stand in every file.
func (c *policyCase) metDemands() document.Object {
	s := &c.Spec
	text := func(b []byte) string { return hex.EncodeToString(b) }
	o := document.Object{
		{"measurements", c.among(text(s.Measurement[:]))}, {"products", shuffled(c.chance, mint.Products)}, {"signing_keys", []string{c.Kind}}, {"vmpl", 0},
		{"min_tcb", document.Object{{c.Product, document.Floor(c.Product, s.ReportedTCB)}}}, {"min_launch_tcb", document.Floor(c.Product, s.LaunchTCB)},
		{"guest_policy", document.Object{{"require", []string{"smt"}}, {"forbid", []string{"debug", "cxl_allow"}}, {"min_abi", "0.0"}, {"allow_unknown_bits", c.IntN(2) == 0}}},
		{"platform_info", document.Object{{"require", []string{"smt_en"}}, {"forbid", []string{"tsme_en"}}, {"allow_unknown_bits", true}}},
		{"report_data", text(s.ReportData[:])}, {"report_data_tail_zero", true}, {"host_data", c.among(text(s.HostData[:]))}, {"family_id", text(s.FamilyID[:])},
		{"image_id", text(s.ImageID[:])}, {"report_id", text(s.ReportID[:])}, {"report_id_ma", text(s.ReportIDMA[:])}, {"min_guest_svn", s.GuestSVN},
		{"leaf_keys", document.Object{{"allow", c.among(c.leafKey())}, {"deny", c.among(c.random(64))}}}, {"report_versions", document.Object{{"min", s.Version}, {"max", s.Version}}},
		{"firmware", document.Object{{"min_version", "1.55"}, {"min_build", int(s.Committed.Build)}, {"committed_equals_current", true}}}, {"id_block", document.Object{{"forbid", true}}},
	}
	if c.withBlock {
		o.Set("id_block", document.Object{{"require", true}, {"require_author_key", true}, {"id_keys", c.among(text(s.IDKeyDigest[:]))}, {"author_keys", c.among(text(s.AuthorKeyDigest[:]))}})
	}
	if c.Kind == "vlek" {
		o.Add("csp_ids", []string{mint.DefaultCSPID})
	} else {
		o.Add("chip_ids", document.Object{{"allow", c.among(text(s.ChipID[:]))}, {"deny", c.among(c.random(128))}})
	}
	if s.Version == 5 {
		o.Add("mitigations", document.Object{{"launch", fmt.Sprintf("%#x", s.LaunchMitVector)}, {"current", "0x1"}})
	}
	return o
}

// policySets are the reports, which are signed once.
var policySets = map[string]*mint.Set{}

func policySet(product string, version uint32, kind string, withBlock bool) *mint.Set {
	key := fmt.Sprint(product, version, kind, withBlock)
	if policySets[key] == nil {
		s := mint.Evidence(product, version, kind)
		if withBlock {
			s.Spec.KeyInfo |= 1
			s.Spec.IDKeyDigest[0], s.Spec.AuthorKeyDigest[0] = 1, 2
			s.Resign()
		}
		policySets[key] = s
	}
	return policySets[key]
}

// write adds demands that are met where no fault is, and writes the file.
func (c *policyCase) write() []byte {
	for _, m := range c.metDemands() {
		name := m[0].(string)
		if c.fixed[name] || c.IntN(2) == 0 || name == "report_data" && c.fixed["report_data_prefix"] || name == "report_data_tail_zero" && c.fixed["report_data"] {
			continue
		}
		if o, nested := m[1].(document.Object); nested {
			o = shuffled(c.chance, o)
			m[1] = o
		}
		c.file.Set(name, m[1])
	}
	if c.file.Get("schema") == nil {
		c.file.Set("schema", policy.Schema)
	}
	text := shuffled(c.chance, c.file).Text()
	if c.text != nil {
		text = c.text(text)
	}
	return text
}

func runPolicy(t *testing.T, r chance) ([]string, answer) {
	c := &policyCase{chance: r, withBlock: r.IntN(2) == 0, fixed: map[string]bool{}, broken: map[string]bool{}}
	product, version, kind := mint.Products[r.IntN(3)], 2+r.Uint32N(4), []string{"vcek", "vlek"}[r.IntN(2)]
	c.Set = policySet(product, version, kind, c.withBlock)
	list := faultsOf(r.Rand, policyFaults, nil)
	want := put(c, list)
	c.Set = policySet(product, version, kind, c.withBlock)
	text := c.write()
	p, err := policy.Parse(text)
	if len(list) > 0 && list[0].step == policyForm {
		var config *rule.ConfigError
		if !errors.As(err, &config) || !strings.HasPrefix(config.Rule(), want) || !p.IsZero() {
			t.Fatalf("%v, want %s: %s", err, want, text)
		}
		return names(list), answerOf(err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var answers []answer
	relax := policy.Relax{VLEK: kind == "vlek"}
	e := attest.ReportEvidence{Report: c.Report, Certificates: shuffled(r, c.Chain())}
	for i, p := range []policy.Policy{p.Relax(relax), policy.Intersect(policy.Default(), p).Relax(relax), policy.Intersect(p, policy.Default()).Relax(relax)} {
		v := must(attest.NewReportVerifier(attest.ReportConfig{Policy: p, AMDRoots: signedRoots(), Cache: []*certchain.Cache{nil, signedCache, signedCache}[i]}))
		result, err := v.Verify(e, now)
		if (result == nil) == (err == nil) {
			t.Fatalf("result %v, error %v", result, err)
		}
		answers = append(answers, answerOf(err))
		var violated *attest.PolicyViolationError
		found := map[string]bool{}
		if errors.As(err, &violated) {
			for _, v := range violated.Violations {
				found[v.Rule] = true
			}
		}
		if want == "PolicyViolationError" && !maps.Equal(found, c.broken) {
			t.Fatalf("violated: %v, want %v: %s", found, c.broken, text)
		}
	}
	judge(t, want, answers...)
	return names(list), answers[0]
}
