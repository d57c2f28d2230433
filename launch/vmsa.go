package launch

import (
	"crypto/sha512"
	"encoding/binary"
)

// firstReset is the address at which the first virtual processor starts; featuresAt
// is the offset of SEV_FEATURES in the VMSA.
const (
	firstReset = 0xFFFF_FFF0
	featuresAt = 0x3B0
)

// registers returns the VMSA of a processor that starts at the address reset: a
// page with the save area of AMD 24593 volume 2, table B-4. Of a segment stand
// there: u16 selector, u16 attributes, u32 limit, u64 base.
// Rules: LCH-34.
func (v *vmm) registers(c CPU, f Features, reset uint32, first bool) (page [PageSize]byte) {
	u16, u32, u64 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32, binary.LittleEndian.PutUint64
	segment := func(at int, attributes uint16) {
		u16(page[at+2:], attributes)
		u32(page[at+4:], 0xFFFF)
	}
	cs := v.ap
	if first {
		cs = v.bsp
	}
	segment(0x00, 0x93) // ES
	segment(0x10, cs)
	u16(page[0x10:], 0xF000)
	u64(page[0x18:], uint64(reset&0xFFFF_0000))
	segment(0x20, v.ss)
	segment(0x30, 0x93) // DS
	segment(0x40, 0x93) // FS
	segment(0x50, 0x93) // GS
	segment(0x60, 0)    // GDTR
	segment(0x70, 0x82) // LDTR
	segment(0x80, 0)    // IDTR
	segment(0x90, v.tr)
	rdx := v.rdx
	if v.cpu {
		rdx = uint32(c)
	}
	for _, r := range []struct {
		at    int
		value uint64
	}{
		{0x0D0, 0x1000},      // EFER: SVME
		{0x148, 0x40},        // CR4: MCE
		{0x158, 0x10},        // CR0: ET
		{0x160, 0x400},       // DR7
		{0x168, 0xFFFF_0FF0}, // DR6
		{0x170, 2},           // RFLAGS
		{0x178, uint64(reset & 0xFFFF)},
		{0x268, v.pat},
		{0x310, uint64(rdx)},
		{featuresAt, uint64(f)},
		{0x3E8, 1}, // XCR0
	} {
		u64(page[r.at:], r.value)
	}
	u32(page[0x408:], v.mxcsr)
	u16(page[0x410:], v.fcw)
	return page
}

// vmsas returns the digests of the VMSA of the first processor, and of that of the
// others, which start at the address reset.
func (v *vmm) vmsas(c CPU, f Features, reset uint32) (first, other Digest) {
	a, b := v.registers(c, f, firstReset, true), v.registers(c, f, reset, false)
	return sha512.Sum384(a[:]), sha512.Sum384(b[:])
}
