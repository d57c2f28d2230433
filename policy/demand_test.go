package policy_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// GEN-02: an empty text demands something that nothing is, and never nothing.
func TestEmptyTexts(t *testing.T) {
	for member, r := range map[string]policy.Rules{
		"report_data POL-62":            {ReportData: new("")},
		"report_data_prefix POL-62":     {ReportDataPrefix: new("")},
		"family_id POL-62":              {FamilyID: new("")},
		"image_id POL-62":               {ImageID: new("")},
		"report_id POL-62":              {ReportID: new("")},
		"report_id_ma POL-62":           {ReportIDMA: new("")},
		"guest_policy.min_abi POL-68":   {GuestPolicy: policy.GuestPolicyRules{MinABI: new("")}},
		"firmware.min_version POL-68":   {Firmware: policy.FirmwareRules{MinVersion: new("")}},
		"mitigations.launch POL-69":     {Mitigations: policy.MitigationRules{Launch: new("")}},
		"mitigations.current POL-69":    {Mitigations: policy.MitigationRules{Current: new("")}},
		"report_data_prefix POL-73":     {ReportData: new(hexes(1, 64)), ReportDataPrefix: new(hexes(1, 32))},
		"products[0] POL-65":            {Products: []string{"milan", "milan"}},
		"products[1] POL-63":            {Products: []string{"Milan", "Milan", "milan"}},
		"measurements[0] POL-62":        {Measurements: []string{""}},
		"host_data[0] POL-62":           {HostData: []string{""}},
		"chip_ids.deny[0] POL-62":       {ChipIDs: policy.AllowDeny{Deny: []string{""}}},
		"leaf_keys.allow[0] POL-62":     {LeafKeys: policy.AllowDeny{Allow: []string{""}}},
		"guest_policy.forbid[0] POL-65": {GuestPolicy: policy.GuestPolicyRules{Forbid: []string{""}}},
	} {
		p, err := policy.New(r)
		var e *rule.ConfigError
		if !errors.As(err, &e) || e.Fault().Where+" "+e.Rule() != member || !p.IsZero() {
			t.Errorf("%s: got %v", member, err)
		}
	}
}

