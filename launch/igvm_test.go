package launch_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// Rules: LCH-49.
func TestIGVMDigests(t *testing.T) {
	spec := boot.DefaultIGVM()
	two := boot.DefaultIGVM()
	vmsa := boot.LaunchSpec{VMM: "qemu", Features: 9}.VMSA(true)
	two.Headers = append(two.Headers, boot.IGVMContext(0xFFFFFFFFF000, 1, 2, vmsa), boot.IGVMContext(0xFFFFFFFFF000, 1, 1, vmsa[:4096]))
	two.Version = 2
	for name, spec := range map[string]boot.IGVMSpec{"one processor": spec, "three": two} {
		file, err := launch.ParseIGVM(spec.Encode())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[launch.Digest]bool{}
		for _, v := range []launch.VMM{launch.HyperV, launch.QEMUIGVM, launch.CHVIGVM} {
			want := launch.Digest(spec.Digest(1, v.String()))
			got, err := launch.Guest{VMM: v, IGVM: file}.Measure()
			if err != nil || len(got) != 1 || got[0].Digest != want || got[0].Features != 1 {
				t.Errorf("%s, %v: %v, %v, want %v", name, v, got, err, want)
			}
			if n := len(spec.Headers) - len(boot.DefaultIGVM().Headers) + 1; got[0].VCPUs != n {
				t.Errorf("%s: %d processors, want %d", name, got[0].VCPUs, n)
			}
			found, err := launch.Guest{IGVM: file}.Explain(want)
			if err != nil || !slices.Contains(found, got[0]) {
				t.Errorf("%s: explained as %v, %v", name, found, err)
			}
			seen[want] = true
		}
		if len(seen) != 3 {
			t.Errorf("%s: %d digests", name, len(seen))
		}
	}
}

