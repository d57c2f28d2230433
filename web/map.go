package web

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tresorhq/attest/snpreport"
)

// A field is a range of bytes of the report.
type field struct {
	offset, size int
	name         string // AMD's name, "zero" for a reserved range
	meaning      string
	rule         string // of SPEC.md
	value        func(b []byte) string
}

// fields are all 1184 bytes of a report, in their order. SPEC.md section 3.
var fields = []field{
	{0x000, 4, "VERSION", "layout of the report: 2, 3, 4 or 5", "RPT-02", number},
	{0x004, 4, "GUEST_SVN", "security version of the guest, from the ID block", "POL-43", number},
	{0x008, 8, "POLICY", "what the guest's owner allowed or demanded at launch", "RPT-18", word},
	{0x010, 16, "FAMILY_ID", "chosen by the guest's owner, from the ID block", "POL-34", bytesHex},
	{0x020, 16, "IMAGE_ID", "chosen by the guest's owner, from the ID block", "POL-35", bytesHex},
	{0x030, 4, "VMPL", "privilege level that asked for the report; 0 is the most privileged", "RPT-03", number},
	{0x034, 4, "SIGNATURE_ALGO", "1: ECDSA P-384 with SHA-384", "RPT-04", number},
	{0x038, 8, "CURRENT_TCB", "firmware levels that run now", "RPT-25", bytesHex},
	{0x040, 8, "PLATFORM_INFO", "how the host is configured", "RPT-18", word},
	{0x048, 4, "KEY_INFO", "which key signed, and whether AUTHOR_KEY_DIGEST is present", "RPT-06", number32},
	{0x04C, 4, "zero", "reserved", "RPT-07", bytesHex},
	{0x050, 64, "REPORT_DATA", "64 bytes that the guest chose", "BIN-01", bytesHex},
	{0x090, 48, "MEASUREMENT", "SHA-384 launch digest: the code that was started", "POL-02", bytesHex},
	{0x0C0, 32, "HOST_DATA", "32 bytes that the host chose", "POL-33", bytesHex},
	{0x0E0, 48, "ID_KEY_DIGEST", "SHA-384 of the key that signed the ID block", "POL-49", bytesHex},
	{0x110, 48, "AUTHOR_KEY_DIGEST", "SHA-384 of the key that signed the ID key", "POL-50", bytesHex},
	{0x140, 32, "REPORT_ID", "identity of this guest, new at each launch", "POL-36", bytesHex},
	{0x160, 32, "REPORT_ID_MA", "identity of the migration agent; all ff: there is none", "POL-07", bytesHex},
	{0x180, 8, "REPORTED_TCB", "firmware levels that the signing key is for", "END-01", bytesHex},
	{0x188, 1, "CPUID_FAM_ID", "processor family; zero before version 3", "RPT-08", number},
	{0x189, 1, "CPUID_MOD_ID", "processor model; zero before version 3", "RPT-08", number},
	{0x18A, 1, "CPUID_STEP", "processor stepping; zero before version 3", "RPT-08", number},
	{0x18B, 21, "zero", "reserved", "RPT-09", bytesHex},
	{0x1A0, 64, "CHIP_ID", "identity of the processor; zero when the host masks it", "END-05", bytesHex},
	{0x1E0, 8, "COMMITTED_TCB", "firmware levels below which the host cannot go back", "RPT-25", bytesHex},
	{0x1E8, 3, "CURRENT_BUILD, CURRENT_MINOR, CURRENT_MAJOR", "firmware that runs now", "POL-45", firmware},
	{0x1EB, 1, "zero", "reserved", "RPT-10", bytesHex},
	{0x1EC, 3, "COMMITTED_BUILD, COMMITTED_MINOR, COMMITTED_MAJOR", "firmware below which the host cannot go back", "POL-45", firmware},
	{0x1EF, 1, "zero", "reserved", "RPT-11", bytesHex},
	{0x1F0, 8, "LAUNCH_TCB", "firmware levels when the guest was started", "RPT-25", bytesHex},
	{0x1F8, 8, "LAUNCH_MIT_VECTOR", "mitigations when the guest was started; zero before version 5", "RPT-12", word},
	{0x200, 8, "CURRENT_MIT_VECTOR", "mitigations now; zero before version 5", "RPT-12", word},
	{0x208, 152, "zero", "reserved", "RPT-13", bytesHex},
	{0x2A0, 48, "SIGNATURE.R", "r of ECDSA, little-endian", "RPT-21", bytesHex},
	{0x2D0, 24, "zero", "padding above r; not signed", "RPT-14", bytesHex},
	{0x2E8, 48, "SIGNATURE.S", "s of ECDSA, little-endian", "RPT-22", bytesHex},
	{0x318, 24, "zero", "padding above s; not signed", "RPT-15", bytesHex},
	{0x330, 368, "zero", "reserved; not signed", "RPT-16", bytesHex},
}

func bytesHex(b []byte) string {
	zero := true
	for _, x := range b {
		zero = zero && x == 0
	}
	if zero && len(b) > 1 {
		return "all zero"
	}
	return hex.EncodeToString(b)
}

func number(b []byte) string {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return strconv.FormatUint(v, 10)
}

func number32(b []byte) string { return fmt.Sprintf("%#x", binary.LittleEndian.Uint32(b)) }

func word(b []byte) string { return fmt.Sprintf("%#x", binary.LittleEndian.Uint64(b)) }

func firmware(b []byte) string { return fmt.Sprintf("%d.%d.%d", b[2], b[1], b[0]) }

// byteMap shows the bytes of a report, 32 a row, each in the field that it belongs
// to, and a table of the fields. The bytes are for the pointer; the table says the
// same to a keyboard and to a screen reader.
func byteMap(r *snpreport.Report) node {
	raw := r.Raw()
	var cells fragment
	for i, f := range fields {
		for at1, b := range raw[f.offset : f.offset+f.size] {
			names := "b k" + strconv.Itoa(i%6)
			if f.name == "zero" {
				names = "b z"
			}
			if f.offset >= snpreport.SignedSize {
				names += " u"
			}
			cells = append(cells, el("i", class(names), at("data-f", strconv.Itoa(i)), at("title", fmt.Sprintf("%#05x %s", f.offset+at1, f.name)), hex.EncodeToString([]byte{b})))
		}
	}
	return el("section", class("map"), at("aria-labelledby", "h-map"),
		el("h2", at("id", "h-map"), "The report, byte by byte"),
		el("p", "1184 bytes; the first 672 are signed. Point at a byte, or walk through the table, to see the field that it belongs to."),
		el("div", class("bytes"), at("aria-hidden", "true"), cells),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Fields of the report"), el("table", class("fields"),
			el("thead", el("tr", header("offset"), header("size"), header("field"), header("value"), header("meaning"), header("rule"))),
			el("tbody", func() node {
				var rows fragment
				for i, f := range fields {
					rows = append(rows, el("tr", at("data-f", strconv.Itoa(i)), at("tabindex", "0"),
						el("td", class("n"), fmt.Sprintf("%#05x", f.offset)), el("td", class("n"), strconv.Itoa(f.size)),
						el("th", at("scope", "row"), f.name), el("td", class("hex"), f.value(raw[f.offset:f.offset+f.size])),
						el("td", f.meaning), el("td", class("rule"), f.rule)))
				}
				return rows
			}()))))
}

func header(name string) node { return el("th", at("scope", "col"), name) }
