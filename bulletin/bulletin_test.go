package bulletin_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

// A need is a condition as it was written down apart from the table: of bulletin and
// die, with what a report must have.
type need struct {
	id, die           string
	snp, microcode    uint8 // 0: not demanded
	build             uint8 // of firmware 1.55; 0: not demanded
	alias             bool  // alias_check_complete
	snpGrade, mcGrade bulletin.Grade
}

// needs are AMD's and the bulletins' numbers, in hex as their sources have them.
var needs = []need{
	{id: "AMD-SB-3015", die: "19-01-1", build: 22, alias: true},
	{id: "AMD-SB-3015", die: "19-01-2", build: 22, alias: true},
	{id: "AMD-SB-3015", die: "19-11-1", build: 38, alias: true},
	{id: "AMD-SB-3015", die: "19-11-2", build: 38, alias: true},
	{id: "AMD-SB-3015", die: "19-a0-2", build: 38, alias: true},
	{id: "AMD-SB-3016", die: "19-01-1", build: 35, snp: 0x1b, snpGrade: "B"},
	{id: "AMD-SB-3016", die: "19-01-2", build: 35, snp: 0x1b, snpGrade: "B"},
	{id: "AMD-SB-3016", die: "19-11-1", build: 49, snp: 0x1b, snpGrade: "B"},
	{id: "AMD-SB-3016", die: "19-11-2", build: 49, snp: 0x1b, snpGrade: "B"},
	{id: "AMD-SB-3019", die: "19-01-1", microcode: 0xdb, mcGrade: "A"},
	{id: "AMD-SB-3019", die: "19-01-2", microcode: 0x44, mcGrade: "A"},
	{id: "AMD-SB-3019", die: "19-11-1", microcode: 0x54, mcGrade: "A", snp: 0x17, snpGrade: "B"},
	{id: "AMD-SB-3019", die: "19-11-2", microcode: 0x4f, mcGrade: "A", snp: 0x17, snpGrade: "B"},
	{id: "AMD-SB-3019", die: "19-a0-2", microcode: 0x19, mcGrade: "A", snp: 0x17, snpGrade: "B"},
	{id: "AMD-SB-3019", die: "1a-02-1", microcode: 0x47, mcGrade: "A"},
	{id: "AMD-SB-3019", die: "1a-11-0", microcode: 0x47, mcGrade: "A"},
	{id: "AMD-SB-3020", die: "19-11-1", snp: 0x1b, snpGrade: "B", microcode: 0x56, mcGrade: "B"},
	{id: "AMD-SB-3020", die: "19-11-2", snp: 0x1b, snpGrade: "B", microcode: 0x51, mcGrade: "B"},
	{id: "AMD-SB-3020", die: "1a-02-1", snp: 0x04, snpGrade: "B", microcode: 0x50, mcGrade: "B"},
	{id: "AMD-SB-3020", die: "1a-11-0", snp: 0x04, snpGrade: "B"},
	{id: "AMD-SB-3023", die: "19-01-1", snp: 0x1b, snpGrade: "A", microcode: 0xde, mcGrade: "B"},
	{id: "AMD-SB-3023", die: "19-01-2", snp: 0x1b, snpGrade: "A", microcode: 0x47, mcGrade: "B"},
	{id: "AMD-SB-3023", die: "19-11-1", snp: 0x1b, snpGrade: "A"},
	{id: "AMD-SB-3023", die: "19-11-2", snp: 0x1b, snpGrade: "A"},
	{id: "AMD-SB-3023", die: "19-a0-2", snp: 0x1b, snpGrade: "A"},
	{id: "AMD-SB-3023", die: "1a-02-1", snp: 0x04, snpGrade: "A"},
	{id: "AMD-SB-3023", die: "1a-11-0", snp: 0x04, snpGrade: "A"},
	{id: "AMD-SB-7033", die: "19-01-1", microcode: 0xdb, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "19-01-2", microcode: 0x44, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "19-11-1", microcode: 0x54, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "19-11-2", microcode: 0x4f, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "19-a0-2", microcode: 0x19, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "1a-02-1", microcode: 0x47, mcGrade: "A"},
	{id: "AMD-SB-7033", die: "1a-11-0", microcode: 0x47, mcGrade: "A"},
}

var dies = []string{"19-01-1", "19-01-2", "19-11-1", "19-11-2", "19-a0-2", "1a-02-1", "1a-11-0"}

// levels are what a report has of the numbers that decide.
type levels struct {
	snp, microcode, build uint8
	alias                 bool
}

