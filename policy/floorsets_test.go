package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// A floor that lacks what every product has is met by no report, and says so.
func TestUnmeetable(t *testing.T) {
	for floors, want := range map[string]bool{
		`{"snp": 22}`:                                    true,
		`{"bootloader": 0, "tee": 0, "snp": 0}`:          true,
		`{"fmc": 0, "tee": 0, "snp": 0, "microcode": 0}`: true,
		`{"bootloader": 0, "snp": 0, "microcode": 0}`:    true,
		`{"bootloader": 0, "tee": 0, "microcode": 0}`:    true,
		`{"Milan": {"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}, "19-a0-2": {"snp": 1}}`:             false,
		`{"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}`:                                               false,
		`{"Milan": {"snp": 1}, "Genoa": {"tee": 1}}`:                                                          true,
		`{"Milan": {"snp": 1}, "Genoa": {"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0}}`:               false,
		`{"Milan": {"snp": 1}, "19-a0-2": {"bootloader": 0, "tee": 0, "snp": 0, "microcode": 0, "fmc": 200}}`: false,
	} {
		f, err := policy.ParseFloors([]byte(floors))
		if err != nil {
			t.Fatal(err)
		}
		p, err := policy.New(policy.Rules{MinTCB: f})
		if err != nil {
			t.Fatal(err)
		}
		noted := slices.ContainsFunc(p.Notes(), func(s string) bool { return strings.HasPrefix(s, "min_tcb: no report of any product can meet") })
		if f.Unmeetable() != want || noted != want {
			t.Errorf("%s: %v, notes %q", floors, f.Unmeetable(), p.Notes())
		}
		met := false
		for _, product := range snpreport.Products() {
			o := p.Evaluate(good(product))
			met = met || o.Accepts()
			said := slices.ContainsFunc(o.Violations, func(v policy.Violation) bool { return strings.HasPrefix(v.Message, "no report of any product") })
			if covered := len(o.Violations) > 0 && o.Violations[0].Expected != "a floor that applies"; covered && want != said {
				t.Errorf("%s: %+v", floors, o.Violations)
			}
		}
		if met && want {
			t.Errorf("%s: met", floors)
		}
	}
	if (*policy.Floors)(nil).Unmeetable() || policy.Default().Notes() != nil {
		t.Error("nothing is demanded")
	}
}

// A Floors of nothing answers too.
func TestNilFloors(t *testing.T) {
	var f *policy.Floors
	if text, err := f.MarshalJSON(); string(text) != "{}" || err != nil {
		t.Error(string(text), err)
	}
}

// What MarshalJSON writes, ParseFloors reads.
func TestFloorsRoundTrip(t *testing.T) {
	for _, text := range []string{`{"fmc":1,"bootloader":2,"tee":3,"snp":4,"microcode":255}`, `{"Milan":{"snp":1},"Turin":{"fmc":0},"19-01-1":{"tee":9},"1a-02-0":{"snp":2}}`} {
		f, err := policy.ParseFloors([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.MarshalJSON(); string(got) != text || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, text)
		}
	}
}

// A copy of floors shares no map with them.
func TestFloorsClone(t *testing.T) {
	text := []byte(`{"Milan": {"snp": 1}, "Genoa": {"snp": 2}, "19-01-1": {"snp": 3}, "1a-02-0": {"snp": 4}}`)
	f, err := policy.ParseFloors(text)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Clone()
	for _, floors := range []map[snpreport.Product]policy.Floor{c.ByProduct} {
		for p := range floors {
			floors[p][snpreport.SNP] = 9
		}
	}
	for die := range c.ByDie {
		c.ByDie[die][snpreport.SNP] = 9
	}
	delete(c.ByProduct, milan)
	clear(c.ByDie)
	if same, err := policy.ParseFloors(text); err != nil || !cmp.Equal(same, f) {
		t.Error(cmp.Diff(same, f), err)
	}
	flat := &policy.Floors{Any: policy.Floor{snpreport.SNP: 1}}
	if flat.Clone().Any[snpreport.SNP] = 2; flat.Any[snpreport.SNP] != 1 {
		t.Error("a copy shares the floor for all")
	}
}

// Every floor is checked, whichever is wrong.
func TestEveryFloorIsChecked(t *testing.T) {
	good, unknown := policy.Floor{snpreport.SNP: 1}, policy.Floor{9: 1, snpreport.SNP: 1}
	for name, f := range map[string]*policy.Floors{
		"first empty":       {ByProduct: map[snpreport.Product]policy.Floor{milan: {}, turin: good}},
		"last empty":        {ByProduct: map[snpreport.Product]policy.Floor{milan: good, turin: {}}},
		"die empty":         {ByProduct: map[snpreport.Product]policy.Floor{milan: good}, ByDie: map[snpreport.CPUID]policy.Floor{{Family: 0x19}: {}}},
		"first unknown":     {ByProduct: map[snpreport.Product]policy.Floor{milan: unknown, turin: good}},
		"last unknown":      {ByProduct: map[snpreport.Product]policy.Floor{milan: good, turin: unknown}},
		"unknown component": {Any: unknown},
		"unknown product":   {ByProduct: map[snpreport.Product]policy.Floor{milan: good, turin: good, 9: good}},
	} {
		for range 20 { // maps have no order
			if _, err := policy.New(policy.Rules{MinTCB: f}); err == nil {
				t.Fatalf("%s: accepted", name)
			}
		}
	}
	for _, size := range []int{policy.MaxFile, policy.MaxFile + 1} {
		text := `{"snp": 1}`
		if _, err := policy.ParseFloors([]byte(text + strings.Repeat(" ", size-len(text)))); (err == nil) != (size == policy.MaxFile) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// Notes are of all policies that were joined, and of both floors.
func TestNotesOfAll(t *testing.T) {
	bad, fine := parse(t, `"min_launch_tcb": {"snp": 1}`), policy.Default()
	for _, p := range []policy.Policy{policy.Intersect(bad, fine), policy.Intersect(fine, bad), policy.Intersect(fine, bad, fine)} {
		if notes := p.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "min_launch_tcb: ") {
			t.Errorf("got %q", notes)
		}
	}
}
