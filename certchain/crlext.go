package certchain

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

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

// parseEntryExtensions reads those of an entry. Whatever the reason, an entry
// means revoked.
func (l *CRL) parseEntryExtensions(list cryptobyte.String) error {
	return l.eachExtension(list, func(oid, value []byte) error {
		if string(oid) == oidReasonCode && !(len(value) == 3 && value[0] == byte(asn1.ENUM) && value[1] == 1) {
			return l.fail("CRL-14", "reasonCode", value, "an ENUMERATED of one byte", quoteHex(value))
		}
		return nil
	})
}

// eachExtension calls found for every extension: none critical, none twice.
func (l *CRL) eachExtension(list cryptobyte.String, found func(oid, value []byte) error) error {
	var seen [maxCRLExtensions][]byte
	for n := 0; !list.Empty(); n++ {
		d := decoder{raw: l.raw}
		oid, critical, value := d.extension(&list)
		if d.fault != nil {
			return l.malformed(d.fault)
		}
		if !isOID(oid) {
			return l.fail("CRL-02", "extnID", oid, "an OBJECT IDENTIFIER", quoteHex(oid))
		}
		if critical != nil { // FALSE is the default, which DER does not write
			return l.fail("CRL-10", "critical", critical, "no critical extension, and no flag", quoteHex(critical)+" of OID "+quoteHex(oid))
		}
		if n == maxCRLExtensions {
			return l.fail("CRL-11", "Extension", oid, "at most 16 extensions", "more")
		}
		for _, other := range seen[:n] {
			if string(other) == string(oid) {
				return l.fail("CRL-11", "Extension", oid, "one of each", "a second one of OID "+quoteHex(oid))
			}
		}
		seen[n] = oid
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
		if i == start && c == 0x80 || i-start == 4 {
			return false
		}
		if c&0x80 == 0 {
			start = i + 1
		}
	}
	return len(b) > 0 && start == len(b)
}
