package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/boot"
)

// launched is a folder with what the demo guest is launched from, and its digests.
type launched struct {
	folder
	spec boot.LaunchSpec
}

func newLaunched(t *testing.T) *launched {
	firmware := boot.AmdSev()
	l := &launched{newFolder(t), boot.LaunchSpec{Image: firmware.Encode(), Firmware: firmware, VMM: "qemu", VCPUs: 2, CPU: 0x800F12, Features: 1,
		Kernel: &boot.KernelSpec{Kernel: []byte("kernel"), Initrd: []byte("initrd"), Cmdline: "console=ttyS0"}}}
	l.write("OVMF.fd", l.spec.Image)
	l.write("vmlinuz", l.spec.Kernel.Kernel)
	l.write("initrd", l.spec.Kernel.Initrd)
	l.write("launch.json", []byte(`{"schema": "attest.launch/v1", "vmm": "qemu", "vcpus": [1, 2], "cpu": "EPYC-v4",
		"firmware": {"file": "OVMF.fd"}, "kernel": {"file": "vmlinuz"}, "initrd": {"file": "initrd"}, "cmdline": "console=ttyS0"}`))
	l.write("open.json", []byte(`{"schema": "attest.launch/v1",
		"firmware": {"file": "OVMF.fd"}, "kernel": {"file": "vmlinuz"}, "initrd": {"file": "initrd"}, "cmdline": "console=ttyS0"}`))
	return l
}

// digest is the measurement with so many processors, in hex.
func (l *launched) digest(vcpus int) string {
	l.spec.VCPUs = vcpus
	d := l.spec.Digest()
	return hex.EncodeToString(d[:])
}

// flags say what launch.json says.
func (l *launched) flags() []string {
	return []string{"--vmm", "qemu", "--vcpus", "1-2", "--cpu", "23/1/2", "--firmware", l.path("OVMF.fd"), "--kernel", l.path("vmlinuz"), "--initrd", l.path("initrd"), "--cmdline", "console=ttyS0"}
}

func (l *launched) measure(args ...string) outcome {
	return tool(append([]string{"measure"}, args...)...)
}

func (o outcome) measured(t *testing.T) (a artefact.Answer) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(o.stdout))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil || a.Schema != artefact.Schema || a.ExitCode != o.code {
		t.Fatalf("%v in %q (stderr %q)", err, o.stdout, o.stderr)
	}
	return a
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	one, two := l.digest(1), l.digest(2)
	base := func(s string) string { b, _ := hex.DecodeString(s); return base64.StdEncoding.EncodeToString(b) }
	for want, args := range map[string][]string{
		"1  " + one + "\n2  " + two + "\n":             {},
		one + "\n" + two + "\n":                        {"--brief"},
		"1  " + base(one) + "\n2  " + base(two) + "\n": {"--base64"},
		base(one) + "\n" + base(two) + "\n":            {"--brief", "--base64"},
	} {
		for _, from := range [][]string{{"--launch", l.path("launch.json")}, l.flags()} {
			if o := l.measure(append(from, args...)...); o.code != 0 || o.stdout != want || strings.Count(o.stderr, "WARNING") != 1 || !strings.Contains(o.stderr, "edk2-stable202408") {
				t.Errorf("%v: %d, %q, %q, want %q", args, o.code, o.stdout, o.stderr, want)
			}
		}
	}
	a := l.measure("--launch", l.path("launch.json"), "--json", "--explain").measured(t)
	if len(a.Measurements) != 2 || a.Measurements[1].Measurement != two || a.Measurements[1].CPU != "0x00800f12" || !a.KernelHashes || len(a.LaunchHash) != 96 ||
		len(a.Inputs) != 3 || a.Inputs[0].Name != "OVMF.fd" || a.Ranges[len(a.Ranges)-1].After != two || len(a.Warnings) != 1 {
		t.Errorf("%+v", a)
	}
	if o := l.measure("--launch", l.path("launch.json"), "--explain"); !strings.Contains(o.stdout, "SNP_KERNEL_HASHES  NORMAL     0x810000             1 pages") {
		t.Errorf("%q", o.stdout)
	}
	for name, spec := range map[string]string{"hyperv": "hyperv", "chv-igvm": "chv-igvm"} {
		d := boot.DefaultIGVM().Digest(1, spec)
		if o := l.measure("--vmm", name, "--igvm", l.write("x.igvm", boot.DefaultIGVM().Encode())); o.stdout != "1  "+hex.EncodeToString(d[:])+"\n" {
			t.Errorf("%s: %q, %q", name, o.stdout, o.stderr)
		}
	}
}

