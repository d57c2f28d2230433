package snpreport

import (
	"cmp"
	"fmt"
)

// GuestPolicy is POLICY: the settings that the guest's owner allowed or demanded at
// launch.
type GuestPolicy uint64

// Bits of GuestPolicy. AMD 56860, GUEST_POLICY.
const (
	PolicySMT                  GuestPolicy = 1 << 16 // SMT allowed
	PolicyReserved1            GuestPolicy = 1 << 17 // must be one
	PolicyMigrateMA            GuestPolicy = 1 << 18 // migration agent allowed
	PolicyDebug                GuestPolicy = 1 << 19 // the host may decrypt guest memory
	PolicySingleSocket         GuestPolicy = 1 << 20 // one socket only
	PolicyCXLAllow             GuestPolicy = 1 << 21 // CXL devices and memory allowed
	PolicyMemAES256XTS         GuestPolicy = 1 << 22 // AES-256-XTS required
	PolicyRAPLDis              GuestPolicy = 1 << 23 // RAPL must be disabled
	PolicyCiphertextHidingDRAM GuestPolicy = 1 << 24 // ciphertext hiding required
	PolicyPageSwapDisable      GuestPolicy = 1 << 25 // page move and swap forbidden
)

// ABIMinor returns the lowest firmware ABI minor version the guest accepts.
func (p GuestPolicy) ABIMinor() uint8 { return uint8(p) }

// ABIMajor returns the lowest firmware ABI major version the guest accepts.
func (p GuestPolicy) ABIMajor() uint8 { return uint8(p >> 8) }

// Has reports whether every given bit is set.
func (p GuestPolicy) Has(bits GuestPolicy) bool { return p&bits == bits }

// Unknown returns the set bits that have no name.
func (p GuestPolicy) Unknown() GuestPolicy {
	return GuestPolicy(unnamed(uint64(p&^(0xffff|PolicyReserved1)), guestPolicyBits[:]))
}

// String returns the value in hex, e.g. "0x30000".
func (p GuestPolicy) String() string { return fmt.Sprintf("%#x", uint64(p)) }

// PlatformInfo is PLATFORM_INFO: how the host is configured.
type PlatformInfo uint64

// Bits of PlatformInfo. AMD 56860, PLATFORM_INFO.
const (
	PlatformSMTEn                PlatformInfo = 1 << 0 // SMT enabled
	PlatformTSMEEn               PlatformInfo = 1 << 1 // transparent SME on
	PlatformECCEn                PlatformInfo = 1 << 2 // ECC memory in use
	PlatformRAPLDis              PlatformInfo = 1 << 3 // RAPL disabled
	PlatformCiphertextHidingDRAM PlatformInfo = 1 << 4 // ciphertext hiding on
	PlatformAliasCheckComplete   PlatformInfo = 1 << 5 // no memory alias found since reset
	PlatformIOMMUWriteSafe       PlatformInfo = 1 << 6 // IOMMU writes are safe; clear says nothing of AMD-SB-3016
	PlatformTIOEn                PlatformInfo = 1 << 7 // SEV-TIO enabled
)

// Has reports whether every given bit is set.
func (p PlatformInfo) Has(bits PlatformInfo) bool { return p&bits == bits }

// Unknown returns the set bits that have no name.
func (p PlatformInfo) Unknown() PlatformInfo {
	return PlatformInfo(unnamed(uint64(p), platformInfoBits[:]))
}

// String returns the value in hex, e.g. "0x25".
func (p PlatformInfo) String() string { return fmt.Sprintf("%#x", uint64(p)) }

// A Bit is a named bit of GuestPolicy or PlatformInfo.
type Bit struct {
	Name string // AMD's name in lower case, e.g. "smt_en"
	Mask uint64
	// The first report version, and the first firmware ABI (major, minor), that
	// can say it: in an older report a clear bit means nothing.
	SinceVersion uint32
	SinceABI     [2]uint8
	Meaning      string // what it means when set
}

// The bits in ascending order. SinceABI as in AMD 56860's revision history;
// SinceVersion where the bit came with a new report version. page_swap_disable:
// Linux allows it from firmware 1.58 on (sev_get_snp_policy_bits, by AMD).
var guestPolicyBits = [...]Bit{
	{"smt", uint64(PolicySMT), 2, [2]uint8{}, "SMT allowed on the host"},
	{"migrate_ma", uint64(PolicyMigrateMA), 2, [2]uint8{}, "migration agent allowed"},
	{"debug", uint64(PolicyDebug), 2, [2]uint8{}, "host may read guest memory"},
	{"single_socket", uint64(PolicySingleSocket), 2, [2]uint8{}, "one socket only"},
	{"cxl_allow", uint64(PolicyCXLAllow), 2, [2]uint8{1, 55}, "CXL devices and memory allowed"},
	{"mem_aes_256_xts", uint64(PolicyMemAES256XTS), 2, [2]uint8{1, 55}, "AES-256-XTS required"},
	{"rapl_dis", uint64(PolicyRAPLDis), 2, [2]uint8{1, 55}, "RAPL must be disabled"},
	{"ciphertext_hiding_dram", uint64(PolicyCiphertextHidingDRAM), 2, [2]uint8{1, 55}, "ciphertext hiding required"},
	{"page_swap_disable", uint64(PolicyPageSwapDisable), 5, [2]uint8{1, 58}, "page move and swap forbidden"},
}

