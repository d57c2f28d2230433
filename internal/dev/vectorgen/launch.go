package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint/boot"
)

// A guest is what measure is given, besides what a case says itself.
type guest struct {
	boot.LaunchSpec // of which Image and VCPUs follow
	counts          []int
	igvm            *boot.IGVMSpec // in place of firmware
	idBlock         *boot.IDBlockSpec
	block, auth     func([]byte) []byte // change the ID block, when it is encoded
}

// launched is a guest of QEMU with firmware that measures a kernel.
func launched() *exhibit {
	x := hardware("Milan", 3, "vcek")()
	x.command, x.options = "measure", map[string]any{}
	x.guest = &guest{LaunchSpec: boot.LaunchSpec{Firmware: boot.AmdSev(), VMM: "qemu", CPU: 0x00800F12, Features: 1}, counts: []int{1, 2}, block: asIs, auth: asIs}
	x.guest.Firmware.Size = 4096
	return x
}

// withKernel is the same with a kernel.
func withKernel() *exhibit {
	x := launched()
	x.guest.Kernel = &boot.KernelSpec{Kernel: []byte("kernel"), Initrd: []byte("initrd"), Cmdline: "console=ttyS0"}
	return x
}

// igvmGuest is a guest of an IGVM file.
func igvmGuest() *exhibit {
	x := launched()
	x.guest = &guest{LaunchSpec: boot.LaunchSpec{VMM: "hyperv"}, igvm: new(boot.DefaultIGVM()), block: asIs, auth: asIs}
	return x
}

// withIDBlock has an ID block for the guest with two processors.
func withIDBlock() *exhibit {
	x := launched()
	x.guest.idBlock = new(boot.DefaultIDBlock(x.guest.digest(2)))
	return x
}

func (g *guest) digest(vcpus int) [48]byte {
	if g.igvm != nil {
		return g.igvm.Digest(1, g.VMM)
	}
	l := g.LaunchSpec
	l.Image, l.VCPUs = l.Firmware.Encode(), vcpus
	return l.Digest()
}

// inputs are the files and options of a guest.
func (g *guest) inputs() (files map[string][][]byte, options map[string]any) {
	files, options = map[string][][]byte{}, map[string]any{"vmm": g.VMM}
	switch {
	case g.igvm != nil:
		files["igvm"] = [][]byte{g.igvm.Encode()}
	default:
		files["firmware"] = [][]byte{g.Firmware.Encode()}
		var counts []string
		for _, n := range g.counts {
			counts = append(counts, fmt.Sprint(n))
		}
		options["vcpus"], options["features"] = strings.Join(counts, ","), fmt.Sprintf("%#x", g.Features)
		if strings.HasPrefix(g.VMM, "qemu") {
			options["cpu"] = fmt.Sprintf("%#x", g.CPU)
		}
	}
	if k := g.Kernel; k != nil {
		files["kernel"], files["initrd"], options["cmdline"] = [][]byte{k.Kernel}, [][]byte{k.Initrd}, k.Cmdline
	}
	if g.idBlock != nil {
		files["id-block"], files["id-auth"] = [][]byte{g.block(g.idBlock.Block())}, [][]byte{g.auth(g.idBlock.Auth())}
	}
	return files, options
}

// result is what measure answers.
func (g *guest) result() doc {
	list := []any{}
	counts := g.counts
	if g.igvm != nil {
		counts = []int{1}
	}
	for _, n := range counts {
		d := g.digest(n)
		list = append(list, doc{{"vcpus", n}, {"vmm", g.VMM}, {"measurement", hex.EncodeToString(d[:])}})
	}
	return doc{{"kernel_hashes", g.Kernel != nil}, {"measurements", list}}
}

