package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

func TestRelax(t *testing.T) {
	for _, tt := range []struct {
		name  string
		relax policy.Relax
		edit  edit
	}{
		{"allow-debug", policy.Relax{Debug: true}, func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyDebug }},
		{"allow-migration", policy.Relax{Migration: true}, func(f *policy.Facts, r *snpreport.Report) {
			r.GuestPolicy |= snpreport.PolicyMigrateMA
			fill(r.ReportIDMA[:], 7)
		}},
		{"allow-vlek", policy.Relax{VLEK: true}, func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, r.ChipID = vlek, [64]byte{} }},
		{"vmpl=1", policy.Relax{VMPL: 1}, func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 }},
		{"vmpl=3", policy.Relax{VMPL: 3}, func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 3 }},
	} {
		f, p := change(good(genoa), tt.edit), policy.Default()
		if p.Evaluate(f).Accepts() {
			t.Errorf("%s: accepted without the relaxation", tt.name)
		}
		expect(t, p.Relax(tt.relax), f)
		if got := p.Relax(tt.relax).Relaxed(); !cmp.Equal(got, []string{tt.name}) {
			t.Errorf("%s: echoed as %q", tt.name, got)
		}
		// It lifts nothing else, is replaced by the next one, and leaves p alone.
		for _, other := range []policy.Relax{{}, {Debug: tt.relax.Debug != true, Migration: !tt.relax.Migration, VLEK: !tt.relax.VLEK, VMPL: tt.relax.VMPL ^ 2}} {
			if p.Relax(tt.relax).Relax(other).Evaluate(f).Accepts() {
				t.Errorf("%s: accepted with %+v", tt.name, other)
			}
		}
		if p.Relaxed() != nil {
			t.Errorf("%s: Default is relaxed", tt.name)
		}
	}
	all := parse(t, `"guest_policy": {"allow_unknown_bits": true}`).Relax(policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: 2})
	want := []string{"allow-debug", "allow-migration", "allow-vlek", "vmpl=2", "allow_unknown_bits"}
	if diff := cmp.Diff(want, all.Relaxed()); diff != "" {
		t.Error(diff)
	}
}

// A relaxation never lifts what a policy file demands.
func TestFileOnlyTightens(t *testing.T) {
	everything := policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: 1}
	f := change(good(milan), func(f *policy.Facts, r *snpreport.Report) {
		r.GuestPolicy |= snpreport.PolicyDebug | snpreport.PolicyMigrateMA
		r.ReportIDMA = [32]byte{}
		f.SigningKey, r.VMPL = vlek, 1
	})
	expect(t, policy.Default().Relax(everything), f)
	for members, want := range map[string]string{
		`"guest_policy": {"forbid": ["debug"]}`:      "POL-25 guest_policy.forbid debug: clear | set",
		`"guest_policy": {"forbid": ["migrate_ma"]}`: "POL-25 guest_policy.forbid migrate_ma: clear | set",
		`"report_id_ma": "` + hexes(0xff, 32) + `"`:  "POL-37 report_id_ma: " + hexes(0xff, 32) + " | " + hexes(0, 32),
		`"signing_keys": ["vcek"]`:                   "POL-21 signing_keys: vcek | vlek",
		`"vmpl": 0`:                                  "POL-22 vmpl: 0 | 1",
	} {
		expect(t, policy.Intersect(policy.Default(), parse(t, members)).Relax(everything), f, want)
	}
	// Nor does the file lift a rule.
	expect(t, parse(t, `"vmpl": 1`), change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 }), "POL-11 vmpl: 0 | 1")
	expect(t, parse(t, `"vmpl": 1`), good(milan), "POL-22 vmpl: 1 | 0")
	expect(t, parse(t, `"signing_keys": ["vlek"]`), change(good(milan), func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek }),
		"POL-12 signing_keys: vcek | vlek")
	expect(t, parse(t, `"signing_keys": ["vlek"]`), good(milan), "POL-21 signing_keys: vlek | vcek")
}

