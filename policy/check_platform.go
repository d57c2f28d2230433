package policy

import (
	"fmt"
	"slices"

	"github.com/tresorhq/attest/snpreport"
)

// The demands on the platform: the chip, its key, its firmware.

// POL-20.
func demandProduct(e *evaluation, s *rules) bool {
	if s.products != nil && !slices.Contains(s.products, e.facts.Product) {
		e.violate("", oneOf(s.products, snpreport.Product.String), e.facts.Product.String())
	}
	return s.products != nil
}

// POL-21.
func demandSigningKey(e *evaluation, s *rules) bool {
	if s.signingKeys != nil && !slices.Contains(s.signingKeys, e.facts.SigningKey) {
		e.violate("", oneOf(s.signingKeys, snpreport.SigningKey.String), e.facts.SigningKey.String())
	}
	return true // POL-12 checks it anyway
}

// POL-27.
func demandPlatformRequire(e *evaluation, s *rules) bool {
	e.bits(snpreport.PlatformInfoBits(), s.platformRequire&^uint64(e.r.PlatformInfo), "set", e.r.PlatformInfoState)
	return s.platformRequire != 0
}

// POL-28.
func demandPlatformForbid(e *evaluation, s *rules) bool {
	e.bits(snpreport.PlatformInfoBits(), s.platformForbid&uint64(e.r.PlatformInfo), "clear", e.r.PlatformInfoState)
	return s.platformForbid != 0
}

// POL-29.
func demandPlatformKnown(e *evaluation, s *rules) bool {
	if u := e.r.PlatformInfo.Unknown(); s.platformUnknown == no && u != 0 {
		e.violate("", "no unknown bit", u.String())
	}
	return s.platformUnknown == no
}

// POL-30.
func demandLaunchMitigation(e *evaluation, s *rules) bool {
	launch, _, ok := e.r.Mitigations()
	return e.mitigations(s.launchMitigation, launch, ok)
}

// POL-31.
func demandCurrentMitigation(e *evaluation, s *rules) bool {
	_, current, ok := e.r.Mitigations()
	return e.mitigations(s.currentMitigation, current, ok)
}

// mitigations demands a superset: the vectors are sets, not numbers.
func (e *evaluation) mitigations(need, have uint64, carried bool) bool {
	if need == 0 {
		return false
	}
	if !carried {
		e.violate("", fmt.Sprintf("all of %#x", need), "a report of version "+decimal(e.r.Version)+", which carries none")
	} else if have&need != need {
		e.violate("", fmt.Sprintf("all of %#x", need), fmt.Sprintf("%#x", have))
	}
	return true
}

// POL-38. A zero CHIP_ID names no chip, and no list has one.
func demandChipAllowed(e *evaluation, s *rules) bool {
	if s.chips.allow != nil && !slices.Contains(s.chips.allow, e.r.ChipID) {
		e.violate("", oneOf(s.chips.allow, func(c [64]byte) string { return hexOf(c[:]) }), hexOf(e.r.ChipID[:]))
	}
	return s.chips.allow != nil
}

// POL-39. A zero CHIP_ID may be that of any chip, a denied one too.
func demandChipNotDenied(e *evaluation, s *rules) bool {
	if s.chips.deny == nil {
		return false
	}
	if e.r.ChipID == [64]byte{} {
		e.violate("", "a chip that is not denied", "a masked CHIP_ID, which may hide one")
	} else if slices.Contains(s.chips.deny, e.r.ChipID) {
		e.violate("", "a chip that is not denied", hexOf(e.r.ChipID[:]))
	}
	return true
}

// POL-40.
func demandLeafAllowed(e *evaluation, s *rules) bool {
	if s.leafKeys.allow != nil && !slices.Contains(s.leafKeys.allow, e.facts.LeafKeySHA256) {
		e.violate("", oneOf(s.leafKeys.allow, func(k [32]byte) string { return hexOf(k[:]) }), hexOf(e.facts.LeafKeySHA256[:]))
	}
	return s.leafKeys.allow != nil
}

// POL-41. No key has the zero hash: the caller did not say.
func demandLeafNotDenied(e *evaluation, s *rules) bool {
	if s.leafKeys.deny == nil {
		return false
	}
	if e.facts.LeafKeySHA256 == [32]byte{} {
		e.violate("", "a key that is not denied", "no key")
	} else if slices.Contains(s.leafKeys.deny, e.facts.LeafKeySHA256) {
		e.violate("", "a key that is not denied", hexOf(e.facts.LeafKeySHA256[:]))
	}
	return true
}

// POL-42. Only a VLEK names a provider.
func demandCSP(e *evaluation, s *rules) bool {
	if s.cspIDs == nil {
		return false
	}
	if e.facts.SigningKey != snpreport.VLEK {
		e.violate("", oneOf(s.cspIDs, quote), "a "+e.facts.SigningKey.String()+", which names no provider")
	} else if !slices.Contains(s.cspIDs, e.facts.CSPID) {
		e.violate("", oneOf(s.cspIDs, quote), quote(e.facts.CSPID))
	}
	return true
}

// POL-44.
func demandReportVersion(e *evaluation, s *rules) bool {
	if s.versions == (VersionRange{}) {
		return false
	}
	if v := e.r.Version; v < s.versions.Min || v > s.versions.Max {
		e.violate("", decimal(s.versions.Min)+" to "+decimal(s.versions.Max), decimal(v))
	}
	return true
}

// POL-45. Major, minor and build are compared as one.
func demandFirmware(e *evaluation, s *rules) bool {
	low := s.minFirmware
	if low == nil {
		return false
	}
	e.firmwares(func(v snpreport.Firmware) bool { return v.Compare(*low) >= 0 }, func() string { return "at least " + low.String() })
	return true
}

// POL-46.
func demandBuild(e *evaluation, s *rules) bool {
	if s.minBuild == nil {
		return false
	}
	e.firmwares(func(v snpreport.Firmware) bool { return v.Build >= *s.minBuild },
		func() string { return "at least build " + decimal(uint32(*s.minBuild)) })
	return true
}

// firmwares checks both versions: the host may go back to the committed one.
func (e *evaluation) firmwares(ok func(snpreport.Firmware) bool, expected func() string) {
	if v := e.r.CurrentFirmware; !ok(v) {
		e.violate("current", expected(), "current firmware "+v.String())
	}
	if v := e.r.CommittedFirmware; !ok(v) {
		e.violate("committed", expected(), "committed firmware "+v.String())
	}
}

// POL-47.
func demandCommitted(e *evaluation, s *rules) bool {
	if !s.committedIsCur {
		return false
	}
	if e.r.CurrentFirmware != e.r.CommittedFirmware {
		e.violate("", "committed firmware "+e.r.CurrentFirmware.String(), e.r.CommittedFirmware.String())
	}
	if e.r.CurrentTCB != e.r.CommittedTCB {
		e.violate("", "COMMITTED_TCB "+hexOf(e.r.CurrentTCB[:]), hexOf(e.r.CommittedTCB[:]))
	}
	return true
}
