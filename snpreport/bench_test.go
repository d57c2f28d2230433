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
