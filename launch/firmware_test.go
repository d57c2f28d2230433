package launch_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// lgtm is the firmware of Google's own test, of 4096 bytes.
func lgtm() boot.FirmwareSpec {
	return boot.FirmwareSpec{Size: 4096, Sections: []boot.SectionSpec{{GPA: 0xFF001000, Size: 0x1000, Type: 1}, {GPA: 0xFF003000, Size: 0x1000, Type: 3}, {GPA: 0xFF004000, Size: 0x1000, Type: 2}},
		Reset: 0xFF0000FF, Entries: []boot.Entry{
			{GUID: boot.GUIDReset, Data: []byte{0xFF, 0, 0, 0xFF}}, {GUID: boot.GUIDMetadata, Data: []byte{0, 0x10, 0, 0}},
		}}
}

func lgtmImage() []byte {
	f := lgtm()
	image := f.Encode()
	clear(image[:0xF00]) // of the metadata where others have them
	copy(image, f.Metadata())
	copy(image[0x800:], strings.Repeat("LGTM", 4))
	copy(image[0xA00:], strings.Repeat("LGTM", 4))
	return image
}

// Published by gce-tcb-verifier; the others have no second source but the generator.
func TestKnownDigestsWithoutFiles(t *testing.T) {
	f, err := launch.ParseFirmware(lgtmImage())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		vmm   launch.VMM
		vcpus int
		want  string
	}{
		{launch.GCE, 4, "1a8cd8039cdcdcd1ec9800ca215ba5cbbed437697debf0b2fc1a9b873f1eb15f82dc7d5cf246dbee4df1bb9d3b6c7a16"},
		{launch.QEMU, 1, "70711eca874a534b759c414d81f5f05148bef45f75ee7364c4643afafc5d3c14fb0e76580d9887b4e851333a03d98f64"},
		{launch.QEMU, 2, "779fb08e67bfa007b8eb6c8cbbedda1dd34f12a4c0cc413a3f6ad266f97d2c61bbd9034e4c766c8d6f9050443c0cbcf3"},
		{launch.QEMUOldFPU, 1, "c37d03045c5f256e5499a625ee95c4ce84e302afc5df0c4210f0a1acaa51a4aebc27ae9ceac0bbad9e3bf74c05d61e83"},
		{launch.QEMUOldFPU, 2, "250c1e194b209912a7add2a99970fa472dd9e11844211975841235698fa71663f0648e84d5eda600d0d908d60035f891"},
		{launch.EC2, 1, "355d24e096e59dbf80c677ab82a2e22c260cb785375b77c401af86c5750b0dfcba7b9fba34ea20dbcf408a7c050a2a45"},
		{launch.EC2, 2, "4c4fe008f81b8dd850d62b30fbf5316ea22fce399f372ba56c78764bff6cc5f5728165b675d2c7a75752df1c16be2a57"},
		{launch.EC2RDX0, 1, "d5b36266f36b8f8c7fe7830db09a763d1a9da91c3c37a87469f3d1b479aedb67fb4878fac084068267aab782ebbcc890"},
		{launch.EC2RDX0, 2, "7464c55ab8410d48796c59517907be1a4d0e3c0244ae1a276b17798a7f6d94eaba39f8646deb739d16eb5646a77af32b"},
		{launch.GCE, 1, "06843de00c62bb9a12fd870bd340e1af8b0ebf516e3fe04f5c9add43b7981a1df2e825b4c712fbd87c97b129eba2e6de"},
		{launch.GCE, 2, "cf0be59cf6d0e99db61bc5d05f215fb2fa99082e12e4b97283eaa0818f78a2a204907b4f341c8772568c62b62aa933e1"},
	} {
		measureAndExplain(t, launch.Guest{VMM: c.vmm, Firmware: f, CPU: cpuFor(c.vmm), Features: 1, VCPUs: []int{c.vcpus}}, c.want)
		spec := boot.LaunchSpec{Image: lgtmImage(), Firmware: lgtm(), VMM: c.vmm.String(), VCPUs: c.vcpus, CPU: 0x800F12, Features: 1}
		if got := launch.Digest(spec.Digest()); got.String() != c.want {
			t.Errorf("the generator: %v, want %s", got, c.want)
		}
	}
	aws := []launch.Section{{0x800000, 0x9000, 1}, {0x80a000, 0x3000, 1}, {0x80d000, 0x1000, 2}, {0x80e000, 0x1000, 3}, {0x80f000, 0x11000, 1}}
	for seed, c := range map[string]struct {
		vcpus int
		want  string
	}{
		"a58211791a556a630a4319dc9e2ea96cc0e9784dd9f20a4fadf81b26c98d163fcdcb6703884bbbb80d7b1de45b3d84d0": {2, "4c6e33087d08fa770259484dddbef367086a15c3e2cf10038dc97229d39c942671c2e22b300178f8de594a3f2fa59303"},
		"2027a27bb9f7acfd280e4c7bd68a73973b94bf0756e5b282e004b9395f597b8d0eb4defa7d8f6549375aa4d2b146f0f3": {4, "25ac810f5c4750890fb1a158f097962e04d4d7fb640d1d08a99829cf4a70543a47cc6fb192bbe90aa713142361a66155"},
	} {
		f := &launch.Firmware{LaunchHash: digestOf(t, seed), Metadata: launch.Metadata{Sections: aws, APReset: 0x80B004}}
		measureAndExplain(t, launch.Guest{VMM: launch.EC2RDX0, Firmware: f, Features: 1, VCPUs: []int{c.vcpus}}, c.want)
	}
}

