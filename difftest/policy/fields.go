package policy

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/validate"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// fields are the options about one field of the report each.
func fields() []Option {
	value := func(n int) []byte { return bytes.Repeat([]byte{7}, n) }
	verbatim := func(name, member, format string, n int, option func(*validate.Options) *[]byte, field func(*mint.ReportSpec) []byte) Option {
		return Option{
			Name:   name,
			Theirs: func(o *validate.Options) { *option(o) = value(n) },
			Ours:   fmt.Sprintf(format, member, hex.EncodeToString(value(n))),
			Cases: []Case{
				same("equal", true, func(s *mint.ReportSpec) { copy(field(s), value(n)) }),
				same("another", false, unchanged),
				same("another last byte", false, func(s *mint.ReportSpec) { copy(field(s), value(n)); field(s)[n-1]++ }),
			},
		}
	}
	const one, list = `"%s": "%s"`, `"%s": ["%s"]`
	return []Option{
		verbatim("ReportData", "report_data", one, 64, func(o *validate.Options) *[]byte { return &o.ReportData }, func(s *mint.ReportSpec) []byte { return s.ReportData[:] }),
		verbatim("HostData", "host_data", list, 32, func(o *validate.Options) *[]byte { return &o.HostData }, func(s *mint.ReportSpec) []byte { return s.HostData[:] }),
		verbatim("ImageID", "image_id", one, 16, func(o *validate.Options) *[]byte { return &o.ImageID }, func(s *mint.ReportSpec) []byte { return s.ImageID[:] }),
		verbatim("FamilyID", "family_id", one, 16, func(o *validate.Options) *[]byte { return &o.FamilyID }, func(s *mint.ReportSpec) []byte { return s.FamilyID[:] }),
		verbatim("ReportID", "report_id", one, 32, func(o *validate.Options) *[]byte { return &o.ReportID }, func(s *mint.ReportSpec) []byte { return s.ReportID[:] }),
		verbatim("ReportIDMA", "report_id_ma", one, 32, func(o *validate.Options) *[]byte { return &o.ReportIDMA }, func(s *mint.ReportSpec) []byte { return s.ReportIDMA[:] }),
		verbatim("Measurement", "measurements", list, 48, func(o *validate.Options) *[]byte { return &o.Measurement }, func(s *mint.ReportSpec) []byte { return s.Measurement[:] }),
		chipID(),
		{
			Name: "MinimumGuestSvn", Theirs: func(o *validate.Options) { o.MinimumGuestSvn = 5 }, Ours: `"min_guest_svn": 5`,
			Cases: []Case{
				same("equal", true, func(s *mint.ReportSpec) { s.GuestSVN = 5 }),
				same("above", true, func(s *mint.ReportSpec) { s.GuestSVN = 1 << 31 }),
				same("below", false, func(s *mint.ReportSpec) { s.GuestSVN = 4 }),
			},
		},
		{
			Name: "VMPL", Theirs: func(o *validate.Options) { o.VMPL = new(int) }, Ours: `"vmpl": 0`,
			Cases: []Case{same("0", true, unchanged), same("1", false, func(s *mint.ReportSpec) { s.VMPL = 1 })},
		},
		{
			Name: "VMPL of 2", Theirs: func(o *validate.Options) { o.VMPL = new(int); *o.VMPL = 2 }, Ours: `"vmpl": 2`, Relax: policy.Relax{VMPL: 2},
			Cases: []Case{same("2", true, func(s *mint.ReportSpec) { s.VMPL = 2 }), same("0", false, unchanged)},
		},
		{
			Name: "VMPL not set", Theirs: func(*validate.Options) {}, Ours: `"report_data_tail_zero": false`,
			Cases: []Case{
				same("0", true, unchanged),
				{"1", func(s *mint.ReportSpec) { s.VMPL = 1 }, false, true, "our default is VMPL 0: what runs below may be the host's choice; another is named by a relaxation"},
			},
		},
		mitigation("MinimumLaunchMitigationVector", "launch", func(o *validate.Options) *uint64 { return &o.MinimumLaunchMitigationVector }, func(s *mint.ReportSpec) *uint64 { return &s.LaunchMitVector }),
		mitigation("MinimumCurrentMitigationVector", "current", func(o *validate.Options) *uint64 { return &o.MinimumCurrentMitigationVector }, func(s *mint.ReportSpec) *uint64 { return &s.CurrentMitVector }),
	}
}

func chipID() Option {
	id := mint.DefaultChipID("Milan")
	return Option{
		Name: "ChipID", Theirs: func(o *validate.Options) { o.ChipID = id[:] }, Ours: `"chip_ids": {"allow": ["` + hex.EncodeToString(id[:]) + `"]}`,
		Cases: []Case{same("equal", true, unchanged), same("another", false, func(s *mint.ReportSpec) { s.ChipID[63]++ }), same("masked", false, func(s *mint.ReportSpec) { s.ChipID = [64]byte{} })},
	}
}

