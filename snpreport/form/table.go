package form

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// TableKind is the kind of certificate that an entry of a table claims to hold. It
// is not verified: the host writes the table.
type TableKind uint8

// The zero TableKind is that of every GUID that this package doesn't know.
const (
	TableUnknown TableKind = iota
	TableVCEK
	TableVLEK
	TableASK // or ASVK
	TableARK
	TableCRL
)

// tableKinds holds the GUIDs in the byte order of their text (RFC 4122).
// Source: AMD 56421 (GHCB), SNP Extended Guest Request.
var tableKinds = [...]struct {
	name string
	guid [16]byte
}{
	TableUnknown: {name: "unknown"},
	TableVCEK:    {"VCEK", [16]byte{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd}},
	TableVLEK:    {"VLEK", [16]byte{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1}},
	TableASK:     {"ASK", [16]byte{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82}},
	TableARK:     {"ARK", [16]byte{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae}},
	TableCRL:     {"CRL", [16]byte{0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea}},
}

func (k TableKind) String() string { return tableKinds[k.known()].name }

// known returns k, or TableUnknown when k is no constant.
func (k TableKind) known() TableKind {
	if int(k) >= len(tableKinds) {
		return TableUnknown
	}
	return k
}

func kindOf(guid [16]byte) TableKind {
	for kind, known := range tableKinds {
		if known.guid == guid {
			return TableKind(kind)
		}
	}
	return TableUnknown
}

// TableEntry is one entry of a certificate table.
type TableEntry struct {
	Kind TableKind
	GUID [16]byte // in the byte order of its text
	Data []byte   // never empty; a certificate is DER or PEM
}

// Limits of a certificate table.
const (
	entrySize    = 24
	maxEntries   = 32
	maxTableSize = 64 << 10 // Linux guests ask for at most 16 KiB
)

// ParseCertTable splits a GHCB certificate table (configfs-tsm auxblob) into
// its entries, in their order. Each has 24 bytes, integers are little-endian:
//
//	0  16  GUID, in the byte order of its text (RFC 4122)
//	16  4  OFFSET of its data, from the start of the table
//	20  4  LENGTH of its data
//
// An entry of 24 zero bytes ends them, and the data follows. No bytes at all,
// like no entries, are a table without certificates. Bytes behind the last
// entry that are no entry's data are not read: hosts fill up pages.
//
// An unknown GUID is returned as TableUnknown, for callers to pass over. The
// error is a *rule.Error, and then there are no entries. Checked in this order:
// at most 64 KiB; the end is there; at most 32 entries; then for each its GUID
// is not zero, its data starts behind the end of the entries, is not empty, ends
// within the table, overlaps that of no earlier one, and no earlier one has the
// same known GUID. Data shares memory with b.
func ParseCertTable(b []byte) ([]TableEntry, error) {
	entries, err := parseCertTable(b)
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func parseCertTable(b []byte) ([]TableEntry, *rule.Error) {
	if len(b) > maxTableSize {
		return nil, malformed("CAR-10", "certificate table", 0,
			fmt.Sprintf("at most %d bytes", maxTableSize), fmt.Sprintf("%d bytes", len(b)))
	}
	n, err := countEntries(b)
	if err != nil {
		return nil, err
	}
	var entries []TableEntry
	var spans []span
	for i := range n {
		e, s, err := parseEntry(b, i*entrySize, (n+1)*entrySize)
		if err != nil {
			return nil, err
		}
		for j, earlier := range spans {
			if s.lo < earlier.hi && earlier.lo < s.hi {
				return nil, malformed("CAR-17", "certificate table: OFFSET", i*entrySize+16, "data of its own",
					fmt.Sprintf("%#x to %#x, but entry %d has %#x to %#x", s.lo, s.hi, j, earlier.lo, earlier.hi))
			}
		}
		if e.Kind != TableUnknown && slices.ContainsFunc(entries, func(earlier TableEntry) bool { return earlier.Kind == e.Kind }) {
			return nil, malformed("CAR-18", "certificate table: GUID", i*entrySize, "each known GUID once", "a second "+e.Kind.String())
		}
		entries, spans = append(entries, e), append(spans, s)
	}
	return entries, nil
}

// countEntries returns how many entries precede the end.
func countEntries(b []byte) (int, *rule.Error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, rest := 0, b
	for ; len(rest) >= entrySize && [entrySize]byte(rest) != [entrySize]byte{}; n++ {
		rest = rest[entrySize:]
	}
	if len(rest) < entrySize {
		return 0, malformed("CAR-11", "certificate table", n*entrySize, "an entry, or 24 zero bytes", fmt.Sprintf("%d bytes", len(rest)))
	}
	if n > maxEntries {
		return 0, malformed("CAR-12", "certificate table", maxEntries*entrySize, fmt.Sprintf("at most %d entries", maxEntries), fmt.Sprint(n))
	}
	return n, nil
}

// span is the data of an entry, from lo up to but not including hi. The sum of
// two 32-bit integers needs the width.
type span struct{ lo, hi uint64 }

// parseEntry reads the entry at at. The entries end at end.
func parseEntry(b []byte, at, end int) (TableEntry, span, *rule.Error) {
	refuse := func(id, field string, offset int, expected, actual string) (TableEntry, span, *rule.Error) {
		return TableEntry{}, span{}, malformed(id, "certificate table: "+field, at+offset, expected, actual)
	}
	guid := [16]byte(b[at:])
	offset := uint64(binary.LittleEndian.Uint32(b[at+16:]))
	length := uint64(binary.LittleEndian.Uint32(b[at+20:]))
	s := span{offset, offset + length}
	switch {
	case guid == [16]byte{}:
		return refuse("CAR-13", "GUID", 0, "a GUID, or 24 zero bytes", "zero, with OFFSET or LENGTH set")
	case offset < uint64(end):
		return refuse("CAR-14", "OFFSET", 16, fmt.Sprintf("at least %#x", end), fmt.Sprintf("%#x", offset))
	case length == 0:
		return refuse("CAR-15", "LENGTH", 20, "at least 1", "0")
	case s.hi > uint64(len(b)):
		return refuse("CAR-16", "LENGTH", 20, fmt.Sprintf("data up to %#x at most", len(b)), fmt.Sprintf("up to %#x", s.hi))
	}
	return TableEntry{Kind: kindOf(guid), GUID: guid, Data: b[s.lo:s.hi:s.hi]}, s, nil
}