// Two published inputs that a strict reader refuses.
func TestLooseInputsOfOthersAreRefused(t *testing.T) {
	d := boot.FirmwareSpec{Size: 4096, Entries: []boot.Entry{
		{GUID: boot.GUIDMetadata, Data: []byte{0, 0x0E, 0, 0}}, {GUID: boot.GUIDReset, Data: []byte{0xF0, 0xFF, 0xFF, 0xFF}}, {GUID: boot.GUIDHashArea, Data: []byte{0, 0x40, 0, 0}},
	}}
	expectFault(t, d.Encode(), "LCH-13", "kernel hash area", 0xFE0-18-22-22-22)
	section := func(gpa, size uint32, t launch.SectionType) launch.Section {
		return launch.Section{GPA: gpa, Size: size, Type: t}
	}
	f := &launch.Firmware{LaunchHash: launch.Digest{0x44}, Metadata: launch.Metadata{HashTable: 0x801000, APReset: 0xFFFFFFF0,
		Sections: []launch.Section{section(0x100000, 0x2000, 1), section(0x800000, 0x1000, 0x10), section(0x810000, 0x1000, 2), section(0x820000, 0x1000, 3)}}}
	k := &launch.Kernel{Kernel: [32]byte{0x55}, Initrd: [32]byte{0x66}, Cmdline: [32]byte{1}}
	_, err := launch.Guest{VMM: launch.QEMU, Firmware: f, Kernel: k, CPU: 0x800F12, VCPUs: []int{2}}.Measure()
	var e *rule.Error
	if !errors.As(err, &e) || e.Rule != "LCH-22" || e.Where != "metadata.hash_table" {
		t.Errorf("hash area outside of its section: %v", err)
	}
}

func expectFault(t *testing.T, image []byte, id, where string, offset int) {
	t.Helper()
	f, err := launch.ParseFirmware(image)
	var e *rule.Error
	if f != nil || !errors.As(err, &e) {
		t.Errorf("%s: accepted: %v", where, err)
		return
	}
	if e.Rule != id || e.Where != where || e.Offset != offset {
		t.Errorf("%s at %#x %s, want %s at %#x %s (%v)", e.Rule, e.Offset, e.Where, id, offset, where, err)
	}
}