func mitigation(name, member string, option func(*validate.Options) *uint64, field func(*mint.ReportSpec) *uint64) Option {
	return Option{
		Name: name, Theirs: func(o *validate.Options) { *option(o) = 0x5 }, Ours: `"mitigations": {"` + member + `": "0x5"}`,
		Cases: []Case{
			same("these bits", true, func(s *mint.ReportSpec) { *field(s) = 0x5 }),
			same("more bits", true, func(s *mint.ReportSpec) { *field(s) = 0xff }),
			same("one bit is missing", false, func(s *mint.ReportSpec) { *field(s) = 0xfb }),
			same("a version without them", false, func(s *mint.ReportSpec) { s.Version, s.LaunchMitVector, s.CurrentMitVector = 4, 0, 0 }),
		},
	}
}

// levels are the options about firmware and TCBs.
func levels() []Option {
	floor := kds.TCBParts{BlSpl: 3, SnpSpl: 20, UcodeSpl: 200}
	const ours = `{"bootloader": 3, "tee": 0, "snp": 20, "microcode": 200}`
	const committed = "we hold the committed firmware to it too: the host may go back to that at any time"
	return []Option{
		{
			Name: "MinimumTCB", Theirs: func(o *validate.Options) { o.MinimumTCB = floor }, Ours: `"min_tcb": ` + ours,
			Cases: []Case{
				same("above", true, unchanged),
				same("LAUNCH_TCB below", true, func(s *mint.ReportSpec) { s.LaunchTCB = mint.TCB{} }),
				same("another leaf's level", false, func(s *mint.ReportSpec) { s.ReportedTCB.SNP = 19 }),
				{"COMMITTED_TCB below", func(s *mint.ReportSpec) { s.CommittedTCB.SNP = 19 }, false, true, committed},
			},
		},
		{
			Name: "MinimumTCB above", Theirs: func(o *validate.Options) { o.MinimumTCB = kds.TCBParts{SnpSpl: 25} },
			Ours:  `"min_tcb": {"bootloader": 0, "tee": 0, "snp": 25, "microcode": 0}`,
			Cases: []Case{same("below in one component", false, unchanged)},
		},
		{
			Name: "MinimumLaunchTCB", Theirs: func(o *validate.Options) { o.MinimumLaunchTCB = floor }, Ours: `"min_launch_tcb": ` + ours,
			Cases: []Case{
				same("above", true, unchanged),
				same("below in one component", false, func(s *mint.ReportSpec) { s.LaunchTCB.SNP = 19 }),
				same("equal", true, func(s *mint.ReportSpec) { s.LaunchTCB = mint.TCB{BootLoader: 3, SNP: 20, Microcode: 200} }),
			},
		},
		{
			Name: "MinimumBuild", Theirs: func(o *validate.Options) { o.MinimumBuild = 29 }, Ours: `"firmware": {"min_build": 29}`,
			Cases: []Case{
				same("equal", true, unchanged),
				same("below", false, func(s *mint.ReportSpec) { s.Current.Build, s.Committed.Build = 28, 28 }),
				{"committed below", func(s *mint.ReportSpec) { s.Committed.Build = 28 }, false, true, committed},
			},
		},
		{
			Name: "MinimumVersion", Theirs: func(o *validate.Options) { o.MinimumVersion = 1<<8 | 55 }, Ours: `"firmware": {"min_version": "1.55"}`,
			Cases: []Case{
				same("equal", true, unchanged),
				same("a greater major", true, func(s *mint.ReportSpec) {
					s.Current = mint.Firmware{Major: 2, Minor: 0, Build: 29}
					s.Committed = s.Current
				}),
				same("below", false, func(s *mint.ReportSpec) { s.Current.Minor, s.Committed.Minor = 54, 54 }),
				{"committed below", func(s *mint.ReportSpec) { s.Committed.Minor = 54 }, false, true, committed},
			},
		},
		{
			Name: "MinimumVersion and MinimumBuild", Theirs: func(o *validate.Options) { o.MinimumVersion, o.MinimumBuild = 1<<8|55, 29 },
			Ours: `"firmware": {"min_version": "1.55", "min_build": 29}`,
			Cases: []Case{
				same("equal", true, unchanged),
				same("below", false, func(s *mint.ReportSpec) { s.Current.Build, s.Committed.Build = 28, 28 }),
				{"a newer version with a lower build", func(s *mint.ReportSpec) {
					s.Current = mint.Firmware{Major: 1, Minor: 56, Build: 1}
					s.Committed = s.Current
				}, true, false, "we compare version and build as one: builds count anew with each version"},
			},
		},
		{
			Name: "PermitProvisionalFirmware", Theirs: func(o *validate.Options) { o.PermitProvisionalFirmware = false }, Ours: `"firmware": {"committed_equals_current": true}`,
			Cases: []Case{
				same("the same", true, unchanged),
				same("another build", false, func(s *mint.ReportSpec) { s.Committed.Build-- }),
				same("another version", false, func(s *mint.ReportSpec) { s.Committed.Minor-- }),
				same("another TCB", false, func(s *mint.ReportSpec) { s.CommittedTCB.Microcode-- }),
			},
		},
	}
}