// firmwareSections are about OVMF images.
func firmwareSections() []section {
	set := func(change func(f *boot.FirmwareSpec)) func(X) { return func(x X) { change(&x.guest.Firmware) } }
	sections := func(i int, gpa, size, kind uint32) func(X) {
		return set(func(f *boot.FirmwareSpec) { f.Sections[i] = boot.SectionSpec{GPA: gpa, Size: size, Type: kind} })
	}
	entries := func(list ...boot.Entry) func(X) {
		return set(func(f *boot.FirmwareSpec) { f.Entries = append(f.List(), list...) })
	}
	only := func(list ...boot.Entry) func(X) { return set(func(f *boot.FirmwareSpec) { f.Entries = list }) }
	image := func(change func(b []byte) []byte) func(X) {
		return func(x X) { x.inputs["firmware"] = [][]byte{change(x.guest.Firmware.Encode())} }
	}
	atEnd := func(bytes int) func(X) { // metadata of one section, so many bytes before the end
		return func(x X) {
			f := &x.guest.Firmware
			f.Sections, f.Offset = f.Sections[:1], uint32(bytes)
			image(func(b []byte) []byte { copy(b[len(b)-bytes:], f.Metadata()); return b })(x)
		}
	}
	one := func(entry, table uint16) func(X) { // entry, and the sizes that it and the table claim
		return set(func(f *boot.FirmwareSpec) {
			f.Entries, f.Table = []boot.Entry{{GUID: "e47a6535-984a-4798-865e-4685a7bf8ec2", Size: entry}}, table
		})
	}
	word, eight := []byte{1, 2, 3, 4}, make([]byte, 8)
	table := func(f *boot.FirmwareSpec, more int) { f.Table = uint16(18 + 22 + 26 + 22 + more) }
	return []section{{"launch-firmware", launched, "UsageError", []row{
		{"good", yes("LCH-01", "LCH-02", "LCH-03", "LCH-04", "LCH-05"), "the pages of firmware and sections in the order of the file, then one VMSA for each processor", nil},
		{"two-pages", yes("LCH-03", "LCH-10"), "8192 bytes, measured page by page, upwards, to end at 4 GiB", set(func(f *boot.FirmwareSpec) { f.Size = 8192 })},
		{"order-of-the-file", yes("LCH-04"), "sections in the order of the file, not of addresses", set(func(f *boot.FirmwareSpec) { slices.Reverse(f.Sections) })},
		{"empty", no("LCH-10"), "no bytes", image(func([]byte) []byte { return []byte{} })},
		{"cut-off", no("LCH-10"), "a download that broke off", image(func(b []byte) []byte { return b[:4095] })},
		{"half-a-page-more", no("LCH-10"), "no multiple of 4096", image(func(b []byte) []byte { return append(make([]byte, 2048), b...) })},
		{"no-footer", no("LCH-11"), "a file of variables has no footer", image(func([]byte) []byte { return make([]byte, 4096) })},
		{"end-cut-off", no("LCH-11"), "the footer is sought at the end", image(func(b []byte) []byte { return append(b[96:], make([]byte, 96)...) })},
		{"lone-reset-block", no("LCH-11"), "firmware of 2020 has the reset block where the footer is", set(func(f *boot.FirmwareSpec) { f.Footer = boot.GUIDReset })},
		{"table-of-17-bytes", no("LCH-12"), "a table has at least its own entry", set(func(f *boot.FirmwareSpec) { f.Table = 17 })},
		{"table-of-18-bytes", no("LCH-15", "LCH-12"), "a table without entries", set(func(f *boot.FirmwareSpec) { f.Entries = []boot.Entry{} })},
		{"entry-of-the-whole-file", no("LCH-15", "LCH-12"), "a table that begins where the file does", one(4046, 4064)},
		{"table-with-17-bytes-left-at-the-start", no("LCH-12"), "17 bytes at the start of the file that are no entry", one(4046-17, 4064)},
		{"entry-a-byte-before-the-file", no("LCH-12"), "and one that would begin before", one(4047, 4065)},
		{"table-before-the-file", no("LCH-12"), "a size that leads out of the file", set(func(f *boot.FirmwareSpec) { f.Table = 0xFFFF })},
		{"table-with-a-byte-left", no("LCH-12"), "one byte that is no entry", set(func(f *boot.FirmwareSpec) { table(f, 1) })},
		{"table-with-17-bytes-left", no("LCH-12"), "17 bytes that are no entry", set(func(f *boot.FirmwareSpec) { table(f, 17) })},
		{"entry-of-17-bytes", no("LCH-12"), "an entry has at least size and GUID", entries(boot.Entry{GUID: boot.GUIDSecret, Data: eight, Size: 17})},
		{"entry-of-no-bytes", no("LCH-12"), "a reader that goes back by the size would never end", entries(boot.Entry{GUID: boot.GUIDSecret, Data: eight, Size: 1})},
		{"entry-before-the-table", no("LCH-12"), "an entry that leads out of the table", entries(boot.Entry{GUID: boot.GUIDSecret, Data: eight, Size: 27})},
		{"unknown-entry", yes("LCH-13"), "entries of others are passed over", entries(boot.Entry{GUID: "e47a6535-984a-4798-865e-4685a7bf8ec2", Data: word})},
		{"unknown-entry-without-data", yes("LCH-12", "LCH-13"), "18 bytes are an entry", entries(boot.Entry{GUID: "e47a6535-984a-4798-865e-4685a7bf8ec2"})},
		{"metadata-offset-of-5-bytes", no("LCH-13"), "the offset has 4 bytes", only(boot.Entry{GUID: boot.GUIDMetadata, Data: append(word, 0)})},
		{"hash-area-of-4-bytes", no("LCH-13"), "an address without a size, as a tool's own test has it", only(boot.Entry{GUID: boot.GUIDHashArea, Data: word})},
		{"reset-of-8-bytes", no("LCH-13"), "the address has 4 bytes", only(boot.Entry{GUID: boot.GUIDReset, Data: eight})},
		{"secret-area-of-4-bytes", no("LCH-13"), "it is not used, and has its size all the same", entries(boot.Entry{GUID: boot.GUIDSecret, Data: word})},
		{"hash-area-of-175-bytes", no("LCH-13"), "the table of hashes has 176", set(func(f *boot.FirmwareSpec) { f.HashArea[1] = 175 })},
		{"hash-area-of-nothing", yes("LCH-13"), "builds without hashes have an entry of zeros", set(func(f *boot.FirmwareSpec) { f.HashArea = [2]uint32{0, 175} })},
		{"two-resets", no("LCH-14"), "one reader takes the first, the other the last", entries(boot.Entry{GUID: boot.GUIDReset, Data: word})},
		{"two-metadata", no("LCH-14"), "the same of metadata", entries(boot.Entry{GUID: boot.GUIDMetadata, Data: word})},
		{"two-hash-areas", no("LCH-14"), "the same of the hash area", entries(boot.Entry{GUID: boot.GUIDHashArea, Data: eight})},
		{"no-metadata", no("LCH-15"), "firmware that was built without SEV-SNP", only(boot.Entry{GUID: boot.GUIDReset, Data: word})},
		{"metadata-before-the-file", no("LCH-15"), "an offset that leads out of the file", set(func(f *boot.FirmwareSpec) { f.Offset = 4097 })},
		{"metadata-offset-of-15", no("LCH-15"), "a header does not fit there", set(func(f *boot.FirmwareSpec) { f.Offset = 15 })},
		{"metadata-up-to-the-end", no("LCH-17", "LCH-15"), "which may lie there, but for what one section lacks", atEnd(28)},
		{"metadata-beyond-the-end", no("LCH-15"), "the last byte is not there", atEnd(27)},
		{"metadata-signature", no("LCH-15"), "not ASEV", set(func(f *boot.FirmwareSpec) { f.Signature = "ASEW" })},
		{"metadata-signature-that-ends-alike", no("LCH-15"), "nor is this", set(func(f *boot.FirmwareSpec) { f.Signature = "BSEV" })},
		{"metadata-version", no("LCH-15"), "version 2", set(func(f *boot.FirmwareSpec) { f.Version = 2 })},
		{"metadata-length", no("LCH-15"), "a length that is not that of the sections, as a tool's own test has it", set(func(f *boot.FirmwareSpec) { f.Length = 4 })},
		{"metadata-length-of-more", no("LCH-15"), "nor a greater one", set(func(f *boot.FirmwareSpec) { f.Length = 16 + 12*7 + 1 })},
		{"no-sections", no("LCH-15"), "nothing is asked for", set(func(f *boot.FirmwareSpec) { f.Sections = nil })},
		{"65-sections", no("LCH-15"), "64 at most", set(func(f *boot.FirmwareSpec) { f.Sections = manySections(f.Sections, 65) })},
		{"64-sections", yes("LCH-15"), "and so many are fine", set(func(f *boot.FirmwareSpec) { f.Sections = manySections(f.Sections, 64) })},
		{"section-of-type-5", no("LCH-16"), "a type that nobody knows", sections(1, 0x80A000, 0x3000, 5)},
		{"section-of-type-0x101", no("LCH-16"), "the type has four bytes, not one", sections(1, 0x80A000, 0x3000, 0x101)},
		{"section-between-pages", no("LCH-16"), "an address of no page", sections(1, 0x80A800, 0x3000, 1)},
		{"section-of-no-bytes", no("LCH-16"), "a size of 0", sections(1, 0x80A000, 0, 1)},
		{"section-of-half-a-page", no("LCH-16"), "a size of no pages", sections(1, 0x80A000, 0x800, 1)},
		{"section-of-4-gib", no("LCH-16"), "a million hashes: refused before the first", sections(1, 0x80A000, 0xFFFFF000, 1)},
		{"section-in-the-firmware", no("LCH-16"), "it ends above the start of the firmware", sections(1, 0xFFFFE000, 0x2000, 1)},
		{"section-up-to-the-firmware", yes("LCH-16"), "it ends there", sections(1, 0xFFFFE000, 0x1000, 1)},
		{"sections-of-64-mib", yes("LCH-16"), "all together, to the last page", set(func(f *boot.FirmwareSpec) {
			f.Sections[1] = boot.SectionSpec{GPA: 0x1000000, Size: 0x4000000 - 0x9000 - 4*0x1000 - 0xF000, Type: 1}
		})},
		{"sections-of-more-than-64-mib", no("LCH-16"), "and not a page more", sections(1, 0x1000000, 0x4000000-0x1C000+0x1000, 1)},
		{"secrets-of-two-pages", no("LCH-17"), "one tool measures one page, the other two", sections(2, 0x900000, 0x2000, 2)},
		{"cpuid-of-two-pages", no("LCH-17"), "the same of CPUID", sections(3, 0x900000, 0x2000, 3)},
		{"svsm-caa-of-two-pages", no("LCH-17"), "the same of SVSM_CAA", sections(4, 0x900000, 0x2000, 4)},
		{"hashes-of-two-pages", no("LCH-17"), "the same of the page with hashes", sections(5, 0x900000, 0x2000, 0x10)},
		{"no-secrets", no("LCH-17"), "a guest cannot start without", sections(2, 0x80D000, 0x1000, 4)},
		{"no-cpuid", no("LCH-17"), "nor without this", sections(3, 0x80E000, 0x1000, 4)},
		{"two-secrets", no("LCH-17"), "one of them", sections(4, 0x80F000, 0x1000, 2)},
		{"two-pages-of-hashes", no("LCH-17"), "both would hold the same table", sections(4, 0x80F000, 0x1000, 0x10)},
		{"sections-overlap", no("LCH-18"), "the processor refuses the second", sections(1, 0x808000, 0x3000, 1)},
		{"sections-touch", yes("LCH-18"), "one ends where another begins", sections(1, 0x809000, 0x3000, 1)},
	}}}
}

func manySections(s []boot.SectionSpec, n int) []boot.SectionSpec {
	for i := uint32(0); len(s) < n; i++ {
		s = append(s, boot.SectionSpec{GPA: 0x900000 + i*4096, Size: 4096, Type: 1})
	}
	return s
}
