package launch_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
)

// drawFirmware draws an image that is well formed: sections in any order.
func drawFirmware(t *rapid.T) boot.FirmwareSpec {
	f := boot.FirmwareSpec{
		Size: 4096 * rapid.IntRange(1, 6).Draw(t, "pages"), Fill: rapid.Byte().Draw(t, "fill"),
		Reset: rapid.Uint32Range(1, 1<<32-1).Draw(t, "reset"),
	}
	kinds := []uint32{2, 3, 0x10}
	kinds = append(kinds, rapid.SliceOfN(rapid.SampledFrom([]uint32{1, 1, 1, 4}), 0, 9).Draw(t, "kinds")...)
	gpa := uint32(0x800000)
	for _, kind := range rapid.Permutation(kinds).Draw(t, "order") {
		gpa += 4096 * rapid.Uint32Range(0, 3).Draw(t, "gap")
		size := uint32(4096)
		if kind == 1 {
			size *= rapid.Uint32Range(1, 20).Draw(t, "size")
		}
		f.Sections = append(f.Sections, boot.SectionSpec{GPA: gpa, Size: size, Type: kind})
		if kind == 0x10 {
			f.HashArea = [2]uint32{gpa + rapid.Uint32Range(0, 4096-176).Draw(t, "hash area"), rapid.Uint32Range(176, 4096).Draw(t, "hash area size")}
		}
		gpa += size
	}
	f.Sections = rapid.Permutation(f.Sections).Draw(t, "order of the file")
	return f
}

func drawLaunch(t *rapid.T) boot.LaunchSpec {
	f := drawFirmware(t)
	l := boot.LaunchSpec{
		Image: f.Encode(), Firmware: f, VMM: rapid.SampledFrom([]string{"qemu", "qemu-old-fpu", "ec2", "ec2-rdx0", "gce"}).Draw(t, "vmm"),
		VCPUs: rapid.IntRange(1, 20).Draw(t, "vcpus"), CPU: rapid.Uint32Range(1, 1<<32-1).Draw(t, "cpu"), Features: rapid.Uint64().Draw(t, "features") | 1,
	}
	if rapid.Bool().Draw(t, "kernel") {
		l.Kernel = &boot.KernelSpec{Kernel: []byte(rapid.String().Draw(t, "image")), Initrd: []byte(rapid.String().Draw(t, "initrd")), Cmdline: rapid.StringMatching(`[ -~]*`).Draw(t, "cmdline")}
	}
	return l
}

// guestOf reads with package launch what l says.
func guestOf(t rapid.TB, l boot.LaunchSpec) launch.Guest {
	t.Helper()
	f, err := launch.ParseFirmware(l.Image)
	if err != nil {
		t.Fatal(err)
	}
	v, err := launch.ParseVMM(l.VMM)
	if err != nil {
		t.Fatal(err)
	}
	g := launch.Guest{VMM: v, Firmware: f, Features: launch.Features(l.Features), VCPUs: []int{l.VCPUs}}
	if v == launch.QEMU || v == launch.QEMUOldFPU {
		g.CPU = launch.CPU(l.CPU)
	}
	if l.Kernel != nil {
		cmdline, err := launch.CommandLine(l.Kernel.Cmdline)
		if err != nil {
			t.Fatal(err)
		}
		g.Kernel = &launch.Kernel{Kernel: sha256.Sum256(l.Kernel.Kernel), Initrd: sha256.Sum256(l.Kernel.Initrd), Cmdline: cmdline}
	}
	return g
}

func digest(t rapid.TB, g launch.Guest) launch.Digest {
	t.Helper()
	list, err := g.Measure()
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0].Digest
}

// The generator and the package agree on any launch, and Explain finds it.
// Rules: LCH-05, LCH-36.
func TestGeneratorAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLaunch(t)
		g := guestOf(t, l)
		want := launch.Digest(l.Digest())
		if got := digest(t, g); got != want {
			t.Fatalf("%v, the generator has %v", got, want)
		}
		open := g
		open.VCPUs = nil
		if found, err := open.Explain(want); err != nil || len(found) != 1 || found[0].VCPUs != l.VCPUs {
			t.Fatalf("explained as %v, %v", found, err)
		}
		// A seed is as good as the file.
		g.Firmware = &launch.Firmware{LaunchHash: g.Firmware.LaunchHash, Metadata: g.Firmware.Metadata}
		if got := digest(t, g); got != want {
			t.Fatalf("%v with a seed, want %v", got, want)
		}
		// One more processor is one more page, so that lists are made of prefixes.
		g.VCPUs = []int{1, l.VCPUs + 1, 40}
		list, err := g.Measure()
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		for _, m := range list {
			l.VCPUs = m.VCPUs
			if m.Digest != l.Digest() {
				t.Fatalf("%d processors: %v", m.VCPUs, m)
			}
		}
	})
}

