package snpreport_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// parseErr parses what must be refused.
func parseErr(t testing.TB, b []byte) *rule.Error {
	t.Helper()
	r, err := snpreport.Parse(b)
	var refusal *rule.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error is %v, want a *rule.Error", err)
	}
	if r != nil {
		t.Error("a report beside an error")
	}
	return refusal
}

// set returns a change of a report.
func set(at int, v ...byte) func([]byte) []byte {
	return func(b []byte) []byte {
		copy(b[at:], v)
		return b
	}
}

func TestRules(t *testing.T) {
	wrong := func(id, field string, offset int, expected, actual string) rule.Error {
		return rule.Error{Rule: id, Where: field, Offset: offset, Expected: expected, Actual: actual}
	}
	version := func(actual string) rule.Error {
		return wrong("RPT-02", "VERSION", 0, "2, 3, 4 or 5", actual)
	}
	six := version("6 (Venice's, recognised but not supported)")
	six.Cause = snpreport.ErrUnsupported
	vmpl := func(actual string) rule.Error { return wrong("RPT-03", "VMPL", 0x30, "0 to 3", actual) }
	algo := func(actual string) rule.Error {
		return wrong("RPT-04", "SIGNATURE_ALGO", 0x34, "1 (ECDSA P-384 with SHA-384)", actual)
	}
	signer := func(actual string) rule.Error {
		return wrong("RPT-06", "KEY_INFO.SIGNING_KEY", 0x48, "0 (vcek) or 1 (vlek)", actual)
	}
	mask := wrong("RPT-05", "KEY_INFO.MASK_CHIP_KEY", 0x48, "0", "1 (the firmware did not sign)")
	reserved := func(actual string) rule.Error {
		return wrong("RPT-17", "KEY_INFO.reserved bits 31:5", 0x48, "0", actual)
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   rule.Error
	}{
		{"nothing", func([]byte) []byte { return nil }, wrong("RPT-01", "report", 0, "1184 bytes", "0 bytes")},
		{"one byte short", func(b []byte) []byte { return b[:1183] }, wrong("RPT-01", "report", 0, "1184 bytes", "1183 bytes")},
		{"one byte long", func(b []byte) []byte { return append(b, 0) }, wrong("RPT-01", "report", 0, "1184 bytes", "1185 bytes")},
		{"host buffer", func(b []byte) []byte { return append(b, make([]byte, 4000)...) }, wrong("RPT-01", "report", 0, "1184 bytes", "5184 bytes")},

		{"version 0", set(0, 0), version("0")},
		{"version 1, pre-production", set(0, 1), version("1")},
		{"version 6", set(0, 6), six},
		{"version 7", set(0, 7), version("7")},
		{"version in the second byte", set(0, 3, 1), version("259")},
		{"version 2^32-1", set(0, 0xff, 0xff, 0xff, 0xff), version("4294967295")},

		{"vmpl 4", set(0x30, 4), vmpl("4")},
		{"vmpl in the last byte", set(0x33, 1), vmpl("16777216")},
		{"vmpl 2^32-2", set(0x30, 0xfe, 0xff, 0xff, 0xff), vmpl("4294967294")},
		{"requested by the host", set(0x30, 0xff, 0xff, 0xff, 0xff), vmpl("0xffffffff (requested by the host, not by the guest)")},

		{"no signature algorithm", set(0x34, 0), algo("0")},
		{"signature algorithm 2", set(0x34, 2), algo("2")},
		{"signature algorithm in the last byte", set(0x37, 1), algo("16777217")},

		{"not signed", set(0x48, 0x02), mask},
		{"not signed, and says so twice", set(0x48, 0x1e), mask},
		{"chip-secret vcek", set(0x48, 2<<2), signer("2 (chip-secret vcek)")},
		{"signing key 3", set(0x48, 3<<2), signer("3 (reserved)")},
		{"signing key 4", set(0x48, 4<<2), signer("4 (reserved)")},
		{"signing key 5", set(0x48, 5<<2), signer("5 (reserved)")},
		{"signing key 6", set(0x48, 6<<2), signer("6 (reserved)")},
		{"signing key none", set(0x48, 7<<2), signer("7 (none)")},
		{"key info bit 5", set(0x48, 1<<5), reserved("0x1")},
		{"key info bit 31", set(0x4B, 0x80), reserved("0x4000000")},

		{"reserved byte", set(0x4C, 1), wrong("RPT-07", "reserved byte", 0x4C, "0x00", "0x01")},
		{"the first reserved byte that is wrong", set(0x290, 2, 1), wrong("RPT-13", "reserved byte", 0x290, "0x00", "0x02")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, version byte) {
				got := parseErr(t, tt.change(blank(version)))
				if diff := cmp.Diff(tt.want, *got, cmpopts.EquateErrors()); diff != "" {
					t.Error(diff)
				}
				if got.Requirement() != tt.want.Rule {
					t.Errorf("Requirement is %s", got.Requirement())
				}
				if unsupported := errors.Is(got, snpreport.ErrUnsupported); unsupported != (tt.want.Cause != nil) {
					t.Errorf("wraps ErrUnsupported: %v", unsupported)
				}
			})
		})
	}
}

