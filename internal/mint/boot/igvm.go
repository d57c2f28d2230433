package boot

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
)

// An IGVMSpec is an IGVM file. Its headers are encoded in their order, and the data
// behind them.
type IGVMSpec struct {
	Version uint32 // 0: 1
	Headers []IGVMHeader
	Padding byte   // between headers
	Fixed   []byte // in place of the fixed header, when there is one
	Raw     []byte // in place of all but the checksum, when there is some
}

// An IGVMHeader is one variable header. When it has Data, the file offset of the data
// is put into Body at DataAt.
type IGVMHeader struct {
	Type   uint32
	Body   []byte
	Data   []byte
	DataAt int
}

// IGVMPlatform returns SUPPORTED_PLATFORM: 2 is SEV-SNP.
func IGVMPlatform(mask uint32, kind byte) IGVMHeader {
	return IGVMHeader{Type: 1, Body: slices.Concat(le32(mask), []byte{2, kind}, le16(1), le64(0))}
}

// IGVMPage returns PAGE_DATA. data nil: a page of zeros.
func IGVMPage(gpa uint64, mask, flags uint32, kind uint16, data []byte) IGVMHeader {
	return IGVMHeader{Type: 0x302, Body: slices.Concat(le64(gpa), le32(mask), le32(0), le32(flags), le16(kind), le16(0)), Data: data, DataAt: 12}
}

// IGVMContext returns VP_CONTEXT.
func IGVMContext(gpa uint64, mask uint32, index uint16, vmsa []byte) IGVMHeader {
	return IGVMHeader{Type: 0x304, Body: slices.Concat(le64(gpa), le32(mask), le32(0), le16(index), le16(0)), Data: vmsa, DataAt: 12}
}

// IGVMArea returns PARAMETER_AREA.
func IGVMArea(size uint64, index uint32) IGVMHeader {
	return IGVMHeader{Type: 0x301, Body: slices.Concat(le64(size), le32(index), le32(0))}
}

// IGVMInsert returns PARAMETER_INSERT.
func IGVMInsert(gpa uint64, mask, index uint32) IGVMHeader {
	return IGVMHeader{Type: 0x303, Body: slices.Concat(le64(gpa), le32(mask), le32(index))}
}

// IGVMIDBlock returns SNP_ID_BLOCK with a launch digest, and nothing signed.
func IGVMIDBlock(mask uint32, digest [48]byte) IGVMHeader {
	body := make([]byte, 696)
	copy(body, le32(mask))
	copy(body[8:], digest[:])
	body[56], body[72], body[88] = 1, 2, 1
	return IGVMHeader{Type: 0x30B, Body: body}
}

// DefaultIGVM returns a file with a page of each kind, a parameter area of two pages,
// and one processor.
func DefaultIGVM() IGVMSpec {
	page := func(b byte) []byte { return slices.Repeat([]byte{b}, 4096) }
	vmsa := LaunchSpec{VMM: "qemu", CPU: 0x800F12, Features: 1}.VMSA(true)
	return IGVMSpec{Padding: '0', Headers: []IGVMHeader{
		IGVMPlatform(1, 2), IGVMPlatform(2, 1),
		{Type: 0x101, Body: slices.Concat(le64(0x30000), le32(1), le32(0))},
		IGVMArea(0x2000, 7),
		IGVMPage(0x1000, 1, 0, 0, page('a')), IGVMPage(0x2000, 1, 0, 0, nil), IGVMPage(0x3000, 2, 0, 0, page('b')),
		IGVMPage(0x4000, 1, 2, 0, page('c')), IGVMPage(0x5000, 1, 0, 1, nil), IGVMPage(0x6000, 1, 0, 2, page('d')),
		IGVMContext(0x7000, 1, 0, vmsa),
		IGVMInsert(0x8000, 1, 7),
		IGVMPage(0x200000, 1, 1, 0, nil),
	}}
}

