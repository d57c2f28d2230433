package main

import (
	"crypto"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
)

// reportSections are about the layout of the report and its signature.
func reportSections() []section {
	le32 := func(offset int, n uint32) func(X) {
		return patch(offset, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	bytesOf := func(change func(r []byte) []byte) func(X) { return func(x X) { x.AfterSigning = change } }
	const err = "ReportInvalidError"
	v5 := section{"report", hardware("Genoa", 5, "vcek"), err, []row{
		{"one-byte-short", no("RPT-01"), "1183 bytes", bytesOf(func(r []byte) []byte { return r[:1183] })},
		{"one-byte-long", no("RPT-01"), "1185 bytes", bytesOf(func(r []byte) []byte { return append(r, 0) })},
		{"empty", no("RPT-01"), "an empty file", bytesOf(func([]byte) []byte { return nil })},
		{"without-signature", no("RPT-01"), "the 672 signed bytes alone", bytesOf(func(r []byte) []byte { return r[:0x2A0] })},
		{"version-0", no("RPT-02"), "an obsolete version", le32(0, 0)},
		{"version-1", no("RPT-02"), "an obsolete version", le32(0, 1)},
		{"version-6", no("RPT-02"), "a version that is known by name only", le32(0, 6)},
		{"version-2-24", no("RPT-02"), "all four bytes are the version", le32(0, 0x00050005)},
		{"unknown-version-read-as-the-newest", no("RPT-02"), "a reader took every version that it did not know for the newest", le32(0, 7)},
		{"vmpl-4", no("RPT-03"), "there are four levels", le32(0x30, 4)},
		{"host-requested", no("RPT-03"), "the host asked for this report: the guest had no part in it", le32(0x30, 0xFFFFFFFF)},
		{"signature-algo-0", no("RPT-04"), "no algorithm", le32(0x34, 0)},
		{"signature-algo-2", no("RPT-04"), "an algorithm that is not assigned", le32(0x34, 2)},
		{"mask-chip-key", no("RPT-05"), "with MASK_CHIP_KEY the firmware does not sign: what is there is no signature", le32(0x48, 1<<1)},
		{"signing-key-2", no("RPT-06"), "a key of a later revision", le32(0x48, 2<<2)},
		{"signing-key-3", no("RPT-06"), "a reserved kind of key", le32(0x48, 3<<2)},
		{"signing-key-none", no("RPT-06"), "SIGNING_KEY 7: nobody signed", le32(0x48, 7<<2)},
		{"key-info-bit-5", no("RPT-17"), "assigned in a later revision, for version 6", le32(0x48, 1<<5)},
		{"key-info-bit-31", no("RPT-17"), "reserved", le32(0x48, 1<<31)},
		{"author-key-enabled", yes("RPT-17"), "KEY_INFO bit 0 is AUTHOR_KEY_EN", le32(0x48, 1)},
		{"guest-svn-of-32-bits", yes("RPT-02"), "GUEST_SVN uses all of its bits", both(func(x X) { x.Spec.GuestSVN = 0x1000B }, expectFacts)},
		{"firmware-bytes-are-build-minor-major", yes("POL-45"), "the build comes first", both(func(x X) {
			x.Spec.Current, x.Spec.Committed = mint.Firmware{Major: 1, Minor: 58, Build: 3}, mint.Firmware{Major: 1, Minor: 57, Build: 2}
		}, expectFacts)},
	}}
	for _, at := range []struct {
		rule      string
		low, high int
	}{{"RPT-07", 0x4C, 0x50}, {"RPT-09", 0x18B, 0x1A0}, {"RPT-10", 0x1EB, 0x1EC}, {"RPT-11", 0x1EF, 0x1F0}, {"RPT-13", 0x208, 0x2A0}} {
		v5.rows = append(v5.rows, row{fmt.Sprintf("reserved-byte-%03x", at.low), no(at.rule), "a signed byte that this version reserves", patch(at.low, 1)})
		if last := at.high - 1; last != at.low {
			v5.rows = append(v5.rows, row{fmt.Sprintf("reserved-byte-%03x", last), no(at.rule), "the last byte of that range", patch(last, 0x80)})
		}
	}
	for _, at := range []struct {
		rule      string
		low, last int
	}{{"RPT-14", 0x2D0, 0x2E7}, {"RPT-15", 0x318, 0x32F}, {"RPT-16", 0x330, 0x49F}} {
		for _, offset := range []int{at.low, at.last} {
			v5.rows = append(v5.rows, row{fmt.Sprintf("unsigned-byte-%03x", offset), no(at.rule), "behind the signed part: the same report in another encoding", spoil(offset, 1)})
		}
	}
	old := func(version uint32, product string, rows ...row) section {
		return section{fmt.Sprintf("report-v%d", version), hardware(product, version, "vcek"), err, rows}
	}
	mit := func(offset int) row {
		return row{fmt.Sprintf("with-mitigations-%03x", offset), no("RPT-12"), "mitigation vectors exist from version 5 on", patch(offset, 1)}
	}
	v2 := old(2, "Milan", mit(0x1F8), mit(0x207),
		row{"with-cpuid", no("RPT-08"), "version 2 names no processor", patch(0x188, 0x19)},
		row{"with-model", no("RPT-08"), "not even a model", patch(0x189, 0x01)},
		row{"with-stepping", no("RPT-08"), "nor a stepping", patch(0x18A, 0x01)},
		row{"reserved-byte-18b", no("RPT-09"), "the rest of the range", patch(0x18B, 1)},
	)
	v3 := old(3, "Genoa", mit(0x1F8), mit(0x1FF))
	v4 := old(4, "Milan", mit(0x200), mit(0x207))
	return []section{v5, v2, v3, v4, signatureSection()}
}

// signatureSection is about the signature of the report.
func signatureSection() section {
	order := elliptic.P384().Params().N
	plus := func(n int64) *big.Int { return new(big.Int).Add(order, big.NewInt(n)) }
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), big.NewInt(1))
	put := func(change func(r, s *big.Int) (*big.Int, *big.Int)) func(X) {
		return func(x X) {
			x.AfterSigning = func(report []byte) []byte {
				r, s := change(scalar(report[0x2A0:]), scalar(report[0x2E8:]))
				mint.PutSignature(report, r, s)
				return report
			}
		}
	}
	r := func(n *big.Int) func(X) { return put(func(_, s *big.Int) (*big.Int, *big.Int) { return n, s }) }
	s := func(n *big.Int) func(X) { return put(func(r, _ *big.Int) (*big.Int, *big.Int) { return r, n }) }
	over := func(h crypto.Hash, message func(report []byte) []byte) func(X) {
		return func(x X) {
			x.AfterSigning = func(report []byte) []byte {
				r, s := mint.SignECDSA(message(report), x.Key, h)
				mint.PutSignature(report, r, s)
				return report
			}
		}
	}
	rows := []row{
		{"r-zero", no("RPT-21"), "r and s of zero verified anything, once", r(new(big.Int))},
		{"r-is-the-order", no("RPT-21"), "r is below the order", r(order)},
		{"r-above-the-order", no("RPT-21"), "r mod n would do", r(plus(1))},
		{"r-of-384-ones", no("RPT-21"), "the greatest number of 48 bytes", r(most)},
		{"s-zero", no("RPT-22"), "s is not zero", s(new(big.Int))},
		{"s-is-the-order", no("RPT-22"), "s is below the order", s(order)},
		{"s-of-384-ones", no("RPT-22"), "the greatest number of 48 bytes", s(most)},
		{"r-and-s-zero", no("RPT-21"), "an empty signature", put(func(_, _ *big.Int) (*big.Int, *big.Int) { return new(big.Int), new(big.Int) })},
		{"other-s", yes("RPT-23", "RPT-22"), "(r, n-s) signs the same: genuine firmware makes both", put(func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(order, s) })},
		{"big-endian", no("RPT-23"), "r and s are little-endian", put(func(r, s *big.Int) (*big.Int, *big.Int) { return reversed(r), reversed(s) })},
		{"r-and-s-swapped", no("RPT-23"), "r comes first", put(func(r, s *big.Int) (*big.Int, *big.Int) { return s, r })},
		{"over-all-1184-bytes", no("RPT-23"), "the signature covers 672 bytes", over(crypto.SHA384, func(report []byte) []byte { return append(report[:0x2A0:0x2A0], make([]byte, 512)...) })},
		{"over-671-bytes", no("RPT-23"), "all of them", over(crypto.SHA384, func(report []byte) []byte { return report[:0x29F] })},
		{"over-673-bytes", no("RPT-23"), "and none more", over(crypto.SHA384, func(report []byte) []byte { return append(report[:0x2A0:0x2A0], 0) })},
		{"with-sha-256", no("RPT-23"), "the hash is SHA-384", over(crypto.SHA256, func(report []byte) []byte { return report[:0x2A0] })},
		{"by-another-chip", no("RPT-23"), "another key signed", func(x X) { x.Key = mint.P384Key("another chip") }},
		{"tcb-reserved-byte-altered", no("RPT-23", "GEN-03"), "verifiers that sign a re-encoded report lose the bytes of a TCB that no component owns", spoil(0x182, 1)},
	}
	for _, f := range []struct {
		name   string
		offset int
	}{
		{"guest-svn", 0x004}, {"policy", 0x00A}, {"family-id", 0x010}, {"image-id", 0x02F}, {"current-tcb", 0x03F},
		{"platform-info", 0x040}, {"report-data", 0x050}, {"report-data-tail", 0x08F}, {"measurement", 0x090}, {"measurement-tail", 0x0BF},
		{"host-data", 0x0C0}, {"id-key-digest", 0x0E0}, {"author-key-digest", 0x13F}, {"report-id", 0x140}, {"report-id-ma", 0x17F},
		{"reported-tcb", 0x187}, {"stepping", 0x18A}, {"chip-id", 0x1A0}, {"committed-tcb", 0x1E6}, {"current-build", 0x1E8},
		{"committed-build", 0x1EC}, {"launch-tcb", 0x1F0}, {"launch-mitigations", 0x1F8}, {"current-mitigations", 0x207},
	} {
		rows = append(rows, row{"altered-" + f.name, no("RPT-23"), "one bit changed after signing", flip(f.offset)})
	}
	return section{"signature", hardware("Genoa", 5, "vcek"), "ReportSignatureInvalidError", rows}
}

// scalar reads 48 little-endian bytes.
func scalar(b []byte) *big.Int { return new(big.Int).SetBytes(reverse(b[:48])) }

func reversed(n *big.Int) *big.Int {
	return new(big.Int).SetBytes(reverse(n.FillBytes(make([]byte, 48))))
}

func reverse(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}
