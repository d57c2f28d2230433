package form_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"pgregory.net/rapid"
)

// response is what /dev/sev-guest returns: header, report, zeros up to n bytes.
func response(report []byte, n int) []byte {
	b := make([]byte, n)
	binary.LittleEndian.PutUint32(b[4:], size)
	copy(b[0x20:], report)
	return b
}

func hexOf(b []byte) []byte { return []byte(hex.EncodeToString(b)) }

func base64Of(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) }

// openErr opens what must be refused.
func openErr(t testing.TB, b []byte) *rule.Error {
	t.Helper()
	c, err := form.Open(b)
	var refusal *rule.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error is %v, want a *rule.Error", err)
	}
	if c.Form != 0 || c.Report != nil || c.Certs != nil {
		t.Error("something beside an error")
	}
	return refusal
}

func TestOpen(t *testing.T) {
	report := filled(3)
	withCert := table(entry{guid: vcek, data: []byte("leaf")})
	for _, tt := range []struct {
		name  string
		input []byte
		form  form.Carrier
		certs int
	}{
		{"raw", report, form.Raw, 0},
		{"raw, and no report at all", bytes.Repeat([]byte{'a'}, size), form.Raw, 0},
		{"hex", hexOf(report), form.Hex, 0},
		{"upper-case hex", bytes.ToUpper(hexOf(report)), form.Hex, 0},
		{"base64", base64Of(report), form.Base64, 0},
		{"response without room", response(report, 0x20+size), form.GuestResponse, 0},
		{"response of 4000 bytes", response(report, 4000), form.GuestResponse, 0},
		{"response as long as hex", response(report, 2*size), form.GuestResponse, 0},
		{"response as long as base64", response(report, 1580), form.GuestResponse, 0},
		{"immediate end", append(slices.Clone(report), make([]byte, 24)...), form.Extended, 0},
		{"empty pages", append(slices.Clone(report), make([]byte, 16384)...), form.Extended, 0},
		{"a certificate", append(slices.Clone(report), withCert...), form.Extended, 1},
		{"as long as hex", append(slices.Clone(report), make([]byte, size)...), form.Extended, 0},
		{"as long as base64", append(slices.Clone(report), make([]byte, 1580-size)...), form.Extended, 0},
		{"version 7", append(set(0, 7)(filled(3)), withCert...), form.Extended, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := form.Open(tt.input)
			if err != nil {
				t.Fatal(err)
			}
			if c.Form != tt.form || len(c.Certs) != tt.certs {
				t.Errorf("%v with %d certificates, want %v with %d", c.Form, len(c.Certs), tt.form, tt.certs)
			}
			if tt.name != "version 7" && c.Form != form.Raw && !bytes.Equal(c.Report, report) {
				t.Error("another report")
			}
			if len(c.Report) != size || cap(c.Report) != size {
				t.Errorf("length %d, capacity %d", len(c.Report), cap(c.Report))
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	report := filled(3)
	text := func(form func([]byte) []byte, at int, c byte) []byte {
		b := form(report)
		b[at] = c
		return b
	}
	reply := func(at int, v byte) []byte {
		b := response(report, 4000)
		b[at] = v
		return b
	}
	for _, tt := range []struct {
		name     string
		input    []byte
		rule     string
		field    string
		offset   int
		expected string
		actual   string
	}{
		{"nothing", nil, "RPT-01", "report", 0, "1184 bytes", "0 bytes"},
		{"cut", report[:1183], "RPT-01", "report", 0, "1184 bytes", "1183 bytes"},
		{"one byte more", append(slices.Clone(report), 0), "RPT-01", "report", 0, "1184 bytes", "1185 bytes"},
		{"half of an end", append(slices.Clone(report), make([]byte, 23)...), "RPT-01", "report", 0, "1184 bytes", "1207 bytes"},
		{"cut response", response(report, 4000)[:0x20+size-1], "RPT-01", "report", 0, "1184 bytes", "1215 bytes"},
		{"header of a response", response(nil, 0x20), "RPT-01", "report", 0, "1184 bytes", "32 bytes"},
		{"hex and a line break", append(hexOf(report), '\n'), "RPT-01", "report", 0, "1184 bytes", "2369 bytes"},
		{"hex with 0x", append([]byte("0x"), hexOf(report)...), "RPT-01", "report", 0, "1184 bytes", "2370 bytes"},
		{"hex cut", hexOf(report)[:2367], "RPT-01", "report", 0, "1184 bytes", "2367 bytes"},
		{"base64 and a line break", append(base64Of(report), '\n'), "RPT-01", "report", 0, "1184 bytes", "1581 bytes"},
		{"base64 without padding", base64Of(report)[:1579], "RPT-01", "report", 0, "1184 bytes", "1579 bytes"},
		{"base64 of a response", base64Of(response(report, 4000)), "RPT-01", "report", 0, "1184 bytes", "5336 bytes"},

		{"0x within the length", append([]byte("0x"), hexOf(report)[2:]...), "CAR-01", "hex text", 1, "a hex digit", `"x"`},
		{"line break in hex", text(hexOf, 100, '\n'), "CAR-01", "hex text", 100, "a hex digit", `"\n"`},
		{"no digit at the end", text(hexOf, 2367, ' '), "CAR-01", "hex text", 2367, "a hex digit", `" "`},
		{"the character before a", text(hexOf, 7, '`'), "CAR-01", "hex text", 7, "a hex digit", "\"`\""},
		{"the character behind f", text(hexOf, 8, 'g'), "CAR-01", "hex text", 8, "a hex digit", `"g"`},
		{"the character behind F", text(hexOf, 8, 'G'), "CAR-01", "hex text", 8, "a hex digit", `"G"`},
		{"zero byte in hex", text(hexOf, 9, 0), "CAR-01", "hex text", 9, "a hex digit", `"\x00"`},
		{"no text in hex", text(hexOf, 9, 0xff), "CAR-01", "hex text", 9, "a hex digit", `"\xff"`},

		{"url alphabet", text(base64Of, 77, '-'), "CAR-02", "base64 text", 77, "canonical standard base64", `"-"`},
		{"line feed", text(base64Of, 76, '\n'), "CAR-02", "base64 text", 76, "canonical standard base64", `"\n"`},
		{"carriage return at the end", text(base64Of, 1579, '\r'), "CAR-02", "base64 text", 1579, "canonical standard base64", `"\r"`},
		{"padding inside", text(base64Of, 40, '='), "CAR-02", "base64 text", 40, "canonical standard base64", `"="`},
		{"1185 bytes", base64Of(append(slices.Clone(report), 1)), "CAR-03", "base64 text", 0, "1184 bytes", "1185 bytes"},
		{"1183 bytes", base64Of(report[:1183]), "CAR-03", "base64 text", 0, "1184 bytes", "1183 bytes"},

		{"response of 4001 bytes", response(report, 4001), "CAR-04", "guest response", 0, "at most 4000 bytes", "4001 bytes"},
		{"status 0x16", reply(0, 0x16), "CAR-05", "STATUS", 0, "0 (success)", "0x16 (firmware: invalid parameters)"},
		{"status 0x27", reply(0, 0x27), "CAR-05", "STATUS", 0, "0 (success)", "0x27 (firmware: invalid key selection)"},
		{"status 2, like a version", reply(0, 2), "CAR-05", "STATUS", 0, "0 (success)", "0x2 (firmware error)"},
		{"status in byte 2", reply(2, 1), "CAR-05", "STATUS", 0, "0 (success)", "0x10000 (firmware error)"},
		{"size 1183", reply(4, 0x9f), "CAR-06", "REPORT_SIZE", 4, "1184", "1183"},
		{"size in the last byte", reply(7, 1), "CAR-06", "REPORT_SIZE", 4, "1184", "16778400"},
		{"all zero", make([]byte, 4000), "CAR-06", "REPORT_SIZE", 4, "1184", "0"},
		{"first reserved byte", reply(8, 1), "CAR-07", "reserved byte", 8, "0x00", "0x01"},
		{"last reserved byte", reply(0x1f, 0xff), "CAR-07", "reserved byte", 0x1f, "0x00", "0xff"},
		{"first byte of the rest", reply(0x20+size, 3), "CAR-08", "reserved byte", 0x4c0, "0x00", "0x03"},
		{"last byte of the rest", reply(3999, 3), "CAR-08", "reserved byte", 3999, "0x00", "0x03"},

		{"table without an end", append(slices.Clone(report), bytes.Repeat([]byte{1}, 24)...), "CAR-11", "certificate table", size + 24, "an entry, or 24 zero bytes", "0 bytes"},
		{"table entry, offset from the start of the report", append(slices.Clone(report), table(entry{guid: vcek, offset: u32(1)})...), "CAR-14", "certificate table: OFFSET", size + 16, "at least 0x30", "0x1"},
		{"table too long", append(slices.Clone(report), make([]byte, 65537)...), "CAR-10", "certificate table", size, "at most 65536 bytes", "65537 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := &rule.Error{Rule: tt.rule, Where: tt.field, Offset: tt.offset, Expected: tt.expected, Actual: tt.actual}
			got := openErr(t, tt.input)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpenFirmwareError: a response without a report says why there is none.
func TestOpenFirmwareError(t *testing.T) {
	b := make([]byte, 4000)
	b[0] = 0x16
	if got := openErr(t, b); got.Rule != "CAR-05" || !strings.Contains(got.Error(), "invalid parameters") {
		t.Error(got)
	}
}

// TestOpenOrder: in a response size, STATUS, REPORT_SIZE, reserved bytes and
// the rest are judged in this order.
func TestOpenOrder(t *testing.T) {
	b := response(filled(3), 4001)
	b[0], b[4], b[31], b[4000] = 0, 1, 1, 1
	for _, step := range []struct {
		rule string
		mend func()
	}{
		{"CAR-04", func() { b = b[:4000]; b[3999] = 1 }},
		{"CAR-06", func() { b[4] = 0xa0 }},
		{"CAR-07", func() { b[31] = 0 }},
		{"CAR-08", func() { b[3999] = 0 }},
	} {
		if got := openErr(t, b); got.Rule != step.rule {
			t.Errorf("got %s, want %s", got.Rule, step.rule)
		}
		step.mend()
	}
	if _, err := form.Open(b); err != nil {
		t.Error(err)
	}
	b[0], b[4] = 1, 1
	clear(b[0x20:])
	if got := openErr(t, b); got.Rule != "CAR-05" {
		t.Errorf("got %s, want CAR-05", got.Rule)
	}
}

// TestOpenSameErrorAsParse: for what is no form at all.
func TestOpenSameErrorAsParse(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 31, 32, 1183, 1185, 1207} {
		b := bytes.Repeat([]byte{3, 0, 0, 0, 1}, n)[:n]
		if diff := cmp.Diff(parseErr(t, b), openErr(t, b)); diff != "" {
			t.Errorf("%d bytes: %s", n, diff)
		}
	}
}

// TestOpenBase64Bits: the two bits behind the last byte must be zero, else one
// report would have four texts.
func TestOpenBase64Bits(t *testing.T) {
	b := base64Of(filled(3))
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last, accepted := strings.IndexByte(alphabet, b[1578]), 0
	for i := range 4 {
		b[1578] = alphabet[last&^3|i]
		if _, err := form.Open(b); err == nil {
			accepted++
		} else if got := openErr(t, b); got.Rule != "CAR-02" {
			t.Errorf("got %s", got.Rule)
		}
	}
	if accepted != 1 {
		t.Errorf("%d of 4 texts are accepted", accepted)
	}
}

func TestCarrierNames(t *testing.T) {
	for c, want := range map[form.Carrier]string{
		0: "unknown carrier", form.Raw: "raw", form.Hex: "hex", form.Base64: "base64",
		form.GuestResponse: "guest response", form.Extended: "extended report", 6: "unknown carrier", 255: "unknown carrier",
	} {
		if c.String() != want {
			t.Errorf("%d is %q", c, c)
		}
	}
}

// wrapAgain builds the input from what Open returned.
func wrapAgain(c form.Carried, input []byte) []byte {
	switch c.Form {
	case form.Raw:
		return c.Report
	case form.Hex:
		return hexOf(c.Report)
	case form.Base64:
		return base64Of(c.Report)
	case form.GuestResponse:
		return response(c.Report, len(input))
	case form.Extended:
		return append(slices.Clone(c.Report), input[size:]...)
	}
	return nil
}

// checkOpen is what holds for every input.
func checkOpen(t interface{ Fatalf(string, ...any) }, b []byte) {
	input := bytes.Clone(b)
	c, err := form.Open(b)
	if !bytes.Equal(b, input) {
		t.Fatalf("Open writes to its input")
	}
	if err != nil {
		e, ok := err.(*rule.Error)
		if !ok || e.Rule == "" || e.Offset < 0 || e.Offset > len(b) || len(e.Error()) > 200 {
			t.Fatalf("poor error: %v", err)
		}
		if c.Form != 0 || c.Report != nil || c.Certs != nil {
			t.Fatalf("something beside an error")
		}
		return
	}
	if len(c.Report) != size || cap(c.Report) != size {
		t.Fatalf("a report of %d bytes", len(c.Report))
	}
	again := wrapAgain(c, b)
	if c.Form == form.Hex {
		input = bytes.ToLower(input)
	}
	if !bytes.Equal(again, input) {
		t.Fatalf("%v: the input had more in it than the report", c.Form)
	}
	if c.Form != form.Extended {
		if c.Certs != nil {
			t.Fatalf("%v with certificates", c.Form)
		}
		return
	}
	entries, err := form.ParseCertTable(b[size:])
	if err != nil || !cmp.Equal(entries, c.Certs) {
		t.Fatalf("ParseCertTable has other entries: %v", err)
	}
}

func TestEveryReportInEveryForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		report := reports.Draw(t, "report")
		report[0x0A] |= 2 // POLICY bit 17
		for want, b := range map[form.Carrier][]byte{
			form.Raw:           report,
			form.Hex:           hexOf(report),
			form.Base64:        base64Of(report),
			form.GuestResponse: response(report, rapid.IntRange(0x20+size, 4000).Draw(t, "length")),
			form.Extended:      append(slices.Clone(report), table(entry{guid: vcek, data: []byte{1}})...),
		} {
			c, err := form.Open(b)
			if err != nil || c.Form != want || !bytes.Equal(c.Report, report) {
				t.Fatalf("%v: got %v, %v", want, c.Form, err)
			}
			checkOpen(t, b)
		}
	})
}

// FuzzOpen: what is accepted holds the report and nothing else that counts.
func FuzzOpen(f *testing.F) {
	report := filled(5)
	f.Add(report)
	f.Add(hexOf(report))
	f.Add(bytes.ToUpper(hexOf(report)))
	f.Add(base64Of(report))
	f.Add(response(report, 4000))
	f.Add(response(report, 0x20+size))
	f.Add(append(slices.Clone(report), make([]byte, 24)...))
	f.Add(append(slices.Clone(report), table(entry{guid: vcek, data: []byte("leaf")}, entry{guid: ark, data: []byte("root")})...))
	f.Add([]byte{})
	f.Add(make([]byte, 4000))
	f.Fuzz(func(t *testing.T, b []byte) { checkOpen(t, b) })
}

// CAR-01: the first character that is no hex digit is named, whichever it is and
// whatever digits of either case stand before it.
func TestOpenHexEveryCharacter(t *testing.T) {
	digits := strings.Repeat("0123456789abcdefABCDEF9aFA", 100)[:2*snpreport.Size]
	for i := range 256 {
		c := byte(i)
		text := []byte(digits)
		text[100] = c
		_, err := form.Open(text)
		if isDigit := strings.IndexByte(digits, c) >= 0; isDigit {
			if err != nil {
				t.Errorf("%q: %v", []byte{c}, err)
			}
			continue
		}
		if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "CAR-01" || e.Offset != 100 {
			t.Errorf("%q: %v", []byte{c}, err)
		}
	}
}

// CAR-02: a line break is refused where it is, at the very start too.
func TestOpenBase64StartsWithLineBreak(t *testing.T) {
	text := []byte("\n" + strings.Repeat("A", 1579))
	_, err := form.Open(text)
	if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "CAR-02" || e.Offset != 0 {
		t.Error(err)
	}
}