// Every fault of an IGVM file.
// Rules: LCH-40, LCH-41, LCH-42, LCH-43, LCH-44, LCH-45, LCH-46, LCH-47, LCH-48.
func TestIGVMFaults(t *testing.T) {
	page := make([]byte, 4096)
	page[0] = 1
	good := boot.DefaultIGVM()
	fixed := func(at int, n uint32) boot.IGVMSpec {
		s := boot.DefaultIGVM()
		s.Fixed = slices.Clone(s.Encode()[:24])
		binary.LittleEndian.PutUint32(s.Fixed[at:], n)
		return s
	}
	fixed2 := func(at int, n uint32) boot.IGVMSpec {
		s := boot.DefaultIGVM()
		s.Version = 2
		s.Fixed = slices.Clone(s.Encode()[:32])
		binary.LittleEndian.PutUint32(s.Fixed[at:], n)
		return s
	}
	add := func(h ...boot.IGVMHeader) boot.IGVMSpec {
		s := boot.DefaultIGVM()
		s.Headers = append(s.Headers, h...)
		return s
	}
	without := func(i int) boot.IGVMSpec {
		s := boot.DefaultIGVM()
		s.Headers = slices.Delete(s.Headers, i, i+1)
		return s
	}
	change := func(i int, f func(h *boot.IGVMHeader)) boot.IGVMSpec {
		s := boot.DefaultIGVM()
		s.Headers[i].Body = slices.Clone(s.Headers[i].Body)
		f(&s.Headers[i])
		return s
	}
	const platform, area, first, context = 0, 3, 4, 10
	many := func(n int, h func(i int) boot.IGVMHeader) []boot.IGVMHeader {
		var list []boot.IGVMHeader
		for i := range n {
			list = append(list, h(i))
		}
		return list
	}
	flags := func(flags uint32) boot.IGVMSpec { return add(boot.IGVMPage(0x400000, 1, flags, 0, nil)) }
	type fault struct {
		spec      boot.IGVMSpec
		id, where string
	}
	for name, c := range map[string]fault{
		"magic":                      {fixed(0, 0x4D564748), "LCH-40", "magic"},
		"version 3":                  {fixed(4, 3), "LCH-40", "format version"},
		"version 0":                  {fixed(4, 0), "LCH-40", "format version"},
		"header offset":              {fixed(8, 25), "LCH-40", "variable header offset"},
		"header size":                {fixed(12, 1<<31), "LCH-40", "variable header size"},
		"header size odd":            {fixed(12, 4), "LCH-40", "variable header size"},
		"file size":                  {fixed(16, 0), "LCH-40", "total file size"},
		"version 2 with version 1":   {fixed(4, 2), "LCH-40", "variable header offset"},
		"AArch64":                    {fixed2(24, 1), "LCH-40", "architecture"},
		"page size":                  {fixed2(28, 16384), "LCH-40", "page size"},
		"unknown header":             {add(boot.IGVMHeader{Type: 0x3FF, Body: page[:8]}), "LCH-42", "type of a variable header"},
		"type 0":                     {add(boot.IGVMHeader{Type: 0, Body: page[:8]}), "LCH-42", "type of a variable header"},
		"optional between":           {add(boot.IGVMHeader{Type: 1<<31 | 0x201, Body: page[:8]}), "LCH-42", "type of a variable header"},
		"optional too large":         {add(boot.IGVMHeader{Type: 1<<31 | 0x401, Body: page[:8]}), "LCH-42", "type of a variable header"},
		"platform behind":            {add(boot.IGVMPlatform(4, 3)), "LCH-42", "type of a variable header"},
		"initialization behind":      {add(boot.IGVMHeader{Type: 0x101, Body: page[:16]}), "LCH-42", "type of a variable header"},
		"short PAGE_DATA":            {add(boot.IGVMHeader{Type: 0x302, Body: page[:16]}), "LCH-42", "PAGE_DATA"},
		"long VP_CONTEXT":            {add(boot.IGVMHeader{Type: 0x304, Body: page[:24]}), "LCH-42", "VP_CONTEXT"},
		"short ID block":             {add(boot.IGVMHeader{Type: 0x30B, Body: page[:692]}), "LCH-42", "SNP_ID_BLOCK"},
		"no platform":                {without(platform), "LCH-43", "SUPPORTED_PLATFORM"},
		"platform version":           {change(platform, func(h *boot.IGVMHeader) { h.Body[6] = 2 }), "LCH-43", "SUPPORTED_PLATFORM.version"},
		"mask 0":                     {change(platform, func(h *boot.IGVMHeader) { h.Body[0] = 0 }), "LCH-43", "SUPPORTED_PLATFORM.mask"},
		"mask of two":                {change(platform, func(h *boot.IGVMHeader) { h.Body[0] = 3 }), "LCH-43", "SUPPORTED_PLATFORM.mask"},
		"shared page":                {flags(4), "LCH-44", "PAGE_DATA.flags"},
		"unknown flag":               {flags(8), "LCH-44", "PAGE_DATA.flags"},
		"data type 4":                {add(boot.IGVMPage(0x400000, 1, 0, 4, nil)), "LCH-44", "PAGE_DATA.data type"},
		"second ID block":            {add(boot.IGVMIDBlock(1, [48]byte{}), boot.IGVMIDBlock(1, [48]byte{})), "LCH-44", "SNP_ID_BLOCK.mask"},
		"area of 0":                  {change(area, func(h *boot.IGVMHeader) { clear(h.Body[:8]) }), "LCH-45", "PARAMETER_AREA.size"},
		"area of half a page":        {change(area, func(h *boot.IGVMHeader) { h.Body[0] = 1 }), "LCH-45", "PARAMETER_AREA.size"},
		"giant area":                 {change(area, func(h *boot.IGVMHeader) { h.Body[7] = 0x80 }), "LCH-45", "PARAMETER_AREA.size"},
		"area of 256 MiB and a page": {change(area, func(h *boot.IGVMHeader) { h.Body[1], h.Body[3] = 0x10, 0x10 }), "LCH-45", "PARAMETER_AREA.size"},
		"area twice":                 {add(boot.IGVMArea(0x1000, 7)), "LCH-45", "PARAMETER_AREA.index"},
		"too many areas":             {add(many(1024, func(i int) boot.IGVMHeader { return boot.IGVMArea(0x1000, uint32(100+i)) })...), "LCH-45", "PARAMETER_AREA.index"},
		"no such area":               {add(boot.IGVMInsert(0x400000, 1, 8)), "LCH-45", "PARAMETER_INSERT.index"},
		"inserted twice":             {add(boot.IGVMInsert(0x400000, 1, 7)), "LCH-45", "PARAMETER_INSERT.index"},
		"inserted half a page up":    {add(boot.IGVMArea(0x1000, 8), boot.IGVMInsert(0x400800, 1, 8)), "LCH-46", "PARAMETER_INSERT.gpa"},
		"address":                    {add(boot.IGVMPage(0x400001, 1, 0, 0, nil)), "LCH-46", "PAGE_DATA.gpa"},
		"giant address":              {add(boot.IGVMPage(1<<64-4096, 1, 0, 0, nil)), "LCH-46", "PAGE_DATA.gpa"},
		"2 MiB not aligned":          {add(boot.IGVMPage(0x401000, 1, 1, 0, nil)), "LCH-46", "PAGE_DATA.gpa"},
		"broken off":                 {add(boot.IGVMPage(0x400000, 1, 0, 0, page[:4095])), "LCH-46", "PAGE_DATA.file offset"},
		"2 MiB broken off":           {add(boot.IGVMPage(0x400000, 1, 1, 0, page)), "LCH-46", "PAGE_DATA.file offset"},
		"data in the headers":        {change(first, func(h *boot.IGVMHeader) { h.Data = nil; h.Body[12] = 24 }), "LCH-46", "PAGE_DATA.file offset"},
		"too many pages":             {add(many(128, func(i int) boot.IGVMHeader { return boot.IGVMPage(uint64(i+2)<<21, 1, 1, 0, nil) })...), "LCH-46", "PAGE_DATA.gpa"},
		"processor twice":            {add(boot.IGVMContext(0x9000000, 1, 0, boot.LaunchSpec{Features: 1}.VMSA(true))), "LCH-47", "VP_CONTEXT.VP index"},
		"VMSA of nothing":            {add(boot.IGVMContext(0x9000000, 1, 1, nil)), "LCH-46", "VP_CONTEXT.file offset"},
		"VMSA without SNP":           {add(boot.IGVMContext(0x9000000, 1, 1, page)), "LCH-47", "VP_CONTEXT.SEV_FEATURES"},
		"513 processors": {add(many(512, func(i int) boot.IGVMHeader {
			return boot.IGVMContext(0x9000000, 1, uint16(i+1), boot.LaunchSpec{Features: 1}.VMSA(true))
		})...), "LCH-47", "VP_CONTEXT.VP index"},
		"no processor":        {without(context), "LCH-48", "VP_CONTEXT"},
		"page twice":          {add(boot.IGVMPage(0x1000, 1, 0, 0, nil)), "LCH-48", "PAGE_DATA.gpa"},
		"page in an area":     {add(boot.IGVMPage(0x9000, 1, 0, 0, nil)), "LCH-48", "PAGE_DATA.gpa"},
		"page in a 2 MiB one": {add(boot.IGVMPage(0x3FF000, 1, 0, 0, nil)), "LCH-48", "PAGE_DATA.gpa"},
	} {
		expectIGVMFault(t, name, c.spec.Encode(), c.id, c.where)
	}
	for at, name := range map[uint32]string{0x102: "RELOCATABLE_REGION", 0x103: "PAGE_TABLE_RELOCATION_REGION"} {
		s := boot.DefaultIGVM()
		s.Headers = slices.Insert(s.Headers, 3, boot.IGVMHeader{Type: at, Body: []byte{1, 0, 0, 0, 0, 0, 0, 0}})
		expectIGVMFault(t, name, s.Encode(), "LCH-44", name+".mask")
		s.Headers[3].Body = []byte{2, 0, 0, 0}
		if _, err := launch.ParseIGVM(s.Encode()); err != nil {
			t.Errorf("%s of another platform: %v", name, err)
		}
		s.Headers[3].Body = []byte{1, 0, 0}
		expectIGVMFault(t, name, s.Encode(), "LCH-42", name)
	}
	image := good.Encode()
	expectIGVMFault(t, "no bytes", nil, "LCH-40", "size of the IGVM file")
	expectIGVMFault(t, "23 bytes", image[:23], "LCH-40", "size of the IGVM file")
	expectIGVMFault(t, "16 MiB and a byte", make([]byte, 16<<20+1), "LCH-40", "size of the IGVM file")
	expectIGVMFault(t, "the last byte cut off", image[:len(image)-1], "LCH-40", "total file size")
	image[30]++
	expectIGVMFault(t, "one bit of a header", image, "LCH-41", "checksum")
	image = good.Encode()
	image[4] = 2
	binary.LittleEndian.PutUint32(image[16:], 24)
	expectIGVMFault(t, "version 2 in 24 bytes", image[:24], "LCH-40", "variable header offset")

	for _, typ := range []uint32{0x305, 0x307, 0x308, 0x309, 0x30A, 0x30C, 0x30D, 0x30E, 0x30F, 0x310, 0x311, 0x312, 0x313} {
		if _, err := launch.ParseIGVM(add(boot.IGVMHeader{Type: typ, Body: page[:8]}).Encode()); err != nil {
			t.Errorf("type %#x: %v", typ, err)
		}
	}
	for _, typ := range []uint32{0x101, 0x104, 0x105, 0x106} {
		s := boot.DefaultIGVM()
		s.Headers = slices.Insert(s.Headers, 3, boot.IGVMHeader{Type: typ, Body: page[:8]})
		if _, err := launch.ParseIGVM(s.Encode()); err != nil {
			t.Errorf("type %#x: %v", typ, err)
		}
	}
	block := boot.IGVMIDBlock(1, [48]byte{7})
	block.Body[71], block.Body[87] = 3, 4
	binary.LittleEndian.PutUint32(block.Body[92:], 0x01020304)
	f, err := launch.ParseIGVM(add(block).Encode())
	if want := (launch.IDBlock{LaunchDigest: launch.Digest{7}, FamilyID: [16]byte{0: 1, 15: 3}, ImageID: [16]byte{0: 2, 15: 4}, GuestSVN: 0x01020304}); err != nil || *f.IDBlock != want {
		t.Errorf("%v, %v", f, err)
	}

	// What is accepted: headers that are optional or of nothing measured, other platforms.
	for name, s := range map[string]boot.IGVMSpec{
		"as it is":        good,
		"optional":        add(boot.IGVMHeader{Type: 1<<31 | 0x3FF, Body: page[:7]}),
		"passed over":     add(boot.IGVMHeader{Type: 0x305, Body: page[:24]}, boot.IGVMHeader{Type: 0x30C, Body: page[:8]}, boot.IGVMHeader{Type: 0x313}),
		"ID block":        add(boot.IGVMIDBlock(1, [48]byte{7}), boot.IGVMIDBlock(2, [48]byte{8})),
		"other mask":      add(boot.IGVMPage(0x1001, 2, 12, 9, nil), boot.IGVMContext(1, 2, 0, page)),
		"area of 256 MiB": add(boot.IGVMArea(256<<20, 8)),
		"most pages":      add(many(126, func(i int) boot.IGVMHeader { return boot.IGVMPage(uint64(i+2)<<21, 1, 1, 0, nil) })...),
	} {
		if _, err := launch.ParseIGVM(s.Encode()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func expectIGVMFault(t *testing.T, name string, image []byte, id, where string) {
	t.Helper()
	f, err := launch.ParseIGVM(image)
	var e *rule.Error
	if f != nil || !errors.As(err, &e) || e.Rule != id || e.Where != where || e.Offset < rule.NoOffset || e.Offset > len(image) {
		t.Errorf("%s: %v, want %s %s", name, err, id, where)
	}
}
