package launch_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// igvmFault returns what is wrong with an IGVM file.
func igvmFault(t *testing.T, image []byte) rule.Error {
	t.Helper()
	f, err := launch.ParseIGVM(image)
	var e *rule.Error
	if f != nil || !errors.As(err, &e) {
		t.Fatalf("accepted: %v", err)
	}
	return *e
}

// The fixed header: what it says is named, and it ends where the file may end.
// Rules: LCH-40, LCH-41.
func TestIGVMFixedHeader(t *testing.T) {
	sealed := func(image []byte) []byte {
		clear(image[20:24])
		binary.LittleEndian.PutUint32(image[20:], crc32.ChecksumIEEE(image))
		return image
	}
	header := func(size int, fields map[int]uint32) []byte {
		image := append([]byte("IGVM"), make([]byte, size-4)...)
		for at, n := range fields {
			binary.LittleEndian.PutUint32(image[at:], n)
		}
		return sealed(image)
	}
	for name, c := range map[string]struct {
		image             []byte
		id, where, actual string
	}{
		"total size":                  {header(24, map[int]uint32{4: 1, 8: 24, 16: 0x01020304}), "LCH-40", "total file size", "16909060"},
		"offset":                      {header(24, map[int]uint32{4: 1, 8: 0x01020304, 16: 24}), "LCH-40", "variable header offset", "16909060"},
		"header size":                 {header(24, map[int]uint32{4: 1, 8: 24, 12: 0x01020304, 16: 24}), "LCH-40", "variable header size", "16909060"},
		"architecture":                {header(32, map[int]uint32{4: 2, 8: 32, 16: 32, 24: 0x01020304, 28: 4096}), "LCH-40", "architecture", "16909060"},
		"page size":                   {header(32, map[int]uint32{4: 2, 8: 32, 16: 32, 28: 0x01020304}), "LCH-40", "page size", "16909060"},
		"31 bytes of version 2":       {header(31, map[int]uint32{4: 2, 8: 32, 16: 31}), "LCH-40", "variable header offset", "32"},
		"32 bytes of version 2":       {header(32, map[int]uint32{4: 2, 8: 32, 16: 32, 28: 4096}), "LCH-43", "SUPPORTED_PLATFORM", "none"},
		"24 bytes of version 1":       {header(24, map[int]uint32{4: 1, 8: 24, 16: 24}), "LCH-43", "SUPPORTED_PLATFORM", "none"},
		"headers that end behind it":  {header(31, map[int]uint32{4: 1, 8: 24, 12: 8, 16: 31}), "LCH-40", "variable header size", "8"},
		"a platform and nothing more": {boot.IGVMSpec{Headers: []boot.IGVMHeader{boot.IGVMPlatform(1, 2)}}.Encode(), "LCH-48", "VP_CONTEXT", "none"},
	} {
		if e := igvmFault(t, c.image); e.Rule != c.id || e.Where != c.where || e.Actual != c.actual {
			t.Errorf("%s: %v", name, e.Error())
		}
	}
	image := boot.DefaultIGVM().Encode()
	sum := binary.LittleEndian.Uint32(image[20:])
	binary.LittleEndian.PutUint32(image[20:], 0x01020304)
	if e := igvmFault(t, image); e.Rule != "LCH-41" || e.Actual != "0x1020304" || e.Expected != fmt.Sprintf("%#x", sum) {
		t.Errorf("checksum: %v", e.Error())
	}
	large := boot.DefaultIGVM()
	page := boot.IGVMPage(0x400000, 1, 0, 0, make([]byte, launch.MaxFirmware-len(large.Encode())-32))
	large.Headers = append(large.Headers, page)
	if image := large.Encode(); len(image) != launch.MaxFirmware {
		t.Fatalf("%d bytes", len(image))
	} else if _, err := launch.ParseIGVM(image); err != nil {
		t.Errorf("16 MiB: %v", err)
	}
}

