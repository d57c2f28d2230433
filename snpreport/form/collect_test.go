package form_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport/form"
)

// TestCollectMany: more certificates than a chain has are refused for their number
// or for the first of them, and not compared with each other, however many there are
// and however large.
// Rules: GEN-04, CHN-02, CHN-09.
func TestCollectMany(t *testing.T) {
	list := func(n, size int, same bool) (all [][]byte) {
		for i := range n {
			der := make([]byte, size)
			copy(der, []byte{0x30, 0x84})
			if !same {
				binary.BigEndian.PutUint32(der[size-4:], uint32(i))
			}
			all = append(all, der)
		}
		return all
	}
	s := mint.Evidence("Milan", 3, "vcek")
	long := make([]form.TableEntry, 2000)
	for i := range long {
		long[i] = form.TableEntry{Kind: form.TableVCEK, Data: s.Leaf}
	}
	for _, tt := range []struct {
		name  string
		table []form.TableEntry
		certs [][]byte
		rule  string
		want  int
	}{
		{"40,000", nil, list(40000, 8, false), "CHN-02", 4},
		{"40,000 of one", nil, list(40000, 8, true), "CHN-10", 1},
		{"300 of 1 MiB", nil, list(300, 1<<20, false), "CHN-02", 4},
		{"300 of one of 1 MiB", nil, list(300, 1<<20, true), "CHN-02", 4},
		{"one of 8193 bytes", nil, list(1, 8193, true), "CHN-09", 1},
		{"three and two more", nil, [][]byte{s.Leaf, s.Intermediate, s.ARK, s.Leaf, mint.CACert("ARK-Genoa"), mint.CACert("ARK-Turin")}, "CHN-02", 4},
		{"a long table", long, list(300, 1<<20, false), "CHN-02", 2000},
	} {
		certs, err := form.Collect(tt.table, tt.certs)
		if err != nil || len(certs) != tt.want {
			t.Errorf("%s: %d are collected, %v", tt.name, len(certs), err)
		}
		var e *rule.Error
		if _, err := form.Verify(certchain.NewCache(4), tt.table, tt.certs, certchain.Builtin(), mint.NotAfterLeaf); !errors.As(err, &e) || e.Rule != tt.rule {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.rule)
		}
	}
}
