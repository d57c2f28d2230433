// Package form reads the five forms in which a SEV-SNP report travels by itself, and
// what may hold its certificates: SPEC.md section 4. It takes bytes apart and judges
// nothing; the envelope of an endpoint never comes through it.
package form

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Carrier is a form in which a report travels.
type Carrier uint8

// The zero Carrier is none of them.
const (
	Raw           Carrier = iota + 1 // the 1184 bytes; also configfs-tsm outblob
	Hex                              // 2368 hex digits of either case
	Base64                           // 1580 characters, standard alphabet
	GuestResponse                    // MSG_REPORT_RSP, what /dev/sev-guest returns
	Extended                         // a report, behind it a certificate table
)

var carrierNames = [...]string{
	Raw: "raw", Hex: "hex", Base64: "base64", GuestResponse: "guest response", Extended: "extended report",
}

func (c Carrier) String() string {
	if c == 0 || int(c) >= len(carrierNames) {
		return "unknown carrier"
	}
	return carrierNames[c]
}

// Carried is what Open took out of a carrier.
type Carried struct {
	Form   Carrier
	Report []byte       // 1184 bytes, still to be parsed
	Certs  []TableEntry // with Extended only; may be empty
}

// Sizes in bytes of the carriers.
const (
	hexSize    = 2 * snpreport.Size
	base64Size = (snpreport.Size + 2) / 3 * 4

	responseHeader  = 0x20 // STATUS, REPORT_SIZE, 24 reserved
	maxResponseSize = 4000 // data of struct snp_report_resp, Linux sev-guest.h
)

// Open takes the report out of what carries it. Form follows from length and
// content alone, the first line that fits:
//
//	1184 bytes                        Raw
//	byte 3 is not zero, 2368 bytes    Hex
//	byte 3 is not zero, 1580 bytes    Base64
//	byte 3 is not zero                none
//	1216 bytes or more, a report at offset 0 would have VERSION 0 or POLICY 0
//	                                  GuestResponse
//	1208 bytes or more, neither is 0  Extended
//	anything else                     none
//
// Text has no zero byte, and the integer in bytes 0..3 of a binary form stays
// far below 2^24. No report has VERSION 0; none has POLICY 0, whose bit 17 is
// always one; both are zero at those offsets of a good response.
//
// Text must be exact: no line break, no space, no 0x; base64 with its padding
// and no stray bits. A form once chosen is not tried as another. Only the
// carrier is checked: the report is still to be parsed.
//
// The error is a *rule.Error: RPT-01, as from Parse, for what is none of these,
// or a rule CAR-nn of the form. On error the Carried is zero. Otherwise its
// slices may share memory with b.
func Open(b []byte) (Carried, error) {
	c := Carried{Form: detect(b)}
	var err *rule.Error
	switch c.Form {
	case Raw:
		c.Report = b[:snpreport.Size:snpreport.Size]
	case Hex:
		c.Report, err = openHex(b)
	case Base64:
		c.Report, err = openBase64(b)
	case GuestResponse:
		c.Report, err = openGuestResponse(b)
	case Extended:
		c.Report = b[:snpreport.Size:snpreport.Size]
		if c.Certs, err = parseCertTable(b[snpreport.Size:]); err != nil {
			err.Offset += snpreport.Size
		}
	default:
		err = malformed("RPT-01", "report", 0, fmt.Sprintf("%d bytes", snpreport.Size), fmt.Sprintf("%d bytes", len(b)))
	}
	if err != nil {
		return Carried{}, err
	}
	return c, nil
}

func detect(b []byte) Carrier {
	n := len(b)
	switch {
	case n == snpreport.Size:
		return Raw
	case n < snpreport.Size+entrySize: // no other form is as short
		return 0
	case b[3] != 0 && n == hexSize:
		return Hex
	case b[3] != 0 && n == base64Size:
		return Base64
	case b[3] != 0:
		return 0
	case binary.LittleEndian.Uint32(b) == 0 || binary.LittleEndian.Uint64(b[0x008:]) == 0:
		if n < responseHeader+snpreport.Size {
			return 0
		}
		return GuestResponse
	}
	return Extended
}

func openHex(text []byte) ([]byte, *rule.Error) {
	report := make([]byte, snpreport.Size)
	if _, err := hex.Decode(report, text); err != nil {
		at := slices.IndexFunc(text, func(c byte) bool { return !isHexDigit(c) })
		return nil, malformed("CAR-01", "hex text", at, "a hex digit", quote(text[at]))
	}
	return report, nil
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func openBase64(text []byte) ([]byte, *rule.Error) {
	refuse := func(at int) *rule.Error {
		return malformed("CAR-02", "base64 text", at, "canonical standard base64", quote(text[at]))
	}
	// The decoder skips line breaks, even a strict one.
	if at := bytes.IndexAny(text, "\r\n"); at >= 0 {
		return nil, refuse(at)
	}
	report := make([]byte, snpreport.Size+1) // room for text without padding
	n, err := base64.StdEncoding.Strict().Decode(report, text)
	if err != nil {
		var at base64.CorruptInputError
		errors.As(err, &at)
		return nil, refuse(min(int(at), len(text)-1))
	}
	if n != snpreport.Size {
		return nil, malformed("CAR-03", "base64 text", 0, fmt.Sprintf("%d bytes", snpreport.Size), fmt.Sprintf("%d bytes", n))
	}
	return report[:snpreport.Size:snpreport.Size], nil
}

func quote(c byte) string { return fmt.Sprintf("%q", []byte{c}) }

// malformed says which part of a form is wrong. Offset counts bytes from the start of
// the input.
func malformed(id, field string, offset int, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Where: field, Offset: offset, Expected: expected, Actual: actual}
}
