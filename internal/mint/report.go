package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"
)

const (
	ReportSize = 0x4A0 // bytes of a report
	SignedSize = 0x2A0 // of which the first so many are signed
)

// ReportSpec holds the fields of an ATTESTATION_REPORT (AMD 56860) in their
// order. All are written whatever VERSION says; what a version reserves is zero
// in NewReport.
type ReportSpec struct {
	Product string // decides the layout of the TCBs, is not itself in the report

	Version          uint32
	GuestSVN         uint32
	Policy           uint64
	FamilyID         [16]byte
	ImageID          [16]byte
	VMPL             uint32
	SignatureAlgo    uint32
	CurrentTCB       TCB
	PlatformInfo     uint64
	KeyInfo          uint32 // AUTHOR_KEY_EN bit 0, MASK_CHIP_KEY bit 1, SIGNING_KEY bits 4:2
	ReportData       [64]byte
	Measurement      [48]byte
	HostData         [32]byte
	IDKeyDigest      [48]byte
	AuthorKeyDigest  [48]byte
	ReportID         [32]byte
	ReportIDMA       [32]byte
	ReportedTCB      TCB
	Family           uint8 // CPUID_FAM_ID, from version 3 on
	Model            uint8 // CPUID_MOD_ID
	Stepping         uint8 // CPUID_STEP
	ChipID           [64]byte
	CommittedTCB     TCB
	Current          Firmware
	Committed        Firmware
	LaunchTCB        TCB
	LaunchMitVector  uint64 // from version 5 on
	CurrentMitVector uint64
}

// NewReport gives a plausible report of a product, fit for the default policy.
// The kind is "vcek" or "vlek"; under a VLEK the CHIP_ID is zero.
func NewReport(product string, version uint32, kind string) ReportSpec {
	p := find(product)
	s := ReportSpec{
		Product: product, Version: version, Policy: 0x30000, SignatureAlgo: 1,
		CurrentTCB: p.tcb, ReportedTCB: p.tcb, CommittedTCB: p.tcb, LaunchTCB: p.tcb,
		PlatformInfo: p.platformInfo, Current: p.firmware, Committed: p.firmware,
		Measurement: sha512.Sum384([]byte("mint measurement " + product)),
		ReportID:    sha256.Sum256([]byte("mint report id " + product)),
		ChipID:      DefaultChipID(product),
	}
	data := sha256.Sum256([]byte("mint report data"))
	copy(s.ReportData[:], data[:]) // the second half stays zero
	copy(s.ReportIDMA[:], slices.Repeat([]byte{0xFF}, 32))
	if version >= 3 {
		s.Family, s.Model, s.Stepping = p.cpuid[0], p.cpuid[1], p.cpuid[2]
	}
	if version >= 5 {
		s.LaunchMitVector, s.CurrentMitVector = p.mitigations, p.mitigations
	}
	switch kind {
	case "vcek":
	case "vlek":
		s.KeyInfo, s.ChipID = 1<<2, [64]byte{}
	default:
		panic("mint: no kind of signing key named " + kind)
	}
	return s
}

// Encode gives the report without a signature: the last 512 bytes are zero.
func (s ReportSpec) Encode() (r [ReportSize]byte) {
	le := binary.LittleEndian
	tcb := func(at int, t TCB) {
		b := t.Encode(s.Product)
		copy(r[at:], b[:])
	}
	le.PutUint32(r[0x000:], s.Version)
	le.PutUint32(r[0x004:], s.GuestSVN)
	le.PutUint64(r[0x008:], s.Policy)
	copy(r[0x010:], s.FamilyID[:])
	copy(r[0x020:], s.ImageID[:])
	le.PutUint32(r[0x030:], s.VMPL)
	le.PutUint32(r[0x034:], s.SignatureAlgo)
	tcb(0x038, s.CurrentTCB)
	le.PutUint64(r[0x040:], s.PlatformInfo)
	le.PutUint32(r[0x048:], s.KeyInfo)
	copy(r[0x050:], s.ReportData[:])
	copy(r[0x090:], s.Measurement[:])
	copy(r[0x0C0:], s.HostData[:])
	copy(r[0x0E0:], s.IDKeyDigest[:])
	copy(r[0x110:], s.AuthorKeyDigest[:])
	copy(r[0x140:], s.ReportID[:])
	copy(r[0x160:], s.ReportIDMA[:])
	tcb(0x180, s.ReportedTCB)
	copy(r[0x188:], []byte{s.Family, s.Model, s.Stepping})
	copy(r[0x1A0:], s.ChipID[:])
	tcb(0x1E0, s.CommittedTCB)
	copy(r[0x1E8:], []byte{s.Current.Build, s.Current.Minor, s.Current.Major}) // the build comes first
	copy(r[0x1EC:], []byte{s.Committed.Build, s.Committed.Minor, s.Committed.Major})
	tcb(0x1F0, s.LaunchTCB)
	le.PutUint64(r[0x1F8:], s.LaunchMitVector)
	le.PutUint64(r[0x200:], s.CurrentMitVector)
	return r
}

// Sign signs the first 672 bytes of a report as they are and writes R and S to
// their places, 72 little-endian bytes each. Sign again after any change that
// is not meant to break the signature. The rest of the signature field is left
// alone. It panics when the report is shorter than that.
func Sign(report []byte, key *ecdsa.PrivateKey) {
	r, s := SignECDSA(report[:SignedSize], key, crypto.SHA384)
	PutSignature(report, r, s)
}

// SignECDSA gives R and S. The nonce is that of RFC 6979.
func SignECDSA(message []byte, key *ecdsa.PrivateKey, hash crypto.Hash) (r, s *big.Int) {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(ECDSASigner{key, hash}.Sign(message), &rs); err != nil {
		panic(err)
	}
	return rs.R, rs.S
}

// PutSignature writes r and s to their places in a report, for values that no
// signature has. Each must fit in 72 bytes.
func PutSignature(report []byte, r, s *big.Int) {
	for i, n := range []*big.Int{r, s} {
		field := report[0x2A0+72*i:][:72]
		n.FillBytes(field)
		slices.Reverse(field)
	}
}