// Every fault of a firmware file, with the field and its offset.
// Rules: LCH-10, LCH-11, LCH-12, LCH-13, LCH-14, LCH-15, LCH-16, LCH-17, LCH-18.
func TestFirmwareFaults(t *testing.T) {
	good := boot.AmdSev().Encode()
	expectFault(t, nil, "LCH-10", "size of the firmware", 0)
	expectFault(t, good[:4095], "LCH-10", "size of the firmware", 0)
	expectFault(t, good[1:], "LCH-10", "size of the firmware", 0)
	expectFault(t, make([]byte, 16<<20+4096), "LCH-10", "size of the firmware", 0)
	expectFault(t, good[:4096], "LCH-11", "footer GUID", 0xFD0) // the end is cut off
	expectFault(t, make([]byte, 4096), "LCH-11", "footer GUID", 0xFD0)

	const end = 8192 - 32 - 18 // of the entries: where the size of the table is
	meta, first := 8192-0x800, 8192-0x800+16
	sections := func(change func(s []boot.SectionSpec) []boot.SectionSpec) boot.FirmwareSpec {
		f := boot.AmdSev()
		f.Sections = change(f.Sections)
		return f
	}
	set := func(i int, gpa, size, kind uint32) boot.FirmwareSpec {
		return sections(func(s []boot.SectionSpec) []boot.SectionSpec {
			s[i] = boot.SectionSpec{GPA: gpa, Size: size, Type: kind}
			return s
		})
	}
	entries := func(list ...boot.Entry) boot.FirmwareSpec {
		f := boot.AmdSev()
		f.Entries = append(f.List(), list...)
		return f
	}
	with := func(change func(f *boot.FirmwareSpec)) boot.FirmwareSpec {
		f := boot.AmdSev()
		change(&f)
		return f
	}
	word := []byte{1, 2, 3, 4}
	start := end - 22 - 26 - 22 // of the table of AmdSev
	for _, c := range []struct {
		name   string
		spec   boot.FirmwareSpec
		id     string
		where  string
		offset int
	}{
		{"GUID", with(func(f *boot.FirmwareSpec) { f.Footer = boot.GUIDReset }), "LCH-11", "footer GUID", end + 2},
		{"table size 17", with(func(f *boot.FirmwareSpec) { f.Table = 17 }), "LCH-12", "size of the footer table", end},
		{"table before the file", with(func(f *boot.FirmwareSpec) { f.Table = 8192 }), "LCH-12", "size of the footer table", end},
		{"table that fills the file", with(func(f *boot.FirmwareSpec) { f.Table = 8192 - 32 }), "LCH-12", "size of an entry of the footer table", start - 18},
		{"leftover", with(func(f *boot.FirmwareSpec) { f.Table = uint16(end + 18 - start + 17) }), "LCH-12", "footer table", start - 17},
		{"leftover of 1", with(func(f *boot.FirmwareSpec) { f.Table = uint16(end + 18 - start + 1) }), "LCH-12", "footer table", start - 1},
		{"entry size 17", entries(boot.Entry{GUID: boot.GUIDReset, Data: word, Size: 17}), "LCH-12", "size of an entry of the footer table", start - 18},
		{"entry before the table", entries(boot.Entry{GUID: boot.GUIDSecret, Data: word, Size: 30}), "LCH-12", "size of an entry of the footer table", start - 18},
		{"reset of 3 bytes", with(func(f *boot.FirmwareSpec) { f.Entries = []boot.Entry{{GUID: boot.GUIDReset, Data: word[:3]}} }), "LCH-13", "SEV-ES reset block", end - 21},
		{"metadata of 5 bytes", with(func(f *boot.FirmwareSpec) {
			f.Entries = []boot.Entry{{GUID: boot.GUIDMetadata, Data: append(word, 0)}}
		}), "LCH-13", "SEV metadata offset", end - 23},
		{"hash area of 4 bytes", with(func(f *boot.FirmwareSpec) { f.Entries = []boot.Entry{{GUID: boot.GUIDHashArea, Data: word}} }), "LCH-13", "kernel hash area", end - 22},
		{"secret area of 4 bytes", entries(boot.Entry{GUID: boot.GUIDSecret, Data: word}), "LCH-13", "launch secret area", start - 22},
		{"second reset", entries(boot.Entry{GUID: boot.GUIDReset, Data: word}), "LCH-14", "SEV-ES reset block", start - 22},
		{"second metadata", entries(boot.Entry{GUID: boot.GUIDMetadata, Data: word}), "LCH-14", "SEV metadata offset", start - 22},
		{"second hash area", entries(boot.Entry{GUID: boot.GUIDHashArea, Data: append(word, word...)}), "LCH-14", "kernel hash area", start - 26},
		{"second secret area", entries(boot.Entry{GUID: boot.GUIDSecret, Data: append(word, word...)}, boot.Entry{GUID: boot.GUIDSecret, Data: append(word, word...)}), "LCH-14", "launch secret area", start - 52},
		{"small hash area", with(func(f *boot.FirmwareSpec) { f.HashArea[1] = 175 }), "LCH-13", "kernel hash area", end - 22 - 26 + 4},
		{"no metadata", with(func(f *boot.FirmwareSpec) { f.Entries = []boot.Entry{{GUID: boot.GUIDReset, Data: word}} }), "LCH-15", "SEV metadata offset", rule.NoOffset},
		{"offset behind the file", with(func(f *boot.FirmwareSpec) { f.Offset = 15 }), "LCH-15", "SEV metadata offset", end - 22},
		{"offset before the file", with(func(f *boot.FirmwareSpec) { f.Offset = 8193 }), "LCH-15", "SEV metadata offset", end - 22},
		{"offset of 4 GiB", with(func(f *boot.FirmwareSpec) { f.Offset = 1<<32 - 1 }), "LCH-15", "SEV metadata offset", end - 22},
		{"signature", with(func(f *boot.FirmwareSpec) { f.Signature = "ASEX" }), "LCH-15", "metadata.signature", meta},
		{"version", with(func(f *boot.FirmwareSpec) { f.Version = 2 }), "LCH-15", "metadata.version", meta + 8},
		{"length", with(func(f *boot.FirmwareSpec) { f.Length = 15 }), "LCH-15", "metadata.length", meta + 4},
		{"no section", with(func(f *boot.FirmwareSpec) { f.Sections = nil }), "LCH-15", "metadata.count", meta + 12},
		{"65 sections", with(func(f *boot.FirmwareSpec) { f.Sections = make([]boot.SectionSpec, 65) }), "LCH-15", "metadata.count", meta + 12},
		{"metadata beyond the end", with(func(f *boot.FirmwareSpec) { f.Offset = 16; f.Fill = 0 }), "LCH-15", "metadata.signature", 8192 - 16},
		{"type 5", set(1, 0x80A000, 0x1000, 5), "LCH-16", "metadata.sections[1].type", first + 12},
		{"type 0x101", set(0, 0x800000, 0x9000, 0x101), "LCH-16", "metadata.sections[0].type", first},
		{"address", set(0, 0x800001, 0x9000, 1), "LCH-16", "metadata.sections[0].gpa", first},
		{"size 0", set(0, 0x800000, 0, 1), "LCH-16", "metadata.sections[0].size", first},
		{"size of half a page", set(0, 0x800000, 0x800, 1), "LCH-16", "metadata.sections[0].size", first},
		{"4 GiB", set(6, 0x811000, 0xFFFFF000, 1), "LCH-16", "metadata.sections[6].size", first + 72},
		{"into the firmware", set(6, 0xFFFFD000, 0x2000, 1), "LCH-16", "metadata.sections[6].size", first + 72},
		{"64 MiB and a page", set(6, 0x1000000, 64<<20-0xF000, 1), "LCH-16", "metadata.sections[6].size", first + 72},
		{"two pages of secrets", set(2, 0x80D000, 0x2000, 2), "LCH-17", "metadata.sections[2].size", first + 24},
		{"two CPUID pages", set(3, 0x80E000, 0x2000, 3), "LCH-17", "metadata.sections[3].size", first + 36},
		{"two pages of SVSM_CAA", set(4, 0x80F000, 0x2000, 4), "LCH-17", "metadata.sections[4].size", first + 48},
		{"two pages of hashes", set(5, 0x820000, 0x2000, 0x10), "LCH-17", "metadata.sections[5].size", first + 60},
		{"second secrets", set(4, 0x80F000, 0x1000, 2), "LCH-17", "metadata.sections[4].type", first + 48},
		{"second CPUID", set(4, 0x80F000, 0x1000, 3), "LCH-17", "metadata.sections[4].type", first + 48},
		{"second hashes", set(4, 0x80F000, 0x1000, 0x10), "LCH-17", "metadata.sections[5].type", first + 60},
		{"no secrets", set(2, 0x80D000, 0x1000, 1), "LCH-17", "metadata.sections", rule.NoOffset},
		{"no CPUID", set(3, 0x80E000, 0x1000, 1), "LCH-17", "metadata.sections", rule.NoOffset},
		{"overlap", set(1, 0x808000, 0x1000, 1), "LCH-18", "metadata.sections[1].gpa", first + 12},
		{"the same twice", set(6, 0x800000, 0x9000, 1), "LCH-18", "metadata.sections[6].gpa", first + 72},
	} {
		t.Run(c.name, func(t *testing.T) { expectFault(t, c.spec.Encode(), c.id, c.where, c.offset) })
	}
	// What is still accepted at each of those ends.
	for name, spec := range map[string]boot.FirmwareSpec{
		"as it is":           boot.AmdSev(),
		"64 MiB":             set(6, 0x1000000, 64<<20-0x10000, 1),
		"up to the firmware": set(6, 0xFFFFD000, 0x1000, 1),
		"two SVSM_CAA": sections(func(s []boot.SectionSpec) []boot.SectionSpec {
			return append(s, boot.SectionSpec{GPA: 0x900000, Size: 0x1000, Type: 4})
		}),
		"unknown entry":          entries(boot.Entry{GUID: "e47a6535-984a-4798-865e-4685a7bf8ec2", Data: word}),
		"entry without data":     entries(boot.Entry{GUID: "e47a6535-984a-4798-865e-4685a7bf8ec2"}),
		"smallest hash area":     with(func(f *boot.FirmwareSpec) { f.HashArea[1] = 176 }),
		"hash area of nothing":   with(func(f *boot.FirmwareSpec) { f.HashArea = [2]uint32{0, 7} }),
		"no entry but metadata":  with(func(f *boot.FirmwareSpec) { f.Entries = f.List()[:1] }),
		"64 sections, touching":  sections(func(s []boot.SectionSpec) []boot.SectionSpec { return manySections(s, 64) }),
		"metadata at the bottom": with(func(f *boot.FirmwareSpec) { f.Size = 4096; f.Offset = 0x800 }),
	} {
		if f, err := launch.ParseFirmware(spec.Encode()); err != nil || f.Size != spec.Size || len(f.Metadata.Sections) != len(spec.Sections) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manySections(s []boot.SectionSpec, n int) []boot.SectionSpec {
	for i := uint32(0); len(s) < n; i++ {
		s = append(s, boot.SectionSpec{GPA: 0x900000 + i*4096, Size: 4096, Type: 1})
	}
	return s
}

// A kernel is measured, or refused.
// Rules: LCH-22, LCH-23.
func TestKernelNeedsItsSection(t *testing.T) {
	f, err := launch.ParseFirmware(boot.AmdSev().Encode())
	if err != nil {
		t.Fatal(err)
	}
	k := emptyKernel(t, "")
	measure := func(change func(f *launch.Firmware, k *launch.Kernel)) error {
		f, k := *f, *k
		f.Metadata.Sections = slices.Clone(f.Metadata.Sections)
		change(&f, &k)
		_, err := launch.Guest{VMM: launch.QEMU, Firmware: &f, Kernel: &k, CPU: 1, VCPUs: []int{1}}.Measure()
		return err
	}
	for name, c := range map[string]struct {
		id, where string
		change    func(f *launch.Firmware, k *launch.Kernel)
	}{
		"no section":          {"LCH-22", "kernel", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.Sections[5].Type = 4 }},
		"no hash area":        {"LCH-22", "metadata.hash_table", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.HashTable = 0 }},
		"another page":        {"LCH-22", "metadata.hash_table", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.HashTable += 0x1000 }},
		"behind the page":     {"LCH-22", "metadata.hash_table", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.HashTable = 0x810F51 }},
		"kernel not set":      {"LCH-23", "kernel", func(f *launch.Firmware, k *launch.Kernel) { k.Kernel = [32]byte{} }},
		"initrd not set":      {"LCH-23", "kernel", func(f *launch.Firmware, k *launch.Kernel) { k.Initrd = [32]byte{} }},
		"cmdline not set":     {"LCH-23", "kernel", func(f *launch.Firmware, k *launch.Kernel) { k.Cmdline = [32]byte{} }},
		"launch hash not set": {"LCH-19", "firmware.launch_hash", func(f *launch.Firmware, k *launch.Kernel) { f.LaunchHash = launch.Digest{} }},
		"sections gone":       {"LCH-15", "metadata.sections", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.Sections = nil }},
		"fits":                {"", "", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.HashTable = 0x810F50 }},
		"at the start":        {"", "", func(f *launch.Firmware, k *launch.Kernel) { f.Metadata.HashTable = 0x810000 }},
	} {
		err := measure(c.change)
		var e *rule.Error
		if ruleOf(err) != c.id || errors.As(err, &e) && e.Where != c.where {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := launch.CommandLine("a\x00b"); ruleOf(err) != "LCH-23" {
		t.Errorf("a zero byte in the command line: %v", err)
	}
	trailing, _ := launch.CommandLine("a\n")
	if plain, _ := launch.CommandLine("a"); trailing == plain || plain != sha256.Sum256([]byte("a\x00")) {
		t.Error("the command line is trimmed")
	}
}

// What is printed of a launch: each range, and the digest after it.
func TestRanges(t *testing.T) {
	spec := boot.AmdSev()
	f, err := launch.ParseFirmware(spec.Encode())
	if err != nil {
		t.Fatal(err)
	}
	g := launch.Guest{VMM: launch.GCE, Firmware: f, Kernel: emptyKernel(t, ""), VCPUs: []int{1, 2}}
	ranges, err := g.Ranges()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range ranges {
		got = append(got, strings.Join([]string{r.Name, r.Type.String()}, " "))
	}
	want := []string{"firmware NORMAL", "SNP_SEC_MEM UNMEASURED", "SNP_SEC_MEM UNMEASURED", "SNP_SECRETS SECRETS", "CPUID CPUID", "SVSM_CAA ZERO", "SNP_KERNEL_HASHES NORMAL",
		"SNP_SEC_MEM UNMEASURED", "VMSA of vCPU 0 VMSA", "VMSA of vCPU 1 VMSA"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r := ranges[0]; r.GPA != 1<<32-8192 || r.Pages != 2 || r.After != f.LaunchHash {
		t.Errorf("firmware: %+v", r)
	}
	if m, _ := g.Measure(); ranges[8].After != m[0].Digest || ranges[9].After != m[1].Digest || m[1].String() != "vmm=gce vcpus=2 features=0x1" {
		t.Errorf("%v", ranges)
	}
}

// Nobody's slice is written to, and no caller can change what was read.
func TestFirmwareIsACopy(t *testing.T) {
	image := boot.AmdSev().Encode()
	before := slices.Clone(image)
	f, err := launch.ParseFirmware(image)
	if err != nil || !slices.Equal(before, image) {
		t.Fatalf("%v, or the image was written to", err)
	}
	sections := slices.Clone(f.Metadata.Sections)
	clear(image)
	if !slices.Equal(sections, f.Metadata.Sections) {
		t.Error("the sections are the image's")
	}
	if binary.LittleEndian.Uint32(before[8192-0x800+16:]) != sections[0].GPA {
		t.Error("the first section")
	}
}