// reservedRules are the ranges of AMD 56860 that must be zero, by version.
var reservedRules = []struct {
	rule   string
	lo, hi int
	below  byte // versions below this one
}{
	{"RPT-07", 0x04C, 0x050, 6},
	{"RPT-08", 0x188, 0x18B, 3},
	{"RPT-09", 0x18B, 0x1A0, 6},
	{"RPT-10", 0x1EB, 0x1EC, 6},
	{"RPT-11", 0x1EF, 0x1F0, 6},
	{"RPT-12", 0x1F8, 0x208, 5},
	{"RPT-13", 0x208, 0x2A0, 6},
	{"RPT-14", 0x2D0, 0x2E8, 6},
	{"RPT-15", 0x318, 0x330, 6},
	{"RPT-16", 0x330, 0x4A0, 6},
}

// TestEveryReservedByte sets each bit of each reserved byte in each version,
// and each byte that isn't reserved in a version that gives it a meaning.
func TestEveryReservedByte(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		for _, f := range reservedRules {
			for at := f.lo; at < f.hi; at++ {
				for bit := range 8 {
					b := filled(version)
					b[at] = 1 << bit
					if version >= f.below {
						parse(t, b)
						continue
					}
					want := rule.Error{
						Rule: f.rule, Where: "reserved byte", Offset: at, Expected: "0x00", Actual: fmt.Sprintf("0x%02x", 1<<bit),
					}
					if got := parseErr(t, b); *got != want {
						t.Fatalf("byte %#x: %v (%s), want %v (%s)", at, got, got.Rule, &want, want.Rule)
					}
				}
			}
		}
	})
}

func TestEveryAcceptedValueOfTheCheckedFields(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		for vmpl := range byte(4) {
			if r := parse(t, set(0x30, vmpl)(blank(version))); r.VMPL != uint32(vmpl) {
				t.Errorf("VMPL is %d, want %d", r.VMPL, vmpl)
			}
		}
		for _, tt := range []struct {
			keyInfo byte
			signer  snpreport.SigningKey
			author  bool
		}{{0, snpreport.VCEK, false}, {1, snpreport.VCEK, true}, {4, snpreport.VLEK, false}, {5, snpreport.VLEK, true}} {
			k := parse(t, set(0x48, tt.keyInfo)(blank(version))).KeyInfo
			if k.SigningKey() != tt.signer || k.AuthorKeyEn() != tt.author || k.MaskChipKey() {
				t.Errorf("KEY_INFO %d is %v, %v, %v", tt.keyInfo, k.SigningKey(), k.AuthorKeyEn(), k.MaskChipKey())
			}
		}
	})
}

// TestOrderOfChecks breaks every rule, then mends one after the other: the one
// with the lowest offset decides.
func TestOrderOfChecks(t *testing.T) {
	faults := []struct {
		rule   string
		change func([]byte) []byte
	}{
		{"RPT-01", func(b []byte) []byte { return append(b, 0) }},
		{"RPT-02", set(0, 1)},
		{"RPT-03", set(0x30, 4)},
		{"RPT-04", set(0x34, 2)},
		{"RPT-05", set(0x48, 0x3e)},
		{"RPT-06", set(0x48, 0x3c)},
		{"RPT-17", set(0x48, 0x20)},
		{"RPT-07", set(0x4F, 1)},
		{"RPT-08", set(0x18A, 1)},
		{"RPT-09", set(0x19F, 1)},
		{"RPT-10", set(0x1EB, 1)},
		{"RPT-11", set(0x1EF, 1)},
		{"RPT-12", set(0x207, 1)},
		{"RPT-13", set(0x29F, 1)},
		{"RPT-14", set(0x2E7, 1)},
		{"RPT-15", set(0x32F, 1)},
		{"RPT-16", set(0x49F, 1)},
	}
	for i, first := range faults {
		b := blank(2)
		for j := len(faults) - 1; j >= i; j-- { // KEY_INFO: the first of its three wins
			b = faults[j].change(b)
		}
		if got := parseErr(t, b); got.Rule != first.rule {
			t.Errorf("got %s, want %s", got.Rule, first.rule)
		}
	}
}

func TestUnmarshalLeavesTheZeroReportOnError(t *testing.T) {
	for _, f := range []struct {
		name string
		bad  []byte
	}{{"size", blank(3)[1:]}, {"content", blank(1)}} {
		r := *parse(t, filled(5))
		if err := r.UnmarshalBinary(f.bad); err == nil {
			t.Fatalf("%s: accepted", f.name)
		}
		if r != (snpreport.Report{}) {
			t.Errorf("%s: something is left", f.name)
		}
	}
}

func TestParseKeepsNothingOfItsInput(t *testing.T) {
	b := filled(5)
	r := parse(t, b)
	before := *r
	clear(b)
	if *r != before {
		t.Error("the report changes with the input")
	}
}

func TestUnmarshalDoesNotAllocate(t *testing.T) {
	b := filled(5)
	var r snpreport.Report
	if n := testing.AllocsPerRun(100, func() {
		if err := r.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParseErrorMessage(t *testing.T) {
	const want = "VMPL at offset 0x30: expected 0 to 3, got 4 [RPT-03]"
	if got := parseErr(t, set(0x30, 4)(blank(3))).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
