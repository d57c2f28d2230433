package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

type edit = func(f *policy.Facts, r *snpreport.Report)

// Just inside is accepted, just outside is refused with exactly these
// violations.
func TestEveryRule(t *testing.T) {
	allowVLEK := policy.Relax{VLEK: true}
	for _, tt := range []struct {
		name    string
		members string // of the policy file
		relax   policy.Relax
		inside  edit
		outside edit
		want    []string
	}{
		{"POL-05 debug", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyDebug },
			[]string{"POL-05 guest_policy.forbid debug: DEBUG clear | DEBUG set in guest policy 0x1a0137"}},
		{"POL-06 migrate_ma", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyMigrateMA },
			[]string{"POL-06 guest_policy.forbid migrate_ma: MIGRATE_MA clear | MIGRATE_MA set in guest policy 0x160137"}},
		{"POL-07 first byte", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportIDMA[0] = 0xfe },
			[]string{"POL-07 report_id_ma: all ff (no migration agent) | fe" + hexes(0xff, 31)}},
		{"POL-07 last byte", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportIDMA[31] = 0x7f },
			[]string{"POL-07 report_id_ma: all ff (no migration agent) | " + hexes(0xff, 31) + "7f"}},
		{"POL-07 zero", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportIDMA = [32]byte{} },
			[]string{"POL-07 report_id_ma: all ff (no migration agent) | " + hexes(0, 32)}},
		{"POL-08 bit 17", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy &^= snpreport.PolicyReserved1 },
			[]string{"POL-08 guest_policy bit 17: set | clear in guest policy 0x100137"}},
		{"POL-08 nothing lifts it", `"guest_policy": {"allow_unknown_bits": true}`, policy.Relax{Debug: true, Migration: true, VLEK: true}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy &^= snpreport.PolicyReserved1 },
			[]string{"POL-08 guest_policy bit 17: set | clear in guest policy 0x100137"}},
		{"POL-09 bit 26", ``, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyPageSwapDisable },
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 26 },
			[]string{"POL-09 guest_policy.allow_unknown_bits: no unknown guest-policy bit | 0x4000000"}},
		{"POL-09 bit 63", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= 1 << 63 },
			[]string{"POL-09 guest_policy.allow_unknown_bits: no unknown guest-policy bit | 0x8000000000000000"}},
		{"POL-10 current", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentTCB[4] = 1 },
			[]string{"POL-10 guest_policy.allow_unknown_bits CURRENT_TCB: reserved bytes zero | CURRENT_TCB 0a05000001001bdb"}},
		{"POL-10 reported", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportedTCB[2] = 1 },
			[]string{"POL-10 guest_policy.allow_unknown_bits REPORTED_TCB: reserved bytes zero | REPORTED_TCB 0a05010000001bdb"}},
		{"POL-10 committed", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CommittedTCB[3] = 1 },
			[]string{"POL-10 guest_policy.allow_unknown_bits COMMITTED_TCB: reserved bytes zero | COMMITTED_TCB 0a05000100001bdb"}},
		{"POL-10 launch", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.LaunchTCB[5] = 1 },
			[]string{"POL-10 guest_policy.allow_unknown_bits LAUNCH_TCB: reserved bytes zero | LAUNCH_TCB 0904000000011ada"}},
		{"POL-11 vmpl", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 },
			[]string{"POL-11 vmpl: 0 | 1"}},
		{"POL-11 exactly", ``, policy.Relax{VMPL: 2},
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 2 },
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 },
			[]string{"POL-11 vmpl: 2 | 1"}},
		{"POL-11 not more than the relaxation", ``, policy.Relax{VMPL: 1},
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 },
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 0 },
			[]string{"POL-11 vmpl: 1 | 0"}},
		{"POL-12 vlek", ``, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek },
			[]string{"POL-12 signing_keys: vcek | vlek"}},
		{"POL-13 measurement zero", ``, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.Measurement = [48]byte{47: 1} },
			func(f *policy.Facts, r *snpreport.Report) { r.Measurement = [48]byte{} },
			[]string{"POL-13 measurement: a launch digest | all zero"}},

		{"POL-20 products", `"products": ["Milan", "Turin"]`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { f.Product = genoa },
			[]string{"POL-20 products: Milan or Turin | Genoa"}},
		{"POL-21 vcek", `"signing_keys": ["vcek"]`, allowVLEK, nil,
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek },
			[]string{"POL-21 signing_keys: vcek | vlek"}},
		{"POL-21 vlek", `"signing_keys": ["vlek"]`, allowVLEK,
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey = vlek }, nil,
			[]string{"POL-21 signing_keys: vlek | vcek"}},
		{"POL-22 vmpl", `"vmpl": 1`, policy.Relax{VMPL: 1},
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1 },
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 2 },
			[]string{"POL-11 vmpl: 1 | 2", "POL-22 vmpl: 1 | 2"}},
		{"POL-22 vmpl 0", `"vmpl": 0`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 3 },
			[]string{"POL-11 vmpl: 0 | 3", "POL-22 vmpl: 0 | 3"}},
		{"POL-24 require", `"guest_policy": {"require": ["single_socket", "rapl_dis"]}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyRAPLDis }, nil,
			[]string{"POL-24 guest_policy.require rapl_dis: set | clear"}},
		{"POL-24 unknown to old firmware", `"guest_policy": {"require": ["page_swap_disable"]}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyPageSwapDisable },
			func(f *policy.Facts, r *snpreport.Report) { r.Version = 4 },
			[]string{"POL-24 guest_policy.require page_swap_disable: set | unknown to a report of this version and firmware"}},
		{"POL-25 forbid", `"guest_policy": {"forbid": ["smt", "cxl_allow"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) {
				r.GuestPolicy |= snpreport.PolicySMT | snpreport.PolicyCXLAllow
			},
			[]string{"POL-25 guest_policy.forbid smt: clear | set", "POL-25 guest_policy.forbid cxl_allow: clear | set"}},
		{"POL-26 min_abi minor", `"guest_policy": {"min_abi": "1.55"}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy-- },
			[]string{"POL-26 guest_policy.min_abi: at least 1.55 | 1.54"}},
		{"POL-26 min_abi major", `"guest_policy": {"min_abi": "1.55"}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy += 0x200 - 0x137 }, // 2.0
			func(f *policy.Facts, r *snpreport.Report) { r.GuestPolicy -= 0x137 - 0xff },
			[]string{"POL-26 guest_policy.min_abi: at least 1.55 | 0.255"}},
		{"POL-27 require", `"platform_info": {"require": ["alias_check_complete", "tsme_en"]}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo |= snpreport.PlatformTSMEEn }, nil,
			[]string{"POL-27 platform_info.require tsme_en: set | clear"}},
		{"POL-27 unknown to old firmware", `"platform_info": {"require": ["alias_check_complete"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) {
				r.PlatformInfo, r.CurrentFirmware.Minor = 0, 54
			},
			[]string{"POL-27 platform_info.require alias_check_complete: set | unknown to a report of this version and firmware"}},
		{"POL-28 forbid", `"platform_info": {"forbid": ["smt_en"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo |= snpreport.PlatformSMTEn },
			[]string{"POL-28 platform_info.forbid smt_en: clear | set"}},
		{"POL-29 unknown bits", `"platform_info": {"allow_unknown_bits": false}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo = 0xff },
			func(f *policy.Facts, r *snpreport.Report) { r.PlatformInfo = 1 << 8 },
			[]string{"POL-29 platform_info.allow_unknown_bits: no unknown bit | 0x100"}},
		{"POL-30 launch, as a set", `"mitigations": {"launch": "0xb"}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.LaunchMitVector, r.CurrentMitVector = 1<<63|0xb, 0 },
			func(f *policy.Facts, r *snpreport.Report) { r.LaunchMitVector = 0xfffffffffffffff4 },
			[]string{"POL-30 mitigations.launch: all of 0xb | 0xfffffffffffffff4"}},
		{"POL-31 current, as a set", `"mitigations": {"current": "0x1b"}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentMitVector = 0x1a },
			[]string{"POL-31 mitigations.current: all of 0x1b | 0x1a"}},
		{"POL-31 version 4 carries none", `"mitigations": {"current": "0x1", "launch": "0x1"}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.Version = 4 },
			[]string{"POL-30 mitigations.launch: all of 0x1 | a report of version 4, which carries none",
				"POL-31 mitigations.current: all of 0x1 | a report of version 4, which carries none"}},
		{"POL-32 tail", `"report_data_tail_zero": true`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { fill(r.ReportData[32:], 0) },
			func(f *policy.Facts, r *snpreport.Report) { r.ReportData = [64]byte{32: 1} },
			[]string{"POL-32 report_data_tail_zero: all zero | 01" + hexes(0, 31)}},
		{"POL-33 host data", `"host_data": ["` + hexes(0x41, 32) + `", "` + hexes(0x40, 32) + `"]`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.HostData[31] = 0 },
			[]string{"POL-33 host_data: " + hexes(0x41, 32) + " or " + hexes(0x40, 32) + " | " + hexes(0x40, 31) + "00"}},
		{"POL-33 list of four", `"host_data": ["` + hexes(1, 32) + `", "` + hexes(2, 32) + `", "` + hexes(3, 32) + `", "` + hexes(0x40, 32) + `"]`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.HostData[0] = 0 },
			[]string{"POL-33 host_data: " + hexes(1, 32) + " or " + hexes(2, 32) + " or " + hexes(3, 32) + " or " + hexes(0x40, 32) + " | 00" + hexes(0x40, 31)}},
		{"POL-33 long list", `"host_data": ["` + hexes(1, 32) + `", "` + hexes(2, 32) + `", "` + hexes(3, 32) + `", "` + hexes(4, 32) + `", "` + hexes(0x40, 32) + `"]`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.HostData[0] = 0 },
			[]string{"POL-33 host_data: one of 5 allowed values | 00" + hexes(0x40, 31)}},
		{"POL-34 family", `"family_id": "` + hexes(0xfa, 16) + `"`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.FamilyID[15] = 0 },
			[]string{"POL-34 family_id: " + hexes(0xfa, 16) + " | " + hexes(0xfa, 15) + "00"}},
		{"POL-35 image", `"image_id": "` + hexes(0x1a, 16) + `"`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ImageID[0] = 0 },
			[]string{"POL-35 image_id: " + hexes(0x1a, 16) + " | 00" + hexes(0x1a, 15)}},
		{"POL-36 report id", `"report_id": "` + hexes(0x4e, 32) + `"`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportID[31]++ },
			[]string{"POL-36 report_id: " + hexes(0x4e, 32) + " | " + hexes(0x4e, 31) + "4f"}},
		{"POL-37 report id of the agent", `"report_id_ma": "` + hexes(0xff, 32) + `"`, policy.Relax{Migration: true}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportIDMA[0] = 0 },
			[]string{"POL-37 report_id_ma: " + hexes(0xff, 32) + " | 00" + hexes(0xff, 31)}},
		{"POL-38 chip allowed", `"chip_ids": {"allow": ["` + hexes(0xc1, 64) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ChipID[63] = 0 },
			[]string{"POL-38 chip_ids.allow: the one allowed chip | " + hexes(0xc1, 63) + "00"}},
		{"POL-38 masked chip", `"chip_ids": {"allow": ["` + hexes(0xc1, 64) + `"]}`, allowVLEK, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ChipID, f.SigningKey = [64]byte{}, vlek },
			[]string{"POL-38 chip_ids.allow: the one allowed chip | " + hexes(0, 64)}},
		{"POL-39 chip denied", `"chip_ids": {"deny": ["` + hexes(0xc2, 64) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { fill(r.ChipID[:], 0xc2) },
			[]string{"POL-39 chip_ids.deny: a chip that is not denied | " + hexes(0xc2, 64)}},
		{"POL-39 masked chip", `"chip_ids": {"deny": ["` + hexes(0xc2, 64) + `"]}`, allowVLEK, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ChipID, f.SigningKey = [64]byte{}, vlek },
			[]string{"POL-39 chip_ids.deny: a chip that is not denied | a masked CHIP_ID, which may hide one"}},
		{"POL-40 leaf allowed", `"leaf_keys": {"allow": ["` + hexes(0x1e, 32) + `", "` + hexes(0x1f, 32) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { f.LeafKeySHA256 = [32]byte{} },
			[]string{"POL-40 leaf_keys.allow: one of 2 allowed keys | " + hexes(0, 32)}},
		{"POL-41 leaf denied", `"leaf_keys": {"deny": ["` + hexes(0x1f, 32) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { fill(f.LeafKeySHA256[:], 0x1f) },
			[]string{"POL-41 leaf_keys.deny: a key that is not denied | " + hexes(0x1f, 32)}},
		{"POL-41 no leaf", `"leaf_keys": {"deny": ["` + hexes(0x1f, 32) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { f.LeafKeySHA256 = [32]byte{} },
			[]string{"POL-41 leaf_keys.deny: a key that is not denied | no key"}},
		{"POL-42 provider", `"csp_ids": ["cloud a", "cloud b"]`, allowVLEK,
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, f.CSPID = vlek, "cloud b" },
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, f.CSPID = vlek, "Cloud b" },
			[]string{`POL-42 csp_ids: "cloud a" or "cloud b" | "Cloud b"`}},
		{"POL-42 provider of a VCEK", `"csp_ids": ["cloud"]`, allowVLEK,
			func(f *policy.Facts, r *snpreport.Report) { f.SigningKey, f.CSPID = vlek, "cloud" },
			func(f *policy.Facts, r *snpreport.Report) { f.CSPID = "cloud" },
			[]string{`POL-42 csp_ids: "cloud" | a vcek, which names no provider`}},
		{"POL-43 guest svn", `"min_guest_svn": 7`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.GuestSVN = 8 },
			func(f *policy.Facts, r *snpreport.Report) { r.GuestSVN = 6 },
			[]string{"POL-43 min_guest_svn: at least 7 | 6"}},
		{"POL-44 lowest version", `"report_versions": {"min": 3}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.Version = 3 },
			func(f *policy.Facts, r *snpreport.Report) { r.Version = 2 },
			[]string{"POL-44 report_versions: 3 to 5 | 2"}},
		{"POL-44 highest version", `"report_versions": {"max": 4}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.Version = 4 }, nil,
			[]string{"POL-44 report_versions: 2 to 4 | 5"}},
		{"POL-45 version and build, current", `"firmware": {"min_version": "1.55", "min_build": 49}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware.Build = 48 },
			[]string{"POL-45 firmware.min_version current: at least 1.55.49 | current firmware 1.55.48"}},
		{"POL-45 version and build, committed", `"firmware": {"min_version": "1.55", "min_build": 49}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware.Build = 48 },
			[]string{"POL-45 firmware.min_version committed: at least 1.55.49 | committed firmware 1.55.48"}},
		{"POL-45 as one", `"firmware": {"min_version": "1.54", "min_build": 255}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) {
				r.CurrentFirmware = snpreport.Firmware{Major: 1, Minor: 54, Build: 254}
			},
			[]string{"POL-45 firmware.min_version current: at least 1.54.255 | current firmware 1.54.254"}},
		{"POL-45 version alone", `"firmware": {"min_version": "1.55"}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware.Build = 0 },
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware.Minor = 54 },
			[]string{"POL-45 firmware.min_version current: at least 1.55.0 | current firmware 1.54.49"}},
		{"POL-46 build alone, current", `"firmware": {"min_build": 49}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.CurrentFirmware.Minor = 1 },
			func(f *policy.Facts, r *snpreport.Report) {
				r.CurrentFirmware = snpreport.Firmware{Major: 2, Build: 48}
			},
			[]string{"POL-46 firmware.min_build current: at least build 49 | current firmware 2.0.48"}},
		{"POL-46 build alone, committed", `"firmware": {"min_build": 49}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware.Build = 48 },
			[]string{"POL-46 firmware.min_build committed: at least build 49 | committed firmware 1.55.48"}},
		{"POL-47 versions", `"firmware": {"committed_equals_current": true}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CommittedFirmware.Build = 48 },
			[]string{"POL-47 firmware.committed_equals_current: committed firmware 1.55.49 | 1.55.48"}},
		{"POL-47 TCBs", `"firmware": {"committed_equals_current": true}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.CommittedTCB[7]-- },
			[]string{"POL-47 firmware.committed_equals_current: COMMITTED_TCB 0a05000000001bdb | 0a05000000001bda"}},
		{"POL-48 ID block", `"id_block": {"require": true}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} },
			[]string{"POL-48 id_block.require: an ID block | none: ID_KEY_DIGEST is zero"}},
		{"POL-49 ID key", `"id_block": {"id_keys": ["` + hexes(0x1d, 48) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest[47] = 0 },
			[]string{"POL-49 id_block.id_keys: the one allowed key | " + hexes(0x1d, 47) + "00"}},
		{"POL-49 no ID block", `"id_block": {"id_keys": ["` + hexes(0x1d, 48) + `"]}`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} },
			[]string{"POL-49 id_block.id_keys: the one allowed key | " + hexes(0, 48)}},
		{"POL-50 author key", `"id_block": {"author_keys": ["` + hexes(0xa0, 48) + `"]}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { fill(r.AuthorKeyDigest[:], 0xa0); r.KeyInfo |= 1 },
			func(f *policy.Facts, r *snpreport.Report) { fill(r.AuthorKeyDigest[:], 0xa1); r.KeyInfo |= 1 },
			[]string{"POL-50 id_block.author_keys: the one allowed key | " + hexes(0xa1, 48)}},
		{"POL-50 author key without AUTHOR_KEY_EN", `"id_block": {"author_keys": ["` + hexes(0xa0, 48) + `"]}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { fill(r.AuthorKeyDigest[:], 0xa0); r.KeyInfo |= 1 },
			func(f *policy.Facts, r *snpreport.Report) { fill(r.AuthorKeyDigest[:], 0xa0) },
			[]string{"POL-50 id_block.author_keys: the one allowed key | AUTHOR_KEY_EN clear"}},
		{"POL-51 any author key", `"id_block": {"require_author_key": true}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.KeyInfo |= 1 }, nil,
			[]string{"POL-51 id_block.require_author_key: AUTHOR_KEY_EN set | clear"}},
		{"POL-52 no ID key", `"id_block": {"forbid": true}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} },
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{1} },
			[]string{"POL-52 id_block.forbid: ID_KEY_DIGEST zero | 01" + hexes(0, 47)}},
		{"POL-52 no author", `"id_block": {"forbid": true}`, policy.Relax{},
			func(f *policy.Facts, r *snpreport.Report) { r.IDKeyDigest = [48]byte{} },
			func(f *policy.Facts, r *snpreport.Report) {
				r.IDKeyDigest, r.AuthorKeyDigest, r.KeyInfo = [48]byte{}, [48]byte{1}, 1
			},
			[]string{"POL-52 id_block.forbid: AUTHOR_KEY_DIGEST zero | 01" + hexes(0, 47), "POL-52 id_block.forbid: AUTHOR_KEY_EN clear | set"}},

		{"POL-02 measurements", `"measurements": ["` + hexes(0x3f, 48) + `", "` + hexes(0x3e, 48) + `"]`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.Measurement[47]++ },
			[]string{"POL-02 measurements: one of 2 allowed measurements | " + hexes(0x3e, 47) + "3f"}},
		{"POL-53 report data", `"report_data": "` + hexes(0xda, 64) + `"`, policy.Relax{}, nil,
			func(f *policy.Facts, r *snpreport.Report) { r.ReportData[63]++ },
			[]string{"POL-53 report_data: " + hexes(0xda, 64) + " | " + hexes(0xda, 63) + "db"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, tt.members).Relax(tt.relax)
			expect(t, p, change(good(milan), tt.inside))
			expect(t, p, change(good(milan), tt.outside), tt.want...)
			// Joining changes nothing: neither with the defaults nor with itself.
			if tt.members != "" && len(tt.want) == 1 {
				expect(t, policy.Intersect(policy.Default(), parse(t, tt.members)).Relax(tt.relax), change(good(milan), tt.outside), tt.want...)
			}
			if tt.members != "" {
				p, f := policy.Default().Relax(tt.relax), change(good(milan), tt.outside)
				if always := strings.Contains(strings.Join(tt.want, ""), "POL-11") || strings.HasPrefix(tt.name, "POL-08"); p.Evaluate(f).Accepts() == always {
					t.Errorf("the defaults alone accept: %v", !always)
				}
			}
		})
	}
}

