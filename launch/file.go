package launch

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// The launch file's schema, and the greatest sizes in bytes of a launch file and of
// what it names, besides MaxFirmware.
const (
	Schema    = "attest.launch/v1"
	MaxFile   = 1 << 20
	MaxKernel = 256 << 20
	MaxInitrd = 4 << 30
	maxPath   = 1024
)

// A File is a launch file. What it names by a file, a slash-separated path below
// the folder of the launch file, the caller must put into Guest: Firmware by
// ParseFirmware, IGVM by ParseIGVM, and into Guest.Kernel the SHA-256 of the kernel
// and of the initial RAM disk.
type File struct {
	Guest        Guest
	FirmwareFile string
	KernelFile   string
	InitrdFile   string
	IGVMFile     string
}

// ParseFile reads a launch file. The error is a *rule.Error. Checked in this order:
// the text as JSON (SPEC.md section 9); unknown members; schema; each member in the
// order of docs/spec/launch.md section 22.7; which members stand together. It leaves to Measure
// which are missing.
// Rules: LCH-60, LCH-61, LCH-62, LCH-63.
func ParseFile(data []byte) (*File, error) {
	f := new(File)
	known := []string{"schema", "vmm", "vcpus", "cpu", "features", "firmware", "kernel", "initrd", "cmdline", "igvm"}
	var late error // of the metadata, which has no place in the text
	err := strictjson.Decode(data, MaxFile, known, func(o *strictjson.Object) {
		o.RefuseUnknown()
		if v := o.Required("schema"); v.NonEmpty() != Schema {
			v.Fail("LCH-60", strictjson.Quote(Schema), strictjson.Quote(v.Text()))
		}
		f.Guest.VMM = scalar(o, "vmm", ParseVMM)
		f.Guest.VCPUs = vcpus(o)
		f.Guest.CPU = scalar(o, "cpu", ParseCPU)
		f.Guest.Features = scalar(o, "features", ParseFeatures)
		late = f.firmware(o)
		f.kernel(o)
		if v, ok := o.Optional("igvm"); ok {
			in := v.Object("file")
			in.RefuseUnknown()
			f.IGVMFile = path(in.Required("file"))
		}
		if o.Has("igvm") == o.Has("firmware") {
			o.Fail("LCH-61", "one of firmware and igvm", "both or neither")
		}
	})
	if err = cmp.Or(err, late); err != nil {
		return nil, err
	}
	return f, nil
}

// scalar reads a string that parse knows.
func scalar[T any](o *strictjson.Object, name string, parse func(string) (T, error)) (t T) {
	if v, ok := o.Optional(name); ok {
		t = parsed(v, v.NonEmpty(), parse)
	}
	return t
}

func parsed[T any](v strictjson.Value, s string, parse func(string) (T, error)) T {
	t, err := parse(s)
	if err != nil {
		e := err.(*rule.Error) // as all are of this package
		v.Fail(e.Rule, e.Expected, e.Actual)
	}
	return t
}

// vcpus reads numbers of virtual processors: an array, or a string as in
// ParseVCPUs.
func vcpus(o *strictjson.Object) []int {
	v, _ := o.Optional("vcpus") // of which there is nothing to read when it is absent
	if v.IsString() {
		s := v.NonEmpty()
		if !strings.Contains(s, "-") {
			v.Fail("LCH-33", "a range such as 1-8, or an array of numbers", strictjson.Quote(s))
		}
		return parsed(v, s, ParseVCPUs)
	}
	var list []int
	for _, e := range v.Array(1, MaxVCPUs) {
		n := int(e.Int(1, MaxVCPUs))
		if len(list) > 0 && n <= list[len(list)-1] {
			e.Fail("LCH-33", "ascending numbers", fmt.Sprint(n))
		}
		list = append(list, n)
	}
	return list
}

