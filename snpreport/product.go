package snpreport

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrUnsupported is wrapped by the error about a thing that AMD has defined and
// this package knows by name, but does not verify: report version 6, Venice.
var ErrUnsupported = errors.New("recognised, but not supported")

// Product is a processor line with AMD signing keys of its own. It decides the
// layout of every TCB_VERSION and the length of the chip identifier.
type Product uint8

// The zero Product is none of them and is refused everywhere.
const (
	Milan Product = iota + 1 // EPYC 7003
	Genoa                    // EPYC 9004, with Genoa-X, Bergamo and Siena
	Turin                    // EPYC 9005, with Turin Dense
)

var productNames = [...]string{Milan: "Milan", Genoa: "Genoa", Turin: "Turin"}

// Products returns every supported product, oldest first.
func Products() []Product { return []Product{Milan, Genoa, Turin} }

// String returns the name that AMD's certificates and key server use.
func (p Product) String() string {
	if p == 0 || int(p) >= len(productNames) {
		return "unknown product"
	}
	return productNames[p]
}

// ParseProduct is the inverse of String, exact in case.
func ParseProduct(name string) (p Product, ok bool) {
	i := slices.Index(productNames[:], name)
	return Product(max(i, 0)), i > 0
}

// ChipIDSize returns how many bytes of CHIP_ID, and of a VCEK's hwID, identify
// a chip of this product: 8 for Turin, 64 for those before, 0 for the zero
// Product. The rest of CHIP_ID is zero.
func (p Product) ChipIDSize() int {
	switch p {
	case Milan, Genoa:
		return 64
	case Turin:
		return 8
	}
	return 0
}

// CPUID is the die that made a report: the combined (base plus extended) family
// and model, and the stepping.
type CPUID struct {
	Family, Model, Stepping uint8
}

// String returns the die as "ff-mm-s" in lower-case hex, e.g. "19-a0-2".
func (c CPUID) String() string { return fmt.Sprintf("%02x-%02x-%x", c.Family, c.Model, c.Stepping) }

// dieRanges is AMD 57230 section 1.5. Models are inclusive at both ends.
// Product 0 marks a line that is known by name only.
var dieRanges = []struct {
	family, first, last uint8
	product             Product
	name                string
}{
	{0x19, 0x00, 0x0f, Milan, "Milan"},
	{0x19, 0x10, 0x1f, Genoa, "Genoa"},
	{0x19, 0xa0, 0xaf, Genoa, "Bergamo or Siena"},
	{0x1a, 0x00, 0x1f, Turin, "Turin"},
	{0x1a, 0x50, 0x57, 0, "Venice"},
	{0x1a, 0x90, 0x9f, 0, "Venice"},
	{0x1a, 0xa0, 0xaf, 0, "Venice"},
	{0x1a, 0xc0, 0xc7, 0, "Venice"},
}

// Product returns the product of a die. Stepping plays no part. The error names
// a line that is known but not supported, and then wraps ErrUnsupported.
func (c CPUID) Product() (Product, error) {
	for _, d := range dieRanges {
		if c.Family != d.family || c.Model < d.first || c.Model > d.last {
			continue
		}
		if d.product == 0 {
			return 0, fmt.Errorf("CPUID %v is %s: %w", c, d.name, ErrUnsupported)
		}
		return d.product, nil
	}
	return 0, fmt.Errorf("CPUID %v is no known SEV-SNP processor", c)
}

// Firmware is a version of the SEV-SNP firmware. Build numbers count per
// product; they cannot be compared between products.
type Firmware struct {
	Major, Minor, Build uint8
}

// String returns e.g. "1.55.29".
func (f Firmware) String() string { return fmt.Sprintf("%d.%d.%d", f.Major, f.Minor, f.Build) }

// Compare orders by major, then minor, then build: -1, 0 or +1.
func (f Firmware) Compare(g Firmware) int {
	return cmp.Or(cmp.Compare(f.Major, g.Major), cmp.Compare(f.Minor, g.Minor), cmp.Compare(f.Build, g.Build))
}
