package table

import (
	"bytes"
	"testing"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, b []byte) {
	t.Helper()
	if huge(b) {
		return
	}
	if _, err := Differences.Explain(b, Compare(b)); err != nil {
		t.Fatal(err)
	}
}

// TestMutations changes every byte of the entries of a table.
func TestMutations(t *testing.T) {
	whole := mint.Evidence("Genoa", 5, "vcek").Table()
	if o := Compare(whole.Encode()); o.Ours != difftest.Accepts || !o.Agree() {
		t.Fatalf("%+v", o)
	}
	for _, table := range [][]byte{sample().Encode(), whole.Encode()} {
		for i := range 5 * 24 {
			for _, change := range []byte{0x01, 0x02, 0x08, 0x10, 0x18, 0x80, 0xff} {
				b := bytes.Clone(table)
				b[i] ^= change
				explain(t, b)
			}
		}
		for n := range 5 * 24 {
			explain(t, table[:n])
		}
	}
}

// FuzzTable: whatever the bytes, both say the same or the table says why not.
func FuzzTable(f *testing.F) {
	f.Add(sample().Encode())
	f.Add([]byte(nil))
	for _, d := range Differences {
		f.Add(d.Example())
	}
	f.Fuzz(explain)
}
