package snpreport

import "testing"

func sample() []byte {
	b := make([]byte, Size)
	b[0] = 3
	b[0x34] = 1
	b[0x188], b[0x189], b[0x18a] = 0x19, 1, 1
	return b
}

func BenchmarkParseInto(b *testing.B) {
	raw := sample()
	var r Report
	b.ReportAllocs()
	for b.Loop() {
		if err := r.UnmarshalBinary(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopy(b *testing.B) {
	raw := sample()
	var dst [Size]byte
	for b.Loop() {
		dst = [Size]byte(raw)
	}
	_ = dst
}