// Rules: LCH-73.
func TestMeasureMatches(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	e := mint.Evidence("Milan", 3, "vcek")
	l.spec.VCPUs = 7
	e.Spec.Measurement = l.spec.Digest()
	e.Resign()
	report := l.write("report.bin", e.Report)
	want := "match: vmm=qemu vcpus=7 cpu=0x00800f12 features=0x1\nnothing is verified: anyone can write this report\n"
	for _, target := range []string{report, l.write("report.hex", []byte(hex.EncodeToString(e.Report)+"\n")), l.digest(7)} {
		if o := l.measure("--launch", l.path("open.json"), "--match", target); o.code != 0 || o.stdout != want {
			t.Errorf("%s: %d, %q, %q", target, o.code, o.stdout, o.stderr)
		}
	}
	a := l.measure("--launch", l.path("open.json"), "--match", report, "--json", "--explain").measured(t)
	if len(a.Matches) != 1 || a.Matches[0].VCPUs != 7 || a.Matches[0].Measurement != l.digest(7) || len(a.Measurements) != 0 || a.Ranges[len(a.Ranges)-1].After != l.digest(7) {
		t.Errorf("%+v", a)
	}
	o := l.measure("--launch", l.path("launch.json"), "--match", report, "--json") // which has 1 and 2 processors
	if v := o.verdict(t); o.code != 1 || v.Error.Type != "MeasurementNotAllowedError" || v.Error.Requirement != "LCH-73" || v.Error.Actual != l.digest(7) || v.Measurement != "" {
		t.Errorf("%+v", v)
	}
	if o = l.measure("--launch", l.path("open.json"), "--match", l.write("bad.bin", e.Report[:1183]), "--json"); o.verdict(t).Error.Type != "ReportInvalidError" {
		t.Errorf("%q", o.stdout)
	}
	if o = l.measure("--launch", l.path("open.json"), "--match", l.path("none.bin"), "--json"); o.code != 3 {
		t.Errorf("%q", o.stdout)
	}
}

func TestMeasureIDBlock(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	l.spec.VCPUs = 2
	spec := boot.DefaultIDBlock(l.spec.Digest())
	block, auth := l.write("id.bin", spec.Block()), l.write("auth.bin", spec.Auth())
	text := l.write("id.txt", []byte(base64.StdEncoding.EncodeToString(spec.Block())+"\n"))
	o := l.measure("--launch", l.path("launch.json"), "--id-block", text, "--id-auth", auth)
	if o.code != 0 || !strings.Contains(o.stdout, "LD:                    "+l.digest(2)) || !strings.HasPrefix(o.stdout, "1  ") {
		t.Errorf("%d, %q, %q", o.code, o.stdout, o.stderr)
	}
	a := l.measure("--id-block", block, "--id-auth", auth, "--json").measured(t)
	if a.IDBlock == nil || a.IDBlock.LaunchDigest != l.digest(2) || a.IDBlock.GuestSVN != 3 || a.IDBlock.GuestPolicy != "0x30000" || len(a.Measurements) != 0 {
		t.Errorf("%+v", a)
	}

	e := mint.Evidence("Milan", 3, "vcek")
	report := l.write("report.bin", e.Report)
	e.Spec.Measurement = l.spec.Digest()
	e.Resign()
	o = l.measure("--launch", l.path("open.json"), "--match", l.write("matching.bin", e.Report), "--id-block", block, "--id-auth", auth, "--json")
	v := o.verdict(t)
	if o.code != 1 || v.Error.Type != "IDBlockInvalidError" || v.Error.Requirement != "LCH-57" || len(v.Error.Violations) < 4 {
		t.Errorf("%+v", v.Error)
	}
	for _, d := range v.Error.Violations {
		if d.Rule != "LCH-57" || d.Name == "LD" || d.Expected == "" || d.Actual == "" {
			t.Errorf("%+v", d)
		}
	}
	o = l.measure("--id-block", block, "--id-auth", auth, "--match", report)
	if o.code != 1 || !strings.Contains(o.stdout, "FAIL: IDBlockInvalidError") || !strings.Contains(o.stdout, "LD") || !strings.Contains(o.stdout, "IMAGE_ID") {
		t.Errorf("%d, %q", o.code, o.stdout)
	}
	if o = l.measure("--id-block", l.write("short.bin", spec.Block()[:95]), "--id-auth", auth, "--json"); o.verdict(t).Error.Requirement != "LCH-50" {
		t.Errorf("%q", o.stdout)
	}
}

