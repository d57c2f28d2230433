package policy

import (
	"slices"
	"unicode/utf8"

	"github.com/tresorhq/attest/snpreport"
)

// FromFacts returns demands that these facts just meet, under the relaxations that
// they need: the measurement, its signer, and the levels and settings as they are,
// so that nothing worse is accepted. Floors are by die where the report names it.
// REPORT_DATA, REPORT_ID, CHIP_ID and the key are not demanded: they belong to one
// guest or one chip.
//
// ok is false for facts that no policy accepts: without a report, a product or
// a MEASUREMENT, with an unknown kind of key, VMPL or version.
func FromFacts(f Facts) (rules Rules, ok bool) {
	r := f.Report
	if r == nil || f.Product.ChipIDSize() == 0 || f.SigningKey > snpreport.VLEK || r.Measurement == [48]byte{} ||
		r.VMPL > 3 || r.Version < minVersion || r.Version > maxVersion {
		return Rules{}, false
	}
	older := slices.MinFunc([]snpreport.Firmware{r.CurrentFirmware, r.CommittedFirmware}, snpreport.Firmware.Compare)
	const permits = snpreport.PolicySMT | snpreport.PolicyMigrateMA | snpreport.PolicyDebug | snpreport.PolicyCXLAllow
	rules = Rules{
		Measurements: []string{hexOf(r.Measurement)},
		Products:     []string{f.Product.String()},
		SigningKeys:  []string{f.SigningKey.String()},
		VMPL:         new(r.VMPL),
		MinTCB:       lowest(f, r.ReportedTCB, r.CommittedTCB),
		MinLaunchTCB: lowest(f, r.LaunchTCB, r.LaunchTCB),
		GuestPolicy: GuestPolicyRules{
			Require:          bitList(snpreport.GuestPolicyBits(), uint64(r.GuestPolicy&^permits)),
			Forbid:           bitList(snpreport.GuestPolicyBits(), uint64(permits&^r.GuestPolicy)),
			MinABI:           new(majorMinor(snpreport.Firmware{Major: r.GuestPolicy.ABIMajor(), Minor: r.GuestPolicy.ABIMinor()})),
			AllowUnknownBits: new(hasUnknown(f)),
		},
		PlatformInfo: PlatformInfoRules{
			Require: bitList(snpreport.PlatformInfoBits(), uint64(r.PlatformInfo&^(snpreport.PlatformSMTEn|snpreport.PlatformTIOEn))),
			Forbid:  bitList(snpreport.PlatformInfoBits(), uint64(snpreport.PlatformSMTEn&^r.PlatformInfo)),
		},
		HostData:       []string{hexOf(r.HostData)},
		FamilyID:       new(hexOf(r.FamilyID)),
		ImageID:        new(hexOf(r.ImageID)),
		MinGuestSVN:    r.GuestSVN,
		ReportVersions: VersionRange{r.Version, maxVersion},
		Firmware:       FirmwareRules{MinVersion: new(majorMinor(older)), MinBuild: new(older.Build)},
		IDBlock:        idBlockOf(r),
	}
	if launch, current, ok := r.Mitigations(); ok {
		rules.Mitigations = MitigationRules{new(hexNumber(launch)), new(hexNumber(current))}
	}
	if f.SigningKey == snpreport.VLEK && f.CSPID != "" && utf8.ValidString(f.CSPID) {
		rules.CSPIDs = []string{f.CSPID}
	}
	return rules, true
}

// lowest returns the lower of a and b, component by component, as a floor for the
// report's die, or for its product where it names no die.
func lowest(f Facts, a, b snpreport.TCBVersion) *Floors {
	floor := Floor{}
	ta, _ := a.For(f.Product)
	tb, _ := b.For(f.Product)
	for _, c := range ta.Components() {
		la, _ := ta.Level(c)
		lb, _ := tb.Level(c)
		floor[c] = min(la, lb)
	}
	if die, known := f.Report.Die(); known {
		// The form has one digit for the stepping, which holds that of every CPUID.
		if _, ok := parseDie(die.String()); ok {
			return &Floors{ByDie: map[snpreport.CPUID]Floor{die: floor}}
		}
	}
	return &Floors{ByProduct: map[snpreport.Product]Floor{f.Product: floor}}
}

// hasUnknown reports whether only allow_unknown_bits makes f acceptable.
func hasUnknown(f Facts) bool {
	return slices.ContainsFunc(Default().Evaluate(f).Violations, func(v Violation) bool {
		return slices.Contains([]string{"POL-08", "POL-09", "POL-10"}, v.Rule)
	})
}

// idBlockOf demands the keys of the ID block, or that there was none.
func idBlockOf(r *snpreport.Report) (b IDBlockRules) {
	switch zero := [48]byte{}; {
	case r.IDKeyDigest != zero:
		b = IDBlockRules{Require: true, IDKeys: []string{hexOf(r.IDKeyDigest)}, RequireAuthorKey: r.KeyInfo.AuthorKeyEn()}
		if b.RequireAuthorKey && r.AuthorKeyDigest != zero {
			b.AuthorKeys = []string{hexOf(r.AuthorKeyDigest)}
		}
	case r.AuthorKeyDigest == zero && !r.KeyInfo.AuthorKeyEn():
		b.Forbid = true
	}
	return b
}
