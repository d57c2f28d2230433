package policy_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// drawFacts returns good facts with a few things changed, so that policies are
// met about as often as not.
func drawFacts(t *rapid.T) policy.Facts {
	p := rapid.SampledFrom(snpreport.Products()).Draw(t, "product")
	edits := map[string]edit{
		"version": func(f *policy.Facts, r *snpreport.Report) {
			if r.Version = rapid.Uint32Range(2, 5).Draw(t, "version"); r.Version == 2 {
				r.CPUID = snpreport.CPUID{}
			}
		},
		"guest policy": func(f *policy.Facts, r *snpreport.Report) {
			r.GuestPolicy = snpreport.PolicyReserved1 | snpreport.GuestPolicy(rapid.Uint64Range(0, 1<<26-1).Draw(t, "policy"))
		},
		"platform info": func(f *policy.Facts, r *snpreport.Report) {
			r.PlatformInfo = snpreport.PlatformInfo(rapid.Uint64Range(0, 1<<9-1).Draw(t, "info"))
		},
		"unknown":  func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 33 },
		"reserved": func(f *policy.Facts, r *snpreport.Report) { r.CurrentTCB[4] = 1 },
		"vlek": func(f *policy.Facts, r *snpreport.Report) {
			f.SigningKey, r.KeyInfo = vlek, 4
			f.CSPID = rapid.SampledFrom([]string{"", "cloud", "a\"\\\x01\n\u2028é"}).Draw(t, "csp")
			if rapid.Bool().Draw(t, "masked") {
				r.ChipID = [64]byte{}
			}
		},
		"vmpl":   func(f *policy.Facts, r *snpreport.Report) { r.VMPL = rapid.Uint32Range(0, 3).Draw(t, "vmpl") },
		"tcb":    func(f *policy.Facts, r *snpreport.Report) { r.ReportedTCB = drawTCB(t, p) },
		"commit": func(f *policy.Facts, r *snpreport.Report) { r.CommittedTCB = drawTCB(t, p) },
		"launch": func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB = drawTCB(t, p) },
		"agent":  func(f *policy.Facts, r *snpreport.Report) { fill(r.ReportIDMA[:], 1) },
		"build": func(f *policy.Facts, r *snpreport.Report) {
			r.CommittedFirmware.Build = rapid.Uint8Range(40, 50).Draw(t, "build")
		},
		"no id block": func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} },
		"author":      func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo |= 1; fill(r.AuthorKeyDigest[:], 0xa0) },
		"mitigation": func(f *policy.Facts, r *snpreport.Report) {
			r.LaunchMitVector = rapid.Uint64Range(0, 63).Draw(t, "mitigation")
		},
		"measurement": func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0] = 1 },
		"data":        func(f *policy.Facts, r *snpreport.Report) { fill(r.ReportData[32:], 0) },
		"svn":         func(f *policy.Facts, r *snpreport.Report) { r.GuestSVN = rapid.Uint32Range(6, 8).Draw(t, "svn") },
	}
	f := good(p)
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(sorted(edits)), 0, 3).Draw(t, "edits") {
		f = change(f, edits[name])
	}
	return f
}

func drawTCB(t *rapid.T, p snpreport.Product) snpreport.TCBVersion {
	l := func(name string) uint8 { return rapid.SampledFrom([]uint8{0, 3, 5, 10, 27, 219, 255}).Draw(t, name) }
	return tcb(p, l("bootloader"), l("tee"), l("snp"), l("microcode"), l("fmc"))
}