// report returns one of a die with these reported and committed levels.
func report(die string, reported, committed levels) *snpreport.Report {
	r := &snpreport.Report{Version: 5}
	var stepping uint8
	fmt.Sscanf(die, "%02x-%02x-%x", &r.CPUID.Family, &r.CPUID.Model, &stepping)
	r.CPUID.Stepping = stepping
	snp := 6
	if r.CPUID.Family == 0x1a {
		snp = 3
	}
	r.ReportedTCB[snp], r.ReportedTCB[7] = reported.snp, reported.microcode
	r.CommittedTCB[snp], r.CommittedTCB[7] = committed.snp, committed.microcode
	r.CurrentFirmware = snpreport.Firmware{Major: 1, Minor: 55, Build: reported.build}
	r.CommittedFirmware = snpreport.Firmware{Major: 1, Minor: 55, Build: committed.build}
	if reported.alias {
		r.PlatformInfo = snpreport.PlatformAliasCheckComplete
	}
	return r
}

func statusOf(t testing.TB, r *snpreport.Report, id string) bulletin.Status {
	t.Helper()
	list := bulletin.Assess(r, nil)
	i := slices.IndexFunc(list, func(a bulletin.Assessment) bool { return a.ID == id })
	if i < 0 {
		t.Fatalf("no %s", id)
	}
	product, _ := r.CPUID.Product()
	if one := bulletin.AssessOne(id, r, product); one.Status != list[i].Status || len(one.Conditions) != len(list[i].Conditions) {
		t.Errorf("AssessOne %+v, Assess %+v", one, list[i])
	}
	return list[i].Status
}

// TestRows: each number of each die at its level, one above and one below, in the
// reported and in the committed half.
// Rules: BUL-01.
func TestRows(t *testing.T) {
	for _, n := range needs {
		t.Run(n.id+" "+n.die, func(t *testing.T) {
			just := levels{n.snp, n.microcode, n.build, n.alias}
			if got := statusOf(t, report(n.die, just, just), n.id); got != bulletin.Satisfied {
				t.Errorf("just met: %v", got)
			}
			above := levels{n.snp + 1, n.microcode + 1, n.build + 1, true}
			if got := statusOf(t, report(n.die, above, above), n.id); got != bulletin.Satisfied {
				t.Errorf("above: %v", got)
			}
			for name, low := range map[string]levels{
				"snp": {n.snp - 1, n.microcode, n.build, n.alias}, "microcode": {n.snp, n.microcode - 1, n.build, n.alias}, "build": {n.snp, n.microcode, n.build - 1, n.alias},
			} {
				if map[string]uint8{"snp": n.snp, "microcode": n.microcode, "build": n.build}[name] == 0 {
					continue
				}
				if got := statusOf(t, report(n.die, low, just), n.id); got != bulletin.Below {
					t.Errorf("%s reported below: %v", name, got)
				}
				if got := statusOf(t, report(n.die, just, low), n.id); got != bulletin.Below {
					t.Errorf("%s committed below: %v", name, got)
				}
			}
			if n.alias {
				clear := just
				clear.alias = false
				if got := statusOf(t, report(n.die, clear, just), n.id); got != bulletin.Below {
					t.Errorf("bit clear: %v", got)
				}
				old := report(n.die, clear, just) // newer firmware made it, and yet it cannot say
				old.CurrentFirmware.Minor, old.CommittedFirmware.Minor, old.Version = 56, 56, 2
				if got := statusOf(t, old, n.id); got != bulletin.NotVisible {
					t.Errorf("a report without a die: %v", got)
				}
			}
			checkConditions(t, n)
		})
	}
}

// checkConditions holds what is printed against the need.
func checkConditions(t *testing.T, n need) {
	r := report(n.die, levels{7, 8, 9, true}, levels{9, 6, 5, true})
	product, _ := r.CPUID.Product()
	got := map[string]bulletin.Condition{}
	for _, c := range bulletin.AssessOne(n.id, r, product).Conditions {
		got[c.Component] = bulletin.Condition{Component: c.Component, Level: c.Level, Actual: c.Actual, Grade: c.Grade}
		if c.Source == "" || got[c.Component] == (bulletin.Condition{}) {
			t.Errorf("%+v", c)
		}
	}
	want := map[string]bulletin.Condition{}
	put := func(component, level, actual string, grade bulletin.Grade) {
		want[component] = bulletin.Condition{Component: component, Level: level, Actual: actual, Grade: grade}
	}
	if n.snp > 0 {
		put("snp", fmt.Sprint(n.snp), "7", n.snpGrade)
	}
	if n.microcode > 0 {
		put("microcode", fmt.Sprint(n.microcode), "6", n.mcGrade)
	}
	if n.build > 0 {
		put("firmware", fmt.Sprintf("1.55.%d", n.build), "1.55.5", "A")
	}
	if n.alias {
		put("platform_info.alias_check_complete", "set", "set", "A")
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("conditions %v, want %v", got, want)
	}
}

