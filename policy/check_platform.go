package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/snpreport"
)

// The demands on the platform, the chip, its key, its firmware, and by AMD's bulletins.

// POL-20.
func demandProduct(c *compiler, r *Rules) check {
	list := words(c, r.Products, snpreport.ParseProduct)
	return one(oneOf(list, snpreport.Product.String), func(e *evaluation) string {
		return when(!slices.Contains(list, e.facts.Product), e.facts.Product.String())
	})
}

// POL-21.
func demandSigningKey(c *compiler, r *Rules) check {
	list := words(c, r.SigningKeys, parseSigningKey)
	return one(oneOf(list, snpreport.SigningKey.String), func(e *evaluation) string {
		return when(!slices.Contains(list, e.facts.SigningKey), e.facts.SigningKey.String())
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
	refused := r.PlatformInfo.AllowUnknownBits != nil && !*r.PlatformInfo.AllowUnknownBits
	return one(when(refused, "no unknown bit"), func(e *evaluation) string {
		return when(e.r.PlatformInfo.Unknown() != 0, e.r.PlatformInfo.Unknown().String())
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
	return one(when(need != 0, "all of "+hexNumber(need)), func(e *evaluation) string {
		launch, current, carried := e.r.Mitigations()
		if !carried {
			return "a report of version " + decimal(e.r.Version) + ", which carries none"
		}
		have := choose(launch, current)
		return when(have&need != need, hexNumber(have))
	})
}

// uncertified says why a VLEK is no proof of a chip.
const uncertified = "a CHIP_ID that no certificate has: a VLEK signed the report"

// POL-38. A zero CHIP_ID names no chip, and no list has one. Under a VLEK only the
// report says CHIP_ID.
func demandChipAllowed(c *compiler, r *Rules) check {
	list := hexList[[64]byte](c, r.ChipIDs.Allow, notZero)
	return one(oneOf(list, hexOf), func(e *evaluation) string {
		if !slices.Contains(list, e.r.ChipID) {
			return hexOf(e.r.ChipID)
		}
		return when(e.facts.SigningKey == snpreport.VLEK, uncertified)
	})
}

// POL-39. A zero CHIP_ID, and one under a VLEK, may be that of any chip, a denied
// one too.
func demandChipNotDenied(c *compiler, r *Rules) check {
	list := hexList[[64]byte](c, r.ChipIDs.Deny, mayBeEmpty)
	return one(when(list != nil, "a chip that is not denied"), func(e *evaluation) string {
		switch {
		case e.r.ChipID == [64]byte{}:
			return "a masked CHIP_ID, which may hide one"
		case slices.Contains(list, e.r.ChipID):
			return hexOf(e.r.ChipID)
		}
		return when(e.facts.SigningKey == snpreport.VLEK, uncertified)
	})
}

// POL-41. No key has the zero hash: it is that of facts without a key.
func demandLeafNotDenied(c *compiler, r *Rules) check {
	list := hexList[[32]byte](c, r.LeafKeys.Deny, mayBeEmpty)
	return one(when(list != nil, "a key that is not denied"), func(e *evaluation) string {
		if e.facts.LeafKeySHA256 == [32]byte{} {
			return "no key"
		}
		return when(slices.Contains(list, e.facts.LeafKeySHA256), hexOf(e.facts.LeafKeySHA256))
	})
}

// POL-42. Only a VLEK names a provider.
func demandCSP(c *compiler, r *Rules) check {
	list := words(c, r.CSPIDs, func(id string) (string, bool) { return id, id != "" })
	return one(oneOf(list, strictjson.Quote), func(e *evaluation) string {
		if e.facts.SigningKey != snpreport.VLEK {
			return "a " + e.facts.SigningKey.String() + ", which names no provider"
		}
		return when(!slices.Contains(list, e.facts.CSPID), strictjson.Quote(e.facts.CSPID))
	})
}

// The lowest and the highest VERSION that snpreport parses.
const minVersion, maxVersion = 2, 5

// POL-44.
func demandReportVersion(c *compiler, r *Rules) check {
	v := VersionRange{cmp.Or(r.ReportVersions.Min, minVersion), cmp.Or(r.ReportVersions.Max, maxVersion)}
	if v.Min < minVersion || v.Max > maxVersion || v.Min > v.Max {
		c.fail("POL-70", c.member, "2 <= min <= max <= 5", decimal(v.Min)+" and "+decimal(v.Max))
	}
	return one(when(r.ReportVersions != VersionRange{}, decimal(v.Min)+" to "+decimal(v.Max)), func(e *evaluation) string {
		return when(e.r.Version < v.Min || e.r.Version > v.Max, decimal(e.r.Version))
	})
}

// POL-45. Major, minor and build are compared as one.
func demandFirmware(c *compiler, r *Rules) check {
	low, demanded := c.version(r.Firmware.MinVersion)
	low.Build = value(r.Firmware.MinBuild)
	return firmware(demanded, "at least "+low.String(), func(v snpreport.Firmware) bool { return v.Compare(low) >= 0 })
}

// buildsOf is the version that a build without one is of. Builds start again with
// each version, and this is the oldest that hosts in use run.
var buildsOf = snpreport.Firmware{Major: 1, Minor: 55}

// POL-46. Firmware of a version above 1.55 is newer than any build of 1.55.
func demandBuild(c *compiler, r *Rules) check {
	low := value(r.Firmware.MinBuild)
	c.set.buildAlone = r.Firmware.MinBuild != nil && r.Firmware.MinVersion == nil
	return firmware(c.set.buildAlone, "at least build "+decimal(uint32(low)), func(v snpreport.Firmware) bool {
		newer := snpreport.Firmware{Major: v.Major, Minor: v.Minor}.Compare(buildsOf) > 0
		return newer || v.Build >= low
	})
}

// firmware demands something of both versions: the host may go back to the
// committed one.
func firmware(demanded bool, value string, ok func(snpreport.Firmware) bool) check {
	return several(when(demanded, value), func(e *evaluation) {
		if v := e.r.CurrentFirmware; !ok(v) {
			e.violatePart("current", value, "current firmware "+v.String())
		}
		if v := e.r.CommittedFirmware; !ok(v) {
			e.violatePart("committed", value, "committed firmware "+v.String())
		}
	})
}

// POL-47.
func demandCommitted(c *compiler, r *Rules) check {
	return several(when(r.Firmware.CommittedEqualsCurrent, "true"), func(e *evaluation) {
		current, committed := e.r.CurrentFirmware, e.r.CommittedFirmware
		e.hold("committed firmware "+current.String(), func(*evaluation) string { return when(current != committed, committed.String()) })
		e.hold("COMMITTED_TCB "+hexOf(e.r.CurrentTCB), func(*evaluation) string { return when(e.r.CurrentTCB != e.r.CommittedTCB, hexOf(e.r.CommittedTCB)) })
	})
}

// bulletins is a demand of Rules.Bulletins, whose ids are those of bulletins that the
// table has conditions of. test gets each with what the report shows of it.
func bulletins(c *compiler, r *Rules, test func(*evaluation, bulletin.Assessment)) check {
	list := words(c, r.Bulletins, func(id string) (string, bool) { return id, bulletin.HasConditions(id) })
	return several(strings.Join(list, ","), func(e *evaluation) {
		for _, id := range list {
			test(e, bulletin.AssessOne(id, e.r, e.facts.Product))
		}
	})
}

// POL-55. A bulletin without conditions for the report's die says nothing of it.
func demandBulletinRow(c *compiler, r *Rules) check {
	return bulletins(c, r, func(e *evaluation, a bulletin.Assessment) {
		if len(a.Conditions) == 0 {
			e.violatePart(a.ID, "conditions for the report's die", "none in the table of "+bulletin.AsOf)
		}
	})
}

// POL-56. A condition that the report does not show counts as not met.
func demandBulletins(c *compiler, r *Rules) check {
	return bulletins(c, r, func(e *evaluation, a bulletin.Assessment) {
		for _, condition := range a.Conditions {
			if condition.Status != bulletin.Satisfied {
				e.violatePart(a.ID+" "+condition.Component, "at least "+condition.Level, condition.Actual)
			}
		}
	})
}
