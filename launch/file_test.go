package launch_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/launch"
)

const seedFirmware = `{"launch_hash": "2027a27bb9f7acfd280e4c7bd68a73973b94bf0756e5b282e004b9395f597b8d0eb4defa7d8f6549375aa4d2b146f0f3", "metadata": {"sections": [
	{"gpa": "0x800000", "size": "0x9000", "type": 1}, {"gpa": "0x80a000", "size": "0x3000", "type": 1}, {"gpa": "0x80d000", "size": "0x1000", "type": 2},
	{"gpa": "0x80e000", "size": "0x1000", "type": 3}, {"gpa": "0x80f000", "size": "0x11000", "type": 1}], "ap_reset": "0x80b004"}}`

// A launch file without any other file gives the measurement of a real report.
// Rules: LCH-60, LCH-62.
func TestLaunchFileOfSeeds(t *testing.T) {
	f, err := launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "vmm": "ec2-rdx0", "vcpus": "3-4", "firmware": ` + seedFirmware + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if f.FirmwareFile+f.KernelFile+f.InitrdFile+f.IGVMFile != "" {
		t.Errorf("files %+v", f)
	}
	list, err := f.Guest.Measure()
	if want := "25ac810f5c4750890fb1a158f097962e04d4d7fb640d1d08a99829cf4a70543a47cc6fb192bbe90aa713142361a66155"; err != nil || len(list) != 2 || list[1].Digest.String() != want {
		t.Errorf("%v, %v, want %s", list, err, want)
	}
}

func TestLaunchFile(t *testing.T) {
	f, err := launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "vmm": "qemu", "vcpus": [1, 2, 4], "cpu": "EPYC-v4", "features": "0x21",
		"firmware": {"file": "OVMF.fd"}, "kernel": {"file": "boot/vmlinuz"}, "initrd": {"sha256": "0101010101010101010101010101010101010101010101010101010101010101"}, "cmdline": "console=ttyS0"}`))
	if err != nil {
		t.Fatal(err)
	}
	cmdline, _ := launch.CommandLine("console=ttyS0")
	initrd := [32]byte{}
	for i := range initrd {
		initrd[i] = 1
	}
	want := &launch.File{FirmwareFile: "OVMF.fd", KernelFile: "boot/vmlinuz",
		Guest: launch.Guest{VMM: launch.QEMU, VCPUs: []int{1, 2, 4}, CPU: 0x800F12, Features: 0x21, Kernel: &launch.Kernel{Initrd: initrd, Cmdline: cmdline}}}
	if diff := cmp.Diff(want, f, cmp.AllowUnexported(launch.IGVM{})); diff != "" {
		t.Error(diff)
	}
	if _, err := f.Guest.Measure(); ruleOf(err) != "LCH-35" {
		t.Errorf("measured without the firmware: %v", err)
	}

	f, err = launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "firmware": {"file": "a"}, "kernel": {"sha256": "0101010101010101010101010101010101010101010101010101010101010101"}}`))
	if err != nil || f.Guest.Kernel.Cmdline != sha256.Sum256([]byte{0}) || f.Guest.Kernel.Initrd != sha256.Sum256(nil) {
		t.Errorf("neither initrd nor cmdline: %+v, %v", f, err)
	}
	f, err = launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "vmm": "hyperv", "igvm": {"file": "x.igvm"}}`))
	if err != nil || f.IGVMFile != "x.igvm" || f.Guest.VMM != launch.HyperV {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "firmware": {"file": "a"}, "kernel": {"file": "k"}, "initrd": {"file": "i"}, "cmdline": ""}`))
	if err != nil || f.KernelFile != "k" || f.InitrdFile != "i" {
		t.Errorf("%+v, %v", f, err)
	}
}

// Rules: LCH-60, LCH-61, LCH-62, LCH-63, LCH-30, LCH-31, LCH-32, LCH-33.
func TestLaunchFileFaults(t *testing.T) {
	hash := strings.Repeat("01", 32)
	with := func(members string) string {
		return `{"schema": "attest.launch/v1", "firmware": {"file": "a"}` + members + `}`
	}
	firmware := func(old, new string) string {
		if !strings.Contains(seedFirmware, old) {
			t.Fatalf("no %q", old)
		}
		return `{"schema": "attest.launch/v1", "firmware": ` + strings.Replace(seedFirmware, old, new, 1) + `}`
	}
	path := func(p string) string {
		return fmt.Sprintf(`{"schema": "attest.launch/v1", "firmware": {"file": %q}}`, p)
	}
	many := func(n int) string { return strings.Repeat(`{"gpa": "0x1000", "size": "0x1000", "type": 1},`, n) }
	for _, c := range []struct{ text, id string }{
		{``, "JSN-04"},
		{`{}`, "JSN-12"},
		{`{"schema": "attest.launch/v2", "firmware": {"file": "a"}}`, "LCH-60"},
		{`{"schema": "attest.launch/v1"}`, "LCH-61"},
		{with(`, "igvm": {"file": "b"}`), "LCH-61"},
		{with(`, "more": 1`), "JSN-11"},
		{with(`, "Kernel": {"file": "b"}`), "JSN-10"},
		{with(`, "vmm": null`), "JSN-12"},
		{with(`, "vmm": ""`), "JSN-12"},
		{with(`, "vmm": "krun"`), "LCH-30"},
		{with(`, "vcpus": []`), "JSN-16"},
		{with(`, "vcpus": [0]`), "JSN-15"},
		{with(`, "vcpus": [513]`), "JSN-15"},
		{with(`, "vcpus": [1.0]`), "JSN-14"},
		{with(`, "vcpus": [2, 1]`), "LCH-33"},
		{with(`, "vcpus": [1, 1]`), "LCH-33"},
		{with(`, "vcpus": "1"`), "LCH-33"},
		{with(`, "vcpus": "1,2"`), "LCH-33"},
		{with(`, "vcpus": "1-513"`), "LCH-33"},
		{with(`, "vcpus": 1`), "JSN-13"},
		{with(`, "vcpus": ""`), "JSN-12"},
		{with(`, "cpu": "host"`), "LCH-31"},
		{with(`, "features": "0x2"`), "LCH-32"},
		{with(`, "features": 1`), "JSN-13"},
		{with(`, "initrd": {"file": "b"}`), "LCH-61"},
		{with(`, "cmdline": ""`), "LCH-61"},
		{with(`, "kernel": {}`), "LCH-61"},
		{with(`, "kernel": {"file": "b", "sha256": "` + hash + `"}`), "LCH-61"},
		{with(`, "kernel": {"sha256": "` + hash[2:] + `"}`), "JSN-19"},
		{with(`, "kernel": {"sha256": "` + strings.ToUpper("0a"+hash[2:]) + `"}`), "JSN-19"},
		{with(`, "kernel": {"file": "b", "more": 1}`), "JSN-11"},
		{with(`, "kernel": {"file": "b"}, "initrd": {"file": "../b"}`), "LCH-63"},
		{with(`, "kernel": {"file": "b"}, "cmdline": "a\u0000b"`), "LCH-23"},
		{with(`, "kernel": {"file": "b"}, "cmdline": null`), "JSN-12"},
		{with(`, "kernel": {"file": "b"}, "cmdline": ["a"]`), "JSN-13"},
		{`{"schema": "attest.launch/v1", "firmware": {}}`, "JSN-12"},
		{`{"schema": "attest.launch/v1", "firmware": {"file": "a", "launch_hash": "00"}}`, "LCH-61"},
		{`{"schema": "attest.launch/v1", "firmware": {"file": "a", "metadata": {}}}`, "LCH-61"},
		{`{"schema": "attest.launch/v1", "igvm": {}}`, "JSN-12"},
		{`{"schema": "attest.launch/v1", "igvm": {"sha256": "` + hash + `"}}`, "JSN-11"},
		{path(""), "JSN-12"}, {path("/a"), "LCH-63"}, {path("a/"), "LCH-63"}, {path("a//b"), "LCH-63"}, {path("."), "LCH-63"}, {path("./a"), "LCH-63"},
		{path("a/../b"), "LCH-63"}, {path(".."), "LCH-63"}, {path(`a\b`), "LCH-63"}, {path("c:a"), "LCH-63"}, {path("a\nb"), "LCH-63"}, {strings.Replace(path("a"), `{"file": "a"`, "{\"file\": \"a\x7f\"", 1), "LCH-63"},
		{path(strings.Repeat("a", 1025)), "LCH-63"},
		{firmware(`"2027`, `"207`), "JSN-19"},
		{firmware(`"0x800000"`, `"800000"`), "LCH-62"},
		{firmware(`"0x800000"`, `"0x00800000f"`), "LCH-62"},
		{firmware(`"0x800000"`, `"0x0"`), "LCH-62"},
		{firmware(`"0x80a000"`, `"0x80A000"`), "LCH-62"},
		{firmware(`"0x800000"`, `8388608`), "JSN-13"},
		{firmware(`"gpa": "0x800000", `, ``), "JSN-12"},
		{firmware(`"size": "0x9000", `, ``), "JSN-12"},
		{firmware(`, "type": 1`, ``), "JSN-12"},
		{firmware(`"type": 1`, `"type": 1, "more": 1`), "JSN-11"},
		{firmware(`"type": 1`, `"type": 5`), "LCH-16"},
		{firmware(`"type": 1`, `"type": 4294967296`), "JSN-15"},
		{firmware(`"type": 1`, `"type": 0`), "LCH-16"},
		{strings.Replace(path("a"), "attest.launch", "xattest.launch", 1), "LCH-60"},
		{firmware(`"type": 2`, `"type": 1`), "LCH-17"},
		{firmware(`"0x80a000"`, `"0x808000"`), "LCH-18"},
		{firmware(`"0x11000"`, `"0xfffff000"`), "LCH-16"},
		{firmware(`"0x80b004"`, `"0x0"`), "LCH-62"},
		{firmware(`"ap_reset"`, `"hash_table": "", "ap_reset"`), "JSN-12"},
		{firmware(`"ap_reset"`, `"more": 1, "ap_reset"`), "JSN-11"},
		{firmware(`"2027a27bb9f7acfd280e4c7bd68a73973b94bf0756e5b282e004b9395f597b8d0eb4defa7d8f6549375aa4d2b146f0f3"`, `"`+strings.Repeat("0", 96)+`"`), "LCH-19"},
		{firmware(`"launch_hash"`, `"more": 1, "launch_hash"`), "JSN-11"},
		{firmware(`{"gpa": "0x800000"`, many(60)+`{"gpa": "0x800000"`), "JSN-16"},
		{strings.Replace(firmware("ap_reset", "ap_reset"), "metadata", "meta", 1), "JSN-11"},
		{path("a") + strings.Repeat(" ", 1<<20), "JSN-01"},
	} {
		f, err := launch.ParseFile([]byte(c.text))
		if ruleOf(err) != c.id || f != nil {
			t.Errorf("%.200s: %v, want %s", c.text, err, c.id)
		}
	}
	for _, p := range []string{"a", "a/b", "..a", "a..", "...", "a b", "ä", strings.Repeat("a", 1024)} {
		if f, err := launch.ParseFile([]byte(fmt.Sprintf(`{"schema": "attest.launch/v1", "firmware": {"file": "%s"}}`, p))); err != nil || f.FirmwareFile != p {
			t.Errorf("%s: %v", p, err)
		}
	}
}
