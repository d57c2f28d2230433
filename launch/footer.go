package launch

import (
	"encoding/binary"
	"fmt"
)

// The GUIDs of the footer table, and of the kernel hash table, as their bytes
// stand in the file: the first three groups of the text form are little-endian.
const (
	guidFooter   = "\xde\x82\xb5\x96\xb2\x1f\xf7\x45\xba\xea\xa3\x66\xc5\x5a\x08\x2d" // 96b582de-1fb2-45f7-baea-a366c55a082d
	guidReset    = "\xde\x71\xf7\x00\x7e\x1a\xcb\x4f\x89\x0e\x68\xc7\x7e\x2f\xb4\x4e" // 00f771de-1a7e-4fcb-890e-68c77e2fb44e
	guidMetadata = "\x66\x65\x88\xdc\x4a\x98\x98\x47\xa7\x5e\x55\x85\xa7\xbf\x67\xcc" // dc886566-984a-4798-a75e-5585a7bf67cc
	guidHashes   = "\x1f\x37\x55\x72\x3b\x3a\x04\x4b\x92\x7b\x1d\xa6\xef\xa8\xd4\x54" // 7255371f-3a3b-4b04-927b-1da6efa8d454
	guidSecret   = "\x61\xb3\x2e\x4c\x9b\x7d\xc3\x4c\x80\x81\x12\x7c\x90\xd3\xd2\x94" // 4c2eb361-7d9b-4cc3-8081-127c90d3d294
)

// behindFooter is how many bytes of the file lie behind the footer table: code at
// the reset vector.
const behindFooter = 0x20

// entrySize is the size in bytes of what stands behind the data of each entry of
// the footer table: u16 size, of data and these bytes, then a GUID.
const entrySize = 18

// footerEntries are those that count, by GUID, and how long their data are. Other
// entries are passed over.
var footerEntries = map[string]struct {
	name string
	size int
}{
	guidReset:    {"SEV-ES reset block", 4},
	guidMetadata: {"SEV metadata offset", 4},
	guidHashes:   {"kernel hash area", 8},
	guidSecret:   {"launch secret area", 8},
}

// A footer is what the table at the end of a firmware file says.
type footer map[string]footerEntry

type footerEntry struct {
	at   int // offset of the data in the file
	data []byte
}

// u32 returns a number of an entry, or 0 when the entry is absent.
func (f footer) u32(guid string, at int) uint32 {
	if e, ok := f[guid]; ok {
		return binary.LittleEndian.Uint32(e.data[at:])
	}
	return 0
}

// IsFirmware reports whether a file ends as firmware with a footer table does.
func IsFirmware(image []byte) bool {
	at := len(image) - behindFooter - len(guidFooter)
	return at >= 0 && string(image[at:][:len(guidFooter)]) == guidFooter
}

// parseFooter reads the table of an image of 4096 bytes or more, from its end.
// Rules: LCH-11, LCH-12, LCH-13, LCH-14.
func parseFooter(image []byte) (footer, error) {
	last := len(image) - behindFooter - entrySize // the entry of the table itself has no data
	if !IsFirmware(image) {
		return nil, refuse("LCH-11", "footer GUID", last+2, "96b582de-1fb2-45f7-baea-a366c55a082d, with which a firmware file with SEV ends", "other bytes: OVMF_VARS.fd, a build without SEV, or no firmware")
	}
	size := int(binary.LittleEndian.Uint16(image[last:]))
	start := last + entrySize - size
	if size < entrySize || start < 0 {
		return nil, refuse("LCH-12", "size of the footer table", last, fmt.Sprintf("18 to %d", last+entrySize), fmt.Sprint(size))
	}
	f := footer{}
	for end := last; end != start; {
		at := end - entrySize
		if at < start {
			return nil, refuse("LCH-12", "footer table", start, "whole entries", fmt.Sprintf("%d bytes that are none", end-start))
		}
		size := int(binary.LittleEndian.Uint16(image[at:]))
		if size < entrySize || end-size < start {
			return nil, refuse("LCH-12", "size of an entry of the footer table", at, fmt.Sprintf("18 to %d", end-start), fmt.Sprint(size))
		}
		guid, data := string(image[at+2:][:16]), image[end-size:at]
		end -= size
		known, ok := footerEntries[guid]
		if !ok {
			continue
		}
		if len(data) != known.size {
			return nil, refuse("LCH-13", known.name, end, fmt.Sprintf("%d bytes", known.size), fmt.Sprint(len(data)))
		}
		if _, twice := f[guid]; twice {
			return nil, refuse("LCH-14", known.name, end, "one entry", "a second one")
		}
		f[guid] = footerEntry{end, data}
	}
	return f, nil
}
