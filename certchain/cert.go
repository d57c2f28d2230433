package certchain

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A Certificate is a parsed certificate in AMD's profile. It is not verified: that
// takes a chain, see Verify. All its byte slices are parts of Raw.
type Certificate struct {
	Raw        []byte // the DER, as received
	RawTBS     []byte // tbsCertificate, the signed part
	RawIssuer  []byte // Name
	RawSubject []byte // Name
	RawSPKI    []byte // SubjectPublicKeyInfo

	Role                Role
	Product             snpreport.Product // of a leaf: its issuer's
	Serial              []byte            // big-endian, no leading zero; AMD gives every leaf one 0x00
	NotBefore, NotAfter time.Time         // inclusive, UTC

	// Of an ARK, ASK and ASVK.
	IsCA     bool
	PathLen  int // -1: no limit
	KeyUsage KeyUsage

	// Of a VCEK and VLEK.
	StructVersion uint8
	ProductName   []byte // printable ASCII, e.g. "Milan-B0"
	TCB           snpreport.TCB
	HWID          []byte // of a VCEK: the chip, 64 bytes, for Turin 8
	CSPID         []byte // of a VLEK: the provider, printable ASCII

	signature []byte
	position  int // in the list that it came in, from 1; 0: it came alone
}

// ParseCertificate parses one DER certificate of AMD's profile: at most 8192
// bytes, nothing around them. It copies them. On error the Certificate is nil
// and the error is a *rule.Error. Checked in this order: size, structure, version,
// serial number, signature algorithm, subject, issuer, validity, public key,
// length of the signature, then the extensions: known, not twice, criticality,
// none missing, and each one's value. SPEC.md section 5.
//
// No signature, date or elliptic-curve point is checked here.
func ParseCertificate(der []byte) (*Certificate, error) { return parseCertificate(der, 0) }

// parseCertificate is ParseCertificate of the certificate in that position.
func parseCertificate(der []byte, position int) (*Certificate, error) {
	c := &Certificate{position: position}
	if len(der) == 0 || len(der) > MaxCertificate {
		return nil, c.fail("CHN-09", "DER", nil, fmt.Sprintf("1 to %d bytes", MaxCertificate), fmt.Sprintf("%d bytes", len(der)))
	}
	if err := c.parse(bytes.Clone(der)); err != nil {
		return nil, err
	}
	return c, nil
}

