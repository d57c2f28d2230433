package snpreport_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// acceptable is the slow and obvious reading of the rules for reports.
func acceptable(b []byte) bool {
	if len(b) != size {
		return false
	}
	version := binary.LittleEndian.Uint32(b)
	if version < 2 || version > 5 {
		return false
	}
	for _, f := range layout {
		if int(version) < int(f.since) && !bytes.Equal(b[f.off:f.off+f.size], make([]byte, f.size)) {
			return false
		}
	}
	keyInfo := binary.LittleEndian.Uint32(b[0x48:])
	return binary.LittleEndian.Uint32(b[0x30:]) <= 3 && binary.LittleEndian.Uint32(b[0x34:]) == 1 &&
		(keyInfo&^1 == 0 || keyInfo&^1 == 4)
}

// checkParse is what holds for every input.
func checkParse(t interface{ Fatalf(string, ...any) }, b []byte) {
	input := bytes.Clone(b)
	r, err := snpreport.Parse(b)
	switch {
	case !bytes.Equal(b, input):
		t.Fatalf("Parse writes to its input")
	case (err == nil) != acceptable(b):
		t.Fatalf("error is %v, a slow reader says %v", err, acceptable(b))
	case err != nil && r != nil:
		t.Fatalf("a report beside an error")
	case err == nil && r.Marshal() != [size]byte(b):
		t.Fatalf("Marshal differs from what was parsed")
	case err == nil && r.Raw() != [size]byte(b):
		t.Fatalf("Raw differs from what was parsed")
	}
	if err == nil {
		return
	}
	e, ok := err.(*rule.Error)
	if !ok || e.Rule == "" || e.Where == "" || e.Expected == "" || e.Actual == "" || len(e.Error()) > 200 {
		t.Fatalf("poor error: %v", err)
	}
}

// TestEveryBit flips each bit of a report that has every byte set: it is either
// refused, or seen in a field.
func TestEveryBit(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		valid := filled(version)
		for bit := range size * 8 {
			valid[bit/8] ^= 1 << (bit % 8)
			checkParse(t, valid)
			valid[bit/8] ^= 1 << (bit % 8)
		}
		checkParse(t, valid)
		if !acceptable(valid) {
			t.Error("the report to start from isn't valid")
		}
	})
}

// reports draws a valid report.
var reports = rapid.Custom(func(t *rapid.T) []byte {
	version := rapid.ByteRange(2, 5).Draw(t, "version")
	b := make([]byte, size)
	for _, f := range layout {
		if version >= f.since {
			copy(b[f.off:], rapid.SliceOfN(rapid.Byte(), f.size, f.size).Draw(t, f.name))
		}
	}
	binary.LittleEndian.PutUint32(b[0x00:], uint32(version))
	binary.LittleEndian.PutUint32(b[0x30:], rapid.Uint32Range(0, 3).Draw(t, "vmpl"))
	binary.LittleEndian.PutUint32(b[0x34:], 1)
	binary.LittleEndian.PutUint32(b[0x48:], rapid.SampledFrom([]uint32{0, 1, 4, 5}).Draw(t, "key info"))
	return b
})

func TestValidReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := reports.Draw(t, "report")
		if _, err := snpreport.Parse(b); err != nil {
			t.Fatal(err)
		}
		checkParse(t, b)
	})
}

func TestSpoiledReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := reports.Draw(t, "report")
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			b[rapid.IntRange(0, size-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		}
		checkParse(t, b[:rapid.SampledFrom([]int{size, size, size, size - 1}).Draw(t, "length")])
	})
}

// FuzzParse: accepted if and only if the slow reader accepts; what is accepted
// marshals to the same bytes; nothing stands beside an error.
func FuzzParse(f *testing.F) {
	for version := byte(1); version <= 6; version++ {
		f.Add(blank(version))
		f.Add(filled(version))
	}
	for _, r := range reservedRules {
		f.Add(set(r.hi-1, 1)(filled(4)))
	}
	f.Add([]byte{})
	f.Add(make([]byte, size))
	f.Add(bytes.Repeat([]byte{0xff}, size))
	f.Add(append(blank(3), 0))
	f.Fuzz(func(t *testing.T, b []byte) { checkParse(t, b) })
}
