// Package table compares form.ParseCertTable with the certificate table of
// go-sev-guest.
package table

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/google/go-sev-guest/abi"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Compare splits a table with both.
func Compare(b []byte) difftest.Outcome {
	ours, err := form.ParseCertTable(b)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var theirs abi.CertTable
	var theirErr error
	o.Theirs, theirErr = difftest.Call(func() error { return theirs.Unmarshal(b) })
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\ntable: %x", err, theirErr, b)
	if o.Ours != difftest.Accepts || o.Theirs != difftest.Accepts {
		return o
	}
	if len(ours) != len(theirs.Entries) {
		o.Fields = append(o.Fields, "number of entries")
		return o
	}
	for i, e := range ours {
		if e.GUID != theirs.Entries[i].GUID || !bytes.Equal(e.Data, theirs.Entries[i].RawCert) {
			o.Fields = append(o.Fields, "entry")
			break
		}
	}
	return o
}

// Differences are all from go-sev-guest v0.15.0.
var Differences = difftest.Table[[]byte]{
	{
		Input: "a table above 64 KiB", Ours: "CAR-10", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "input is refused by its size before it is parsed; a guest asks its host for at most 16 KiB",
		Example: func() []byte { return append(sample().Encode(), make([]byte, 1<<16)...) },
	},
	{
		Input: "more than 32 entries", Ours: "CAR-12", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "no host sends more than a handful",
		Example: func() []byte {
			var t mint.Table
			for i := range 33 {
				t.Entries = append(t.Entries, mint.TableEntry{GUID: fmt.Sprintf("00000000-0000-0000-0000-0000000000%02x", i+1), Data: []byte{1}})
			}
			return t.Encode()
		},
	},
	{
		Input: "a zero GUID with data", Ours: "CAR-13", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "the end of the entries must be told from an entry by its GUID alone, or readers see different tables",
		Example: func() []byte {
			t := sample()
			t.Entries[0].GUID = "00000000-0000-0000-0000-000000000000"
			return t.Encode()
		},
	},
	{
		Input: "an entry without data", Ours: "CAR-15", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "an empty certificate is none",
		Example: func() []byte {
			t := sample()
			t.Entries[0].Length = new(uint32)
			return t.Encode()
		},
	},
	{
		Input: "OFFSET + LENGTH of 2^32 or more", Ours: difftest.Refuses, Theirs: difftest.Panics, Right: difftest.Ours,
		Reason: "they add in 32 bits: the sum wraps round and passes their check, and the slice behind it panics; the host writes the table",
		Fits:   wraps,
		Example: func() []byte {
			t := sample()
			offset, length := uint32(1<<32-16), uint32(32)
			t.Entries[0].Offset, t.Entries[0].Length = &offset, &length
			return t.Encode()
		},
	},
	{
		Input: "data that two entries share", Ours: "CAR-17", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "nothing honest does that, and it lets a small table stand for a large one",
		Example: func() []byte {
			t := sample()
			offset := uint32((len(t.Entries)+1)*24) + 1
			t.Entries[1].Offset = &offset
			return t.Encode()
		},
	},
	{
		Input: "a known GUID twice", Ours: "CAR-18", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "their first and their last count, by the function that is called; a table must not have two meanings",
		Example: func() []byte {
			t := sample()
			t.Entries[1].GUID = t.Entries[0].GUID
			return t.Encode()
		},
	},
}

// sample is a table of three certificates, whose bytes matter to nobody here.
func sample() mint.Table {
	t := mint.Table{}
	for _, guid := range []string{mint.GUIDVCEK, mint.GUIDASK, mint.GUIDARK} {
		t.Entries = append(t.Entries, mint.TableEntry{GUID: guid, Data: []byte("certificate")})
	}
	return t
}

// wraps reports whether the data of an entry would end at 2^32 or behind it.
func wraps(b []byte) bool {
	for ; len(b) >= 24; b = b[24:] {
		if uint64(binary.LittleEndian.Uint32(b[16:]))+uint64(binary.LittleEndian.Uint32(b[20:])) >= 1<<32 {
			return true
		}
	}
	return false
}

// huge reports whether they would allocate what an entry says before they see
// that it isn't there. Such tables are not put to them.
func huge(b []byte) bool {
	for ; len(b) >= 24; b = b[24:] {
		if length := binary.LittleEndian.Uint32(b[20:]); length > 1<<20 {
			return true
		}
	}
	return false
}
