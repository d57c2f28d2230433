package snpreport_test

import (
	"math/bits"
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

type namedBit struct {
	bit  int
	name string
}

// AMD 56860, GUEST_POLICY. Bit 17 is no permission and has no name.
var guestPolicy = []namedBit{
	{16, "smt"}, {18, "migrate_ma"}, {19, "debug"}, {20, "single_socket"}, {21, "cxl_allow"}, {22, "mem_aes_256_xts"},
	{23, "rapl_dis"}, {24, "ciphertext_hiding_dram"}, {25, "page_swap_disable"},
}

// AMD 56860, PLATFORM_INFO.
var platformInfo = []namedBit{
	{0, "smt_en"}, {1, "tsme_en"}, {2, "ecc_en"}, {3, "rapl_dis"}, {4, "ciphertext_hiding_dram_en"},
	{5, "alias_check_complete"}, {6, "iommu_write_safe"}, {7, "tio_en"},
}

func checkBits(t *testing.T, got []snpreport.Bit, want []namedBit) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bits, want %d", len(got), len(want))
	}
	for i, w := range want {
		if got[i].Name != w.name || got[i].Mask != 1<<w.bit {
			t.Errorf("bit %d is %s, mask %#x; want %s", w.bit, got[i].Name, got[i].Mask, w.name)
		}
		if got[i].Meaning == "" || got[i].SinceVersion < 2 || got[i].SinceVersion > 5 {
			t.Errorf("%s: meaning %q, since version %d", w.name, got[i].Meaning, got[i].SinceVersion)
		}
	}
}

func TestBits(t *testing.T) {
	checkBits(t, snpreport.GuestPolicyBits(), guestPolicy)
	checkBits(t, snpreport.PlatformInfoBits(), platformInfo)
}

func TestBitConstants(t *testing.T) {
	for i, p := range []snpreport.GuestPolicy{
		snpreport.PolicySMT, snpreport.PolicyMigrateMA, snpreport.PolicyDebug, snpreport.PolicySingleSocket, snpreport.PolicyCXLAllow,
		snpreport.PolicyMemAES256XTS, snpreport.PolicyRAPLDis, snpreport.PolicyCiphertextHidingDRAM, snpreport.PolicyPageSwapDisable,
	} {
		if bits.TrailingZeros64(uint64(p)) != guestPolicy[i].bit {
			t.Errorf("%s is %v", guestPolicy[i].name, p)
		}
	}
	if snpreport.PolicyReserved1 != 1<<17 {
		t.Errorf("PolicyReserved1 is %v", snpreport.PolicyReserved1)
	}
	for i, p := range []snpreport.PlatformInfo{
		snpreport.PlatformSMTEn, snpreport.PlatformTSMEEn, snpreport.PlatformECCEn, snpreport.PlatformRAPLDis,
		snpreport.PlatformCiphertextHidingDRAM, snpreport.PlatformAliasCheckComplete, snpreport.PlatformIOMMUWriteSafe, snpreport.PlatformTIOEn,
	} {
		if bits.TrailingZeros64(uint64(p)) != platformInfo[i].bit {
			t.Errorf("%s is %v", platformInfo[i].name, p)
		}
	}
}

func TestBitTablesAreCopies(t *testing.T) {
	snpreport.GuestPolicyBits()[0].Name = "x"
	snpreport.PlatformInfoBits()[0].Name = "x"
	if snpreport.GuestPolicyBits()[0].Name != "smt" || snpreport.PlatformInfoBits()[0].Name != "smt_en" {
		t.Error("a caller can change the tables")
	}
}

func TestGuestPolicy(t *testing.T) {
	p := snpreport.GuestPolicy(0xB_1F37)
	if p.ABIMajor() != 0x1f || p.ABIMinor() != 0x37 || p.String() != "0xb1f37" {
		t.Errorf("%v has ABI %d.%d", p, p.ABIMajor(), p.ABIMinor())
	}
	if !p.Has(snpreport.PolicySMT|snpreport.PolicyDebug) || p.Has(snpreport.PolicySMT|snpreport.PolicyMigrateMA) {
		t.Error("Has must want every bit")
	}
}