// ParseVCPUs reads "N", "N,M,…" or "A-B": numbers of virtual processors in
// decimal, ascending, 1 to 512.
// Rules: LCH-33.
func ParseVCPUs(s string) ([]int, error) {
	const form = "ascending numbers from 1 to 512 such as 1,2,4 or a range such as 1-8"
	low, high, isRange := strings.Cut(s, "-")
	texts := strings.Split(s, ",")
	if isRange {
		texts = []string{low, high}
	}
	var list []int
	last := 0
	for _, t := range texts {
		n, ok := parseDecimal(t)
		if !ok || int(n) <= last || n > MaxVCPUs {
			return nil, wrong("LCH-33", "vcpus", form, strictjson.Quote(s))
		}
		if isRange && len(list) > 0 {
			for range int(n) - 1 - last {
				last++
				list = append(list, last)
			}
		}
		last = int(n)
		list = append(list, last)
	}
	return list, nil
}

// firmware reads a file's name, or a launch hash and metadata. The error is that of
// the metadata as a whole.
func (f *File) firmware(o *strictjson.Object) error {
	v, ok := o.Optional("firmware")
	if !ok {
		return nil
	}
	in := v.Object("file", "launch_hash", "metadata")
	in.RefuseUnknown()
	if v, ok := in.Optional("file"); ok {
		f.FirmwareFile = path(v)
		if in.Has("launch_hash") || in.Has("metadata") {
			in.Fail("LCH-61", "file alone, or launch_hash and metadata", "both")
		}
		return nil
	}
	hash := Digest(strictjson.Hex[[48]byte](in.Required("launch_hash")))
	meta := in.Required("metadata").Object("sections", "hash_table", "ap_reset")
	meta.RefuseUnknown()
	var m Metadata
	for _, e := range meta.Required("sections").Array(1, maxSections) {
		s := e.Object("gpa", "size", "type")
		s.RefuseUnknown()
		s.Required("gpa")
		s.Required("size")
		m.Sections = append(m.Sections, Section{scalar(s, "gpa", parseAddress), scalar(s, "size", parseAddress), SectionType(s.Required("type").Int(0, 1<<32-1))})
	}
	m.HashTable, m.APReset = scalar(meta, "hash_table", parseAddress), scalar(meta, "ap_reset", parseAddress)
	f.Guest.Firmware = &Firmware{LaunchHash: hash, Metadata: m}
	return f.Guest.Firmware.check()
}

// parseAddress reads 0x and 1 to 8 lower-case hex digits that are not 0.
func parseAddress(s string) (uint32, error) {
	if n := parseHex(s, 8); n != 0 {
		return uint32(n), nil
	}
	return 0, wrong("LCH-62", "", "0x and 1 to 8 lower-case hex digits, not 0", strictjson.Quote(s))
}

// kernel reads kernel, initrd and cmdline.
func (f *File) kernel(o *strictjson.Object) {
	v, ok := o.Optional("kernel")
	if !ok {
		if o.Has("initrd") || o.Has("cmdline") {
			o.Fail("LCH-61", "a kernel with initrd and cmdline", "none")
		}
		return
	}
	k := &Kernel{Initrd: NoInitrd()}
	f.KernelFile, k.Kernel = artefact(v)
	if v, ok := o.Optional("initrd"); ok {
		f.InitrdFile, k.Initrd = artefact(v)
	}
	cmdline, _ := o.Optional("cmdline")
	k.Cmdline = parsed(cmdline, cmdline.Text(), CommandLine) // "" when it is absent
	f.Guest.Kernel = k
}

// artefact reads a file's name, or the SHA-256 of the file.
func artefact(v strictjson.Value) (file string, digest [32]byte) {
	in := v.Object("file", "sha256")
	in.RefuseUnknown()
	name, named := in.Optional("file")
	sum, known := in.Optional("sha256")
	if named == known {
		in.Fail("LCH-61", "one of file and sha256", "both or neither")
		return "", digest
	}
	if known {
		return "", strictjson.Hex[[32]byte](sum)
	}
	return path(name), digest
}

// path reads a slash-separated path that leads down from a folder on every system.
// Rules: LCH-63.
func path(v strictjson.Value) string {
	s := v.NonEmpty()
	good := len(s) <= maxPath && !strings.ContainsAny(s, `\:`) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	for element := range strings.SplitSeq(s, "/") {
		good = good && element != "" && element != "." && element != ".."
	}
	if !good {
		v.Fail("LCH-63", "a path below the folder of the launch file, with / between names, at most "+strconv.Itoa(maxPath)+" bytes", strictjson.Quote(s))
		return ""
	}
	return s
}
