package launch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// An IGVM is an IGVM file: the pages that it wants to be launched on SEV-SNP, and
// the registers of the virtual processors.
type IGVM struct {
	IDBlock  *IDBlock // of the file, but POLICY, not verified; nil when there is none
	regions  []region // in the order of the file, VMSAs where they stand
	cpus     int
	features Features // of the processor with the lowest number
}

// Types of variable headers that are read. microsoft/igvm, crate igvm_defs.
const (
	headerPlatform        = 0x001
	headerRelocatable     = 0x102
	headerPageTable       = 0x103
	headerParameterArea   = 0x301
	headerPageData        = 0x302
	headerParameterInsert = 0x303
	headerContext         = 0x304
	headerIDBlock         = 0x30B
	headerOptional        = 1 << 31 // a loader may pass over it
)

// headers are those: their sizes, and where their mask of platforms is, if any.
var headers = map[uint32]struct {
	name       string
	size, mask int
}{
	headerPlatform:        {"SUPPORTED_PLATFORM", 16, -1},
	headerRelocatable:     {"RELOCATABLE_REGION", 0, 0},
	headerPageTable:       {"PAGE_TABLE_RELOCATION_REGION", 0, 0},
	headerParameterArea:   {"PARAMETER_AREA", 16, -1},
	headerPageData:        {"PAGE_DATA", 24, 8},
	headerParameterInsert: {"PARAMETER_INSERT", 16, 8},
	headerContext:         {"VP_CONTEXT", 20, 8},
	headerIDBlock:         {"SNP_ID_BLOCK", 696, 0},
}

// passedOver are headers of which nothing is measured: GUEST_POLICY, documents,
// REQUIRED_MEMORY, what fills parameters, ERROR_RANGE, VBS_MEASUREMENT.
var passedOver = []uint32{0x101, 0x104, 0x105, 0x106, 0x305, 0x307, 0x308, 0x309, 0x30A, 0x30C, 0x30D, 0x30E, 0x30F, 0x310, 0x311, 0x312, 0x313}

// The platform and the size of a 2 MiB page in pages, and limits.
const (
	platformSNP  = 2
	largePage    = 512
	maxIGVMData  = MaxFirmware / PageSize // pages with data in the file
	maxIGVMPages = 65536                  // pages of all kinds
	maxAreas     = 1024
)

// Flags and data types of PAGE_DATA. Types 2 and 3 are CPUID.
const (
	flagLarge, flagUnmeasured         = 1, 2
	dataNormal, dataSecrets, dataLast = 0, 1, 3
)

// An igvmReader reads the variable headers of a file.
type igvmReader struct {
	image  []byte
	end    int            // offset of the first byte behind the headers
	mask   uint32         // the bit of SEV-SNP
	areas  map[uint32]int // pages of each parameter area that was not inserted yet, or 0
	cpus   map[uint16]bool
	data   int // pages with data in the file
	pages  int // all pages
	result IGVM
}

// A header is one variable header.
type header struct {
	typ  uint32
	at   int // offset of the body
	body []byte
}

func (h header) u16(at int) uint16 { return binary.LittleEndian.Uint16(h.body[at:]) }
func (h header) u32(at int) uint32 { return binary.LittleEndian.Uint32(h.body[at:]) }
func (h header) u64(at int) uint64 { return binary.LittleEndian.Uint64(h.body[at:]) }

func (h header) refuse(id, member string, at int, expected, actual string) error {
	return refuse(id, headers[h.typ].name+"."+member, h.at+at, expected, actual)
}

// ParseIGVM reads an IGVM file. Checked in this order: fixed header; checksum; all
// variable headers in the order of the file; that there are pages, that none
// overlap, and that there is a VMSA. It hashes nothing.
// Rules: LCH-40 to LCH-48.
func ParseIGVM(image []byte) (*IGVM, error) {
	start, end, err := parseFixed(image)
	if err != nil {
		return nil, err
	}
	list, err := splitHeaders(image, start, end)
	if err != nil {
		return nil, err
	}
	r := &igvmReader{image: slices.Clone(image), end: end, areas: map[uint32]int{}, cpus: map[uint16]bool{}}
	if list, err = r.platform(list); err != nil {
		return nil, err
	}
	for _, h := range list {
		if err := r.header(h); err != nil {
			return nil, err
		}
	}
	if err := r.conclude(); err != nil {
		return nil, err
	}
	return &r.result, nil
}

