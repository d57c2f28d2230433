package mint_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/internal/mint"
)

// TestTLVAgainstASN1 compares with encoding/asn1, around each change of the
// length form above all.
func TestTLVAgainstASN1(t *testing.T) {
	for _, n := range []int{0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000} {
		content := bytes.Repeat([]byte{0xA5}, n)
		want, err := asn1.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if got := mint.TLV(mint.TagOctetString, content[:n/2], content[n/2:]); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: header %x, want %x", n, got[:6], want[:6])
		}
	}
}

func TestIntegerAgainstASN1(t *testing.T) {
	for n, want := range map[uint64]string{0: "\x02\x01\x00", 0x7F: "\x02\x01\x7F", 0x80: "\x02\x02\x00\x80", 0x100: "\x02\x02\x01\x00"} {
		if got := string(mint.Integer(n)); got != want {
			t.Errorf("%d: got %x, want %x", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n") >> rapid.IntRange(0, 63).Draw(t, "shift")
		want, err := asn1.Marshal(new(big.Int).SetUint64(n))
		if err != nil {
			t.Fatal(err)
		}
		if got := mint.Integer(n); !bytes.Equal(got, want) {
			t.Fatalf("%d: got %x, want %x", n, got, want)
		}
	})
}

func TestOIDAgainstASN1(t *testing.T) {
	for _, dotted := range []asn1.ObjectIdentifier{{1, 2, 840, 113549, 1, 1, 10}, {1, 3, 6, 1, 4, 1, 3704, 1, 3, 1}, {2, 5, 29, 15}, {2, 999, 127, 128, 16383, 16384}} {
		want, err := asn1.Marshal(dotted)
		if err != nil {
			t.Fatal(err)
		}
		if got := mint.OID(dotted.String()); !bytes.Equal(got, want) {
			t.Errorf("%v: got %x, want %x", dotted, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	tests := []struct {
		at   time.Time
		want mint.Time
	}{
		{time.Date(2024, 6, 1, 2, 3, 4, 0, time.UTC), mint.Time{Tag: mint.TagUTCTime, Text: "240601020304Z"}},
		{time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC), mint.Time{Tag: mint.TagUTCTime, Text: "491231235959Z"}},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), mint.Time{Tag: mint.TagGeneralizedTime, Text: "20500101000000Z"}},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), mint.Time{Tag: mint.TagUTCTime, Text: "491231230000Z"}},
	}
	for _, tt := range tests {
		if got := mint.At(tt.at); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.at, got, tt.want)
		}
	}
}

// TestMisusePanics: what is no such thing must not become silent nonsense.
func TestMisusePanics(t *testing.T) {
	tests := map[string]func(){
		"product": func() { mint.DefaultTCB("Venice") },
		"case":    func() { mint.Evidence("milan", 3, "vcek") },
		"kind":    func() { mint.NewReport("Milan", 3, "VCEK") },
		"set":     func() { mint.Evidence("Milan", 3, "") },
		"key":     func() { mint.CAKey("ARK-Venice") },
		"cert":    func() { mint.CACert(mint.OtherCA) },
		"oid":     func() { mint.OID("1.x") },
		"oid one": func() { mint.OID("1") },
		"guid":    func() { mint.Table{Entries: []mint.TableEntry{{GUID: "63da758d"}}}.Encode() },
		"ext":     func() { s := mint.ARK("Milan"); s.Ext(mint.OIDHWID) },
		"drop":    func() { s := mint.ARK("Milan"); s.DropExt(mint.OIDHWID) },
		"salt":    func() { mint.PSSSigner{mint.CAKey("other"), 6, 6, 512}.Sign(nil) },
	}
	for name, misuse := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
}
