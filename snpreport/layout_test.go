package snpreport_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

const size = 1184

// never is the version from which on a reserved range has a meaning.
const never = 255

// field is a row of the layout as this test reads AMD 56860, written down apart
// from the parser. get returns what the Report says, encoded little-endian.
type field struct {
	off, size int
	name      string
	since     byte // the first report version that has it; before: zero
	get       func(*snpreport.Report) []byte
}

func le32[T ~uint32](v T) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
func le64[T ~uint64](v T) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

func firmware(f snpreport.Firmware) []byte { return []byte{f.Build, f.Minor, f.Major} }

var layout = []field{
	{0x000, 4, "VERSION", 0, func(r *snpreport.Report) []byte { return le32(r.Version) }},
	{0x004, 4, "GUEST_SVN", 0, func(r *snpreport.Report) []byte { return le32(r.GuestSVN) }},
	{0x008, 8, "POLICY", 0, func(r *snpreport.Report) []byte { return le64(r.GuestPolicy) }},
	{0x010, 16, "FAMILY_ID", 0, func(r *snpreport.Report) []byte { return r.FamilyID[:] }},
	{0x020, 16, "IMAGE_ID", 0, func(r *snpreport.Report) []byte { return r.ImageID[:] }},
	{0x030, 4, "VMPL", 0, func(r *snpreport.Report) []byte { return le32(r.VMPL) }},
	{0x034, 4, "SIGNATURE_ALGO", 0, func(r *snpreport.Report) []byte { return le32(r.SignatureAlgo) }},
	{0x038, 8, "CURRENT_TCB", 0, func(r *snpreport.Report) []byte { return r.CurrentTCB[:] }},
	{0x040, 8, "PLATFORM_INFO", 0, func(r *snpreport.Report) []byte { return le64(r.PlatformInfo) }},
	{0x048, 4, "KEY_INFO", 0, func(r *snpreport.Report) []byte { return le32(r.KeyInfo) }},
	{0x04C, 4, "zero", never, nil},
	{0x050, 64, "REPORT_DATA", 0, func(r *snpreport.Report) []byte { return r.ReportData[:] }},
	{0x090, 48, "MEASUREMENT", 0, func(r *snpreport.Report) []byte { return r.Measurement[:] }},
	{0x0C0, 32, "HOST_DATA", 0, func(r *snpreport.Report) []byte { return r.HostData[:] }},
	{0x0E0, 48, "ID_KEY_DIGEST", 0, func(r *snpreport.Report) []byte { return r.IDKeyDigest[:] }},
	{0x110, 48, "AUTHOR_KEY_DIGEST", 0, func(r *snpreport.Report) []byte { return r.AuthorKeyDigest[:] }},
	{0x140, 32, "REPORT_ID", 0, func(r *snpreport.Report) []byte { return r.ReportID[:] }},
	{0x160, 32, "REPORT_ID_MA", 0, func(r *snpreport.Report) []byte { return r.ReportIDMA[:] }},
	{0x180, 8, "REPORTED_TCB", 0, func(r *snpreport.Report) []byte { return r.ReportedTCB[:] }},
	{0x188, 3, "CPUID_FAM_ID, CPUID_MOD_ID, CPUID_STEP", 3, func(r *snpreport.Report) []byte {
		return []byte{r.CPUID.Family, r.CPUID.Model, r.CPUID.Stepping}
	}},
	{0x18B, 21, "zero", never, nil},
	{0x1A0, 64, "CHIP_ID", 0, func(r *snpreport.Report) []byte { return r.ChipID[:] }},
	{0x1E0, 8, "COMMITTED_TCB", 0, func(r *snpreport.Report) []byte { return r.CommittedTCB[:] }},
	{0x1E8, 3, "CURRENT_BUILD, CURRENT_MINOR, CURRENT_MAJOR", 0, func(r *snpreport.Report) []byte { return firmware(r.CurrentFirmware) }},
	{0x1EB, 1, "zero", never, nil},
	{0x1EC, 3, "COMMITTED_BUILD, COMMITTED_MINOR, COMMITTED_MAJOR", 0, func(r *snpreport.Report) []byte { return firmware(r.CommittedFirmware) }},
	{0x1EF, 1, "zero", never, nil},
	{0x1F0, 8, "LAUNCH_TCB", 0, func(r *snpreport.Report) []byte { return r.LaunchTCB[:] }},
	{0x1F8, 8, "LAUNCH_MIT_VECTOR", 5, func(r *snpreport.Report) []byte { return le64(r.LaunchMitVector) }},
	{0x200, 8, "CURRENT_MIT_VECTOR", 5, func(r *snpreport.Report) []byte { return le64(r.CurrentMitVector) }},
	{0x208, 152, "zero", never, nil},
	{0x2A0, 48, "SIGNATURE.R", 0, func(r *snpreport.Report) []byte { return r.Signature.R[:] }},
	{0x2D0, 24, "zero", never, nil},
	{0x2E8, 48, "SIGNATURE.S", 0, func(r *snpreport.Report) []byte { return r.Signature.S[:] }},
	{0x318, 24, "zero", never, nil},
	{0x330, 368, "zero", never, nil},
}