// Rules: LCH-61.
func TestMeasureUsage(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	firmware, launchFile := l.path("OVMF.fd"), l.path("launch.json")
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "--launch, --firmware or --igvm is missing"},
		{[]string{"--vmm", "qemu"}, "is missing"},
		{[]string{"--match", l.digest(1)}, "is missing"},
		{[]string{"--launch", launchFile, "--vmm", "qemu"}, "flags that say the same"},
		{[]string{"--firmware", firmware, "--igvm", firmware}, "two sources"},
		{[]string{"--firmware", firmware, "--initrd", firmware}, "go with --kernel"},
		{[]string{"--firmware", firmware, "--cmdline", "a"}, "go with --kernel"},
		{[]string{"--firmware", firmware, "--kernel", firmware, "--cmdline", "a", "--cmdline-file", firmware}, "two sources"},
		{[]string{"--id-block", firmware}, "go together"},
		{[]string{"--launch", launchFile, "--id-auth", firmware}, "go together"},
		{[]string{"--launch", launchFile, "--brief", "--explain"}, "--brief"},
		{[]string{"--launch", launchFile, "--base64", "--match", l.digest(1)}, "--base64"},
		{[]string{"--launch", l.path("open.json")}, "[LCH-35]"},
		{[]string{"--firmware", firmware, "--vmm", "krun"}, "[LCH-30]"},
		{[]string{"--firmware", firmware, "--cpu", "host"}, "[LCH-31]"},
		{[]string{"--firmware", firmware, "--features", "0x2"}, "[LCH-32]"},
		{[]string{"--firmware", firmware, "--vcpus", "0"}, "[LCH-33]"},
		{[]string{"--firmware", l.path("vmlinuz"), "--vmm", "ec2", "--vcpus", "1"}, "[LCH-10]"},
		{[]string{"--launch", l.path("none.json")}, "none.json"},
		{[]string{"--launch", l.write("bad.json", []byte(`{"schema": "attest.launch/v1"}`))}, "[LCH-61]"},
		{[]string{"--vmm", "ec2", "--vcpus", "1", "--firmware", firmware, "--kernel", firmware, "--cmdline-file", l.write("nul", []byte("a\x00"))}, "[LCH-23]"},
	} {
		o := l.measure(c.args...)
		if o.code != 2 || o.stdout != "" || !strings.Contains(o.stderr, c.says) {
			t.Errorf("%v: %d, %q, want %q", c.args, o.code, o.stderr, c.says)
		}
	}
	o := l.measure("--vmm", "ec2", "--vcpus", "1", "--firmware", firmware, "--kernel", l.path("vmlinuz"), "--cmdline-file", l.write("cmdline", []byte("a\n")))
	if o.code != 0 || !strings.Contains(o.stderr, "line break") || !strings.Contains(o.stderr, "not known to measure a kernel") {
		t.Errorf("%d, %q", o.code, o.stderr)
	}
}