// TestNoRow: a die without a row, a report without a die and nothing at all show
// nothing.
// Rules: BUL-02.
func TestNoRow(t *testing.T) {
	top := levels{255, 255, 255, true}
	for _, b := range bulletin.Bulletins() {
		for _, die := range append(slices.Clone(dies), "19-01-0", "19-01-3", "19-a0-1", "1a-50-0", "17-31-0") {
			want := bulletin.NotVisible
			if slices.ContainsFunc(needs, func(n need) bool { return n.id == b.ID && n.die == die }) {
				want = bulletin.Satisfied
			}
			if got := statusOf(t, report(die, top, top), b.ID); got != want {
				t.Errorf("%s on %s: %v, want %v", b.ID, die, got, want)
			}
		}
		if has := slices.ContainsFunc(needs, func(n need) bool { return n.id == b.ID }); bulletin.HasConditions(b.ID) != has {
			t.Errorf("%s: conditions %t", b.ID, !has)
		}
	}
	old := report("19-01-1", top, top)
	old.Version = 2
	milan, other := report("19-01-1", top, top), &certchain.Chain{Product: snpreport.Genoa}
	for name, list := range map[string][]bulletin.Assessment{
		"nil": bulletin.Assess(nil, nil), "zero": bulletin.Assess(new(snpreport.Report), new(certchain.Chain)),
		"version 2": bulletin.Assess(old, nil), "a chain of another product": bulletin.Assess(milan, other), "a chain of none": bulletin.Assess(milan, new(certchain.Chain)),
	} {
		if len(list) != len(bulletin.Bulletins()) {
			t.Errorf("%s: %d", name, len(list))
		}
		for _, a := range list {
			if a.Status != bulletin.NotVisible || len(a.Conditions) != 0 {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
	if a := bulletin.AssessOne("AMD-SB-3019", nil, snpreport.Milan); a.Status != bulletin.NotVisible {
		t.Errorf("%+v", a)
	}
	for _, id := range []string{"BMD-SB-3019", "AMD-SB-301", "AMD-SB-30190", "MD-SB-3019"} { // like one, but for a part
		if a := bulletin.AssessOne(id, milan, snpreport.Milan); a.Status != bulletin.NotVisible || bulletin.HasConditions(id) {
			t.Errorf("%s: %+v", id, a)
		}
	}
	if a := bulletin.AssessOne("AMD-SB-3019", milan, snpreport.Genoa); a.Status != bulletin.NotVisible {
		t.Errorf("a die of another product: %+v", a)
	}
	if diff := cmp.Diff(bulletin.Assess(milan, nil), bulletin.Assess(milan, &certchain.Chain{Product: snpreport.Milan})); diff != "" {
		t.Errorf("a chain of its product: %s", diff)
	}
	if a := bulletin.AssessOne("AMD-SB-0", milan, snpreport.Milan); a.Status != bulletin.NotVisible || bulletin.HasConditions("AMD-SB-0") {
		t.Errorf("%+v", a)
	}
}

// TestMonotone: raising what a report has never makes it worse.
// Rules: BUL-03.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(what string) levels {
			return levels{rapid.Byte().Draw(t, what), rapid.Byte().Draw(t, what), rapid.Byte().Draw(t, what), rapid.Bool().Draw(t, what)}
		}
		raise := func(l levels) levels {
			more := func(v uint8) uint8 { return rapid.Uint8Range(v, 255).Draw(t, "more") }
			return levels{more(l.snp), more(l.microcode), more(l.build), l.alias || rapid.Bool().Draw(t, "bit")}
		}
		die, reported, committed := rapid.SampledFrom(dies).Draw(t, "die"), draw("reported"), draw("committed")
		was, now := bulletin.Assess(report(die, reported, committed), nil), bulletin.Assess(report(die, raise(reported), raise(committed)), nil)
		for i := range was {
			if was[i].Status == bulletin.Satisfied && now[i].Status != bulletin.Satisfied {
				t.Fatalf("%s on %s: %+v, then %+v", was[i].ID, die, was[i], now[i])
			}
		}
	})
}

