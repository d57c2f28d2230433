package certchain_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// TestParseCRL spoils one thing of a CRL with two entries.
func TestParseCRL(t *testing.T) {
	type S = *mint.CRLSpec
	null := mint.TLV(0x05)
	addEntry := func(e mint.Extension) func(S) {
		return func(s S) { s.Entries[1].Extensions = append(s.Entries[1].Extensions, e) }
	}
	reason := func(v ...byte) func(S) { return addEntry(mint.Extension{OID: mint.OIDReasonCode, Value: v}) }
	for _, row := range []struct {
		name, rule string
		spoil      func(S)
	}{
		{"as it is", "", func(S) {}},
		{"no entries", "", func(s S) { s.Entries = nil }},
		{"empty list of entries", "", func(s S) { s.Entries = []mint.CRLEntry{} }},
		{"trailing byte", "CRL-02", func(s S) { s.Trailing = []byte{0} }},
		{"element after the signature", "CRL-02", func(s S) { s.Trailer = null }},
		{"element after the extensions", "CRL-02", func(s S) { s.TBSTrailer = null }},
		{"element after the list of extensions", "CRL-02", func(s S) { s.TBSTrailer, s.Extensions = wrapExtensions(0xa0, s.Extensions, null), nil }},
		{"no extensions", "CRL-02", func(s S) { s.Extensions = nil }},
		{"empty list of extensions", "CRL-02", func(s S) { s.Extensions = []mint.Extension{} }},
		{"no issuer", "CRL-02", func(s S) { s.Issuer = nil }},
		// Lesson: a list without end was good for ever.
		{"no nextUpdate", "CRL-02", func(s S) { s.NextUpdate = mint.Time{} }},
		{"version 1", "CRL-03", func(s S) { s.Version = nil }},
		{"version 1, written", "CRL-03", func(s S) { s.Version = mint.Integer(0) }},
		{"version 3", "CRL-03", func(s S) { s.Version = mint.Integer(2) }},
		{"PSS, omitted trailer", "", func(s S) { s.SetAlgorithm(mint.OmittedTrailer().Encode()) }},
		{"PSS without parameters", "CRL-04", func(s S) { s.SetAlgorithm(mint.PSSParams{}.Encode()) }},
		{"ECDSA", "CRL-04", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.10045.4.3.3"))) }},
		{"outer is the other encoding", "CRL-05", func(s S) { s.OuterAlgorithm = mint.OmittedTrailer().Encode() }},
		{"issued by an ASK", "CRL-06", func(s S) { s.Issuer = mint.Name("SEV-Milan") }},
		{"issued by ARK-Venice", "CRL-06", func(s S) { s.Issuer = mint.Name("ARK-Venice") }},
		{"issued by nobody known", "CRL-06", func(s S) { s.Issuer = mint.Name("ARK-Rome") }},
		{"another string type", "CRL-06", func(s S) {
			name := mint.AMDName("ARK-Milan")
			name[5].Tag = mint.TagPrintableString
			s.Issuer = mint.EncodeName(name)
		}},
		{"not AMD's name", "CRL-06", func(s S) { s.Issuer = mint.EncodeName(mint.AMDName("ARK-Milan")[5:]) }},
		{"spoilt thisUpdate", "CRL-07", func(s S) { s.ThisUpdate.Text = "260101000060Z" }},
		{"spoilt nextUpdate", "CRL-07", func(s S) { s.NextUpdate = mint.GeneralizedTime(now) }},
		{"spoilt revocationDate", "CRL-07", func(s S) { s.Entries[1].Date.Text = "261301000000Z" }},
		{"signature of 511 bytes", "CRL-08", func(s S) { s.Mangle = func(b []byte) []byte { return b[1:] } }},
		{"unused bits", "CRL-08", func(s S) { s.UnusedBits = 1 }},

		{"empty list of extensions of an entry", "CRL-02", func(s S) { s.Entries[1].Extensions = []mint.Extension{} }},
		{"not an entry", "CRL-02", func(s S) { s.Entries[1].Date = mint.Time{} }},
		{"negative serial number", "CRL-09", func(s S) { s.Entries[1].Serial = []byte{0x80} }},
		{"serial number with a zero", "CRL-09", func(s S) { s.Entries[1].Serial = []byte{0, 1} }},
		{"serial number of 21 bytes", "CRL-09", func(s S) { s.Entries[1].Serial = bytes.Repeat([]byte{1}, 21) }},
		{"reason", "", reason(0x0a, 1, 1)},
		{"reason, long", "CRL-14", reason(0x0a, 2, 0, 1)},
		{"reason of another type", "CRL-14", reason(0x02, 1, 1)},
		{"reason with a wrong length", "CRL-14", reason(0x0a, 2, 1)},
		{"empty reason", "CRL-14", reason()},
		{"other extension of an entry", "", addEntry(mint.Extension{OID: "2.5.29.24", Value: mint.TLV(0x18, []byte("20260101000000Z"))})},
		// Lesson: critical extensions of lists and entries were parsed and ignored.
		{"critical extension of an entry", "CRL-10", addEntry(mint.Extension{OID: "2.5.29.29", Critical: true, Value: null})},
		{"extension of an entry twice", "CRL-11", func(s S) { reason(0x0a, 1, 1)(s); reason(0x0a, 1, 1)(s) }},
		{"date of another type", "CRL-02", func(s S) { s.Entries[1].Date.Tag = 0x30 }},
		{"element after the entry's extensions", "CRL-02", func(s S) {
			date, none := mint.TLV(mint.TagUTCTime, []byte("260101000000Z")), mint.TLV(mint.TagSequence, mint.TLV(mint.TagSequence, mint.OID("1.2.3"), octets()))
			entries := mint.TLV(mint.TagSequence, mint.TLV(mint.TagSequence, mint.Integer(7), date, none, null))
			s.TBSTrailer = append(entries, wrapExtensions(0xa0, s.Extensions, nil)...)
			s.Entries, s.Extensions = nil, nil
		}},

		{"other extensions", "", func(s S) {
			s.AddExt(mint.Extension{OID: "1.2.3.268435455", Value: null})
			s.AddExt(mint.Extension{OID: "1.2.3.16384", Value: null})
		}},
		{"critical extension", "CRL-10", func(s S) { s.AddExt(mint.Extension{OID: "1.2.3", Critical: true}) }},
		{"critical CRL number", "CRL-10", func(s S) { s.Ext(mint.OIDCRLNumber).Critical = true }},
		{"explicit FALSE", "CRL-10", func(s S) { s.AddExt(rawExtension("1.2.3", []byte{1, 1, 0}, octets())) }},
		{"element after extnValue", "CRL-02", func(s S) { s.AddExt(rawExtension("1.2.3", octets(), null)) }},
		{"empty OID", "CRL-02", func(s S) { s.AddExt(mint.Extension{Raw: mint.TLV(0x30, []byte{6, 0}, octets())}) }},
		{"OID with a zero", "CRL-02", func(s S) { s.AddExt(mint.Extension{Raw: mint.TLV(0x30, []byte{6, 2, 0x80, 1}, octets())}) }},
		{"OID cut short", "CRL-02", func(s S) { s.AddExt(mint.Extension{Raw: mint.TLV(0x30, []byte{6, 2, 0x2a, 0x81}, octets())}) }},
		{"OID with a huge arc", "CRL-02", func(s S) {
			s.AddExt(mint.Extension{Raw: mint.TLV(0x30, []byte{6, 6, 0x2a, 0x81, 0x80, 0x80, 0x80, 1}, octets())})
		}},
		{"extension twice", "CRL-11", func(s S) { s.AddExt(*s.Ext(mint.OIDCRLNumber)) }},
		{"other extension twice", "CRL-11", func(s S) {
			s.AddExt(mint.Extension{OID: "1.2.3"})
			s.AddExt(mint.Extension{OID: "1.2.3"})
		}},
		{"16 extensions", "", func(s S) { manyExtensions(s, 14) }},
		{"17 extensions", "CRL-11", func(s S) { manyExtensions(s, 15) }},
		{"delta CRL", "CRL-10", func(s S) {
			s.AddExt(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Critical: true, Value: mint.Integer(1)})
		}},
		{"delta CRL, not critical", "CRL-12", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Value: mint.Integer(1)}) }},
		{"part of a CRL, not critical", "CRL-12", func(s S) { s.AddExt(mint.Extension{OID: mint.OIDIssuingDistPoint, Value: mint.TLV(0x30)}) }},
		{"no CRL number", "CRL-13", func(s S) { s.DropExt(mint.OIDCRLNumber) }},
		{"delta CRL in an entry", "", addEntry(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Value: mint.Integer(1)})},
		{"negative CRL number, then a spoilt key identifier", "CRL-13", func(s S) {
			s.DropExt(mint.OIDAuthorityKeyID)
			s.Ext(mint.OIDCRLNumber).Value = []byte{2, 1, 0x80}
			s.AddExt(mint.Extension{OID: mint.OIDAuthorityKeyID, Value: null})
		}},
		{"negative CRL number", "CRL-13", func(s S) { s.Ext(mint.OIDCRLNumber).Value = []byte{2, 1, 0x80} }},
		{"CRL number with trailing byte", "CRL-13", func(s S) { s.Ext(mint.OIDCRLNumber).Value = []byte{2, 1, 1, 0} }},
		{"CRL number of 21 bytes", "CRL-13", func(s S) { s.Ext(mint.OIDCRLNumber).Value = append([]byte{2, 21}, bytes.Repeat([]byte{1}, 21)...) }},
		{"CRL number of another type", "CRL-13", func(s S) { s.Ext(mint.OIDCRLNumber).Value = []byte{4, 1, 1} }},
		{"no authorityKeyIdentifier", "", func(s S) { s.DropExt(mint.OIDAuthorityKeyID) }},
		{"empty authorityKeyIdentifier", "CRL-14", func(s S) { s.Ext(mint.OIDAuthorityKeyID).Value = nil }},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := mint.CRL("Milan")
			s.Revoke(7)
			s.Revoke(0, 0x80)
			row.spoil(&s)
			crl, err := certchain.ParseCRL(s.Encode(unsigned{}))
			wantRule(t, row.rule, err)
			var e *rule.Error
			if err != nil && (crl != nil || !errors.As(err, &e) || e.Where == "" || e.Expected == "") {
				t.Errorf("CRL %v, error %v", crl, err)
			}
		})
	}
}

