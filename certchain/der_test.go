package certchain_test

import (
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/certchain"
)

// TestMeasure: elements begin and end where cryptobyte says, for every form of a
// length, and for inputs one byte shorter and longer than that.
func TestMeasure(t *testing.T) {
	var heads [][]byte
	for n := range 256 {
		heads = append(heads, []byte{0x30, byte(n)}, []byte{0x31, byte(n)}, []byte{0x30, 0x80, byte(n)}, []byte{0x30, 0x81, byte(n)})
		for _, m := range []byte{0x00, 0x01, 0x7f, 0x80, 0xff} {
			heads = append(heads, []byte{0x30, 0x82, byte(n), m}, []byte{0x30, 0x83, byte(n % 3), m, byte(n)}, []byte{0x30, 0x84, 0, byte(n % 2), m, 0})
		}
	}
	whole := make([]byte, 3<<16+8)
	elements := 0
	for _, head := range heads {
		sizes := []int{len(head), 3 << 16}
		copy(whole, head)
		if _, n := certchain.Measure(whole[:3<<16], asn1.SEQUENCE); n > 0 {
			sizes = append(sizes, n-1, n, n+1)
		}
		for _, size := range sizes {
			s := cryptobyte.String(whole[:size])
			var element, body cryptobyte.String
			wantWhole, wantHeader := 0, 0
			if rest := s; rest.ReadASN1Element(&element, asn1.SEQUENCE) && s.ReadASN1(&body, asn1.SEQUENCE) {
				wantWhole, wantHeader = len(element), len(element)-len(body)
				elements++
			}
			if header, n := certchain.Measure(whole[:size], asn1.SEQUENCE); header != wantHeader || n != wantWhole {
				t.Fatalf("%x, %d bytes: header %d, whole %d; cryptobyte: %d, %d", head, size, header, n, wantHeader, wantWhole)
			}
		}
	}
	if elements < 1000 {
		t.Errorf("only %d were elements", elements)
	}
	for n := range 6 {
		if _, whole := certchain.Measure([]byte{0x30, 0x83, 1, 0, 0}[:min(n, 5)], asn1.SEQUENCE); whole != 0 {
			t.Errorf("%d bytes", n)
		}
	}
}
