package certchain

import (
	"fmt"
	"time"

	"github.com/tresorhq/attest/rule"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A decoder walks DER. It keeps the first fault and goes on with an empty element
// in place of a missing one, so that a structure is walked in one go and judged
// once. No element may be used before that.
type decoder struct {
	of    input
	id    string      // the rule that a fault breaks
	fault *rule.Error // an element that is absent, malformed or left over
}

// An input makes the error about a part of it, which is a slice of its DER or nil.
type input interface {
	fail(id, field string, part []byte, expected, actual string) *rule.Error
}

// element reads one whole element, header included.
func (d *decoder) element(s *cryptobyte.String, tag asn1.Tag, field string) []byte {
	var e cryptobyte.String
	if !s.PeekASN1Tag(tag) || !s.ReadASN1Element(&e, tag) {
		d.expected(s, tag, field)
	}
	return e
}

// open reads one element and returns its content.
func (d *decoder) open(s *cryptobyte.String, tag asn1.Tag, field string) cryptobyte.String {
	var body cryptobyte.String
	if !s.PeekASN1Tag(tag) || !s.ReadASN1(&body, tag) {
		d.expected(s, tag, field)
	}
	return body
}

// openList is open of a SEQUENCE that has an element: RFC 5280, SIZE (1..MAX).
func (d *decoder) openList(s *cryptobyte.String, field string) cryptobyte.String {
	body := d.open(s, asn1.SEQUENCE, field)
	if d.fault == nil && body.Empty() {
		d.fault = d.of.fail(d.id, field, body, "an element or more", "none")
	}
	return body
}

// expected records the first fault, that s does not begin with an element of the
// tag, and ends s.
func (d *decoder) expected(s *cryptobyte.String, tag asn1.Tag, field string) {
	if d.fault == nil {
		d.fault = d.of.fail(d.id, field, *s, fmt.Sprintf("DER with tag 0x%02x", uint8(tag)), quoteHex((*s)[:min(len(*s), 16)]))
	}
	*s = nil
}

// optional is element, when the next one has the tag, else nil.
func (d *decoder) optional(s *cryptobyte.String, tag asn1.Tag, field string) []byte {
	if !s.PeekASN1Tag(tag) {
		return nil
	}
	return d.element(s, tag, field)
}

// time reads a UTCTime or GeneralizedTime element.
func (d *decoder) time(s *cryptobyte.String, field string) []byte {
	if s.PeekASN1Tag(asn1.GeneralizedTime) {
		return d.element(s, asn1.GeneralizedTime, field)
	}
	return d.element(s, asn1.UTCTime, field)
}

// end refuses an element that is left in s.
func (d *decoder) end(s cryptobyte.String, field string) {
	if d.fault == nil && !s.Empty() {
		d.fault = d.of.fail(d.id, field, s, "no further element", quoteHex(s[:min(len(s), 16)]))
	}
}

// extension reads one Extension. RFC 5280 section 4.1.
func (d *decoder) extension(list *cryptobyte.String) (oid, critical, value []byte) {
	ext := d.open(list, asn1.SEQUENCE, "Extension")
	oid = d.open(&ext, asn1.OBJECT_IDENTIFIER, "extnID")
	critical = d.optional(&ext, asn1.BOOLEAN, "critical")
	value = d.open(&ext, asn1.OCTET_STRING, "extnValue")
	d.end(ext, "Extension")
	return oid, critical, value
}

// parseTime decodes a UTCTime YYMMDDhhmmssZ (1950 to 2049) or, from 2050 on, a
// GeneralizedTime YYYYMMDDhhmmssZ: each date has one encoding. e is a whole
// element, whose length leaves room for no other form. RFC 5280 section 4.1.2.5.
func parseTime(e []byte) (t time.Time, ok bool) {
	s := cryptobyte.String(e)
	switch len(e) {
	case len("..YYMMDDhhmmssZ"):
		ok = s.ReadASN1UTCTime(&t)
	case len("..YYYYMMDDhhmmssZ"):
		s.ReadASN1GeneralizedTime(&t) // or t stays zero
		ok = t.Year() >= 2050
	}
	return t, ok
}

// unsigned checks the content of a DER INTEGER: minimal, not negative, at most
// maxSerial bytes. It returns the number without the byte that keeps it positive.
func unsigned(b []byte) (n []byte, ok bool) {
	if len(b) == 0 || len(b) > maxSerial || b[0]&0x80 != 0 {
		return nil, false
	}
	if len(b) != 1 && b[0] == 0 {
		return b[1:], b[1]&0x80 != 0
	}
	return b, true
}

// parseUint8 decodes a whole INTEGER element of 0 to 255.
func parseUint8(e []byte) (n uint8, ok bool) {
	s := cryptobyte.String(e)
	ok = s.ReadASN1Integer(&n) && s.Empty()
	return n, ok
}

// A validity is a span of time, inclusive at both ends.
type validity struct{ notBefore, notAfter time.Time }

func (v validity) contains(at time.Time) bool {
	return !at.Before(v.notBefore) && !at.After(v.notAfter)
}

func (v validity) String() string {
	return stamp(v.notBefore) + " to " + stamp(v.notAfter)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
