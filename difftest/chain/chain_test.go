package chain

import (
	"testing"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, e difftest.Evidence) {
	t.Helper()
	if _, err := Differences.Explain(e, Compare(e)); err != nil {
		t.Fatal(err)
	}
}

// verdicts compares evidence as it is, and out of its time. It returns how many
// pieces both accepted.
func verdicts(t *testing.T, all []difftest.Evidence) (accepted int) {
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			o := Compare(e)
			if o.Ours == difftest.Accepts && o.Agree() {
				accepted++
			}
			explain(t, e)
			for _, years := range []int{-30, 30} {
				e := e
				e.At = e.At.AddDate(years, 0, 0)
				if o := Compare(e); o.Ours == difftest.Accepts || o.Theirs == difftest.Accepts {
					t.Errorf("%v: %+v", e.At, o)
				}
			}
		})
	}
	return accepted
}

func TestEvidence(t *testing.T) {
	accepted := verdicts(t, append(difftest.Synthetic(), difftest.Sample()))
	if accepted != 1+7+8 { // the sample, Milan, Genoa without version 2 under a VCEK
		t.Errorf("both accepted %d", accepted)
	}
}

func TestCaptures(t *testing.T) {
	captures, err := difftest.Captures()
	if err != nil {
		t.Fatal(err)
	}
	if len(captures) == 0 {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to compare")
	}
	if accepted := verdicts(t, captures); 2*accepted < len(captures) {
		t.Errorf("both accepted %d of %d", accepted, len(captures))
	}
}

// TestBroken: both refuse a byte that was changed after it was signed.
func TestBroken(t *testing.T) {
	for _, e := range []difftest.Evidence{difftest.Sample(), example(), difftest.FromSet(mint.Evidence("Genoa", 5, "vlek"))} {
		for at := 0; at < mint.SignedSize; at += 13 {
			e := e
			e.Report = xor(e.Report, at, []byte{1})
			if o := Compare(e); o.Ours == difftest.Accepts || o.Theirs == difftest.Accepts {
				t.Fatalf("byte %#x of the report of %s: %+v", at, e.Name, o)
			}
		}
		for at := 0; at < len(e.Leaf); at += 13 {
			e := e
			e.Leaf = xor(e.Leaf, at, []byte{1})
			if o := Compare(e); o.Ours == difftest.Accepts || o.Theirs == difftest.Accepts {
				t.Fatalf("byte %#x of the leaf of %s: %+v", at, e.Name, o)
			}
		}
	}
}

// TestResigned changes what is signed and signs it again, so that the change is
// all that can be noticed.
func TestResigned(t *testing.T) {
	e := example()
	for at := range mint.SignedSize {
		explain(t, Change(e, ReportPart, at, []byte{0x81}))
	}
	tbs, _ := split(e.Leaf)
	for at := 0; at < len(tbs); at += 5 {
		explain(t, Change(e, LeafPart, at, []byte{1}))
	}
	tbs, _ = split(e.Intermediate)
	for at := 0; at < len(tbs); at += 9 {
		explain(t, Change(e, IntermediatePart, at, []byte{1}))
	}
}

// FuzzResigned: as TestResigned, wherever and whatever.
func FuzzResigned(f *testing.F) {
	synthetic := difftest.Synthetic()
	for i := range synthetic {
		f.Add(uint8(i), uint8(ReportPart), uint16(0x188), []byte{0, 0xB1, 3})
		f.Add(uint8(i), uint8(ReportPart), uint16(0x008), []byte{0, 0, 0, 4})
		f.Add(uint8(i), uint8(LeafPart), uint16(0x1f9), []byte{1})
		f.Add(uint8(i), uint8(IntermediatePart), uint16(0x3a0), []byte{0xff})
	}
	f.Fuzz(func(t *testing.T, i, part uint8, at uint16, change []byte) {
		explain(t, Change(synthetic[int(i)%len(synthetic)], Part(part)%parts, int(at), change))
	})
}
