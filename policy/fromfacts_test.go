package policy_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// needed returns the relaxations without which nothing accepts f.
func needed(f policy.Facts) policy.Relax {
	return policy.Relax{
		Debug:     f.Report.GuestPolicy.Has(snpreport.PolicyDebug),
		Migration: f.Report.GuestPolicy.Has(snpreport.PolicyMigrateMA) || f.Report.ReportIDMA != good(milan).Report.ReportIDMA,
		VLEK:      f.SigningKey == vlek,
		VMPL:      f.Report.VMPL,
	}
}

// worse returns facts that are like f, but one thing is worse or another.
func worse(f policy.Facts) map[string]policy.Facts {
	out := map[string]policy.Facts{}
	add := func(name string, e edit) { out[name] = change(f, e) }
	r := f.Report
	for _, b := range snpreport.GuestPolicyBits() {
		permits := slices.Contains([]string{"smt", "migrate_ma", "debug", "cxl_allow"}, b.Name)
		if set := uint64(r.GuestPolicy)&b.Mask != 0; set != permits {
			add("guest policy "+b.Name, func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy ^= snpreport.GuestPolicy(b.Mask) })
		}
	}
	for _, b := range snpreport.PlatformInfoBits() {
		set := uint64(r.PlatformInfo)&b.Mask != 0
		if b.Name == "tio_en" || set == (b.Name == "smt_en") {
			continue
		}
		add("platform "+b.Name, func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo ^= snpreport.PlatformInfo(b.Mask) })
	}
	t, _ := r.ReportedTCB.For(f.Product)
	for _, c := range t.Components() {
		if low := min(level(f.Product, r.ReportedTCB, c), level(f.Product, r.CommittedTCB, c)); low > 0 {
			add("reported "+c.String(), func(f *policy.Facts, r *snpreport.Report) {
				r.ReportedTCB = setLevel(f.Product, r.ReportedTCB, c, low-1)
			})
			add("committed "+c.String(), func(f *policy.Facts, r *snpreport.Report) {
				r.CommittedTCB = setLevel(f.Product, r.CommittedTCB, c, low-1)
			})
		}
		if low := level(f.Product, r.LaunchTCB, c); low > 0 {
			add("launch "+c.String(), func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB = setLevel(f.Product, r.LaunchTCB, c, low-1) })
		}
	}
	for bit := uint64(1); bit < 64 && r.Version >= 5; bit <<= 1 {
		if r.LaunchMitVector&bit != 0 {
			add(fmt.Sprint("launch mitigation ", bit), func(f *policy.Facts, r *snpreport.Report) { r.LaunchMitVector ^= bit })
		}
		if r.CurrentMitVector&bit != 0 {
			add(fmt.Sprint("current mitigation ", bit), func(f *policy.Facts, r *snpreport.Report) { r.CurrentMitVector ^= bit })
		}
	}
	if r.Version > 2 {
		add("version", func(f *policy.Facts, r *snpreport.Report) { r.Version-- })
		add("die", func(f *policy.Facts, r *snpreport.Report) { r.CPUID.Stepping ^= 1 })
	}
	if r.GuestPolicy.ABIMinor() > 0 {
		add("abi", func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy-- })
	}
	if r.GuestPolicy.Unknown() == 0 && r.CurrentTCB[4] == 0 {
		add("unknown bit", func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 26 })
		add("reserved byte", func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB[4] = 1 })
	}
	if r.GuestSVN > 0 {
		add("svn", func(f *policy.Facts, r *snpreport.Report) { r.GuestSVN-- })
	}
	if r.IDKeyDigest != [48]byte{} {
		add("id key", func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest[47]++ })
		add("no id key", func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} })
		if r.KeyInfo.AuthorKeyEn() {
			add("author key", func(f *policy.Facts, r *snpreport.Report) { r.AuthorKeyDigest[0]++ })
			add("no author key", func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo &^= 1 })
			if r.AuthorKeyDigest == [48]byte{} { // there is nothing to pin but that there is one
				delete(out, "author key")
			}
		}
	} else if !r.KeyInfo.AuthorKeyEn() && r.AuthorKeyDigest == [48]byte{} {
		add("other id block", func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest[0] = 1 })
	}
	if f.SigningKey == vlek && f.CSPID != "" {
		add("provider", func(f *policy.Facts, r *snpreport.Report) { f.CSPID += "x" })
	}
	add("measurement", func(f *policy.Facts, r *snpreport.Report) { r.Measurement[0]++ })
	add("host data", func(f *policy.Facts, r *snpreport.Report) { r.HostData[31]++ })
	add("family", func(f *policy.Facts, r *snpreport.Report) { r.FamilyID[0]++ })
	add("image", func(f *policy.Facts, r *snpreport.Report) { r.ImageID[15]++ })
	add("signing key", func(f *policy.Facts, r *snpreport.Report) { f.SigningKey ^= 1 })
	add("vmpl", func(f *policy.Facts, r *snpreport.Report) { r.VMPL = (r.VMPL + 1) % 4 })
	older := slices.MinFunc([]snpreport.Firmware{r.CurrentFirmware, r.CommittedFirmware}, snpreport.Firmware.Compare)
	if older.Build > 0 {
		older.Build--
		add("current firmware", func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware = older })
		add("committed firmware", func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware = older })
	}
	return out
}

