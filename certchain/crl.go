package certchain

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A CRL is one of AMD's certificate revocation lists, parsed. Nobody vouches for
// it until Check does. Check reads nothing that can be written from outside.
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
		return nil, refuse("CRL-01", "CRL: DER", fmt.Sprintf("1 to %d bytes", maxCRL), fmt.Sprintf("%d bytes", len(der)))
	}
	l := new(CRL)
	if err := l.parse(bytes.Clone(der)); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *CRL) parse(der []byte) error {
	l.raw = der
	d := decoder{raw: der}
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
		return l.malformed(d.fault)
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
		d := decoder{raw: l.raw}
		entry := d.open(&rest, asn1.SEQUENCE, "revokedCertificates")
		userCertificate := d.open(&entry, asn1.INTEGER, "userCertificate")
		date := d.time(&entry, "revocationDate")
		var extensions cryptobyte.String
		if entry.PeekASN1Tag(asn1.SEQUENCE) {
			extensions = d.openList(&entry, "crlEntryExtensions")
		}
		d.end(entry, "revokedCertificates")
		if d.fault != nil {
			return l.malformed(d.fault)
		}
		serial, ok := unsigned(userCertificate)
		if !ok {
			return l.fail("CRL-09", "userCertificate", userCertificate, fmt.Sprintf("a minimal INTEGER, not negative, of at most %d bytes", maxSerial), quoteHex(userCertificate))
		}
		if _, ok := parseTime(date); !ok {
			return l.fail("CRL-07", "revocationDate", date, expectedTime, quoteText(date))
		}
		if err := l.parseEntryExtensions(extensions); err != nil {
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
	return refuseAt(id, "CRL: "+field, offsetOf(l.raw, part), expected, actual)
}

func (l *CRL) malformed(f *fault) *rule.Error {
	return refuseAt("CRL-02", "CRL: "+f.field, f.offset, f.expected, f.actual)
}