// The real files, the report of AWS and that of SecretVM are explained.
func TestMeasureRealReports(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: the real files are not at hand")
	}
	real := func(name string) string { return filepath.Join(dir, "launch", name) }
	l := newLaunched(t)
	empty := l.write("empty", nil)
	o := l.measure("--firmware", real("ovmf_AmdSev_suffix.bin"), "--kernel", empty, "--match", "5061fffb019493a903613d56d54b94912a1a2f9e4502385f5c194616753720a92441310ba6c4933de877c36e23046ad5")
	if !strings.HasPrefix(o.stdout, "match: vmm=qemu vcpus=4 cpu=0x00800f12 features=0x1\n") {
		t.Errorf("%q, %q", o.stdout, o.stderr)
	}
	o = l.measure("--igvm", real("synthetic_mstool.igvm"), "--match", "59324c0f56ed5ddf2b279376409dbafbaa5b3c727e889c71d115a381e8e217809e03b8e15a6ecd1eed094f5df5faafce")
	if !strings.Contains(o.stdout, "match: vmm=hyperv vcpus=1 features=0x1\n") {
		t.Errorf("%q, %q", o.stdout, o.stderr)
	}
	secret := l.write("secret.json", []byte(secretLaunch(t, real)))
	if o = l.measure("--launch", secret, "--match", real("secretvm_report_v0.0.25.bin")); !strings.HasPrefix(o.stdout, "match: vmm=qemu vcpus=1 cpu=0x00800f12 features=0x1\n") {
		t.Errorf("%q, %q", o.stdout, o.stderr)
	}
	aws := l.write("aws.json", []byte(awsLaunch(t, real("edgeless_ovmf_img_2.json"))))
	if o = l.measure("--launch", aws, "--match", awsReport(t, dir)); !strings.HasPrefix(o.stdout, "match: vmm=ec2-rdx0 vcpus=4 features=0x1\n") {
		t.Errorf("%q, %q", o.stdout, o.stderr)
	}
}

// section is one of a launch file.
func section(gpa, size, kind any) map[string]any {
	return map[string]any{"gpa": gpa, "size": size, "type": kind}
}

