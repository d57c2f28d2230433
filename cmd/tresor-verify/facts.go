package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest"
)

// reportFacts writes what a verified report says, and what was not checked.
func (u *ui) reportFacts(r *attest.Result) {
	rep := &r.Report
	x := hex.EncodeToString
	u.field("SNP MEASUREMENT", x(rep.Measurement[:]))
	u.field("product", r.Chain.Product.String())
	if die, ok := rep.Die(); ok {
		u.field("die", die.String())
	}
	u.field("report version", strconv.Itoa(int(rep.Version)))
	u.field("signing key", r.Chain.SigningKey.String())
	u.field("CSP id", r.Chain.CSPID)
	u.field("chip id", x(rep.ChipID[:]))
	u.field("VMPL", strconv.Itoa(int(rep.VMPL)))
	u.field("guest policy", rep.GuestPolicy.String())
	u.field("platform info", rep.PlatformInfo.String())
	u.field("reported TCB", r.TCB(rep.ReportedTCB).String())
	u.field("committed TCB", r.TCB(rep.CommittedTCB).String())
	u.field("current TCB", r.TCB(rep.CurrentTCB).String())
	u.field("launch TCB", r.TCB(rep.LaunchTCB).String())
	u.field("current firmware", rep.CurrentFirmware.String())
	u.field("committed firmware", rep.CommittedFirmware.String())
	if launch, current, ok := rep.Mitigations(); ok {
		u.field("mitigations", fmt.Sprintf("launch %#x, current %#x", launch, current))
	}
	u.field("guest SVN", strconv.FormatUint(uint64(rep.GuestSVN), 10))
	u.field("report data", x(rep.ReportData[:]))
	u.field("host data", x(rep.HostData[:]))
	u.field("report id", x(rep.ReportID[:]))
	u.field("family id", x(rep.FamilyID[:]))
	u.field("image id", x(rep.ImageID[:]))
	u.field("id key digest", x(rep.IDKeyDigest[:]))
	if rep.KeyInfo.AuthorKeyEn() {
		u.field("author key digest", x(rep.AuthorKeyDigest[:]))
	}
	u.field("leaf certificate", fmt.Sprintf("%x, valid until %s", r.Chain.LeafSHA256, stamp(r.Chain.NotAfter)))
	u.trust(r)
	u.remarks(r)
}

// endpointFacts writes what was verified of an endpoint: the four facts that
// people compare, then all that qualifies them.
func (u *ui) endpointFacts(r *attest.Result) {
	u.field("TLS SPKI SHA-256", hex.EncodeToString(r.TLSSPKISHA256[:]))
	u.field("SNP MEASUREMENT", hex.EncodeToString(r.Report.Measurement[:]))
	u.field("Workload identity tag", hex.EncodeToString(r.IdentityTag[:]))
	u.field("Trust bundle version", fmt.Sprintf("%d (valid until %s)", r.Bundle.Version, stamp(r.Bundle.ValidUntil)))
	u.field("workload", r.Workload)
	if m := r.Manifest; m != nil {
		u.field("claims of the tag", fmt.Sprintf("version %s, image %s, binary %s", m.Version, m.ImageDigest, m.BinaryDigest))
	}
	u.field("processor", fmt.Sprintf("%v, %v, %v", r.Chain.Product, r.Chain.SigningKey, r.Chain.TCB))
	u.trust(r)
	if len(r.Bundle.IgnoredMembers) > 0 {
		u.field("ignored in bundle", strings.Join(r.Bundle.IgnoredMembers, ", "))
	}
	u.remarks(r)
}

// trust writes which roots were used, and whether revocation was looked at.
func (u *ui) trust(r *attest.Result) {
	u.field("AMD root", map[bool]string{false: "builtin", true: "custom"}[r.CustomRoots]+fmt.Sprintf(" %x", r.Chain.RootSHA256))
	for _, c := range r.Checks {
		if c.ID == "revocation" {
			u.field("revocation", map[attest.Status]string{attest.Pass: "checked, " + c.Actual, attest.NotChecked: "not checked"}[c.Status])
		}
	}
}

// remarks writes what was not judged.
func (u *ui) remarks(r *attest.Result) {
	u.field("not checked", strings.Join(unchecked(r), ", "))
	for _, n := range r.Notes {
		u.field("note", n)
	}
	u.warnings(warnings(r))
}

func unchecked(r *attest.Result) (names []string) {
	for _, n := range r.NotChecked {
		names = append(names, n.Name)
	}
	return names
}

// expirySoon is how long before its end a trust bundle is warned of.
// Rules: CLI-14.
const expirySoon = 7 * 24 * time.Hour

// warnings are those of the verdict, and that a new trust bundle is due.
func warnings(r *attest.Result) []attest.Warning {
	return append(slices.Clone(r.Warnings), expiryWarnings(r.Bundle, r.At)...)
}

// expiryWarnings says that a new trust bundle is due; b may be nil.
func expiryWarnings(b *attest.Bundle, at time.Time) []attest.Warning {
	if b == nil {
		return nil
	}
	left := b.ValidUntil.Sub(at)
	if left >= expirySoon {
		return nil
	}
	return []attest.Warning{{
		Text:   "the trust bundle expires in " + days(left) + "; its publisher should have a newer one",
		Source: "trust bundle, valid_until",
	}}
}

func (u *ui) warnings(list []attest.Warning) {
	for _, w := range list {
		u.field("warning", w.Text+" ("+w.Source+")")
	}
}

// days writes a duration in the two largest units that it has.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}
