package launch_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// refusal fails the test unless err names a rule of this package, or of JSON, and a
// place in the input.
func refusal(t *testing.T, err error, size int) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Rule == "" || e.Where == "" || e.Expected == "" || e.Offset < rule.NoOffset || e.Offset > size {
		t.Fatalf("bad refusal: %#v", err)
	}
}

// Firmware that is read has sections that can be launched, and every launch of it has
// as many pages as they have.
func FuzzFirmware(f *testing.F) {
	f.Add(boot.AmdSev().Encode())
	f.Add(lgtmImage())
	f.Fuzz(func(t *testing.T, image []byte) {
		firmware, err := launch.ParseFirmware(image)
		if err != nil {
			refusal(t, err, len(image))
			return
		}
		g := launch.Guest{VMM: launch.EC2, Firmware: firmware, VCPUs: []int{1}}
		ranges, err := g.Ranges()
		if err != nil || len(ranges) != len(firmware.Metadata.Sections)+2 && len(ranges) > 2+64 {
			t.Fatalf("%v, %v", ranges, err)
		}
		pages := 0
		for _, r := range ranges {
			pages += r.Pages
			if end := r.GPA + uint64(r.Pages)*4096; r.Type != launch.VMSA && end > 1<<32 || r.After == (launch.Digest{}) {
				t.Fatalf("%+v", r)
			}
		}
		if most := (len(image) + 64<<20) / 4096; pages > most+1 {
			t.Fatalf("%d pages, at most %d", pages, most)
		}
	})
}

func FuzzIGVM(f *testing.F) {
	f.Add(boot.DefaultIGVM().Encode())
	f.Add(boot.IGVMSpec{Version: 2, Headers: []boot.IGVMHeader{boot.IGVMPlatform(1, 2)}}.Encode())
	f.Fuzz(func(t *testing.T, image []byte) {
		if len(image) >= 24 { // the checksum would hide the rest
			spec := boot.IGVMSpec{Fixed: image[:24]}
			copy(image[20:24], spec.Sum(image))
		}
		file, err := launch.ParseIGVM(image)
		if err != nil {
			refusal(t, err, len(image))
			return
		}
		list, err := launch.Guest{VMM: launch.CHVIGVM, IGVM: file}.Measure()
		if err != nil || len(list) != 1 || list[0].VCPUs < 1 || list[0].Digest == (launch.Digest{}) {
			t.Fatalf("%v, %v", list, err)
		}
	})
}

// What is read of a block writes the same bytes.
func FuzzIDBlock(f *testing.F) {
	spec := boot.DefaultIDBlock(someDigest)
	f.Add(spec.Block(), spec.Auth())
	spec.Author = nil
	f.Add(spec.Block(), spec.Auth())
	f.Fuzz(func(t *testing.T, block, auth []byte) {
		if b, err := launch.ParseIDBlock(block); err != nil {
			refusal(t, err, len(block))
		} else if again := (boot.IDBlockSpec{Digest: b.LaunchDigest, FamilyID: b.FamilyID, ImageID: b.ImageID, GuestSVN: b.GuestSVN, Policy: uint64(b.Policy)}).Block(); !cmp.Equal(again, block) {
			t.Fatalf("%x reads as %x", block, again)
		}
		if _, err := launch.ParseIDAuth(auth); err != nil {
			refusal(t, err, len(auth))
		}
	})
}

func FuzzLaunchFile(f *testing.F) {
	f.Add([]byte(`{"schema": "attest.launch/v1", "vmm": "ec2-rdx0", "vcpus": "3-4", "firmware": ` + seedFirmware + `}`))
	f.Add([]byte(`{"schema": "attest.launch/v1", "vmm": "hyperv", "igvm": {"file": "a/b"}}`))
	f.Add([]byte(`{"schema": "attest.launch/v1", "vmm": "qemu", "vcpus": [1, 2, 4], "cpu": "23/1/2", "features": "0x1", "firmware": {"file": "OVMF.fd"}, "kernel": {"file": "k"}, "cmdline": "c"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := launch.ParseFile(text)
		if err != nil {
			refusal(t, err, len(text))
			return
		}
		if file.Guest.Firmware == nil && file.FirmwareFile == "" && file.IGVMFile == "" {
			t.Fatal("nothing to launch")
		}
		if list, err := file.Guest.Measure(); err != nil {
			refusal(t, err, len(text))
		} else if len(list) != len(file.Guest.VCPUs) {
			t.Fatalf("%d measurements", len(list))
		}
	})
}