// Check says why a policy accepts nothing, and nothing of any other.
func TestCheck(t *testing.T) {
	d := policy.Default()
	apart := policy.Intersect(d.Relax(policy.Relax{VMPL: 1}), d)
	for _, tt := range []struct {
		policy policy.Policy
		want   string
	}{
		{policy.Policy{}, "begin with policy.Default()"},
		{policy.Intersect(), "an intersection of nothing"},
		{policy.Intersect(d, policy.Policy{}), "a zero Policy is part of an intersection"},
		{apart, "one allows VMPL 1 and another VMPL 0 only"},
		{policy.Intersect(d, apart), "one allows VMPL 1 and another VMPL 0 only"},
		{apart.Relax(policy.Relax{VMPL: 1}), "one allows VMPL 1 and another VMPL 0 only"},
	} {
		err := tt.policy.Check()
		var e *rule.ConfigError
		if !errors.As(err, &e) || e.Rule() != "POL-01" || !strings.Contains(err.Error(), tt.want) || !tt.policy.IsZero() {
			t.Errorf("got %v, want %s", err, tt.want)
		}
		if _, err := tt.policy.Narrow(policy.Rules{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("narrowed: %v", err)
		}
		if v := tt.policy.Evaluate(good(milan)).Violations; len(v) != 1 || !strings.Contains(v[0].Message, tt.want) {
			t.Errorf("got %+v", v)
		}
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

// POL-46: a build without a version is told to the reader.
func TestNoteOfBuild(t *testing.T) {
	for members, want := range map[string]int{
		`"firmware": {"min_build": 40}`:                        1,
		`"firmware": {"min_version": "1.55", "min_build": 40}`: 0,
		`"firmware": {"min_version": "1.55"}`:                  0,
	} {
		if notes := parse(t, members).Notes(); len(notes) != want || want > 0 && !strings.Contains(notes[0], "add firmware.min_version") {
			t.Errorf("%s: %q", members, notes)
		}
	}
}

// POL-54: where the prefix is demanded, REPORT_DATA is not unchecked.
func TestPrefixIsChecked(t *testing.T) {
	listed := func(p policy.Policy) bool {
		return slices.ContainsFunc(p.Evaluate(good(milan)).NotChecked, func(u policy.Unchecked) bool { return u.Name == "report_data" })
	}
	if p := parse(t, `"report_data_prefix": "`+hexes(0xda, 32)+`"`); listed(p) || !listed(policy.Default()) || listed(policy.Intersect(policy.Default(), p)) {
		t.Error("report_data is listed wrongly")
	}
}

// Each value of a member stands once, in the order of the file.
func TestDemandsInOrder(t *testing.T) {
	always := []policy.Enforced{{"debug", "refused"}, {"migration", "refused"}, {"vlek", "refused"}, {"vmpl", "0"}, {"guest_policy.allow_unknown_bits", "false"}}
	if diff := cmp.Diff(always, policy.Default().Demands()); diff != "" {
		t.Error(diff)
	}
	relaxed := parse(t, `"guest_policy": {"allow_unknown_bits": true}`).Relax(policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: 1})
	if diff := cmp.Diff([]policy.Enforced{{"vmpl", "1"}}, relaxed.Demands()); diff != "" {
		t.Error(diff)
	}
	if (policy.Policy{}).Demands() != nil {
		t.Error("the zero Policy demands something")
	}
	p := parse(t, `"products": ["Genoa"], "min_guest_svn": 7, "guest_policy": {"forbid": ["smt"]}, "min_tcb": {"Milan": {"bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}}`)
	got := policy.Intersect(p, p, parse(t, `"products": ["Milan", "Genoa"]`)).Demands()
	want := append(always, policy.Enforced{"products", "Genoa"}, policy.Enforced{"products", "Milan or Genoa"},
		policy.Enforced{"min_tcb", "Milan: bootloader=4 tee=0 snp=22 microcode=213"}, policy.Enforced{"guest_policy.forbid", "smt"}, policy.Enforced{"min_guest_svn", "at least 7"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSortedFunc(want[5:], policy.CompareDemands) || policy.CompareDemands(policy.Enforced{Name: "launch"}, want[9]) <= 0 {
		t.Error("not in the order of the file")
	}
}

// A message is a sentence, and names no member of the policy file.
func TestMessages(t *testing.T) {
	zero := change(good(turin), func(f *policy.Facts, r *snpreport.Report) { *r = snpreport.Report{Version: 2} })
	seen := map[string]string{}
	for _, members := range sorted(demands()) {
		for _, v := range policy.Intersect(policy.Default(), parse(t, members)).Evaluate(zero).Violations {
			seen[v.Rule] = v.Message
		}
	}
	for id, message := range seen {
		if len(message) < 20 || strings.Contains(message, "policy:") || strings.HasSuffix(message, ".") || strings.Contains(message, "is not met") {
			t.Errorf("%s: %q", id, message)
		}
	}
	if len(seen) < 25 {
		t.Errorf("only %d rules", len(seen))
	}
	low := change(good(milan), func(f *policy.Facts, r *snpreport.Report) {
		r.ReportedTCB = setLevel(milan, r.ReportedTCB, snpreport.SNP, 23)
	})
	v := parse(t, `"min_tcb": {"bootloader": 0, "tee": 0, "snp": 24, "microcode": 0}`).Evaluate(low).Violations
	if len(v) == 0 || v[0].Message != "REPORTED_TCB snp is 23, the floor is 24" {
		t.Errorf("got %+v", v)
	}
}

// A hostile policy file of 1 MiB costs at most five times what the fullest file of
// its size does.
func TestParseIsLinear(t *testing.T) {
	fill := func(before, unit, behind string) []byte {
		head := `{"schema": "attest.policy/v1", ` + before
		return []byte(head + strings.Repeat(unit, (policy.MaxFile-len(head)-len(behind))/len(unit)) + behind)
	}
	var names strings.Builder
	for i := 0; names.Len() < policy.MaxFile-100; i++ {
		names.WriteString(`"` + strings.Repeat("m", i%2) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576%26)) + `":1,`)
	}
	few := names.String()[:strings.LastIndex(names.String()[:800_000], ",")+1]
	cost := func(text []byte, valid bool) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := policy.Parse(text)
		runtime.ReadMemStats(&after)
		if (err == nil) != valid {
			t.Fatalf("%.60s: %v", text, err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	most := 5 * cost(full(t), true)
	for name, text := range map[string][]byte{
		"names":            []byte(`{"schema": "attest.policy/v1", ` + names.String() + `"zz":1}`),
		"entries":          fill(`"measurements": [`, `"",`, `""]}`),
		"entries too many": fill(`"measurements": [`, `"a",`, `"a"]}`),
		"numbers":          fill(`"measurements": [`, `1,`, `1]}`),
		"objects":          fill(`"measurements": [`, `{},`, `1]}`),
		"named objects":    fill(`"measurements": [`, `{"a":1},`, `1]}`),
		"escapes":          fill(`"report_data": "`, `\n`, `"}`),
		"floors":           fill(`"min_tcb": {"snp": [`, `[],`, `[]]}}`),
		"long name":        fill(`"`, `\u0061`, `": 1}`),
		"brackets":         fill(`"vmpl": `, `[`, ``),
		"banks":            []byte(`{"schema": "attest.policy/v1", "azure": {"pcrs": {` + strings.ReplaceAll(few, ":1", ":{}") + `"zz": {}}}}`),
		"registers":        []byte(`{"schema": "attest.policy/v1", "azure": {"pcrs": {"sha1": {` + strings.ReplaceAll(few, ":1", ":[]") + `"zz": []}}}}`),
	} {
		if got := cost(text, false); got > most {
			t.Errorf("%s: %d bytes of memory, a full file takes %d", name, got, most/5)
		}
	}
}

// full returns a policy file of 1 MiB whose lists have all the entries they may have.
func full(t *testing.T) []byte {
	t.Helper()
	list := func(digits int) string {
		var entries []string
		for i := range 1024 {
			entries = append(entries, `"`+strings.Repeat("1", digits-4)+string("0123456789abcdef"[i>>8])+string("0123456789abcdef"[i>>4&15])+string("0123456789abcdef"[i&15])+`1"`)
		}
		return "[" + strings.Join(entries, ",") + "]"
	}
	text := `{"schema": "attest.policy/v1", "measurements": ` + list(96) + `, "host_data": ` + list(64) +
		`, "chip_ids": {"allow": ` + list(128) + `, "deny": ` + list(128) + `}, "leaf_keys": {"allow": ` + list(64) + `, "deny": ` + list(64) +
		`}, "csp_ids": ` + list(200) + `, "id_block": {"id_keys": ` + list(96) + `, "author_keys": ` + list(96) + `}}`
	if len(text) > policy.MaxFile {
		t.Fatal("too long")
	}
	return append([]byte(text), strings.Repeat(" ", policy.MaxFile-len(text))...)
}

// Texts and booleans that the caller changes later are not those of the policy.
func TestNoAliasingOfTexts(t *testing.T) {
	r := policy.Rules{
		ReportData: new(hexes(0xda, 64)), FamilyID: new(hexes(0xfa, 16)), ImageID: new(hexes(0x1a, 16)), ReportIDMA: new(hexes(0xff, 32)),
		GuestPolicy: policy.GuestPolicyRules{MinABI: new("1.55"), AllowUnknownBits: new(true)}, PlatformInfo: policy.PlatformInfoRules{AllowUnknownBits: new(true)},
		Mitigations: policy.MitigationRules{Launch: new("0x1"), Current: new("0x1")}, Firmware: policy.FirmwareRules{MinVersion: new("1.55"), MinBuild: new(uint8(0))},
		Products: []string{"Milan"},
	}
	p, err := policy.New(r)
	if err != nil {
		t.Fatal(err)
	}
	odd := change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 40 })
	before := p.Evaluate(odd)
	if !before.Accepts() {
		t.Fatal(before.Violations)
	}
	for _, s := range []*string{r.ReportData, r.FamilyID, r.ImageID, r.ReportIDMA, r.GuestPolicy.MinABI, r.Mitigations.Launch, r.Mitigations.Current, r.Firmware.MinVersion} {
		*s = ""
	}
	*r.GuestPolicy.AllowUnknownBits, *r.PlatformInfo.AllowUnknownBits, *r.Firmware.MinBuild, r.Products[0] = false, false, 255, "Turin"
	if diff := cmp.Diff(before, p.Evaluate(odd), cmp.AllowUnexported(policy.Outcome{})); diff != "" {
		t.Error(diff)
	}
}

// A member is listed as not checked exactly where nothing demands it.
func TestUncheckedExactly(t *testing.T) {
	names := func(p policy.Policy) (names []string) {
		for _, u := range p.Evaluate(good(milan)).NotChecked {
			names = append(names, u.Name)
		}
		return names
	}
	for _, members := range append(sorted(demands()), `"report_data_tail_zero": true`, `"report_data_prefix": "`+hexes(1, 32)+`"`) {
		p := parse(t, members)
		demanded := map[string]bool{}
		for _, d := range p.Demands() {
			demanded[d.Name] = true
		}
		var want []string
		for _, name := range names(policy.Default()) {
			if !demanded[name] && (name != "report_data" || !demanded["report_data_prefix"]) {
				want = append(want, name)
			}
		}
		if diff := cmp.Diff(want, names(policy.Intersect(policy.Default(), p))); diff != "" {
			t.Errorf("%s: %s", members, diff)
		}
	}
}

// Each relaxation holds where all policies have it, whatever else they have.
func TestIntersectRelaxations(t *testing.T) {
	relax := func(n int) policy.Relax {
		return policy.Relax{Debug: n&1 != 0, Migration: n&2 != 0, VLEK: n&4 != 0}
	}
	for a := range 8 {
		for b := range 8 {
			both := policy.Intersect(policy.Default().Relax(relax(a)), policy.Default().Relax(relax(b)))
			if diff := cmp.Diff(policy.Default().Relax(relax(a&b)).Relaxed(), both.Relaxed()); diff != "" {
				t.Errorf("%d and %d: %s", a, b, diff)
			}
		}
	}
}

// A message names the part that is wrong, and a demand all of its bits.
func TestPartsAndBits(t *testing.T) {
	p := parse(t, `"guest_policy": {"require": ["rapl_dis", "page_swap_disable"]}`)
	v := p.Evaluate(change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyPageSwapDisable })).Violations
	if len(v) != 1 || v[0].Message != "the guest policy lacks a required bit: rapl_dis" {
		t.Errorf("got %+v", v)
	}
	if !slices.Contains(p.Demands(), policy.Enforced{Name: "guest_policy.require", Value: "rapl_dis, page_swap_disable"}) {
		t.Errorf("got %+v", p.Demands())
	}
}

