package main

import (
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/internal/mint/boot"
)

// lgtm is the firmware of a test of another tool, whose digest was published.
func lgtm() (boot.FirmwareSpec, []byte) {
	f := boot.FirmwareSpec{Size: 4096, Reset: 0xFF0000FF, Sections: []boot.SectionSpec{{GPA: 0xFF001000, Size: 4096, Type: 1}, {GPA: 0xFF003000, Size: 4096, Type: 3}, {GPA: 0xFF004000, Size: 4096, Type: 2}},
		Entries: []boot.Entry{{GUID: boot.GUIDReset, Data: []byte{0xFF, 0, 0, 0xFF}}, {GUID: boot.GUIDMetadata, Data: []byte{0, 0x10, 0, 0}}}}
	image := f.Encode()
	clear(image[:0xF00])
	copy(image, f.Metadata())
	copy(image[0x800:], strings.Repeat("LGTM", 4))
	copy(image[0xA00:], strings.Repeat("LGTM", 4))
	return f, image
}

// guestSections are about kernels, registers, and what must be given.
func guestSections() []section {
	guests := func(change func(g *guest)) func(X) { return func(x X) { change(x.guest) } }
	vmm := func(name string) func(X) { return guests(func(g *guest) { g.VMM = name }) }
	cpu := func(text string, signature uint32) func(X) {
		return func(x X) { x.guest.CPU, x.options["cpu"] = signature, text }
	}
	published := func(vmm string, vcpus int, digest string) func(X) {
		return func(x X) {
			f, image := lgtm()
			x.guest.Firmware, x.guest.VMM, x.guest.counts = f, vmm, []int{vcpus}
			x.inputs["firmware"] = [][]byte{image}
			x.result = doc{{"measurements", []any{doc{{"vcpus", vcpus}, {"measurement", digest}}}}}
		}
	}
	kernel := section{"launch-kernel", withKernel, "UsageError", []row{
		{"good", yes("LCH-20", "LCH-21"), "three hashes in their page, in the order command line, initial RAM disk, kernel", nil},
		{"empty-initrd", yes("LCH-20"), "an absent initial RAM disk is no bytes", func(x X) { x.guest.Kernel.Initrd, x.inputs["initrd"] = nil, nil }},
		{"empty-cmdline", yes("LCH-20"), "an absent command line is one zero byte", func(x X) { x.guest.Kernel.Cmdline, x.options["cmdline"] = "", nil }},
		{"cmdline-with-a-line-break", yes("LCH-20"), "no byte of the command line is trimmed", func(x X) {
			x.guest.Kernel.Cmdline, x.options["cmdline"] = "console=ttyS0\n", nil
			x.inputs["cmdline-file"] = [][]byte{[]byte("console=ttyS0\n")}
		}},
		{"table-at-the-end-of-the-page", yes("LCH-21", "LCH-22"), "its last byte is that of the page", guests(func(g *guest) { g.Firmware.HashArea[0] = 0x810F50 })},
		{"table-behind-the-page", no("LCH-22"), "it would not be measured whole", guests(func(g *guest) { g.Firmware.HashArea[0] = 0x810F51 })},
		{"table-in-another-page", no("LCH-22"), "where it would not be measured", guests(func(g *guest) { g.Firmware.HashArea[0] = 0x811000 })},
		{"no-hash-area", no("LCH-22"), "nobody knows where the table is", guests(func(g *guest) { g.Firmware.HashArea = [2]uint32{} })},
		{"no-hash-area-and-its-section-at-0", no("LCH-22"), "an address that is absent is not the address 0", guests(func(g *guest) {
			g.Firmware.HashArea, g.Firmware.Sections[5].GPA = [2]uint32{}, 0
		})},
		{"hash-area-of-176-bytes", yes("LCH-13", "LCH-22"), "as many as the table has", guests(func(g *guest) { g.Firmware.HashArea[1] = 176 })},
		{"no-section", no("LCH-22"), "a kernel that would be booted without being measured", guests(func(g *guest) { g.Firmware.Sections[5].Type = 4 })},
		{"hashes-first", yes("LCH-22"), "the section may stand anywhere", guests(func(g *guest) { s := g.Firmware.Sections; s[0], s[5] = s[5], s[0] })},
		{"cmdline-with-a-zero-byte", no("LCH-23"), "no such command line can be passed", both(option("cmdline", nil), input("cmdline-file", []byte("a\x00b")))},
		{"cmdline-that-begins-with-a-zero-byte", no("LCH-23"), "wherever it stands", both(option("cmdline", nil), input("cmdline-file", []byte("\x00b")))},
		{"initrd-alone", no("LCH-61"), "nothing boots it", both(input("kernel"), option("cmdline", nil))},
		{"cmdline-alone", no("LCH-61"), "nothing reads it", both(input("kernel"), input("initrd"))},
	}}
	registers := section{"launch-registers", launched, "UsageError", []row{
		{"qemu-old-fpu", yes("LCH-34"), "hosts before Linux 6.10 do not copy the registers of the FPU", vmm("qemu-old-fpu")},
		{"ec2", yes("LCH-34", "LCH-04"), "CPUID behind all other sections, RDX 0x600, other attributes of the first processor", vmm("ec2")},
		{"ec2-rdx0", yes("LCH-34"), "the same with RDX 0", vmm("ec2-rdx0")},
		{"gce", yes("LCH-34", "LCH-04"), "SNP_SEC_MEM is not measured, another G_PAT", vmm("gce")},
		{"published-gce", yes("LCH-01", "LCH-34"), "a digest that gce-tcb-verifier published", published("gce", 4, "1a8cd8039cdcdcd1ec9800ca215ba5cbbed437697debf0b2fc1a9b873f1eb15f82dc7d5cf246dbee4df1bb9d3b6c7a16")},
		{"published-qemu", yes("LCH-34"), "the same firmware elsewhere", published("qemu", 2, "779fb08e67bfa007b8eb6c8cbbedda1dd34f12a4c0cc413a3f6ad266f97d2c61bbd9034e4c766c8d6f9050443c0cbcf3")},
		{"features-0x21", yes("LCH-32", "LCH-34"), "DebugSwap, as older hosts set it", guests(func(g *guest) { g.Features = 0x21 })},
		{"features-of-64-bits", yes("LCH-32"), "the highest bit", guests(func(g *guest) { g.Features = 1<<63 | 1 })},
		{"without-features", yes("LCH-35"), "0x1 is meant", option("features", nil)},
		{"cpu-by-name", yes("LCH-31"), "a name of QEMU's", cpu("EPYC-Milan-v2", 0x00A00F11)},
		{"cpu-by-numbers", yes("LCH-31"), "family, model and stepping", cpu("25/17/0", 0x00A10F10)},
		{"cpu-signature-of-8-digits", yes("LCH-31"), "with zeros before it", cpu("0x00a00f11", 0x00A00F11)},
		{"cpu-of-a-small-family", yes("LCH-31"), "a family below 15 has no extended one", cpu("6/143/8", 0x000806F8)},
		{"cpu-greatest", yes("LCH-31"), "the greatest numbers", cpu("270/255/15", 0x0FFF0FFF)},
		{"1-and-3-processors", yes("LCH-33"), "a list has no numbers in between", guests(func(g *guest) { g.counts = []int{1, 3} })},
		{"1-to-3-processors", yes("LCH-33"), "a range has those in between", both(guests(func(g *guest) { g.counts = []int{1, 2, 3} }), option("vcpus", "1-3"))},
		{"2-to-5-processors", yes("LCH-33"), "from its first number on", both(guests(func(g *guest) { g.counts = []int{2, 3, 4, 5} }), option("vcpus", "2-5"))},
		{"512-processors", yes("LCH-33"), "the most there can be", guests(func(g *guest) { g.counts = []int{512} })},
		{"one-processor-without-reset", yes("LCH-33"), "firmware without an address for others", guests(func(g *guest) { g.Firmware.Reset, g.counts = 0, []int{1} })},
		{"unknown-vmm", no("LCH-30"), "a name that nobody knows", option("vmm", "krun")},
		{"vmm-in-upper-case", no("LCH-30"), "names are exact", option("vmm", "QEMU")},
		{"vmm-that-ends-alike", no("LCH-30"), "and whole", option("vmm", "my-qemu")},
		{"cpu-host", no("LCH-31"), "the host's model is not known here", option("cpu", "host")},
		{"cpu-signature-0", no("LCH-31"), "no processor has it", option("cpu", "0x0")},
		{"cpu-in-upper-case", no("LCH-31"), "hex in lower case", option("cpu", "0x00800F12")},
		{"cpu-family-271", no("LCH-31"), "the extended family has eight bits", option("cpu", "271/1/2")},
		{"cpu-stepping-16", no("LCH-31"), "the stepping has four", option("cpu", "23/1/16")},
		{"cpu-model-256", no("LCH-31"), "the model has eight", option("cpu", "23/256/2")},
		{"cpu-of-four-numbers", no("LCH-31"), "three numbers", option("cpu", "25/17/0/1")},
		{"cpu-of-two-numbers", no("LCH-31"), "no fewer", option("cpu", "25/17")},
		{"cpu-family-in-letters", no("LCH-31"), "the first is a number", option("cpu", "x/17/0")},
		{"cpu-model-in-letters", no("LCH-31"), "the second one too", option("cpu", "25/x/0")},
		{"cpu-signature-of-33-bits", no("LCH-31"), "32 bits", option("cpu", "0x100000f12")},
		{"features-without-snp", no("LCH-32"), "bit 0 is set in every guest", option("features", "0x20")},
		{"features-in-decimal", no("LCH-32"), "hex, with 0x", option("features", "1")},
		{"features-of-17-digits", no("LCH-32"), "16 at most", option("features", "0x00000000000000001")},
		{"no-processors", no("LCH-33"), "at least one", option("vcpus", "0")},
		{"513-processors", no("LCH-33"), "one too many", option("vcpus", "513")},
		{"processors-descending", no("LCH-33"), "ascending numbers", option("vcpus", "2,1")},
		{"processors-from-2-to-2", no("LCH-33"), "a range has two ends", option("vcpus", "2-2")},
		{"processors-twice", no("LCH-33"), "each number once", option("vcpus", "2,2")},
		{"processors-with-a-leading-zero", no("LCH-33"), "each number has one form", option("vcpus", "01")},
		{"processors-of-two-ranges", no("LCH-33"), "one range", option("vcpus", "1-2-3")},
		{"processors-without-reset", no("LCH-33"), "peers leave the others out without a word", guests(func(g *guest) { g.Firmware.Reset = 0 })},
		{"no-vmm", no("LCH-35"), "nothing is guessed", option("vmm", nil)},
		{"no-vcpus", no("LCH-35"), "nothing is guessed", option("vcpus", nil)},
		{"no-cpu", no("LCH-35"), "nothing is guessed", option("cpu", nil)},
		{"cpu-of-ec2", no("LCH-35"), "it is not in the digest", func(x X) { x.guest.VMM, x.options["cpu"] = "ec2", "EPYC" }},
		{"firmware-for-hyperv", no("LCH-35"), "which launches IGVM files", option("vmm", "hyperv")},
	}}
	match := section{"launch-match", launched, "MeasurementNotAllowedError", []row{
		{"all-open", yes("LCH-36", "LCH-73"), "monitor, model, features and number of processors are searched", matching(func(g *guest) { g.VMM, g.CPU, g.Features = "qemu-old-fpu", 0x00A10F10, 0x201 }, 7, "cpu", "vmm", "vcpus", "features")},
		{"gce-with-52-bits", yes("LCH-36"), "the VMSAs at the highest page of 52 bits", matching(func(g *guest) { g.VMM, g.Wide = "gce", true }, 3, "cpu", "vmm", "vcpus", "features")},
		{"given", yes("LCH-36"), "what is given is not searched, and matches", matching(func(*guest) {}, 2)},
		{"monitor-open", yes("LCH-36"), "those that have a CPU model", matching(func(*guest) {}, 2, "vmm")},
		{"igvm", yes("LCH-36"), "the monitors of IGVM files", func(x X) {
			*x = *igvmGuest()
			matching(func(g *guest) { g.VMM = "chv-igvm" }, 1, "vmm")(x)
		}},
		{"two-processors-without-reset", no("LCH-73", "LCH-33"), "firmware that runs on one is searched for one", matching(func(g *guest) { g.Firmware.Reset = 0 }, 2, "vcpus")},
		{"kernel-that-is-not-measured", as("UsageError", "LCH-22", "LCH-36"), "what cannot be launched is not searched", func(x X) {
			x.guest.Kernel, x.guest.Firmware.Sections[5].Type = withKernel().guest.Kernel, 4
			matching(func(*guest) {}, 2, "vmm")(x)
		}},
		{"another-number", no("LCH-73"), "what is given is not searched, and does not match", matching(func(*guest) {}, 3)},
		{"another-guest", no("LCH-73"), "no launch of this firmware", func(x X) {
			x.inputs["match"] = [][]byte{x.sealed()}
			for _, name := range []string{"vmm", "vcpus", "cpu", "features"} {
				x.options[name] = nil
			}
		}},
		{"no-report", as("ReportInvalidError", "RPT-01"), "not one byte of it is guessed", input("match", []byte("hello"))},
	}}
	return []section{kernel, registers, match}
}

// matching gives the report of a guest with so many processors, and leaves options
// open.
func matching(change func(g *guest), vcpus int, open ...string) func(x X) {
	return func(x X) {
		given := *x.guest
		change(x.guest)
		d := x.guest.digest(vcpus)
		x.Spec.Measurement = d
		x.inputs["match"] = [][]byte{x.sealed()}
		x.result = doc{{"matches", []any{doc{{"vcpus", vcpus}, {"vmm", x.guest.VMM}, {"measurement", hex.EncodeToString(d[:])}}}}}
		x.guest.VMM, x.guest.Wide = given.VMM, false
		for _, name := range open {
			x.options[name] = nil
		}
	}
}
