package snpreport

import (
	"encoding/binary"
	"fmt"

	"github.com/tresorhq/attest/rule"
)

// Sizes in bytes.
const (
	Size       = 0x4A0 // ATTESTATION_REPORT
	SignedSize = 0x2A0 // its signed part, at the start
)

// Report is a parsed ATTESTATION_REPORT. It keeps the received bytes: the
// signature is checked over those, also when a field was written to.
//
// A Report holds no pointers and may be copied. Its zero value, and nil, are no
// report: the signature never verifies.
// Rules: GEN-03.
type Report struct {
	Version           uint32          // VERSION
	GuestSVN          uint32          // GUEST_SVN
	GuestPolicy       GuestPolicy     // POLICY
	FamilyID          [16]byte        // FAMILY_ID
	ImageID           [16]byte        // IMAGE_ID
	VMPL              uint32          // VMPL, 0..3
	SignatureAlgo     uint32          // SIGNATURE_ALGO, always 1
	CurrentTCB        TCBVersion      // CURRENT_TCB
	PlatformInfo      PlatformInfo    // PLATFORM_INFO
	KeyInfo           KeyInfo         // KEY_INFO
	ReportData        [64]byte        // REPORT_DATA, chosen by the guest
	Measurement       [48]byte        // MEASUREMENT, SHA-384 launch digest
	HostData          [32]byte        // HOST_DATA, chosen by the host
	IDKeyDigest       [48]byte        // ID_KEY_DIGEST
	AuthorKeyDigest   [48]byte        // AUTHOR_KEY_DIGEST, when AUTHOR_KEY_EN
	ReportID          [32]byte        // REPORT_ID
	ReportIDMA        [32]byte        // REPORT_ID_MA, all 0xFF: no migration agent
	ReportedTCB       TCBVersion      // REPORTED_TCB, the one the signing key is for
	CPUID             CPUID           // zero before version 3, see Die
	ChipID            [64]byte        // CHIP_ID, zero when the host masks it
	CommittedTCB      TCBVersion      // COMMITTED_TCB
	CurrentFirmware   Firmware        // CURRENT_MAJOR, _MINOR, _BUILD
	CommittedFirmware Firmware        // COMMITTED_MAJOR, _MINOR, _BUILD
	LaunchTCB         TCBVersion      // LAUNCH_TCB
	LaunchMitVector   uint64          // LAUNCH_MIT_VECTOR, see Mitigations
	CurrentMitVector  uint64          // CURRENT_MIT_VECTOR, see Mitigations
	Signature         ReportSignature // SIGNATURE

	raw [Size]byte
}

// ReportSignature is SIGNATURE: r and s of ECDSA P-384, both little-endian as
// in the report. (r, n-s) signs the same report, so it identifies nothing.
type ReportSignature struct {
	R, S [48]byte
}

// Parse parses a report: exactly 1184 bytes, nothing around them. On error the
// Report is nil and the error is a *rule.Error. Fields are checked in the order
// of their offsets: size, VERSION, VMPL, SIGNATURE_ALGO, KEY_INFO and the
// reserved bytes behind it, those of 0x188..0x1A0 (0x18B..0x1A0 from version 3
// on), 0x1EB, 0x1EF, 0x1F8..0x2A0 (0x208..0x2A0 from version 5 on), and the
// padding of SIGNATURE. SPEC.md section 3.
func Parse(b []byte) (*Report, error) {
	r := new(Report)
	if err := r.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return r, nil
}

// UnmarshalBinary is Parse into r, without allocation. On
// error r is the zero Report. A nil r is an error too.
func (r *Report) UnmarshalBinary(b []byte) error {
	if r == nil {
		return rule.Broken("RPT-01", "report", 0, "a Report to parse into", "nil")
	}
	if len(b) != Size {
		*r = Report{}
		return rule.Broken("RPT-01", "report", 0, fmt.Sprintf("%d bytes", Size), fmt.Sprintf("%d bytes", len(b)))
	}
	r.raw = [Size]byte(b)
	r.decode()
	if err := r.check(); err != nil {
		*r = Report{}
		return err
	}
	return nil
}

// decode fills every field from r.raw. It checks nothing.
func (r *Report) decode() {
	b, le := &r.raw, binary.LittleEndian
	r.Version = le.Uint32(b[0x000:])
	r.GuestSVN = le.Uint32(b[0x004:])
	r.GuestPolicy = GuestPolicy(le.Uint64(b[0x008:]))
	r.FamilyID = [16]byte(b[0x010:])
	r.ImageID = [16]byte(b[0x020:])
	r.VMPL = le.Uint32(b[0x030:])
	r.SignatureAlgo = le.Uint32(b[0x034:])
	r.CurrentTCB = TCBVersion(b[0x038:])
	r.PlatformInfo = PlatformInfo(le.Uint64(b[0x040:]))
	r.KeyInfo = KeyInfo(le.Uint32(b[0x048:]))
	r.ReportData = [64]byte(b[0x050:])
	r.Measurement = [48]byte(b[0x090:])
	r.HostData = [32]byte(b[0x0C0:])
	r.IDKeyDigest = [48]byte(b[0x0E0:])
	r.AuthorKeyDigest = [48]byte(b[0x110:])
	r.ReportID = [32]byte(b[0x140:])
	r.ReportIDMA = [32]byte(b[0x160:])
	r.ReportedTCB = TCBVersion(b[0x180:])
	r.CPUID = CPUID{b[0x188], b[0x189], b[0x18A]}
	r.ChipID = [64]byte(b[0x1A0:])
	r.CommittedTCB = TCBVersion(b[0x1E0:])
	r.CurrentFirmware = Firmware{Build: b[0x1E8], Minor: b[0x1E9], Major: b[0x1EA]}
	r.CommittedFirmware = Firmware{Build: b[0x1EC], Minor: b[0x1ED], Major: b[0x1EE]}
	r.LaunchTCB = TCBVersion(b[0x1F0:])
	r.LaunchMitVector = le.Uint64(b[0x1F8:])
	r.CurrentMitVector = le.Uint64(b[0x200:])
	r.Signature.R = [48]byte(b[0x2A0:])
	r.Signature.S = [48]byte(b[0x2E8:])
}

// Raw returns the 1184 bytes as received; zeros for nil.
func (r *Report) Raw() [Size]byte { return r.orZero().raw }

// Received returns the report that was parsed, whatever was written to the fields of r
// since; nil for nil and for the zero Report. It reads the fields out of the received
// bytes, which Parse has checked.
func (r *Report) Received() *Report {
	own := &Report{raw: r.Raw()}
	if own.decode(); own.Version == 0 {
		return nil
	}
	return own
}

// orZero returns r, or the zero Report for nil.
func (r *Report) orZero() *Report {
	if r == nil {
		return new(Report)
	}
	return r
}

// Die returns the die that made the report; ok is false before version 3, which
// does not carry it.
func (r *Report) Die() (c CPUID, ok bool) {
	r = r.orZero()
	return r.CPUID, r.Version >= 3
}

// Mitigations returns LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR; ok is false
// before version 5, which does not carry them. What a bit means depends on the
// product.
func (r *Report) Mitigations() (launch, current uint64, ok bool) {
	r = r.orZero()
	return r.LaunchMitVector, r.CurrentMitVector, r.Version > 4
}
