package certchain_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// parse parses a certificate that a spec describes.
func parse(t *testing.T, role certchain.Role, product string, spoil func(*mint.CertSpec)) (*certchain.Certificate, error) {
	t.Helper()
	s := spec(role, product)
	spoil(&s)
	return certchain.ParseCertificate(s.Encode(unsigned{}))
}

// CHN-27, CHN-28: a value of a good form says what it says, and no more.
func TestFormsOfAuthorities(t *testing.T) {
	c, err := parse(t, certchain.ASK, "Milan", func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = []byte{3, 2, 7, 0x80} })
	if err != nil || c.KeyUsage != 0x80 {
		t.Errorf("seven unused bits: %v, %v", c, err)
	}
	c, err = parse(t, certchain.ASK, "Milan", func(s *mint.CertSpec) { s.Ext(mint.OIDBasicConstraints).Value = []byte{0x30, 0} })
	if err != nil || c.IsCA || c.PathLen != -1 {
		t.Errorf("basicConstraints that say nothing: %v, %v", c, err)
	}
	// CHN-17: the product of an authority is its own, whoever issued it.
	c, err = parse(t, certchain.ASK, "Milan", func(s *mint.CertSpec) { s.Issuer = mint.Name("ARK-Genoa") })
	if err != nil || c.Product != snpreport.Milan {
		t.Errorf("issued by another product's ARK: %v, %v", c, err)
	}
}

// CHN-29: what nobody reads has the form of RFC 5280 all the same.
func TestFormsOfIdentifiers(t *testing.T) {
	point := func(tag byte) []byte {
		uri := mint.TLV(0x86, []byte("x"))
		return mint.TLV(0x30, mint.TLV(0x30, mint.TLV(tag, mint.TLV(0xa0, uri))))
	}
	for _, tt := range []struct {
		name, oid, rule string
		value           []byte
	}{
		{"a key of one byte", mint.OIDAuthorityKeyID, "", []byte{0x30, 3, 0x80, 1, 1}},
		{"an empty key", mint.OIDAuthorityKeyID, "CHN-29", []byte{0x30, 2, 0x80, 0}},
		{"something else than a key", mint.OIDAuthorityKeyID, "CHN-29", []byte{0x30, 3, 0x81, 1, 1}},
		{"more than a key", mint.OIDAuthorityKeyID, "CHN-29", []byte{0x30, 6, 0x80, 1, 1, 0x82, 1, 1}},
		{"more than a list", mint.OIDAuthorityKeyID, "CHN-29", []byte{0x30, 3, 0x80, 1, 1, 5, 0}},
		{"a name of a point", mint.OIDCRLDistPoints, "", point(0xa0)},
		{"the reasons of a point", mint.OIDCRLDistPoints, "CHN-29", point(0xa1)},
	} {
		_, err := parse(t, certchain.ASK, "Milan", func(s *mint.CertSpec) {
			s.Extensions = slices.DeleteFunc(s.Extensions, func(e mint.Extension) bool { return e.OID == tt.oid })
			s.AddExt(mint.Extension{OID: tt.oid, Value: tt.value})
		})
		t.Run(tt.name, func(t *testing.T) { wantRule(t, tt.rule, err) })
	}
}

// CHN-35: 1 to 255 printable characters.
func TestPrintable(t *testing.T) {
	for text, rule := range map[string]string{
		"x": "", " ": "", "~": "", strings.Repeat("x", 255): "",
		"": "CHN-35", "\x1f": "CHN-35", "\x7f": "CHN-35", "\x80": "CHN-35", strings.Repeat("x", 256): "CHN-35",
	} {
		_, err := parse(t, certchain.VLEK, "Milan", func(s *mint.CertSpec) { s.Ext(mint.OIDCSPID).Value = ia5(text) })
		t.Run(text, func(t *testing.T) { wantRule(t, rule, err) })
	}
}

