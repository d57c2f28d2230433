package snpreport_test

import (
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

func BenchmarkUnmarshalBinary(b *testing.B) {
	raw := filled(5)
	var r snpreport.Report
	b.ReportAllocs()
	b.SetBytes(size)
	for b.Loop() {
		if err := r.UnmarshalBinary(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCopy is what UnmarshalBinary can't do without.
func BenchmarkCopy(b *testing.B) {
	raw := filled(5)
	var dst [size]byte
	b.ReportAllocs()
	b.SetBytes(size)
	for b.Loop() {
		dst = [size]byte(raw)
	}
	_ = dst
}

func BenchmarkParse(b *testing.B) {
	raw := filled(5)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := snpreport.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifySignature(b *testing.B) {
	key := testKey()
	raw := filled(5)
	sign(b, key, raw)
	r := parse(b, raw)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.VerifySignature(&key.PublicKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	report := filled(5)
	for _, form := range []struct {
		name string
		in   []byte
	}{
		{"raw", report},
		{"hex", hexOf(report)},
		{"base64", base64Of(report)},
		{"guest response", response(report, 4000)},
		{"extended", append(filled(5), table(
			entry{guid: vcek, data: make([]byte, 1360)}, entry{guid: ask, data: make([]byte, 1600)}, entry{guid: ark, data: make([]byte, 1600)})...)},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := snpreport.Open(form.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
