package printable_test

import (
	"testing"

	"github.com/tresorhq/attest/internal/printable"
)

// TestArguments: integers of every size stay integers, and all else is escaped text.
func TestArguments(t *testing.T) {
	for _, n := range []any{int(7), int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7)} {
		var b printable.Builder
		if b.Line("%2d", n); b.String() != " 7\n" {
			t.Errorf("%T: %q", n, b.String())
		}
	}
	var b printable.Builder
	if b.Line("%s", "a\x1b\nb"); b.String() != printable.Escape("a\x1b\nb")+"\n" {
		t.Errorf("%q", b.String())
	}
}
