package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/verdict"
)

// newLaunchedReport writes a report of the launch of two processors, with what
// verifies it, and returns the flags of report.
func newLaunchedReport(t *testing.T) (*launched, []string) {
	l := newLaunched(t)
	e := mint.Evidence("Milan", 3, "vcek")
	l.spec.VCPUs = 2
	e.Spec.Measurement = l.spec.Digest()
	encoded := e.Spec.Encode()
	copy(e.Report, encoded[:])
	mint.Sign(e.Report, e.Key)
	l.writeEvidence(e)
	return l, []string{"report", "--report", l.path("report.bin"), "--certs", l.path("chain.pem"), "--amd-root", l.path("ark.pem")}
}

// Rules: LCH-71, LCH-72.
func TestReportOfALaunch(t *testing.T) {
	t.Parallel()
	l, report := newLaunchedReport(t)
	const label = "OVMF.fd, vmlinuz, initrd (vmm=qemu vcpus=2 cpu=0x00800f12 features=0x1)"
	with := func(args ...string) outcome { return tool(append(slices.Clone(report), args...)...) }
	o := with("--launch", l.path("launch.json"), "--json")
	v := o.verdict(t)
	demanded := func(d verdict.Demand) bool {
		return d.Name == "launch" && d.Value == "computed from OVMF.fd, vmlinuz, initrd"
	}
	if o.code != 0 || v.Launch != label || !slices.ContainsFunc(v.Enforced, demanded) || !strings.Contains(strings.Join(v.Limits, " "), "what was launched, not that it is good") {
		t.Errorf("%d, %+v", o.code, v)
	}
	o = with("--launch", l.path("launch.json"))
	if !strings.Contains(o.stdout, "\nmeasured from:         "+label+"\n") || strings.Contains(o.stdout, "NOT demanded:          measurement") {
		t.Errorf("%s", o.stdout)
	}
	if v = with("--json").verdict(t); v.Launch != "" || slices.ContainsFunc(v.Enforced, func(d verdict.Demand) bool { return d.Name == "launch" }) {
		t.Errorf("no launch: %+v", v)
	}
	// All launch files together are one list.
	other := l.write("other.json", []byte(strings.Replace(string(mustRead(t, l.path("launch.json"))), "[1, 2]", "[1]", 1)))
	if o = with("--launch", other, "--launch", l.path("launch.json"), "--json"); o.code != 0 || o.verdict(t).Launch != label {
		t.Errorf("%s", o.stdout)
	}
	o = with("--launch", other, "--json")
	if v = o.verdict(t); o.code != 1 || v.Error.Type != "MeasurementNotAllowedError" || v.Error.Requirement != "POL-02" || v.Error.Expected != l.digest(1) || v.Launch != "" {
		t.Errorf("%d, %+v", o.code, v.Error)
	}
	// It intersects with a policy.
	p := l.write("policy.json", []byte(`{"schema": "attest.policy/v1", "measurements": ["`+l.digest(1)+`"]}`))
	if o = with("--launch", l.path("launch.json"), "--policy", p, "--json"); o.code != 1 || o.verdict(t).Error.Type != "MeasurementNotAllowedError" {
		t.Errorf("%s", o.stdout)
	}
	// Faults of the launch file and what it names are known before evidence is read.
	for _, args := range [][]string{{"--launch", l.path("none.json")}, {"--launch", l.path("open.json")}, {"--launch", l.path("OVMF.fd")}} {
		o := tool(append([]string{"report", "--report", l.path("none.bin")}, args...)...)
		if o.code != 2 || !strings.Contains(o.stderr, "--launch ") && !strings.Contains(o.stderr, "--launch:") {
			t.Errorf("%v: %d, %q", args, o.code, o.stderr)
		}
	}
}

