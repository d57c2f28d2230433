package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// setLevel returns v with one component's level changed.
func setLevel(p snpreport.Product, v snpreport.TCBVersion, c snpreport.Component, level uint8) snpreport.TCBVersion {
	t, _ := v.For(p)
	levels := map[snpreport.Component]uint8{}
	for _, c := range t.Components() {
		levels[c], _ = t.Level(c)
	}
	levels[c] = level
	out, ok := snpreport.NewTCB(p, levels)
	if !ok {
		panic("no such component")
	}
	return out.Raw()
}

func level(p snpreport.Product, v snpreport.TCBVersion, c snpreport.Component) uint8 {
	t, _ := v.For(p)
	l, _ := t.Level(c)
	return l
}

// POL-03, POL-23: every component of every product, one below its floor, at it
// and above it. All others are as high as can be, so that nothing is made up for.
//
// Lesson: levels compared as one integer, or in the layout of another product.
func TestFloorOfEachComponent(t *testing.T) {
	top := func(p snpreport.Product) snpreport.TCBVersion { return tcb(p, 255, 255, 255, 255, 255) }
	for _, p := range snpreport.Products() {
		for _, c := range []snpreport.Component{snpreport.FMC, snpreport.BootLoader, snpreport.TEE, snpreport.SNP, snpreport.Microcode} {
			if _, ok := func() (uint8, bool) { t, _ := top(p).For(p); return t.Level(c) }(); !ok {
				continue
			}
			for _, field := range []string{"REPORTED_TCB", "COMMITTED_TCB", "LAUNCH_TCB"} {
				for delta := -1; delta <= 1; delta++ {
					floor := policy.Floor{snpreport.FMC: 0, snpreport.BootLoader: 0, snpreport.TEE: 0, snpreport.SNP: 0, snpreport.Microcode: 0}
					floor[c] = 100
					rules, rule, name := policy.Rules{MinTCB: &policy.Floors{Any: floor}}, "POL-03", "min_tcb"
					if field == "LAUNCH_TCB" {
						rules, rule, name = policy.Rules{MinLaunchTCB: &policy.Floors{Any: floor}}, "POL-23", "min_launch_tcb"
					}
					pol, err := policy.New(rules)
					if err != nil {
						t.Fatal(err)
					}
					f := change(good(p), func(f *policy.Facts, r *snpreport.Report) {
						r.CurrentTCB, r.ReportedTCB, r.CommittedTCB, r.LaunchTCB = top(p), top(p), top(p), top(p)
						v := map[string]*snpreport.TCBVersion{"REPORTED_TCB": &r.ReportedTCB, "COMMITTED_TCB": &r.CommittedTCB, "LAUNCH_TCB": &r.LaunchTCB}[field]
						*v = setLevel(p, *v, c, uint8(100+delta))
					})
					var want []string
					if delta < 0 {
						want = []string{fmt.Sprintf("%s %s %v: at least 100 | %s 99", rule, name, c, field)}
					}
					expect(t, pol, f, want...)
				}
			}
		}
	}
}

// Lesson: the level of the running platform checked instead of the certified one.
// CURRENT_TCB plays no part.
func TestFloorIgnoresCurrent(t *testing.T) {
	p := parse(t, `"min_tcb": {"bootloader": 10, "tee": 5, "snp": 27, "microcode": 219}`)
	expect(t, p, change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.CurrentTCB = snpreport.TCBVersion{} }))
	expect(t, p, change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB = snpreport.TCBVersion{} }))
}

