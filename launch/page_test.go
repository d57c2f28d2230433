package launch_test

import (
	"bytes"
	"crypto/sha512"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
)

// extend is the digest after a run of pages.
func extend(d launch.Digest, t launch.PageType, gpa uint64, pages []byte) launch.Digest {
	for at := 0; at < len(pages); at += 4096 {
		d = d.Extend(t, gpa+uint64(at), sha512.Sum384(pages[at:at+4096]))
	}
	return d
}

// Published by dstack and gce-tcb-verifier.
// Rules: LCH-01, LCH-02, LCH-03.
func TestKnownPages(t *testing.T) {
	page := launch.Digest{}.Extend(launch.Normal, 0x1000, sha512.Sum384([]byte("page")))
	if want := "3ebc1a70acc0bae5ae2788fae29a0371f983b19a68faf9843064f36040f58571ce5bb6bcdc9c361087073f8cffd92635"; page.String() != want {
		t.Errorf("one page: %v, want %s", page, want)
	}
	three := make([]byte, 3*4096)
	copy(three, "LGTMLGTMLGTMLGTM")
	copy(three[len(three)-16:], "LGTMLGTMLGTMLGTM")
	got := extend(launch.Digest{}, launch.Normal, 0, three)
	if want := "cba1cd767c33b30f96271837dbbae4081a945464a5af397b9b0336b5d8759ee88cc6b62c05d915c4424a9ac5747437d4"; got.String() != want {
		t.Errorf("NORMAL pages: %v, want %s", got, want)
	}
	got = extend(launch.Digest{}, launch.Zero, 0x9000, three)
	if want := "4bfe18477ba370a50329da74b9621e721c4f29663176e08fbcf088a17c1bc45f133898b86d5082acbe202a6e9419808a"; got.String() != want {
		t.Errorf("ZERO pages: %v, want %s", got, want)
	}
	if launch.VMSA.String() != "VMSA" || launch.PageType(7).String() != "CPUID" && launch.PageType(0).String() != "" {
		t.Error("names of page types")
	}
}

// SHA-384 of VMSAs: parts of digests that are published.
// Rules: LCH-34.
func TestKnownRegisters(t *testing.T) {
	const epyc, reset = 0x00800F12, 0x80B004
	for _, c := range []struct {
		vmm      launch.VMM
		cpu      launch.CPU
		features launch.Features
		first    bool
		want     string
	}{
		{launch.QEMU, epyc, 1, true, "77920c4c629ff47e90c0e174fc1ad0eb6fa664f88cd4739488058a8c6cb1a77b3856f55378e9518d0da99452d51c553a"},
		{launch.QEMU, epyc, 1, false, "8413b852790765a310d95867a8b00bfca3a802b5a80830044b45e253fe96222657e11e53fcf63eb0e0afd722385bf7b4"},
		{launch.QEMU, epyc, 0x21, true, "ae79efa6efbe1594a2717dfd42af495a0e4ed37b00e529a5fdf349bea04c3513962ffb0c74cf65b0d9a1857271833d6e"},
		{launch.QEMU, epyc, 0x21, false, "180ef2675dc01615d31b3e84ef27a0a69d08bfbbb58ea4f6a0188f08884ab6407591ada42f99749ce9a406fb4e5d8355"},
		{launch.QEMUOldFPU, epyc, 1, true, "14a5fd3372321f8c3822d23dfa09d335f6ca174c1154758613d2c1b341d4b590999ec68e8d866422557b29dd8d19a3f8"},
		{launch.QEMUOldFPU, epyc, 1, false, "379ebbdd0d5a51d33a915dd51d089b88fd6830ebc1433b768ca9ad9acf4c89d736188440fee50b4abdf83f5312acb2ea"},
		{launch.QEMU, 0x00A00F11, 1, true, "728af287318db5f3fc4d2357a969483c4225956dc555b514a78d64ee372112d13b3dca8afd02cdbd1c55697d8ce087f5"},
		{launch.QEMU, 0x00A10F10, 1, true, "7d39672d1b8a3e38353a8eef23af9a14a850be7b9c80bd29898aff5cd2386719e5ce72ad660a022def56b15e5e0f899e"},
		{launch.QEMU, 0x00830F10, 1, true, "34f43cbd622a2c18c3e042a6d30358628c35d97690fb5d3566644b45b26f7c907c7c20b959a53c74eb6e47414e68bb78"},
		{launch.QEMU, 0x00B00F00, 1, true, "49ddacf0393b6d9401ac505250ec615e923bc580ff6ce0a0b4c5f2e261b0a972cd4facec381e17ad503ce64f4de8a83e"},
		{launch.EC2, 0, 1, true, "d08442e8bcdb6a5dcd7f22e4f7fd6979beffb9f0bb54a9d1977407fe84f482abf23c1baae6ce95a6a9e7a94c3c51f412"},
		{launch.EC2, 0, 1, false, "acff2d22db95b8eb82272d844aa2ad1f8f84218ccbab003697acade12228a6e901256e160d41713c22fed92e0a1ed0e1"},
		{launch.EC2RDX0, 0, 1, true, "1ce642f84290ae8cabc97e93c602d756bbbad7c1a3b7973180b02a4aec331fdea29155cacc988601047a7457eea1025b"},
		{launch.EC2RDX0, 0, 1, false, "30d909894e8fbfef2d23d09922bc3afa9679bd1e07ca1d6a2aebb6161c4935738437b67ef9e1453217d7ccd2b54b5c36"},
		{launch.GCE, 0, 1, true, "f9e03177dad7f4819ee193af7cfb70507d8a923ab513412e908bc73460a9dfdaa54215d58952816118ffb2ec281e7fd2"},
		{launch.GCE, 0, 1, false, "5302d262c88780a7a13159a327fa99cf188cab234c680e1f3b6729171380a4312511813a354cab136d69c778050c245a"},
	} {
		at := uint32(reset)
		if c.first {
			at = launch.FirstReset
		}
		page := launch.RegistersOf(c.vmm, c.cpu, c.features, at, c.first)
		if got := launch.Digest(sha512.Sum384(page[:])); got.String() != c.want {
			t.Errorf("%v %v %v first=%v: %v, want %s", c.vmm, c.cpu, c.features, c.first, got, c.want)
		}
		spec := boot.LaunchSpec{VMM: c.vmm.String(), CPU: uint32(c.cpu), Features: uint64(c.features), Firmware: boot.FirmwareSpec{Reset: reset}}
		if !bytes.Equal(page[:], spec.VMSA(c.first)) {
			t.Errorf("%v: the generator has another VMSA", c.vmm)
		}
	}
}