func launchFileOf(t *testing.T, file map[string]any) string {
	t.Helper()
	file["schema"] = "attest.launch/v1"
	b, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// awsLaunch turns what was published of a firmware of AWS into a launch file.
func awsLaunch(t *testing.T, name string) string {
	var in struct {
		MetadataItems []struct {
			GPA, Size      string
			SectionTypeInt int
		}
		ResetEIP, OVMFHash string
	}
	if err := json.Unmarshal(mustRead(t, name), &in); err != nil {
		t.Fatal(err)
	}
	var sections []any
	for _, s := range in.MetadataItems {
		sections = append(sections, section(s.GPA, s.Size, s.SectionTypeInt))
	}
	return launchFileOf(t, map[string]any{"firmware": map[string]any{"launch_hash": in.OVMFHash, "metadata": map[string]any{"sections": sections, "ap_reset": in.ResetEIP}}})
}

// secretLaunch turns what was published of a release of SecretVM into a launch file.
func secretLaunch(t *testing.T, real func(string) string) string {
	var in struct {
		Rootfs   string `json:"rootfs_hash"`
		Kernel   string `json:"kernel_hash"`
		Initrd   string `json:"initrd_hash"`
		OVMF     string `json:"ovmf_hash"`
		Table    int    `json:"sev_hashes_table_gpa"`
		Reset    int    `json:"sev_es_reset_eip"`
		Sections []struct {
			GPA, Size int
			Type      int `json:"section_type"`
		} `json:"ovmf_sections"`
	}
	if err := json.Unmarshal(mustRead(t, real("secretvm_registry_entry_prod_v0.0.25.json")), &in); err != nil {
		t.Fatal(err)
	}
	number := func(n int) string { return fmt.Sprintf("%#x", n) }
	var sections []any
	for _, s := range in.Sections {
		sections = append(sections, section(number(s.GPA), number(s.Size), s.Type))
	}
	compose := sha256.Sum256(mustRead(t, real("secretvm_compose.yaml")))
	return launchFileOf(t, map[string]any{
		"firmware": map[string]any{"launch_hash": in.OVMF, "metadata": map[string]any{"sections": sections, "hash_table": number(in.Table), "ap_reset": number(in.Reset)}},
		"kernel":   map[string]any{"sha256": in.Kernel}, "initrd": map[string]any{"sha256": in.Initrd},
		"cmdline": "console=ttyS0 loglevel=7 docker_compose_hash=" + hex.EncodeToString(compose[:]) + " rootfs_hash=" + in.Rootfs,
	})
}

// awsReport is the file of a report that AWS firmware asked for.
func awsReport(t *testing.T, dir string) string {
	t.Helper()
	for _, name := range []string{"report.bin", "report.hex", "report"} {
		path := filepath.Join(dir, "real", "milan-v2-vlek-aws-vmpl0", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatal("no report of AWS")
	return ""
}

// What show prints of firmware stands for it in a launch file.
func TestShowArtefacts(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	o := tool("show", l.path("OVMF.fd"), "--json")
	var shown struct {
		Kind    string
		Content []struct{ Firmware map[string]any }
	}
	if err := json.Unmarshal([]byte(o.stdout), &shown); err != nil || shown.Kind != "firmware" {
		t.Fatalf("%v, %s, %s", err, o.stdout, o.stderr)
	}
	seed := l.write("seed.json", []byte(launchFileOf(t, map[string]any{"vmm": "ec2", "vcpus": []int{3}, "firmware": shown.Content[0].Firmware})))
	l.spec.VMM, l.spec.Kernel = "ec2", nil
	if o = l.measure("--launch", seed, "--brief"); o.stdout != l.digest(3)+"\n" || !strings.Contains(o.stderr, "not seen") {
		t.Errorf("%q, %q, want %s", o.stdout, o.stderr, l.digest(3))
	}
	bad := boot.AmdSev()
	bad.Signature = "ASEX"
	block := boot.DefaultIDBlock(l.spec.Digest())
	igvm := boot.DefaultIGVM()
	igvm.Headers = append(igvm.Headers, boot.IGVMIDBlock(1, [48]byte{0xAB}))
	hyperv := igvm.Digest(1, "hyperv")
	idKey := sha512.Sum384(boot.SEVKey(&block.Key.PublicKey))
	pemOf := func(key any) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(key)})
	}
	release := mint.Ed25519Key("release").Public().(ed25519.PublicKey)
	for name, c := range map[string]struct {
		data []byte
		kind string
		want []string
	}{
		"launch file":       {mustRead(t, l.path("launch.json")), "launch file", []string{"cmdline:", "console=ttyS0"}},
		"firmware":          {l.spec.Image, "firmware", []string{"launch_hash:", "SNP_KERNEL_HASHES", "0x80b004", "sha256:"}},
		"IGVM":              {igvm.Encode(), "IGVM file", []string{hex.EncodeToString(hyperv[:]), "1 VMSAs, features 0x1", "launch_digest:", "ab00"}},
		"ID block":          {block.Block(), "ID block", []string{l.digest(3), "guest_svn:               3"}},
		"ID block, base64":  {[]byte(base64.StdEncoding.EncodeToString(block.Block()) + "\n"), "ID block", []string{"0x30000"}},
		"ID authentication": {block.Auth(), "ID authentication information", []string{hex.EncodeToString(idKey[:]), "author_key_digest:"}},
		"P-384 key":         {pemOf(block.Key.Public()), "public key", []string{"P-384", hex.EncodeToString(idKey[:])}},
		"P-256 key":         {pemOf(mint.P256Key("x").Public()), "public key", []string{"P-256", "spki_sha256:"}},
		"Ed25519 key":       {pemOf(release), "public key", []string{"Ed25519", fmt.Sprintf("%x", sha256.Sum256(release))}},
		"bad firmware":      {bad.Encode(), "", []string{"metadata.signature"}},
		"bad launch file":   {[]byte(`{"schema": "attest.launch/v1"}`), "", []string{"LCH-61"}},
		"bad IGVM":          {[]byte("IGVM"), "", []string{"LCH-40"}},
		"bad ID block":      {make([]byte, 96), "", []string{"ID_BLOCK_VERSION"}},
		"bad key":           {[]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "", []string{"no public key"}},
	} {
		o := tool("show", l.write("file", c.data))
		out := o.stdout + o.stderr
		if first := "NOT VERIFIED: this is what the file says (" + c.kind + ")\n"; c.kind != "" && (o.code != 0 || !strings.HasPrefix(o.stdout, first)) || c.kind == "" && o.code != 3 {
			t.Errorf("%s: %d, %s", name, o.code, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", name, want, out)
			}
		}
	}
}
