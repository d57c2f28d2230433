package policy

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/snpreport"
)

// The demands on the guest: how it was launched and what it says. Each returns
// false when the rule set does not demand it.

// POL-02.
func demandMeasurement(e *evaluation, s *rules) bool {
	if s.measurements != nil && !slices.Contains(s.measurements, e.r.Measurement) {
		e.violate("", amount(len(s.measurements), "allowed measurement"), hexOf(e.r.Measurement[:]))
		e.out.Violations[len(e.out.Violations)-1].Allowed = slices.Clone(s.measurementTexts)
	}
	return s.measurements != nil
}

// POL-22.
func demandVMPL(e *evaluation, s *rules) bool {
	if s.vmpl != nil && e.r.VMPL != *s.vmpl {
		e.violate("", decimal(*s.vmpl), decimal(e.r.VMPL))
	}
	return true // POL-11 checks it anyway
}

// POL-24.
func demandGuestRequire(e *evaluation, s *rules) bool {
	e.bits(snpreport.GuestPolicyBits(), s.guestRequire&^uint64(e.r.GuestPolicy), "set", e.r.GuestPolicyState)
	return s.guestRequire != 0
}

// POL-25.
func demandGuestForbid(e *evaluation, s *rules) bool {
	e.bits(snpreport.GuestPolicyBits(), s.guestForbid&uint64(e.r.GuestPolicy), "clear", e.r.GuestPolicyState)
	return true // what matters most is forbidden by POL-05 and POL-06 anyway
}

// bits adds a violation for each bit of wrong. A bit that the report can not say
// is not set either: state tells which.
func (e *evaluation) bits(known []snpreport.Bit, wrong uint64, expected string, state func(snpreport.Bit) snpreport.State) {
	for _, b := range known {
		if wrong&b.Mask != 0 {
			actual := "set"
			switch state(b) {
			case snpreport.Clear:
				actual = "clear"
			case snpreport.Unknown:
				actual = "unknown to a report of this version and firmware"
			}
			e.violate(b.Name, expected, actual)
		}
	}
}

// POL-26. ABI_MAJOR and ABI_MINOR are compared as one.
func demandABI(e *evaluation, s *rules) bool {
	p := e.r.GuestPolicy
	if abi := (snpreport.Firmware{Major: p.ABIMajor(), Minor: p.ABIMinor()}); s.minABI != nil && abi.Compare(*s.minABI) < 0 {
		e.violate("", "at least "+majorMinor(*s.minABI), majorMinor(abi))
	}
	return s.minABI != nil
}

// POL-32.
func demandTailZero(e *evaluation, s *rules) bool {
	if s.tailZero && [32]byte(e.r.ReportData[32:]) != [32]byte{} {
		e.violate("", "all zero", hexOf(e.r.ReportData[32:]))
	}
	return s.tailZero
}

// POL-33.
func demandHostData(e *evaluation, s *rules) bool {
	if s.hostData != nil && !slices.Contains(s.hostData, e.r.HostData) {
		e.violate("", oneOf(s.hostData, func(h [32]byte) string { return hexOf(h[:]) }), hexOf(e.r.HostData[:]))
	}
	return s.hostData != nil
}

// POL-34.
func demandFamilyID(e *evaluation, s *rules) bool {
	if s.familyID != nil && e.r.FamilyID != *s.familyID {
		e.violate("", hexOf(s.familyID[:]), hexOf(e.r.FamilyID[:]))
	}
	return s.familyID != nil
}

// POL-35.
func demandImageID(e *evaluation, s *rules) bool {
	if s.imageID != nil && e.r.ImageID != *s.imageID {
		e.violate("", hexOf(s.imageID[:]), hexOf(e.r.ImageID[:]))
	}
	return s.imageID != nil
}

// POL-36.
func demandReportID(e *evaluation, s *rules) bool {
	if s.reportID != nil && e.r.ReportID != *s.reportID {
		e.violate("", hexOf(s.reportID[:]), hexOf(e.r.ReportID[:]))
	}
	return s.reportID != nil
}