// Rules: LCH-20, LCH-21.
func TestKnownHashTable(t *testing.T) {
	for cmdline, want := range map[string]string{
		"":      "7b581a6e6bc2ae2e8a0e875bd21d19d8b0cc96f035a9c8fb1d127d3ec75e21edbb830e1f1b5c47bf7644d7f3561bece3",
		console: "adbef9bc7385f7a6dcb8774523cf024b403f193a47962309b277c4109aa70b4ba0355d1657b50e9625d5bd1129e7fd27",
	} {
		page := emptyKernel(t, cmdline).PageOf(0x810C00)
		if got := launch.Digest(sha512.Sum384(page)); got.String() != want {
			t.Errorf("%q: %v, want %s", cmdline, got, want)
		}
		if table := (&boot.KernelSpec{Cmdline: cmdline}).Table(); !bytes.Equal(page[0xC00:][:len(table)], table) {
			t.Errorf("%q: the generator has another table", cmdline)
		}
	}
}

// Rules: LCH-31.
func TestCPUModels(t *testing.T) {
	numbers := map[string]string{"EPYC": "23/1/2", "EPYC-Rome": "23/49/0", "EPYC-Milan": "25/1/1", "EPYC-Genoa": "25/17/0", "EPYC-Turin": "26/0/0"}
	for names, want := range launch.CPUModels() {
		first, _, _ := strings.Cut(names, " ")
		list := append(strings.Fields(names), numbers[first], want.String())
		for _, name := range list {
			if got, err := launch.ParseCPU(name); err != nil || got != want {
				t.Errorf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
	}
	for s, want := range map[string]launch.CPU{"0x1": 1, "0xffffffff": 0xFFFFFFFF, "6/255/15": 0x000F06FF, "15/0/0": 0xF00, "270/255/15": 0x0FFF0FFF, "16/0/0": 0x00100F00} {
		if got, err := launch.ParseCPU(s); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "epyc", "EPYC-v5", "EPYC ", "host", "0x", "0x0", "0X1", "0x00800F12", "0x100000000", "0x000000001", "1", "23/1", "23/1/2/3",
		"271/0/0", "1/256/0", "1/1/16", "023/1/2", "+23/1/2", "23/1/", "-1/1/1", "EPYC EPYC-v1"} {
		if got, err := launch.ParseCPU(s); ruleOf(err) != "LCH-31" || got != 0 {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

// Rules: LCH-30, LCH-32, LCH-33.
func TestParameters(t *testing.T) {
	for s, want := range map[string]launch.Features{"0x1": 1, "0x21": 0x21, "0xffffffffffffffff": 1<<64 - 1} {
		if got, err := launch.ParseFeatures(s); err != nil || got != want || got.String() != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "1", "0x", "0x0", "0x2", "0X1", "0x1g", "0x0A1", "0x00000000000000001"} {
		if _, err := launch.ParseFeatures(s); ruleOf(err) != "LCH-32" {
			t.Errorf("%q: %v", s, err)
		}
	}
	for s, want := range map[string][]int{"1": {1}, "1,2,4": {1, 2, 4}, "512": {512}, "3-6": {3, 4, 5, 6}, "1-2": {1, 2}} {
		got, err := launch.ParseVCPUs(s)
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v", s, got)
			}
		}
	}
	for _, s := range []string{"", "0", "513", "1,1", "2,1", "01", "1,", "1-", "-1", "2-1", "1-1", "1-2-3", "1-513", "1,2-3", "a"} {
		if got, err := launch.ParseVCPUs(s); ruleOf(err) != "LCH-33" || got != nil {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, name := range []string{"qemu", "qemu-old-fpu", "ec2", "ec2-rdx0", "gce", "hyperv", "qemu-igvm", "chv-igvm"} {
		if v, err := launch.ParseVMM(name); err != nil || v.String() != name {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	for _, name := range []string{"", "QEMU", "krun"} {
		if v, err := launch.ParseVMM(name); ruleOf(err) != "LCH-30" || v != 0 || v.String() != "" {
			t.Errorf("%q: %v, %v", name, v, err)
		}
	}
	if launch.VMM(200).String() != "" {
		t.Error("a VMM that is none has a name")
	}
}