// CHN-15, CHN-16: a common name of 1 to 64 characters is a Name of AMD's, known
// or not; that of Venice is recognised.
func TestCommonNames(t *testing.T) {
	for cn, rule := range map[string]string{"": "CHN-15", "x": "CHN-16", strings.Repeat("x", 64): "CHN-16", strings.Repeat("x", 65): "CHN-15"} {
		_, err := parse(t, certchain.VCEK, "Milan", func(s *mint.CertSpec) { s.Subject = mint.Name(cn) })
		t.Run(cn, func(t *testing.T) { wantRule(t, rule, err) })
	}
	for _, cn := range []string{"ARK-Venice", "SEV-Venice", "SEV-VLEK-Venice"} {
		_, err := parse(t, certchain.ASK, "Milan", func(s *mint.CertSpec) { s.Subject = mint.Name(cn) })
		if err == nil || !strings.Contains(err.Error(), "recognised") {
			t.Errorf("%s: %v", cn, err)
		}
	}
}

// CHN-18: digits are digits, and 50 is 1950.
func TestDatesOfCertificates(t *testing.T) {
	at := func(text string) func(*mint.CertSpec) {
		return func(s *mint.CertSpec) { s.NotBefore = mint.Time{Tag: mint.TagUTCTime, Text: text} }
	}
	c, err := parse(t, certchain.VCEK, "Milan", at("500101000000Z"))
	if err != nil || c.NotBefore.Year() != 1950 {
		t.Errorf("%v, %v", c, err)
	}
	for _, text := range []string{"2601010000/0Z", "2601010000:0Z", "/60101000000Z", ":60101000000Z"} {
		_, err := parse(t, certchain.VCEK, "Milan", at(text))
		t.Run(text, func(t *testing.T) { wantRule(t, "CHN-18", err) })
	}
}

// CHN-10: what is malformed is named, and not what stands behind it.
func TestMalformedElementIsNamed(t *testing.T) {
	s := spec(certchain.VCEK, "Milan")
	for field, replace := range map[string][2]string{
		"serialNumber": {"\xa0\x03\x02\x01\x02\x02\x01\x00", "\xa0\x03\x02\x01\x02\x02\x84\x00"},
		"version":      {"\xa0\x03\x02\x01\x02\x02\x01\x00", "\xa0\x84\x02\x01\x02\x02\x01\x00"},
	} {
		der := s.Encode(unsigned{})
		at := bytes.Index(der, []byte(replace[0]))
		copy(der[at:], replace[1])
		_, err := certchain.ParseCertificate(der)
		if e, ok := errors.AsType[*rule.Error](err); at < 0 || !ok || e.Rule != "CHN-10" || e.Where != "certificate: "+field {
			t.Errorf("%s: %v", field, err)
		}
	}
	// What is absent has no offset.
	der := s.Encode(unsigned{})
	at := bytes.Index(der, []byte("\xa0\x03\x02\x01\x02"))
	der = slices.Delete(der, at, at+5)
	der[3] -= 5 // the outer length, of two bytes, and that of tbsCertificate
	der[7] -= 5
	_, err := certchain.ParseCertificate(der)
	if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "CHN-11" || e.Offset != rule.NoOffset {
		t.Errorf("no version: %v", err)
	}
}

// CHN-05, CHN-06: where a line is wrong.
func TestLinesOfPEM(t *testing.T) {
	good := string(mint.PEM(mint.CACert("SEV-Milan")))
	first := strings.Index(good, "\n") + 1
	last := strings.LastIndex(good, "-----END")
	for name, tt := range map[string]struct {
		text   string
		offset int
	}{
		"an empty line":              {good[:first] + "\n" + good[first:], first},
		"an empty line before END":   {good[:last] + "\n" + good[last:], last},
		"a line that begins with CR": {good[:first] + "\r" + good[first:], first},
	} {
		_, err := certchain.SplitPEM([]byte(tt.text))
		if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "CHN-06" || e.Offset != tt.offset {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// CRL-02: an OBJECT IDENTIFIER of one byte is one.
func TestShortestOID(t *testing.T) {
	s := mint.CRL("Milan")
	s.AddExt(mint.Extension{Raw: mint.TLV(0x30, []byte{6, 1, 0x55}, octets(5, 0))})
	if _, err := certchain.ParseCRL(s.Encode(unsigned{})); err != nil {
		t.Error(err)
	}
}
