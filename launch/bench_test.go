package launch_test

import (
	"crypto/sha512"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
)

// BenchmarkFirmware is to cost at most 1.15 times BenchmarkSHA384: the same number
// of hashes of the same sizes.
func BenchmarkFirmware(b *testing.B) {
	spec := boot.AmdSev()
	spec.Size = 4 << 20
	image := spec.Encode()
	b.SetBytes(int64(len(image)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := launch.ParseFirmware(image); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSHA384(b *testing.B) {
	page, info := make([]byte, 4096), make([]byte, 112)
	b.SetBytes(4 << 20)
	for b.Loop() {
		for range 1024 {
			sum := sha512.Sum384(page)
			copy(info[48:], sum[:])
			sum = sha512.Sum384(info)
			copy(info, sum[:])
		}
	}
}

// BenchmarkExplain is a search of everything that finds nothing.
func BenchmarkExplain(b *testing.B) {
	f, err := launch.ParseFirmware(boot.AmdSev().Encode())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if found, err := (launch.Guest{Firmware: f}).Explain(launch.Digest{1}); err != nil || len(found) > 0 {
			b.Fatal(found, err)
		}
	}
}

func BenchmarkIGVM(b *testing.B) {
	image := boot.DefaultIGVM().Encode()
	for b.Loop() {
		f, err := launch.ParseIGVM(image)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (launch.Guest{VMM: launch.HyperV, IGVM: f}).Measure(); err != nil {
			b.Fatal(err)
		}
	}
}
