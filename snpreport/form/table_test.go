package form_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport/form"
	"pgregory.net/rapid"
)

// GUIDs as AMD 56421 prints them.
const (
	vcek    = "63da758d-e664-4564-adc5-f4b93be8accd"
	vlek    = "a8074bc2-a25a-483e-aae6-39c045a0b8a1"
	ask     = "4ab7b379-bbac-4fe4-a02f-05aef327c782"
	ark     = "c0b406a4-a803-4952-9743-3fb6014cd0ae"
	crl     = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea"
	private = "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6"
	zero    = "00000000-0000-0000-0000-000000000000"
)

func guid(text string) [16]byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil {
		panic(err)
	}
	return [16]byte(b)
}

// entry describes an entry. offset and length replace the right ones.
type entry struct {
	guid           string
	data           []byte
	offset, length *uint32
}

func u32(v uint32) *uint32 { return &v }

// table builds a certificate table: entries, end, data in the same order.
func table(entries ...entry) []byte {
	var head, data []byte
	start := (len(entries) + 1) * 24
	for _, e := range entries {
		offset, length := uint32(start+len(data)), uint32(len(e.data))
		if e.offset != nil {
			offset = *e.offset
		}
		if e.length != nil {
			length = *e.length
		}
		g := guid(e.guid)
		head = append(head, g[:]...)
		head = binary.LittleEndian.AppendUint32(head, offset)
		head = binary.LittleEndian.AppendUint32(head, length)
		data = append(data, e.data...)
	}
	return append(append(head, make([]byte, 24)...), data...)
}

func tableErr(t testing.TB, b []byte) *rule.Error {
	t.Helper()
	entries, err := form.ParseCertTable(b)
	var refusal *rule.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error is %v, want a *rule.Error", err)
	}
	if entries != nil {
		t.Error("entries beside an error")
	}
	return refusal
}

func TestCertTable(t *testing.T) {
	many := func(n int) (list []entry) {
		for range n {
			list = append(list, entry{guid: private, data: []byte{1}})
		}
		return list
	}
	for _, tt := range []struct {
		name string
		in   []byte
		want []form.TableEntry
	}{
		{"no bytes", nil, nil},
		{"no entries", table(), nil},
		{"an empty page", make([]byte, 4096), nil},
		{"the longest", make([]byte, 65536), nil},
		{"behind the end", append(table(), "junk"...), nil},
		{"every kind", table(
			entry{guid: vcek, data: []byte("a")}, entry{guid: vlek, data: []byte("b")}, entry{guid: ask, data: []byte("c")},
			entry{guid: ark, data: []byte("d")}, entry{guid: crl, data: []byte("e")}, entry{guid: private, data: []byte("f")},
		), []form.TableEntry{
			{Kind: form.TableVCEK, GUID: guid(vcek), Data: []byte("a")},
			{Kind: form.TableVLEK, GUID: guid(vlek), Data: []byte("b")},
			{Kind: form.TableASK, GUID: guid(ask), Data: []byte("c")},
			{Kind: form.TableARK, GUID: guid(ark), Data: []byte("d")},
			{Kind: form.TableCRL, GUID: guid(crl), Data: []byte("e")},
			{Kind: form.TableUnknown, GUID: guid(private), Data: []byte("f")},
		}},
		{"an unknown one twice", table(entry{guid: private, data: []byte("a")}, entry{guid: private, data: []byte("b")}), []form.TableEntry{
			{GUID: guid(private), Data: []byte("a")}, {GUID: guid(private), Data: []byte("b")},
		}},
		{"data in another order, with gaps", append(table(
			entry{guid: vcek, data: []byte("xyz"), offset: u32(74), length: u32(2)}, entry{guid: ark, offset: u32(72), length: u32(1)},
		), 0, 0), []form.TableEntry{
			{Kind: form.TableVCEK, GUID: guid(vcek), Data: []byte{'z', 0}},
			{Kind: form.TableARK, GUID: guid(ark), Data: []byte("x")},
		}},
		{"data in another order, without gaps", table(
			entry{guid: vcek, data: []byte("xyz"), offset: u32(74), length: u32(1)}, entry{guid: ark, offset: u32(72), length: u32(2)},
		), []form.TableEntry{
			{Kind: form.TableVCEK, GUID: guid(vcek), Data: []byte("z")},
			{Kind: form.TableARK, GUID: guid(ark), Data: []byte("xy")},
		}},
		{"GUIDs that begin and end like VCEK", table(entry{guid: vcek[:35] + "e", data: []byte("a")}, entry{guid: "7" + vcek[1:], data: []byte("b")}), []form.TableEntry{
			{GUID: guid(vcek[:35] + "e"), Data: []byte("a")}, {GUID: guid("7" + vcek[1:]), Data: []byte("b")},
		}},
		{"32 entries", table(many(32)...), func() (list []form.TableEntry) {
			for range 32 {
				list = append(list, form.TableEntry{GUID: guid(private), Data: []byte{1}})
			}
			return list
		}()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := form.ParseCertTable(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for _, e := range got {
				if cap(e.Data) != len(e.Data) {
					t.Error("an append would write into the table")
				}
			}
		})
	}
}