func TestWhichFloorApplies(t *testing.T) {
	const (
		low  = `{"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0, "fmc": 0}`
		high = `{"bootloader": 10, "tee": 5, "snp": 28, "microcode": 0, "fmc": 0}`
	)
	below := []string{"POL-03 min_tcb snp: at least 28 | REPORTED_TCB 27", "POL-03 min_tcb snp: at least 28 | COMMITTED_TCB 27"}
	for _, tt := range []struct {
		name    string
		floors  string
		product snpreport.Product
		version uint32
		want    []string
	}{
		{"flat", low, genoa, 5, nil},
		{"flat, below", high, genoa, 5, below},
		{"product", `{"Genoa": ` + low + `, "Milan": ` + high + `}`, genoa, 5, nil},
		{"product, below", `{"Genoa": ` + high + `, "Milan": ` + low + `}`, genoa, 5, below},
		{"die", `{"19-a0-2": ` + low + `, "19-11-1": ` + high + `}`, genoa, 5, nil},
		{"die, below", `{"19-a0-2": ` + high + `}`, genoa, 5, below},
		{"die before product", `{"19-a0-2": ` + low + `, "Genoa": ` + high + `}`, genoa, 5, nil},
		{"die before product, below", `{"Genoa": ` + low + `, "19-a0-2": ` + high + `}`, genoa, 5, below},
		{"other die falls to product", `{"19-11-1": ` + low + `, "Genoa": ` + high + `}`, genoa, 5, below},
		{"version 2 falls to product", `{"19-a0-2": ` + low + `, "Genoa": ` + high + `}`, genoa, 2, below},
		{"version 2, zero die", `{"00-00-0": ` + low + `, "Genoa": ` + high + `}`, genoa, 2, below},
		{"version 2, die only", `{"19-a0-2": ` + low + `}`, genoa, 2,
			[]string{"POL-03 min_tcb: a floor that applies | a version 2 report, which names no die, and no floor for Genoa"}},
		{"no such product", `{"Milan": ` + low + `}`, genoa, 5,
			[]string{"POL-03 min_tcb: a floor that applies | no floor for Genoa or die 19-a0-2"}},
		{"other stepping", `{"19-a0-1": ` + low + `}`, genoa, 3,
			[]string{"POL-03 min_tcb: a floor that applies | no floor for Genoa or die 19-a0-2"}},
		{"no fmc for Turin", `{"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}`, turin, 5,
			[]string{"POL-03 min_tcb fmc: a floor for fmc, which Turin has | none"}},
		{"no fmc for Milan", `{"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}`, milan, 5, nil},
		{"fmc for Milan is ignored", `{"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0, "fmc": 255}`, milan, 5, nil},
		{"one component only", `{"snp": 27}`, milan, 5,
			[]string{"POL-03 min_tcb bootloader: a floor for bootloader, which Milan has | none",
				"POL-03 min_tcb tee: a floor for tee, which Milan has | none",
				"POL-03 min_tcb microcode: a floor for microcode, which Milan has | none"}},
		{"one component, below", `{"Milan": {"snp": 28, "tee": 0, "microcode": 0}}`, milan, 5,
			append([]string{"POL-03 min_tcb bootloader: a floor for bootloader, which Milan has | none"}, below...)},
		{"product lacks what die has", `{"Milan": ` + low + `, "19-01-1": {"snp": 1}}`, milan, 5,
			[]string{"POL-03 min_tcb bootloader: a floor for bootloader, which Milan has | none",
				"POL-03 min_tcb tee: a floor for tee, which Milan has | none",
				"POL-03 min_tcb microcode: a floor for microcode, which Milan has | none"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := change(good(tt.product), func(f *policy.Facts, r *snpreport.Report) {
				if r.Version = tt.version; r.Version == 2 {
					r.CPUID = snpreport.CPUID{}
				}
			})
			expect(t, parse(t, `"min_tcb": `+tt.floors), f, tt.want...)
		})
	}
}

// The highest floor of each component counts, and each policy must cover the
// evidence by itself.
func TestJoinedFloors(t *testing.T) {
	a := parse(t, `"min_tcb": {"bootloader": 11, "tee": 0, "snp": 27, "microcode": 0}`)
	b := parse(t, `"min_tcb": {"Milan": {"bootloader": 10, "tee": 0, "snp": 28, "microcode": 0}}`)
	c := parse(t, `"min_tcb": {"Genoa": {"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}}`)
	want := []string{
		"POL-03 min_tcb bootloader: at least 11 | REPORTED_TCB 10", "POL-03 min_tcb snp: at least 28 | REPORTED_TCB 27",
		"POL-03 min_tcb bootloader: at least 11 | COMMITTED_TCB 10", "POL-03 min_tcb snp: at least 28 | COMMITTED_TCB 27",
	}
	expect(t, policy.Intersect(a, policy.Default(), b), good(milan), want...)
	expect(t, policy.Intersect(b, a), good(milan), want...)
	expect(t, policy.Intersect(c, a, b), good(milan), append([]string{"POL-03 min_tcb: a floor that applies | no floor for Milan or die 19-01-1"}, want...)...)
}

