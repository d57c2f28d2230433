package launch

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Sizes in bytes of what an owner signs of a guest, and of what goes with it.
const (
	IDBlockSize = 96
	IDAuthSize  = 4096
)

// An IDBlock is what the owner of a guest wants to be launched. The processor
// launches nothing else with it.
type IDBlock struct {
	LaunchDigest Digest                // LD, 0x00
	FamilyID     [16]byte              // 0x30
	ImageID      [16]byte              // 0x40; u32 version, 1, at 0x50
	GuestSVN     uint32                // 0x54
	Policy       snpreport.GuestPolicy // 0x58
}

// An IDBlockInvalidError says that an ID block or its authentication information is
// malformed, is not signed by the keys beside it, or is for another measurement or
// report. Failure describes the first difference.
type IDBlockInvalidError struct {
	attest.Failure
	Differences []attest.Failure // all of them, in the order of SPEC.md
}

// ParseIDBlock reads an ID block of 96 bytes. AMD 56860, SNP_LAUNCH_FINISH.
// Rules: LCH-50, LCH-51.
func ParseIDBlock(block []byte) (*IDBlock, error) {
	if len(block) != IDBlockSize {
		return nil, refuse("LCH-50", "size of the ID block", 0, "96 bytes", fmt.Sprint(len(block)))
	}
	if v := binary.LittleEndian.Uint32(block[0x50:]); v != 1 {
		return nil, refuse("LCH-51", "ID_BLOCK_VERSION", 0x50, "1", fmt.Sprint(v))
	}
	return &IDBlock{
		LaunchDigest: Digest(block[:0x30]), FamilyID: [16]byte(block[0x30:]), ImageID: [16]byte(block[0x40:]),
		GuestSVN: binary.LittleEndian.Uint32(block[0x54:]), Policy: snpreport.GuestPolicy(binary.LittleEndian.Uint64(block[0x58:])),
	}, nil
}

// VerifyIDBlock reads an ID block and its ID authentication information. The error
// is an *IDBlockInvalidError with all that is wrong: the first fault of each
// one's form; otherwise each signature that does not hold, LD when it is none of the
// computed measurements, and each member of a report that is not what they say.
// Without measurements LD is held against the report alone; the report may be nil.
// Rules: LCH-54, LCH-56, LCH-57.
func VerifyIDBlock(block, auth []byte, computed []Measurement, report *snpreport.Report) (*IDBlock, *IDAuth, error) {
	var list []rule.Error
	add := func(err error) {
		if e, ok := err.(*rule.Error); ok {
			list = append(list, *e)
		}
	}
	b, err := ParseIDBlock(block)
	add(err)
	a, err := ParseIDAuth(auth)
	add(err)
	if list == nil {
		add(a.verify("ID_BLOCK_SIG", idSignatureAt, a.idKey, block))
		add(a.verify("ID_KEY_SIG", idKeySignatureAt, a.author, a.keyBytes(idKeyAt)))
		ld := func(m Measurement) bool { return m.Digest == b.LaunchDigest }
		if len(computed) > 0 && !slices.ContainsFunc(computed, ld) {
			add(refuse("LCH-56", "LD", 0, fmt.Sprintf("%v, or another of the %d computed digests", computed[0].Digest, len(computed)), b.LaunchDigest.String()))
		}
		if report != nil {
			list = append(list, b.differences(a, report)...)
		}
	}
	if list != nil {
		return nil, nil, &IDBlockInvalidError{Failure: list[0], Differences: list}
	}
	return b, a, nil
}

// differences compares with what the processor copied into a report. Expected is
// what the report has.
func (b *IDBlock) differences(a *IDAuth, r *snpreport.Report) []rule.Error {
	var list []rule.Error
	compare := func(where string, offset int, report, here string) {
		if report != here {
			list = append(list, *refuse("LCH-57", where, offset, report+", as in the report", here))
		}
	}
	hexOf := hex.EncodeToString
	compare("LD", 0x00, hexOf(r.Measurement[:]), b.LaunchDigest.String())
	compare("FAMILY_ID", 0x30, hexOf(r.FamilyID[:]), hexOf(b.FamilyID[:]))
	compare("IMAGE_ID", 0x40, hexOf(r.ImageID[:]), hexOf(b.ImageID[:]))
	compare("GUEST_SVN", 0x54, fmt.Sprint(r.GuestSVN), fmt.Sprint(b.GuestSVN))
	compare("POLICY", 0x58, r.GuestPolicy.String(), b.Policy.String())
	compare("ID_KEY_DIGEST", idKeyAt, hexOf(r.IDKeyDigest[:]), a.IDKeyDigest.String())
	compare("AUTHOR_KEY_DIGEST", authorKeyAt, hexOf(r.AuthorKeyDigest[:]), a.AuthorKeyDigest.String())
	return list
}
