package mint

import (
	"crypto/x509"
	"math/big"
	"slices"
	"time"
)

// ASN.1 tags that specs are built from.
const (
	TagBoolean         = 0x01
	TagInteger         = 0x02
	TagBitString       = 0x03
	TagOctetString     = 0x04
	TagNull            = 0x05
	TagOID             = 0x06
	TagUTF8String      = 0x0C
	TagPrintableString = 0x13
	TagIA5String       = 0x16
	TagUTCTime         = 0x17
	TagGeneralizedTime = 0x18
	TagSequence        = 0x30
	TagSet             = 0x31
)

// TLV writes one DER element: the tag, the length of the parts, the parts.
func TLV(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	length := []byte{byte(len(content))}
	if len(content) >= 0x80 {
		length = big.NewInt(int64(len(content))).Bytes()
		length = append([]byte{0x80 | byte(len(length))}, length...)
	}
	return slices.Concat([]byte{tag}, length, content)
}

// Integer writes a non-negative INTEGER with the leading zero byte that a high
// first bit needs.
func Integer(n uint64) []byte {
	b := new(big.Int).SetUint64(n).Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return TLV(TagInteger, b)
}

// OID writes an OBJECT IDENTIFIER given in dotted form.
func OID(dotted string) []byte {
	id, err := x509.ParseOID(dotted)
	if err != nil {
		panic("mint: not an object identifier: " + dotted)
	}
	content, _ := id.MarshalBinary() // never fails
	return TLV(TagOID, content)
}

// bitString writes a BIT STRING; unused is the number of unused bits that its
// first byte states.
func bitString(unused byte, b []byte) []byte { return TLV(TagBitString, []byte{unused}, b) }

// Time is one time value as it is written: tag and text. The zero Time writes
// nothing at all.
type Time struct {
	Tag  byte
	Text string
}

// At gives the form that RFC 5280 section 4.1.2.5 demands: UTCTime through
// 2049, GeneralizedTime from 2050 on.
func At(t time.Time) Time {
	if t.UTC().Year() < 2050 {
		return UTCTime(t)
	}
	return GeneralizedTime(t)
}

// UTCTime gives YYMMDDhhmmssZ, whatever the century.
func UTCTime(t time.Time) Time { return Time{TagUTCTime, t.UTC().Format("060102150405Z")} }

// GeneralizedTime gives YYYYMMDDhhmmssZ.
func GeneralizedTime(t time.Time) Time {
	return Time{TagGeneralizedTime, t.UTC().Format("20060102150405Z")}
}

func (t Time) der() []byte {
	if t == (Time{}) {
		return nil
	}
	return TLV(t.Tag, []byte(t.Text))
}
