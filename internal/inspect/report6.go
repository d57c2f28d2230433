package inspect

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/tresorhq/attest/snpreport"
)

// report6Node prints a report of version 6, field by field, for people: no part of it
// is judged. The layout is from second-hand notes on AMD 56860 revision 1.59; no such
// report has been seen. docs/spec/version6.md.
func report6Node(raw []byte) Node {
	fields := []Node{leaf("layout", "second-hand", "notes on AMD 56860 revision 1.59; no such report has been seen, and none is verified")}
	for _, f := range []struct {
		name         string
		offset, size int
		note         string
	}{
		{"version", 0x000, 4, ""},
		{"guest_svn", 0x004, 4, ""},
		{"guest_policy", 0x008, 8, ""},
		{"family_id", 0x010, 16, ""},
		{"image_id", 0x020, 16, ""},
		{"vmpl", 0x030, 4, ""},
		{"signature_algo", 0x034, 4, ""},
		{"current_tcb", 0x038, 8, "of Venice: fmc, tee, snp, then reserved"},
		{"platform_info", 0x040, 8, ""},
		{"key_info", 0x048, 4, "bit 5 is assigned, its meaning is not known"},
		{"report_data", 0x050, 64, "chosen by the guest"},
		{"measurement", 0x090, 48, ""},
		{"host_data", 0x0C0, 32, "chosen by the host"},
		{"id_key_digest", 0x0E0, 48, ""},
		{"author_key_digest", 0x110, 48, ""},
		{"report_id", 0x140, 32, ""},
		{"report_id_ma", 0x160, 32, ""},
		{"reported_tcb", 0x180, 8, ""},
		{"cpuid", 0x188, 3, "family, model, stepping"},
		{"chip_id", 0x1A0, 64, ""},
		{"committed_tcb", 0x1E0, 8, ""},
		{"current_firmware", 0x1E8, 3, "build, minor, major"},
		{"committed_firmware", 0x1EC, 3, "build, minor, major"},
		{"launch_tcb", 0x1F0, 8, ""},
		{"launch_mit_vector", 0x1F8, 8, ""},
		{"current_mit_vector", 0x200, 8, ""},
		{"current_etcb", 0x220, 32, "its bytes have no known names; said to count for Venice only"},
		{"launch_etcb", 0x240, 32, ""},
		{"committed_etcb", 0x260, 32, ""},
		{"signature_r", 0x2A0, 72, "little-endian"},
		{"signature_s", 0x2E8, 72, "little-endian"},
	} {
		b := raw[f.offset : f.offset+f.size]
		switch {
		case f.size == 4 && f.name != "key_info":
			fields = append(fields, leaf(f.name, binary.LittleEndian.Uint32(b), f.note))
		default:
			fields = append(fields, leaf(f.name, hex.EncodeToString(b), f.note))
		}
	}
	return group("report", fields...)
}

// isReport6 reports whether the 1184 bytes are said to be a report of version 6.
func isReport6(raw []byte) bool {
	return len(raw) == snpreport.Size && binary.LittleEndian.Uint32(raw) == 6
}
