package launch_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/snpreport"
)

// realFile reads one of the public files that are not in this repository.
func realFile(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: the real files are not at hand")
	}
	data, err := os.ReadFile(filepath.Join(dir, "launch", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func realFirmware(t testing.TB, name string) *launch.Firmware {
	t.Helper()
	f, err := launch.ParseFirmware(realFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	am, ox     = "ovmf_AmdSev_suffix.bin", "ovmf_OvmfX64_suffix.bin"
	am23, ox23 = "ovmf_AmdSev_suffix_2023.bin", "ovmf_OvmfX64_suffix_2023.bin"
	console    = "console=ttyS0 loglevel=7"
	none       = "\x00" // no kernel
)

// knownDigests were published by virtee/sev-snp-measure 0.0.13 and 0.0.9,
// virtee/sev and others, or confirmed by signed reports.
var knownDigests = []struct {
	vmm      launch.VMM
	firmware string
	cmdline  string
	vcpus    int
	features launch.Features
	want     string
}{
	{launch.QEMU, am, "", 1, 0x1, "ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5"},
	{launch.QEMU, am, "", 1, 0x21, "329c8ce0972ae52343b64d34a434a86f245dfd74f5ed7aae15d22efc78fb9683632b9b50e4e1d7fa41179ef98a7ef198"},
	{launch.QEMU, am, console, 1, 0x1, "6d287813eb5222d770f75005c664e34c204f385ce832cc2ce7d0d6f354454362f390ef83a92046c042e706363b4b08fa"},
	{launch.QEMU, am, console, 1, 0x21, "803f691094946e42068aaa3a8f9e26a5c89f36f7b73ecfb28c653360fe4b3aba7e534442e7e1e17895dfe778d0228977"},
	{launch.QEMU, am, console, 4, 0x1, "ef493c232fc8fac47f485398e3873a84ac5c45570bcd8a34aba093c084060534d633824df94b9eba33dc3a3052ae565a"},
	{launch.QEMU, am, none, 1, 0x1, "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d"},
	{launch.QEMU, am, none, 1, 0x21, "e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0e2b"},
	{launch.QEMU, am, "", 2, 0x1, "03b8a09763d0df326de67bde163076eb7444ae5707496ec692ca3fd767aa173ee52a2c55669632eec4fa8fbb416f278d"},
	{launch.QEMU, am, "", 3, 0x1, "929e22fe6e0a933a1037a5f0bf0c07c0fe76344c9059d9a8b700a3ab07d2c2d596e427f2bd2d07944953cfe61812cf00"},
	{launch.QEMU, am, "", 4, 0x1, "5061fffb019493a903613d56d54b94912a1a2f9e4502385f5c194616753720a92441310ba6c4933de877c36e23046ad5"},
	{launch.QEMU, am, "", 4, 0x21, "4953b1fb416fa874980e8442b3706d345926d5f38879134e00813c5d7abcbe78eafe7b422907be0b4698e2414a631942"},
	{launch.QEMU, ox, none, 1, 0x1, "da0296de8193586a5512078dcd719eccecbd87e2b825ad4148c44f665dc87df21e5b49e21523a9ad993afdb6a30b4005"},
	{launch.QEMU, ox, none, 1, 0x21, "28797ae0afaba4005a81e629acebfb59e6687949d6be44007cd5506823b0dd66f146aaae26ff291eed7b493d8a64c385"},

	{launch.EC2, am, "", 1, 0x1, "0883bd0eeb716e65b7b977a321c278d1e51b33b5c655fab985443bbcc65c086b9c15e8a0bd8811050dec7e24964e5056"},
	{launch.EC2, am, "", 1, 0x21, "0ce9ccc06bab55eebe8abc234f3df6514883977a68a591b71052498ab52b2f1aa415db338033946ef93aa8278c0d67fb"},
	{launch.EC2RDX0, am, "", 1, 0x1, "7d3756157c805bf6adf617064c8552e8c1688fa1c8756f11cbf56ba5d25c9270fb69c0505c1cbe1c5c66c0e34c6ed3be"},
	{launch.EC2RDX0, am, "", 1, 0x21, "6ae80856486b1396af8c82a40351d6ed76a20c785e9c7fa4ffa27c22d5d6313b4b3b458cd3c9968e6f89fb5d8450d7a6"},
	{launch.GCE, am, "", 1, 0x1, "5da7106cf14cf46b1725ebab123eb9e53bd46a1e9f400cd0c08e7827b04b688ea8b4e403c8404efed4397ea5d5d0722e"},
	{launch.GCE, am, "", 4, 0x1, "5c5debf100fc339f90276e761ee1f1658d08922c3b20e2a2e6c7a6c3370b2452a15a00eae11886a93d6fd1e7ab81e29d"},

	{launch.QEMUOldFPU, am23, console, 1, 0x1, "f07864303ad8243132029e8110b92805c78d1135a15da75f67abb9a711d78740347f24ee76f603e650ec4adf3611cc1e"},
	{launch.QEMUOldFPU, am23, console, 1, 0x21, "314e4f0794187ffef05702a36546ea5fe02698041b7f7f17d9f418da2d5e4d5cff25256cef9d34888a0dd64dea438780"},
	{launch.QEMUOldFPU, am23, none, 1, 0x1, "e5e6be5a8fa6256f0245666bb237e2d028b7928148ce78d51b8a64dc9506c377709a5b5d7ab75554593bced304fcff93"},
	{launch.QEMUOldFPU, am23, none, 1, 0x21, "6d9054ed9872a64c968cfbcfa1247cafa792e3f9a395306d95c9937aaa081c643d25f369ccbd34409dafcae90bff55f3"},
	{launch.QEMUOldFPU, am23, "", 4, 0x1, "1c784beb8c49aa604b7fd57fbc73b36ec53a3f5fb48a2b895ad6cc2ea15d18ee7cc15e3e57c792766b45f944c3e81cfe"},
	{launch.QEMUOldFPU, am23, "", 4, 0x21, "3aa1bdf5a87fad15960f099e82a09e428901c590f2b68d71aa246c168db5e75daf4819d017a9530c56bed2da5c0cdbd7"},
	{launch.EC2RDX0, am23, "", 1, 0x1, "760b6e51039d2d6c1fc6d38ca5c387967d158e0294883e4522c36f89bd61bfc9cdb975cd1ceedffbe1b23b1daf4e3f42"},
	{launch.EC2RDX0, am23, "", 1, 0x21, "cd4a4690a1f679ac8f3d6e446aab8d0061d535cc94615d98c7d7dbe4b16dbceeaf7fc7944e7874b202e27041f179e7e6"},
	{launch.QEMUOldFPU, ox23, none, 1, 0x1, "7ef631fa7f659f7250de96c456a0eb7354bd3b9461982f386a41c6a6aede87870ad020552a5a0716672d5d6e5b86b8f9"},
	{launch.QEMUOldFPU, ox23, none, 1, 0x21, "37a9efc939f360a9ccfaaf1a7702137b81ea00c38d0361c8523285fad1b10e94ad8c1ecd7c82ff589cb120670be74a99"},
}

// emptyKernel has an empty kernel and an empty initial RAM disk.
func emptyKernel(t testing.TB, cmdline string) *launch.Kernel {
	t.Helper()
	if cmdline == none {
		return nil
	}
	digest, err := launch.CommandLine(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	return &launch.Kernel{Kernel: sha256.Sum256(nil), Initrd: launch.NoInitrd(), Cmdline: digest}
}

func cpuFor(v launch.VMM) launch.CPU {
	if v == launch.QEMU || v == launch.QEMUOldFPU {
		return 0x00800F12
	}
	return 0
}

// Rules: LCH-01, LCH-04, LCH-34.
func TestKnownDigestsOfRealFirmware(t *testing.T) {
	for _, c := range knownDigests {
		f := realFirmware(t, c.firmware)
		g := launch.Guest{VMM: c.vmm, Firmware: f, Kernel: emptyKernel(t, c.cmdline), CPU: cpuFor(c.vmm), Features: c.features, VCPUs: []int{c.vcpus}}
		measureAndExplain(t, g, c.want)
		g.Firmware = &launch.Firmware{LaunchHash: f.LaunchHash, Metadata: f.Metadata}
		measureAndExplain(t, g, c.want)
	}
	if got, want := realFirmware(t, am).LaunchHash.String(), "086e2e9149ebf45abdc3445fba5b2da8270bdbb04094d7a2c37faaa4b24af3aa16aff8c374c2a55c467a50da6d466b74"; got != want {
		t.Errorf("launch hash %s, want %s", got, want)
	}
	g := launch.Guest{VMM: launch.QEMU, Firmware: realFirmware(t, ox), Kernel: emptyKernel(t, ""), CPU: 0x00800F12, VCPUs: []int{1}}
	if _, err := g.Measure(); ruleOf(err) != "LCH-22" {
		t.Errorf("a kernel with firmware that does not measure it: %v", err)
	}
}

// measureAndExplain checks that g has the one digest, and that it is found when
// everything is open.
func measureAndExplain(t *testing.T, g launch.Guest, want string) {
	t.Helper()
	got, err := g.Measure()
	if err != nil || len(got) != 1 || got[0].Digest.String() != want {
		t.Errorf("%v vcpus=%v features=%v: %v, %v, want %s", g.VMM, g.VCPUs, g.Features, got, err, want)
		return
	}
	g.VMM, g.CPU, g.Features, g.VCPUs = 0, 0, 0, nil
	found, err := g.Explain(got[0].Digest)
	if err != nil || len(found) != 1 || found[0] != got[0] {
		t.Errorf("explained as %v, %v, want %v", found, err, got)
	}
}

// Rules: LCH-19.
func TestKnownDigestsOfSeeds(t *testing.T) {
	f := realFirmware(t, am23)
	var seed launch.Digest
	if _, err := hex.Decode(seed[:], []byte("cab7e085874b3acfdbe2d96dcaa3125111f00c35c6fc9708464c2ae74bfdb048a198cb9a9ccae0b3e5e1a33f5f249819")); err != nil {
		t.Fatal(err)
	}
	other := &launch.Firmware{LaunchHash: seed, Metadata: f.Metadata}
	for features, want := range map[launch.Features]string{
		0x01: "db06fb267824b1ccb56edbe2a9c2ce88841bca5090dc6dac91d9cd30f3c2c0bf42daccb30d55d6625bfbf0dae5c50c6d",
		0x21: "a076e1b0e6cf55fd94c82e2c25245f8c15f76690b941ba379b31527f82eafe7ad489777ff510d080bac9cd14d41bc205",
	} {
		measureAndExplain(t, launch.Guest{VMM: launch.QEMUOldFPU, Firmware: other, Kernel: emptyKernel(t, ""), CPU: 0x00800F12, Features: features, VCPUs: []int{1}}, want)
	}
}

// A real report of AWS is explained by the seed of its firmware.
func TestKnownEC2Reports(t *testing.T) {
	for name, c := range map[string]struct {
		vcpus int
		want  string
	}{
		"edgeless_ovmf_img_1.json": {2, "4c6e33087d08fa770259484dddbef367086a15c3e2cf10038dc97229d39c942671c2e22b300178f8de594a3f2fa59303"},
		"edgeless_ovmf_img_2.json": {4, "25ac810f5c4750890fb1a158f097962e04d4d7fb640d1d08a99829cf4a70543a47cc6fb192bbe90aa713142361a66155"},
	} {
		var file struct {
			MetadataItems []struct {
				GPA, Size      string
				SectionTypeInt launch.SectionType
			}
			ResetEIP, OVMFHash string
		}
		if err := json.Unmarshal(realFile(t, name), &file); err != nil {
			t.Fatal(err)
		}
		number := func(s string) uint32 {
			n, err := strconv.ParseUint(s, 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			return uint32(n)
		}
		m := launch.Metadata{APReset: number(file.ResetEIP)}
		for _, i := range file.MetadataItems {
			m.Sections = append(m.Sections, launch.Section{GPA: number(i.GPA), Size: number(i.Size), Type: i.SectionTypeInt})
		}
		f := &launch.Firmware{LaunchHash: digestOf(t, file.OVMFHash), Metadata: m}
		measureAndExplain(t, launch.Guest{VMM: launch.EC2RDX0, Firmware: f, Features: 1, VCPUs: []int{c.vcpus}}, c.want)
	}
}

func digestOf(t testing.TB, s string) launch.Digest {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 48 {
		t.Fatalf("%q is no digest", s)
	}
	return launch.Digest(b)
}

// A real report follows from four small files: the file of a service, whose hash
// stands in the command line, and what was published of firmware and kernel.
func TestKnownSecretVMReport(t *testing.T) {
	r, err := snpreport.Parse(realFile(t, "secretvm_report_v0.0.25.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		RootfsHash  string `json:"rootfs_hash"`
		KernelHash  string `json:"kernel_hash"`
		InitrdHash  string `json:"initrd_hash"`
		OVMFHash    string `json:"ovmf_hash"`
		HashTable   uint32 `json:"sev_hashes_table_gpa"`
		Reset       uint32 `json:"sev_es_reset_eip"`
		VCPUType    string `json:"vcpu_type"`
		OVMFSection []struct {
			GPA, Size uint32
			Type      launch.SectionType `json:"section_type"`
		} `json:"ovmf_sections"`
	}
	if err := json.Unmarshal(realFile(t, "secretvm_registry_entry_prod_v0.0.25.json"), &file); err != nil {
		t.Fatal(err)
	}
	m := launch.Metadata{HashTable: file.HashTable, APReset: file.Reset}
	for _, s := range file.OVMFSection {
		m.Sections = append(m.Sections, launch.Section{GPA: s.GPA, Size: s.Size, Type: s.Type})
	}
	f := &launch.Firmware{LaunchHash: digestOf(t, file.OVMFHash), Metadata: m}
	compose := sha256.Sum256(realFile(t, "secretvm_compose.yaml"))
	cmdline, err := launch.CommandLine("console=ttyS0 loglevel=7 docker_compose_hash=" + hex.EncodeToString(compose[:]) + " rootfs_hash=" + file.RootfsHash)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(s string) [32]byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return [32]byte(b)
	}
	cpu, err := launch.ParseCPU(file.VCPUType)
	if err != nil {
		t.Fatal(err)
	}
	g := launch.Guest{VMM: launch.QEMU, Firmware: f, CPU: cpu, Features: 1, VCPUs: []int{1},
		Kernel: &launch.Kernel{Kernel: hash(file.KernelHash), Initrd: hash(file.InitrdHash), Cmdline: cmdline}}
	measureAndExplain(t, g, launch.Digest(r.Measurement).String())
}

// Rules: LCH-49.
func TestKnownIGVM(t *testing.T) {
	file, err := launch.ParseIGVM(realFile(t, "synthetic_mstool.igvm"))
	if err != nil {
		t.Fatal(err)
	}
	b := file.IDBlock
	for v, want := range map[launch.VMM]string{
		launch.HyperV:   "59324c0f56ed5ddf2b279376409dbafbaa5b3c727e889c71d115a381e8e217809e03b8e15a6ecd1eed094f5df5faafce",
		launch.QEMUIGVM: "59324c0f56ed5ddf2b279376409dbafbaa5b3c727e889c71d115a381e8e217809e03b8e15a6ecd1eed094f5df5faafce",
		launch.CHVIGVM:  "d58c72453a9124c14e04172a2aec7cdcbbc78f8254c4e7b6e13e6e3dca38c32dd2cf3707a3dc59970fc0f9903bc4fafc",
	} {
		got, err := launch.Guest{VMM: v, IGVM: file}.Measure()
		if err != nil || len(got) != 1 || got[0].Digest.String() != want || got[0].VCPUs != 1 {
			t.Errorf("%v: %v, %v, want %s", v, got, err, want)
		}
		if equal := b.LaunchDigest.String() == want; equal != (v != launch.CHVIGVM) {
			t.Errorf("%v: LD of the ID block is %v", v, b.LaunchDigest)
		}
	}
	if b.FamilyID != [16]byte{1} || b.ImageID != [16]byte{2} {
		t.Errorf("ID block %+v", b)
	}
	found, err := launch.Guest{IGVM: file}.Explain(b.LaunchDigest)
	if err != nil || len(found) != 2 {
		t.Errorf("explained as %v, %v", found, err)
	}
}
