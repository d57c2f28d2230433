package snpreport

import (
	"cmp"
	"fmt"
)

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
