package mint_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// reportVerifies checks the signature straight from the bytes.
func reportVerifies(report []byte, key *ecdsa.PublicKey) bool {
	read := func(at int) *big.Int {
		b := bytes.Clone(report[at : at+72])
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	digest := sha512.Sum384(report[:0x2A0])
	return ecdsa.Verify(key, digest[:], read(0x2A0), read(0x2E8))
}

// TestReportFields sets one field at a time and asks for exactly the bytes of
// that field. Together with the zero rest this pins the layout.
func TestReportFields(t *testing.T) {
	seq := func(n int) []byte { // 01 02 03 ...
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i + 1)
		}
		return b
	}
	tcb := mint.TCB{FMC: 1, BootLoader: 2, TEE: 3, SNP: 4, Microcode: 5}
	milan, turin := "0203000000000405", "0102030400000005"
	tests := []struct {
		name string
		at   int
		want string
		set  func(*mint.ReportSpec)
	}{
		{"VERSION", 0x000, "04030201", func(s *mint.ReportSpec) { s.Version = 0x01020304 }},
		{"GUEST_SVN", 0x004, "04030201", func(s *mint.ReportSpec) { s.GuestSVN = 0x01020304 }},
		{"POLICY", 0x008, "0807060504030201", func(s *mint.ReportSpec) { s.Policy = 0x0102030405060708 }},
		{"FAMILY_ID", 0x010, "", func(s *mint.ReportSpec) { copy(s.FamilyID[:], seq(16)) }},
		{"IMAGE_ID", 0x020, "", func(s *mint.ReportSpec) { copy(s.ImageID[:], seq(16)) }},
		{"VMPL", 0x030, "04030201", func(s *mint.ReportSpec) { s.VMPL = 0x01020304 }},
		{"SIGNATURE_ALGO", 0x034, "04030201", func(s *mint.ReportSpec) { s.SignatureAlgo = 0x01020304 }},
		{"CURRENT_TCB", 0x038, milan, func(s *mint.ReportSpec) { s.CurrentTCB = tcb }},
		{"CURRENT_TCB of Turin", 0x038, turin, func(s *mint.ReportSpec) { s.Product, s.CurrentTCB = "Turin", tcb }},
		{"PLATFORM_INFO", 0x040, "0807060504030201", func(s *mint.ReportSpec) { s.PlatformInfo = 0x0102030405060708 }},
		{"KEY_INFO", 0x048, "04030201", func(s *mint.ReportSpec) { s.KeyInfo = 0x01020304 }},
		{"REPORT_DATA", 0x050, "", func(s *mint.ReportSpec) { copy(s.ReportData[:], seq(64)) }},
		{"MEASUREMENT", 0x090, "", func(s *mint.ReportSpec) { copy(s.Measurement[:], seq(48)) }},
		{"HOST_DATA", 0x0C0, "", func(s *mint.ReportSpec) { copy(s.HostData[:], seq(32)) }},
		{"ID_KEY_DIGEST", 0x0E0, "", func(s *mint.ReportSpec) { copy(s.IDKeyDigest[:], seq(48)) }},
		{"AUTHOR_KEY_DIGEST", 0x110, "", func(s *mint.ReportSpec) { copy(s.AuthorKeyDigest[:], seq(48)) }},
		{"REPORT_ID", 0x140, "", func(s *mint.ReportSpec) { copy(s.ReportID[:], seq(32)) }},
		{"REPORT_ID_MA", 0x160, "", func(s *mint.ReportSpec) { copy(s.ReportIDMA[:], seq(32)) }},
		{"REPORTED_TCB", 0x180, milan, func(s *mint.ReportSpec) { s.ReportedTCB = tcb }},
		{"CPUID", 0x188, "010203", func(s *mint.ReportSpec) { s.Family, s.Model, s.Stepping = 1, 2, 3 }},
		{"CHIP_ID", 0x1A0, "", func(s *mint.ReportSpec) { copy(s.ChipID[:], seq(64)) }},
		{"COMMITTED_TCB", 0x1E0, milan, func(s *mint.ReportSpec) { s.CommittedTCB = tcb }},
		{"CURRENT_BUILD ...", 0x1E8, "030201", func(s *mint.ReportSpec) { s.Current = mint.Firmware{Major: 1, Minor: 2, Build: 3} }},
		{"COMMITTED_BUILD ...", 0x1EC, "030201", func(s *mint.ReportSpec) { s.Committed = mint.Firmware{Major: 1, Minor: 2, Build: 3} }},
		{"LAUNCH_TCB", 0x1F0, milan, func(s *mint.ReportSpec) { s.LaunchTCB = tcb }},
		{"LAUNCH_MIT_VECTOR", 0x1F8, "0807060504030201", func(s *mint.ReportSpec) { s.LaunchMitVector = 0x0102030405060708 }},
		{"CURRENT_MIT_VECTOR", 0x200, "0807060504030201", func(s *mint.ReportSpec) { s.CurrentMitVector = 0x0102030405060708 }},
	}
	end := 0
	for _, tt := range tests {
		spec := mint.ReportSpec{Product: "Milan"}
		tt.set(&spec)
		got := spec.Encode()
		var want [mint.ReportSize]byte
		field, err := hex.DecodeString(tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if len(field) == 0 { // as long as what was set
			field = bytes.TrimRight(got[tt.at:], "\x00")
			if !bytes.Equal(field, seq(len(field))) {
				t.Errorf("%s: %x", tt.name, field)
			}
		}
		copy(want[tt.at:], field)
		if got != want {
			t.Errorf("%s: bytes elsewhere, or others: %x", tt.name, bytes.Trim(got[:], "\x00"))
		}
		end = max(end, tt.at+len(field))
	}
	if end != 0x208 {
		t.Errorf("the last field ends at %#x", end)
	}
}