// TestUnknownBits: every bit without a name is unknown, and no other.
func TestUnknownBits(t *testing.T) {
	for bit := range 64 {
		if got, want := snpreport.GuestPolicy(1<<bit).Unknown() != 0, bit > 25; got != want {
			t.Errorf("POLICY bit %d is unknown: %v", bit, got)
		}
		if got, want := snpreport.PlatformInfo(1<<bit).Unknown() != 0, bit > 7; got != want {
			t.Errorf("PLATFORM_INFO bit %d is unknown: %v", bit, got)
		}
	}
	if got := snpreport.GuestPolicy(1<<63 | 1<<26 | 0x3FFFFFF).Unknown(); got != 1<<63|1<<26 {
		t.Errorf("unknown in POLICY: %v", got)
	}
	if got := snpreport.PlatformInfo(1<<63 | 1<<8 | 0xFF).Unknown(); got != 1<<63|1<<8 || got.String() != "0x8000000000000100" {
		t.Errorf("unknown in PLATFORM_INFO: %v", got)
	}
	if p := snpreport.PlatformInfo(0x65); !p.Has(0x41) || p.Has(0x42) {
		t.Error("Has must want every bit")
	}
}

// TestStates: a set bit counts always; a clear one only in a report, and from
// a firmware, that knows it.
// Rules: RPT-18.
func TestStates(t *testing.T) {
	firmware := []snpreport.Firmware{
		{}, {Major: 1, Minor: 54, Build: 255}, {Major: 1, Minor: 55}, {Major: 1, Minor: 57, Build: 255}, {Major: 1, Minor: 58}, {Major: 2},
	}
	type row struct {
		name    string
		version uint32 // the first report that can say it
		minor   uint8  // of the first firmware 1.x
	}
	check := func(bits []snpreport.Bit, rows []row, state func(*snpreport.Report, snpreport.Bit) snpreport.State, put func(*snpreport.Report, uint64)) {
		t.Helper()
		for i, w := range rows {
			b := bits[i]
			if b.Name != w.name {
				t.Fatalf("bit %d is %s, want %s", i, b.Name, w.name)
			}
			for version := uint32(0); version <= 5; version++ {
				for _, f := range firmware {
					r := &snpreport.Report{Version: version, CurrentFirmware: f}
					want := snpreport.Clear
					if version < w.version || f.Major < 2 && w.minor > 0 && f.Minor < w.minor {
						want = snpreport.Unknown
					}
					put(r, ^b.Mask)
					if got := state(r, b); got != want {
						t.Errorf("%s clear in version %d by firmware %v: %v, want %v", b.Name, version, f, got, want)
					}
					put(r, b.Mask)
					if got := state(r, b); got != snpreport.Set {
						t.Errorf("%s set in version %d by firmware %v: %v", b.Name, version, f, got)
					}
				}
			}
		}
	}
	check(snpreport.GuestPolicyBits(), []row{
		{"smt", 2, 0}, {"migrate_ma", 2, 0}, {"debug", 2, 0}, {"single_socket", 2, 0}, {"cxl_allow", 2, 55},
		{"mem_aes_256_xts", 2, 55}, {"rapl_dis", 2, 55}, {"ciphertext_hiding_dram", 2, 55}, {"page_swap_disable", 5, 58},
	}, (*snpreport.Report).GuestPolicyState, func(r *snpreport.Report, v uint64) { r.GuestPolicy = snpreport.GuestPolicy(v) })
	check(snpreport.PlatformInfoBits(), []row{
		{"smt_en", 2, 0}, {"tsme_en", 2, 0}, {"ecc_en", 2, 55}, {"rapl_dis", 2, 55}, {"ciphertext_hiding_dram_en", 2, 55},
		{"alias_check_complete", 3, 55}, {"iommu_write_safe", 5, 55}, {"tio_en", 5, 55},
	}, (*snpreport.Report).PlatformInfoState, func(r *snpreport.Report, v uint64) { r.PlatformInfo = snpreport.PlatformInfo(v) })
}

func TestStrings(t *testing.T) {
	for s, want := range map[snpreport.State]string{snpreport.Unknown: "unknown", snpreport.Clear: "no", snpreport.Set: "yes", 3: "unknown", 255: "unknown"} {
		if s.String() != want {
			t.Errorf("State %d is %q", s, s.String())
		}
	}
	for k, want := range map[snpreport.SigningKey]string{
		snpreport.VCEK: "vcek", snpreport.VLEK: "vlek", 2: "chip-secret vcek", 3: "reserved", 6: "reserved", 7: "none", 8: "reserved", 255: "reserved",
	} {
		if k.String() != want {
			t.Errorf("SigningKey %d is %q", k, k.String())
		}
	}
}
