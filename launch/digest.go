package launch

import (
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
)

// PageSize is the size in bytes of the pages that are measured, whatever the size
// of the pages that the host maps.
const PageSize = 4096

// A Digest is a launch digest, or another SHA-384 digest.
type Digest [48]byte

// String returns 96 lower-case hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// A PageType is PAGE_TYPE: what a page is for. AMD 56860, SNP_LAUNCH_UPDATE.
type PageType uint8

// The types of pages. The digest of the content is measured of the first two only.
const (
	Normal     PageType = 1
	VMSA       PageType = 2 // the initial registers of a virtual processor
	Zero       PageType = 3
	Unmeasured PageType = 4
	Secrets    PageType = 5
	CPUID      PageType = 6
)

var pageTypes = [...]string{Normal: "NORMAL", VMSA: "VMSA", Zero: "ZERO", Unmeasured: "UNMEASURED", Secrets: "SECRETS", CPUID: "CPUID"}

// String returns AMD's name, in upper case.
func (t PageType) String() string { return pageTypes[min(int(t), len(pageTypes)-1)] }

// infoSize is the size of PAGE_INFO in bytes:
//
//	0x00  48  DIGEST_CUR, the digest so far
//	0x30  48  CONTENTS, SHA-384 of the page; zero for all types but NORMAL and VMSA
//	0x60   2  LENGTH, 0x70
//	0x62   1  PAGE_TYPE
//	0x63   5  IMI_PAGE, reserved, permissions of VMPL 1 to 3: zero
//	0x68   8  GPA
const infoSize = 0x70

// Extend returns the digest after one more page. contents is the SHA-384 of the
// page, and counts for NORMAL and VMSA only.
// Rules: LCH-01, LCH-02.
func (d Digest) Extend(t PageType, gpa uint64, contents Digest) Digest {
	var info [infoSize]byte
	copy(info[:], d[:])
	if t == Normal || t == VMSA {
		copy(info[0x30:], contents[:])
	}
	info[0x60] = infoSize
	info[0x62] = byte(t)
	binary.LittleEndian.PutUint64(info[0x68:], gpa)
	return sha512.Sum384(info[:])
}

// A region is a run of pages of one type.
type region struct {
	name  string
	typ   PageType
	gpa   uint64
	pages int
	data  []byte // of NORMAL pages and VMSAs: all bytes, or nil for pages of zeros
	cpu   uint16 // of a VMSA
}

// zeroPage is the SHA-384 of 4096 zero bytes.
var zeroPage = Digest(sha512.Sum384(make([]byte, PageSize)))

// extend returns the digest after a region, page by page, upwards.
// Rules: LCH-03.
func (d Digest) extend(r region) Digest {
	for i := range r.pages {
		contents := zeroPage
		if r.data != nil {
			contents = sha512.Sum384(r.data[i*PageSize:][:PageSize])
		}
		d = d.Extend(r.typ, r.gpa+uint64(i)*PageSize, contents)
	}
	return d
}

// end returns the address behind a region.
func (r region) end() uint64 { return r.gpa + uint64(r.pages)*PageSize }
