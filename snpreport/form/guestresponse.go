package form

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// openGuestResponse takes the report out of a MSG_REPORT_RSP:
//
//	0x000     4  STATUS       0 = success
//	0x004     4  REPORT_SIZE  1184
//	0x008    24  zero
//	0x020  1184  the report
//	0x4C0     n  zero, up to 4000 bytes in all
//
// Source: AMD 56860, MSG_REPORT_RSP; the buffer: Linux, struct snp_report_resp.
func openGuestResponse(b []byte) ([]byte, *rule.Error) {
	if len(b) > maxResponseSize {
		return nil, malformed("CAR-04", "guest response", 0,
			fmt.Sprintf("at most %d bytes", maxResponseSize), fmt.Sprintf("%d bytes", len(b)))
	}
	if status := binary.LittleEndian.Uint32(b); status != 0 {
		return nil, malformed("CAR-05", "STATUS", 0x000, "0 (success)", statusText(status))
	}
	if size := binary.LittleEndian.Uint32(b[0x004:]); size != snpreport.Size {
		return nil, malformed("CAR-06", "REPORT_SIZE", 0x004, fmt.Sprint(snpreport.Size), fmt.Sprint(size))
	}
	const end = responseHeader + snpreport.Size
	if err := allZero("CAR-07", b, 0x008, responseHeader); err != nil {
		return nil, err
	}
	if err := allZero("CAR-08", b, end, len(b)); err != nil {
		return nil, err
	}
	return b[responseHeader:end:end], nil
}

// statusText names the values of STATUS that AMD 56860 has for MSG_REPORT_RSP.
func statusText(status uint32) string {
	switch status {
	case 0x16:
		return "0x16 (firmware: invalid parameters)"
	case 0x27:
		return "0x27 (firmware: invalid key selection)"
	}
	return fmt.Sprintf("%#x (firmware error)", status)
}

// allZero refuses the first byte in [lo, hi) that is not zero.
func allZero(id string, b []byte, lo, hi int) *rule.Error {
	if i := slices.IndexFunc(b[lo:hi], func(c byte) bool { return c != 0 }); i >= 0 {
		return malformed(id, "reserved byte", lo+i, "0x00", fmt.Sprintf("0x%02x", b[lo+i]))
	}
	return nil
}