func TestCertTableRefuses(t *testing.T) {
	one := entry{guid: vcek, data: []byte("leaf")}
	var many []entry
	for range 33 {
		many = append(many, entry{guid: private, data: []byte{1}})
	}
	for _, tt := range []struct {
		name   string
		in     []byte
		rule   string
		field  string
		offset int
		want   string // expected, and actual
	}{
		{"too long", make([]byte, 65537), "CAR-10", "certificate table", 0, "at most 65536 bytes, got 65537 bytes"},
		{"one byte", []byte{0}, "CAR-11", "certificate table", 0, "an entry, or 24 zero bytes, got 1 bytes"},
		{"half an end", make([]byte, 23), "CAR-11", "certificate table", 0, "an entry, or 24 zero bytes, got 23 bytes"},
		{"no end", table(one)[:24], "CAR-11", "certificate table", 24, "an entry, or 24 zero bytes, got 0 bytes"},
		{"half an end behind an entry", table(one)[:47], "CAR-11", "certificate table", 24, "an entry, or 24 zero bytes, got 23 bytes"},
		{"33 entries, and no end", bytes.Repeat(table(entry{guid: private, data: []byte{1}})[:24], 33), "CAR-11", "certificate table", 792, "an entry, or 24 zero bytes, got 0 bytes"},
		{"33 entries, and half an end", append(bytes.Repeat(table(entry{guid: private, data: []byte{1}})[:24], 33), make([]byte, 23)...), "CAR-11", "certificate table", 792, "an entry, or 24 zero bytes, got 23 bytes"},
		{"33 entries", table(many...), "CAR-12", "certificate table", 768, "at most 32 entries, got 33"},
		{"zero GUID with data", table(one, entry{guid: zero, data: []byte("asvk")}), "CAR-13", "certificate table: GUID", 24, "a GUID, or 24 zero bytes, got zero, with OFFSET or LENGTH set"},
		{"zero GUID with LENGTH", table(entry{guid: zero, offset: u32(0), length: u32(1)}), "CAR-13", "certificate table: GUID", 0, "a GUID, or 24 zero bytes, got zero, with OFFSET or LENGTH set"},
		{"data in the entries", table(entry{guid: vcek, data: []byte("leaf"), offset: u32(0x2f)}), "CAR-14", "certificate table: OFFSET", 16, "at least 0x30, got 0x2f"},
		{"data in the second entry", table(one, entry{guid: ark, data: []byte("root"), offset: u32(24)}), "CAR-14", "certificate table: OFFSET", 40, "at least 0x48, got 0x18"},
		{"no data", table(entry{guid: vcek}), "CAR-15", "certificate table: LENGTH", 20, "at least 1, got 0"},
		{"no data of an unknown kind", table(entry{guid: private}), "CAR-15", "certificate table: LENGTH", 20, "at least 1, got 0"},
		{"one byte too long", table(entry{guid: vcek, data: []byte("leaf"), length: u32(5)}), "CAR-16", "certificate table: LENGTH", 20, "data up to 0x34 at most, got up to 0x35"},
		{"behind the table", table(entry{guid: vcek, offset: u32(0x31), length: u32(1)}), "CAR-16", "certificate table: LENGTH", 20, "data up to 0x30 at most, got up to 0x32"},
		{"the longest data", table(entry{guid: vcek, data: []byte("leaf"), length: u32(1<<32 - 1)}), "CAR-16", "certificate table: LENGTH", 20, "data up to 0x34 at most, got up to 0x10000002f"},
		{"2^31-1", table(entry{guid: vcek, data: []byte("leaf"), offset: u32(1<<31 - 1), length: u32(1<<31 - 1)}), "CAR-16", "certificate table: LENGTH", 20, "data up to 0x34 at most, got up to 0xfffffffe"},
		{"the same data twice", table(one, entry{guid: ark, offset: u32(72), length: u32(4)}), "CAR-17", "certificate table: OFFSET", 40, "data of its own, got 0x48 to 0x4c, but entry 0 has 0x48 to 0x4c"},
		{"overlap at the end", table(entry{guid: private, data: []byte("leaf")}, entry{guid: private, data: []byte("root"), offset: u32(75)}), "CAR-17", "certificate table: OFFSET", 40, "data of its own, got 0x4b to 0x4f, but entry 0 has 0x48 to 0x4c"},
		{"overlap at the start", table(entry{guid: vcek, data: []byte("leaf."), offset: u32(73), length: u32(4)}, entry{guid: ark, offset: u32(72), length: u32(2)}), "CAR-17", "certificate table: OFFSET", 40, "data of its own, got 0x48 to 0x4a, but entry 0 has 0x49 to 0x4d"},
		{"the same GUID before an overlap", table(one, one, entry{guid: ark, data: []byte("root")}, entry{guid: private, offset: u32(120), length: u32(1)}), "CAR-18", "certificate table: GUID", 24, "each known GUID once, got a second VCEK"},
		{"an overlap before the same GUID", table(entry{guid: vcek, data: []byte("leaf")}, entry{guid: ark, data: []byte("root")}, entry{guid: vcek, offset: u32(100), length: u32(1)}), "CAR-17", "certificate table: OFFSET", 64, "data of its own, got 0x64 to 0x65, but entry 1 has 0x64 to 0x68"},
		{"an overlap with the first of two", table(entry{guid: vcek, data: []byte("leaf")}, entry{guid: ark, data: []byte("root")}, entry{guid: ask, offset: u32(96), length: u32(1)}), "CAR-17", "certificate table: OFFSET", 64, "data of its own, got 0x60 to 0x61, but entry 0 has 0x60 to 0x64"},
		{"overlap inside", append(table(entry{guid: vcek, offset: u32(73), length: u32(1)}, entry{guid: ark, offset: u32(72), length: u32(3)}), 1, 2, 3), "CAR-17", "certificate table: OFFSET", 40, "data of its own, got 0x48 to 0x4b, but entry 0 has 0x49 to 0x4a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tableErr(t, tt.in)
			if got.Rule != tt.rule || got.Where != tt.field || got.Offset != tt.offset || got.Expected+", got "+got.Actual != tt.want {
				t.Errorf("got %s %v, want %s %s at %#x: %s", got.Rule, got, tt.rule, tt.field, tt.offset, tt.want)
			}
		})
	}
	for name, id := range map[string]string{"VCEK": vcek, "VLEK": vlek, "ASK": ask, "ARK": ark, "CRL": crl} {
		got := tableErr(t, table(one, entry{guid: id, data: []byte("a")}, entry{guid: id, data: []byte("b")}))
		if name == "VCEK" {
			got = tableErr(t, table(one, entry{guid: private, data: []byte("a")}, one))
		}
		if got.Rule != "CAR-18" || got.Where != "certificate table: GUID" || got.Offset != 48 || got.Actual != "a second "+name {
			t.Errorf("%s twice: %v", name, got)
		}
	}
}