// parseFixed checks the fixed header and returns where the variable ones are.
// Rules: LCH-40, LCH-41.
func parseFixed(image []byte) (start, end int, err error) {
	if len(image) < 24 || len(image) > MaxFirmware {
		return 0, 0, refuse("LCH-40", "size of the IGVM file", 0, fmt.Sprintf("24 to %d bytes", MaxFirmware), fmt.Sprint(len(image)))
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(image[at:]) }
	version := u32(4)
	size := map[uint32]int{1: 24, 2: 32}[version]
	switch {
	case string(image[:4]) != "IGVM":
		return 0, 0, refuse("LCH-40", "magic", 0, `"IGVM"`, fmt.Sprintf("%q", image[:4]))
	case size == 0:
		return 0, 0, refuse("LCH-40", "format version", 4, "1 or 2", fmt.Sprint(version))
	case u32(16) != uint32(len(image)):
		return 0, 0, refuse("LCH-40", "total file size", 16, fmt.Sprint(len(image)), fmt.Sprint(u32(16)))
	case len(image) < size || u32(8) != uint32(size):
		return 0, 0, refuse("LCH-40", "variable header offset", 8, fmt.Sprint(size), fmt.Sprint(u32(8)))
	case u32(12) > uint32(len(image)-size) || u32(12)%8 != 0:
		return 0, 0, refuse("LCH-40", "variable header size", 12, fmt.Sprintf("a multiple of 8 up to %d", len(image)-size), fmt.Sprint(u32(12)))
	case version != 1 && u32(24) != 0:
		return 0, 0, refuse("LCH-40", "architecture", 24, "0 (x64)", fmt.Sprint(u32(24)))
	case version != 1 && u32(28) != PageSize:
		return 0, 0, refuse("LCH-40", "page size", 28, "4096", fmt.Sprint(u32(28)))
	}
	end = size + int(u32(12))
	sum := crc32.ChecksumIEEE(image[:20])
	sum = crc32.Update(sum, crc32.IEEETable, make([]byte, 4)) // the field itself
	if sum = crc32.Update(sum, crc32.IEEETable, image[24:end]); sum != u32(20) {
		return 0, 0, refuse("LCH-41", "checksum", 20, hexNumber(sum), hexNumber(u32(20)))
	}
	return size, end, nil
}

// splitHeaders frames the variable headers: u32 type, u32 length of the body, the
// body, padding of any value to a multiple of 8. Optional ones that are not known
// are left out.
// Rules: LCH-42.
func splitHeaders(image []byte, at, end int) ([]header, error) {
	var list []header
	section := uint32(0)
	for end != at { // both multiples of 8, so that a type and a length are there
		typ, length := binary.LittleEndian.Uint32(image[at:]), binary.LittleEndian.Uint32(image[at+4:])
		body := at + 8
		if uint64(length) > uint64(end-body) {
			return nil, refuse("LCH-42", "length of a variable header", at+4, fmt.Sprintf("up to %d", end-body), fmt.Sprint(length))
		}
		h := header{typ &^ headerOptional, body, image[body : body+int(length)]}
		known, ok := headers[h.typ]
		before := section
		section = (h.typ - 1) >> 8
		if section < before || section == 2 || section > 3 || !ok && typ == h.typ && !slices.Contains(passedOver, typ) {
			return nil, refuse("LCH-42", "type of a variable header", at, "known or optional ones: platforms (0x001 to 0x100), then initialization (0x101), then directives (0x301 to 0x400)", hexNumber(typ))
		}
		if ok && (known.size != 0 && len(h.body) != known.size || len(h.body) < 4) {
			return nil, refuse("LCH-42", known.name, at+4, fmt.Sprintf("%d bytes", max(known.size, 4)), fmt.Sprint(length))
		}
		if ok {
			list = append(list, h)
		}
		at = body + (int(length)+7)&^7
	}
	return list, nil
}

// platform finds the bit of SEV-SNP, and returns the headers behind its own.
// Rules: LCH-43.
func (r *igvmReader) platform(list []header) ([]header, error) {
	for i, h := range list {
		if h.typ != headerPlatform || h.body[5] != platformSNP {
			continue
		}
		r.mask = h.u32(0)
		if v := h.u16(6); v != 1 {
			return nil, h.refuse("LCH-43", "version", 6, "1", fmt.Sprint(v))
		}
		if r.mask == 0 || r.mask&(r.mask-1) != 0 {
			return nil, h.refuse("LCH-43", "mask", 0, "one bit", hexNumber(r.mask))
		}
		return list[i+1:], nil
	}
	return nil, wrong("LCH-43", "SUPPORTED_PLATFORM", "one for SEV-SNP (2)", "none")
}

// header reads one variable header, when it is for SEV-SNP.
func (r *igvmReader) header(h header) error {
	if at := headers[h.typ].mask; at >= 0 && h.u32(at)&r.mask == 0 {
		return nil
	}
	switch h.typ {
	case headerRelocatable, headerPageTable:
		return h.refuse("LCH-44", "mask", 0, "none for SEV-SNP: relocation changes addresses", hexNumber(h.u32(0)))
	case headerParameterArea:
		return r.parameterArea(h)
	case headerPageData:
		return r.pageData(h)
	case headerParameterInsert:
		return r.parameterInsert(h)
	case headerContext:
		return r.context(h)
	case headerIDBlock:
		if r.result.IDBlock != nil {
			return h.refuse("LCH-44", "mask", 0, "one ID block for SEV-SNP", "a second one")
		}
		r.result.IDBlock = &IDBlock{
			LaunchDigest: Digest(h.body[8:56]), FamilyID: [16]byte(h.body[56:72]), ImageID: [16]byte(h.body[72:88]), GuestSVN: h.u32(92),
		}
	}
	return nil
}
