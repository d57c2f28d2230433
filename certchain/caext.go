package certchain

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// KeyUsage has the two bits of X.509 keyUsage that AMD uses, with the values
// that they have in the second byte of the BIT STRING.
type KeyUsage uint8

// RFC 5280 section 4.2.1.3.
const (
	KeyCertSign KeyUsage = 0x04 // bit 5
	CRLSign     KeyUsage = 0x02 // bit 6
)

func (u KeyUsage) String() string {
	s := ""
	if u&KeyCertSign != 0 {
		s += " keyCertSign"
	}
	if u&CRLSign != 0 {
		s += " cRLSign"
	}
	if rest := u &^ (KeyCertSign | CRLSign); rest != 0 {
		s += " " + quoteHex([]byte{byte(rest)})
	}
	if s == "" {
		return "none"
	}
	return s[1:]
}

// parseCA decodes the extensions of an ARK, ASK or ASVK. It checks form; what a
// role must say is checked when a chain is.
func (c *Certificate) parseCA(v *extensions) error {
	var ok bool
	if c.KeyUsage, ok = parseKeyUsage(v[extKeyUsage]); !ok {
		return c.fail("CHN-27", "keyUsage", v[extKeyUsage], "a BIT STRING of 1 to 8 bits", quoteHex(v[extKeyUsage]))
	}
	if c.IsCA, c.PathLen, ok = parseBasicConstraints(v[extBasicConstraints]); !ok {
		return c.fail("CHN-28", "basicConstraints", v[extBasicConstraints], "DER, with a pathLen of 0 to 255 only in a CA", quoteHex(v[extBasicConstraints]))
	}
	for _, e := range [...]struct {
		extension extension
		isFormed  func([]byte) bool
	}{
		{extSubjectKeyID, isKeyID},
		{extAuthorityKeyID, isAuthorityKeyID},
		{extCRLDistribution, isCRLDistribution},
	} {
		if value := v[e.extension]; value != nil && !e.isFormed(value) {
			return c.fail("CHN-29", extensionTable[e.extension].name, value, "the form of RFC 5280", quoteHex(value))
		}
	}
	return nil
}

// parseKeyUsage decodes 03 02 unused bits. AMD's ASKs count one unused bit where
// DER drops trailing zeros and would count two: both are accepted, the bits that
// are said to be unused must be zero.
func parseKeyUsage(v []byte) (u KeyUsage, ok bool) {
	if len(v) != 4 || v[0] != 0x03 || v[1] != 2 || v[2] > 7 || v[3]&(1<<v[2]-1) != 0 {
		return 0, false
	}
	return KeyUsage(v[3]), true
}

// parseBasicConstraints decodes SEQUENCE { cA, pathLen }; pathLen is -1 when
// absent.
func parseBasicConstraints(v []byte) (isCA bool, pathLen int, ok bool) {
	d := decoder{raw: v}
	s := cryptobyte.String(v)
	body := d.open(&s, asn1.SEQUENCE, "")
	d.end(s, "")
	cA := d.optional(&body, asn1.BOOLEAN, "")
	length := d.optional(&body, asn1.INTEGER, "")
	d.end(body, "")
	isCA = string(cA) == "\x01\x01\xff"
	if d.fault != nil || cA != nil && !isCA || length != nil && !isCA {
		return false, 0, false
	}
	if length == nil {
		return isCA, -1, true
	}
	n, ok := parseUint8(length)
	return true, int(n), ok // only a CA has one
}

// isKeyID: OCTET STRING, not empty.
func isKeyID(v []byte) bool {
	s := cryptobyte.String(v)
	var id cryptobyte.String
	return s.ReadASN1(&id, asn1.OCTET_STRING) && s.Empty() && len(id) > 0
}

// isAuthorityKeyID: SEQUENCE { [0] keyIdentifier }, not empty.
func isAuthorityKeyID(v []byte) bool {
	d := decoder{raw: v}
	s := cryptobyte.String(v)
	body := d.open(&s, asn1.SEQUENCE, "")
	d.end(s, "")
	id := d.open(&body, asn1.Tag(0).ContextSpecific(), "")
	d.end(body, "")
	return d.fault == nil && len(id) > 0
}

// isCRLDistribution: one or more DistributionPoints with a fullName of one or
// more URIs alone. No address in it is ever fetched.
func isCRLDistribution(v []byte) bool {
	zero := asn1.Tag(0).ContextSpecific().Constructed()
	s := cryptobyte.String(v)
	var points cryptobyte.String
	if !s.ReadASN1(&points, asn1.SEQUENCE) || !s.Empty() || points.Empty() {
		return false
	}
	for !points.Empty() {
		var point, name, uris cryptobyte.String
		if !points.ReadASN1(&point, asn1.SEQUENCE) || !point.ReadASN1(&name, zero) || !point.Empty() ||
			!name.ReadASN1(&uris, zero) || !name.Empty() || uris.Empty() {
			return false
		}
		for !uris.Empty() {
			var uri cryptobyte.String
			if !uris.ReadASN1(&uri, asn1.Tag(6).ContextSpecific()) || !isPrintable(uri) {
				return false
			}
		}
	}
	return true
}

// isPrintable: 1 to maxText printable ASCII characters.
func isPrintable(s []byte) bool {
	for _, b := range s {
		if b < 0x20 || b > 0x7e {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= maxText
}