// POL-67.
func TestParseFloors(t *testing.T) {
	const floor = `{"snp": 1}`
	for _, tt := range []struct{ name, text, want string }{
		{"flat", `{"bootloader": 0, "tee": 1, "snp": 2, "microcode": 255, "fmc": 3}`, ""},
		{"mixed product and die", `{"Milan": ` + floor + `, "19-01-1": ` + floor + `}`, ""},
		{"die of ff", `{"ff-ff-f": ` + floor + `}`, ""},
		{"empty", `{}`, "POL-67 text"},
		{"empty product", `{"Milan": {}}`, "POL-67 text"},
		{"empty die", `{"Milan": ` + floor + `, "19-01-1": {}}`, "POL-67 text"},
		{"flat and product", `{"snp": 1, "Milan": ` + floor + `}`, "POL-67 text"},
		{"die and flat", `{"19-01-1": ` + floor + `, "snp": 1}`, "POL-67 text"},
		{"unknown", `{"ucode": 1}`, "POL-67 ucode"},
		{"component in upper case", `{"SNP": 1}`, "POL-67 SNP"},
		{"folded component", "{\"\u017fnp\": 1}", `POL-67 "\u017fnp"`},
		{"product in lower case", `{"milan": ` + floor + `}`, "POL-67 milan"},
		{"other product", `{"Venice": ` + floor + `}`, "POL-67 Venice"},
		{"unknown inside", `{"Milan": {"snp": 1, "smp": 1}}`, "POL-67 Milan.smp"},
		{"product inside product", `{"Milan": {"Milan": {"snp": 1}}}`, "POL-67 Milan.Milan"},
		{"die in upper case", `{"19-A0-2": ` + floor + `}`, "POL-67 19-A0-2"},
		{"die too short", `{"19-1-1": ` + floor + `}`, "POL-67 19-1-1"},
		{"die too long", `{"19-01-01": ` + floor + `}`, "POL-67 19-01-01"},
		{"die without dashes", `{"19x01x1": ` + floor + `}`, "POL-67 19x01x1"},
		{"die no hex", `{"1g-01-1": ` + floor + `}`, "POL-67 1g-01-1"},
		{"level -1", `{"snp": -1}`, "JSN-15 snp"},
		{"level 256", `{"snp": 256}`, "JSN-15 snp"},
		{"level 1.0", `{"snp": 1.0}`, "JSN-14 snp"},
		{"level text", `{"snp": "1"}`, "JSN-13 snp"},
		{"level null", `{"snp": null}`, "JSN-12 snp"},
		{"level object", `{"snp": {"snp": 1}}`, "JSN-13 snp"},
		{"product with level", `{"Milan": 1}`, "JSN-13 Milan"},
		{"list", `[]`, "JSN-04 text"},
		{"null", `null`, "JSN-04 text"},
		{"packed", `8286623314361712643`, "JSN-04 text"},
		{"absent", "", "JSN-04 text"},
		{"too long", `{"snp": 1}` + strings.Repeat(" ", policy.MaxFile), "JSN-01 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := policy.ParseFloors([]byte(tt.text))
			var e *rule.ConfigError
			if errors.As(err, &e); err == nil && tt.want != "" || err != nil && e.Rule()+" "+e.Fault().Where != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if (got == nil) != (tt.want != "") {
				t.Errorf("got %v with %v", got, err)
			}
		})
	}
	got, err := policy.ParseFloors([]byte(`{"Milan": {"snp": 1, "microcode": 255}, "19-a0-2": {"fmc": 3}}`))
	want := &policy.Floors{
		ByProduct: map[snpreport.Product]policy.Floor{milan: {snpreport.SNP: 1, snpreport.Microcode: 255}},
		ByDie:     map[snpreport.CPUID]policy.Floor{{Family: 0x19, Model: 0xa0, Stepping: 2}: {snpreport.FMC: 3}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestNoDie: a part of the name of a die, or more than it, names none.
func TestNoDie(t *testing.T) {
	for _, name := range []string{"", "0", "00", "00-00-", "-0", "00-00-00", "x00-00-0", "00-00-0x", "000-00-0", "00-00-0 ", "00-00_0", "0X-00-0", "00-0A-0", `19-a0-2\u0000`} {
		if _, err := policy.ParseFloors([]byte(`{"` + name + `": {"snp": 1}}`)); err == nil || !strings.Contains(err.Error(), "[POL-67]") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := policy.ParseFloors([]byte(`{"00-00-0": {"snp": 1}}`)); err != nil {
		t.Error(err)
	}
}