// Lesson: a sum of offset and length in 32 bits wraps, and the slice panics.
func TestCertTableSumsIn64Bits(t *testing.T) {
	for _, length := range []uint32{1<<32 - 48, 1<<32 - 47, 1<<32 - 1} {
		got := tableErr(t, table(entry{guid: vcek, data: []byte("leaf"), offset: u32(48), length: u32(length)}))
		if got.Rule != "CAR-16" {
			t.Errorf("length %#x: %v", length, got)
		}
	}
	got := tableErr(t, table(entry{guid: vcek, data: []byte("leaf"), offset: u32(1<<32 - 1), length: u32(1<<32 - 1)}))
	if got.Rule != "CAR-16" || !strings.HasSuffix(got.Actual, "0x1fffffffe") {
		t.Error(got)
	}
}

func TestTableKindNames(t *testing.T) {
	for k, want := range map[form.TableKind]string{
		form.TableUnknown: "unknown", form.TableVCEK: "VCEK", form.TableVLEK: "VLEK", form.TableASK: "ASK",
		form.TableARK: "ARK", form.TableCRL: "CRL", 6: "unknown", 255: "unknown",
	} {
		if k.String() != want {
			t.Errorf("%d is %q", k, k)
		}
	}
}

// naiveTable reads a table byte by byte: it marks who owns each byte, and
// refuses a byte with two owners.
func naiveTable(b []byte) (list []form.TableEntry, ok bool) {
	if len(b) == 0 {
		return nil, true
	}
	if len(b) > 65536 {
		return nil, false
	}
	owned := make([]bool, len(b))
	kinds := map[[16]byte]form.TableKind{guid(vcek): 1, guid(vlek): 2, guid(ask): 3, guid(ark): 4, guid(crl): 5}
	seen := map[form.TableKind]bool{}
	number := func(at int) (n int64) {
		for i := range 4 {
			n += int64(b[at+i]) << (8 * i)
		}
		return n
	}
	var ends bool
	var at int
	for ; at+24 <= len(b); at += 24 {
		for i := range 24 {
			owned[at+i] = true
		}
		if ends = bytes.Equal(b[at:at+24], make([]byte, 24)); ends {
			break
		}
	}
	if !ends || at > 32*24 {
		return nil, false
	}
	for e := 0; e < at; e += 24 {
		g := [16]byte(b[e : e+16])
		var data []byte
		for i, n := number(e+16), number(e+20); n > 0; i, n = i+1, n-1 {
			if i >= int64(len(b)) || owned[i] {
				return nil, false
			}
			owned[i] = true
			data = append(data, b[i])
		}
		kind := kinds[g]
		if len(data) == 0 || g == [16]byte{} || seen[kind] {
			return nil, false
		}
		seen[kind] = kind != form.TableUnknown
		list = append(list, form.TableEntry{Kind: kind, GUID: g, Data: data})
	}
	return list, true
}

