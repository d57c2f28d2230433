package web

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

func TestFieldsCoverTheReport(t *testing.T) {
	next := 0
	for _, f := range fields {
		if f.offset != next || f.size <= 0 || f.name == "" || f.meaning == "" || f.rule == "" || f.value == nil {
			t.Errorf("field %q at %#x: expected offset %#x, and every member", f.name, f.offset, next)
		}
		next = f.offset + f.size
	}
	if next != snpreport.Size {
		t.Errorf("the fields end at %#x of %#x", next, snpreport.Size)
	}
}

// The map and the parser agree on where a field lies: a bit of each field changes
// what the parser reads, unless the field is reserved.
func TestFieldsAreTheParsersOwn(t *testing.T) {
	base := make([]byte, snpreport.Size)
	base[0] = 5    // VERSION
	base[0x34] = 1 // SIGNATURE_ALGO
	want := snpreport.Report{}
	if err := want.UnmarshalBinary(base); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		changed := append([]byte(nil), base...)
		changed[f.offset] ^= 1
		var got snpreport.Report
		err := got.UnmarshalBinary(changed)
		if f.name == "zero" && err == nil {
			t.Errorf("%#x is reserved, and the parser takes what stands there", f.offset)
		}
		if err == nil && render(byteMap(&got)) == render(byteMap(&want)) {
			t.Errorf("%s: a change does not show", f.name)
		}
	}
	if !strings.Contains(render(byteMap(&want)), "MEASUREMENT") {
		t.Error("the map has no names")
	}
}
