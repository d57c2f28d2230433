package launch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
)

// Every byte of a GUID, a signature and a magic number counts.
func TestEveryByteOfANameCounts(t *testing.T) {
	good := boot.AmdSev().Encode()
	for _, c := range []struct {
		from, size int
		id         string
	}{{8192 - 48, 16, "LCH-11"}, {8192 - 0x800, 4, "LCH-15"}} {
		for i := range c.size {
			image := slices.Clone(good)
			image[c.from+i] ^= 1
			if _, err := launch.ParseFirmware(image); ruleOf(err) != c.id || launch.IsFirmware(image) != (c.id != "LCH-11") {
				t.Errorf("byte %d: %v", c.from+i, err)
			}
		}
	}
	if !launch.IsFirmware(good) || !launch.IsFirmware(good[8192-48:]) || launch.IsFirmware(good[8192-47:]) || launch.IsFirmware(nil) {
		t.Error("IsFirmware")
	}
	igvm := boot.DefaultIGVM()
	for i := range 4 {
		s := igvm
		s.Fixed = slices.Clone(igvm.Encode()[:24])
		s.Fixed[i] ^= 1
		expectIGVMFault(t, "magic", s.Encode(), "LCH-40", "magic")
	}
	for _, name := range []string{"xqemu", "qemux", "emu"} {
		if _, err := launch.ParseVMM(name); ruleOf(err) != "LCH-30" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := launch.CommandLine("\x00"); ruleOf(err) != "LCH-23" {
		t.Errorf("a zero byte alone: %v", err)
	}
}

// Headers that lead out of an IGVM file, at the very byte.
func TestIGVMEdges(t *testing.T) {
	sealed := func(image []byte) []byte {
		end := int(binary.LittleEndian.Uint32(image[8:]) + binary.LittleEndian.Uint32(image[12:]))
		clear(image[20:24])
		binary.LittleEndian.PutUint32(image[20:], crc32.ChecksumIEEE(image[:min(end, len(image))]))
		return image
	}
	only := boot.IGVMSpec{Headers: []boot.IGVMHeader{boot.IGVMPlatform(1, 2), boot.IGVMArea(0x1000, 1)}}
	expectIGVMFault(t, "nothing behind the headers", only.Encode(), "LCH-48", "VP_CONTEXT")
	image := only.Encode()
	binary.LittleEndian.PutUint32(image[len(image)-20:], 17) // the length of the last body
	expectIGVMFault(t, "a body beyond the headers", sealed(image), "LCH-42", "length of a variable header")
	binary.LittleEndian.PutUint32(image[len(image)-20:], 1<<32-1)
	expectIGVMFault(t, "a body of 4 GiB", sealed(image), "LCH-42", "length of a variable header")

	short := slices.Clone(image[:24])
	for at, n := range map[int]uint32{4: 2, 8: 32, 12: 0, 16: 24} {
		binary.LittleEndian.PutUint32(short[at:], n)
	}
	expectIGVMFault(t, "a header of 32 bytes in 24", short, "LCH-40", "variable header offset")

	between := boot.DefaultIGVM()
	between.Headers = slices.Insert(between.Headers, 3, boot.IGVMHeader{Type: 1<<31 | 0x201, Body: make([]byte, 8)})
	expectIGVMFault(t, "a section that is none", between.Encode(), "LCH-42", "type of a variable header")

	other := boot.DefaultIGVM() // another header whose sixth byte is 2 is no platform
	other.Headers[0].Body = slices.Clone(other.Headers[0].Body)
	other.Headers[0].Body[5] = 3
	other.Headers[2].Body = []byte{1, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	expectIGVMFault(t, "no platform", other.Encode(), "LCH-43", "SUPPORTED_PLATFORM")

	many := boot.DefaultIGVM() // whose data are 4 pages, of which each header may name any
	whole := boot.IGVMPage(0x40000000, 1, 0, 0, make([]byte, 4096))
	many.Headers = append(many.Headers, whole)
	at := binary.LittleEndian.Uint32(many.Encode()[16:]) - 4096
	for i := range uint64(4093) {
		h := boot.IGVMPage(0x50000000+i*4096, 1, 0, 0, nil)
		binary.LittleEndian.PutUint32(h.Body[12:], at+4093*32)
		many.Headers = append(many.Headers, h)
	}
	if _, err := launch.ParseIGVM(many.Encode()); err != nil {
		t.Errorf("4096 pages with data: %v", err)
	}
	for i := range many.Headers[len(many.Headers)-4093:] {
		h := &many.Headers[len(many.Headers)-4093+i]
		binary.LittleEndian.PutUint32(h.Body[12:], at+4094*32)
	}
	more := boot.IGVMPage(0x60000000, 1, 0, 0, nil)
	binary.LittleEndian.PutUint32(more.Body[12:], at+4094*32)
	many.Headers = append(many.Headers, more)
	expectIGVMFault(t, "4097 pages with data", many.Encode(), "LCH-46", "PAGE_DATA.gpa")
}

// What was read is a copy.
func TestIGVMIsACopy(t *testing.T) {
	spec := boot.DefaultIGVM()
	image := spec.Encode()
	f, err := launch.ParseIGVM(image)
	if err != nil {
		t.Fatal(err)
	}
	clear(image)
	list, err := launch.Guest{VMM: launch.HyperV, IGVM: f}.Measure()
	if err != nil || list[0].Digest != spec.Digest(1, "hyperv") {
		t.Errorf("%v, %v", list, err)
	}
}

// What is searched, and what is not.
func TestExplainEdges(t *testing.T) {
	spec := boot.AmdSev()
	f, err := launch.ParseFirmware(spec.Encode())
	if err != nil {
		t.Fatal(err)
	}
	wide := boot.LaunchSpec{Image: spec.Encode(), Firmware: spec, VMM: "gce", VCPUs: 3, Features: 1, Wide: true}
	found, err := launch.Guest{Firmware: f}.Explain(wide.Digest())
	if err != nil || len(found) != 1 || !found[0].WideVMSA || found[0].String() != "vmm=gce vcpus=3 features=0x1 vmsa=0xffffffffff000" {
		t.Errorf("52 bits: %v, %v", found, err)
	}
	if list, err := (launch.Guest{VMM: launch.GCE, Firmware: f, VCPUs: []int{3}}).Measure(); err != nil || list[0].Digest == wide.Digest() || len(list) != 1 {
		t.Errorf("measured: %v, %v", list, err)
	}
	for _, v := range []string{"qemu", "qemu-old-fpu"} { // a given model restricts the monitors
		l := boot.LaunchSpec{Image: spec.Encode(), Firmware: spec, VMM: v, VCPUs: 2, Features: 1, CPU: 0x12345}
		found, err := launch.Guest{Firmware: f, CPU: 0x12345}.Explain(l.Digest())
		if err != nil || len(found) != 1 || found[0].VMM.String() != v {
			t.Errorf("%s: %v, %v", v, found, err)
		}
		d := launch.Digest(l.Digest())
		for i := range d {
			changed := d
			changed[i] ^= 1
			if found, err := (launch.Guest{Firmware: f, CPU: 0x12345, VCPUs: []int{2}}).Explain(changed); err != nil || len(found) != 0 {
				t.Errorf("byte %d does not count: %v, %v", i, found, err)
			}
		}
	}
	alone := *f
	alone.Metadata.APReset = 0 // without it there is one processor
	spec.Reset = 0
	l := boot.LaunchSpec{Image: spec.Encode(), Firmware: spec, VMM: "ec2", VCPUs: 2, Features: 1}
	alone.LaunchHash = parsed(t, spec).LaunchHash
	if found, err := (launch.Guest{Firmware: &alone}).Explain(l.Digest()); err != nil || len(found) != 0 {
		t.Errorf("two processors without a reset block: %v, %v", found, err)
	}
}

func parsed(t *testing.T, spec boot.FirmwareSpec) *launch.Firmware {
	t.Helper()
	f, err := launch.ParseFirmware(spec.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The first processor of EC2 differs from the others in the ranges too, and pages of
// an IGVM file that follow each other are one range.
func TestRangesEdges(t *testing.T) {
	g := launch.Guest{VMM: launch.EC2, Firmware: parsed(t, boot.AmdSev()), VCPUs: []int{3}}
	ranges, err := g.Ranges()
	list, err2 := g.Measure()
	if err != nil || err2 != nil || ranges[len(ranges)-1].After != list[0].Digest {
		t.Errorf("%v, %v, %v", ranges, err, err2)
	}
	f, err := launch.ParseIGVM(boot.DefaultIGVM().Encode())
	if err != nil {
		t.Fatal(err)
	}
	ranges, err = launch.Guest{VMM: launch.CHVIGVM, IGVM: f}.Ranges()
	var got []string
	for _, r := range ranges {
		got = append(got, r.Name+" "+r.Type.String()+" "+strings.Repeat("p", min(r.Pages, 3)))
	}
	want := []string{"PAGE_DATA NORMAL p", "PAGE_DATA ZERO p", "PAGE_DATA UNMEASURED p", "PAGE_DATA SECRETS p", "PAGE_DATA CPUID p", "PARAMETER_INSERT UNMEASURED pp", "PAGE_DATA ZERO ppp", "VMSA of vCPU 0 VMSA p"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	spec := boot.DefaultIGVM()
	spec.Headers = append(spec.Headers, boot.IGVMPage(0x400000, 1, 0, 0, nil), boot.IGVMPage(0x401000, 1, 0, 0, nil), boot.IGVMPage(0x403000, 1, 0, 0, nil))
	if f, err = launch.ParseIGVM(spec.Encode()); err != nil {
		t.Fatal(err)
	}
	ranges, err = launch.Guest{VMM: launch.QEMUIGVM, IGVM: f}.Ranges()
	if n := len(ranges); err != nil || ranges[n-3].Pages != 514 || ranges[n-2].Pages != 1 || ranges[n-2].GPA != 0x403000 {
		t.Errorf("%+v, %v", ranges, err)
	}
}

// Digests that begin with zero bytes are digests, and a table needs an address.
func TestKernelEdges(t *testing.T) {
	f := parsed(t, boot.AmdSev())
	g := launch.Guest{VMM: launch.QEMU, Firmware: f, CPU: 1, VCPUs: []int{1}, Kernel: &launch.Kernel{Kernel: [32]byte{31: 1}, Initrd: [32]byte{31: 1}, Cmdline: [32]byte{31: 1}}}
	if _, err := g.Measure(); err != nil {
		t.Error(err)
	}
	zero := *f
	zero.Metadata.Sections = slices.Clone(f.Metadata.Sections)
	zero.Metadata.Sections[5].GPA, zero.Metadata.HashTable = 0, 0
	g.Firmware = &zero
	if _, err := g.Measure(); ruleOf(err) != "LCH-22" {
		t.Errorf("a table at address 0: %v", err)
	}
	many := *f
	many.Metadata.Sections = nil
	for i := range uint32(65) {
		many.Metadata.Sections = append(many.Metadata.Sections, launch.Section{GPA: 0x1000 * i, Size: 0x1000, Type: launch.SecMem})
	}
	g.Firmware, g.Kernel = &many, nil
	if _, err := g.Measure(); ruleOf(err) != "LCH-15" {
		t.Errorf("65 sections: %v", err)
	}
}

// Metadata that the end of the file breaks off.
// Rules: LCH-15.
func TestMetadataAtTheEnd(t *testing.T) {
	for sections, size := range map[uint32]uint32{2: 40, 64: 784} {
		spec := boot.AmdSev()
		spec.Offset = 32 // behind the footer table
		image := spec.Encode()
		copy(image[8192-32:], "ASEV")
		for at, n := range map[int]uint32{4: size, 8: 1, 12: sections} {
			binary.LittleEndian.PutUint32(image[8192-32+at:], n)
		}
		expectFault(t, image, "LCH-15", "metadata.length", 8192-28)
	}
}

// A key that is no point has no digest, and LD counts to its last byte.
func TestIDBlockEdges(t *testing.T) {
	if d, err := launch.KeyDigest(&ecdsa.PublicKey{Curve: elliptic.P384()}); ruleOf(err) != "LCH-53" || d != (launch.Digest{}) {
		t.Errorf("%v, %v", d, err)
	}
	spec := boot.DefaultIDBlock(someDigest)
	for i := range 48 {
		d := launch.Digest(someDigest)
		d[i] ^= 1
		if _, _, err := launch.VerifyIDBlock(spec.Block(), spec.Auth(), []launch.Measurement{{Digest: d}}, nil); err == nil {
			t.Errorf("byte %d of LD does not count", i)
		}
	}
	igvm := boot.DefaultIGVM()
	igvm.Headers[0] = boot.IGVMPlatform(1, 3)
	igvm.Headers = slices.Insert(igvm.Headers, 3, boot.IGVMHeader{Type: 0x102, Body: []byte{1, 0, 0, 0, 0, 2, 1, 0}})
	expectIGVMFault(t, "a relocation for a platform", igvm.Encode(), "LCH-43", "SUPPORTED_PLATFORM")
}