// blank is the shortest way to a report that Parse accepts.
func blank(version byte) []byte {
	b := make([]byte, size)
	b[0x000] = version
	b[0x034] = 1
	return b
}

// filled is a report in which every byte that may be set is set, and neighbours
// differ.
func filled(version byte) []byte {
	b := make([]byte, size)
	for _, f := range layout {
		if version >= f.since {
			for i := range f.size {
				b[f.off+i] = byte(f.off+i)*167 | 1
			}
		}
	}
	copy(b[0x000:], []byte{version, 0, 0, 0})
	copy(b[0x030:], []byte{3, 0, 0, 0}) // VMPL
	copy(b[0x034:], []byte{1, 0, 0, 0}) // SIGNATURE_ALGO
	copy(b[0x048:], []byte{5, 0, 0, 0}) // VLEK, AUTHOR_KEY_EN
	return b
}

func parse(t testing.TB, b []byte) *snpreport.Report {
	t.Helper()
	r, err := snpreport.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func eachVersion(t *testing.T, f func(t *testing.T, version byte)) {
	for version := byte(2); version <= 5; version++ {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) { f(t, version) })
	}
}

func TestLayoutAddsUp(t *testing.T) {
	next := 0
	for _, f := range layout {
		if f.off != next {
			t.Errorf("%s is at %#x, the row before ends at %#x", f.name, f.off, next)
		}
		next = f.off + f.size
	}
	if next != size || snpreport.Size != size {
		t.Errorf("the layout ends at %d, Size is %d, both must be %d", next, snpreport.Size, size)
	}
	if snpreport.SignedSize != 0x2A0 {
		t.Errorf("SignedSize is %#x", snpreport.SignedSize)
	}
}

// TestPackageDoc holds the table in doc.go against the layout.
func TestPackageDoc(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^//\t0x([0-9A-F]{3}) +(\d+)  (.*)$`).FindAllStringSubmatch(string(doc), -1)
	if len(rows) != len(layout) {
		t.Fatalf("doc.go has %d rows, the layout %d", len(rows), len(layout))
	}
	for i, f := range layout {
		off, err := strconv.ParseInt(rows[i][1], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		if int(off) != f.off || rows[i][2] != strconv.Itoa(f.size) || !strings.HasPrefix(rows[i][3], f.name) {
			t.Errorf("doc.go says %q, the layout %#x, %d, %s", rows[i][0], f.off, f.size, f.name)
		}
		if says := strings.Contains(rows[i][3], fmt.Sprintf("from version %d on", f.since)); says != (f.since == 3 || f.since == 5) {
			t.Errorf("doc.go is wrong about the version of %s", f.name)
		}
	}
}

func TestEveryFieldIsReadAtItsOffset(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		b := filled(version)
		r := parse(t, b)
		for _, f := range layout {
			if f.get == nil {
				continue
			}
			if got, want := f.get(r), b[f.off:f.off+f.size]; !bytes.Equal(got, want) {
				t.Errorf("%s is %x, want %x", f.name, got, want)
			}
		}
		if r.Raw() != [size]byte(b) {
			t.Error("Raw differs from what was parsed")
		}
	})
}

// TestFieldBoundaries changes the first and the last byte of each field: that
// field alone must change.
func TestFieldBoundaries(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		base := snpreport.Unchecked(filled(version))
		for _, changed := range layout {
			for _, at := range []int{changed.off, changed.off + changed.size - 1} {
				b := filled(version)
				b[at] ^= 0x80
				r := snpreport.Unchecked(b)
				for _, f := range layout {
					if f.get == nil {
						continue
					}
					if differs := !bytes.Equal(f.get(r), f.get(base)); differs != (f.off == changed.off) {
						t.Errorf("byte %#x (%s): %s changes: %v", at, changed.name, f.name, differs)
					}
				}
			}
		}
	})
}

func TestFieldsOfLaterVersionsAreMarkedAbsent(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		r := parse(t, filled(version))
		if die, ok := r.Die(); ok != (version >= 3) || die != r.CPUID {
			t.Errorf("Die is %v, %v", die, ok)
		}
		if launch, current, ok := r.Mitigations(); ok != (version >= 5) || launch != r.LaunchMitVector || current != r.CurrentMitVector {
			t.Errorf("Mitigations are %#x, %#x, %v", launch, current, ok)
		}
	})
}
