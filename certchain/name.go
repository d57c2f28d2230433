package certchain

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// nameStart is AMD's Name up to the common name: RelativeDistinguishedNames of
// one attribute each, in AMD's order, the country a PrintableString and the
// others UTF8Strings. AMD 57230 section 2, and every certificate seen.
const nameStart = "\x31\x14\x30\x12\x06\x03\x55\x04\x0b\x0c\x0bEngineering" + // OU
	"\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02US" + // C
	"\x31\x14\x30\x12\x06\x03\x55\x04\x07\x0c\x0bSanta Clara" + // L
	"\x31\x0b\x30\x09\x06\x03\x55\x04\x08\x0c\x02CA" + // ST
	"\x31\x1f\x30\x1d\x06\x03\x55\x04\x0a\x0c\x16Advanced Micro Devices" // O

// commonName returns the CN of a Name that is AMD's in every other byte. name
// is the whole SEQUENCE and nothing else.
func commonName(name []byte) (cn []byte, ok bool) {
	s := cryptobyte.String(name)
	var rdns cryptobyte.String
	s.ReadASN1(&rdns, asn1.SEQUENCE) // which it is, or rdns stays empty
	last, ok := bytes.CutPrefix(rdns, []byte(nameStart))
	n := len(last) - 11
	if !ok || n < 1 || n > 64 { // 64: RFC 5280, ub-common-name
		return nil, false
	}
	header := [11]byte{0x31, byte(n + 9), 0x30, byte(n + 7), 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, byte(n)}
	if [11]byte(last) != header {
		return nil, false
	}
	return last[11:], true
}