// Any change of an input changes the digest.
func TestEveryInputCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLaunch(t)
		g := guestOf(t, l)
		before := digest(t, g)
		differs := func(what string, g launch.Guest) {
			if digest(t, g) == before {
				t.Fatalf("%s does not count", what)
			}
		}
		if l.Firmware.Size > 4096 { // one bit of what is not parsed
			changed := l
			changed.Image = slices.Clone(l.Image)
			changed.Image[rapid.IntRange(0, l.Firmware.Size-4097).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			differs("a bit of the firmware", guestOf(t, changed))
		}
		c := g
		c.Features ^= 1 << rapid.IntRange(1, 63).Draw(t, "feature")
		differs("a feature", c)
		c = g
		c.VCPUs = []int{l.VCPUs%20 + 1}
		if l.VCPUs != c.VCPUs[0] {
			differs("the number of processors", c)
		}
		if g.CPU > 1 {
			c = g
			c.CPU--
			differs("the CPU model", c)
		}
		if k := g.Kernel; k != nil {
			for name, change := range map[string]func(k *launch.Kernel){
				"kernel": func(k *launch.Kernel) { k.Kernel[0] ^= 1 }, "initrd": func(k *launch.Kernel) { k.Initrd[31] ^= 1 }, "cmdline": func(k *launch.Kernel) { k.Cmdline[7] ^= 1 },
			} {
				c, changed := g, *k
				change(&changed)
				c.Kernel = &changed
				differs(name, c)
			}
			c := g
			c.Kernel = nil
			differs("having a kernel", c)
		}
		c = g
		f := *g.Firmware
		f.Metadata.Sections = slices.Clone(f.Metadata.Sections)
		i := rapid.IntRange(1, len(f.Metadata.Sections)-1).Draw(t, "section")
		f.Metadata.Sections[0], f.Metadata.Sections[i] = f.Metadata.Sections[i], f.Metadata.Sections[0]
		c.Firmware = &f
		cpuid := f.Metadata.Sections[0].Type == launch.CPUIDPage || f.Metadata.Sections[i].Type == launch.CPUIDPage
		if !cpuid || g.VMM != launch.EC2 && g.VMM != launch.EC2RDX0 { // which measure CPUID last anyway
			differs("the order of sections", c)
		}
	})
}

// EC2 has the order of QEMU when the CPUID section is the last one.
func TestEC2Order(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLaunch(t)
		slices.SortStableFunc(l.Firmware.Sections, func(a, b boot.SectionSpec) int {
			if a.Type == 3 {
				return 1
			}
			if b.Type == 3 {
				return -1
			}
			return 0
		})
		l.VMM, l.Image = "ec2", l.Firmware.Encode()
		g := guestOf(t, l)
		ec2, err := g.Ranges()
		if err != nil {
			t.Fatal(err)
		}
		g.VMM, g.CPU = launch.QEMU, 1
		qemu, err := g.Ranges()
		if err != nil || len(qemu) != len(ec2) {
			t.Fatal(err)
		}
		for i := range ec2 {
			if equal := ec2[i] == qemu[i]; equal != (ec2[i].Type != launch.VMSA) {
				t.Fatalf("%+v, %+v", ec2[i], qemu[i])
			}
		}
	})
}

// Files of any pages give the digests of the generator.
func TestGeneratorAgreesOnIGVM(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := boot.IGVMSpec{Version: rapid.Uint32Range(1, 2).Draw(t, "version"), Padding: rapid.Byte().Draw(t, "padding"), Headers: []boot.IGVMHeader{
			boot.IGVMPlatform(4, 1), boot.IGVMPlatform(8, 2),
		}}
		gpa := uint64(0)
		for i := range rapid.IntRange(1, 12).Draw(t, "directives") {
			mask := rapid.SampledFrom([]uint32{8, 12, 4, 8}).Draw(t, "mask")
			page := bytes.Repeat([]byte{byte(i + 1)}, 4096)
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				s.Headers = append(s.Headers, boot.IGVMPage(gpa, mask, 0, 0, nil))
			case 1:
				s.Headers = append(s.Headers, boot.IGVMPage(gpa, mask, rapid.SampledFrom([]uint32{0, 2}).Draw(t, "flags"), uint16(rapid.IntRange(0, 3).Draw(t, "data type")), page))
			case 2:
				s.Headers = append(s.Headers, boot.IGVMArea(uint64(4096*rapid.IntRange(1, 5).Draw(t, "area")), uint32(i)), boot.IGVMInsert(gpa, mask, uint32(i)))
				gpa += 4 * 4096
			case 3:
				s.Headers = append(s.Headers, boot.IGVMIDBlock(4, [48]byte{}))
			case 4:
				gpa = (gpa + 1<<21 - 1) &^ (1<<21 - 1)
				s.Headers = append(s.Headers, boot.IGVMPage(gpa, mask, 1, 0, nil))
				gpa += 1<<21 - 4096
			default:
				s.Headers = append(s.Headers, boot.IGVMPage(gpa, mask, 0, 0, page))
			}
			gpa += 4096
		}
		for _, i := range rapid.Permutation([]uint16{0, 1, 2}).Draw(t, "processors") {
			at := rapid.IntRange(2, len(s.Headers)).Draw(t, "place")
			h := boot.IGVMContext(gpa, 8, i, boot.LaunchSpec{VMM: "qemu", Features: uint64(i)<<8 | 1}.VMSA(true))
			s.Headers = slices.Insert(s.Headers, at, h)
			gpa += 4096
		}
		file, err := launch.ParseIGVM(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []launch.VMM{launch.HyperV, launch.QEMUIGVM, launch.CHVIGVM} {
			got, err := launch.Guest{VMM: v, IGVM: file}.Measure()
			if want := launch.Digest(s.Digest(8, v.String())); err != nil || got[0].Digest != want || got[0].Features != 1 || got[0].VCPUs != 3 {
				t.Fatalf("%v: %v, %v, want %v", v, got, err, want)
			}
		}
	})
}
