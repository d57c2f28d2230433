package policy

import (
	"fmt"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/validate"

	"github.com/tresorhq/attest/internal/mint"
)

// guestBits are the options about POLICY. Each is one field of theirs.
func guestBits() []Option {
	option := func(name, list, bit string, mask uint64, set func(*abi.SnpPolicy)) Option {
		required := list == "require"
		return Option{
			Name: "GuestPolicy." + name, Theirs: func(o *validate.Options) { set(&o.GuestPolicy) },
			Ours: fmt.Sprintf(`"guest_policy": {"%s": ["%s"]}`, list, bit),
			Cases: []Case{
				same("set", required, func(s *mint.ReportSpec) { s.Policy |= mask }),
				same("clear", !required, func(s *mint.ReportSpec) { s.Policy &^= mask }),
			},
		}
	}
	return []Option{
		{
			Name: "GuestPolicy.ABIMajor, GuestPolicy.ABIMinor", Ours: `"guest_policy": {"min_abi": "1.55"}`,
			Theirs: func(o *validate.Options) { o.GuestPolicy.ABIMajor, o.GuestPolicy.ABIMinor = 1, 55 },
			Cases: []Case{
				same("equal", true, func(s *mint.ReportSpec) { s.Policy = s.Policy&^0xffff | 0x0137 }),
				same("a greater major", true, func(s *mint.ReportSpec) { s.Policy = s.Policy&^0xffff | 0x0200 }),
				same("below", false, func(s *mint.ReportSpec) { s.Policy = s.Policy&^0xffff | 0x0136 }),
			},
		},
		option("SMT", "forbid", "smt", 1<<16, func(p *abi.SnpPolicy) { p.SMT = false }),
		option("MigrateMA", "forbid", "migrate_ma", 1<<18, func(p *abi.SnpPolicy) { p.MigrateMA = false }),
		option("Debug", "forbid", "debug", 1<<19, func(p *abi.SnpPolicy) { p.Debug = false }),
		option("SingleSocket", "require", "single_socket", 1<<20, func(p *abi.SnpPolicy) { p.SingleSocket = true }),
		option("CXLAllowed", "forbid", "cxl_allow", 1<<21, func(p *abi.SnpPolicy) { p.CXLAllowed = false }),
		option("MemAES256XTS", "require", "mem_aes_256_xts", 1<<22, func(p *abi.SnpPolicy) { p.MemAES256XTS = true }),
		option("RAPLDis", "require", "rapl_dis", 1<<23, func(p *abi.SnpPolicy) { p.RAPLDis = true }),
		option("CipherTextHidingDRAM", "require", "ciphertext_hiding_dram", 1<<24, func(p *abi.SnpPolicy) { p.CipherTextHidingDRAM = true }),
		option("PageSwapDisable", "require", "page_swap_disable", 1<<25, func(p *abi.SnpPolicy) { p.PageSwapDisable = true }),
	}
}

// platformBits are the options about PLATFORM_INFO.
func platformBits() []Option {
	// What they take as the greatest that is acceptable.
	most := abi.SnpPlatformInfo{SMTEnabled: true, TSMEEnabled: true, TIOEnabled: true}
	option := func(name, list, bit string, mask uint64, set func(*abi.SnpPlatformInfo)) Option {
		required := list == "require"
		return Option{
			Name: "PlatformInfo." + name, Ours: fmt.Sprintf(`"platform_info": {"%s": ["%s"], "allow_unknown_bits": false}`, list, bit),
			Theirs: func(o *validate.Options) { info := most; set(&info); o.PlatformInfo = &info },
			Cases: []Case{
				same("set", required, func(s *mint.ReportSpec) { s.PlatformInfo |= mask }),
				same("clear", !required, func(s *mint.ReportSpec) { s.PlatformInfo &^= mask }),
				same("an unknown bit", false, func(s *mint.ReportSpec) { s.PlatformInfo = s.PlatformInfo&^mask | 1<<9 }),
			},
		}
	}
	return []Option{
		{
			Name: "PlatformInfo", Ours: `"platform_info": {"allow_unknown_bits": false}`,
			Theirs: func(o *validate.Options) { info := most; o.PlatformInfo = &info },
			Cases: []Case{
				same("as it is", true, unchanged),
				same("an unknown bit", false, func(s *mint.ReportSpec) { s.PlatformInfo |= 1 << 63 }),
				{"bit 6", func(s *mint.ReportSpec) { s.PlatformInfo |= 1 << 6 }, true, false, "IOMMU_WRITE_SAFE of AMD 56860 revision 1.58, set by genuine Turin firmware; they take it for reserved"},
			},
		},
		option("SMTEnabled", "forbid", "smt_en", 1<<0, func(p *abi.SnpPlatformInfo) { p.SMTEnabled = false }),
		option("TSMEEnabled", "forbid", "tsme_en", 1<<1, func(p *abi.SnpPlatformInfo) { p.TSMEEnabled = false }),
		option("ECCEnabled", "require", "ecc_en", 1<<2, func(p *abi.SnpPlatformInfo) { p.ECCEnabled = true }),
		option("RAPLDisabled", "require", "rapl_dis", 1<<3, func(p *abi.SnpPlatformInfo) { p.RAPLDisabled = true }),
		option("CiphertextHidingDRAMEnabled", "require", "ciphertext_hiding_dram_en", 1<<4, func(p *abi.SnpPlatformInfo) { p.CiphertextHidingDRAMEnabled = true }),
		option("AliasCheckComplete", "require", "alias_check_complete", 1<<5, func(p *abi.SnpPlatformInfo) { p.AliasCheckComplete = true }),
		option("TIOEnabled", "forbid", "tio_en", 1<<7, func(p *abi.SnpPlatformInfo) { p.TIOEnabled = false }),
	}
}
