package certchain_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// TestLeafExtensions spoils the extensions of VCEKs and VLEKs.
func TestLeafExtensions(t *testing.T) {
	type S = *mint.CertSpec
	value := func(oid string, v ...byte) func(S) { return func(s S) { s.Ext(oid).Value = v } }
	spl := func(n uint64) func(S) { return func(s S) { s.Ext(mint.OIDUcodeSPL).Value = mint.Integer(n) } }
	id := func(first byte, n int) []byte {
		b := bytes.Repeat([]byte{0x5a}, n)
		b[0] = first
		return b
	}
	rows := []certRow{
		{"unknown extension", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: "1.2.3"}) }},
		{"unknown critical extension", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: "1.2.3", Critical: true}) }},
		{"unknown AMD extension", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: "1.3.6.1.4.1.3704.1.6"}) }},
		{"unknown AMD level", "CHN-23", func(s S) {
			s.AddExt(mint.Extension{OID: "1.3.6.1.4.1.3704.1.3.10", Value: mint.Integer(0)})
		}},
		{"CA bit in a leaf", "CHN-23", func(s S) {
			s.AddExt(mint.Extension{OID: mint.OIDBasicConstraints, Critical: true, Value: mint.BasicConstraints(true, -1)})
		}},
		{"no CA bit in a leaf", "CHN-23", func(s S) {
			s.AddExt(mint.Extension{OID: mint.OIDBasicConstraints, Critical: true, Value: mint.BasicConstraints(false, -1)})
		}},
		{"keyUsage in a leaf", "CHN-23", func(s S) {
			s.AddExt(mint.Extension{OID: mint.OIDKeyUsage, Critical: true, Value: mint.KeyUsage(0x04)})
		}},
		{"fmcSPL before Turin", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDFmcSPL, Value: mint.Integer(0)}) }},
		// Lesson: a VLEK passed as a VCEK skipped the chip id check.
		{"cspID in a VCEK", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDCSPID, Value: ia5("CN=x")}) }},
		{"level twice", "CHN-24", func(s S) { s.AddExt(*s.Ext(mint.OIDSnpSPL)) }},
		{"hwID twice", "CHN-24", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDHWID, Value: id(1, 64)}) }},
		{"critical AMD extension", "CHN-25", func(s S) { s.Ext(mint.OIDHWID).Critical = true }},
		{"explicit FALSE", "CHN-25", func(s S) {
			*s.Ext(mint.OIDSnpSPL) = rawExtension(mint.OIDSnpSPL, []byte{1, 1, 0}, octets(2, 1, 1))
		}},
		{"element after extnValue", "CHN-10", func(s S) {
			*s.Ext(mint.OIDSnpSPL) = rawExtension(mint.OIDSnpSPL, octets(2, 1, 1), []byte{5, 0})
		}},
		{"no extnValue", "CHN-10", func(s S) { *s.Ext(mint.OIDSnpSPL) = rawExtension(mint.OIDSnpSPL) }},
		{"extnValue of another type", "CHN-10", func(s S) { *s.Ext(mint.OIDSnpSPL) = rawExtension(mint.OIDSnpSPL, mint.Integer(1)) }},
		{"not an Extension", "CHN-10", func(s S) { s.AddExt(mint.Extension{Raw: []byte{5, 0}}) }},
		{"twice without content", "CHN-24", func(s S) {
			s.Ext(mint.OIDSPL5).Value = []byte{}
			s.AddExt(mint.Extension{OID: mint.OIDSPL5, Value: []byte{}})
		}},
		{"required without content", "CHN-32", func(s S) { s.Ext(mint.OIDSnpSPL).Value = []byte{} }},
		{"empty list", "CHN-10", func(s S) { s.Extensions = []mint.Extension{} }},
		{"another order", "", func(s S) { s.Extensions[0], s.Extensions[10] = s.Extensions[10], s.Extensions[0] }},

		{"structVersion 1", "CHN-30", value(mint.OIDStructVersion, 2, 1, 1)},
		{"structVersion of another type", "CHN-30", value(mint.OIDStructVersion, 4, 1, 0)},
		{"empty structVersion", "CHN-30", value(mint.OIDStructVersion)},
		// Lesson: the stepping in productName was compared with the CPUID.
		{"productName with any stepping", "", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("Milan-Z9") }},
		{"productName without stepping", "", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("Milan") }},
		{"productName of another product", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("Genoa-B0") }},
		{"productName with a longer line", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("Milano") }},
		{"productName in lower case", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("milan") }},
		{"productName with NUL", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("Milan-\x00") }},
		{"productName as UTF8String", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = mint.TLV(mint.TagUTF8String, []byte("Milan")) }},
		{"productName with trailing byte", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = append(ia5("Milan"), 0) }},
		{"empty productName", "CHN-31", func(s S) { s.Ext(mint.OIDProductName).Value = ia5("") }},

		{"level 0", "", spl(0)}, {"level 127", "", spl(127)}, {"level 128", "", spl(128)}, {"level 255", "", spl(255)},
		// Lesson: only the last byte of a level was compared, so that 0x01db was 0xdb.
		{"level 256", "CHN-32", spl(256)}, {"level 0x01db", "CHN-32", spl(0x01db)},
		{"negative level", "CHN-32", value(mint.OIDUcodeSPL, 2, 1, 0xdb)},
		{"level with a zero", "CHN-32", value(mint.OIDUcodeSPL, 2, 2, 0, 0x7f)},
		{"level with trailing byte", "CHN-32", value(mint.OIDUcodeSPL, 2, 1, 1, 0)},
		{"level 0 with more behind it", "CHN-32", value(mint.OIDUcodeSPL, 2, 1, 0, 0xdb)},
		{"level without header", "CHN-32", value(mint.OIDUcodeSPL, 1)},
		{"empty level", "CHN-32", value(mint.OIDUcodeSPL)},
		{"level as OCTET STRING", "CHN-32", value(mint.OIDUcodeSPL, 4, 1, 1)},
		{"level of a long length", "CHN-32", value(mint.OIDUcodeSPL, 2, 0x81, 1, 1)},
		{"level, two bytes, not padded", "CHN-32", value(mint.OIDUcodeSPL, 2, 2, 1, 0xdb)},
		{"level, OCTET STRING of two", "CHN-32", value(mint.OIDUcodeSPL, 4, 2, 0, 0xdb)},
		{"spl_4 is 1", "CHN-33", value(mint.OIDSPL4, 2, 1, 1)},
		{"spl_5 is 1", "CHN-33", value(mint.OIDSPL5, 2, 1, 1)},
		{"spl_6 is 1", "CHN-33", value(mint.OIDSPL6, 2, 1, 1)},
		{"spl_7 is 1", "CHN-33", value(mint.OIDSPL7, 2, 1, 1)},
		{"empty spl_7", "CHN-33", value(mint.OIDSPL7)},

		{"hwID like an INTEGER", "", func(s S) { s.Ext(mint.OIDHWID).Value = append([]byte{2, 62}, id(1, 62)...) }},
		{"hwID like an OCTET STRING", "", func(s S) { s.Ext(mint.OIDHWID).Value = append([]byte{4, 62}, id(1, 62)...) }},
		{"hwID in an OCTET STRING", "", func(s S) { s.Ext(mint.OIDHWID).Value = octets(id(4, 64)...) }},
		{"hwID in something else", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = mint.TLV(3, id(4, 64)) }},
		{"hwID in a long length", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = append([]byte{4, 0x41}, id(1, 64)...) }},
		{"hwID of 8 bytes", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = id(1, 8) }},
		{"hwID of 63 bytes", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = id(1, 63) }},
		{"hwID of 65 bytes", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = id(1, 65) }},
		{"empty hwID", "CHN-34", value(mint.OIDHWID)},
	}
	// Lesson: an absent TCB extension was skipped, an absent hwID left the chip unchecked.
	for _, oid := range []string{
		mint.OIDStructVersion, mint.OIDProductName, mint.OIDBlSPL, mint.OIDTeeSPL, mint.OIDSnpSPL, mint.OIDSPL4,
		mint.OIDSPL5, mint.OIDSPL6, mint.OIDSPL7, mint.OIDUcodeSPL, mint.OIDHWID,
	} {
		rows = append(rows, certRow{"without " + oid, "CHN-26", func(s S) { s.DropExt(oid) }})
	}
	runRows(t, certchain.VCEK, "Milan", rows)

	runRows(t, certchain.VCEK, "Turin", []certRow{
		{"as it is", "", func(s S) {}},
		{"without fmcSPL", "CHN-26", func(s S) { s.DropExt(mint.OIDFmcSPL) }},
		{"with spl_4", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDSPL4, Value: mint.Integer(0)}) }},
		{"fmcSPL of 256", "CHN-32", func(s S) { s.Ext(mint.OIDFmcSPL).Value = mint.Integer(256) }},
		{"structVersion 0", "CHN-30", value(mint.OIDStructVersion, 2, 1, 0)},
		{"structVersion 2", "CHN-30", value(mint.OIDStructVersion, 2, 1, 2)},
		{"hwID in an OCTET STRING", "", func(s S) { s.Ext(mint.OIDHWID).Value = octets(id(1, 8)...) }},
		{"hwID of 64 bytes", "CHN-34", func(s S) { s.Ext(mint.OIDHWID).Value = id(1, 64) }},
	})
	vlek := []certRow{
		{"as it is", "", func(s S) {}},
		{"with hwID", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDHWID, Value: id(1, 64)}) }},
		{"without cspID", "CHN-26", func(s S) { s.DropExt(mint.OIDCSPID) }},
		{"empty cspID", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5("") }},
		{"cspID of 255 characters", "", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5(strings.Repeat("x", 255)) }},
		{"cspID of 256 characters", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5(strings.Repeat("x", 256)) }},
		{"cspID with a line break", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5("CN=x\n") }},
		{"cspID with DEL", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5("CN=\x7f") }},
		{"cspID as UTF8String", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = mint.TLV(mint.TagUTF8String, []byte("CN=x")) }},
		{"cspID with trailing byte", "CHN-35", func(s S) { s.Ext(mint.OIDCSPID).Value = append(ia5("CN=x"), 0) }},
	}
	runRows(t, certchain.VLEK, "Genoa", append(vlek, certRow{"structVersion 1", "CHN-30", value(mint.OIDStructVersion, 2, 1, 1)}))
	runRows(t, certchain.VLEK, "Turin", append(vlek,
		certRow{"structVersion 0", "", value(mint.OIDStructVersion, 2, 1, 0)},
		certRow{"structVersion 2", "CHN-30", value(mint.OIDStructVersion, 2, 1, 2)},
		certRow{"with spl_4", "", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDSPL4, Value: mint.Integer(0)}) }},
		certRow{"with an spl_4 of 1", "CHN-33", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDSPL4, Value: mint.Integer(1)}) }},
		certRow{"without fmcSPL", "CHN-26", func(s S) { s.DropExt(mint.OIDFmcSPL) }},
	))
}

