package certchain

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A CRL is a parsed certificate revocation list of AMD's. It is not verified until
// Check returns nil. Check reads none of the exported fields.
type CRL struct {
	Product    snpreport.Product // of the ARK that is named as issuer
	Number     string            // cRLNumber, decimal
	ThisUpdate time.Time         // UTC, as NextUpdate
	NextUpdate time.Time         // inclusive

	raw, tbs, issuer, signature []byte
	revoked                     cryptobyte.String // the content of revokedCertificates
	window                      validity
}

// ParseCRL parses one DER CertificateList of version 2: at most 128 KiB, nothing
// around it. It copies der. On error the CRL is nil and the error is a *rule.Error.
// Checked in this order: size, structure, version, signature algorithm, issuer
// (the Name of an ARK), dates, length of the signature, the extensions, the
// entries. SPEC.md section 6.
//
// Any critical extension is refused, of the list and of an entry; so is one that
// says that the list is not complete. No signature is checked here.
func ParseCRL(der []byte) (*CRL, error) {
	if len(der) == 0 || len(der) > maxCRL {
		return nil, rule.Broken("CRL-01", "CRL: DER", rule.NoOffset, fmt.Sprintf("1 to %d bytes", maxCRL), fmt.Sprintf("%d bytes", len(der)))
	}
	l := new(CRL)
	if err := l.parse(bytes.Clone(der)); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *CRL) parse(der []byte) error {
	l.raw = der
	d := decoder{of: l, id: "CRL-02"}
	input := cryptobyte.String(der)
	list := d.open(&input, asn1.SEQUENCE, "CertificateList")
	d.end(input, "CertificateList")
	l.tbs = d.element(&list, asn1.SEQUENCE, "tbsCertList")
	outer := d.element(&list, asn1.SEQUENCE, "signatureAlgorithm")
	signature := d.open(&list, asn1.BIT_STRING, "signatureValue")
	d.end(list, "CertificateList")

	signed := cryptobyte.String(l.tbs)
	tbs := d.open(&signed, asn1.SEQUENCE, "tbsCertList")
	version := d.optional(&tbs, asn1.INTEGER, "version")
	inner := d.element(&tbs, asn1.SEQUENCE, "signature")
	l.issuer = d.element(&tbs, asn1.SEQUENCE, "issuer")
	thisUpdate := d.time(&tbs, "thisUpdate")
	nextUpdate := d.time(&tbs, "nextUpdate") // optional in RFC 5280, here required
	if tbs.PeekASN1Tag(asn1.SEQUENCE) {
		l.revoked = d.open(&tbs, asn1.SEQUENCE, "revokedCertificates")
	}
	wrapped := d.open(&tbs, asn1.Tag(0).ContextSpecific().Constructed(), "crlExtensions")
	extensions := d.openList(&wrapped, "crlExtensions")
	d.end(wrapped, "crlExtensions")
	d.end(tbs, "tbsCertList")
	if d.fault != nil {
		return d.fault
	}

	if string(version) != "\x02\x01\x01" {
		return l.fail("CRL-03", "version", version, "v2", quoteHex(version))
	}
	if !isPSS(inner) {
		return l.fail("CRL-04", "signature", inner, "RSASSA-PSS with SHA-384, MGF1 with SHA-384, salt 48", quoteHex(inner))
	}
	if !bytes.Equal(inner, outer) {
		return l.fail("CRL-05", "signatureAlgorithm", outer, "the bytes of tbsCertList.signature", quoteHex(outer))
	}
	cn, _ := commonName(l.issuer)
	issuer := identify(cn)
	if issuer.role != ARK || issuer.unsupported() {
		return l.fail("CRL-06", "issuer", l.issuer, "the Name of an ARK", issuer.describe(cn))
	}
	l.Product = issuer.product
	var ok bool
	if l.ThisUpdate, ok = parseTime(thisUpdate); !ok {
		return l.fail("CRL-07", "thisUpdate", thisUpdate, expectedTime, quoteText(thisUpdate))
	}
	if l.NextUpdate, ok = parseTime(nextUpdate); !ok {
		return l.fail("CRL-07", "nextUpdate", nextUpdate, expectedTime, quoteText(nextUpdate))
	}
	l.window = validity{l.ThisUpdate, l.NextUpdate}
	if l.signature, ok = signatureBytes(signature); !ok {
		return l.fail("CRL-08", "signatureValue", signature, expectedSignature, quoteHex(signature))
	}
	number, err := l.parseExtensions(extensions)
	if err != nil {
		return err
	}
	l.Number = new(big.Int).SetBytes(number).String()
	return l.eachEntry(func(serial []byte) error { return nil })
}