// drawRules returns a few demands, most of which good facts meet.
func drawRules(t *rapid.T, unknownBits *bool) policy.Rules {
	pick := func(list ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, len(list), rapid.ID).Draw(t, "list")
	}
	zero, build := uint32(0), rapid.Uint8Range(45, 50).Draw(t, "build")
	floor := func() policy.Floor {
		f := policy.Floor{}
		for _, c := range []snpreport.Component{snpreport.FMC, snpreport.BootLoader, snpreport.TEE, snpreport.SNP, snpreport.Microcode} {
			f[c] = rapid.SampledFrom([]uint8{0, 0, 0, 3, 5, 10}).Draw(t, "level")
		}
		return f
	}
	floors := func() *policy.Floors {
		if rapid.Bool().Draw(t, "flat") {
			return &policy.Floors{Any: floor()}
		}
		return &policy.Floors{
			ByProduct: map[snpreport.Product]policy.Floor{milan: floor(), genoa: floor(), turin: floor()},
			ByDie:     map[snpreport.CPUID]policy.Floor{dies[genoa]: floor()},
		}
	}
	no := false
	members := map[string]func(r *policy.Rules){
		"measurements": func(r *policy.Rules) { r.Measurements = pick(hexes(0x3e, 48), hexes(1, 48)) },
		"products":     func(r *policy.Rules) { r.Products = pick("Milan", "Genoa", "Turin") },
		"keys":         func(r *policy.Rules) { r.SigningKeys = pick("vcek", "vlek") },
		"vmpl":         func(r *policy.Rules) { r.VMPL = &zero },
		"min_tcb":      func(r *policy.Rules) { r.MinTCB = floors() },
		"launch_tcb":   func(r *policy.Rules) { r.MinLaunchTCB = floors() },
		"require":      func(r *policy.Rules) { r.GuestPolicy.Require = []string{"single_socket"} },
		"forbid":       func(r *policy.Rules) { r.GuestPolicy.Forbid = pick("smt", "debug", "migrate_ma") },
		"abi": func(r *policy.Rules) {
			r.GuestPolicy.MinABI = new(rapid.SampledFrom([]string{"1.55", "0.9", "2.0"}).Draw(t, "abi"))
		},
		"platform":    func(r *policy.Rules) { r.PlatformInfo.Require = pick("ecc_en", "alias_check_complete") },
		"platform no": func(r *policy.Rules) { r.PlatformInfo.Forbid = pick("smt_en", "tsme_en") },
		"known":       func(r *policy.Rules) { r.PlatformInfo.AllowUnknownBits = &no },
		"mitigations": func(r *policy.Rules) { r.Mitigations = policy.MitigationRules{Launch: new("0x3"), Current: new("0x1")} },
		"report_data": func(r *policy.Rules) { r.ReportData = new(hexes(0xda, 64)) },
		"tail":        func(r *policy.Rules) { r.ReportDataTailZero = true },
		"host_data":   func(r *policy.Rules) { r.HostData = pick(hexes(0x40, 32), hexes(1, 32)) },
		"family":      func(r *policy.Rules) { r.FamilyID = new(hexes(0xfa, 16)) },
		"agent":       func(r *policy.Rules) { r.ReportIDMA = new(hexes(0xff, 32)) },
		"chips":       func(r *policy.Rules) { r.ChipIDs.Allow = pick(hexes(0xc1, 64), hexes(0xc1, 8)+hexes(0, 56)) },
		"no chips":    func(r *policy.Rules) { r.ChipIDs.Deny = []string{hexes(0xc2, 64)} },
		"leafs":       func(r *policy.Rules) { r.LeafKeys.Allow = pick(hexes(0x1e, 32), hexes(1, 32)) },
		"csp":         func(r *policy.Rules) { r.CSPIDs = []string{"cloud"} },
		"svn":         func(r *policy.Rules) { r.MinGuestSVN = rapid.Uint32Range(5, 8).Draw(t, "svn") },
		"versions":    func(r *policy.Rules) { r.ReportVersions = policy.VersionRange{Min: 3} },
		"firmware":    func(r *policy.Rules) { r.Firmware.MinVersion = new("1.55") },
		"build":       func(r *policy.Rules) { r.Firmware.MinBuild = &build },
		"committed":   func(r *policy.Rules) { r.Firmware.CommittedEqualsCurrent = true },
		"id block":    func(r *policy.Rules) { r.IDBlock.Require = true },
		"id keys":     func(r *policy.Rules) { r.IDBlock.IDKeys = []string{hexes(0x1d, 48)} },
		"author":      func(r *policy.Rules) { r.IDBlock.RequireAuthorKey = true },
	}
	r := policy.Rules{GuestPolicy: policy.GuestPolicyRules{AllowUnknownBits: unknownBits}}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(sorted(members)), 0, 4, rapid.ID).Draw(t, "members") {
		members[name](&r)
	}
	return r
}