func TestSign(t *testing.T) {
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				e := mint.Evidence(product, version, kind)
				key := parse(t, e.Leaf).PublicKey.(*ecdsa.PublicKey)
				if len(e.Report) != mint.ReportSize || !reportVerifies(e.Report, key) {
					t.Fatalf("%s %d %s: does not verify", product, version, kind)
				}
				if !bytes.Equal(e.Report[0x2D0:0x2E8], make([]byte, 24)) || !bytes.Equal(e.Report[0x318:], make([]byte, 0x4A0-0x318)) {
					t.Errorf("%s %d %s: padding is not zero", product, version, kind)
				}
				zero := slices.Repeat([]byte{0}, 24)
				if hasCPUID := !bytes.Equal(e.Report[0x188:0x1A0], zero); hasCPUID != (version >= 3) {
					t.Errorf("%s %d %s: CPUID written: %v", product, version, kind, hasCPUID)
				}
				if mitigated := !bytes.Equal(e.Report[0x1F8:0x208], zero[:16]); mitigated != (version >= 5) {
					t.Errorf("%s %d %s: mitigation vectors written: %v", product, version, kind, mitigated)
				}
			}
		}
	}
	e := mint.Evidence("Milan", 3, "vcek")
	e.Report[0x29F] ^= 1
	if reportVerifies(e.Report, &e.Key.PublicKey) {
		t.Error("the last signed byte is not signed")
	}
	mint.Sign(e.Report, e.Key)
	if !reportVerifies(e.Report, &e.Key.PublicKey) || e.Report[0x29F] != 1 {
		t.Error("signing again does not sign what is there")
	}
}

func TestPutSignature(t *testing.T) {
	report := slices.Repeat([]byte{0xEE}, mint.ReportSize)
	highest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 8*72), big.NewInt(1))
	mint.PutSignature(report, big.NewInt(0x0102), highest)
	r := append([]byte{0x02, 0x01}, make([]byte, 70)...)
	want := slices.Concat(slices.Repeat([]byte{0xEE}, 0x2A0), r, slices.Repeat([]byte{0xFF}, 72), slices.Repeat([]byte{0xEE}, 368))
	if !bytes.Equal(report, want) {
		t.Error("r or s is not in its place")
	}
}
