package artefact_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
)

type folder struct {
	t *testing.T
	artefact.Reader
	dir   string
	notes []string
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t, dir: t.TempDir()}
	f.Note = func(format string, args ...any) { f.notes = append(f.notes, fmt.Sprintf(format, args...)) }
	f.write("OVMF.fd", boot.AmdSev().Encode())
	f.write("sub/vmlinuz", []byte("kernel"))
	f.write("initrd", []byte("initrd"))
	f.write("x.igvm", boot.DefaultIGVM().Encode())
	return f
}

func (f *folder) write(name string, data []byte) string {
	f.t.Helper()
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

const head = `{"schema": "attest.launch/v1", "vmm": "qemu", "cpu": "EPYC-v4", "vcpus": [1, 2], "firmware": {"file": "OVMF.fd"}`

// launch reads a launch file.
func (f *folder) launch(text string) (*artefact.Launch, error) {
	return f.LaunchFile(f.t.Context(), f.write("launch.json", []byte(text)))
}

func ruleOf(err error) string {
	var named interface{ Rule() string }
	if errors.As(err, &named) {
		return named.Rule()
	}
	return ""
}

func TestLaunchFile(t *testing.T) {
	f := newFolder(t)
	l, err := f.launch(head + `, "kernel": {"file": "sub/vmlinuz"}, "initrd": {"file": "initrd"}, "cmdline": "a"}`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := artefact.Demand([]*artefact.Launch{l})
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	spec := boot.LaunchSpec{Image: boot.AmdSev().Encode(), Firmware: boot.AmdSev(), VMM: "qemu", CPU: 0x800F12, Features: 1,
		Kernel: &boot.KernelSpec{Kernel: []byte("kernel"), Initrd: []byte("initrd"), Cmdline: "a"}}
	for i, m := range list {
		spec.VCPUs = i + 1
		label := fmt.Sprintf("OVMF.fd, vmlinuz, initrd (vmm=qemu vcpus=%d cpu=0x00800f12 features=0x1)", i+1)
		if m.Measurement != spec.Digest() || m.Label != label {
			t.Errorf("%d: %x %s, want %x %s", i, m.Measurement, m.Label, spec.Digest(), label)
		}
	}
	want := artefact.Input{Name: "sub/vmlinuz", Size: 6, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("kernel")))}
	if len(l.Inputs) != 3 || l.Inputs[1] != want {
		t.Errorf("inputs %v", l.Inputs)
	}
	if l, err = f.launch(`{"schema": "attest.launch/v1", "vmm": "hyperv", "igvm": {"file": "x.igvm"}}`); err != nil || l.Guest.IGVM == nil || l.Names() != "x.igvm" {
		t.Errorf("%+v, %v", l, err)
	}
}