func TestIntersect(t *testing.T) {
	m := func(c ...byte) policy.Policy {
		var r policy.Rules
		for _, c := range c {
			r.Measurements = append(r.Measurements, hexes(c, 48))
		}
		p, err := policy.New(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	f := good(turin)
	expect(t, policy.Intersect(m(0x3e), m(1, 0x3e)), f)
	// Each list must have it; that it is on one of them is not enough.
	expect(t, policy.Intersect(m(0x3e), m(1, 2)), f, "POL-02 measurements: one of 2 allowed measurements | "+hexes(0x3e, 48))
	expect(t, policy.Intersect(m(3), m(0x3e)), f, "POL-02 measurements: the one allowed measurement | "+hexes(0x3e, 48))
	expect(t, policy.Intersect(policy.Default(), m(0x3e), policy.Default()), f)
	expect(t, policy.Intersect(policy.Intersect(m(3)), m(0x3e)), f, "POL-02 measurements: the one allowed measurement | "+hexes(0x3e, 48))

	const zero = "POL-01 policy: a policy | the zero Policy, which accepts nothing"
	expect(t, policy.Intersect(), f, zero)
	expect(t, policy.Intersect(policy.Policy{}), f, zero)
	expect(t, policy.Intersect(m(0x3e), policy.Policy{}), f, zero)
	expect(t, policy.Intersect(policy.Policy{}, m(0x3e)), f, zero)
	expect(t, policy.Intersect(m(0x3e), policy.Policy{}).Relax(policy.Relax{}), f, zero)

	// A relaxation holds when all have it.
	relaxed, d := policy.Relax{Debug: true, Migration: true, VLEK: true}, policy.Default()
	if got := policy.Intersect(d.Relax(relaxed), d.Relax(relaxed)).Relaxed(); len(got) != 3 {
		t.Errorf("got %q", got)
	}
	for _, p := range []policy.Policy{policy.Intersect(d.Relax(relaxed), d), policy.Intersect(d, d.Relax(relaxed))} {
		if got := p.Relaxed(); got != nil {
			t.Errorf("got %q", got)
		}
	}
	expect(t, policy.Intersect(d.Relax(policy.Relax{VMPL: 1}), d), f, zero)
	expect(t, policy.Intersect(d.Relax(policy.Relax{VMPL: 1}), d.Relax(policy.Relax{VMPL: 1})), change(f, func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 }))
}

// Narrow adds demands and keeps the relaxations.
func TestNarrow(t *testing.T) {
	wide := parse(t, `"products": ["Turin"]`).Relax(policy.Relax{VLEK: true, VMPL: 1})
	p, err := wide.Narrow(policy.Rules{Measurements: []string{hexes(0x3e, 48)}})
	if err != nil {
		t.Fatal(err)
	}
	f := change(good(turin), func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, r.VMPL = vlek, 1 })
	expect(t, p, f)
	expect(t, p, change(f, func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0] = 0; f.Product = 0 }), "POL-04 facts: a product | unknown product")
	expect(t, p, change(f, func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0] = 0 }),
		"POL-02 measurements: the one allowed measurement | 00"+hexes(0x3e, 47))
	expect(t, p, change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 }), "POL-20 products: Turin | Milan")
	if p, err = wide.Narrow(policy.Rules{Measurements: []string{}}); err == nil || !p.IsZero() {
		t.Errorf("got %v", err)
	}
	if p, err = (policy.Policy{}).Narrow(policy.Rules{}); err == nil || !p.IsZero() {
		t.Errorf("the zero Policy became another: %v", err)
	}
}