// TestMitigations: no bit of a mitigation vector decides.
// Rules: BUL-03.
func TestMitigations(t *testing.T) {
	low, top := report("19-01-1", levels{}, levels{}), report("19-01-1", levels{255, 255, 255, true}, levels{255, 255, 255, true})
	for _, r := range []*snpreport.Report{low, top} {
		before := fmt.Sprint(bulletin.Assess(r, nil))
		r.LaunchMitVector, r.CurrentMitVector = 1<<64-1, 1<<64-1
		if fmt.Sprint(bulletin.Assess(r, nil)) != before {
			t.Error("a mitigation bit decided")
		}
	}
}

// TestTable: ids are known, in order, and told once; what is given out is a copy.
func TestTable(t *testing.T) {
	list := bulletin.Bulletins()
	if !slices.IsSortedFunc(list, func(a, b bulletin.Bulletin) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) }) {
		t.Error("not in order")
	}
	for i, b := range list {
		if b.Title == "" || b.Breaks == "" || i > 0 && b.ID == list[i-1].ID {
			t.Errorf("%+v", b)
		}
	}
	for i := range list {
		list[i].ID = ""
		clear(list[i].CVEs)
	}
	for _, b := range bulletin.Bulletins() {
		if b.ID == "" || slices.Contains(b.CVEs, "") {
			t.Errorf("the table can be written to: %+v", b)
		}
	}
	got, err := json.Marshal(bulletin.AssessOne("AMD-SB-3019", report("19-01-1", levels{microcode: 0xd5}, levels{microcode: 0xdb}), snpreport.Milan))
	const want = `{"id":"AMD-SB-3019","status":"below","conditions":[{"component":"microcode","level":"219","actual":"213","grade":"A"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	var back bulletin.Assessment
	if err := json.Unmarshal(got, &back); err != nil || back.Status != bulletin.Below {
		t.Errorf("%+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"status":"patched"}`), &back); err == nil {
		t.Error("patched is no status")
	}
}

// TestCVEs: what each bulletin is about.
func TestCVEs(t *testing.T) {
	got := map[string]string{}
	for _, b := range bulletin.Bulletins() {
		got[b.ID] = strings.Join(b.CVEs, " ")
	}
	if diff := cmp.Diff(map[string]string{
		"AMD-SB-3005": "CVE-2023-20592", "AMD-SB-3007": "CVE-2023-31346", "AMD-SB-3011": "CVE-2023-31355", "AMD-SB-3015": "CVE-2024-21944",
		"AMD-SB-3016": "CVE-2023-20585", "AMD-SB-3019": "CVE-2024-56161", "AMD-SB-3020": "CVE-2025-0033",
		"AMD-SB-3023": "CVE-2025-48514 CVE-2025-29948 CVE-2025-29952", "AMD-SB-3027": "CVE-2025-29943",
		"AMD-SB-3030": "CVE-2025-61971 CVE-2025-61972 CVE-2024-36315", "AMD-SB-3033": "", "AMD-SB-3034": "CVE-2025-54510",
		"AMD-SB-3039": "CVE-2025-54509", "AMD-SB-7033": "CVE-2024-36347",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// TestStatusText: each status is read from exactly its own text.
func TestStatusText(t *testing.T) {
	for _, s := range []bulletin.Status{bulletin.NotVisible, bulletin.Below, bulletin.Satisfied} {
		got := bulletin.Status(9)
		if err := got.UnmarshalText([]byte(s.String())); err != nil || got != s {
			t.Errorf("%v: %v, %v", s, got, err)
		}
		for _, text := range []string{s.String() + "x", "x" + s.String(), s.String()[1:], ""} {
			if err := got.UnmarshalText([]byte(text)); err == nil || got != s {
				t.Errorf("%q is read as %v", text, got)
			}
		}
	}
}

// TestUnknownBit: firmware that is too old to have a bit does not show it, and what is
// below stays below, whichever condition comes first.
// Rules: BUL-02.
func TestUnknownBit(t *testing.T) {
	r := report("19-01-1", levels{255, 255, 255, false}, levels{255, 255, 255, false})
	r.CurrentFirmware.Minor = 54
	a := bulletin.AssessOne("AMD-SB-3015", r, snpreport.Milan)
	if a.Status != bulletin.Below || len(a.Conditions) != 2 || a.Conditions[0].Status != bulletin.Below || a.Conditions[1].Status != bulletin.NotVisible || a.Conditions[1].Actual != "unknown" {
		t.Errorf("%+v", a)
	}
}
