package boot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// A FirmwareSpec is an OVMF image: a multiple of 4096 bytes whose last ones are the
// footer table. What is launched of it, and how, is a LaunchSpec.
type FirmwareSpec struct {
	Size      int
	Fill      byte          // of all bytes that say nothing
	Sections  []SectionSpec // in the order of the file
	HashArea  [2]uint32     // address and size; 0, 0: no entry
	Reset     uint32        // 0: no entry
	Length    uint32        // of the metadata, as it says; 0: the right one
	Version   uint32        // of the metadata; 0: 1
	Signature string        // of the metadata; "": ASEV
	Offset    uint32        // of the metadata from the end of the file; 0: the right one
	Entries   []Entry       // in place of all entries, when there are any
	Table     uint16        // size of the footer table, as it says; 0: the right one
	Footer    string        // GUID of the table; "": the right one
}

// A SectionSpec is memory that the firmware asks for.
type SectionSpec struct{ GPA, Size, Type uint32 }

// An Entry is one entry of the footer table, the one nearest to the end first.
type Entry struct {
	GUID string
	Data []byte
	Size uint16 // as it says; 0: the right one
}

// GUIDs of the footer table.
const (
	guidFooter   = "96b582de-1fb2-45f7-baea-a366c55a082d"
	GUIDReset    = "00f771de-1a7e-4fcb-890e-68c77e2fb44e"
	GUIDMetadata = "dc886566-984a-4798-a75e-5585a7bf67cc"
	GUIDHashArea = "7255371f-3a3b-4b04-927b-1da6efa8d454"
	GUIDSecret   = "4c2eb361-7d9b-4cc3-8081-127c90d3d294"
)

// AmdSev returns firmware with the sections of OvmfPkg/AmdSev of 2024: it measures a
// kernel.
func AmdSev() FirmwareSpec {
	return FirmwareSpec{Size: 8192, Fill: 0xA5, Reset: 0x80B004, HashArea: [2]uint32{0x810C00, 0x400}, Sections: []SectionSpec{
		{0x800000, 0x9000, 1}, {0x80A000, 0x3000, 1}, {0x80D000, 0x1000, 2}, {0x80E000, 0x1000, 3}, {0x80F000, 0x1000, 4},
		{0x810000, 0x1000, 0x10}, {0x811000, 0xF000, 1},
	}}
}

// mixedGUID returns the 16 bytes of a GUID as UEFI stores it.
func mixedGUID(text string) []byte {
	b := mint.GUID(text)
	for _, pair := range [][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		b[pair[0]], b[pair[1]] = b[pair[1]], b[pair[0]]
	}
	return b
}