func manyExtensions(s *mint.CRLSpec, n int) {
	for i := range n {
		s.AddExt(mint.Extension{OID: "1.2.3." + string(rune('0'+i/10)) + "." + string(rune('0'+i%10))})
	}
}

func TestCRLSizeAndFacts(t *testing.T) {
	wantRule(t, "CRL-01", second(certchain.ParseCRL(nil)))
	wantRule(t, "CRL-01", second(certchain.ParseCRL(make([]byte, 128<<10+1))))
	wantRule(t, "CRL-02", second(certchain.ParseCRL(make([]byte, 128<<10))))
	s := mint.CRL("Turin")
	s.Version = nil
	var e *rule.Error
	if _, err := certchain.ParseCRL(s.Encode(unsigned{})); !errors.As(err, &e) || e.Offset != rule.NoOffset || !strings.Contains(err.Error(), "CRL: version: expected") {
		t.Error(err)
	}
	s.Version = mint.Integer(2)
	if _, err := certchain.ParseCRL(s.Encode(unsigned{})); !errors.As(err, &e) || e.Offset != 8 {
		t.Error(err)
	}
	s.Version = mint.Integer(1)
	s.Ext(mint.OIDCRLNumber).Value = mint.Integer(1<<40 + 7)
	s.Revoke(7)
	der := s.Encode(unsigned{})
	crl, err := certchain.ParseCRL(der)
	if err != nil {
		t.Fatal(err)
	}
	if crl.Number != "1099511627783" || crl.Product != snpreport.Turin || !crl.ThisUpdate.Equal(mint.NotBefore) || !crl.NextUpdate.Equal(mint.NotAfterLeaf) {
		t.Errorf("%+v", crl)
	}
	for n := range der {
		if _, err := certchain.ParseCRL(der[:n]); err == nil {
			t.Fatalf("accepted the first %d bytes", n)
		}
	}
}

// TestCRLMany: a list of the largest size is read whole.
func TestCRLMany(t *testing.T) {
	s := mint.CRL("Milan")
	for i := range 5600 {
		s.Revoke(1, byte(i>>16), byte(i>>8), byte(i))
	}
	der := s.Encode(unsigned{})
	if len(der) < 112<<10 || len(der) > 128<<10 {
		t.Fatalf("%d bytes", len(der))
	}
	crl, err := certchain.ParseCRL(der)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(crl.Serials()); n != 5600 {
		t.Errorf("%d entries", n)
	}
}
