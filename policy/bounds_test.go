package policy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// The numbers of a policy file, at both ends of what they may be and beyond.
func TestNumbersOfFile(t *testing.T) {
	for _, n := range []struct {
		before, behind string
		in, out        []string
	}{
		{`"min_guest_svn": `, ``, []string{"0", "4294967295"}, []string{"-1", "4294967296"}},
		{`"vmpl": `, ``, []string{"0", "3"}, []string{"-1", "4"}},
		{`"report_versions": {"min": `, `}`, []string{"2", "5"}, []string{"1", "6"}},
		{`"report_versions": {"max": `, `}`, []string{"2", "5"}, []string{"1", "6"}},
		{`"firmware": {"min_build": `, `}`, []string{"0", "255"}, []string{"-1", "256"}},
		{`"min_tcb": {"snp": `, `}`, []string{"0", "255"}, []string{"-1", "256"}},
		{`"min_launch_tcb": {"Milan": {"snp": `, `}}`, []string{"0", "255"}, []string{"-1", "256"}},
	} {
		for _, in := range n.in {
			parse(t, n.before+in+n.behind)
		}
		for _, out := range n.out {
			_, err := policy.Parse(file(n.before + out + n.behind))
			if e, ok := errors.AsType[*rule.ConfigError](err); !ok || e.Rule() != "JSN-15" {
				t.Errorf("%s%s: %v", n.before, out, err)
			}
		}
	}
}

// A policy file has 1 MiB at most.
func TestLargestFile(t *testing.T) {
	fill := func(n int) []byte { return append(file(""), strings.Repeat(" ", n-len(file("")))...) }
	if _, err := policy.Parse(fill(policy.MaxFile)); err != nil {
		t.Error(err)
	}
	_, err := policy.Parse(fill(policy.MaxFile + 1))
	if e, ok := errors.AsType[*rule.ConfigError](err); !ok || e.Rule() != "JSN-01" {
		t.Error(err)
	}
}

// POL-11: no relaxation accepts a VMPL that does not exist.
func TestNoSuchVMPL(t *testing.T) {
	for _, n := range []uint32{4, 5} {
		f := change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = n })
		if policy.Default().Relax(policy.Relax{VMPL: n}).Evaluate(f).Accepts() {
			t.Errorf("VMPL %d accepted", n)
		}
	}
}

// What is demanded and met is not listed as unchecked.
func TestCheckedAndMet(t *testing.T) {
	for members, name := range map[string]string{
		`"id_block": {"require": true}`:                  "id_block.require",
		`"platform_info": {"allow_unknown_bits": false}`: "platform_info.allow_unknown_bits",
	} {
		for _, n := range parse(t, members).Evaluate(good(milan)).NotChecked {
			if n.Name == name {
				t.Errorf("%s is listed as not checked", name)
			}
		}
	}
}

// TestWrittenText: the whole text, for a chip and for a provider's key. What is
// left out would go unchecked.
func TestWrittenText(t *testing.T) {
	of := func(key string, from ...string) string {
		return `{
  "schema": "attest.policy/v1",
  "measurements": ["` + hexes(0x3e, 48) + `"],
  ` + strings.Join(from, ",\n  ") + `,
  "host_data": ["` + hexes(0x40, 32) + `"],
  "family_id": "` + hexes(0xfa, 16) + `",
  "image_id": "` + hexes(0x1a, 16) + `",
` + key + "}\n"
	}
	const guest = `"guest_policy": {"require": ["single_socket"], "forbid": ["smt", "migrate_ma", "debug", "cxl_allow"], "min_abi": "1.55", "allow_unknown_bits": false}`
	chip := of(`  "min_guest_svn": 7,
  "report_versions": {"min": 5, "max": 5},
  "firmware": {"min_version": "1.55", "min_build": 48},
  "id_block": {"require": true, "id_keys": ["`+hexes(0x1d, 48)+`"]}
`, `"products": ["Milan"]`, `"signing_keys": ["vcek"]`, `"vmpl": 0`,
		`"min_tcb": {"19-01-1": {"bootloader": 10, "tee": 5, "snp": 27, "microcode": 219}}`,
		`"min_launch_tcb": {"19-01-1": {"bootloader": 9, "tee": 4, "snp": 26, "microcode": 218}}`, guest,
		`"platform_info": {"require": ["ecc_en", "alias_check_complete"], "forbid": ["smt_en"]}`, `"mitigations": {"launch": "0xb", "current": "0x1b"}`)
	provider := of(`  "csp_ids": ["CN=x"],
  "min_guest_svn": 7,
  "report_versions": {"min": 2, "max": 5},
  "firmware": {"min_version": "1.55", "min_build": 48},
  "id_block": {"forbid": true}
`, `"products": ["Turin"]`, `"signing_keys": ["vlek"]`, `"vmpl": 2`,
		`"min_tcb": {"Turin": {"fmc": 3, "bootloader": 10, "tee": 5, "snp": 27, "microcode": 219}}`,
		`"min_launch_tcb": {"Turin": {"fmc": 2, "bootloader": 9, "tee": 4, "snp": 26, "microcode": 218}}`, guest)
	for want, f := range map[string]policy.Facts{
		chip: change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware.Build-- }),
		provider: change(good(turin), func(f *policy.Facts, r *snpreport.Report) {
			f.SigningKey, f.CSPID, r.VMPL = vlek, "CN=x", 2
			r.IDKeyDigest, r.Version, r.CPUID, r.PlatformInfo = [48]byte{}, 2, snpreport.CPUID{}, snpreport.PlatformSMTEn
			r.CurrentFirmware.Build--
		}),
	} {
		if got, want := compact(t, written(t, f)), compact(t, []byte(want)); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	chipSecret := change(good(milan), func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = 2 })
	if got := written(t, chipSecret); got != nil {
		t.Errorf("a policy for a kind of key that nobody accepts: %s", got)
	}
}

// allow_unknown_bits is written for each thing that needs it, and it alone.
func TestWrittenRelaxation(t *testing.T) {
	for name, e := range map[string]edit{
		"bit 17 clear":  func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy &^= snpreport.PolicyReserved1 },
		"unknown bit":   func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 40 },
		"CURRENT_TCB":   func(f *policy.Facts, r *snpreport.Report) { r.CurrentTCB[4] = 1 },
		"REPORTED_TCB":  func(f *policy.Facts, r *snpreport.Report) { r.ReportedTCB[4] = 1 },
		"COMMITTED_TCB": func(f *policy.Facts, r *snpreport.Report) { r.CommittedTCB[4] = 1 },
		"LAUNCH_TCB":    func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB[4] = 1 },
	} {
		if text := string(written(t, change(good(milan), e))); !strings.Contains(text, `"allow_unknown_bits": true`) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// No floors have no copy.
func TestCloneOfNothing(t *testing.T) {
	if (*policy.Floors)(nil).Clone() != nil {
		t.Error("a copy of nothing")
	}
}

// compact returns JSON without white space.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