// A digest is none only when all of it is zero.
func TestFromFactsNearZero(t *testing.T) {
	for _, digest := range [][48]byte{{0: 1}, {47: 1}} {
		f := change(good(milan), func(f *policy.Facts, r *snpreport.Report) {
			r.IDKeyDigest, r.AuthorKeyDigest, r.KeyInfo = digest, digest, 1
		})
		if r, ok := policy.FromFacts(f); !ok || r.IDBlock.IDKeys == nil || r.IDBlock.AuthorKeys == nil || r.IDBlock.Forbid {
			t.Errorf("got %+v", r.IDBlock)
		}
		f = change(f, func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest, r.KeyInfo = [48]byte{}, 0 })
		if r, _ := policy.FromFacts(f); r.IDBlock.Forbid {
			t.Error("an author's digest was taken for none")
		}
	}
}

// Names are compared as a whole, and a build that is equal is met.
func TestPolicyNearMisses(t *testing.T) {
	for _, r := range []policy.Rules{
		{SigningKeys: []string{"vce"}}, {SigningKeys: []string{"lek"}}, {SigningKeys: []string{"vcekk"}}, {SigningKeys: []string{"xvlek"}},
		{GuestPolicy: policy.GuestPolicyRules{Require: []string{"ebug"}}}, {GuestPolicy: policy.GuestPolicyRules{Require: []string{"debu"}}},
		{GuestPolicy: policy.GuestPolicyRules{Forbid: []string{"smt_en"}}}, {PlatformInfo: policy.PlatformInfoRules{Forbid: []string{"smt"}}},
		{Products: []string{"Mila"}}, {Products: []string{"ilan"}},
	} {
		if _, err := policy.New(r); err == nil || !strings.Contains(err.Error(), "[POL-65]") {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for list, want := range map[string][]string{"got none": {}, "got more": make([]string, 1025)} {
		if _, err := policy.New(policy.Rules{CSPIDs: want}); err == nil || !strings.Contains(err.Error(), list) {
			t.Errorf("%s: %v", list, err)
		}
	}
	f := good(milan)
	expect(t, parse(t, `"firmware": {"min_build": `+strconv.Itoa(int(f.Report.CommittedFirmware.Build))+`}`), f)
	for _, name := range []string{"debug", "migration", "vlek", "guest_policy.allow_unknown_bits"} {
		if policy.CompareDemands(policy.Enforced{Name: name}, policy.Enforced{Name: "measurements"}) >= 0 {
			t.Errorf("%s is not first", name)
		}
	}
}

// TestOrderOfDemands: names are looked up whole, and a rule of Default is no member.
func TestOrderOfDemands(t *testing.T) {
	for _, pair := range [][2]string{
		{"report_data", "report_data_prefix"}, {"report_data_prefix", "report_data_tail_zero"}, {"report_id", "report_id_ma"}, {"bulletins", "measurement"}, {"vmpl", "min_tcb"}, {"measurements", "products"},
	} {
		if policy.CompareDemands(policy.Enforced{Name: pair[0]}, policy.Enforced{Name: pair[1]}) >= 0 {
			t.Errorf("%s is not before %s", pair[0], pair[1])
		}
	}
}

// TestBuildAbove: a build that is higher than demanded is met, and one that is lower is not.
func TestBuildAbove(t *testing.T) {
	f := good(milan)
	build := int(f.Report.CommittedFirmware.Build)
	if out := parse(t, `"firmware": {"min_build": `+strconv.Itoa(build-1)+`}`).Evaluate(f); !out.Accepts() {
		t.Errorf("%v", out.Violations)
	}
	if out := parse(t, `"firmware": {"min_build": `+strconv.Itoa(build+1)+`}`).Evaluate(f); out.Accepts() {
		t.Error("a lower build is met")
	}
}

// TestFloorsAreCopied: a policy shares nothing with the floors that it was made of.
func TestFloorsAreCopied(t *testing.T) {
	f := good(milan)
	floors := &policy.Floors{Any: policy.Floor{snpreport.BootLoader: 255, snpreport.TEE: 0, snpreport.SNP: 0, snpreport.Microcode: 0}}
	p, err := policy.New(policy.Rules{MinTCB: floors})
	if err != nil {
		t.Fatal(err)
	}
	floors.Any[snpreport.BootLoader] = 0
	if p.Evaluate(f).Accepts() {
		t.Error("a floor was lowered from outside")
	}
}

// TestHostileRegisters: of an object with very many members only so many are kept as
// New needs to refuse it.
func TestHostileRegisters(t *testing.T) {
	v := strings.Repeat("ab", 32)
	var registers, banks []string
	for i := range 40 {
		registers = append(registers, fmt.Sprintf(`"%d": ["%s"]`, i, v))
		banks = append(banks, fmt.Sprintf(`"b%02d": {}`, 39-i))
	}
	for _, c := range []struct{ pcrs, actual string }{
		{`"sm3": {` + strings.Join(registers, ", ") + `}`, `"sm3" with 32 of them`},
		{strings.Join(banks, ", "), `"b08" with 0 of them`},
	} {
		_, err := policy.Parse(file(`"azure": {"pcrs": {` + c.pcrs + `}}`))
		if err == nil || !strings.Contains(err.Error(), c.actual) {
			t.Errorf("%v, want %s", err, c.actual)
		}
	}
}
