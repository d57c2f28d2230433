package snpreport_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

func TestProductNames(t *testing.T) {
	want := []string{"Milan", "Genoa", "Turin"}
	got := snpreport.Products()
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, p := range got {
		if p.String() != want[i] {
			t.Errorf("%d is %v, want %s", i, p, want[i])
		}
		if q, ok := snpreport.ParseProduct(want[i]); !ok || q != p {
			t.Errorf("%s is %v, %v", want[i], q, ok)
		}
	}
	for _, p := range []snpreport.Product{0, snpreport.Turin + 1, 255} {
		if p.String() != "unknown product" || p.ChipIDSize() != 0 {
			t.Errorf("product %d is %v with %d bytes of CHIP_ID", uint8(p), p, p.ChipIDSize())
		}
	}
	for _, name := range []string{"", "milan", "MILAN", "Milan ", "Milan-B1", "Bergamo", "Siena", "Venice", "unknown product"} {
		if p, ok := snpreport.ParseProduct(name); ok || p != 0 {
			t.Errorf("%q is %v", name, p)
		}
	}
}

// TestDies classifies every family and model. AMD 57230, section 1.5.
func TestDies(t *testing.T) {
	const venice = 255
	ranges := []struct {
		family, first, last int
		want                snpreport.Product
	}{
		{0x19, 0x00, 0x0F, snpreport.Milan},
		{0x19, 0x10, 0x1F, snpreport.Genoa},
		{0x19, 0xA0, 0xAF, snpreport.Genoa},
		{0x1A, 0x00, 0x1F, snpreport.Turin},
		{0x1A, 0x50, 0x57, venice},
		{0x1A, 0x90, 0x9F, venice},
		{0x1A, 0xA0, 0xAF, venice},
		{0x1A, 0xC0, 0xC7, venice},
	}
	var expected [256][256]snpreport.Product
	for _, r := range ranges {
		for model := r.first; model <= r.last; model++ {
			expected[r.family][model] = r.want
		}
	}
	for family := range 256 {
		for model := range 256 {
			for _, stepping := range []uint8{0, 1, 255} {
				c := snpreport.CPUID{Family: uint8(family), Model: uint8(model), Stepping: stepping}
				p, err := c.Product()
				want := expected[family][model]
				if want == venice {
					if p != 0 || !errors.Is(err, snpreport.ErrUnsupported) || !strings.Contains(err.Error(), "Venice") {
						t.Fatalf("%v is %v, %v; want Venice, unsupported", c, p, err)
					}
					continue
				}
				if p != want || (err == nil) != (want != 0) || errors.Is(err, snpreport.ErrUnsupported) {
					t.Fatalf("%v is %v, %v; want %v", c, p, err, want)
				}
			}
		}
	}
}

func TestDieString(t *testing.T) {
	for c, want := range map[snpreport.CPUID]string{
		{Family: 0x19, Model: 0xa0, Stepping: 2}: "19-a0-2",
		{Family: 0x1a, Model: 0x02, Stepping: 1}: "1a-02-1",
		{}:                                       "00-00-0",
	} {
		if c.String() != want {
			t.Errorf("%q, want %q", c, want)
		}
	}
}

func TestChipIDSize(t *testing.T) {
	for p, want := range map[snpreport.Product]int{snpreport.Milan: 64, snpreport.Genoa: 64, snpreport.Turin: 8} {
		if p.ChipIDSize() != want {
			t.Errorf("%v: %d, want %d", p, p.ChipIDSize(), want)
		}
	}
}

// TestFirmwareOrder: by major, then minor, then build.
func TestFirmwareOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.ByteRange(0, 2)
		draw := func(name string) snpreport.Firmware {
			return snpreport.Firmware{Major: small.Draw(t, name), Minor: small.Draw(t, name), Build: small.Draw(t, name)}
		}
		a, b := draw("a"), draw("b")
		number := func(f snpreport.Firmware) int { return int(f.Major)<<16 | int(f.Minor)<<8 | int(f.Build) }
		want := 0
		if number(a) < number(b) {
			want = -1
		} else if number(a) > number(b) {
			want = 1
		}
		if got := a.Compare(b); got != want {
			t.Fatalf("%v against %v is %d, want %d", a, b, got, want)
		}
	})
	if s := (snpreport.Firmware{Major: 1, Minor: 55, Build: 29}).String(); s != "1.55.29" {
		t.Error(s)
	}
}