// POL-09, POL-10, POL-29: one says true and none says false.
func TestAllowUnknownBits(t *testing.T) {
	unsaid := policy.Default()
	yes := parse(t, `"guest_policy": {"allow_unknown_bits": true}`)
	no := parse(t, `"guest_policy": {"allow_unknown_bits": false}`)
	unknown := []policy.Facts{
		change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 40 }),
		change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.CurrentTCB[3] = 1 }),
		change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.ReportedTCB[3] = 1 }),
		change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.CommittedTCB[3] = 1 }),
		change(good(turin), func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB[4] = 1 }),
	}
	for _, tt := range []struct {
		name string
		p    policy.Policy
		want bool
	}{
		{"unsaid", unsaid, false},
		{"no", no, false},
		{"yes", yes, true},
		{"yes and unsaid", policy.Intersect(yes, unsaid), true},
		{"unsaid and yes", policy.Intersect(unsaid, yes), true},
		{"yes and no", policy.Intersect(yes, no), false},
		{"no and yes", policy.Intersect(no, yes), false},
		{"unsaid and no", policy.Intersect(unsaid, no), false},
		{"all", policy.Intersect(yes, unsaid, no, yes), false},
		{"zero", policy.Intersect(yes, policy.Policy{}), false},
	} {
		for i, f := range unknown {
			if got := tt.p.Evaluate(f).Accepts(); got != tt.want {
				t.Errorf("%s: facts %d accepted: %v", tt.name, i, got)
			}
		}
		if got := tt.p.Relaxed(); cmp.Equal(got, []string{"allow_unknown_bits"}) != tt.want || !tt.want && got != nil {
			t.Errorf("%s: relaxed %q", tt.name, got)
		}
	}
	// The platform's bits are another matter: any no refuses.
	odd := change(good(turin), func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo |= 1 << 9 })
	expect(t, policy.Default(), odd)
	yes, no = parse(t, `"platform_info": {"allow_unknown_bits": true}`), parse(t, `"platform_info": {"allow_unknown_bits": false}`)
	expect(t, policy.Intersect(policy.Default(), yes), odd)
	expect(t, policy.Intersect(yes, no), odd, "POL-29 platform_info.allow_unknown_bits: no unknown bit | 0x200")
	if yes.Relaxed() != nil {
		t.Error("it is no relaxation")
	}
}

// What real machines say is accepted by default, and what no verifier may let
// through is not. Each row is a mistake that verifiers have made.
func TestLessons(t *testing.T) {
	for _, tt := range []struct {
		lesson string
		edit   edit
		accept bool
	}{
		{"platform bit 6 was an error, and real Turin sets it", func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo = 0x65 }, true},
		{"committed had to equal current, which real hosts do not", func(f *policy.Facts, r *snpreport.Report) {
			r.CommittedTCB = setLevel(milan, r.CommittedTCB, snpreport.Microcode, 218)
			r.ReportedTCB = setLevel(milan, r.ReportedTCB, snpreport.Microcode, 217)
			r.CommittedFirmware.Build = 40
		}, true},
		{"TSME was required, and real hosts do without", func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo &^= snpreport.PlatformTSMEEn }, true},
		{"the debug check was left to the caller", func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyDebug }, false},
		{"a VLEK passed as a VCEK", func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek }, false},
		{"a report of the host passed", func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 0xffffffff }, false},
		{"a set reserved byte of a TCB passed", func(f *policy.Facts, r *snpreport.Report) { r.ReportedTCB[4] = 0x80 }, false},
	} {
		if got := policy.Default().Evaluate(change(good(milan), tt.edit)).Accepts(); got != tt.accept {
			t.Errorf("%s: accepted: %v", tt.lesson, got)
		}
	}
	// Lesson: an absent bit shown and judged as clear. Unknown does not meet require.
	old := change(good(milan), func(f *policy.Facts, r *snpreport.Report) {
		r.Version, r.PlatformInfo, r.CurrentFirmware.Minor, r.CPUID = 2, 0, 51, snpreport.CPUID{}
	})
	for _, b := range snpreport.PlatformInfoBits() {
		if parse(t, `"platform_info": {"require": ["`+b.Name+`"]}`).Evaluate(old).Accepts() {
			t.Errorf("%s is not set, and accepted", b.Name)
		}
		expect(t, parse(t, `"platform_info": {"forbid": ["`+b.Name+`"]}`), old)
	}
}

