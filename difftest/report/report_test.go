package report

import (
	"bytes"
	"testing"

	"github.com/tresorhq/attest/difftest"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, b []byte) {
	t.Helper()
	if _, err := Differences.Explain(b, Compare(b)); err != nil {
		t.Fatal(err)
	}
}

func all(t testing.TB) []difftest.Evidence {
	all, err := difftest.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestMutations changes every byte of every report, and its length.
func TestMutations(t *testing.T) {
	for _, e := range all(t) {
		t.Run(e.Name, func(t *testing.T) {
			explain(t, e.Report)
			for i := range e.Report {
				for _, change := range []byte{0x01, 0x02, 0x10, 0x80, 0xff} {
					b := bytes.Clone(e.Report)
					b[i] ^= change
					explain(t, b)
				}
			}
			for _, n := range []int{0, 1, 0x2A0, len(e.Report) - 1} {
				explain(t, e.Report[:n])
			}
		})
	}
}

// TestCaptures says so when there are none for the other tests.
func TestCaptures(t *testing.T) {
	if captures, err := difftest.Captures(); err != nil {
		t.Fatal(err)
	} else if len(captures) == 0 {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to compare")
	}
}

// FuzzReport: whatever the bytes, both say the same or the table says why not.
func FuzzReport(f *testing.F) {
	for _, e := range all(f) {
		f.Add(e.Report)
	}
	for _, d := range Differences {
		f.Add(d.Example())
	}
	f.Fuzz(explain)
}
