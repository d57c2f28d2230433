package mint_test

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

func TestPEMAgainstEncodingPEM(t *testing.T) {
	for _, n := range []int{1, 47, 48, 49, 96, 1000} {
		der := bytes.Repeat([]byte{0x30}, n)
		want := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if got := mint.PEM(der, der); !bytes.Equal(got, append(want, want...)) {
			t.Errorf("%d bytes:\n%s\nwant twice\n%s", n, got, want)
		}
	}
}

func TestPEMSpec(t *testing.T) {
	der := bytes.Repeat([]byte{0}, 60) // 80 characters
	a := strings.Repeat("A", 80)
	tests := []struct {
		name string
		spec mint.PEMSpec
		want string
	}{
		{"plain", mint.PEMSpec{}, "-----BEGIN CERTIFICATE-----\n" + a[:64] + "\n" + a[:16] + "\n-----END CERTIFICATE-----\n"},
		{"width", mint.PEMSpec{Width: 76}, "-----BEGIN CERTIFICATE-----\n" + a[:76] + "\n" + a[:4] + "\n-----END CERTIFICATE-----\n"},
		{"CRLF", mint.PEMSpec{Width: 80, CRLF: true}, "-----BEGIN CERTIFICATE-----\r\n" + a + "\r\n-----END CERTIFICATE-----\r\n"},
		{"no end", mint.PEMSpec{Width: 80, NoFinalNewline: true}, "-----BEGIN CERTIFICATE-----\n" + a + "\n-----END CERTIFICATE-----"},
		{"no CRLF", mint.PEMSpec{Width: 80, CRLF: true, NoFinalNewline: true}, "-----BEGIN CERTIFICATE-----\r\n" + a + "\r\n-----END CERTIFICATE-----"},
		{"type", mint.PEMSpec{Width: 80, Type: "X509 CRL"}, "-----BEGIN X509 CRL-----\n" + a + "\n-----END X509 CRL-----\n"},
	}
	for _, tt := range tests {
		if got := string(tt.spec.Encode(der)); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
	if got := string(mint.PEMSpec{Between: "junk\n"}.Encode(der, der)); strings.Count(got, "junk") != 1 || !strings.Contains(got, "-----\njunk\n-----BEGIN") {
		t.Errorf("between:\n%s", got)
	}
	if got := (mint.PEMSpec{NoFinalNewline: true}).Encode(); len(got) != 0 {
		t.Errorf("no block: %q", got)
	}
}

func TestTable(t *testing.T) {
	table := mint.Table{Entries: []mint.TableEntry{
		{GUID: mint.GUIDVCEK, Data: []byte("leaf")},
		{GUID: mint.GUIDARK, Data: []byte("a root")},
	}}
	vcek := "63da758de6644564adc5f4b93be8accd" + "48000000" + "04000000"
	ark := "c0b406a4a80349529743" + "3fb6014cd0ae" + "4c000000" + "06000000"
	end := strings.Repeat("00", 24)
	if got, want := string(table.Encode()), unhex(t, vcek+ark+end)+"leafa root"; got != want {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	table.Entries[1].Offset, table.Entries[1].Length = new(uint32(0xFFFFFFFF)), new(uint32(2))
	table.NoTerminator = true
	vcek = strings.Replace(vcek, "48000000", "30000000", 1)
	ark = ark[:32] + "ffffffff" + "02000000"
	if got, want := string(table.Encode()), unhex(t, vcek+ark)+"leafa root"; got != want {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	for kind, guid := range map[string]string{"vcek": mint.GUIDVCEK, "vlek": mint.GUIDVLEK} {
		e := mint.Evidence("Genoa", 3, kind)
		got := e.Table().Encode()
		if !bytes.HasPrefix(got, []byte(unhex(t, strings.ReplaceAll(guid, "-", "")))) || !bytes.HasSuffix(got, bytes.Join(e.Chain(), nil)) {
			t.Errorf("%s: not a table of this set", kind)
		}
	}
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDeviceResponse(t *testing.T) {
	report := mint.Evidence("Milan", 3, "vcek").Report
	d := mint.NewDeviceResponse(report)
	want := append([]byte(unhex(t, "00000000"+"a0040000"+strings.Repeat("00", 24))), report...)
	if got := d.Encode(); len(got) != 4000 || !bytes.Equal(bytes.TrimRight(got, "\x00"), bytes.TrimRight(want, "\x00")) {
		t.Errorf("%d bytes, starting with %x", len(got), got[:40])
	}
	d.Status, d.Size, d.Reserved[23], d.Total = 0x16, 1, 0xFF, 0
	want[0], want[4], want[5], want[31] = 0x16, 1, 0, 0xFF
	if got := d.Encode(); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, starting with %x", len(got), got[:40])
	}
}
