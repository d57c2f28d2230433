package policy_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

const (
	milan, genoa, turin = snpreport.Milan, snpreport.Genoa, snpreport.Turin
	vcek, vlek          = snpreport.VCEK, snpreport.VLEK
)

var dies = map[snpreport.Product]snpreport.CPUID{
	milan: {Family: 0x19, Model: 0x01, Stepping: 1},
	genoa: {Family: 0x19, Model: 0xa0, Stepping: 2},
	turin: {Family: 0x1a, Model: 0x02, Stepping: 1},
}

// fill returns n bytes that say which field they are.
func fill(b []byte, c byte) {
	for i := range b {
		b[i] = c
	}
}

func tcb(p snpreport.Product, bootloader, tee, snp, microcode, fmc uint8) snpreport.TCBVersion {
	level := map[snpreport.Component]uint8{snpreport.BootLoader: bootloader, snpreport.TEE: tee, snpreport.SNP: snp, snpreport.Microcode: microcode}
	if p == turin {
		level[snpreport.FMC] = fmc
	}
	t, ok := snpreport.NewTCB(p, level)
	if !ok {
		panic("no such TCB")
	}
	return t.Raw()
}

// good returns facts that Default accepts, every field of them telling.
func good(p snpreport.Product) policy.Facts {
	r := &snpreport.Report{
		Version:           5,
		GuestSVN:          7,
		GuestPolicy:       0x137 | snpreport.PolicyReserved1 | snpreport.PolicySingleSocket,
		SignatureAlgo:     1,
		PlatformInfo:      snpreport.PlatformECCEn | snpreport.PlatformAliasCheckComplete,
		CPUID:             dies[p],
		CurrentTCB:        tcb(p, 10, 5, 27, 219, 3),
		CommittedTCB:      tcb(p, 10, 5, 27, 219, 3),
		ReportedTCB:       tcb(p, 10, 5, 27, 219, 3),
		LaunchTCB:         tcb(p, 9, 4, 26, 218, 2),
		CurrentFirmware:   snpreport.Firmware{Major: 1, Minor: 55, Build: 49},
		CommittedFirmware: snpreport.Firmware{Major: 1, Minor: 55, Build: 49},
		LaunchMitVector:   0x0b,
		CurrentMitVector:  0x1b,
	}
	fill(r.FamilyID[:], 0xfa)
	fill(r.ImageID[:], 0x1a)
	fill(r.ReportData[:], 0xda)
	fill(r.Measurement[:], 0x3e)
	fill(r.HostData[:], 0x40)
	fill(r.IDKeyDigest[:], 0x1d)
	fill(r.ReportID[:], 0x4e)
	fill(r.ReportIDMA[:], 0xff)
	fill(r.ChipID[:p.ChipIDSize()], 0xc1)
	f := policy.Facts{Report: r, Product: p, SigningKey: vcek}
	fill(f.LeafKeySHA256[:], 0x1e)
	return f
}

// change returns a copy of f to which do was done.
func change(f policy.Facts, do func(f *policy.Facts, r *snpreport.Report)) policy.Facts {
	r := *f.Report
	f.Report = &r
	if do != nil {
		do(&f, &r)
	}
	return f
}

// hexes returns the hex text of n bytes c.
func hexes(c byte, n int) string { return strings.Repeat(hex.EncodeToString([]byte{c}), n) }

// file returns a policy file with these members.
func file(members string) []byte {
	if members != "" {
		members = ", " + members
	}
	return []byte(`{"schema": "attest.policy/v1"` + members + "}")
}

func parse(t testing.TB, members string) policy.Policy {
	t.Helper()
	p, err := policy.Parse(file(members))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return p
}

// expect evaluates, and compares with violations written as
// "POL-05 name: expected | actual".
func expect(t testing.TB, p policy.Policy, f policy.Facts, want ...string) {
	t.Helper()
	o := p.Evaluate(f)
	var got []string
	for _, v := range o.Violations {
		got = append(got, fmt.Sprintf("%s %s: %s | %s", v.Rule, v.Name, v.Expected, v.Actual))
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if o.Accepts() != (len(want) == 0) {
		t.Errorf("accepts: %v", o.Accepts())
	}
}