func le16(n uint16) []byte { return binary.LittleEndian.AppendUint16(nil, n) }
func le32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
func le64(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// Metadata returns the SEV metadata.
func (f FirmwareSpec) Metadata() []byte {
	n := uint32(len(f.Sections))
	b := slices.Concat([]byte(cmp.Or(f.Signature, "ASEV")), le32(cmp.Or(f.Length, 16+12*n)), le32(cmp.Or(f.Version, 1)), le32(n))
	for _, s := range f.Sections {
		b = slices.Concat(b, le32(s.GPA), le32(s.Size), le32(s.Type))
	}
	return b
}

// List returns the entries of the footer table.
func (f FirmwareSpec) List() []Entry {
	if f.Entries != nil {
		return f.Entries
	}
	list := []Entry{{GUID: GUIDMetadata, Data: le32(cmp.Or(f.Offset, 0x800))}}
	if f.HashArea != [2]uint32{} {
		list = append(list, Entry{GUID: GUIDHashArea, Data: slices.Concat(le32(f.HashArea[0]), le32(f.HashArea[1]))})
	}
	if f.Reset != 0 {
		list = append(list, Entry{GUID: GUIDReset, Data: le32(f.Reset)})
	}
	return list
}

// Encode returns the image: the metadata 0x800 bytes before its end, the table 32
// bytes before it.
func (f FirmwareSpec) Encode() []byte {
	var table []byte
	for _, e := range f.List() {
		table = slices.Concat(e.Data, le16(cmp.Or(e.Size, uint16(len(e.Data))+18)), mixedGUID(e.GUID), table)
	}
	table = slices.Concat(table, le16(cmp.Or(f.Table, uint16(len(table))+18)), mixedGUID(cmp.Or(f.Footer, guidFooter)))
	image := bytes.Repeat([]byte{f.Fill}, f.Size)
	copy(image[f.Size-32-len(table):], table)
	copy(image[f.Size-0x800:], f.Metadata())
	return image
}

// A LaunchSpec is one launch of an image.
type LaunchSpec struct {
	Image    []byte
	Firmware FirmwareSpec
	VMM      string // as in a launch file
	VCPUs    int
	CPU      uint32 // signature
	Features uint64
	Wide     bool // VMSAs at the top of 52 bits of address, not of 48
	Kernel   *KernelSpec
}

// A KernelSpec is what a guest boots directly.
type KernelSpec struct {
	Kernel, Initrd []byte
	Cmdline        string
}

// Launch types of pages.
const (
	pageNormal     = 1
	pageVMSA       = 2
	pageZero       = 3
	pageUnmeasured = 4
	pageSecrets    = 5
	pageCPUID      = 6
)

// extend returns the launch digest after one more page. contents is nil for pages that
// are not hashed.
func extend(digest []byte, kind byte, gpa uint64, contents []byte) []byte {
	hash := make([]byte, 48)
	if contents != nil {
		sum := sha512.Sum384(contents)
		hash = sum[:]
	}
	sum := sha512.Sum384(slices.Concat(digest, hash, le16(112), []byte{kind, 0, 0, 0, 0, 0}, le64(gpa)))
	return sum[:]
}

// Table returns the kernel hash table with its padding, 176 bytes.
func (k *KernelSpec) Table() []byte {
	entry := func(guid string, data []byte) []byte {
		sum := sha256.Sum256(data)
		return slices.Concat(mixedGUID(guid), le16(50), sum[:])
	}
	return slices.Concat(mixedGUID("9438d606-4f22-4cc9-b479-a793d411fd21"), le16(168),
		entry("97d02dd8-bd20-4c94-aa78-e7714d36ab2a", append([]byte(k.Cmdline), 0)),
		entry("44baf731-3a2f-4bd7-9af1-41e29169781d", k.Initrd),
		entry("4de79437-abd2-427f-b835-d5b172d2045b", k.Kernel), make([]byte, 8))
}

// Digest returns the launch digest.
func (l LaunchSpec) Digest() [48]byte {
	d := make([]byte, 48)
	for at := 0; at < len(l.Image); at += 4096 {
		d = extend(d, pageNormal, 1<<32-uint64(len(l.Image)-at), l.Image[at:at+4096])
	}
	d = l.After(d)
	return [48]byte(d)
}

// After returns the launch digest when the digest after the firmware is known.
func (l LaunchSpec) After(d []byte) []byte {
	sections := slices.Clone(l.Firmware.Sections)
	if isCPUID := func(s SectionSpec) bool { return s.Type == 3 }; l.VMM == "ec2" || l.VMM == "ec2-rdx0" { // which is last
		others := slices.DeleteFunc(slices.Clone(sections), isCPUID)
		sections = append(others, slices.DeleteFunc(sections, func(s SectionSpec) bool { return !isCPUID(s) })...)
	}
	for _, s := range sections {
		for at := uint32(0); at < s.Size; at += 4096 {
			gpa := uint64(s.GPA + at)
			switch {
			case s.Type == 2:
				d = extend(d, pageSecrets, gpa, nil)
			case s.Type == 3:
				d = extend(d, pageCPUID, gpa, nil)
			case s.Type == 1 && l.VMM == "gce":
				d = extend(d, pageUnmeasured, gpa, nil)
			case s.Type == 0x10 && l.Kernel != nil:
				page := make([]byte, 4096)
				copy(page[l.Firmware.HashArea[0]&0xFFF:], l.Kernel.Table())
				d = extend(d, pageNormal, gpa, page)
			default:
				d = extend(d, pageZero, gpa, nil)
			}
		}
	}
	gpa := uint64(0xFFFFFFFFF000)
	if l.Wide {
		gpa = 0xFFFFFFFFFF000
	}
	for i := range l.VCPUs {
		d = extend(d, pageVMSA, gpa, l.VMSA(i == 0))
	}
	return d
}

// goldenVMSA are the rows of 16 bytes that are not zero, by offset, of the first
// processor of QEMU with the CPU model EPYC-v4.
const goldenVMSA = `
000 00009300ffff00000000000000000000  050 00009300ffff00000000000000000000  160 0004000000000000f00fffff00000000
010 00f09b00ffff00000000ffff00000000  060 00000000ffff00000000000000000000  170 0200000000000000f0ff000000000000
020 00009300ffff00000000000000000000  070 00008200ffff00000000000000000000  260 00000000000000000604070006040700
030 00009300ffff00000000000000000000  080 00000000ffff00000000000000000000  310 120f8000000000000000000000000000
040 00009300ffff00000000000000000000  090 00008b00ffff00000000000000000000  3b0 01000000000000000000000000000000
0d0 00100000000000000000000000000000  140 00000000000000004000000000000000  3e0 00000000000000000100000000000000
150 00000000000000001000000000000000  400 0000000000000000801f000000000000  410 7f030000000000000000000000000000`

// VMSA returns the registers of the first processor, or of another one.
func (l LaunchSpec) VMSA(first bool) []byte {
	page := make([]byte, 4096)
	fields := strings.Fields(goldenVMSA)
	for i := 0; i < len(fields); i += 2 {
		at, err := hex.DecodeString("0" + fields[i])
		row, err2 := hex.DecodeString(fields[i+1])
		if err != nil || err2 != nil {
			panic("mint: goldenVMSA")
		}
		copy(page[int(at[0])<<8|int(at[1]):], row)
	}
	if !first {
		copy(page[0x18:], le32(l.Firmware.Reset&^0xFFFF))
		copy(page[0x178:], le32(l.Firmware.Reset&0xFFFF))
	}
	copy(page[0x310:], le32(l.CPU))
	copy(page[0x3B0:], le64(l.Features))
	if l.VMM == "qemu" {
		return page
	}
	copy(page[0x408:], le32(0))
	copy(page[0x410:], le16(0))
	if l.VMM == "qemu-old-fpu" {
		return page
	}
	rdx := uint32(0x600)
	if l.VMM == "ec2-rdx0" {
		rdx = 0
	}
	copy(page[0x310:], le32(rdx))
	if l.VMM == "gce" {
		copy(page[0x268:], le64(0x70106))
		return page
	}
	if first {
		page[0x12] = 0x9A
	}
	page[0x22], page[0x92] = 0x92, 0x83
	return page
}
