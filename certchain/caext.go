package certchain

import (
	"bytes"

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
	s := cryptobyte.String(v)
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) || !s.Empty() {
		return false, 0, false
	}
	length, isCA := bytes.CutPrefix(body, []byte{0x01, 0x01, 0xff}) // FALSE is the default, which DER does not write
	if len(length) == 0 {
		return isCA, -1, true
	}
	n, ok := parseUint8(length)
	return true, int(n), ok && isCA // only a CA has one
}

// isKeyID: OCTET STRING, not empty.
func isKeyID(v []byte) bool {
	s := cryptobyte.String(v)
	var id cryptobyte.String
	return s.ReadASN1(&id, asn1.OCTET_STRING) && s.Empty() && len(id) > 0
}

// isAuthorityKeyID: SEQUENCE { [0] keyIdentifier }, not empty.
func isAuthorityKeyID(v []byte) bool {
	s := cryptobyte.String(v)
	var body, id cryptobyte.String
	return s.ReadASN1(&body, asn1.SEQUENCE) && s.Empty() &&
		body.ReadASN1(&id, asn1.Tag(0).ContextSpecific()) && body.Empty() && len(id) > 0
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
