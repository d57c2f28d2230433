package azure

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tresorhq/attest/rule"
)

// TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE and TPM_ALG_RSASSA of TPM 2.0, part 2.
const tpmGenerated, tpmAttestQuote, tpmRSASSA = 0xFF544347, 0x8018, 0x0014

// Quote is a TPMS_ATTEST that TPM2_Quote made, parsed. Integers are big-endian:
//
//	u32  magic: 0xFF544347
//	u16  type: 0x8018
//	u16  size, qualifiedSigner: at most 68
//	u16  size, extraData: at most 66
//	u64  clock, in ms
//	u32  resetCount
//	u32  restartCount
//	u8   safe: 0 or 1
//	u64  firmwareVersion
//	u32  count of selections: 1 to 16, each
//	       u16  hash
//	       u8   size of the bitmap: 1 to 4; PCR n is bit n%8 of byte n/8
//	u16  size, pcrDigest: 32
//
// Source: TPM 2.0 library, part 2, sections 10.12 and 10.6.
type Quote struct {
	QualifiedSigner []byte
	ExtraData       []byte // the qualifying data of who asked
	Clock           uint64 // ms for which the TPM has run
	ResetCount      uint32
	RestartCount    uint32
	Safe            bool // the clock has not gone back
	FirmwareVersion uint64
	Selected        []Register // in the order in which their values are hashed
	PCRDigest       [32]byte

	signed []byte // TPMS_ATTEST
}

// ParseQuote parses a TPMS_ATTEST of TPM2_Quote of at most 1024 bytes, bare or as a
// TPM2B_ATTEST, which has its size before it in two bytes. It shares memory with b. On
// error the Quote is nil and the error is a *rule.Error. Checked in this order: size,
// magic, type, then each field. Rules: TPM-01 to TPM-09.
func ParseQuote(b []byte) (*Quote, error) {
	if len(b) > 1024 {
		return nil, tpmError("TPM-01", "quote", 0, "at most 1024 bytes", fmt.Sprintf("%d bytes", len(b)))
	}
	s := cryptobyte.String(b)
	if len(b) > 1 && b[0] == 0 { // TPM2B_ATTEST: a bare one starts with 0xFF
		if size := int(b[0])<<8 | int(b[1]); size != len(b)-2 {
			return nil, tpmError("TPM-01", "size", 0, fmt.Sprint(len(b)-2), fmt.Sprint(size))
		}
		s = s[2:]
	}
	q := &Quote{signed: s}
	if err := q.read(&s); err != nil {
		return nil, err
	}
	return q, nil
}

func (q *Quote) read(s *cryptobyte.String) *rule.Error {
	refuse := func(id, where, expected, actual string) *rule.Error {
		return tpmError(id, where, len(q.signed)-len(*s), expected, actual)
	}
	var magic, count uint32
	var kind uint16
	var numbers []byte
	s.ReadUint32(&magic) // 0, as of all that is cut
	s.ReadUint16(&kind)
	whole := vector(s, &q.QualifiedSigner) && vector(s, &q.ExtraData) && s.ReadBytes(&numbers, 25) && s.ReadUint32(&count)
	switch {
	case magic != tpmGenerated:
		return tpmError("TPM-02", "magic", 0, "0xff544347", fmt.Sprintf("%#08x", magic))
	case kind != tpmAttestQuote:
		return tpmError("TPM-03", "type", 4, "0x8018, a quote", fmt.Sprintf("%#04x", kind))
	case len(q.QualifiedSigner) > 68 || len(q.ExtraData) > 66:
		return tpmError("TPM-04", "qualifiedSigner and extraData", 6, "at most 68 and 66 bytes", fmt.Sprintf("%d and %d bytes", len(q.QualifiedSigner), len(q.ExtraData)))
	case !whole:
		return refuse("TPM-09", "quote", "more bytes", "the end")
	case numbers[16] > 1:
		return refuse("TPM-05", "safe", "0 or 1", fmt.Sprint(numbers[16]))
	case count < 1 || count > 16:
		return refuse("TPM-06", "pcrSelect", "1 to 16 selections", fmt.Sprint(count))
	}
	q.Clock, q.ResetCount, q.RestartCount = binary.BigEndian.Uint64(numbers), binary.BigEndian.Uint32(numbers[8:]), binary.BigEndian.Uint32(numbers[12:])
	q.Safe, q.FirmwareVersion = numbers[16] != 0, binary.BigEndian.Uint64(numbers[17:])
	seen := map[Bank]bool{}
	for range count {
		var bank uint16
		var bits cryptobyte.String
		if !s.ReadUint16(&bank) || !s.ReadUint8LengthPrefixed(&bits) {
			return refuse("TPM-09", "pcrSelections", "more bytes", "the end")
		}
		chosen := registersOf(Bank(bank), bits)
		switch {
		case Bank(bank).Size() == 0 || seen[Bank(bank)]:
			return refuse("TPM-07", "hash", "a known bank, once", Bank(bank).String())
		case len(bits) > 4 || len(bits) > 3 && bits[3] != 0 || len(chosen) == 0:
			return refuse("TPM-08", "pcrSelect", "1 to 4 bytes with at least one of the registers 0 to 23", fmt.Sprintf("%d bytes, %d of these", len(bits), len(chosen)))
		}
		seen[Bank(bank)] = true
		q.Selected = append(q.Selected, chosen...)
	}
	var digest []byte
	if vector(s, &digest); len(digest) != len(q.PCRDigest) || !s.Empty() {
		return refuse("TPM-09", "pcrDigest", "32 bytes, and nothing behind them", fmt.Sprintf("%d bytes, and %d", len(digest), len(*s)))
	}
	q.PCRDigest = [32]byte(digest)
	return nil
}

// registersOf returns the registers that a bitmap selects, ascending.
func registersOf(bank Bank, bits []byte) (list []Register) {
	for i := range min(8*len(bits), registers) {
		if bits[i/8]>>(i%8)&1 == 1 {
			list = append(list, Register{bank, i})
		}
	}
	return list
}

// digest returns the SHA-256 of the selected values, in the order of the selection, and the
// first register that has none. SHA-256 is the hash of the signature, whatever the bank.
func (q *Quote) digest(p PCRs) (sum [32]byte, absent string) {
	h := sha256.New()
	for _, r := range q.Selected {
		if len(p[r]) != r.Bank.Size() {
			return sum, r.String()
		}
		h.Write(p[r])
	}
	return [32]byte(h.Sum(nil)), ""
}