// POL-37.
func demandReportIDMA(e *evaluation, s *rules) bool {
	if s.reportIDMA != nil && e.r.ReportIDMA != *s.reportIDMA {
		e.violate("", hexOf(s.reportIDMA[:]), hexOf(e.r.ReportIDMA[:]))
	}
	return true // POL-07 checks it anyway
}

// POL-43.
func demandGuestSVN(e *evaluation, s *rules) bool {
	if e.r.GuestSVN < s.minGuestSVN {
		e.violate("", "at least "+decimal(s.minGuestSVN), decimal(e.r.GuestSVN))
	}
	return s.minGuestSVN != 0
}

// POL-48. Without an ID block ID_KEY_DIGEST is zero.
func demandIDBlock(e *evaluation, s *rules) bool {
	if s.idBlock.Require && e.r.IDKeyDigest == [48]byte{} {
		e.violate("", "an ID block", "none: ID_KEY_DIGEST is zero")
	}
	return s.idBlock.Require
}

// POL-49. No list has a zero entry, so that this demands an ID block too.
func demandIDKey(e *evaluation, s *rules) bool {
	if s.idKeys != nil && !slices.Contains(s.idKeys, e.r.IDKeyDigest) {
		e.violate("", oneOf(s.idKeys, func(k [48]byte) string { return hexOf(k[:]) }), hexOf(e.r.IDKeyDigest[:]))
	}
	return s.idKeys != nil
}

// POL-50. AUTHOR_KEY_DIGEST means something only when AUTHOR_KEY_EN is set.
func demandAuthorKey(e *evaluation, s *rules) bool {
	if s.authorKeys == nil {
		return false
	}
	if !e.r.KeyInfo.AuthorKeyEn() {
		e.violate("", oneOf(s.authorKeys, func(k [48]byte) string { return hexOf(k[:]) }), "AUTHOR_KEY_EN clear")
	} else if !slices.Contains(s.authorKeys, e.r.AuthorKeyDigest) {
		e.violate("", oneOf(s.authorKeys, func(k [48]byte) string { return hexOf(k[:]) }), hexOf(e.r.AuthorKeyDigest[:]))
	}
	return true
}

// POL-51.
func demandAuthorKeyEn(e *evaluation, s *rules) bool {
	if s.idBlock.RequireAuthorKey && !e.r.KeyInfo.AuthorKeyEn() {
		e.violate("", "AUTHOR_KEY_EN set", "clear")
	}
	return s.idBlock.RequireAuthorKey
}

// POL-52.
func demandNoIDBlock(e *evaluation, s *rules) bool {
	if !s.idBlock.Forbid {
		return false
	}
	if e.r.IDKeyDigest != [48]byte{} {
		e.violate("", "ID_KEY_DIGEST zero", hexOf(e.r.IDKeyDigest[:]))
	}
	if e.r.AuthorKeyDigest != [48]byte{} {
		e.violate("", "AUTHOR_KEY_DIGEST zero", hexOf(e.r.AuthorKeyDigest[:]))
	}
	if e.r.KeyInfo.AuthorKeyEn() {
		e.violate("", "AUTHOR_KEY_EN clear", "set")
	}
	return true
}

// POL-53.
func demandReportData(e *evaluation, s *rules) bool {
	if s.reportData != nil && e.r.ReportData != *s.reportData {
		e.violate("", hexOf(s.reportData[:]), hexOf(e.r.ReportData[:]))
	}
	return s.reportData != nil
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func majorMinor(v snpreport.Firmware) string {
	return decimal(uint32(v.Major)) + "." + decimal(uint32(v.Minor))
}

// amount describes a list that is too long to print.
func amount(n int, what string) string {
	if n == 1 {
		return "the one " + what
	}
	return "one of " + strconv.Itoa(n) + " " + what + "s"
}

// oneOf prints a short list and describes a long one.
func oneOf[A any](list []A, text func(A) string) string {
	if len(list) > 4 {
		return amount(len(list), "allowed value")
	}
	var texts []string
	for _, a := range list {
		texts = append(texts, text(a))
	}
	return strings.Join(texts, " or ")
}

func quote(s string) string { return strictjson.Quote(s) }