// Every rule of the table is in a row above or has a test of its own.
func TestKinds(t *testing.T) {
	p := parse(t, `"measurements": ["`+hexes(1, 48)+`"], "min_tcb": {"Milan": {"bootloader": 11, "tee": 0, "snp": 0, "microcode": 0}},
		"report_data": "`+hexes(1, 64)+`", "report_data_tail_zero": true, "min_launch_tcb": {"bootloader": 10, "tee": 0, "snp": 0, "microcode": 0}`)
	f := change(good(milan), func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 1; r.Measurement = [48]byte{} })
	type row struct {
		Rule string
		Kind policy.Kind
	}
	var got []row
	for _, v := range p.Evaluate(f).Violations {
		got = append(got, row{v.Rule, v.Kind})
		if want := v.Rule == "POL-02"; (v.Allowed != nil) != want {
			t.Errorf("%s: allowed %q", v.Rule, v.Allowed)
		} else if want && !cmp.Equal(v.Allowed, []string{hexes(1, 48)}) {
			t.Errorf("%s: allowed %q", v.Rule, v.Allowed)
		}
	}
	want := []row{
		{"POL-11", policy.KindPolicy}, {"POL-23", policy.KindPolicy}, {"POL-32", policy.KindPolicy},
		{"POL-13", policy.KindMeasurement}, {"POL-02", policy.KindMeasurement},
		{"POL-03", policy.KindTCB}, {"POL-03", policy.KindTCB},
		{"POL-53", policy.KindReportData},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// POL-01, POL-04. What is zero accepts nothing and is not accepted.
func TestZero(t *testing.T) {
	f := good(milan)
	expect(t, policy.Policy{}, f, "POL-01 policy: a policy | none: the zero Policy accepts nothing")
	expect(t, policy.Policy{}.Relax(policy.Relax{Debug: true}), f, "POL-01 policy: a policy | none: the zero Policy accepts nothing")
	expect(t, policy.Default(), policy.Facts{}, "POL-04 facts: a report | none")
	expect(t, policy.Default(), policy.Facts{Product: milan}, "POL-04 facts: a report | none")
	expect(t, policy.Default(), policy.Facts{Report: f.Report}, "POL-04 facts: a product | unknown product")
	expect(t, policy.Default(), policy.Facts{Report: f.Report, Product: 9}, "POL-04 facts: a product | unknown product")
	expect(t, policy.Default().Relax(policy.Relax{VLEK: true}), policy.Facts{Report: f.Report, Product: milan, SigningKey: 7},
		"POL-04 facts: a VCEK or a VLEK | another kind of key")
	if (policy.Outcome{}).Accepts() {
		t.Error("the zero Outcome accepts")
	}
	if o := policy.Default().Evaluate(policy.Facts{Report: new(snpreport.Report), Product: milan}); o.Accepts() {
		t.Error("the zero Report is accepted")
	}
	if got := (policy.Policy{}).Relax(policy.Relax{Debug: true}).Relaxed(); got != nil {
		t.Errorf("the zero Policy is relaxed: %q", got)
	}
	if !(policy.Policy{}).IsZero() || policy.Default().IsZero() || !policy.Intersect().IsZero() {
		t.Error("IsZero is wrong")
	}
	// Lesson: a report that the host asked for was accepted.
	hostRequested := change(f, func(f *policy.Facts, r *snpreport.Report) { r.VMPL = 0xFFFFFFFF })
	expect(t, policy.Default().Relax(policy.Relax{VMPL: 0xFFFFFFFF}), hostRequested, "POL-11 vmpl: 4294967295 | 4294967295")
}

// What nobody demands is listed, in the order of the rules.
func TestNotChecked(t *testing.T) {
	var all []string
	for _, n := range policy.Default().Evaluate(good(milan)).NotChecked {
		all = append(all, n.Name)
		if n.Reason == "" {
			t.Errorf("%s: no reason", n.Name)
		}
	}
	want := strings.Fields(`products min_launch_tcb guest_policy.require guest_policy.min_abi
		platform_info.require platform_info.forbid platform_info.allow_unknown_bits mitigations.launch mitigations.current
		report_data_tail_zero host_data family_id image_id report_id chip_ids.allow chip_ids.deny leaf_keys.allow leaf_keys.deny
		csp_ids min_guest_svn report_versions firmware.min_version firmware.committed_equals_current
		id_block.require id_block.id_keys id_block.author_keys id_block.require_author_key id_block.forbid
		measurements min_tcb report_data`)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	// A policy that demands nothing says so, and one that demands something does
	// not list it, even when it is violated.
	none := parse(t, `"chip_ids": {"deny": []}, "leaf_keys": {"deny": []}, "guest_policy": {"forbid": []}, "platform_info": {"forbid": [], "allow_unknown_bits": true},
		"mitigations": {"launch": "0x0", "current": "0x00"}, "min_guest_svn": 0, "report_data_tail_zero": false,
		"firmware": {"committed_equals_current": false}, "id_block": {"require": false, "require_author_key": false, "forbid": false}`)
	if diff := cmp.Diff(policy.Default().Evaluate(good(milan)), none.Evaluate(good(milan)), cmp.AllowUnexported(policy.Outcome{})); diff != "" {
		t.Error(diff)
	}
	for members, name := range demands() {
		first := policy.Intersect(parse(t, members), policy.Default()).Evaluate(good(genoa)).NotChecked
		last := policy.Intersect(policy.Default(), parse(t, members)).Evaluate(good(genoa)).NotChecked
		for _, n := range append(first, last...) {
			if n.Name == name {
				t.Errorf("%s listed as not checked", name)
			}
		}
	}
}

// demands maps a member, such that no good facts meet it, to its name.
func demands() map[string]string {
	m := map[string]string{
		`"products": ["Milan"]`: "products",
		`"min_launch_tcb": {"bootloader": 255, "tee": 255, "snp": 255, "microcode": 255, "fmc": 255}`: "min_launch_tcb",
		`"min_tcb": {"bootloader": 255, "tee": 255, "snp": 255, "microcode": 255, "fmc": 255}`:        "min_tcb",
		`"guest_policy": {"require": ["rapl_dis"]}`:                                                   "guest_policy.require",
		`"guest_policy": {"min_abi": "255.255"}`:                                                      "guest_policy.min_abi",
		`"platform_info": {"require": ["tsme_en"]}`:                                                   "platform_info.require",
		`"platform_info": {"forbid": ["ecc_en"]}`:                                                     "platform_info.forbid",
		`"mitigations": {"launch": "0x8000000000000000"}`:                                             "mitigations.launch",
		`"mitigations": {"current": "0xffffffffffffffff"}`:                                            "mitigations.current",
		`"report_data_tail_zero": true`:                                                               "report_data_tail_zero",
		`"csp_ids": ["x"]`:                                                                            "csp_ids",
		`"min_guest_svn": 4294967295`:                                                                 "min_guest_svn",
		`"report_versions": {"max": 2}`:                                                               "report_versions",
		`"firmware": {"min_version": "255.255"}`:                                                      "firmware.min_version",
		`"id_block": {"require_author_key": true}`:                                                    "id_block.require_author_key",
		`"id_block": {"forbid": true}`:                                                                "id_block.forbid",
	}
	for name, n := range map[string]int{"measurements": 48, "host_data": 32, "chip_ids.allow": 64, "leaf_keys.allow": 32,
		"id_block.id_keys": 48, "id_block.author_keys": 48, "family_id": 16, "image_id": 16, "report_id": 32, "report_data": 64} {
		value := `"` + hexes(0x55, n) + `"`
		switch outer, inner, nested := strings.Cut(name, "."); {
		case nested:
			m[fmt.Sprintf(`"%s": {"%s": [%s]}`, outer, inner, value)] = name
		case strings.HasSuffix(name, "_id") || name == "report_data":
			m[fmt.Sprintf(`"%s": %s`, name, value)] = name
		default:
			m[fmt.Sprintf(`"%s": [%s]`, name, value)] = name
		}
	}
	return m
}
