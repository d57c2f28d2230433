package policy

import (
	"cmp"
	"slices"

	"github.com/tresorhq/attest/snpreport"
)

// The demands on the platform, the chip, its key and its firmware, that take more
// than a line of the table.

// POL-20.
func demandProduct(c *compiler, r *Rules) check {
	list := words(c, r.Products, 0, snpreport.ParseProduct)
	return when(list != nil, oneOf(list, snpreport.Product.String), func(e *evaluation) {
		if p := e.facts.Product; !slices.Contains(list, p) {
			e.violate(p.String())
		}
	})
}

// POL-21.
func demandSigningKey(c *compiler, r *Rules) check {
	list := words(c, r.SigningKeys, 0, parseSigningKey)
	return when(list != nil, oneOf(list, snpreport.SigningKey.String), func(e *evaluation) {
		if k := e.facts.SigningKey; !slices.Contains(list, k) {
			e.violate(k.String())
		}
	})
}

// POL-27.
func demandPlatformRequire(c *compiler, r *Rules) check {
	return requireBits(snpreport.PlatformInfoBits(), c.mask(snpreport.PlatformInfoBits(), r.PlatformInfo.Require, 0), (*snpreport.Report).PlatformInfoState)
}

// POL-28.
func demandPlatformForbid(c *compiler, r *Rules) check {
	return forbidBits(snpreport.PlatformInfoBits(), c.forbidden(snpreport.PlatformInfoBits(), r.PlatformInfo.Forbid, r.PlatformInfo.Require), (*snpreport.Report).PlatformInfoState)
}

// POL-29.
func demandPlatformKnown(c *compiler, r *Rules) check {
	return when(triOf(r.PlatformInfo.AllowUnknownBits) == refused, "no unknown bit", func(e *evaluation) {
		if u := e.r.PlatformInfo.Unknown(); u != 0 {
			e.violate(u.String())
		}
	})
}

// POL-30.
func demandLaunchMitigation(c *compiler, r *Rules) check {
	return mitigations(c.vector(r.Mitigations.Launch), func(launch, _ uint64) uint64 { return launch })
}

// POL-31.
func demandCurrentMitigation(c *compiler, r *Rules) check {
	return mitigations(c.vector(r.Mitigations.Current), func(_, current uint64) uint64 { return current })
}

// mitigations demands a superset: the vectors are sets, not numbers.
func mitigations(need uint64, choose func(launch, current uint64) uint64) check {
	return when(need != 0, "all of "+hexNumber(need), func(e *evaluation) {
		launch, current, carried := e.r.Mitigations()
		if have := choose(launch, current); !carried {
			e.violate("a report of version " + decimal(e.r.Version) + ", which carries none")
		} else if have&need != need {
			e.violate(hexNumber(have))
		}
	})
}

// uncertified says why a VLEK is no proof of a chip: no certificate has CHIP_ID.
const uncertified = "a CHIP_ID that no certificate has: a VLEK signed the report"

// POL-38. A zero CHIP_ID names no chip, and no list has one. Under a VLEK only the
// report says CHIP_ID.
func demandChipAllowed(c *compiler, r *Rules) check {
	list := hexList[[64]byte](c, r.ChipIDs.Allow, notZero)
	return when(list != nil, oneOf(list, hexOf), func(e *evaluation) {
		switch {
		case !slices.Contains(list, e.r.ChipID):
			e.violate(hexOf(e.r.ChipID))
		case e.facts.SigningKey == snpreport.VLEK:
			e.violate(uncertified)
		}
	})
}

// POL-39. A zero CHIP_ID, and one under a VLEK, may be that of any chip, a denied
// one too.
func demandChipNotDenied(c *compiler, r *Rules) check {
	list := hexList[[64]byte](c, r.ChipIDs.Deny, mayBeEmpty)
	return when(list != nil, "a chip that is not denied", func(e *evaluation) {
		switch {
		case e.r.ChipID == [64]byte{}:
			e.violate("a masked CHIP_ID, which may hide one")
		case slices.Contains(list, e.r.ChipID):
			e.violate(hexOf(e.r.ChipID))
		case e.facts.SigningKey == snpreport.VLEK:
			e.violate(uncertified)
		}
	})
}