// Encode returns the file.
func (s IGVMSpec) Encode() []byte {
	if s.Raw != nil {
		raw := slices.Clone(s.Raw)
		copy(raw[20:], IGVMSpec{Fixed: raw[:24]}.Sum(raw))
		return raw
	}
	version, size := cmp.Or(s.Version, 1), 24
	if version == 2 {
		size = 32
	}
	padded := func(n int) int { return (n + 7) / 8 * 8 }
	end := size
	for _, h := range s.Headers {
		end += 8 + padded(len(h.Body))
	}
	var headers, data []byte
	for _, h := range s.Headers {
		body := slices.Clone(h.Body)
		if h.Data != nil {
			copy(body[h.DataAt:], le32(uint32(end+len(data))))
			data = append(data, h.Data...)
		}
		padding := slices.Repeat([]byte{s.Padding}, padded(len(body))-len(body))
		headers = slices.Concat(headers, le32(h.Type), le32(uint32(len(body))), body, padding)
	}
	fixed := slices.Concat([]byte("IGVM"), le32(version), le32(uint32(size)), le32(uint32(len(headers))), le32(uint32(end+len(data))), le32(0))
	if version == 2 {
		fixed = slices.Concat(fixed, le32(0), le32(4096))
	}
	if s.Fixed != nil {
		fixed = slices.Clone(s.Fixed)
	}
	copy(fixed[20:], le32(crc32.ChecksumIEEE(slices.Concat(fixed, headers))))
	return slices.Concat(fixed, headers, data)
}

// Digest returns the launch digest of what is for the platform with a mask, by one
// virtual machine monitor.
func (s IGVMSpec) Digest(mask uint32, vmm string) [48]byte {
	d := make([]byte, 48)
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	areas := map[uint32]uint64{}
	last := map[int][]byte{}
	for _, h := range s.Headers {
		if h.Type == 0x301 {
			areas[u32(h.Body[8:])] = u64(h.Body)
		}
		if h.Type != 0x302 && h.Type != 0x303 && h.Type != 0x304 || u32(h.Body[8:])&mask == 0 {
			continue
		}
		gpa := u64(h.Body)
		switch h.Type {
		case 0x303:
			for at := uint64(0); at < areas[u32(h.Body[12:])]; at += 4096 {
				d = extend(d, pageUnmeasured, gpa+at, nil)
			}
		case 0x304:
			if vmm == "hyperv" {
				d = extend(d, pageVMSA, gpa, h.Data)
			} else {
				last[int(h.Body[16])|int(h.Body[17])<<8] = h.Data
			}
		case 0x302:
			pages := 1
			flags, kind := h.Body[16], h.Body[20]
			if flags&1 != 0 {
				pages = 512
			}
			for i := range pages {
				at := gpa + uint64(i)*4096
				switch {
				case kind == 1:
					d = extend(d, pageSecrets, at, nil)
				case kind > 1:
					d = extend(d, pageCPUID, at, nil)
				case flags&2 != 0:
					d = extend(d, pageUnmeasured, at, nil)
				case h.Data != nil:
					d = extend(d, pageNormal, at, h.Data[i*4096:][:4096])
				case vmm == "chv-igvm":
					d = extend(d, pageZero, at, nil)
				default:
					d = extend(d, pageNormal, at, make([]byte, 4096))
				}
			}
		}
	}
	for _, i := range slices.Sorted(maps.Keys(last)) {
		d = extend(d, pageVMSA, 0xFFFFFFFFF000, last[i])
	}
	return [48]byte(d)
}

// Sum returns the checksum of an image whose fixed header says where the headers end:
// of as much of it as is there.
func (s IGVMSpec) Sum(image []byte) []byte {
	fixed := slices.Clone(s.Fixed)
	copy(fixed[20:24], make([]byte, 4))
	at := min(uint64(fixed[8])+uint64(fixed[12])|uint64(fixed[13])<<8|uint64(fixed[14])<<16, uint64(len(image)))
	return le32(crc32.ChecksumIEEE(slices.Concat(fixed, image[24:max(at, 24)])))
}
