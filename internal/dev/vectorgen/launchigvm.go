package main

import (
	"encoding/binary"
	"slices"

	"github.com/tresorhq/attest/internal/mint/boot"
)

// igvmSections are about IGVM files.
func igvmSections() []section {
	change := func(f func(s *boot.IGVMSpec)) func(X) { return func(x X) { f(x.guest.igvm) } }
	add := func(h ...boot.IGVMHeader) func(X) {
		return change(func(s *boot.IGVMSpec) { s.Headers = append(s.Headers, h...) })
	}
	header := func(i int, f func(h *boot.IGVMHeader)) func(X) {
		return change(func(s *boot.IGVMSpec) {
			s.Headers[i].Body = slices.Clone(s.Headers[i].Body)
			f(&s.Headers[i])
		})
	}
	insert := func(i int, h boot.IGVMHeader) func(X) {
		return change(func(s *boot.IGVMSpec) { s.Headers = slices.Insert(s.Headers, i, h) })
	}
	fixedOf := func(version uint32, at int, n uint32) func(X) {
		return change(func(s *boot.IGVMSpec) {
			s.Version = version
			s.Fixed = slices.Clone(s.Encode()[:16+8*version]) // 24 bytes, or 32
			binary.LittleEndian.PutUint32(s.Fixed[at:], n)
		})
	}
	fixed := func(at int, n uint32) func(X) { return fixedOf(1, at, n) }
	sizedArea := func(n uint64) func(X) { // in place of the one that is inserted
		return change(func(s *boot.IGVMSpec) {
			s.Headers[3] = boot.IGVMArea(n, 7)
			s.Headers = slices.Delete(s.Headers, 11, 12)
		})
	}
	image := func(f func(b []byte) []byte) func(X) {
		return func(x X) { x.inputs["igvm"] = [][]byte{f(x.guest.igvm.Encode())} }
	}
	vmm := func(name string) func(X) { return func(x X) { x.guest.VMM = name } }
	end := func(s *boot.IGVMSpec) int { // of the headers
		n := len(s.Encode())
		for _, h := range s.Headers {
			n -= len(h.Data)
		}
		return n
	}
	put := binary.LittleEndian.PutUint32
	whole := func(f func(b []byte, end int) []byte) func(X) { // with its checksum
		return change(func(s *boot.IGVMSpec) { *s = boot.IGVMSpec{Raw: f(s.Encode(), end(s))} })
	}
	lastLength := func(n uint32) func(X) { // of the last header
		return whole(func(b []byte, end int) []byte { put(b[end-28:], n); return b })
	}
	sharing := func(n int, made func(i int) boot.IGVMHeader) func(X) { // headers whose data are the first page of the file
		return change(func(s *boot.IGVMSpec) {
			at := uint32(end(s) + 32*n)
			for i := range n {
				h := made(i)
				put(h.Body[12:], at)
				s.Headers = append(s.Headers, h)
			}
		})
	}
	processors := func(n int) func(X) { // besides the one that is there
		return sharing(n, func(i int) boot.IGVMHeader { return boot.IGVMContext(0x9000000, 1, uint16(i+1), nil) })
	}
	withData := func(n int) func(X) { // besides a page and a VMSA
		return sharing(n-2, func(i int) boot.IGVMHeader { return boot.IGVMPage(0x20000000+uint64(i)<<12, 1, 0, 0, nil) })
	}
	areas := func(n int) func(X) { // besides the one that is there
		return change(func(s *boot.IGVMSpec) {
			for i := range n {
				s.Headers = append(s.Headers, boot.IGVMArea(0x1000, uint32(100+i)))
			}
		})
	}
	pages := func(large, small int) func(X) { // of zeros
		return change(func(s *boot.IGVMSpec) {
			for i := range large {
				s.Headers = append(s.Headers, boot.IGVMPage(uint64(i+4)<<21, 1, 1, 0, nil))
			}
			for i := range small {
				s.Headers = append(s.Headers, boot.IGVMPage(0x20000000+uint64(i)<<12, 1, 0, 0, nil))
			}
		})
	}
	flags := func(n uint32) func(X) { return add(boot.IGVMPage(0x400000, 1, n, 0, nil)) }
	vmsa := func(features uint64) []byte { return boot.LaunchSpec{VMM: "qemu", Features: features}.VMSA(false) }
	two := func(x X) { // processors
		d := x.guest.digest(2)
		x.result = doc{{"measurements", []any{doc{{"vcpus", 2}, {"measurement", hexOf(d[:])}}}}}
	}
	page := slices.Repeat([]byte{7}, 4096)
	const platform, area, first, context = 0, 3, 4, 10
	return []section{{"launch-igvm", igvmGuest, "UsageError", []row{
		{"hyperv", yes("LCH-49", "LCH-40"), "pages of zeros are hashed, VMSAs stand where they stand", nil},
		{"qemu", yes("LCH-49"), "VMSAs behind all pages, at their own address", vmm("qemu-igvm")},
		{"chv", yes("LCH-49"), "and pages of zeros are ZERO", vmm("chv-igvm")},
		{"version-2", yes("LCH-40"), "a header of 32 bytes", change(func(s *boot.IGVMSpec) { s.Version = 2 })},
		{"padding-of-zeros", yes("LCH-42"), "padding may have any value: one tool writes digits", change(func(s *boot.IGVMSpec) { s.Padding = 0 })},
		{"optional", yes("LCH-42"), "an unknown header that may be passed over", add(boot.IGVMHeader{Type: 1<<31 | 0x3FF, Body: []byte{1, 2, 3}})},
		{"required-memory", yes("LCH-42"), "known, and not measured", add(boot.IGVMHeader{Type: 0x305, Body: make([]byte, 24)})},
		{"other-platform", yes("LCH-43"), "what is for others is passed over, wrong as it may be", add(boot.IGVMPage(0x1001, 2, 8, 9, nil))},
		{"large-page-with-data", yes("LCH-44", "LCH-46"), "512 pages out of the file", add(boot.IGVMPage(0x600000, 1, 1, 0, make([]byte, 1<<21)))},
		{"unmeasured-in-between", yes("LCH-49"), "its address counts, its content does not", add(boot.IGVMPage(0x400000, 1, 2, 0, page))},
		{"id-block-of-another-platform", yes("LCH-43", "LCH-44"), "two ID blocks, one of them of another platform", add(boot.IGVMIDBlock(1, [48]byte{1}), boot.IGVMIDBlock(2, [48]byte{2}))},
		{"23-bytes", no("LCH-40"), "no header", image(func(b []byte) []byte { return b[:23] })},
		{"3-bytes", no("LCH-40"), "nor a magic", image(func(b []byte) []byte { return b[:3] })},
		{"31-bytes-of-version-2", no("LCH-40"), "whose header has 32", both(change(func(s *boot.IGVMSpec) { s.Version = 2 }), whole(func(b []byte, _ int) []byte {
			put(b[12:], 0)
			put(b[16:], 31)
			return b[:31]
		}))},
		{"24-bytes", no("LCH-43"), "the header alone", change(func(s *boot.IGVMSpec) { s.Headers = nil })},
		{"magic", no("LCH-40"), "not IGVM", fixed(0, 0x4D564748)},
		{"magic-that-begins-alike", no("LCH-40"), "nor is this", fixed(0, 0x4E564749)},
		{"version-3", no("LCH-40"), "an unknown version", fixed(4, 3)},
		{"version-3-without-an-offset", no("LCH-40"), "all else as a file of version 2 has it", both(change(func(s *boot.IGVMSpec) { s.Version = 2 }), whole(func(b []byte, end int) []byte {
			put(b[4:], 3)
			put(b[8:], 0)
			put(b[12:], uint32(end))
			return b
		}))},
		{"cut-off", no("LCH-40"), "a download that broke off", image(func(b []byte) []byte { return b[:len(b)-1] })},
		{"headers-behind-a-gap", no("LCH-40"), "bytes that nothing covers", fixed(8, 32)},
		{"headers-beyond-the-end", no("LCH-40"), "a size that leads out of the file", fixed(12, 1<<31)},
		{"headers-of-4-bytes", no("LCH-40"), "a size that is no multiple of 8", fixed(12, 4)},
		{"headers-a-byte-beyond-the-end", no("LCH-40"), "and a multiple of 8", whole(func(b []byte, _ int) []byte {
			put(b[12:], uint32(len(b)+8-24))
			put(b[16:], uint32(len(b)+7))
			return append(b, make([]byte, 7)...)
		})},
		{"another-architecture", no("LCH-40"), "x64 is 0", fixedOf(2, 24, 1)},
		{"another-page-size", no("LCH-40"), "pages of 4096 bytes", fixedOf(2, 28, 8192)},
		{"checksum", no("LCH-41"), "one bit of a header", image(func(b []byte) []byte { b[40] ^= 1; return b })},
		{"unknown-header", no("LCH-42"), "one that may not be passed over", add(boot.IGVMHeader{Type: 0x3FF, Body: make([]byte, 8)})},
		{"header-behind-the-directives", no("LCH-42"), "the types end at 0x400, also of those that may be passed over", add(boot.IGVMHeader{Type: 1<<31 | 0x401, Body: make([]byte, 8)})},
		{"header-before-the-directives", no("LCH-42"), "and there is none from 0x201 to 0x300", insert(area, boot.IGVMHeader{Type: 1<<31 | 0x201, Body: make([]byte, 8)})},
		{"id-block-of-695-bytes", no("LCH-42"), "its body has 696", add(boot.IGVMHeader{Type: 0x30B, Body: boot.IGVMIDBlock(1, [48]byte{1}).Body[:695]})},
		{"relocation-of-3-bytes", no("LCH-42"), "a mask has four", insert(area, boot.IGVMHeader{Type: 0x102, Body: []byte{2, 0, 0}})},
		{"relocation-of-4-bytes", yes("LCH-42", "LCH-43"), "a mask of another platform, and no more", insert(area, boot.IGVMHeader{Type: 0x102, Body: []byte{2, 0, 0, 0}})},
		{"platform-behind-directives", no("LCH-42"), "the order of headers", add(boot.IGVMPlatform(4, 3))},
		{"short-page-data", no("LCH-42"), "a body that is cut off", add(boot.IGVMHeader{Type: 0x302, Body: make([]byte, 16)})},
		{"long-context", no("LCH-42"), "a body that is too long", add(boot.IGVMHeader{Type: 0x304, Body: make([]byte, 24)})},
		{"header-beyond-the-end", no("LCH-42"), "a length that leads out of the headers", lastLength(25)},
		{"header-of-2-gib", no("LCH-42", "GEN-04"), "by far", lastLength(1 << 31)},
		{"no-platform", no("LCH-43"), "nothing is for SEV-SNP", header(platform, func(h *boot.IGVMHeader) { h.Body[5] = 3 })},
		{"no-platform-and-a-short-header", no("LCH-43"), "another header is not taken for one", both(header(platform, func(h *boot.IGVMHeader) { h.Body[5] = 3 }), insert(area, boot.IGVMHeader{Type: 0x102, Body: []byte{4, 0, 0, 0}}))},
		{"platform-alone", no("LCH-48"), "a platform that is last, and no page", change(func(s *boot.IGVMSpec) { s.Headers = s.Headers[:1] })},
		{"platform-version-2", no("LCH-43"), "an unknown version", header(platform, func(h *boot.IGVMHeader) { h.Body[6] = 2 })},
		{"mask-of-two-bits", no("LCH-43"), "one bit is a platform", header(platform, func(h *boot.IGVMHeader) { h.Body[0] = 3 })},
		{"mask-of-no-bit", no("LCH-43"), "and none is none", header(platform, func(h *boot.IGVMHeader) { h.Body[0] = 0 })},
		{"shared-page", no("LCH-44"), "it would not be measured", flags(4)},
		{"unknown-flag", no("LCH-44"), "a flag that nobody knows", flags(8)},
		{"unknown-flag-behind-the-platform", no("LCH-44"), "in the header directly behind its own", change(func(s *boot.IGVMSpec) {
			s.Headers = append([]boot.IGVMHeader{s.Headers[platform], boot.IGVMPage(0x400000, 1, 8, 0, nil)}, s.Headers[area:]...)
		})},
		{"data-type-3", yes("LCH-44"), "the last type that is known", add(boot.IGVMPage(0x400000, 1, 0, 3, nil))},
		{"data-type-4", no("LCH-44"), "a type that nobody knows", add(boot.IGVMPage(0x400000, 1, 0, 4, nil))},
		{"relocation", no("LCH-44"), "addresses that the loader changes", insert(area, boot.IGVMHeader{Type: 0x102, Body: []byte{1, 0, 0, 0, 0, 0, 0, 0}})},
		{"relocation-of-page-tables", no("LCH-44"), "or page tables", insert(area, boot.IGVMHeader{Type: 0x103, Body: []byte{1, 0, 0, 0, 0, 0, 0, 0}})},
		{"two-id-blocks", no("LCH-44"), "one of them", add(boot.IGVMIDBlock(1, [48]byte{1}), boot.IGVMIDBlock(1, [48]byte{1}))},
		{"area-of-half-a-page", no("LCH-45"), "a size of no pages", header(area, func(h *boot.IGVMHeader) { h.Body[0] = 1 })},
		{"area-of-nothing", no("LCH-45"), "a size of zero, and not inserted", sizedArea(0)},
		{"area-of-256-mib", yes("LCH-45"), "as large as it may be, and not inserted", sizedArea(0x10000000)},
		{"area-of-256-mib-and-a-page", no("LCH-45"), "and no larger", sizedArea(0x10001000)},
		{"giant-area", no("LCH-45"), "a size of 2^63 bytes", header(area, func(h *boot.IGVMHeader) { h.Body[7] = 0x80 })},
		{"area-twice", no("LCH-45"), "two of one index", add(boot.IGVMArea(0x1000, 7))},
		{"1024-areas", yes("LCH-45"), "as many as there may be", areas(1023)},
		{"1025-areas", no("LCH-45", "GEN-04"), "and not one more", areas(1024)},
		{"area-inserted-twice", no("LCH-45"), "once is enough", add(boot.IGVMInsert(0x400000, 1, 7))},
		{"no-such-area", no("LCH-45"), "an index that was not declared", add(boot.IGVMInsert(0x400000, 1, 8))},
		{"page-between-pages", no("LCH-46"), "an address of no page", add(boot.IGVMPage(0x400800, 1, 0, 0, nil))},
		{"large-page-between", no("LCH-46"), "an address of no large page", add(boot.IGVMPage(0x401000, 1, 1, 0, nil))},
		{"page-below-the-top", yes("LCH-46"), "the last page that a guest can have", add(boot.IGVMPage(0xFFFFFFFFFE000, 1, 0, 0, nil))},
		{"page-of-the-vmsas", no("LCH-46"), "where VMSAs may stand", add(boot.IGVMPage(0xFFFFFFFFFF000, 1, 0, 0, nil))},
		{"data-at-offset-1", no("LCH-46"), "which is not 0: no page of zeros", header(first, func(h *boot.IGVMHeader) { h.Data = nil; h.Body[12] = 1 })},
		{"data-at-16-mib", no("LCH-46"), "nor does the file go so far", header(first, func(h *boot.IGVMHeader) { h.Data = nil; h.Body[15] = 1 })},
		{"unmeasured-data-at-offset-1", yes("LCH-46", "LCH-49"), "what is not measured is not read", add(boot.IGVMHeader{Type: 0x302, Body: append(binary.LittleEndian.AppendUint64(nil, 0x400000), 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0)})},
		{"page-at-the-top", no("LCH-46"), "an address that adds up to 0", add(boot.IGVMPage(1<<64-4096, 1, 0, 0, nil))},
		{"data-in-the-headers", no("LCH-46"), "a page that holds headers", header(first, func(h *boot.IGVMHeader) { h.Data = nil; h.Body[12] = 24 })},
		{"data-at-the-last-byte-of-the-headers", no("LCH-46"), "by one byte", change(func(s *boot.IGVMSpec) {
			h, last := &s.Headers[first], uint32(end(s)-1)
			h.Data, h.Body = nil, slices.Clone(h.Body)
			binary.LittleEndian.PutUint32(h.Body[12:], last)
		})},
		{"data-cut-off", no("LCH-46"), "a page that the file breaks off", add(boot.IGVMPage(0x400000, 1, 0, 0, page[:4095]))},
		{"65536-pages", yes("LCH-46"), "as many as there may be", pages(126, 504)}, // 520 are there
		{"too-many-pages", no("LCH-46", "GEN-04"), "headers of 32 bytes that ask for 512 pages each, and one page more than there may be", pages(126, 505)},
		{"4096-pages-with-data", no("LCH-48", "LCH-46"), "so many may be there, and no page twice", both(add(boot.IGVMPage(0x1000, 1, 0, 0, nil)), withData(4096))},
		{"4097-pages-with-data", no("LCH-46", "GEN-04"), "and not one more, although all have the same", withData(4097)},
		{"processor-twice", no("LCH-47"), "one VMSA each", add(boot.IGVMContext(0x9000000, 1, 0, vmsa(1)))},
		{"512-processors", no("LCH-48", "LCH-47"), "so many may be there, and no page twice", both(add(boot.IGVMPage(0x1000, 1, 0, 0, nil)), processors(511))},
		{"513-processors", no("LCH-47", "GEN-04"), "and not one more", processors(512)},
		{"processors-in-another-order", yes("LCH-49"), "VMSAs go by processor where they stand behind all pages", both(both(vmm("qemu-igvm"), insert(context, boot.IGVMContext(0x9000000, 1, 1, vmsa(0x21)))), two)},
		{"processor-256", yes("LCH-47"), "a number of two bytes, of which the lower one is that of another processor", both(both(vmm("qemu-igvm"), add(boot.IGVMContext(0x9000000, 1, 256, vmsa(0x21)))), two)},
		{"processors-at-one-address", yes("LCH-48"), "which VMSAs may share", both(both(vmm("qemu-igvm"), change(func(s *boot.IGVMSpec) {
			at := binary.LittleEndian.Uint64(s.Headers[context].Body)
			s.Headers = append(s.Headers, boot.IGVMContext(at, 1, 1, vmsa(1)))
		})), two)},
		{"processor-cut-off", no("LCH-46"), "a VMSA that the file breaks off", add(boot.IGVMContext(0x9000000, 1, 1, vmsa(1)[:4000]))},
		{"processor-without-snp", no("LCH-47"), "bit 0 of SEV_FEATURES is set in every guest", add(boot.IGVMContext(0x9000000, 1, 1, vmsa(2)))},
		{"no-processor", no("LCH-48"), "nothing would run", change(func(s *boot.IGVMSpec) { s.Headers = slices.Delete(s.Headers, context, context+1) })},
		{"page-twice", no("LCH-48"), "the processor refuses the second", add(boot.IGVMPage(0x1000, 1, 0, 0, nil))},
		{"page-in-a-large-one", no("LCH-48"), "the same of a page that lies in another", add(boot.IGVMPage(0x3FF000, 1, 0, 0, nil))},
		{"with-processors", no("LCH-35"), "the file says how many there are", option("vcpus", "1")},
		{"with-a-cpu", no("LCH-35"), "and of which model", option("cpu", "EPYC")},
		{"with-a-kernel", no("LCH-35"), "nor does it take a kernel", input("kernel", []byte("kernel"))},
		{"with-features", no("LCH-35"), "nor features", option("features", "0x1")},
		{"for-gce", no("LCH-35"), "which launches firmware", vmm("gce")},
	}}}
}

