package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint/boot"
)

func sha384Of(b []byte) [48]byte { return sha512.Sum384(b) }

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// A launchFile is a launch file of a guest, by digests.
type launchFile struct {
	doc
	metadata doc
}

// fileOf names a guest by digests.
func fileOf(g *guest) *launchFile {
	f := g.Firmware
	digest := boot.LaunchSpec{Image: f.Encode()}.Digest() // of the firmware alone
	number := func(n uint32) string { return fmt.Sprintf("%#x", n) }
	sections := []any{}
	for _, s := range f.Sections {
		sections = append(sections, doc{{"gpa", number(s.GPA)}, {"size", number(s.Size)}, {"type", s.Type}})
	}
	metadata := doc{{"sections", sections}, {"hash_table", number(f.HashArea[0])}, {"ap_reset", number(f.Reset)}}
	counts := []any{}
	for _, n := range g.counts {
		counts = append(counts, n)
	}
	file := &launchFile{metadata: metadata, doc: doc{{"schema", "attest.launch/v1"}, {"vmm", g.VMM}, {"vcpus", counts}, {"cpu", number(g.CPU)}, {"features", fmt.Sprintf("%#x", g.Features)},
		{"firmware", doc{{"launch_hash", hexOf(digest[:])}, {"metadata", metadata}}}}}
	if k := g.Kernel; k != nil {
		kernel, initrd := sha256.Sum256(k.Kernel), sha256.Sum256(k.Initrd)
		file.Add("kernel", doc{{"sha256", hexOf(kernel[:])}})
		file.Add("initrd", doc{{"sha256", hexOf(initrd[:])}})
		file.Add("cmdline", k.Cmdline)
	}
	return file
}