// eachEntry parses the entries one by one and calls found with each serial
// number. It keeps none of them: their number is the sender's choice.
func (l *CRL) eachEntry(found func(serial []byte) error) error {
	for rest := l.revoked; !rest.Empty(); {
		d := decoder{of: l, id: "CRL-02"}
		entry := d.open(&rest, asn1.SEQUENCE, "revokedCertificates")
		userCertificate := d.open(&entry, asn1.INTEGER, "userCertificate")
		date := d.time(&entry, "revocationDate")
		var extensions cryptobyte.String
		if entry.PeekASN1Tag(asn1.SEQUENCE) {
			extensions = d.openList(&entry, "crlEntryExtensions")
		}
		d.end(entry, "revokedCertificates")
		if d.fault != nil {
			return d.fault
		}
		serial, ok := unsigned(userCertificate)
		if !ok {
			return l.fail("CRL-09", "userCertificate", userCertificate, fmt.Sprintf("a minimal INTEGER, not negative, of at most %d bytes", maxSerial), quoteHex(userCertificate))
		}
		if _, ok := parseTime(date); !ok {
			return l.fail("CRL-07", "revocationDate", date, expectedTime, quoteText(date))
		}
		if err := l.eachExtension(extensions, l.checkEntryExtension); err != nil {
			return err
		}
		if err := found(serial); err != nil {
			return err
		}
	}
	return nil
}

// Serials returns the serial numbers of all entries in lower-case hex, in the
// order of the list. A nil CRL has none.
func (l *CRL) Serials() []string {
	if l == nil {
		return nil
	}
	var serials []string
	_ = l.eachEntry(func(serial []byte) error { // parsed once already
		serials = append(serials, hex.EncodeToString(serial))
		return nil
	})
	return serials
}

// fail makes the error about part, which is a slice of raw or nil.
func (l *CRL) fail(id, field string, part []byte, expected, actual string) *rule.Error {
	return rule.Broken(id, "CRL: "+field, offset(l.raw, part), expected, actual)
}

// Check verifies the CRL and looks up the intermediate and the anchor of a
// verified chain. Leaves are never looked up: every one of them has the serial
// number 0, so that no list can name one.
//
// The error is a *rule.Error when the CRL cannot be used, and a *RevokedError when
// it lists a certificate of the chain. Checked in this order: a time is given;
// the chain was verified and its anchor is among roots; issuer; signature by
// the anchor; the anchor's cRLSign; at lies within thisUpdate and nextUpdate, both
// inclusive; serial numbers.
func (l *CRL) Check(c *Chain, roots *Roots, at time.Time) error {
	if at.IsZero() {
		return rule.Broken("CRL-15", "CRL: time", rule.NoOffset, "a time to verify at", "none")
	}
	chain := c.proven()
	if l == nil || chain.key == nil {
		return rule.Broken("CRL-16", "CRL: chain", rule.NoOffset, "a parsed CRL and a verified chain", "none")
	}
	anchor := roots.find(ARK, chain.Product)
	if anchor == nil || anchor.sha256 != chain.RootSHA256 {
		return rule.Broken("CRL-16", "CRL: chain", rule.NoOffset, "a chain whose anchor is among the roots", fmt.Sprintf("anchor %x", chain.RootSHA256))
	}
	if !bytes.Equal(l.issuer, anchor.RawSubject) {
		return l.fail("CRL-17", "issuer", l.issuer, "the ARK of "+anchor.Product.String(), "the ARK of "+l.Product.String())
	}
	if _, err := chain.signatures.recall(func() (none struct{}, err error) {
		if !verifyPSS(anchor.key, l.tbs, l.signature) {
			err = l.fail("CRL-18", "signatureValue", l.signature, "a signature by the anchor", "another")
		}
		return none, err
	}, kindCRL, anchor.sha256, l.raw); err != nil {
		return err
	}
	if anchor.KeyUsage&CRLSign == 0 {
		return rule.Broken("CRL-19", "CRL: keyUsage", rule.NoOffset, "an anchor with cRLSign", anchor.KeyUsage.String())
	}
	if !l.window.contains(at) {
		return rule.Broken("CRL-20", "CRL: validity", rule.NoOffset, l.window.String(), stamp(at))
	}
	intermediate, _ := hex.DecodeString(chain.IntermediateSerial)
	return l.eachEntry(func(serial []byte) error {
		switch {
		case bytes.Equal(serial, intermediate):
			return revoked("CRL-21", chain.IntermediateRole, chain.IntermediateSerial)
		case bytes.Equal(serial, anchor.Serial):
			return revoked("CRL-21", ARK, hex.EncodeToString(serial))
		}
		return nil
	})
}

// knownRevoked has the serial numbers that AMD's own lists revoke, by the product of
// the ARK that signed the list. Source: the CRL of Genoa, numbers 4 and 10.
var knownRevoked = [...]struct {
	product snpreport.Product
	serial  string // lower-case hex
}{
	{snpreport.Genoa, "020001"}, // the first SEV-Genoa, since 2022-10-31
}