var platformInfoBits = [...]Bit{
	{"smt_en", uint64(PlatformSMTEn), 2, [2]uint8{}, "SMT enabled"},
	{"tsme_en", uint64(PlatformTSMEEn), 2, [2]uint8{}, "transparent SME on"},
	{"ecc_en", uint64(PlatformECCEn), 2, [2]uint8{1, 55}, "ECC memory in use"},
	{"rapl_dis", uint64(PlatformRAPLDis), 2, [2]uint8{1, 55}, "RAPL disabled"},
	{"ciphertext_hiding_dram_en", uint64(PlatformCiphertextHidingDRAM), 2, [2]uint8{1, 55}, "ciphertext hiding on"},
	{"alias_check_complete", uint64(PlatformAliasCheckComplete), 3, [2]uint8{1, 55}, "memory alias check passed"},
	{"iommu_write_safe", uint64(PlatformIOMMUWriteSafe), 5, [2]uint8{1, 55}, "IOMMU writes are safe"},
	{"tio_en", uint64(PlatformTIOEn), 5, [2]uint8{1, 55}, "SEV-TIO enabled"},
}

// unnamed returns the bits of value that are none of these.
func unnamed(value uint64, bits []Bit) uint64 {
	for _, b := range bits {
		value &^= b.Mask
	}
	return value
}

// GuestPolicyBits returns every named bit of GuestPolicy, lowest first.
func GuestPolicyBits() []Bit { b := guestPolicyBits; return b[:] }

// PlatformInfoBits returns every named bit of PlatformInfo, lowest first.
func PlatformInfoBits() []Bit { b := platformInfoBits; return b[:] }

// State is the value of a bit, as far as a report can say it.
// Rules: RPT-18.
type State uint8

// A set bit always counts. A clear bit of a report that is too old to know the
// bit is Unknown, not Clear.
const (
	Unknown State = iota
	Clear
	Set
)

func (s State) String() string {
	switch s {
	case Clear:
		return "no"
	case Set:
		return "yes"
	}
	return "unknown"
}

// GuestPolicyState returns the state of a bit of POLICY.
func (r *Report) GuestPolicyState(b Bit) State {
	r = r.orZero()
	return r.state(uint64(r.GuestPolicy), b)
}

// PlatformInfoState returns the state of a bit of PLATFORM_INFO.
func (r *Report) PlatformInfoState(b Bit) State {
	r = r.orZero()
	return r.state(uint64(r.PlatformInfo), b)
}

func (r *Report) state(value uint64, b Bit) State {
	switch abi := (Firmware{Major: b.SinceABI[0], Minor: b.SinceABI[1]}); {
	case value&b.Mask != 0:
		return Set
	case r.Version < b.SinceVersion || r.CurrentFirmware.Compare(abi) < 0:
		return Unknown
	}
	return Clear
}

// KeyInfo is KEY_INFO: which key signed, and whose digests are present.
type KeyInfo uint32

// AuthorKeyEn reports AUTHOR_KEY_EN: AUTHOR_KEY_DIGEST is present.
func (k KeyInfo) AuthorKeyEn() bool { return k&1 != 0 }

// MaskChipKey reports MASK_CHIP_KEY: the firmware did not sign.
func (k KeyInfo) MaskChipKey() bool { return k&2 != 0 }

// SigningKey returns SIGNING_KEY.
func (k KeyInfo) SigningKey() SigningKey { return SigningKey(k >> 2 & 7) }

// SigningKey is the kind of key that signed a report.
type SigningKey uint8

// The kinds that are accepted. 2 (chip-secret VCEK, AMD 56860 revision 1.59),
// 3 to 6 (reserved) and 7 (none: not signed) are refused by Parse.
const (
	VCEK SigningKey = 0 // derived from the chip's own secret
	VLEK SigningKey = 1 // loaded by the cloud provider
)

func (k SigningKey) String() string {
	return cmp.Or(signingKeyNames[k], "reserved")
}

var signingKeyNames = map[SigningKey]string{VCEK: "vcek", VLEK: "vlek", 2: "chip-secret vcek", 7: "none"}
