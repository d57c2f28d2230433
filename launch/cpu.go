package launch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
)

// A CPU is the signature of the CPU model that QEMU shows to the guest, CPUID
// Fn0000_0001_EAX. It is not that of the machine, unless QEMU was told so.
type CPU uint32

// models are the CPU models of QEMU.
var models = [...]struct {
	names string
	cpu   CPU
}{
	{"EPYC EPYC-v1 EPYC-v2 EPYC-v3 EPYC-v4 EPYC-IBPB", 0x00800F12},       // 23/1/2
	{"EPYC-Rome EPYC-Rome-v1 EPYC-Rome-v2 EPYC-Rome-v3", 0x00830F10},     // 23/49/0
	{"EPYC-Milan EPYC-Milan-v1 EPYC-Milan-v2 EPYC-Milan-v3", 0x00A00F11}, // 25/1/1
	{"EPYC-Genoa EPYC-Genoa-v1 EPYC-Genoa-v2", 0x00A10F10},               // 25/17/0
	{"EPYC-Turin EPYC-Turin-v1", 0x00B00F00},                             // 26/0/0
}

// NewCPU returns the signature of a family, a model and a stepping. AMD 25481,
// CPUID Fn0000_0001_EAX.
func NewCPU(family, model, stepping uint64) (CPU, error) {
	if family > 15+255 || model > 255 || stepping > 15 {
		return 0, wrong("LCH-31", "cpu", "at most 270/255/15", fmt.Sprintf("%d/%d/%d", family, model, stepping))
	}
	base, extended := min(family, 15), family-min(family, 15)
	return CPU(extended<<20 | model>>4<<16 | base<<8 | model&15<<4 | stepping), nil
}

// ParseCPU reads a CPU model: its name in QEMU, FAMILY/MODEL/STEPPING in decimal,
// or 0x and a signature of 1 to 8 lower-case hex digits that is not 0.
// Rules: LCH-31.
func ParseCPU(s string) (CPU, error) {
	for _, m := range models {
		if slices.Contains(strings.Fields(m.names), s) {
			return m.cpu, nil
		}
	}
	before, rest, _ := strings.Cut(s, "/")
	between, behind, _ := strings.Cut(rest, "/")
	family, ok := parseDecimal(before)
	model, ok2 := parseDecimal(between)
	if stepping, ok3 := parseDecimal(behind); ok && ok2 && ok3 {
		return NewCPU(family, model, stepping)
	}
	if n := parseHex(s, 8); n != 0 {
		return CPU(n), nil
	}
	return 0, wrong("LCH-31", "cpu", "a CPU model of QEMU such as EPYC-v4, FAMILY/MODEL/STEPPING in decimal, or 0x and a signature", strictjson.Quote(s))
}

// String returns the signature as 0x and 8 hex digits, or "" of none.
func (c CPU) String() string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf("0x%08x", uint32(c))
}

// Features is SEV_FEATURES of the VMSA. A report does not show it.
type Features uint64

// SNPActive is set in every SEV-SNP guest.
const SNPActive Features = 1

// String returns 0x and hex digits.
func (f Features) String() string { return fmt.Sprintf("%#x", uint64(f)) }

// ParseFeatures reads 0x and 1 to 16 lower-case hex digits, with bit 0 set.
// Rules: LCH-32.
func ParseFeatures(s string) (Features, error) {
	f := Features(parseHex(s, 16))
	if f.check() != nil {
		return 0, wrong("LCH-32", "features", "0x and 1 to 16 lower-case hex digits, with bit 0 (SNPActive) set", strictjson.Quote(s))
	}
	return f, nil
}

func (f Features) check() error {
	if f&SNPActive == 0 {
		return wrong("LCH-32", "features", "bit 0 (SNPActive) set", f.String())
	}
	return nil
}

// parseHex reads 0x and up to most lower-case hex digits, 16 of them fit. Of anything
// else it returns 0.
func parseHex(s string, most int) uint64 {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) > most || strings.ToLower(digits) != digits {
		return 0
	}
	n, _ := strconv.ParseUint(digits, 16, 64)
	return n
}

// parseDecimal reads decimal digits without leading zeros.
func parseDecimal(s string) (uint64, bool) {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n, strconv.FormatUint(n, 10) == s
}