// other returns facts of another guest on another chip, which is no worse.
func other(f policy.Facts) policy.Facts {
	return change(f, func(f *policy.Facts, r *snpreport.Report) {
		r.ReportID, r.ReportData, r.CurrentTCB = [32]byte{1}, [64]byte{2}, snpreport.TCBVersion{7: 255}
		r.ChipID[0]++
		f.LeafKeySHA256 = [32]byte{3}
	})
}

// written returns the policy file that FromFacts demands, nil when it demands none.
func written(t rapid.TB, f policy.Facts) []byte {
	t.Helper()
	rules, ok := policy.FromFacts(f)
	if !ok {
		return nil
	}
	text, err := json.MarshalIndent(policy.File{Schema: policy.Schema, Rules: rules}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkWritten holds what FromFacts returns against the facts and their neighbours.
func checkWritten(t rapid.TB, f policy.Facts) {
	t.Helper()
	text := written(t, f)
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if strings.Contains(string(text), "{}") || !bytes.Equal(text, written(t, f)) {
		t.Fatalf("not canonical:\n%s", text)
	}
	p = p.Relax(needed(f))
	for name, f := range map[string]policy.Facts{"the facts": f, "another guest": other(f)} {
		if o := p.Evaluate(f); !o.Accepts() {
			t.Fatalf("%s refused: %+v\n%s", name, o.Violations, text)
		}
	}
	everything := policy.Relax{Debug: true, Migration: true, VLEK: true, VMPL: f.Report.VMPL}
	for name, worse := range worse(f) {
		if p.Relax(everything).Evaluate(worse).Accepts() {
			t.Fatalf("accepts with a worse %s:\n%s", name, text)
		}
	}
}

func TestFromFacts(t *testing.T) {
	for _, p := range snpreport.Products() {
		checkWritten(t, good(p))
	}
	rapid.Check(t, func(t *rapid.T) { checkWritten(t, drawFacts(t)) })
	// What chance may leave out.
	none, author := [48]byte{}, [48]byte{1}
	for _, e := range []edit{
		func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo = snpreport.PlatformSMTEn },
		func(f *policy.Facts, r *snpreport.Report) { f.CSPID = "of a VCEK" },
		func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 3 },
		func(f *policy.Facts, r *snpreport.Report) { r.Version, r.CPUID = 2, snpreport.CPUID{} },
		func(f *policy.Facts, r *snpreport.Report) {
			f.SigningKey, f.CSPID = vlek, "\"quoted\" \\ \x00\x1f\x20\x7f\u2028é"
		},
		func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, f.CSPID = vlek, "" },
		func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo, r.AuthorKeyDigest = 1, author },
		func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo, r.AuthorKeyDigest = 1, none },
		func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo, r.AuthorKeyDigest = 0, author },
		func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest, r.AuthorKeyDigest = none, author },
		func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest, r.KeyInfo = none, 1 },
		func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = none },
		func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware.Build-- },
		func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware.Build-- },
	} {
		checkWritten(t, change(good(genoa), e))
	}
}

func TestFromFactsRefuses(t *testing.T) {
	for name, e := range map[string]edit{
		"no report":   func(f *policy.Facts, r *snpreport.Report) { f.Report = nil },
		"no product":  func(f *policy.Facts, r *snpreport.Report) { f.Product = 0 },
		"signing key": func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = 7 },
		"measurement": func(f *policy.Facts, r *snpreport.Report) { r.Measurement = [48]byte{} },
		"vmpl":        func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 4 },
		"version 1":   func(f *policy.Facts, r *snpreport.Report) { r.Version = 1 },
		"version 6":   func(f *policy.Facts, r *snpreport.Report) { r.Version = 6 },
	} {
		if text := written(t, change(good(milan), e)); text != nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	// What can not be written is left out, and the file is good all the same.
	odd := change(good(milan), func(f *policy.Facts, r *snpreport.Report) {
		f.SigningKey, f.CSPID, r.CPUID.Stepping = vlek, "\xff", 0x10
		r.IDKeyDigest, r.KeyInfo = [48]byte{}, 5
	})
	text := written(t, odd)
	p, err := policy.Parse(text)
	if err != nil || strings.Contains(string(text), "csp_ids") || strings.Contains(string(text), "id_block") {
		t.Fatalf("%v\n%s", err, text)
	}
	expect(t, p.Relax(needed(odd)), odd)
}

// Real reports are accepted by the defaults, with the relaxations that they need,
// and by the policy written from them.
func TestRealReports(t *testing.T) {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to read")
	}
	files, err := filepath.Glob(filepath.Join(dir, "real", "*", "report.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports in %s: %v", dir, err)
	}
	n := 0
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := snpreport.Parse(raw)
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		n++
		f := policy.Facts{Report: r, SigningKey: r.KeyInfo.SigningKey()}
		if f.Product, err = r.CPUID.Product(); r.Version == 2 {
			line, _, _ := strings.Cut(filepath.Base(filepath.Dir(name)), "-")
			f.Product, _ = snpreport.ParseProduct(strings.ToUpper(line[:1]) + line[1:])
		} else if err != nil {
			t.Fatal(err)
		}
		if o := policy.Default().Relax(needed(f)).Evaluate(f); !o.Accepts() {
			t.Errorf("%s: %+v", name, o.Violations)
		}
		checkWritten(t, f)
		if needed(f) != (policy.Relax{}) {
			t.Logf("%s needs %q", name, policy.Default().Relax(needed(f)).Relaxed())
			if policy.Default().Evaluate(f).Accepts() {
				t.Errorf("%s: accepted without", name)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d reports", n)
	}
}
