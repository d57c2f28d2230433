package snpreport

import "encoding/binary"

// Unchecked decodes b without a check, so that tests reach VerifySignature with
// bytes that Parse refuses.
func Unchecked(b []byte) *Report {
	r := &Report{raw: [Size]byte(b)}
	r.decode()
	return r
}

// Marshal encodes the fields of r. For a parsed Report it returns the bytes that
// were parsed, so that nothing in a report goes unread. Fields that the version
// lacks must be zero, as Parse leaves them.
func (r *Report) Marshal() [Size]byte {
	var b [Size]byte
	le := binary.LittleEndian
	le.PutUint32(b[0x000:], r.Version)
	le.PutUint32(b[0x004:], r.GuestSVN)
	le.PutUint64(b[0x008:], uint64(r.GuestPolicy))
	copy(b[0x010:], r.FamilyID[:])
	copy(b[0x020:], r.ImageID[:])
	le.PutUint32(b[0x030:], r.VMPL)
	le.PutUint32(b[0x034:], r.SignatureAlgo)
	copy(b[0x038:], r.CurrentTCB[:])
	le.PutUint64(b[0x040:], uint64(r.PlatformInfo))
	le.PutUint32(b[0x048:], uint32(r.KeyInfo))
	copy(b[0x050:], r.ReportData[:])
	copy(b[0x090:], r.Measurement[:])
	copy(b[0x0C0:], r.HostData[:])
	copy(b[0x0E0:], r.IDKeyDigest[:])
	copy(b[0x110:], r.AuthorKeyDigest[:])
	copy(b[0x140:], r.ReportID[:])
	copy(b[0x160:], r.ReportIDMA[:])
	copy(b[0x180:], r.ReportedTCB[:])
	b[0x188], b[0x189], b[0x18A] = r.CPUID.Family, r.CPUID.Model, r.CPUID.Stepping
	copy(b[0x1A0:], r.ChipID[:])
	copy(b[0x1E0:], r.CommittedTCB[:])
	b[0x1E8], b[0x1E9], b[0x1EA] = r.CurrentFirmware.Build, r.CurrentFirmware.Minor, r.CurrentFirmware.Major
	b[0x1EC], b[0x1ED], b[0x1EE] = r.CommittedFirmware.Build, r.CommittedFirmware.Minor, r.CommittedFirmware.Major
	copy(b[0x1F0:], r.LaunchTCB[:])
	le.PutUint64(b[0x1F8:], r.LaunchMitVector)
	le.PutUint64(b[0x200:], r.CurrentMitVector)
	copy(b[0x2A0:], r.Signature.R[:])
	copy(b[0x2E8:], r.Signature.S[:])
	return b
}