// POL-41. No key has the zero hash: it is that of facts without a key.
func demandLeafNotDenied(c *compiler, r *Rules) check {
	list := hexList[[32]byte](c, r.LeafKeys.Deny, mayBeEmpty)
	return when(list != nil, "a key that is not denied", func(e *evaluation) {
		if e.facts.LeafKeySHA256 == [32]byte{} {
			e.violate("no key")
		} else if slices.Contains(list, e.facts.LeafKeySHA256) {
			e.violate(hexOf(e.facts.LeafKeySHA256))
		}
	})
}

// POL-42. Only a VLEK names a provider.
func demandCSP(c *compiler, r *Rules) check {
	list := words(c, r.CSPIDs, 0, func(id string) (string, bool) { return id, id != "" })
	return when(list != nil, oneOf(list, quote), func(e *evaluation) {
		if e.facts.SigningKey != snpreport.VLEK {
			e.violate("a " + e.facts.SigningKey.String() + ", which names no provider")
		} else if !slices.Contains(list, e.facts.CSPID) {
			e.violate(quote(e.facts.CSPID))
		}
	})
}

// The lowest and the highest VERSION that snpreport parses.
const minVersion, maxVersion = 2, 5

// POL-44.
func demandReportVersion(c *compiler, r *Rules) check {
	if r.ReportVersions == (VersionRange{}) {
		return nil
	}
	v := VersionRange{cmp.Or(r.ReportVersions.Min, minVersion), cmp.Or(r.ReportVersions.Max, maxVersion)}
	if v.Min < minVersion || v.Max > maxVersion || v.Min > v.Max {
		c.fail("POL-70", c.member, "2 <= min <= max <= 5", decimal(v.Min)+" and "+decimal(v.Max))
	}
	return when(true, decimal(v.Min)+" to "+decimal(v.Max), func(e *evaluation) {
		if e.r.Version < v.Min || e.r.Version > v.Max {
			e.violate(decimal(e.r.Version))
		}
	})
}

// POL-45. Major, minor and build are compared as one.
func demandFirmware(c *compiler, r *Rules) check {
	low := c.version(r.Firmware.MinVersion)
	if low == nil {
		return nil
	}
	if r.Firmware.MinBuild != nil {
		low.Build = *r.Firmware.MinBuild
	}
	return firmware("at least "+low.String(), func(v snpreport.Firmware) bool { return v.Compare(*low) >= 0 })
}

// buildsOf is the version that a build without one is of. Builds start again with
// each version, and this is the oldest that hosts in use run.
var buildsOf = snpreport.Firmware{Major: 1, Minor: 55}

// POL-46. Firmware of a version above 1.55 is newer than any build of 1.55.
func demandBuild(c *compiler, r *Rules) check {
	if r.Firmware.MinBuild == nil || r.Firmware.MinVersion != nil {
		return nil
	}
	low := *r.Firmware.MinBuild
	c.set.buildAlone = true
	return firmware("at least build "+decimal(uint32(low)), func(v snpreport.Firmware) bool {
		newer := snpreport.Firmware{Major: v.Major, Minor: v.Minor}.Compare(buildsOf) > 0
		return newer || v.Build >= low
	})
}

// firmware demands something of both versions: the host may go back to the
// committed one.
func firmware(value string, ok func(snpreport.Firmware) bool) check {
	return when(true, value, func(e *evaluation) {
		if v := e.r.CurrentFirmware; !ok(v) {
			e.violatePart("current", e.expected, "current firmware "+v.String())
		}
		if v := e.r.CommittedFirmware; !ok(v) {
			e.violatePart("committed", e.expected, "committed firmware "+v.String())
		}
	})
}

// POL-47.
func demandCommitted(c *compiler, r *Rules) check {
	return when(r.Firmware.CommittedEqualsCurrent, "committed and current firmware and TCB the same", func(e *evaluation) {
		if r := e.r; r.CurrentFirmware != r.CommittedFirmware {
			e.add(e.row.name, e.row.broken, "committed firmware "+r.CurrentFirmware.String(), r.CommittedFirmware.String())
		}
		if r := e.r; r.CurrentTCB != r.CommittedTCB {
			e.add(e.row.name, e.row.broken, "COMMITTED_TCB "+hexOf(r.CurrentTCB), hexOf(r.CommittedTCB))
		}
	})
}
