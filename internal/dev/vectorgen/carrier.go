package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// carrierSections are about what a report comes in.
func carrierSections() []section {
	in := func(carry func(r []byte) []byte) func(X) { return func(x X) { x.AfterSigning = carry } }
	response := func(change func(d *mint.DeviceResponse)) func(X) {
		return in(func(r []byte) []byte {
			d := mint.NewDeviceResponse(r)
			change(&d)
			return d.Encode()
		})
	}
	// The report brings its certificates in a table.
	badTable := func(change func(t *mint.Table)) func(X) {
		return func(x X) {
			t := mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: x.Leaf}, {GUID: mint.GUIDASK, Data: x.Intermediate}}}
			change(&t)
			x.AfterSigning = func(r []byte) []byte { return slices.Concat(r, t.Encode()) }
		}
	}
	table := func(change func(t *mint.Table)) func(X) { // and nowhere else
		return both(badTable(change), input("certs"))
	}
	unknown := mint.TableEntry{GUID: "00112233-4455-6677-8899-aabbccddeeff", Data: []byte("x")}
	upTo := func(n int) func(t *mint.Table) { // entries
		return func(t *mint.Table) {
			t.Entries = append(t.Entries, slices.Repeat([]mint.TableEntry{unknown}, n-len(t.Entries))...)
		}
	}
	swapped := func(second uint32, gap ...byte) func(t *mint.Table) { // the data of the second entry stands there, before that of the first
		return func(t *mint.Table) {
			a, b := t.Entries[0].Data, t.Entries[1].Data
			t.Entries[0] = mint.TableEntry{GUID: mint.GUIDVCEK, Offset: new(uint32(72 + len(b) + len(gap))), Length: new(uint32(len(a))), Data: slices.Concat(b, gap)}
			t.Entries[1] = mint.TableEntry{GUID: mint.GUIDASK, Offset: &second, Length: new(uint32(len(b))), Data: a}
		}
	}
	const err = "ReportInvalidError"
	forms := section{"carrier", hardware("Milan", 3, "vcek"), err, []row{
		{"hex", yes("CAR-01"), "2368 hex digits", in(func(r []byte) []byte { return []byte(hex.EncodeToString(r)) })},
		{"hex-upper-case", yes("CAR-01"), "of either case", in(func(r []byte) []byte { return []byte(strings.ToUpper(hex.EncodeToString(r))) })},
		{"hex-with-a-line-break", yes("CLI-07"), "an editor's line break", in(func(r []byte) []byte { return []byte(hex.EncodeToString(r) + "\n") })},
		{"hex-with-a-line-break-of-two-bytes", yes("CLI-07"), "of another editor", in(func(r []byte) []byte { return []byte(hex.EncodeToString(r) + "\r\n") })},
		{"hex-with-two-line-breaks", no("RPT-01", "CLI-07"), "one is forgiven", in(func(r []byte) []byte { return []byte(hex.EncodeToString(r) + "\n\n") })},
		{"raw-with-a-line-break", no("RPT-01", "CLI-07"), "bytes are no text", in(func(r []byte) []byte { return append(r, '\n') })},
		{"hex-with-a-letter", no("CAR-01"), "one of them is none", in(func(r []byte) []byte { return []byte("0g" + hex.EncodeToString(r)[2:]) })},
		{"hex-with-0x", no("RPT-01"), "0x makes it two longer, and no form has that length", in(func(r []byte) []byte { return []byte("0x" + hex.EncodeToString(r)) })},
		{"base64", yes("CAR-02"), "1580 characters", in(func(r []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(r)) })},
		{"base64url", no("CAR-02"), "of the standard alphabet", in(func(r []byte) []byte {
			return []byte(mustDiffer(base64.StdEncoding.EncodeToString(r), base64.URLEncoding.EncodeToString(r)))
		})},
		{"base64-with-unused-bits", no("CAR-02"), "unused bits are zero", in(func(r []byte) []byte {
			s := base64.StdEncoding.EncodeToString(r)
			return []byte(s[:len(s)-2] + "B=")
		})},
		{"base64-of-1185-bytes", no("CAR-03"), "as many characters, but of 1185 bytes", in(func(r []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(append(r, 0))) })},
		{"base64-of-1182-bytes-behind-line-breaks", no("CAR-02"), "a usual strict decoder skips them, wherever they stand", in(func(r []byte) []byte { return []byte("\n\n\n\n" + base64.StdEncoding.EncodeToString(r[:1182])) })},
		{"base64-of-1182-bytes-around-line-breaks", no("CAR-02"), "behind the first character too", in(func(r []byte) []byte {
			return []byte(strings.Replace(base64.StdEncoding.EncodeToString(r[:1182]), "A", "A\n\n\n\n", 1))
		})},
		{"device-response", yes("CAR-06"), "the device's answer of 4000 bytes", response(func(*mint.DeviceResponse) {})},
		{"device-response-cut", yes("CAR-08"), "of which a tool kept the report only", response(func(d *mint.DeviceResponse) { d.Total = 0 })},
		{"device-response-of-4001-bytes", no("CAR-04"), "the buffer has 4000 bytes", response(func(d *mint.DeviceResponse) { d.Total = 4001 })},
		{"device-response-status", no("CAR-05"), "the firmware refused, and what follows is none of its making", response(func(d *mint.DeviceResponse) { d.Status = 0x16 })},
		{"device-response-size", no("CAR-06"), "the size is that of a report", response(func(d *mint.DeviceResponse) { d.Size = 1185 })},
		{"device-response-reserved", no("CAR-07"), "reserved bytes are zero", response(func(d *mint.DeviceResponse) { d.Reserved[23] = 1 })},
		{"device-response-behind-the-report", no("CAR-08"), "and so is the rest of the buffer", in(func(r []byte) []byte {
			b := mint.NewDeviceResponse(r).Encode()
			b[3999] = 1
			return b
		})},
		{"table", yes("CAR-14"), "the report with its certificates", table(func(*mint.Table) {})},
		{"table-without-certificates", yes("CAR-11"), "an end without entries; the certificates come otherwise", in(func(r []byte) []byte { return append(r, make([]byte, 24)...) })},
		{"table-with-padding", yes("CAR-11"), "hosts fill up pages", in(func(r []byte) []byte { return append(r, make([]byte, 4096-len(r))...) })},
		{"table-of-65536-bytes", yes("CAR-10"), "the greatest table", in(func(r []byte) []byte { return append(r, make([]byte, 65536)...) })},
		{"table-of-65537-bytes", no("CAR-10"), "and no greater one", in(func(r []byte) []byte { return append(r, make([]byte, 65537)...) })},
		{"table-of-32-entries", yes("CAR-12"), "as many entries as there may be", table(upTo(32))},
		{"table-in-pem", yes("CAR-14"), "an entry may be PEM", table(func(t *mint.Table) { t.Entries[0].Data = mint.PEM(t.Entries[0].Data) })},
		{"table-with-data-in-another-order", yes("CAR-17"), "the data of the second entry stands before that of the first", table(swapped(72))},
		{"table-with-spoilt-pem", as("CertChainInvalidError", "CHN-05"), "which is as good as PEM is elsewhere", table(func(t *mint.Table) { t.Entries[0].Data = []byte("-----BEGIN CERTIFICATE----\n") })},
		{"table-with-data-in-another-order-and-a-gap", yes("CAR-17"), "and a byte of nobody between the two", table(swapped(72, 0))},
		{"table-unknown-guid", yes("CAR-18"), "unknown entries are passed over, twice too", table(upTo(4))},
		{"table-guid-proves-nothing", yes("CAR-18"), "an ASK under the ARK's GUID is the ASK that it is", table(func(t *mint.Table) { t.Entries[1].GUID = mint.GUIDARK })},
		{"table-of-a-vlek", yes("CAR-22"), "the GUID of a VLEK is as good as that of a VCEK", table(func(t *mint.Table) { t.Entries[0].GUID = mint.GUIDVLEK })},
		{"table-without-end", no("CAR-11"), "the entries have no end", badTable(func(t *mint.Table) {
			*t = mint.Table{NoTerminator: true, Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: []byte("x")}}}
		})},
		{"table-of-33-entries", no("CAR-12", "GEN-04"), "32 entries at most", badTable(upTo(33))},
		{"table-of-33-entries-without-end", no("CAR-11"), "without an end there is no number of entries", in(func(r []byte) []byte {
			return append(r, bytes.Repeat([]byte{0x11}, 33*24)...)
		})},
		{"table-zero-guid", no("CAR-13"), "an entry without GUID that is not the end", badTable(func(t *mint.Table) { t.Entries[1].GUID = "00000000-0000-0000-0000-000000000000" })},
		{"table-offset-in-the-header", no("CAR-14"), "data that overlaps the entries", badTable(func(t *mint.Table) { t.Entries[0].Offset = new(uint32(24)) })},
		{"table-offset-at-the-last-byte-of-the-header", no("CAR-14"), "the end belongs to the entries", badTable(func(t *mint.Table) { t.Entries[0].Offset, t.Entries[0].Length = new(uint32(71)), new(uint32(1)) })},
		{"table-length-zero", no("CAR-15"), "an entry without data", badTable(func(t *mint.Table) { t.Entries[1].Length = new(uint32(0)) })},
		{"table-beyond-its-end-by-a-byte", no("CAR-16"), "by one byte", badTable(func(t *mint.Table) { t.Entries[1].Length = new(uint32(len(t.Entries[1].Data) + 1)) })},
		{"table-beyond-its-end", no("CAR-16"), "data behind the table", badTable(func(t *mint.Table) { t.Entries[1].Length = new(uint32(0x10000)) })},
		{"table-offset-plus-length-wraps", no("CAR-16"), "a sum in 32 bits wraps around, and a slice of it panics", badTable(func(t *mint.Table) { t.Entries[1].Length = new(uint32(0xFFFFFFFF)) })},
		{"table-overlap", no("CAR-17"), "two entries with one piece of data", badTable(func(t *mint.Table) { t.Entries[1].Offset, t.Entries[1].Length = new(uint32(96)), new(uint32(16)) })},
		{"table-overlap-of-a-byte", no("CAR-17"), "the last byte of the first is the first of the second", badTable(func(t *mint.Table) {
			t.Entries[1].Offset, t.Entries[1].Length = new(uint32(72+len(t.Entries[0].Data)-1)), new(uint32(16))
		})},
		{"table-overlap-of-a-byte-before", no("CAR-17"), "the last byte of the second is the first of the first", badTable(swapped(73))},
		{"table-overlap-with-the-first-of-two", no("CAR-17"), "each earlier entry is compared", badTable(func(t *mint.Table) {
			t.Entries = append(t.Entries, mint.TableEntry{GUID: mint.GUIDARK, Offset: new(uint32(96)), Length: new(uint32(16))})
		})},
		{"table-overlap-and-guid-twice", no("CAR-17"), "an overlap with the second entry is looked for before the GUID of the first", badTable(func(t *mint.Table) {
			t.Entries = append(t.Entries, mint.TableEntry{GUID: t.Entries[0].GUID, Offset: new(uint32(24*5 + len(t.Entries[0].Data))), Length: new(uint32(1))})
		})},
		{"table-guid-twice", no("CAR-18"), "two VCEKs to choose from", badTable(func(t *mint.Table) { t.Entries = append(t.Entries, t.Entries[0]) })},
	}}
	certs := func(files func(x X) [][]byte) func(X) { return func(x X) { x.inputs["certs"] = files(x) } }
	chain := section{"carrier-certs", hardware("Milan", 3, "vcek"), "CertChainInvalidError", []row{
		{"table-file", yes("CAR-20", "CAR-14"), "a certificate table by itself, as configfs-tsm has it in auxblob", certs(func(x X) [][]byte { return [][]byte{x.Table().Encode()} })},
		{"table-too-long", no("CAR-10", "GEN-04"), "a table has at most 65536 bytes", certs(func(x X) [][]byte { return [][]byte{append(x.Table().Encode(), make([]byte, 65536)...)} })},
		{"table-file-whose-first-guid-begins-like-der", yes("CAR-20"), "0x30 and a short length are no certificate", certs(func(x X) [][]byte {
			return [][]byte{mint.Table{Entries: append([]mint.TableEntry{{GUID: "30112233-4455-6677-8899-aabbccddeeff", Data: []byte("x")}}, x.Table().Entries...)}.Encode()}
		})},
		{"der-files", yes("CAR-20", "CHN-02"), "one DER certificate in each file", certs(func(x X) [][]byte { return [][]byte{x.Leaf, x.Intermediate, x.ARK} })},
		{"an-empty-file-among-them", yes("CAR-20", "CAR-11"), "no bytes at all are a table without certificates", certs(func(x X) [][]byte { return [][]byte{{}, mint.PEM(x.Leaf, x.Intermediate)} })},
		{"23-bytes", no("CAR-11", "CAR-20"), "an end of 23 zero bytes is none", input("certs", make([]byte, 23))},
		{"one-byte", no("CAR-11", "CAR-20"), "the first byte of DER, and no second one", input("certs", []byte{0x30})},
		{"two-bytes-of-der", no("CHN-10", "CAR-20"), "a SEQUENCE that broke off", input("certs", []byte{0x30, 0x82})},
		{"two-der-certificates-in-one-file", no("CHN-10", "CAR-20"), "DER is one certificate and nothing behind it", certs(func(x X) [][]byte {
			return [][]byte{append(x.LeafSpec.Encode(x.leafSigner), x.Intermediate...)}
		})},
		{"the-same-from-two-files", yes("CAR-21"), "a certificate from two sources counts once", certs(func(x X) [][]byte { return [][]byte{x.Leaf, mint.PEM(x.Leaf), x.Table().Encode()} })},
		{"the-same-twice-in-one-file", no("CHN-40", "CAR-21"), "twice in one source it is two", certs(func(x X) [][]byte { return [][]byte{mint.PEM(x.Leaf, x.Leaf, x.Intermediate)} })},
		{"the-same-and-a-byte-more", no("CHN-10", "CAR-21"), "one that begins alike is another", certs(func(x X) [][]byte { return [][]byte{x.Leaf, append(bytes.Clone(x.Leaf), 0), x.Intermediate} })},
		{"the-same-behind-two-bytes", no("CHN-10", "CAR-21"), "as is one that ends alike", certs(func(x X) [][]byte { return [][]byte{x.Leaf, append([]byte{0x30, 0x80}, x.Leaf...), x.Intermediate} })},
		{"the-same-twice-in-the-second-file", no("CHN-40", "CAR-21"), "whichever source it is", certs(func(x X) [][]byte { return [][]byte{x.Intermediate, mint.PEM(x.Leaf, x.Leaf)} })},
		{"intermediate-beside-a-table", yes("CAR-21"), "what stands beside the report's table counts as well", both(
			badTable(func(t *mint.Table) { t.Entries = t.Entries[:1] }), certs(func(x X) [][]byte { return [][]byte{x.Intermediate} }),
		)},
		{"five-certificates", no("CHN-02", "GEN-04", "CAR-21"), "a chain has three, and no list of any length is compared with itself", certs(func(x X) [][]byte {
			return append(x.Chain(), mint.CACert("ARK-Genoa"), mint.CACert("ARK-Turin"))
		})},
		{"crl-in-the-table", yes("CAR-22"), "nobody vouches for the host that wrote it: its CRL, here none at all, is passed over", certs(func(x X) [][]byte {
			return [][]byte{mint.Table{Entries: append(x.Table().Entries, mint.TableEntry{GUID: mint.GUIDCRL, Data: []byte("no CRL")})}.Encode()}
		})},
	}}
	return []section{forms, chain}
}