// A measurement that two launch files give is one, with both labels.
func TestDemandIsAUnion(t *testing.T) {
	f := newFolder(t)
	one, err := f.launch(head + `}`)
	if err != nil {
		t.Fatal(err)
	}
	two, err := f.launch(strings.Replace(head, "[1, 2]", `"2-3"`, 1) + `}`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := artefact.Demand([]*artefact.Launch{one, two})
	if err != nil || len(list) != 3 || strings.Count(list[1].Label, "vcpus=2") != 2 || strings.Contains(list[2].Label, " or ") {
		t.Errorf("%v, %v", list, err)
	}
	var many []*artefact.Launch
	for range 30 {
		many = append(many, one)
	}
	if list, err = artefact.Demand(many); err != nil || len(list) != 2 || len(list[0].Label) > 1024 {
		t.Errorf("%v, %v", list, err)
	}
	one.Guest.CPU = 0
	if _, err := artefact.Demand([]*artefact.Launch{one}); ruleOf(err) != "LCH-35" {
		t.Errorf("an open launch: %v", err)
	}
}

// Rules: LCH-64.
func TestFilesAreConfined(t *testing.T) {
	f := newFolder(t)
	outside := filepath.Join(t.TempDir(), "OVMF.fd")
	if err := os.WriteFile(outside, boot.AmdSev().Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(f.dir, name)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	link(outside, "absolute.fd")
	link(filepath.Join("..", filepath.Base(filepath.Dir(outside)), "OVMF.fd"), "relative.fd")
	link(filepath.Dir(outside), "elsewhere")
	link("OVMF.fd", "inside.fd")
	for name, want := range map[string]string{
		"absolute.fd": "escapes", "relative.fd": "escapes", "elsewhere/OVMF.fd": "escapes", "sub": "LCH-64", "none.fd": "no such file",
	} {
		_, err := f.launch(strings.Replace(head, "OVMF.fd", name, 1) + `}`)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), f.dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.launch(strings.Replace(head, "OVMF.fd", "inside.fd", 1) + `}`); err != nil {
		t.Errorf("a link inside of the folder: %v", err)
	}
	guest := launch.Guest{VMM: launch.QEMU, CPU: 1, VCPUs: []int{1}}
	if _, err := f.Files(t.Context(), guest, artefact.Paths{Firmware: filepath.Join(f.dir, "absolute.fd")}); err != nil {
		t.Errorf("a flag may name any file: %v", err)
	}
}

func TestFaults(t *testing.T) {
	f := newFolder(t)
	f.write("large.fd", make([]byte, 16<<20+1))
	f.write("bad.fd", make([]byte, 4096))
	for name, c := range map[string]struct{ text, rule, says string }{
		"too large":      {strings.Replace(head, "OVMF.fd", "large.fd", 1) + `}`, "LCH-64", "large.fd"},
		"no firmware":    {strings.Replace(head, "OVMF.fd", "bad.fd", 1) + `}`, "LCH-11", "bad.fd"},
		"no launch file": {`{}`, "JSN-12", "schema"},
		"empty":          {``, "JSN-04", ""},
		"a path up":      {strings.Replace(head, "OVMF.fd", "../OVMF.fd", 1) + `}`, "LCH-63", "firmware.file"},
		"IGVM":           {`{"schema": "attest.launch/v1", "vmm": "hyperv", "igvm": {"file": "OVMF.fd"}}`, "LCH-40", "OVMF.fd"},
	} {
		_, err := f.launch(c.text)
		if ruleOf(err) != c.rule || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
	if _, err := f.LaunchFile(t.Context(), filepath.Join(f.dir, "none.json")); err == nil || ruleOf(err) != "" {
		t.Errorf("no launch file: %v", err)
	}
	if _, err := f.LaunchFile(t.Context(), f.write("long.json", make([]byte, launch.MaxFile+1))); ruleOf(err) != "LCH-64" {
		t.Errorf("a long launch file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.LaunchFile(ctx, f.write("launch.json", []byte(head+"}"))); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// A large file is hashed without being kept, and it is said how far.
func TestLargeFile(t *testing.T) {
	if !stress.On {
		t.Skip("ATTEST_STRESS is not set: no 256 MiB are hashed")
	}
	f := newFolder(t)
	path := filepath.Join(f.dir, "large")
	file, err := os.Create(path)
	if err == nil {
		err = file.Truncate(256<<20 + 5) // of zeros, and no blocks
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.launch(head + `, "kernel": {"file": "sub/vmlinuz"}, "initrd": {"file": "large"}}`)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if _, err := io.CopyN(hash, zeros{}, 256<<20+5); err != nil {
		t.Fatal(err)
	}
	if l.Guest.Kernel.Initrd != [32]byte(hash.Sum(nil)) || len(f.notes) != 1 || f.notes[0] != "large: 256 of 256 MiB" {
		t.Errorf("%x, %q", l.Guest.Kernel.Initrd, f.notes)
	}
	if _, err := f.launch(head + `, "kernel": {"file": "large"}}`); ruleOf(err) != "LCH-64" {
		t.Errorf("a kernel of more than 256 MiB: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Rules: LCH-73.
func TestMatch(t *testing.T) {
	f := newFolder(t)
	l, err := f.launch(head + `}`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := l.Guest.Measure()
	if err != nil {
		t.Fatal(err)
	}
	l.Guest.VMM, l.Guest.CPU, l.Guest.VCPUs = 0, 0, nil
	list, err := l.Match(want[1].Digest)
	if err != nil || len(list) != 1 || list[0] != want[1] {
		t.Errorf("%v, %v", list, err)
	}
	if ranges, err := l.As(list[0]).Guest.Ranges(); err != nil || ranges[len(ranges)-1].After != want[1].Digest {
		t.Errorf("%v, %v", ranges, err)
	}
	_, err = l.Match(launch.Digest{1})
	var e *attest.MeasurementNotAllowedError
	if !errors.As(err, &e) || e.Rule != "LCH-73" || e.Measurement != (launch.Digest{1}).String() {
		t.Errorf("%v", err)
	}
	l.Guest.Kernel = new(launch.Kernel)
	if _, err = l.Match(launch.Digest{1}); attest.ErrorType(err) != "" || err == nil {
		t.Errorf("an unset kernel: %v", err)
	}
}