// TestCAExtensions spoils the extensions of authorities. What they say is judged
// by the chain, see TestVerifySpoilt; here only their form counts.
func TestCAExtensions(t *testing.T) {
	type S = *mint.CertSpec
	value := func(oid string, v ...byte) func(S) { return func(s S) { s.Ext(oid).Value = v } }
	constraints := func(parts ...[]byte) func(S) {
		return func(s S) { s.Ext(mint.OIDBasicConstraints).Value = mint.TLV(mint.TagSequence, parts...) }
	}
	yes, zero, one := []byte{1, 1, 0xff}, mint.TLV(0xa0), mint.Integer(1)
	point := func(parts ...[]byte) func(S) {
		return func(s S) { s.Ext(mint.OIDCRLDistPoints).Value = mint.TLV(mint.TagSequence, parts...) }
	}
	uri := mint.TLV(0x86, []byte("https://a"))
	dp := func(inner ...[]byte) []byte {
		return mint.TLV(mint.TagSequence, mint.TLV(0xa0, mint.TLV(0xa0, inner...)))
	}
	rows := []certRow{
		{"as it is", "", func(S) {}},
		{"without keyUsage", "CHN-26", func(s S) { s.DropExt(mint.OIDKeyUsage) }},
		{"without basicConstraints", "CHN-26", func(s S) { s.DropExt(mint.OIDBasicConstraints) }},
		{"only the required", "", func(s S) {
			s.DropExt(mint.OIDSubjectKeyID)
			s.DropExt(mint.OIDCRLDistPoints)
		}},
		{"keyUsage not critical", "CHN-25", func(s S) { s.Ext(mint.OIDKeyUsage).Critical = false }},
		{"basicConstraints not critical", "CHN-25", func(s S) { s.Ext(mint.OIDBasicConstraints).Critical = false }},
		{"critical 0x01", "CHN-25", func(s S) {
			*s.Ext(mint.OIDKeyUsage) = rawExtension(mint.OIDKeyUsage, []byte{1, 1, 1}, octets(3, 2, 1, 6))
		}},
		{"subjectKeyIdentifier critical", "CHN-25", func(s S) { s.Ext(mint.OIDSubjectKeyID).Critical = true }},
		{"extendedKeyUsage", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: "2.5.29.37", Value: mint.TLV(0x30)}) }},
		{"nameConstraints, critical", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: "2.5.29.30", Critical: true, Value: mint.TLV(0x30)}) }},
		{"AMD extension in a CA", "CHN-23", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDSnpSPL, Value: one}) }},
		{"keyUsage twice", "CHN-24", func(s S) { s.AddExt(*s.Ext(mint.OIDKeyUsage)) }},

		{"keyUsage with padding said to be used", "", value(mint.OIDKeyUsage, 3, 2, 1, 0x04)},
		{"keyUsage, minimal", "", value(mint.OIDKeyUsage, 3, 2, 2, 0x04)},
		{"keyUsage, unused bits set", "CHN-27", value(mint.OIDKeyUsage, 3, 2, 3, 0x04)},
		{"keyUsage, 8 unused bits", "CHN-27", value(mint.OIDKeyUsage, 3, 2, 8, 0x00)},
		{"keyUsage, no bits", "CHN-27", value(mint.OIDKeyUsage, 3, 1, 0)},
		{"keyUsage, two bytes", "CHN-27", value(mint.OIDKeyUsage, 3, 3, 7, 4, 0x80)},
		{"keyUsage, wrong length", "CHN-27", value(mint.OIDKeyUsage, 3, 3, 1, 4)},
		{"keyUsage as OCTET STRING", "CHN-27", value(mint.OIDKeyUsage, 4, 2, 1, 4)},
		{"empty keyUsage", "CHN-27", value(mint.OIDKeyUsage)},

		{"basicConstraints, not a SEQUENCE", "CHN-28", value(mint.OIDBasicConstraints, 1, 1, 0xff)},
		{"basicConstraints, trailing byte", "CHN-28", value(mint.OIDBasicConstraints, 0x30, 3, 1, 1, 0xff, 0)},
		{"basicConstraints, FALSE written", "CHN-28", constraints([]byte{1, 1, 0})},
		{"basicConstraints, TRUE as 1", "CHN-28", constraints([]byte{1, 1, 1})},
		{"basicConstraints, pathLen without CA", "CHN-28", constraints(one)},
		{"basicConstraints, negative pathLen", "CHN-28", constraints(yes, []byte{2, 1, 0x80})},
		{"basicConstraints, pathLen of 256", "CHN-28", constraints(yes, mint.Integer(256))},
		{"basicConstraints, third element", "CHN-28", constraints(yes, one, one)},
		{"empty basicConstraints value", "CHN-28", value(mint.OIDBasicConstraints)},

		{"subjectKeyIdentifier of one byte", "", value(mint.OIDSubjectKeyID, 4, 1, 1)},
		{"empty subjectKeyIdentifier", "CHN-29", value(mint.OIDSubjectKeyID, 4, 0)},
		{"subjectKeyIdentifier, no value", "CHN-29", value(mint.OIDSubjectKeyID)},
		{"subjectKeyIdentifier, trailing byte", "CHN-29", value(mint.OIDSubjectKeyID, 4, 1, 1, 1)},
		{"subjectKeyIdentifier of another type", "CHN-29", value(mint.OIDSubjectKeyID, 3, 1, 1)},

		{"two points, two URIs", "", point(dp(uri, uri), dp(uri))},
		{"no point", "CHN-29", point()},
		{"points, trailing byte", "CHN-29", func(s S) { e := s.Ext(mint.OIDCRLDistPoints); e.Value = append(e.Value, 0) }},
		{"points, not a SEQUENCE", "CHN-29", value(mint.OIDCRLDistPoints, 5, 0)},
		{"point without name", "CHN-29", point(mint.TLV(mint.TagSequence))},
		{"point without URI", "CHN-29", point(dp())},
		{"point with reasons", "CHN-29", point(mint.TLV(mint.TagSequence, mint.TLV(0xa0, mint.TLV(0xa0, uri)), mint.TLV(0x81, []byte{0, 1})))},
		{"point with two names", "CHN-29", point(mint.TLV(mint.TagSequence, mint.TLV(0xa0, mint.TLV(0xa0, uri), zero)))},
		{"point with relative name", "CHN-29", point(mint.TLV(mint.TagSequence, mint.TLV(0xa0, mint.TLV(0xa1, uri))))},
		{"point, not a SEQUENCE", "CHN-29", point([]byte{5, 0})},
		{"URI of another type", "CHN-29", point(dp(mint.TLV(0x82, []byte("a"))))},
		{"URI with a control character", "CHN-29", point(dp(mint.TLV(0x86, []byte("https://\x1b"))))},
		{"URI, not ASCII", "CHN-29", point(dp(mint.TLV(0x86, []byte("https://é"))))},
		{"empty URI", "CHN-29", point(dp(mint.TLV(0x86)))},
	}
	runRows(t, certchain.ARK, "Milan", rows)
	runRows(t, certchain.ASK, "Milan", append(rows,
		certRow{"authorityKeyIdentifier, no id", "CHN-29", value(mint.OIDAuthorityKeyID, 0x30, 0)},
		certRow{"authorityKeyIdentifier, empty id", "CHN-29", value(mint.OIDAuthorityKeyID, 0x30, 2, 0x80, 0)},
		certRow{"authorityKeyIdentifier, trailing byte", "CHN-29", value(mint.OIDAuthorityKeyID, 0x30, 3, 0x80, 1, 1, 0)},
		certRow{"authorityKeyIdentifier, more than the id", "CHN-29", value(mint.OIDAuthorityKeyID, 0x30, 6, 0x80, 1, 1, 0x82, 1, 1)},
		certRow{"authorityKeyIdentifier, not a SEQUENCE", "CHN-29", value(mint.OIDAuthorityKeyID, 0x80, 1, 1)},
	))
}
