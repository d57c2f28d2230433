package launch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestRangesJoin: regions are joined when they follow each other, and have one type and
// exactly one name.
func TestRangesJoin(t *testing.T) {
	list := ranges(nil, Digest{}, []region{
		{name: "PAGE_DATA", typ: Zero, gpa: 0, pages: 1},
		{name: "PAGE_DATA", typ: Zero, gpa: PageSize, pages: 2},
		{name: "DATA", typ: Zero, gpa: 3 * PageSize, pages: 1},
		{name: "DATA", typ: CPUID, gpa: 4 * PageSize, pages: 1},
		{name: "DATA", typ: CPUID, gpa: 6 * PageSize, pages: 1},
		{name: "DATA_MORE", typ: CPUID, gpa: 7 * PageSize, pages: 1},
	})
	want := []Range{
		{Name: "PAGE_DATA", Type: Zero, GPA: 0, Pages: 3},
		{Name: "DATA", Type: Zero, GPA: 3 * PageSize, Pages: 1},
		{Name: "DATA", Type: CPUID, GPA: 4 * PageSize, Pages: 1},
		{Name: "DATA", Type: CPUID, GPA: 6 * PageSize, Pages: 1},
		{Name: "DATA_MORE", Type: CPUID, GPA: 7 * PageSize, Pages: 1},
	}
	if diff := cmp.Diff(want, list, cmpopts.IgnoreFields(Range{}, "After")); diff != "" {
		t.Error(diff)
	}
}

// TestZeroIGVM: an IGVM that ParseIGVM did not make has no page and no processor.
func TestZeroIGVM(t *testing.T) {
	list, err := (Guest{VMM: HyperV, IGVM: new(IGVM)}).Measure()
	if diff := cmp.Diff([]Measurement{{VMM: HyperV}}, list); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