// Every named bit can be required and forbidden by its name, and lifts no other.
func TestEveryBit(t *testing.T) {
	for _, b := range snpreport.GuestPolicyBits() {
		f := change(good(turin), func(f *policy.Facts, r *snpreport.Report) {
			r.GuestPolicy = snpreport.PolicyReserved1 | snpreport.GuestPolicy(b.Mask)
		})
		everything := policy.Relax{Debug: true, Migration: true}
		for _, other := range snpreport.GuestPolicyBits() {
			same := b == other
			if got := parse(t, `"guest_policy": {"require": ["`+other.Name+`"]}`).Relax(everything).Evaluate(f).Accepts(); got != same {
				t.Errorf("%s set, %s required: %v", b.Name, other.Name, got)
			}
			if got := parse(t, `"guest_policy": {"forbid": ["`+other.Name+`"]}`).Relax(everything).Evaluate(f).Accepts(); got == same {
				t.Errorf("%s set, %s forbidden: %v", b.Name, other.Name, got)
			}
		}
	}
	for _, b := range snpreport.PlatformInfoBits() {
		f := change(good(turin), func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo = snpreport.PlatformInfo(b.Mask) })
		for _, other := range snpreport.PlatformInfoBits() {
			same := b == other
			if got := parse(t, `"platform_info": {"require": ["`+other.Name+`"]}`).Evaluate(f).Accepts(); got != same {
				t.Errorf("%s set, %s required: %v", b.Name, other.Name, got)
			}
			if got := parse(t, `"platform_info": {"forbid": ["`+other.Name+`"]}`).Evaluate(f).Accepts(); got == same {
				t.Errorf("%s set, %s forbidden: %v", b.Name, other.Name, got)
			}
		}
	}
}

// New keeps nothing of what it was given.
func TestNoAliasing(t *testing.T) {
	vmpl, build := uint32(0), uint8(49)
	floor := policy.Floor{snpreport.SNP: 27, snpreport.BootLoader: 0, snpreport.TEE: 0, snpreport.Microcode: 0}
	byDie := map[snpreport.CPUID]policy.Floor{dies[milan]: floor}
	r := policy.Rules{
		Measurements: []string{hexes(0x3e, 48)}, CSPIDs: nil, VMPL: &vmpl, MinTCB: &policy.Floors{ByDie: byDie},
		MinLaunchTCB: &policy.Floors{Any: policy.Floor{snpreport.SNP: 0, snpreport.BootLoader: 0, snpreport.TEE: 0, snpreport.Microcode: 0}},
		Firmware:     policy.FirmwareRules{MinBuild: &build},
	}
	p, err := policy.New(r)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, p, good(milan))
	r.Measurements[0], vmpl, build, floor[snpreport.SNP] = hexes(1, 48), 3, 255, 255
	r.MinLaunchTCB.Any[snpreport.TEE] = 255
	delete(byDie, dies[milan])
	expect(t, p, good(milan))

	list := p.Evaluate(change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0] = 0 })).Violations[0].Allowed
	list[0] = ""
	again := p.Evaluate(change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0] = 0 })).Violations[0].Allowed
	if diff := cmp.Diff([]string{hexes(0x3e, 48)}, again, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// Bit 17 is in the row of what allow_unknown_bits lifts, and nothing else lifts it.
func TestReserved1(t *testing.T) {
	f := good(milan)
	f.Report.GuestPolicy &^= snpreport.PolicyReserved1
	if !parse(t, `"guest_policy": {"allow_unknown_bits": true}`).Evaluate(f).Accepts() {
		t.Error("POL-08 is not lifted")
	}
	if policy.Default().Evaluate(f).Accepts() || parse(t, `"guest_policy": {"allow_unknown_bits": false}`).Evaluate(f).Accepts() {
		t.Error("POL-08 is lifted")
	}
}
