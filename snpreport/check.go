package snpreport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/tresorhq/attest/rule"
)

// hostRequested is the VMPL of a report that the host asked for
// (SNP_HV_REPORT_REQ): the guest had no part in it.
const hostRequested = 0xFFFFFFFF

// algoECDSAP384SHA384 is the one SIGNATURE_ALGO.
const algoECDSAP384SHA384 = 1

// check refuses a layout that is not certain. Fields have been decoded.
func (r *Report) check() error {
	if r.Version < 2 || r.Version > 5 {
		err := rule.Broken("RPT-02", "VERSION", 0x000, "2, 3, 4 or 5", strconv.FormatUint(uint64(r.Version), 10))
		if r.Version == 6 {
			err.Actual, err.Cause = "6 (Venice's, recognised but not supported)", ErrUnsupported
		}
		return err
	}
	if r.VMPL > 3 {
		actual := strconv.FormatUint(uint64(r.VMPL), 10)
		if r.VMPL == hostRequested {
			actual = "0xffffffff (requested by the host, not by the guest)"
		}
		return rule.Broken("RPT-03", "VMPL", 0x030, "0 to 3", actual)
	}
	if r.SignatureAlgo != algoECDSAP384SHA384 {
		return rule.Broken("RPT-04", "SIGNATURE_ALGO", 0x034, "1 (ECDSA P-384 with SHA-384)", fmt.Sprint(r.SignatureAlgo))
	}
	if err := r.KeyInfo.check(); err != nil {
		return err
	}
	return r.checkReserved()
}

// checkReserved refuses a reserved byte that is not zero. Those before 0x2A0
// are signed, so that a set bit there means firmware with a layout that this
// parser does not know; those behind would give one signature many encodings.
// Straight code, because a table costs more than all the rest of the parser.
func (r *Report) checkReserved() error {
	le, b, version := binary.LittleEndian, &r.raw, r.Version
	switch {
	case le.Uint32(b[0x04C:]) != 0:
		return nonZero("RPT-07", b, 0x04C)
	case version < 3 && r.CPUID != CPUID{}:
		return nonZero("RPT-08", b, 0x188)
	case le.Uint64(b[0x18B:])|le.Uint64(b[0x193:])|le.Uint64(b[0x198:]) != 0:
		return nonZero("RPT-09", b, 0x18B)
	case b[0x1EB] != 0:
		return nonZero("RPT-10", b, 0x1EB)
	case b[0x1EF] != 0:
		return nonZero("RPT-11", b, 0x1EF)
	case version <= 4 && r.LaunchMitVector|r.CurrentMitVector != 0:
		return nonZero("RPT-12", b, 0x1F8)
	case !bytes.Equal(b[0x208:0x2A0], zeros[:0x2A0-0x208]):
		return nonZero("RPT-13", b, 0x208)
	case le.Uint64(b[0x2D0:])|le.Uint64(b[0x2D8:])|le.Uint64(b[0x2E0:]) != 0: // r, above its 48 bytes
		return nonZero("RPT-14", b, 0x2D0)
	case le.Uint64(b[0x318:])|le.Uint64(b[0x320:])|le.Uint64(b[0x328:]) != 0: // s, above its 48 bytes
		return nonZero("RPT-15", b, 0x318)
	case !bytes.Equal(b[0x330:], zeros[:Size-0x330]):
		return nonZero("RPT-16", b, 0x330)
	}
	return nil
}

// nonZero reports the first byte from at on that is not zero. There is one.
func nonZero(id string, b *[Size]byte, at int) error {
	for b[at] == 0 {
		at++
	}
	return rule.Broken(id, "reserved byte", at, "0x00", fmt.Sprintf("0x%02x", b[at]))
}

func (k KeyInfo) check() error {
	field := func(id, name, expected, actual string) error {
		return rule.Broken(id, "KEY_INFO."+name, 0x048, expected, actual)
	}
	switch key := k.SigningKey(); {
	case k.MaskChipKey():
		return field("RPT-05", "MASK_CHIP_KEY", "0", "1 (the firmware did not sign)")
	case key != VCEK && key != VLEK:
		return field("RPT-06", "SIGNING_KEY", "0 (vcek) or 1 (vlek)", fmt.Sprintf("%d (%v)", uint8(key), key))
	case k>>5 != 0:
		return field("RPT-17", "reserved bits 31:5", "0", fmt.Sprintf("%#x", uint32(k>>5)))
	}
	return nil
}

// zeros is as long as the longest range.
var zeros [Size - 0x330]byte
