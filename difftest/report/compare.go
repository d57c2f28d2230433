// Package report compares snpreport.Parse with the report parser of
// go-sev-guest, field by field.
package report

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/proto/sevsnp"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/snpreport"
)

// Compare parses a report with both. Theirs is what their verifier asks of a
// report's bytes: ReportToProto and ValidateReportFormat.
func Compare(b []byte) difftest.Outcome {
	r, err := snpreport.Parse(b)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var p *sevsnp.Report
	var theirs error
	o.Theirs, theirs = difftest.Call(func() (err error) {
		if p, err = abi.ReportToProto(b); err != nil {
			return err
		}
		return abi.ValidateReportFormat(b)
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nreport: %x", err, theirs, b)
	if o.Ours == difftest.Accepts && o.Theirs == difftest.Accepts {
		o.Fields = differ(r, p)
	}
	return o
}

// differ names the fields that are not the same in both.
func differ(r *snpreport.Report, p *sevsnp.Report) []string {
	le := binary.LittleEndian
	tcb := func(t snpreport.TCBVersion) uint64 { return le.Uint64(t[:]) }
	firmware := func(f snpreport.Firmware) [3]uint32 {
		return [3]uint32{uint32(f.Major), uint32(f.Minor), uint32(f.Build)}
	}
	raw := r.Raw()
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"VERSION", r.Version == p.Version},
		{"GUEST_SVN", r.GuestSVN == p.GuestSvn},
		{"POLICY", uint64(r.GuestPolicy) == p.Policy && samePolicy(r.GuestPolicy)},
		{"FAMILY_ID", bytes.Equal(r.FamilyID[:], p.FamilyId)},
		{"IMAGE_ID", bytes.Equal(r.ImageID[:], p.ImageId)},
		{"VMPL", r.VMPL == p.Vmpl},
		{"SIGNATURE_ALGO", r.SignatureAlgo == p.SignatureAlgo},
		{"CURRENT_TCB", tcb(r.CurrentTCB) == p.CurrentTcb},
		{"PLATFORM_INFO", uint64(r.PlatformInfo) == p.PlatformInfo && samePlatform(r.PlatformInfo)},
		{"KEY_INFO", uint32(r.KeyInfo) == p.SignerInfo && sameKeyInfo(r.KeyInfo)},
		{"REPORT_DATA", bytes.Equal(r.ReportData[:], p.ReportData)},
		{"MEASUREMENT", bytes.Equal(r.Measurement[:], p.Measurement)},
		{"HOST_DATA", bytes.Equal(r.HostData[:], p.HostData)},
		{"ID_KEY_DIGEST", bytes.Equal(r.IDKeyDigest[:], p.IdKeyDigest)},
		{"AUTHOR_KEY_DIGEST", bytes.Equal(r.AuthorKeyDigest[:], p.AuthorKeyDigest)},
		{"REPORT_ID", bytes.Equal(r.ReportID[:], p.ReportId)},
		{"REPORT_ID_MA", bytes.Equal(r.ReportIDMA[:], p.ReportIdMa)},
		{"REPORTED_TCB", tcb(r.ReportedTCB) == p.ReportedTcb},
		{"CPUID", sameDie(r, p)},
		{"product", sameProduct(r, p)},
		{"CHIP_ID", bytes.Equal(r.ChipID[:], p.ChipId)},
		{"COMMITTED_TCB", tcb(r.CommittedTCB) == p.CommittedTcb},
		{"CURRENT firmware", firmware(r.CurrentFirmware) == [3]uint32{p.CurrentMajor, p.CurrentMinor, p.CurrentBuild}},
		{"COMMITTED firmware", firmware(r.CommittedFirmware) == [3]uint32{p.CommittedMajor, p.CommittedMinor, p.CommittedBuild}},
		{"LAUNCH_TCB", tcb(r.LaunchTCB) == p.LaunchTcb},
		{"LAUNCH_MIT_VECTOR", r.LaunchMitVector == p.LaunchMitVector},
		{"CURRENT_MIT_VECTOR", r.CurrentMitVector == p.CurrentMitVector},
		{"SIGNATURE", bytes.Equal(raw[0x2A0:], p.Signature) && bytes.Equal(r.Signature.R[:], p.Signature[:48]) &&
			bytes.Equal(r.Signature.S[:], p.Signature[72:120])},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

func samePolicy(g snpreport.GuestPolicy) bool {
	p, err := abi.ParseSnpPolicy(uint64(g))
	return err == nil && p == abi.SnpPolicy{
		ABIMinor: g.ABIMinor(), ABIMajor: g.ABIMajor(),
		SMT: g.Has(snpreport.PolicySMT), MigrateMA: g.Has(snpreport.PolicyMigrateMA), Debug: g.Has(snpreport.PolicyDebug),
		SingleSocket: g.Has(snpreport.PolicySingleSocket), CXLAllowed: g.Has(snpreport.PolicyCXLAllow),
		MemAES256XTS: g.Has(snpreport.PolicyMemAES256XTS), RAPLDis: g.Has(snpreport.PolicyRAPLDis),
		CipherTextHidingDRAM: g.Has(snpreport.PolicyCiphertextHidingDRAM), PageSwapDisable: g.Has(snpreport.PolicyPageSwapDisable),
	} && g.Unknown() == 0
}

func samePlatform(i snpreport.PlatformInfo) bool {
	p, err := abi.ParseSnpPlatformInfo(uint64(i))
	return err == nil && p == abi.SnpPlatformInfo{
		SMTEnabled: i.Has(snpreport.PlatformSMTEn), TSMEEnabled: i.Has(snpreport.PlatformTSMEEn),
		ECCEnabled: i.Has(snpreport.PlatformECCEn), RAPLDisabled: i.Has(snpreport.PlatformRAPLDis),
		CiphertextHidingDRAMEnabled: i.Has(snpreport.PlatformCiphertextHidingDRAM),
		AliasCheckComplete:          i.Has(snpreport.PlatformAliasCheckComplete), TIOEnabled: i.Has(snpreport.PlatformTIOEn),
	} && i.Unknown() == 0
}

func sameKeyInfo(k snpreport.KeyInfo) bool {
	p, err := abi.ParseSignerInfo(uint32(k))
	return err == nil && p.AuthorKeyEn == k.AuthorKeyEn() && p.MaskChipKey == k.MaskChipKey() && uint8(p.SigningKey) == uint8(k.SigningKey())
}

// sameDie compares with what they would write back: their form of the die is
// CPUID leaf 1.
func sameDie(r *snpreport.Report, p *sevsnp.Report) bool {
	die, ok := r.Die()
	if !ok {
		return p.Cpuid1EaxFms == 0
	}
	family, model, stepping := abi.FmsFromCpuid1Eax(p.Cpuid1EaxFms)
	return die == snpreport.CPUID{Family: family, Model: model, Stepping: stepping}
}

func sameProduct(r *snpreport.Report, p *sevsnp.Report) bool {
	die, ok := r.Die()
	if !ok {
		return true
	}
	theirs := kds.ProductLineFromFms(p.Cpuid1EaxFms)
	product, err := die.Product()
	if err != nil {
		return theirs == "Unknown"
	}
	return theirs == product.String()
}
