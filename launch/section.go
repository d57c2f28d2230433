package launch

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// A SectionType is the type of a section of SEV metadata. edk2,
// OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm.
type SectionType uint32

// The types of sections.
const (
	SecMem       SectionType = 1
	SecretsPage  SectionType = 2
	CPUIDPage    SectionType = 3
	SVSMCAA      SectionType = 4
	KernelHashes SectionType = 0x10
)

// sectionTypes has the name of each, and the type of its pages.
var sectionTypes = map[SectionType]struct {
	name string
	page PageType
}{
	SecMem:       {"SNP_SEC_MEM", Zero},
	SecretsPage:  {"SNP_SECRETS", Secrets},
	CPUIDPage:    {"CPUID", CPUID},
	SVSMCAA:      {"SVSM_CAA", Zero},
	KernelHashes: {"SNP_KERNEL_HASHES", Zero}, // NORMAL when there is a kernel
}

func (t SectionType) String() string { return sectionTypes[t].name }

// A Section is memory that the firmware wants to be launched, besides itself.
type Section struct {
	GPA  uint32 // guest-physical address, a multiple of 4096
	Size uint32 // in bytes, a multiple of 4096
	Type SectionType
}

// Metadata is what the footer of a firmware file says of the launch.
type Metadata struct {
	Sections  []Section // in the order of the file, which is that of the launch
	HashTable uint32    // guest-physical address of the kernel hash table, or 0
	APReset   uint32    // address at which all virtual processors but the first start, or 0
}

const (
	maxSections    = 64
	maxSectionSize = 64 << 20 // bytes of all sections together
	sectionSize    = 12       // u32 GPA, u32 size, u32 type
	metadataSize   = 16       // of the header: "ASEV", u32 length, u32 version, u32 count
)

// parseSections reads SEV metadata, which begins offset bytes before the end of
// the file. at is where the offset stands.
// Rules: LCH-15.
func parseSections(image []byte, at int, offset uint32) ([]Section, int, error) {
	if offset < metadataSize || uint64(offset) > uint64(len(image)) {
		return nil, 0, refuse("LCH-15", "SEV metadata offset", at, fmt.Sprintf("%#x to %#x", metadataSize, len(image)), hexNumber(offset))
	}
	start := len(image) - int(offset)
	header := image[start:]
	length, version, count := binary.LittleEndian.Uint32(header[4:]), binary.LittleEndian.Uint32(header[8:]), binary.LittleEndian.Uint32(header[12:])
	switch {
	case string(header[:4]) != "ASEV":
		return nil, 0, refuse("LCH-15", "metadata.signature", start, `"ASEV"`, fmt.Sprintf("%q", header[:4]))
	case version != 1:
		return nil, 0, refuse("LCH-15", "metadata.version", start+8, "1", fmt.Sprint(version))
	case count < 1 || count > maxSections:
		return nil, 0, refuse("LCH-15", "metadata.count", start+12, fmt.Sprintf("1 to %d", maxSections), fmt.Sprint(count))
	case length != metadataSize+sectionSize*count || length > offset:
		return nil, 0, refuse("LCH-15", "metadata.length", start+4, fmt.Sprintf("%d, inside the file", metadataSize+sectionSize*count), fmt.Sprint(length))
	}
	sections := make([]Section, count)
	for i := range sections {
		b := header[metadataSize+sectionSize*i:]
		sections[i] = Section{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), SectionType(binary.LittleEndian.Uint32(b[8:]))}
	}
	return sections, start + metadataSize, nil
}

// check judges sections before a byte is hashed. limit is the address of the
// firmware; at is where the first section stands
// in the input.
// Rules: LCH-16, LCH-17, LCH-18.
func (m *Metadata) check(limit uint64, at int) error {
	if len(m.Sections) < 1 || len(m.Sections) > maxSections {
		return wrong("LCH-15", "metadata.sections", fmt.Sprintf("1 to %d", maxSections), fmt.Sprint(len(m.Sections)))
	}
	var sum uint64
	count := map[SectionType]int{}
	var before []region
	for i, s := range m.Sections {
		fail := func(id, member, expected, actual string) error {
			return refuse(id, fmt.Sprintf("metadata.sections[%d].%s", i, member), at, expected, actual)
		}
		if i != 0 && at != rule.NoOffset {
			at += sectionSize
		}
		sum += uint64(s.Size)
		_, known := sectionTypes[s.Type]
		end := uint64(s.GPA) + uint64(s.Size)
		count[s.Type]++
		switch {
		case !known:
			return fail("LCH-16", "type", "1, 2, 3, 4 or 0x10", hexNumber(uint32(s.Type)))
		case s.GPA%PageSize != 0:
			return fail("LCH-16", "gpa", "a multiple of 4096", hexNumber(s.GPA))
		case s.Size == 0 || s.Size%PageSize != 0:
			return fail("LCH-16", "size", "a multiple of 4096, not 0", hexNumber(s.Size))
		case end/PageSize > limit/PageSize: // both multiples of it
			return fail("LCH-16", "size", fmt.Sprintf("an end at or below %#x", limit), hexNumber(end))
		case sum/PageSize > maxSectionSize/PageSize:
			return fail("LCH-16", "size", "64 MiB in all sections at most", hexNumber(sum))
		case s.Type != SecMem && s.Size != PageSize:
			return fail("LCH-17", "size", "0x1000 in "+s.Type.String(), hexNumber(s.Size))
		case s.Type != SecMem && s.Type != SVSMCAA && count[s.Type] > 1:
			return fail("LCH-17", "type", "one section "+s.Type.String(), "a second one")
		}
		r := region{gpa: uint64(s.GPA), pages: int(s.Size / PageSize)}
		if slices.ContainsFunc(before, r.overlaps) {
			return fail("LCH-18", "gpa", "sections that do not overlap", hexNumber(s.GPA))
		}
		before = append(before, r)
	}
	for _, t := range []SectionType{SecretsPage, CPUIDPage} {
		if count[t] == 0 {
			return wrong("LCH-17", "metadata.sections", "one section "+t.String(), "none")
		}
	}
	return nil
}

func (r region) overlaps(s region) bool {
	return r.gpa/PageSize < s.end()/PageSize && s.gpa/PageSize < r.end()/PageSize
}