// An endpoint and the proxy take launch files as well: what does not match is refused,
// and what cannot be read ends before anything is asked.
func TestEndpointOfALaunch(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	args := endpoint(t, l.folder, 17)
	if o := tool(append(args, "--json")...); o.code != 0 {
		t.Fatalf("%s", o.stdout)
	}
	o := tool(append(args, "--launch", l.path("launch.json"), "--json")...)
	if v := o.verdict(t); o.code != 1 || v.Error.Type != "MeasurementNotAllowedError" || !strings.Contains(v.Error.Expected, l.digest(2)) || !strings.Contains(v.Error.ExpectedFrom, "--launch") {
		t.Errorf("%+v", v.Error)
	}
	for _, args := range [][]string{
		append(args, "--launch", l.path("none.json")),
		{"proxy", "--url", "https://127.0.0.1:1", "--release-root", l.path("release.pem"), "--launch", l.path("open.json")},
	} {
		if o := tool(args...); o.code != 2 || !strings.Contains(o.stderr, "--launch") {
			t.Errorf("%v: %d, %q", args, o.code, o.stderr)
		}
	}
}

// Rules: BDL-05.
func TestBundleOfALaunch(t *testing.T) {
	t.Parallel()
	l := newLaunched(t)
	stranger := strings.Repeat("ab", 48)
	endpoint(t, l.folder, 17, func(document string, members map[string]any) {
		if document == "bundle" {
			members["allowed_hw_measurements"] = []string{l.digest(2), stranger}
		}
	})
	args := []string{"bundle", "verify", "--release-root", l.path("release.pem"), l.path("bundle.jws")}
	if o := tool(append(args, "--json")...); o.code != 0 || strings.Contains(o.stdout, "explained") {
		t.Errorf("%s", o.stdout)
	}
	o := tool(append(args, "--launch", l.path("launch.json"), "--json")...)
	want := []verdict.Explained{{Measurement: l.digest(2), MeasuredFrom: "OVMF.fd, vmlinuz, initrd (vmm=qemu vcpus=2 cpu=0x00800f12 features=0x1)"}, {Measurement: stranger}}
	if v := o.verdict(t); o.code != 0 || !slices.Equal(v.Explained, want) {
		t.Errorf("%d, %+v, want %+v", o.code, v.Explained, want)
	}
	o = tool(append(args, "--launch", l.path("launch.json"))...)
	if o.code != 0 || !strings.Contains(o.stdout, "explained:             "+want[0].Measurement+": "+want[0].MeasuredFrom) || !strings.Contains(o.stdout, "NOT explained:         "+stranger) {
		t.Errorf("%s", o.stdout)
	}
	if o = tool(append(args, "--launch", l.path("open.json"))...); o.code != 2 {
		t.Errorf("%d, %q", o.code, o.stderr)
	}
	if o = tool("bundle", "diff", "--release-root", l.path("release.pem"), l.path("bundle.jws"), l.path("bundle.jws"), "--launch", l.path("launch.json")); o.code != 2 || !strings.Contains(o.stderr, "bundle verify") {
		t.Errorf("%d, %q", o.code, o.stderr)
	}
}

// TestAuditorsPage: the launch file of docs/auditor.md is one, and its command lines
// are such.
func TestAuditorsPage(t *testing.T) {
	t.Parallel()
	page := string(mustRead(t, "../../docs/auditor.md"))
	_, rest, _ := strings.Cut(page, "\n    {\"schema\"")
	text, _, _ := strings.Cut("{\"schema\""+rest, "\n\n")
	f, err := launch.ParseFile([]byte(text))
	if err != nil || f.FirmwareFile != "OVMF.fd" || f.KernelFile != "vmlinuz" || f.InitrdFile != "initrd.img" || len(f.Guest.VCPUs) != 3 {
		t.Errorf("%+v, %v", f, err)
	}
	lines := regexp.MustCompile("(?m)^    tresor-verify (.*)$|`tresor-verify ([^`]*)`").FindAllStringSubmatch(page, -1)
	if len(lines) < 5 {
		t.Errorf("only %d command lines", len(lines))
	}
	for _, line := range lines {
		words := strings.Fields(line[1] + line[2])
		c := newProgram().Find(words[0])
		for _, word := range words[1:] {
			name, isFlag := strings.CutPrefix(word, "--")
			if c == nil || isFlag && !slices.Contains(c.Dashed(), "--"+name) {
				t.Errorf("%v is no command line", words)
			}
		}
	}
}
