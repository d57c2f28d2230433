package policy

import (
	"slices"
	"strconv"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// rules is Rules, checked and decoded. What is nil or zero is not demanded.
type rules struct {
	measurements      [][48]byte
	measurementTexts  []string // the same, for messages
	products          []snpreport.Product
	signingKeys       []snpreport.SigningKey
	vmpl              *uint32
	minTCB            *Floors
	minLaunchTCB      *Floors
	guestRequire      uint64
	guestForbid       uint64
	minABI            *snpreport.Firmware // Build is zero
	guestUnknown      choice
	platformRequire   uint64
	platformForbid    uint64
	platformUnknown   choice
	launchMitigation  uint64
	currentMitigation uint64
	reportData        *[64]byte
	tailZero          bool
	hostData          [][32]byte
	familyID, imageID *[16]byte
	reportID          *[32]byte
	reportIDMA        *[32]byte
	chips             allowDeny[[64]byte]
	leafKeys          allowDeny[[32]byte]
	cspIDs            []string
	minGuestSVN       uint32
	versions          VersionRange // both or none
	minFirmware       *snpreport.Firmware
	minBuild          *uint8 // without a version
	committedIsCur    bool
	idBlock           IDBlockRules // its lists are decoded below
	idKeys            [][48]byte
	authorKeys        [][48]byte
}

type allowDeny[A comparable] struct{ allow, deny []A }

// choice is a boolean that may be left out.
type choice uint8

const (
	unsaid choice = iota
	no
	allowed
)

func choose(b *bool) choice {
	switch {
	case b == nil:
		return unsaid
	case *b:
		return allowed
	}
	return no
}

// New returns the policy of the default rules and of these. The first thing
// wrong, in the order of the fields of Rules, is the *rule.ConfigError that it
// returns.
func New(r Rules) (Policy, error) {
	c := new(compiler)
	s := c.compile(&r)
	if c.err != nil {
		return Policy{}, rule.Config(c.err)
	}
	return Policy{sets: []*rules{s}}, nil
}

// compiler keeps the first error.
type compiler struct{ err *rule.Error }

func (c *compiler) fail(id, member, expected, actual string) {
	if c.err == nil {
		c.err = &rule.Error{Rule: id, Where: member, Offset: rule.NoOffset, Expected: expected, Actual: actual}
	}
}

func (c *compiler) compile(r *Rules) *rules {
	s := new(rules)
	s.measurements = hexList[[48]byte](c, "measurements", r.Measurements, notZero)
	s.measurementTexts = slices.Clone(r.Measurements)
	s.products = words(c, "products", r.Products, snpreport.ParseProduct)
	s.signingKeys = words(c, "signing_keys", r.SigningKeys, parseSigningKey)
	if r.VMPL != nil {
		s.vmpl = new(*r.VMPL)
		if *s.vmpl > 3 {
			c.fail("POL-72", "vmpl", "0 to 3", strconv.FormatUint(uint64(*s.vmpl), 10))
		}
	}
	s.minTCB = c.floors("min_tcb", r.MinTCB)
	s.minLaunchTCB = c.floors("min_launch_tcb", r.MinLaunchTCB)
	s.guestRequire, s.guestForbid = c.bits("guest_policy", snpreport.GuestPolicyBits(), r.GuestPolicy.Require, r.GuestPolicy.Forbid)
	s.minABI = c.version("guest_policy.min_abi", r.GuestPolicy.MinABI)
	s.guestUnknown = choose(r.GuestPolicy.AllowUnknownBits)
	s.platformRequire, s.platformForbid = c.bits("platform_info", snpreport.PlatformInfoBits(), r.PlatformInfo.Require, r.PlatformInfo.Forbid)
	s.platformUnknown = choose(r.PlatformInfo.AllowUnknownBits)
	s.launchMitigation = c.mask("mitigations.launch", r.Mitigations.Launch)
	s.currentMitigation = c.mask("mitigations.current", r.Mitigations.Current)
	s.reportData = hexOne[[64]byte](c, "report_data", r.ReportData)
	s.tailZero = r.ReportDataTailZero
	s.hostData = hexList[[32]byte](c, "host_data", r.HostData, 0)
	s.familyID = hexOne[[16]byte](c, "family_id", r.FamilyID)
	s.imageID = hexOne[[16]byte](c, "image_id", r.ImageID)
	s.reportID = hexOne[[32]byte](c, "report_id", r.ReportID)
	s.reportIDMA = hexOne[[32]byte](c, "report_id_ma", r.ReportIDMA)
	s.chips.allow = hexList[[64]byte](c, "chip_ids.allow", r.ChipIDs.Allow, notZero)
	s.chips.deny = hexList[[64]byte](c, "chip_ids.deny", r.ChipIDs.Deny, mayBeEmpty)
	s.leafKeys.allow = hexList[[32]byte](c, "leaf_keys.allow", r.LeafKeys.Allow, 0)
	s.leafKeys.deny = hexList[[32]byte](c, "leaf_keys.deny", r.LeafKeys.Deny, mayBeEmpty)
	s.cspIDs = words(c, "csp_ids", r.CSPIDs, func(id string) (string, bool) { return id, id != "" })
	s.minGuestSVN = r.MinGuestSVN
	s.versions = c.versions(r.ReportVersions)
	c.firmware(s, &r.Firmware)
	c.idBlock(s, &r.IDBlock)
	return s
}

func (c *compiler) floors(member string, f *Floors) *Floors {
	if f == nil {
		return nil
	}
	if expected, actual := f.check(); expected != "" {
		c.fail("POL-67", member, expected, actual)
	}
	return f.Clone()
}

// The lowest and the highest VERSION that snpreport parses.
const minVersion, maxVersion = 2, 5

func (c *compiler) versions(v VersionRange) VersionRange {
	if v == (VersionRange{}) {
		return v
	}
	if v.Min == 0 {
		v.Min = minVersion
	}
	if v.Max == 0 {
		v.Max = maxVersion
	}
	if v.Min < minVersion || v.Max > maxVersion || v.Min > v.Max {
		c.fail("POL-70", "report_versions", "2 <= min <= max <= 5", strconv.FormatUint(uint64(v.Min), 10)+" and "+strconv.FormatUint(uint64(v.Max), 10))
	}
	return v
}

func (c *compiler) firmware(s *rules, f *FirmwareRules) {
	s.committedIsCur = f.CommittedEqualsCurrent
	s.minFirmware = c.version("firmware.min_version", f.MinVersion)
	switch {
	case f.MinBuild == nil:
	case s.minFirmware != nil:
		s.minFirmware.Build = *f.MinBuild
	default:
		s.minBuild = new(*f.MinBuild)
	}
}

func (c *compiler) idBlock(s *rules, b *IDBlockRules) {
	s.idKeys = hexList[[48]byte](c, "id_block.id_keys", b.IDKeys, notZero)
	s.authorKeys = hexList[[48]byte](c, "id_block.author_keys", b.AuthorKeys, notZero)
	s.idBlock = IDBlockRules{Require: b.Require, RequireAuthorKey: b.RequireAuthorKey, Forbid: b.Forbid}
	if b.Forbid && (b.Require || b.RequireAuthorKey || s.idKeys != nil || s.authorKeys != nil) {
		c.fail("POL-71", "id_block", "forbid alone", "forbid together with demands on the ID block")
	}
}
