package mint

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// GUIDs of the GHCB certificate table (AMD 56421, SNP extended guest request).
const (
	GUIDVCEK = "63da758d-e664-4564-adc5-f4b93be8accd"
	GUIDVLEK = "a8074bc2-a25a-483e-aae6-39c045a0b8a1"
	GUIDASK  = "4ab7b379-bbac-4fe4-a02f-05aef327c782" // of the ASVK as well
	GUIDARK  = "c0b406a4-a803-4952-9743-3fb6014cd0ae"
	GUIDCRL  = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea"
)

// TableEntry is one certificate in a table. Offset and Length, when set, are
// written instead of the true ones.
type TableEntry struct {
	GUID           string
	Data           []byte
	Offset, Length *uint32
}

// Table is a GHCB certificate table: entries of 24 bytes, an all-zero entry,
// then the certificates in order.
type Table struct {
	Entries      []TableEntry
	NoTerminator bool // leaves out the all-zero entry
}

const tableEntrySize = 24

// Encode gives the bytes of the table.
func (t Table) Encode() []byte {
	entries := len(t.Entries)
	if !t.NoTerminator {
		entries++
	}
	out := make([]byte, tableEntrySize*entries)
	for i, e := range t.Entries {
		slot := out[tableEntrySize*i:]
		copy(slot, GUID(e.GUID))
		binary.LittleEndian.PutUint32(slot[16:], *cmp.Or(e.Offset, new(uint32(len(out)))))
		binary.LittleEndian.PutUint32(slot[20:], *cmp.Or(e.Length, new(uint32(len(e.Data)))))
		out = append(out, e.Data...)
	}
	return out
}

// GUID gives the 16 bytes in the order in which they are read (RFC 9562 section
// 4), not in that of the mixed-endian form.
func GUID(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		panic("mint: not a GUID: " + text)
	}
	return b
}

// Table gives the certificate table of a set: leaf, intermediate, root.
func (e *Set) Table() Table {
	leaf := GUIDVCEK
	if e.Kind == "vlek" {
		leaf = GUIDVLEK
	}
	return Table{Entries: []TableEntry{{GUID: leaf, Data: e.Leaf}, {GUID: GUIDASK, Data: e.Intermediate}, {GUID: GUIDARK, Data: e.ARK}}}
}

// DeviceResponse is what /dev/sev-guest writes for SNP_GET_REPORT: STATUS,
// REPORT_SIZE, 24 reserved bytes, the report, zero bytes up to Total.
type DeviceResponse struct {
	Status, Size uint32
	Reserved     [24]byte
	Report       []byte
	Total        int // bytes in all, at least
}

// NewDeviceResponse gives a good response with a report in it: 4000 bytes.
func NewDeviceResponse(report []byte) DeviceResponse {
	return DeviceResponse{Size: uint32(len(report)), Report: report, Total: 4000}
}

// Encode gives the bytes of the response.
func (d DeviceResponse) Encode() []byte {
	out := binary.LittleEndian.AppendUint32(nil, d.Status)
	out = binary.LittleEndian.AppendUint32(out, d.Size)
	out = slices.Concat(out, d.Reserved[:], d.Report)
	return append(out, make([]byte, max(0, d.Total-len(out)))...)
}