// launchFileSections are about launch files, and about demanding them of a report.
func launchFileSections() []section {
	// by measures a guest by its launch file alone.
	by := func(change func(f *launchFile)) func(X) {
		return func(x X) {
			f := fileOf(x.guest)
			x.result = x.guest.result()
			change(f)
			x.guest = nil
			x.inputs["launch"] = [][]byte{f.Text()}
		}
	}
	set := func(name string, value any) func(X) { return by(func(f *launchFile) { f.Set(name, value) }) }
	drop := func(names ...string) func(X) {
		return by(func(f *launchFile) {
			for _, name := range names {
				f.Drop(name)
			}
		})
	}
	igvm := func(object doc) func(X) {
		return by(func(f *launchFile) {
			*f = launchFile{doc: doc{{"schema", "attest.launch/v1"}, {"vmm", "hyperv"}, {"igvm", object}}}
		})
	}
	firmware := func(hash any, more ...func(f *launchFile)) func(X) {
		return by(func(f *launchFile) {
			for _, change := range more {
				change(f)
			}
			f.Set("firmware", doc{{"launch_hash", hash}, {"metadata", f.metadata}})
		})
	}
	unmeasured := func(kernel, initrd string) func(X) {
		return firmware(strings.Repeat("01", 48), func(f *launchFile) {
			f.metadata.Drop("hash_table")
			f.Set("kernel", doc{{"sha256", kernel}})
			f.Set("initrd", doc{{"sha256", initrd}})
		})
	}
	upTo := func(n int) []any { // 1 to n, and n of more than 512 as well
		list := make([]any, n)
		for i := range list {
			list[i] = min(i+1, 512)
		}
		return list
	}
	metadata := func(change func(m *doc)) func(X) {
		return by(func(f *launchFile) {
			m := f.metadata
			change(&m)
			f.Set("firmware", append(f.Get("firmware").(doc)[:1:1], member{"metadata", m}))
		})
	}
	firstSection := func(change func(s *doc)) func(X) {
		return metadata(func(m *doc) {
			s := append(doc{}, m.Get("sections").([]any)[0].(doc)...)
			change(&s)
			m.Set("sections", append([]any{s}, m.Get("sections").([]any)[1:]...))
		})
	}
	first := func(name string, value any) func(X) { return firstSection(func(s *doc) { s.Set(name, value) }) }
	firstWithout := func(name string) func(X) { return firstSection(func(s *doc) { s.Drop(name) }) }
	path := func(p string) func(X) { return set("firmware", doc{{"file", p}}) }
	hash := strings.Repeat("01", 32)
	aws := func(digest string, vcpus int, seed string) func(X) {
		return func(x X) {
			x.guest.VMM, x.guest.counts, x.guest.Kernel = "ec2-rdx0", []int{vcpus}, nil
			x.guest.Firmware.Sections = []boot.SectionSpec{{GPA: 0x800000, Size: 0x9000, Type: 1}, {GPA: 0x80A000, Size: 0x3000, Type: 1}, {GPA: 0x80D000, Size: 0x1000, Type: 2}, {GPA: 0x80E000, Size: 0x1000, Type: 3}, {GPA: 0x80F000, Size: 0x11000, Type: 1}}
			by(func(f *launchFile) {
				f.metadata.Drop("hash_table")
				f.Set("firmware", doc{{"launch_hash", seed}, {"metadata", f.metadata}})
				f.Drop("cpu")
			})(x)
			x.result = doc{{"measurements", []any{doc{{"measurement", digest}}}}}
		}
	}
	files := section{"launch-file", withKernel, "UsageError", []row{
		{"good", yes("LCH-19", "LCH-60", "LCH-62"), "all by digests: no file is needed", by(func(*launchFile) {})},
		{"range", yes("LCH-33"), "a range of processors", by(func(f *launchFile) { f.Set("vcpus", "1-2") })},
		{"without-features", yes("LCH-35"), "0x1 is meant", drop("features")},
		{"without-kernel", yes("LCH-61"), "firmware that boots something else", func(x X) { x.guest.Kernel = nil; by(func(*launchFile) {})(x) }},
		{"cmdline-with-an-escape", yes("JSN-06", "LCH-20"), "the same characters", func(x X) {
			by(func(f *launchFile) {})(x)
			x.inputs["launch"][0] = []byte(strings.Replace(string(x.inputs["launch"][0]), "console", `\u0063onsole`, 1))
		}},
		{"aws-2-processors", yes("LCH-19", "LCH-34"), "the seed of a firmware of AWS that was published with its digest", aws("4c6e33087d08fa770259484dddbef367086a15c3e2cf10038dc97229d39c942671c2e22b300178f8de594a3f2fa59303", 2, "a58211791a556a630a4319dc9e2ea96cc0e9784dd9f20a4fadf81b26c98d163fcdcb6703884bbbb80d7b1de45b3d84d0")},
		{"aws-4-processors", yes("LCH-19", "LCH-34"), "another one: a genuine report has this MEASUREMENT", aws("25ac810f5c4750890fb1a158f097962e04d4d7fb640d1d08a99829cf4a70543a47cc6fb192bbe90aa713142361a66155", 4, "2027a27bb9f7acfd280e4c7bd68a73973b94bf0756e5b282e004b9395f597b8d0eb4defa7d8f6549375aa4d2b146f0f3")},
		{"schema", no("LCH-60"), "another version", set("schema", "attest.launch/v2")},
		{"unknown-member", no("JSN-11"), "a member that nobody reads", set("memory", 1)},
		{"unknown-member-of-a-section", no("JSN-11", "LCH-61"), "in the innermost object", first("flags", 1)},
		{"unknown-member-of-the-metadata", no("JSN-11", "LCH-61"), "in an inner object too", metadata(func(m *doc) { m.Add("svsm", "0x1000") })},
		{"neither-firmware-nor-igvm", no("LCH-61"), "nothing is launched", drop("firmware")},
		{"firmware-that-is-not-there", no("CLI-02", "LCH-63"), "a good path", path("OVMF.fd")},
		{"kernel-that-is-not-there", no("CLI-02", "LCH-63"), "the same of a kernel", set("kernel", doc{{"file", "vmlinuz"}})},
		{"igvm-that-is-not-there", no("CLI-02", "LCH-63"), "and of an IGVM file", igvm(doc{{"file", "a.igvm"}})},
		{"firmware-and-igvm", no("LCH-61"), "both are", set("igvm", doc{{"file", "a.igvm"}})},
		{"file-and-hash", no("LCH-61"), "two sources for one thing", set("firmware", doc{{"file", "a"}, {"launch_hash", strings.Repeat("01", 48)}})},
		{"file-and-metadata", no("LCH-61"), "the same of metadata", by(func(f *launchFile) { f.Set("firmware", doc{{"file", "a"}, {"metadata", f.metadata}}) })},
		{"kernel-by-file-and-hash", no("LCH-61"), "the same of a kernel", set("kernel", doc{{"file", "a"}, {"sha256", hash}})},
		{"kernel-by-nothing", no("LCH-61"), "neither", set("kernel", doc{})},
		{"initrd-without-kernel", no("LCH-61"), "nothing boots it", drop("kernel", "cmdline")},
		{"cmdline-without-kernel", no("LCH-61"), "and nothing reads this", drop("kernel", "initrd")},
		{"unknown-member-of-the-kernel", no("JSN-11", "LCH-61"), "in its object", set("kernel", doc{{"sha256", hash}, {"size", 1}})},
		{"schema-empty", no("JSN-12", "LCH-60"), "an empty text", set("schema", "")},
		{"schema-that-ends-alike", no("LCH-60"), "whole words are compared", set("schema", "x-attest.launch/v1")},
		{"without-schema", no("JSN-12", "LCH-60"), "a schema is required", drop("schema")},
		{"unknown-member-of-the-firmware", no("JSN-11", "LCH-61"), "in the object of the firmware", by(func(f *launchFile) {
			f.Set("firmware", append(f.Get("firmware").(doc), member{"size", 4096}))
		})},
		{"65-sections", no("JSN-16", "LCH-61"), "64 at most", func(x X) {
			x.guest.Firmware.Sections = manySections(x.guest.Firmware.Sections, 65)
			by(func(*launchFile) {})(x)
			x.result = nil
		}},
		{"section-of-type-0", no("LCH-16"), "a number, and no type", first("type", 0)},
		{"section-without-gpa", no("JSN-12", "LCH-61"), "each member of a section is required", firstWithout("gpa")},
		{"section-without-size", no("JSN-12", "LCH-61"), "this one too", firstWithout("size")},
		{"section-without-type", no("JSN-12", "LCH-61"), "and this one", firstWithout("type")},
		{"section-of-type-minus-1", no("JSN-15", "LCH-61"), "no negative type", first("type", -1)},
		{"section-of-the-greatest-type", no("LCH-16"), "32 bits, of which few are known", first("type", raw("4294967295"))},
		{"section-of-a-type-of-33-bits", no("JSN-15", "LCH-61"), "and no more", first("type", raw("4294967296"))},
		{"no-sections", no("JSN-16", "LCH-61"), "one at least", metadata(func(m *doc) { m.Set("sections", []any{}) })},
		{"one-section", no("LCH-17", "LCH-61"), "which is a list, and not enough", metadata(func(m *doc) { m.Set("sections", m.Get("sections").([]any)[:1]) })},
		{"64-sections", yes("LCH-61"), "as many as there may be", func(x X) {
			x.guest.Firmware.Sections = manySections(x.guest.Firmware.Sections, 64)
			by(func(*launchFile) {})(x)
		}},
		{"metadata-without-sections", no("JSN-12", "LCH-61"), "which are required", metadata(func(m *doc) { m.Drop("sections") })},
		{"firmware-without-metadata", no("JSN-12", "LCH-61"), "a hash alone", set("firmware", doc{{"launch_hash", strings.Repeat("01", 48)}})},
		{"igvm-by-nothing", no("JSN-12", "LCH-61"), "no file", igvm(doc{})},
		{"unknown-member-of-the-igvm", no("JSN-11", "LCH-61"), "in its object too", igvm(doc{{"file", "a.igvm"}, {"size", 1}})},
		{"vcpus-of-513", no("JSN-15", "LCH-33"), "512 at most", set("vcpus", []any{513})},
		{"vcpus-of-512", yes("JSN-15", "LCH-33"), "and so many are fine", func(x X) { x.guest.counts = []int{512}; by(func(*launchFile) {})(x) }},
		{"launch-hash-of-zeros", no("LCH-19"), "zero stands for something that is absent", firmware(strings.Repeat("0", 96))},
		{"without-launch-hash", no("JSN-12", "LCH-61"), "metadata alone", by(func(f *launchFile) { f.Set("firmware", doc{{"metadata", f.metadata}}) })},
		{"512-counts", no("LCH-19", "LCH-33"), "a list may have so many", firmware(strings.Repeat("0", 96), func(f *launchFile) { f.Set("vcpus", upTo(512)) })},
		{"513-counts", no("JSN-16", "LCH-33"), "and no more", set("vcpus", upTo(513))},
		{"kernel-hash-of-zeros", no("LCH-23"), "zero stands for something that is absent", set("kernel", doc{{"sha256", strings.Repeat("0", 64)}})},
		{"initrd-hash-of-zeros", no("LCH-23"), "of an initial RAM disk too", set("initrd", doc{{"sha256", strings.Repeat("0", 64)}})},
		{"hashes-of-almost-zeros", no("LCH-22", "LCH-23"), "digests that begin with zeros, or end with them, are digests", unmeasured(hash[:2]+strings.Repeat("0", 62), strings.Repeat("0", 62)+hash[:2])},
		{"hashes-of-almost-zeros-the-other-way-round", no("LCH-22", "LCH-23"), "either of them", unmeasured(strings.Repeat("0", 62)+hash[:2], hash[:2]+strings.Repeat("0", 62))},
		{"address-in-decimal", no("LCH-62"), "hex, with 0x", first("gpa", "8388608")},
		{"address-of-33-bits", no("LCH-62"), "eight digits at most", first("gpa", "0x100800000")},
		{"address-in-upper-case", no("LCH-62"), "hex in lower case", first("size", "0xA000")},
		{"reset-of-zero", no("LCH-62"), "zero stands for something that is absent", metadata(func(m *doc) { m.Set("ap_reset", "0x0") })},
		{"section-of-4-gib", no("LCH-16"), "what holds for a file holds for its metadata", first("size", "0xfffff000")},
		{"hash-table-outside", no("LCH-22"), "a table that is not in its section, as a tool's own test has it", metadata(func(m *doc) { m.Set("hash_table", "0x811000") })},
		{"vcpus-descending", no("LCH-33"), "ascending numbers", set("vcpus", []any{2, 1})},
		{"vcpus-twice", no("LCH-33"), "each number once", set("vcpus", []any{2, 2})},
		{"vcpus-of-none", no("JSN-16", "LCH-33"), "one at least", set("vcpus", []any{})},
		{"vcpus-of-zero", no("JSN-15", "LCH-33"), "no launch without a processor", set("vcpus", []any{0})},
		{"vcpus-empty", no("JSN-12", "LCH-33"), "an empty text is no range", set("vcpus", "")},
		{"vcpus-as-text", no("LCH-33"), "a list is an array", set("vcpus", "1,2")},
		{"vcpus-of-a-fraction", no("JSN-14"), "whole processors", by(func(f *launchFile) { f.Set("vcpus", []any{1.5}) })},
		{"path-up", no("LCH-63"), "a path that leads out of the folder", path("../OVMF.fd")},
		{"path-from-the-root", no("LCH-63"), "a path that begins elsewhere", path("/etc/passwd")},
		{"path-of-another-system", no("LCH-63"), "a path that leads up elsewhere", path(`..\OVMF.fd`)},
		{"path-of-a-drive", no("LCH-63"), "a path with a drive", path("C:OVMF.fd")},
		{"path-with-a-dot", no("LCH-63"), "one name for one file", path("./OVMF.fd")},
	}}
	// demanded holds a report against the launch file of a guest.
	demanded := func(vcpus int, change func(x X, f *launchFile)) func(X) {
		return func(x X) {
			g := launched().guest
			x.Spec.Measurement = g.digest(vcpus)
			f := fileOf(g)
			x.result = doc{{"measured_from", fmt.Sprintf("launch_hash (vmm=qemu vcpus=%d cpu=0x00800f12 features=0x1)", vcpus)}}
			change(x, f)
			x.inputs["launch"] = [][]byte{f.Text()}
		}
	}
	none := func(X, *launchFile) {}
	demands := section{"launch-demand", hardware("Milan", 3, "vcek"), "MeasurementNotAllowedError", []row{
		{"met", yes("LCH-71", "LCH-72"), "MEASUREMENT is that of two processors", demanded(2, none)},
		{"met-with-a-list", yes("LCH-71"), "it is on both lists", demanded(2, func(x X, _ *launchFile) { x.options["measurement"] = hexOf(x.Spec.Measurement[:]) })},
		{"three-processors", no("POL-02", "LCH-71"), "the launch file has one and two", demanded(3, none)},
		{"not-on-the-other-list", no("POL-02", "LCH-71"), "it intersects with the rest", demanded(2, func(x X, _ *launchFile) { x.options["measurement"] = strings.Repeat("ab", 48) })},
		{"open", as("UsageError", "LCH-35"), "what is demanded is not searched", demanded(2, func(_ X, f *launchFile) { f.Drop("cpu") })},
	}}
	return []section{files, demands}
}