// parse fills c, whose fields become parts of der. On error c is useless.
func (c *Certificate) parse(der []byte) error {
	c.Raw = der
	d := decoder{of: c, id: "CHN-10"}
	input := cryptobyte.String(der)
	certificate := d.open(&input, asn1.SEQUENCE, "Certificate")
	d.end(input, "Certificate")
	c.RawTBS = d.element(&certificate, asn1.SEQUENCE, "tbsCertificate")
	outer := d.element(&certificate, asn1.SEQUENCE, "signatureAlgorithm")
	signature := d.open(&certificate, asn1.BIT_STRING, "signatureValue")
	d.end(certificate, "Certificate")

	signed := cryptobyte.String(c.RawTBS)
	tbs := d.open(&signed, asn1.SEQUENCE, "tbsCertificate")
	version := d.optional(&tbs, asn1.Tag(0).ContextSpecific().Constructed(), "version")
	serial := d.open(&tbs, asn1.INTEGER, "serialNumber")
	inner := d.element(&tbs, asn1.SEQUENCE, "signature")
	c.RawIssuer = d.element(&tbs, asn1.SEQUENCE, "issuer")
	dates := d.open(&tbs, asn1.SEQUENCE, "validity")
	notBefore := d.time(&dates, "notBefore")
	notAfter := d.time(&dates, "notAfter")
	d.end(dates, "validity")
	c.RawSubject = d.element(&tbs, asn1.SEQUENCE, "subject")
	c.RawSPKI = d.element(&tbs, asn1.SEQUENCE, "subjectPublicKeyInfo")
	wrapped := d.open(&tbs, asn1.Tag(3).ContextSpecific().Constructed(), "extensions") // no unique identifiers before it
	list := d.openList(&wrapped, "extensions")
	d.end(wrapped, "extensions")
	d.end(tbs, "tbsCertificate")
	if d.fault != nil {
		return d.fault
	}

	var ok bool
	if string(version) != "\xa0\x03\x02\x01\x02" {
		return c.fail("CHN-11", "version", version, "v3", quoteHex(version))
	}
	if c.Serial, ok = unsigned(serial); !ok {
		return c.fail("CHN-12", "serialNumber", serial, fmt.Sprintf("a minimal INTEGER, not negative, of at most %d bytes", maxSerial), quoteHex(serial))
	}
	if !isPSS(inner) {
		return c.fail("CHN-13", "signature", inner, "RSASSA-PSS with SHA-384, MGF1 with SHA-384, salt 48", quoteHex(inner))
	}
	if !bytes.Equal(inner, outer) {
		return c.fail("CHN-14", "signatureAlgorithm", outer, "the bytes of tbsCertificate.signature", quoteHex(outer))
	}
	if err := c.parseNames(); err != nil {
		return err
	}
	if c.NotBefore, ok = parseTime(notBefore); !ok {
		return c.fail("CHN-18", "notBefore", notBefore, expectedTime, quoteText(notBefore))
	}
	if c.NotAfter, ok = parseTime(notAfter); !ok {
		return c.fail("CHN-18", "notAfter", notAfter, expectedTime, quoteText(notAfter))
	}
	if c.Role.isLeaf() && !isP384(c.RawSPKI) {
		return c.fail("CHN-20", "subjectPublicKeyInfo", c.RawSPKI, "ECDSA on P-384, uncompressed", quoteHex(c.RawSPKI))
	}
	if !c.Role.isLeaf() && !isRSA4096(c.RawSPKI) {
		return c.fail("CHN-19", "subjectPublicKeyInfo", c.RawSPKI, "RSA with 4096 bits and the exponent 65537", quoteHex(c.RawSPKI))
	}
	if c.signature, ok = signatureBytes(signature); !ok {
		return c.fail("CHN-21", "signatureValue", signature, expectedSignature, quoteHex(signature))
	}

	p := profileOf(c.Role, c.Product)
	var values extensions
	if err := c.readExtensions(list, p, &values); err != nil {
		return err
	}
	if c.Role.isLeaf() {
		return c.parseLeaf(&values, p)
	}
	return c.parseCA(&values)
}

const expectedTime = "UTCTime YYMMDDhhmmssZ, from 2050 on GeneralizedTime YYYYMMDDhhmmssZ"

// parseNames finds Role and Product.
func (c *Certificate) parseNames() error {
	subjectCN, ok := commonName(c.RawSubject)
	if !ok {
		return c.fail("CHN-15", "subject", c.RawSubject, "AMD's Name", quoteHex(c.RawSubject))
	}
	issuerCN, ok := commonName(c.RawIssuer)
	if !ok {
		return c.fail("CHN-15", "issuer", c.RawIssuer, "AMD's Name", quoteHex(c.RawIssuer))
	}
	subject, issuer := identify(subjectCN), identify(issuerCN)
	if subject.role == 0 || subject.unsupported() {
		e := c.fail("CHN-16", "subject", c.RawSubject, "the common name of a known certificate", subject.describe(subjectCN))
		if subject.unsupported() {
			e.Cause = &UnsupportedError{subject.role, subject.commonName}
		}
		return e
	}
	c.Role, c.Product = subject.role, subject.product
	if issuer.role != c.Role.issuer() || issuer.unsupported() {
		return c.fail("CHN-17", "issuer", c.RawIssuer, "the common name of an "+c.Role.issuer().String(), issuer.describe(issuerCN))
	}
	if c.Role.isLeaf() {
		c.Product = issuer.product
	}
	return nil
}

func (id identity) describe(cn []byte) string {
	if id.unsupported() {
		return quoteText(cn) + " (recognised, but not supported)"
	}
	return quoteText(cn)
}

func (c *Certificate) validity() validity { return validity{c.NotBefore, c.NotAfter} }

// label names the certificate in errors: "ASK", "certificate 2 (ASK)".
func (c *Certificate) label() string {
	switch {
	case c.position == 0 && c.Role == 0:
		return "certificate"
	case c.position == 0:
		return c.Role.String()
	case c.Role == 0:
		return fmt.Sprintf("certificate %d", c.position)
	}
	return fmt.Sprintf("certificate %d (%v)", c.position, c.Role)
}

// fail makes the error about part, which is a slice of Raw or nil.
func (c *Certificate) fail(id, field string, part []byte, expected, actual string) *rule.Error {
	return rule.Broken(id, c.label()+": "+field, offset(c.Raw, part), expected, actual)
}
