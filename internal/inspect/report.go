package inspect

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/snpreport"
)

// reportNode prints every field of a report. product is that of the
// certificates next to it, or 0.
func reportNode(r *snpreport.Report, product snpreport.Product) Node {
	product, source := collateral.LikelyProduct(r, product)
	x := func(b []byte) string { return hex.EncodeToString(b) }
	fields := []Node{
		leaf("version", r.Version),
		leaf("product", product.String(), source),
	}
	if die, ok := r.Die(); ok {
		fields = append(fields, leaf("cpuid", die.String(), "family-model-stepping"))
	}
	fields = append(fields,
		leaf("measurement", x(r.Measurement[:])),
		leaf("report_data", x(r.ReportData[:]), "chosen by the guest"),
		leaf("host_data", x(r.HostData[:]), "chosen by the host"),
		leaf("vmpl", r.VMPL, "0 is the most privileged"),
		leaf("guest_svn", r.GuestSVN),
		policyNode(r),
		platformNode(r),
		keyInfoNode(r),
		tcbNode(r, product),
		leaf("current_firmware", r.CurrentFirmware.String()),
		leaf("committed_firmware", r.CommittedFirmware.String(), "the host can go back to it"),
	)
	if launch, current, ok := r.Mitigations(); ok {
		fields = append(fields,
			leaf("launch_mit_vector", fmt.Sprintf("%#x", launch)),
			leaf("current_mit_vector", fmt.Sprintf("%#x", current), "a set bit is a mitigation that the firmware verified"))
	}
	return group("report", append(fields,
		leaf("chip_id", x(r.ChipID[:])),
		leaf("report_id", x(r.ReportID[:])),
		leaf("report_id_ma", x(r.ReportIDMA[:]), "all f: no migration agent"),
		leaf("family_id", x(r.FamilyID[:])),
		leaf("image_id", x(r.ImageID[:])),
		leaf("id_key_digest", x(r.IDKeyDigest[:])),
		leaf("author_key_digest", x(r.AuthorKeyDigest[:])),
		leaf("signature_r", x(r.Signature.R[:]), "little-endian"),
		leaf("signature_s", x(r.Signature.S[:]), "little-endian"),
		bulletinsNode(r),
	)...)
}

// bulletinsNode prints what the report would show of AMD's bulletins, were it verified.
func bulletinsNode(r *snpreport.Report) Node {
	kids := []Node{leaf("as_of", bulletin.AsOf, "not verified, as all of this")}
	for _, a := range bulletin.Assess(r, nil) {
		var notes []string
		for _, c := range a.Conditions {
			if c.Status != bulletin.Satisfied {
				notes = append(notes, fmt.Sprintf("%s is %s, the bulletin has %s (grade %s)", c.Component, c.Actual, c.Level, c.Grade))
			}
		}
		kids = append(kids, leaf(a.ID, a.Status.String(), strings.Join(notes, "; ")))
	}
	return group("bulletins", kids...)
}

func policyNode(r *snpreport.Report) Node {
	p := r.GuestPolicy
	kids := []Node{
		leaf("value", p.String()),
		leaf("min_abi", fmt.Sprintf("%d.%d", p.ABIMajor(), p.ABIMinor())),
	}
	for _, b := range snpreport.GuestPolicyBits() {
		kids = append(kids, leaf(b.Name, r.GuestPolicyState(b).String(), b.Meaning))
	}
	if !p.Has(snpreport.PolicyReserved1) {
		kids = append(kids, leaf("reserved_bit_17", "no", "must be set"))
	}
	return group("guest_policy", append(kids, leaf("unknown_bits", p.Unknown().String()))...)
}

func platformNode(r *snpreport.Report) Node {
	kids := []Node{leaf("value", r.PlatformInfo.String())}
	for _, b := range snpreport.PlatformInfoBits() {
		kids = append(kids, leaf(b.Name, r.PlatformInfoState(b).String(), b.Meaning))
	}
	return group("platform_info", append(kids, leaf("unknown_bits", r.PlatformInfo.Unknown().String()))...)
}

func keyInfoNode(r *snpreport.Report) Node {
	return group("key_info",
		leaf("signing_key", r.KeyInfo.SigningKey().String()),
		leaf("author_key_en", r.KeyInfo.AuthorKeyEn(), "AUTHOR_KEY_DIGEST is present"),
		leaf("mask_chip_key", r.KeyInfo.MaskChipKey()),
	)
}

// tcbNode prints the four TCB versions side by side.
func tcbNode(r *snpreport.Report, product snpreport.Product) Node {
	versions := []struct {
		name string
		raw  snpreport.TCBVersion
	}{
		{"reported", r.ReportedTCB}, {"committed", r.CommittedTCB}, {"current", r.CurrentTCB}, {"launch", r.LaunchTCB},
	}
	t, _ := snpreport.TCBVersion{}.For(product)
	n, header, raws := Node{key: "tcb"}, []string{""}, []string{"raw bytes"}
	rows := make([][]string, len(t.Components())) // a component each
	for _, v := range versions {
		kids := []Node{leaf("raw", hex.EncodeToString(v.raw[:]))}
		t, _ := v.raw.For(product)
		for i, c := range t.Components() {
			level, _ := t.Level(c)
			kids = append(kids, leaf(c.String(), level))
			if rows[i] == nil {
				rows[i] = []string{c.String()}
			}
			rows[i] = append(rows[i], fmt.Sprint(level))
		}
		header, raws = append(header, v.name), append(raws, hex.EncodeToString(v.raw[:]))
		n.kids = append(n.kids, group(v.name, kids...))
	}
	n.table = slices.Concat([][]string{header}, rows, [][]string{raws})
	return n
}
