package policy

import (
	"slices"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

// The demands on the guest: how it was launched, and the values that it chose.

// POL-02.
func demandMeasurement(c *compiler, r *Rules) check {
	list, texts := hexList[[48]byte](c, r.Measurements, notZero), slices.Clone(r.Measurements)
	expected := when(list != nil, amount(len(list), "allowed measurement"))
	return several(expected, func(e *evaluation) {
		if !slices.Contains(list, e.r.Measurement) {
			e.add(e.row.name, e.row.broken, expected, hexOf(e.r.Measurement))
			e.out.Violations[len(e.out.Violations)-1].Allowed = slices.Clone(texts)
		}
	})
}

// POL-22.
func demandVMPL(c *compiler, r *Rules) check {
	want, demanded := value(r.VMPL), r.VMPL != nil
	if want > 3 {
		c.fail("POL-72", c.member, "0 to 3", decimal(want))
	}
	return one(when(demanded, decimal(want)), func(e *evaluation) string { return when(e.r.VMPL != want, decimal(e.r.VMPL)) })
}

// POL-24.
func demandGuestRequire(c *compiler, r *Rules) check {
	return requireBits(snpreport.GuestPolicyBits(), c.mask(snpreport.GuestPolicyBits(), r.GuestPolicy.Require, 0), (*snpreport.Report).GuestPolicyState)
}

// POL-25.
func demandGuestForbid(c *compiler, r *Rules) check {
	return forbidBits(snpreport.GuestPolicyBits(), c.forbidden(snpreport.GuestPolicyBits(), r.GuestPolicy.Forbid, r.GuestPolicy.Require), (*snpreport.Report).GuestPolicyState)
}

// requireBits demands bits. One that the report cannot express is not set.
func requireBits(known []snpreport.Bit, mask uint64, state func(*snpreport.Report, snpreport.Bit) snpreport.State) check {
	return several(strings.Join(bitList(known, mask), ", "), func(e *evaluation) {
		for _, b := range known {
			switch s := state(e.r, b); {
			case mask&b.Mask == 0 || s == snpreport.Set:
			case s == snpreport.Unknown:
				e.violatePart(b.Name, "set", "unknown to a report of this version and firmware")
			default:
				e.violatePart(b.Name, "set", "clear")
			}
		}
	})
}

// forbidBits demands that bits are not set.
func forbidBits(known []snpreport.Bit, mask uint64, state func(*snpreport.Report, snpreport.Bit) snpreport.State) check {
	return several(strings.Join(bitList(known, mask), ", "), func(e *evaluation) {
		for _, b := range known {
			if mask&b.Mask != 0 && state(e.r, b) == snpreport.Set {
				e.violatePart(b.Name, "clear", "set")
			}
		}
	})
}

// POL-26. ABI_MAJOR and ABI_MINOR are compared as one.
func demandABI(c *compiler, r *Rules) check {
	low, demanded := c.version(r.GuestPolicy.MinABI)
	return one(when(demanded, "at least "+majorMinor(low)), func(e *evaluation) string {
		abi := snpreport.Firmware{Major: e.r.GuestPolicy.ABIMajor(), Minor: e.r.GuestPolicy.ABIMinor()}
		return when(abi.Compare(low) < 0, majorMinor(abi))
	})
}

var reportDataPrefix = exactly(func(r *Rules) *string { return r.ReportDataPrefix }, func(r *snpreport.Report) [32]byte { return [32]byte(r.ReportData[:32]) })

// POL-54. It leaves the last 32 bytes to report_data_tail_zero.
func demandPrefix(c *compiler, r *Rules) check {
	if r.ReportDataPrefix != nil && r.ReportData != nil {
		c.fail("POL-73", c.member, "report_data or report_data_prefix", "both")
	}
	return reportDataPrefix(c, r)
}

// POL-32.
func demandTailZero(c *compiler, r *Rules) check {
	return one(when(r.ReportDataTailZero, "all zero"), func(e *evaluation) string {
		tail := [32]byte(e.r.ReportData[32:])
		return when(tail != [32]byte{}, hexOf(tail))
	})
}

// POL-43.
func demandGuestSVN(c *compiler, r *Rules) check {
	low := r.MinGuestSVN
	return one(when(low != 0, "at least "+decimal(low)), func(e *evaluation) string { return when(e.r.GuestSVN < low, decimal(e.r.GuestSVN)) })
}

// POL-48. Without an ID block ID_KEY_DIGEST is zero.
func demandIDBlock(c *compiler, r *Rules) check {
	return one(when(r.IDBlock.Require, "an ID block"), func(e *evaluation) string {
		return when(e.r.IDKeyDigest == [48]byte{}, "none: ID_KEY_DIGEST is zero")
	})
}

// POL-50. AUTHOR_KEY_DIGEST means something only when AUTHOR_KEY_EN is set.
func demandAuthorKey(c *compiler, r *Rules) check {
	list := hexList[[48]byte](c, r.IDBlock.AuthorKeys, notZero)
	return one(oneOf(list, hexOf), func(e *evaluation) string {
		if !e.r.KeyInfo.AuthorKeyEn() {
			return "AUTHOR_KEY_EN clear"
		}
		return when(!slices.Contains(list, e.r.AuthorKeyDigest), hexOf(e.r.AuthorKeyDigest))
	})
}

// POL-51.
func demandAuthorKeyEn(c *compiler, r *Rules) check {
	return one(when(r.IDBlock.RequireAuthorKey, "AUTHOR_KEY_EN set"), func(e *evaluation) string { return when(!e.r.KeyInfo.AuthorKeyEn(), "clear") })
}

// POL-52.
func demandNoIDBlock(c *compiler, r *Rules) check {
	if b := r.IDBlock; b.Forbid && (b.Require || b.RequireAuthorKey || b.IDKeys != nil || b.AuthorKeys != nil) {
		c.fail("POL-71", "id_block", "forbid alone", "forbid together with demands on the ID block")
	}
	return several(when(r.IDBlock.Forbid, "no ID block"), func(e *evaluation) {
		e.hold("ID_KEY_DIGEST zero", func(*evaluation) string { return when(e.r.IDKeyDigest != [48]byte{}, hexOf(e.r.IDKeyDigest)) })
		e.hold("AUTHOR_KEY_DIGEST zero", func(*evaluation) string { return when(e.r.AuthorKeyDigest != [48]byte{}, hexOf(e.r.AuthorKeyDigest)) })
		e.hold("AUTHOR_KEY_EN clear", func(*evaluation) string { return when(e.r.KeyInfo.AuthorKeyEn(), "set") })
	})
}