// CheckKnownRevoked refuses a chain whose intermediate AMD is known to have revoked.
// It needs no CRL, and takes the place of none. The error is a *RevokedError, or a
// *rule.Error for a chain that was not verified.
// Rules: CRL-23.
func (c *Chain) CheckKnownRevoked() error {
	chain := c.proven()
	if chain.key == nil {
		return rule.Broken("CRL-16", "chain", rule.NoOffset, "a verified chain", "none")
	}
	for _, known := range knownRevoked {
		if known.product == chain.Product && known.serial == chain.IntermediateSerial {
			return revoked("CRL-23", chain.IntermediateRole, known.serial)
		}
	}
	return nil
}

// Extensions of a CRL that are read. RFC 5280 sections 5.2 and 5.3, 2.5.29.n.
const (
	oidCRLNumber         = "\x55\x1d\x14"
	oidReasonCode        = "\x55\x1d\x15"
	oidDeltaCRLIndicator = "\x55\x1d\x1b"
	oidIssuingPoint      = "\x55\x1d\x1c"
	oidAuthorityKeyID    = "\x55\x1d\x23"
)

// maxCRLExtensions bounds those of one list and those of one entry, and so the
// search for a second one of a kind.
const maxCRLExtensions = 16

// parseExtensions reads those of the list and returns the CRL number.
func (l *CRL) parseExtensions(list cryptobyte.String) (number []byte, err error) {
	err = l.eachExtension(list, func(oid, value []byte) error {
		switch string(oid) {
		case oidDeltaCRLIndicator:
			return l.fail("CRL-12", "deltaCRLIndicator", oid, "a complete CRL", "changes to another")
		case oidIssuingPoint:
			return l.fail("CRL-12", "issuingDistributionPoint", oid, "a complete CRL", "a part of one")
		case oidCRLNumber:
			var ok bool
			if number, ok = integer(value); !ok {
				return l.fail("CRL-13", "cRLNumber", value, expectedNumber, quoteHex(value))
			}
		case oidAuthorityKeyID:
			if !isAuthorityKeyID(value) {
				return l.fail("CRL-14", "authorityKeyIdentifier", value, "the form of RFC 5280", quoteHex(value))
			}
		}
		return nil
	})
	if err == nil && number == nil {
		err = l.fail("CRL-13", "cRLNumber", nil, expectedNumber, "none")
	}
	return number, err
}

const expectedNumber = "a minimal INTEGER, not negative, of at most 20 bytes"

// checkEntryExtension checks the form of one of an entry, which means revoked for any
// reason.
func (l *CRL) checkEntryExtension(oid, value []byte) error {
	if string(oid) == oidReasonCode && !(len(value) == 3 && value[0] == byte(asn1.ENUM) && value[1] == 1) {
		return l.fail("CRL-14", "reasonCode", value, "an ENUMERATED of one byte", quoteHex(value))
	}
	return nil
}

// eachExtension calls found for every extension: none critical, none twice.
func (l *CRL) eachExtension(list cryptobyte.String, found func(oid, value []byte) error) error {
	seen := make([][]byte, 0, maxCRLExtensions)
	for !list.Empty() {
		d := decoder{of: l, id: "CRL-02"}
		oid, critical, value := d.extension(&list)
		if d.fault != nil {
			return d.fault
		}
		if !isOID(oid) {
			return l.fail("CRL-02", "extnID", oid, "an OBJECT IDENTIFIER", quoteHex(oid))
		}
		if critical != nil { // FALSE is the default, which DER does not write
			return l.fail("CRL-10", "critical", critical, "no critical extension, and no flag", quoteHex(critical)+" of OID "+quoteHex(oid))
		}
		if len(seen)+1 > maxCRLExtensions {
			return l.fail("CRL-11", "Extension", oid, "at most 16 extensions", "more")
		}
		if slices.ContainsFunc(seen, func(other []byte) bool { return bytes.Equal(other, oid) }) {
			return l.fail("CRL-11", "Extension", oid, "one of each", "a second one of OID "+quoteHex(oid))
		}
		seen = append(seen, oid)
		if err := found(oid, value); err != nil {
			return err
		}
	}
	return nil
}

// integer decodes a whole INTEGER element.
func integer(e []byte) (n []byte, ok bool) {
	s := cryptobyte.String(e)
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.INTEGER) || !s.Empty() {
		return nil, false
	}
	return unsigned(body)
}

// isOID checks the content of an OBJECT IDENTIFIER: arcs in base 128, minimal,
// each below 2^28.
func isOID(b []byte) bool {
	start := 0
	for i, c := range b {
		if i == start && c == 0x80 || i-start > 3 {
			return false
		}
		if c&0x80 == 0 {
			start = i + 1
		}
	}
	return len(b) > 0 && start == len(b)
}