func drawRelax(t *rapid.T) policy.Relax {
	return policy.Relax{
		Debug: rapid.Bool().Draw(t, "debug"), Migration: rapid.Bool().Draw(t, "migration"), VLEK: rapid.Bool().Draw(t, "vlek"),
		VMPL: rapid.SampledFrom([]uint32{0, 0, 0, 1}).Draw(t, "relax vmpl"),
	}
}

func mustNew(t *rapid.T, r policy.Rules) policy.Policy {
	p, err := policy.New(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An intersection accepts exactly what all of its parts accept.
func TestIntersectIsAnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unknownBits := rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, "unknown bits")
		p, q := mustNew(t, drawRules(t, unknownBits)), mustNew(t, drawRules(t, unknownBits))
		relax, f := drawRelax(t), drawFacts(t)
		both := p.Relax(relax).Evaluate(f).Accepts() && q.Relax(relax).Evaluate(f).Accepts()
		for _, i := range []policy.Policy{
			policy.Intersect(p, q).Relax(relax),
			policy.Intersect(q, p).Relax(relax),
			policy.Intersect(p.Relax(relax), q.Relax(relax)),
			policy.Intersect(p, policy.Intersect(q, p)).Relax(relax),
		} {
			if got := i.Evaluate(f).Accepts(); got != both {
				t.Fatalf("accepts %v, want %v: %+v", got, both, i.Evaluate(f))
			}
		}
		// Parts that are relaxed apart are never laxer together.
		other := drawRelax(t)
		if policy.Intersect(p.Relax(relax), q.Relax(other)).Evaluate(f).Accepts() &&
			!(p.Relax(relax).Evaluate(f).Accepts() && q.Relax(other).Evaluate(f).Accepts()) {
			t.Fatal("accepts what one part refuses")
		}
	})
}

// With more members, no violation goes away; with fewer relaxations neither.
func TestTighterAcceptsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unknownBits := rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, "unknown bits")
		loose, more := drawRules(t, unknownBits), drawRules(t, unknownBits)
		tight := loose
		fillIn(reflect.ValueOf(&tight).Elem(), reflect.ValueOf(more))
		p, err := policy.New(tight)
		if err != nil {
			t.Skip("contradiction")
		}
		relax, f := drawRelax(t), drawFacts(t)
		if p.Relax(relax).Evaluate(f).Accepts() && !mustNew(t, loose).Relax(relax).Evaluate(f).Accepts() {
			t.Fatalf("%+v accepts what %+v refuses", tight, loose)
		}
		lax := policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: relax.VMPL}
		if p.Relax(relax).Evaluate(f).Accepts() && !p.Relax(lax).Evaluate(f).Accepts() {
			t.Fatal("a relaxation refuses")
		}
		if !policy.Default().Relax(relax).Evaluate(f).Accepts() && p.Relax(relax).Evaluate(f).Accepts() && len(p.Relaxed()) == 0 {
			t.Fatal("a policy lifts a rule of Default")
		}
	})
}

// fillIn sets what is zero in dst to what src has.
func fillIn(dst, src reflect.Value) {
	for i := range dst.NumField() {
		if d, s := dst.Field(i), src.Field(i); d.Kind() == reflect.Struct {
			fillIn(d, s)
		} else if d.IsZero() && dst.Type().Field(i).Name != "MinBuild" { // a build alone means something else than one with a version
			d.Set(s)
		}
	}
}

// Evaluate finds the same each time, leaves the facts alone, and Accepts means
// no violation.
func TestEvaluateIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, f := mustNew(t, drawRules(t, nil)), drawFacts(t)
		before := *f.Report
		a, b := p.Evaluate(f), p.Evaluate(f)
		if diff := cmp.Diff(a, b, cmp.AllowUnexported(policy.Outcome{})); diff != "" || *f.Report != before || a.Accepts() != (len(a.Violations) == 0) {
			t.Fatal(diff)
		}
		for i, v := range a.Violations {
			if v.Rule == "" || v.Name == "" || v.Expected == "" || v.Actual == "" || v.Kind == 0 || i > 0 && v.Kind < a.Violations[i-1].Kind {
				t.Fatalf("%+v", a.Violations)
			}
		}
	})
}