// checkTable is what holds for every input.
func checkTable(t interface{ Fatalf(string, ...any) }, b []byte) {
	input := bytes.Clone(b)
	got, err := form.ParseCertTable(b)
	want, ok := naiveTable(b)
	switch {
	case !bytes.Equal(b, input):
		t.Fatalf("ParseCertTable writes to its input")
	case (err == nil) != ok:
		t.Fatalf("error is %v, a slow reader accepts: %v", err, ok)
	case err != nil && got != nil:
		t.Fatalf("entries beside an error")
	case !cmp.Equal(got, want):
		t.Fatalf("a slow reader has other entries: %s", cmp.Diff(want, got))
	}
	total := 0
	for _, e := range got {
		total += len(e.Data)
	}
	if total > len(b) {
		t.Fatalf("%d bytes out of %d", total, len(b))
	}
	if err == nil {
		return
	}
	if e, ok := err.(*rule.Error); !ok || e.Rule == "" || e.Offset < 0 || e.Offset > len(b) || len(e.Error()) > 200 {
		t.Fatalf("poor error: %v", err)
	}
}

// TestCertTables draws tables that are right, nearly right, or wrong.
func TestCertTables(t *testing.T) {
	guids := rapid.SampledFrom([]string{vcek, vlek, ask, ark, crl, private, zero})
	rapid.Check(t, func(t *rapid.T) {
		var entries []entry
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			e := entry{guid: guids.Draw(t, "guid"), data: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "data")}
			if rapid.IntRange(0, 9).Draw(t, "wrong offset") == 0 {
				e.offset = u32(rapid.Uint32Range(0, 200).Draw(t, "offset"))
			}
			if rapid.IntRange(0, 9).Draw(t, "wrong length") == 0 {
				e.length = u32(rapid.Uint32Range(0, 20).Draw(t, "length"))
			}
			entries = append(entries, e)
		}
		b := table(entries...)
		checkTable(t, b[:len(b)-rapid.IntRange(0, min(3, len(b))).Draw(t, "cut")])
	})
}

// FuzzParseCertTable: the same answer as a reader that goes byte by byte.
func FuzzParseCertTable(f *testing.F) {
	f.Add([]byte{})
	f.Add(table())
	f.Add(table(entry{guid: vcek, data: []byte("leaf")}, entry{guid: ask, data: []byte("ask")}, entry{guid: ark, data: []byte("root")}))
	f.Add(table(entry{guid: vlek, data: []byte("leaf"), length: u32(1<<32 - 48)}))
	f.Add(table(entry{guid: crl, data: []byte("list"), offset: u32(1<<32 - 1)}, entry{guid: private, data: []byte("?")}))
	f.Add(table(entry{guid: ark, data: []byte("root")}, entry{guid: ark, offset: u32(73), length: u32(2)}))
	f.Add(table(entry{guid: zero, data: []byte("asvk")}))
	f.Fuzz(func(t *testing.T, b []byte) { checkTable(t, b) })
}
