package launch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// What is read of texts, up to each bound, and what stands right behind it.
// Rules: LCH-31, LCH-32, LCH-33.
func TestTexts(t *testing.T) {
	for s, want := range map[string]launch.CPU{"0x1": 1, "0xffffffff": 1<<32 - 1, "270/255/15": 0x0FFF_0FFF, "0/0/0": 0, "0x100000001": 0, "0xA1": 0, "0x1A1": 0, "0xaF": 0,
		"0/0x1/2": 0, "0/0/0x": 0, "0/00/1": 0, "18446744073709551615/0/0": 0, "1/2": 0, "1/2/3/4": 0, "0x": 0, "0x0": 0, "x1": 0} {
		if got, err := launch.ParseCPU(s); got != want || (err == nil) != (want != 0 || s == "0/0/0") || err != nil && ruleOf(err) != "LCH-31" {
			t.Errorf("CPU %s: %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]launch.Features{"0x1": 1, "0xffffffffffffffff": 1<<64 - 1, "0x10000000000000001": 0, "0xA1": 0, "0xaF": 0, "0x2": 0, "1": 0, "0xg1": 0} {
		if got, err := launch.ParseFeatures(s); got != want || (err == nil) != (want != 0) || err != nil && ruleOf(err) != "LCH-32" {
			t.Errorf("features %s: %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{"1,4": "[1 4]", "1-4": "[1 2 3 4]", "2-2": "[]", "2-3": "[2 3]", "512": "[512]", "513": "[]", "0": "[]", "511-512": "[511 512]", "512-513": "[]",
		"4-1": "[]", "1,1": "[]", "1-2-3": "[]", "1,2-3": "[]", "01": "[]", "18446744073709551615": "[]", "4294967297": "[]", "": "[]"} {
		if got, err := launch.ParseVCPUs(s); fmt.Sprint(got) != want || (err == nil) != (want != "[]") || err != nil && ruleOf(err) != "LCH-33" {
			t.Errorf("vcpus %s: %v, %v", s, got, err)
		}
	}
}

// How many of each thing a launch file may have.
// Rules: LCH-60, LCH-62.
func TestLaunchFileBounds(t *testing.T) {
	counts := func(n int) string {
		list := []int{}
		for i := range n {
			list = append(list, i+1)
		}
		text, _ := json.Marshal(list)
		return `{"schema": "attest.launch/v1", "firmware": {"file": "a"}, "vcpus": ` + string(text) + `}`
	}
	seed := func(sections, other string) string {
		return `{"schema": "attest.launch/v1", "firmware": {"launch_hash": "` + strings.Repeat("1", 96) + `", "metadata": {"sections": [` + sections + `]` + other + `}}}`
	}
	section := func(i int, kind int64) string {
		return fmt.Sprintf(`{"gpa": "%#x", "size": "0x1000", "type": %d}`, 0x100000+i*0x1000, kind)
	}
	many := func(n int) string {
		list := []string{section(0, 2), section(1, 3)}
		for i := 2; i < n; i++ {
			list = append(list, section(i, 1))
		}
		return strings.Join(list, ",")
	}
	padded := func(size int) string {
		text := counts(1)
		return text + strings.Repeat(" ", size-len(text))
	}
	for name, c := range map[string]struct{ text, id string }{
		"512 counts":                {counts(512), ""},
		"513 counts":                {counts(513), "JSN-16"},
		"no count":                  {counts(0), "JSN-16"},
		"count 512":                 {strings.Replace(counts(1), "[1]", "[512]", 1), ""},
		"count 513":                 {strings.Replace(counts(1), "[1]", "[513]", 1), "JSN-15"},
		"a range of nothing":        {strings.Replace(counts(1), "[1]", `""`, 1), "JSN-12"},
		"64 sections":               {seed(many(64), ""), ""},
		"65 sections":               {seed(many(65), ""), "JSN-16"},
		"1 section":                 {seed(section(0, 2), ""), "LCH-17"},
		"no section":                {seed("", ""), "JSN-16"},
		"type -1":                   {seed(section(0, -1), ""), "JSN-15"},
		"type of 32 bits":           {seed(section(0, 1<<32-1), ""), "LCH-16"},
		"type of 33 bits":           {seed(section(0, 1<<32), ""), "JSN-15"},
		"address of 33 bits":        {seed(many(2), `, "ap_reset": "0x100000000"`), "LCH-62"},
		"1 MiB":                     {padded(1 << 20), ""},
		"1 MiB and a byte":          {padded(1<<20 + 1), "JSN-01"},
		"no schema":                 {`{"schema": "", "firmware": {"file": "a"}}`, "JSN-12"},
		"without launch hash":       {`{"schema": "attest.launch/v1", "firmware": {"metadata": {"sections": [` + many(2) + `]}}}`, "JSN-12"},
		"without metadata":          {`{"schema": "attest.launch/v1", "firmware": {"launch_hash": "` + strings.Repeat("1", 96) + `"}}`, "JSN-12"},
		"metadata without sections": {strings.Replace(seed(many(2), ""), `"sections"`, `"hash_table": "0x1", "x"`, 1), "JSN-11"},
		"metadata of an address":    {`{"schema": "attest.launch/v1", "firmware": {"launch_hash": "` + strings.Repeat("1", 96) + `", "metadata": {"hash_table": "0x1"}}}`, "JSN-12"},
	} {
		if f, err := launch.ParseFile([]byte(c.text)); ruleOf(err) != c.id || (f == nil) != (c.id != "") {
			t.Errorf("%s: %v, want %s", name, err, c.id)
		}
	}
	var e *rule.Error
	if _, err := launch.ParseFile([]byte(seed(section(0, 2)+","+section(0, 3), ""))); !errors.As(err, &e) || e.Rule != "LCH-18" || e.Offset != rule.NoOffset {
		t.Errorf("an overlap: %#v", e) // metadata as a whole have no place in the text
	}
}

// The largest firmware, and tables that end where the file or they themselves do.
// Rules: LCH-10, LCH-12, LCH-15, LCH-16.
func TestFirmwareBounds(t *testing.T) {
	large := boot.AmdSev()
	large.Size = launch.MaxFirmware
	parsed(t, large)

	end := 8192 - 32 - 18
	alone := boot.AmdSev()
	alone.Table = 18
	expectFault(t, alone.Encode(), "LCH-15", "SEV metadata offset", rule.NoOffset)
	before := boot.AmdSev()
	before.Table = 8192 - 32 + 1
	expectFault(t, before.Encode(), "LCH-12", "size of the footer table", end)
	one := boot.AmdSev()
	one.Entries = append(one.List(), boot.Entry{GUID: boot.GUIDSecret, Data: []byte{1, 2, 3, 4}, Size: 23})
	expectFault(t, one.Encode(), "LCH-12", "size of an entry of the footer table", end-22-26-22-18)

	last := func(offset, length uint32) []byte { // metadata of one section in the last bytes
		spec := boot.AmdSev()
		spec.Offset = offset
		image := spec.Encode()
		header := image[len(image)-int(offset):]
		copy(header, "ASEV")
		for at, n := range map[int]uint32{4: length, 8: 1, 12: 1, 16: 0x1000, 20: 0x1000} {
			binary.LittleEndian.PutUint32(header[at:], n)
		}
		if len(header) >= 28 {
			binary.LittleEndian.PutUint32(header[24:], 2)
		}
		return image
	}
	expectFault(t, last(28, 28), "LCH-17", "metadata.sections", rule.NoOffset)
	expectFault(t, last(27, 28), "LCH-15", "metadata.length", 8192-27+4)
	long := boot.AmdSev()
	long.Length = 16 + 12*7 + 1
	expectFault(t, long.Encode(), "LCH-15", "metadata.length", 8192-0x800+4)
	most := boot.AmdSev()
	most.Sections[6] = boot.SectionSpec{GPA: 0x1000000, Size: 64<<20 - 0x10000, Type: 1}
	parsed(t, most)
}

// What is demanded of a guest beside what else it has.
// Rules: LCH-33, LCH-35, LCH-36.
func TestGuestBounds(t *testing.T) {
	spec := boot.AmdSev()
	f := parsed(t, spec)
	igvm, err := launch.ParseIGVM(boot.DefaultIGVM().Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (launch.Guest{VMM: launch.HyperV, IGVM: igvm, Firmware: f}).Measure(); ruleOf(err) != "LCH-35" {
		t.Errorf("firmware beside an IGVM file: %v", err)
	}
	if _, err := (launch.Guest{VMM: launch.GCE, Firmware: f, Features: 1, VCPUs: []int{2, 1}}).Measure(); ruleOf(err) != "LCH-33" {
		t.Errorf("good features and bad counts: %v", err)
	}
	l := boot.LaunchSpec{Image: spec.Encode(), Firmware: spec, VMM: "qemu", VCPUs: 2, Features: 1, CPU: 0x800F12, Wide: true}
	if found, err := (launch.Guest{Firmware: f}).Explain(l.Digest()); err != nil || len(found) != 0 {
		t.Errorf("QEMU at 52 bits: %v, %v", found, err)
	}
	l = boot.LaunchSpec{Image: spec.Encode(), Firmware: spec, VMM: "ec2", VCPUs: 2, Features: 1}
	if found, err := (launch.Guest{Firmware: f, CPU: 0x800F12}).Explain(l.Digest()); err != nil || len(found) != 0 {
		t.Errorf("a CPU model on EC2: %v, %v", found, err)
	}
}

// Ranges are joined where name, type and address follow, and nowhere else.
func TestRangesAreApart(t *testing.T) {
	names := func(g launch.Guest) []string {
		ranges, err := g.Ranges()
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, r := range ranges {
			list = append(list, fmt.Sprint(r.Name, " ", r.Type, " ", r.Pages))
		}
		return list
	}
	got := names(launch.Guest{VMM: launch.EC2, Firmware: parsed(t, boot.AmdSev()), VCPUs: []int{1}})
	if want := []string{"firmware NORMAL 2", "SNP_SEC_MEM ZERO 9", "SNP_SEC_MEM ZERO 3", "SNP_SECRETS SECRETS 1", "SVSM_CAA ZERO 1", "SNP_KERNEL_HASHES ZERO 1", "SNP_SEC_MEM ZERO 15", "CPUID CPUID 1", "VMSA of vCPU 0 VMSA 1"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	vmsa := boot.LaunchSpec{VMM: "qemu", Features: 1}.VMSA(true)
	page := make([]byte, 4096)
	spec := boot.IGVMSpec{Headers: []boot.IGVMHeader{boot.IGVMPlatform(1, 2), boot.IGVMPage(0x1000, 1, 2, 0, page), boot.IGVMPage(0x2000, 1, 0, 0, page),
		boot.IGVMContext(0x3000, 1, 1, vmsa), boot.IGVMContext(0x4000, 1, 10, vmsa), boot.IGVMContext(0x5000, 1, 0, vmsa), boot.IGVMContext(0x6000, 1, 256, vmsa)}}
	file, err := launch.ParseIGVM(spec.Encode())
	if err != nil {
		t.Fatal(err)
	}
	got = names(launch.Guest{VMM: launch.HyperV, IGVM: file})
	if want := []string{"PAGE_DATA UNMEASURED 1", "PAGE_DATA NORMAL 1", "VMSA of vCPU 1 VMSA 1", "VMSA of vCPU 10 VMSA 1", "VMSA of vCPU 0 VMSA 1", "VMSA of vCPU 256 VMSA 1"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Keys and digests, to the last byte and to the first.
// Rules: LCH-53, LCH-54, LCH-57.
func TestIDBlockBounds(t *testing.T) {
	spec := boot.DefaultIDBlock(someDigest)
	unsigned := spec
	unsigned.Author = nil
	with := func(b []byte, at int, value byte) []byte {
		b[at] = value
		return b
	}
	for name, c := range map[string]struct {
		auth      []byte
		id, where string
		offset    int
	}{
		"a last byte of the author's signature": {with(unsigned.Auth(), 0x87F, 1), "LCH-54", "ID_KEY_SIG", 0x87F},
		"a last byte of the author's key":       {with(unsigned.Auth(), 0x880+0x403, 1), "LCH-53", "AUTHOR_KEY.curve", 0x880},
		"curve 3":                               {with(spec.Auth(), 0x240, 3), "LCH-53", "ID_KEY.curve", 0x240},
	} {
		_, _, list := compareIDBlock(spec.Block(), c.auth, nil, nil)
		if len(list) != 1 || list[0].Rule != c.id || list[0].Where != c.where || list[0].Offset != c.offset {
			t.Errorf("%s: %v", name, list)
		}
	}
	for _, n := range [][2]*big.Int{{big.NewInt(1), big.NewInt(1)}, {big.NewInt(1), nil}, {nil, big.NewInt(1)}} {
		//lint:ignore SA1019 no other way makes a key that is no point
		key := ecdsa.PublicKey{Curve: elliptic.P384(), X: n[0], Y: n[1]}
		if d, err := launch.KeyDigest(&key); ruleOf(err) != "LCH-53" || d != (launch.Digest{}) {
			t.Errorf("no point, %v: %v, %v", n, d, err)
		}
	}
	for name, change := range map[string]func(r *snpreport.Report){
		"GUEST_SVN 13": func(r *snpreport.Report) { r.GuestSVN = 13 }, "the first digit of a digest": func(r *snpreport.Report) { r.IDKeyDigest[0] ^= 0x10 },
	} {
		idKey, _ := launch.KeyDigest(&spec.Key.PublicKey)
		author, _ := launch.KeyDigest(&spec.Author.PublicKey)
		r := snpreport.Report{Measurement: someDigest, FamilyID: spec.FamilyID, ImageID: spec.ImageID, GuestSVN: 3, GuestPolicy: 0x30000, IDKeyDigest: idKey, AuthorKeyDigest: author}
		change(&r)
		if _, _, list := compareIDBlock(spec.Block(), spec.Auth(), nil, &r); len(list) != 1 {
			t.Errorf("%s: %v", name, list)
		}
	}
}
