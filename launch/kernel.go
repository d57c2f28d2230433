package launch

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// A Kernel holds the SHA-256 of what a guest boots directly: each is of the whole
// file, but Cmdline, which CommandLine makes.
type Kernel struct {
	Kernel  [32]byte
	Initrd  [32]byte // of no bytes (NoInitrd) when there is none
	Cmdline [32]byte
}

// NoInitrd returns the digest that stands for an absent initial RAM disk.
func NoInitrd() [32]byte { return sha256.Sum256(nil) }

// CommandLine returns the digest of a kernel command line: of its exact bytes and
// one zero byte. An absent one is "".
// Rules: LCH-20, LCH-23.
func CommandLine(s string) ([32]byte, error) {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return [32]byte{}, refuse("LCH-23", "cmdline", i, "no zero byte", "one: no such command line can be passed")
	}
	return sha256.Sum256(append([]byte(s), 0)), nil
}

// The kernel hash table: its GUID and size, then three entries of a GUID, a size
// and a digest, then 8 zero bytes. The sizes count GUID and size too.
const (
	guidHashTable = "\x06\xd6\x38\x94\x22\x4f\xc9\x4c\xb4\x79\xa7\x93\xd4\x11\xfd\x21" // 9438d606-4f22-4cc9-b479-a793d411fd21
	guidCmdline   = "\xd8\x2d\xd0\x97\x20\xbd\x94\x4c\xaa\x78\xe7\x71\x4d\x36\xab\x2a" // 97d02dd8-bd20-4c94-aa78-e7714d36ab2a
	guidInitrd    = "\x31\xf7\xba\x44\x2f\x3a\xd7\x4b\x9a\xf1\x41\xe2\x91\x69\x78\x1d" // 44baf731-3a2f-4bd7-9af1-41e29169781d
	guidKernel    = "\x37\x94\xe7\x4d\xd2\xab\x7f\x42\xb8\x35\xd5\xb1\x72\xd2\x04\x5b" // 4de79437-abd2-427f-b835-d5b172d2045b

	hashEntrySize = 16 + 2 + 32
	hashTableSize = 16 + 2 + 3*hashEntrySize + 8
)

// page returns the page with the kernel hash table at the address base.
// Rules: LCH-21.
func (k *Kernel) page(base uint32) []byte {
	table := binary.LittleEndian.AppendUint16([]byte(guidHashTable), hashTableSize-8)
	for _, e := range []struct {
		guid   string
		digest [32]byte
	}{{guidCmdline, k.Cmdline}, {guidInitrd, k.Initrd}, {guidKernel, k.Kernel}} {
		table = binary.LittleEndian.AppendUint16(append(table, e.guid...), hashEntrySize)
		table = append(table, e.digest[:]...)
	}
	page := make([]byte, PageSize)
	copy(page[base%PageSize:], table)
	return page
}