// What pages an IGVM file may have, up to each bound.
// Rules: LCH-43, LCH-44, LCH-46, LCH-48.
func TestIGVMPageBounds(t *testing.T) {
	add := func(h ...boot.IGVMHeader) []byte {
		s := boot.DefaultIGVM()
		s.Headers = append(s.Headers, h...)
		return s.Encode()
	}
	vmsa := boot.LaunchSpec{VMM: "qemu", Features: 1}.VMSA(true)
	var most []boot.IGVMHeader // with the 520 pages of DefaultIGVM, 65536
	for i := range uint64(126) {
		most = append(most, boot.IGVMPage((i+2)<<21, 1, 1, 0, nil))
	}
	most = append(most, boot.IGVMArea(504*4096, 8), boot.IGVMInsert(1<<32, 1, 8))
	var areas, contexts []boot.IGVMHeader // with the one of each of DefaultIGVM, as many as there may be
	for i := range uint32(1023) {
		areas = append(areas, boot.IGVMArea(0x1000, 100+i))
	}
	for i := range uint16(511) {
		contexts = append(contexts, boot.IGVMContext(0x9000000, 1, i+1, vmsa))
	}
	for name, image := range map[string][]byte{
		"1024 areas":              add(areas...),
		"512 processors":          add(contexts...),
		"65536 pages":             add(most...),
		"the highest page":        add(boot.IGVMPage(launch.WideVMSAAddress-4096, 1, 0, 0, nil)),
		"a VMSA and no page":      boot.IGVMSpec{Headers: []boot.IGVMHeader{boot.IGVMPlatform(1, 2), boot.IGVMContext(0x1000, 1, 0, vmsa)}}.Encode(),
		"the mask of bit 31":      boot.IGVMSpec{Headers: []boot.IGVMHeader{boot.IGVMPlatform(1<<31, 2), boot.IGVMPage(0x1000, 1<<31, 0, 0, nil), boot.IGVMContext(0x2000, 1<<31, 0, vmsa)}}.Encode(),
		"a page of another order": add(boot.IGVMPage(0x400000, 1, 0, 0, nil), boot.IGVMPage(0x3FFF000, 1, 0, 0, nil), boot.IGVMPage(0x401000, 1, 0, 0, nil)),
	} {
		if _, err := launch.ParseIGVM(image); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	inside := boot.DefaultIGVM() // data that begin with the last byte of the headers
	image := inside.Encode()
	end := binary.LittleEndian.Uint32(image[8:]) + binary.LittleEndian.Uint32(image[12:])
	inside.Headers[4].Body = slices.Clone(inside.Headers[4].Body)
	binary.LittleEndian.PutUint32(inside.Headers[4].Body[12:], end-1)
	inside.Headers[4].Data = nil
	relocated := boot.DefaultIGVM()
	relocated.Headers = slices.Insert(relocated.Headers, 3, boot.IGVMHeader{Type: 0x102, Body: []byte{3, 0, 0, 0, 1, 0, 0, 0}})
	noPlatform := boot.DefaultIGVM() // another header looks like one
	noPlatform.Headers[0] = boot.IGVMPlatform(1, 3)
	noPlatform.Headers = slices.Insert(noPlatform.Headers, 3, boot.IGVMHeader{Type: 0x102, Body: []byte{1, 0, 0, 0, 0, 2, 1, 0}})
	for name, c := range map[string]struct {
		image             []byte
		id, where, actual string
	}{
		"65537 pages":               {add(append(most, boot.IGVMPage(1<<33, 1, 0, 0, nil))...), "LCH-46", "PAGE_DATA.gpa", "more"},
		"a page too high":           {add(boot.IGVMPage(launch.WideVMSAAddress, 1, 0, 0, nil)), "LCH-46", "PAGE_DATA.gpa", "0xffffffffff000"},
		"data in the headers":       {inside.Encode(), "LCH-46", "PAGE_DATA.file offset", fmt.Sprint(end - 1)},
		"the last pages overlap":    {add(boot.IGVMPage(1<<33, 1, 0, 0, nil), boot.IGVMPage(1<<33, 1, 0, 0, nil)), "LCH-48", "PAGE_DATA.gpa", "0x200000000"},
		"the first pages overlap":   {add(boot.IGVMPage(0, 1, 0, 0, nil), boot.IGVMPage(0, 1, 0, 0, nil)), "LCH-48", "PAGE_DATA.gpa", "0x0"},
		"a relocation":              {relocated.Encode(), "LCH-44", "RELOCATABLE_REGION.mask", "0x3"},
		"a header like a platform":  {noPlatform.Encode(), "LCH-43", "SUPPORTED_PLATFORM", "none"},
		"2 MiB that are no 2 MiB":   {add(boot.IGVMPage(0x401000, 1, 3, 0, nil)), "LCH-46", "PAGE_DATA.gpa", "0x401000"},
		"a 2 MiB page in the midst": {add(boot.IGVMPage(0x400000, 1, 0, 0, nil), boot.IGVMPage(0x400000, 1, 1, 0, nil)), "LCH-48", "PAGE_DATA.gpa", "0x400000"},
	} {
		if e := igvmFault(t, c.image); e.Rule != c.id || e.Where != c.where || e.Actual != c.actual {
			t.Errorf("%s: %v", name, e.Error())
		}
	}
}
