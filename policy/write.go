package policy

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tresorhq/attest/snpreport"
)

// Write returns a policy file that these facts just meet, under the relaxations
// that they need: what was launched, who signs for it, and the levels and
// settings as they are, so that nothing worse is accepted. Floors are by die
// where the report names it. What belongs to one guest or one chip (REPORT_DATA,
// REPORT_ID, CHIP_ID, the key) is left out.
//
// It returns nil for facts that no policy accepts: without a report, a product or
// a MEASUREMENT, with an unknown kind of key, VMPL or version.
func Write(f Facts) []byte {
	r := f.Report
	if r == nil || f.Product.ChipIDSize() == 0 || f.SigningKey > snpreport.VLEK || r.Measurement == [48]byte{} ||
		r.VMPL > 3 || r.Version < minVersion || r.Version > maxVersion {
		return nil
	}
	var w, in writer
	w.text("schema", Schema)
	w.texts("measurements", hexOf(r.Measurement[:]))
	w.texts("products", f.Product.String())
	w.texts("signing_keys", f.SigningKey.String())
	w.raw("vmpl", decimal(r.VMPL))
	w.raw("min_tcb", writeFloors(f, r.ReportedTCB, r.CommittedTCB))
	w.raw("min_launch_tcb", writeFloors(f, r.LaunchTCB, r.LaunchTCB))

	const permits = snpreport.PolicySMT | snpreport.PolicyMigrateMA | snpreport.PolicyDebug | snpreport.PolicyCXLAllow
	in.bits(snpreport.GuestPolicyBits(), uint64(r.GuestPolicy), ^uint64(permits), uint64(permits))
	in.text("min_abi", decimal(uint32(r.GuestPolicy.ABIMajor()))+"."+decimal(uint32(r.GuestPolicy.ABIMinor())))
	in.raw("allow_unknown_bits", strconv.FormatBool(hasUnknown(f)))
	w.raw("guest_policy", in.object())

	in.bits(snpreport.PlatformInfoBits(), uint64(r.PlatformInfo), ^uint64(snpreport.PlatformSMTEn|snpreport.PlatformTIOEn), uint64(snpreport.PlatformSMTEn))
	if in.b.Len() != 0 {
		w.raw("platform_info", in.object())
	}
	if launch, current, ok := r.Mitigations(); ok {
		in.text("launch", "0x"+strconv.FormatUint(launch, 16))
		in.text("current", "0x"+strconv.FormatUint(current, 16))
		w.raw("mitigations", in.object())
	}
	w.texts("host_data", hexOf(r.HostData[:]))
	w.text("family_id", hexOf(r.FamilyID[:]))
	w.text("image_id", hexOf(r.ImageID[:]))
	if f.SigningKey == snpreport.VLEK && f.CSPID != "" && utf8.ValidString(f.CSPID) {
		w.texts("csp_ids", f.CSPID)
	}
	w.raw("min_guest_svn", decimal(r.GuestSVN))
	in.raw("min", decimal(r.Version))
	in.raw("max", decimal(maxVersion))
	w.raw("report_versions", in.object())

	firmware := slices.MinFunc([]snpreport.Firmware{r.CurrentFirmware, r.CommittedFirmware}, snpreport.Firmware.Compare)
	in.text("min_version", majorMinor(firmware))
	in.raw("min_build", decimal(uint32(firmware.Build)))
	w.raw("firmware", in.object())
	if in.idBlock(r); in.b.Len() != 0 {
		w.raw("id_block", in.object())
	}
	return []byte("{\n  " + strings.ReplaceAll(w.b.String(), separator, ",\n  ") + "\n}\n")
}

// writeFloors writes the lower of a and b, component by component.
func writeFloors(f Facts, a, b snpreport.TCBVersion) string {
	var levels, w writer
	ta, _ := a.For(f.Product)
	tb, _ := b.For(f.Product)
	for _, c := range ta.Components() {
		la, _ := ta.Level(c)
		lb, _ := tb.Level(c)
		levels.raw(c.String(), decimal(uint32(min(la, lb))))
	}
	key := f.Product.String()
	if die, ok := f.Report.Die(); ok {
		// parseDie has the inverse for every stepping that a CPUID can have.
		if _, ok := parseDie(die.String()); ok {
			key = die.String()
		}
	}
	w.raw(key, levels.object())
	return w.object()
}

// hasUnknown reports whether only allow_unknown_bits makes f acceptable.
func hasUnknown(f Facts) bool {
	if f.Report.GuestPolicy.Unknown() != 0 || !f.Report.GuestPolicy.Has(snpreport.PolicyReserved1) {
		return true
	}
	for _, v := range []snpreport.TCBVersion{f.Report.CurrentTCB, f.Report.ReportedTCB, f.Report.CommittedTCB, f.Report.LaunchTCB} {
		if t, _ := v.For(f.Product); !t.ReservedZero() {
			return true
		}
	}
	return false
}

// separator stands between members at the top, where no string can have it:
// control characters are escaped.
const separator = "\x00"

// writer collects the members of one object.
type writer struct{ b strings.Builder }

func (w *writer) raw(name, value string) {
	if w.b.Len() != 0 {
		w.b.WriteString(separator)
	}
	w.b.WriteString(quoteJSON(name) + ": " + value)
}

func (w *writer) text(name, value string)  { w.raw(name, quoteJSON(value)) }
func (w *writer) texts(name, value string) { w.raw(name, "["+quoteJSON(value)+"]") }

// object returns what was collected, on one line, and starts anew.
func (w *writer) object() string {
	defer w.b.Reset()
	return "{" + strings.ReplaceAll(w.b.String(), separator, ", ") + "}"
}

// bits writes require, the set bits out of good, and forbid, the clear ones out
// of bad.
func (w *writer) bits(known []snpreport.Bit, value, good, bad uint64) {
	list := func(name string, bits uint64) {
		var names []string
		for _, b := range known {
			if bits&b.Mask != 0 {
				names = append(names, quoteJSON(b.Name))
			}
		}
		if names != nil {
			w.raw(name, "["+strings.Join(names, ", ")+"]")
		}
	}
	list("require", value&good)
	list("forbid", ^value&bad)
}

// idBlock writes the keys of the ID block, or that there was none.
func (w *writer) idBlock(r *snpreport.Report) {
	switch zero := [48]byte{}; {
	case r.IDKeyDigest != zero:
		w.raw("require", "true")
		w.texts("id_keys", hexOf(r.IDKeyDigest[:]))
		if r.KeyInfo.AuthorKeyEn() && r.AuthorKeyDigest != zero {
			w.texts("author_keys", hexOf(r.AuthorKeyDigest[:]))
		}
		if r.KeyInfo.AuthorKeyEn() {
			w.raw("require_author_key", "true")
		}
	case r.AuthorKeyDigest == zero && !r.KeyInfo.AuthorKeyEn():
		w.raw("forbid", "true")
	}
}

// quoteJSON returns s, which is valid UTF-8, as a JSON string.
func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < 0x20:
			b.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