// idBlockSections are about ID blocks.
func idBlockSections() []section {
	const err = "IDBlockInvalidError"
	spec := func(change func(s *boot.IDBlockSpec)) func(X) { return func(x X) { change(x.guest.idBlock) } }
	block := func(change func(b []byte) []byte) func(X) { return func(x X) { x.guest.block = change } }
	auth := func(change func(b []byte) []byte) func(X) { return func(x X) { x.guest.auth = change } }
	put := func(at int, value ...byte) func(X) {
		return auth(func(b []byte) []byte { copy(b[at:], value); return b })
	}
	flip := func(at int) func(X) { return auth(func(b []byte) []byte { b[at] ^= 1; return b }) }
	alone := func(x X) { x.guest.idBlock.Author = nil } // the ID key
	ones := slices.Repeat([]byte{0xFF}, 72)
	reported := func(change func(x X)) func(X) {
		return func(x X) {
			s := x.guest.idBlock
			x.Spec.Measurement, x.Spec.FamilyID, x.Spec.ImageID, x.Spec.GuestSVN, x.Spec.Policy = s.Digest, s.FamilyID, s.ImageID, s.GuestSVN, s.Policy
			x.Spec.IDKeyDigest, x.Spec.AuthorKeyDigest = sha384Of(boot.SEVKey(&s.Key.PublicKey)), sha384Of(boot.SEVKey(&s.Author.PublicKey))
			change(x)
			x.inputs["match"] = [][]byte{x.sealed()}
			x.result = doc{{"id_block", doc{{"guest_svn", s.GuestSVN}}}}
		}
	}
	unlaunched := func(x X) { // nothing to compute a digest of
		x.inputs["firmware"] = nil
		for _, name := range []string{"vmm", "vcpus", "cpu", "features"} {
			x.options[name] = nil
		}
	}
	return []section{{"launch-id-block", withIDBlock, err, []row{
		{"good", yes("LCH-54", "LCH-55", "LCH-56"), "both signatures, and the digest of two processors", func(x X) {
			d := x.guest.digest(2)
			key, author := sha384Of(boot.SEVKey(&x.guest.idBlock.Key.PublicKey)), sha384Of(boot.SEVKey(&x.guest.idBlock.Author.PublicKey))
			x.result = doc{{"id_block", doc{{"launch_digest", hexOf(d[:])}, {"guest_policy", "0x30000"}, {"id_key_digest", hexOf(key[:])}, {"author_key_digest", hexOf(author[:])}}}}
		}},
		{"without-author", yes("LCH-53", "LCH-54", "LCH-55"), "its digest is zero then", both(alone, answers(doc{{"id_block", doc{{"author_key_digest", hexOf(make([]byte, 48))}}}}))},
		{"of-the-report", yes("LCH-57"), "all that the processor copied into the report", reported(func(X) {})},
		{"by-itself", yes("LCH-54", "LCH-55", "LCH-56"), "without a launch no digest is computed", both(unlaunched, answers(doc{{"id_block", doc{{"guest_policy", "0x30000"}}}}))},
		{"of-the-report-by-itself", yes("LCH-57", "LCH-56"), "nor of a report", both(unlaunched, reported(func(X) {}))},
		{"digest-differs", no("LCH-57"), "another MEASUREMENT than in the report", both(unlaunched, reported(func(x X) { x.Spec.Measurement[0] ^= 1 }))},
		{"95-bytes", no("LCH-50"), "a block has 96", block(func(b []byte) []byte { return b[:95] })},
		{"97-bytes", no("LCH-50"), "and no more", block(func(b []byte) []byte { return append(b, 0) })},
		{"auth-of-4095-bytes", no("LCH-50"), "the other has 4096", auth(func(b []byte) []byte { return b[:4095] })},
		{"auth-of-4097-bytes", no("LCH-50"), "and no more", auth(func(b []byte) []byte { return append(b, 0) })},
		{"version-2", no("LCH-51"), "an unknown version", spec(func(s *boot.IDBlockSpec) { s.Version = 2 })},
		{"id-key-algorithm", no("LCH-52"), "an unknown algorithm", put(0, 2)},
		{"author-algorithm", no("LCH-52"), "an unknown algorithm of the author's", put(4, 0)},
		{"reserved-bytes", no("LCH-52"), "bytes that mean nothing", put(0x3F, 1)},
		{"reserved-bytes-at-the-end", no("LCH-52"), "nor those behind the author's key", put(0xC84, 1)},
		{"curve-1", no("LCH-53"), "P-256", put(0x240, 1)},
		{"curve-3", no("LCH-53"), "nor any other but 2", put(0x240, 3)},
		{"key-with-a-tail", no("LCH-53"), "bytes behind the coordinates", put(0x240+148, 1)},
		{"key-off-the-curve", no("LCH-53"), "no point", flip(0x244)},
		{"key-of-385-bits", no("LCH-53"), "a coordinate above the prime", put(0x244+48, 1)},
		{"author-key-off-the-curve", no("LCH-53"), "no point of the author's", flip(0x884)},
		{"signature-of-another-block", no("LCH-54"), "the signature is over other bytes", func(x X) {
			other := boot.DefaultIDBlock([48]byte{1})
			copied := other.Auth()
			x.guest.auth = func([]byte) []byte { return copied }
		}},
		{"signature-flipped", no("LCH-54"), "one bit of it", flip(0x40)},
		{"r-is-zero", no("LCH-54"), "r is in [1, n-1]", put(0x40, make([]byte, 72)...)},
		{"s-is-zero", no("LCH-54"), "and so is s", put(0x88, make([]byte, 72)...)},
		{"r-of-576-bits", no("LCH-54"), "r is below n", put(0x40, ones...)},
		{"signature-with-a-tail", no("LCH-54"), "bytes behind r and s", put(0x40+144, 1)},
		{"author-signature-flipped", no("LCH-54"), "one bit of the author's", flip(0x680)},
		{"author-signature-without-key", no("LCH-54"), "a signature of nobody", both(alone, put(0x680, 1))},
		{"author-key-of-one-last-byte", no("LCH-53"), "only zeros are no key", both(alone, put(0x880+1027, 1))},
		{"author-key-of-one-first-byte", no("LCH-53"), "the first byte too", both(alone, put(0x880, 1))},
		{"other-digest", no("LCH-56"), "signed for another launch", spec(func(s *boot.IDBlockSpec) { s.Digest[47] ^= 1 })},
		{"other-digest-of-one-launch", no("LCH-56"), "also where there is one launch", both(spec(func(s *boot.IDBlockSpec) { s.Digest[0] ^= 1 }), func(x X) { x.guest.counts = []int{2} })},
		{"family-id-differs", no("LCH-57"), "another family than in the report", reported(func(x X) { x.Spec.FamilyID[15] ^= 1 })},
		{"image-id-differs", no("LCH-57"), "another image", reported(func(x X) { x.Spec.ImageID[15] ^= 1 })},
		{"guest-svn-differs", no("LCH-57"), "another version", reported(func(x X) { x.Spec.GuestSVN += 10 })},
		{"policy-differs", no("LCH-57"), "another policy", reported(func(x X) { x.Spec.Policy |= 1 << 19 })},
		{"id-key-differs", no("LCH-57"), "another key", reported(func(x X) { x.Spec.IDKeyDigest[0] ^= 1 })},
		{"author-key-differs", no("LCH-57"), "another author", reported(func(x X) { x.Spec.AuthorKeyDigest[0] ^= 1 })},
	}}}
}
