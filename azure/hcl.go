package azure

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Offsets of the report and the runtime data in an HCL report, and the largest NV index of
// the virtual TPM, in bytes.
const hclHeader, runtimeAt, maxHCL = 0x20, 0x4D4, 4096

// HCL is an HCL attestation report, parsed: what the paravisor of an Azure confidential
// VM writes into NV index 0x01400001. The header and the request data are signed by
// nobody: they say where things stand, and no fact. Integers are little-endian:
//
//	0x000     4  signature, "HCLA"
//	0x004     4  header version: 1 or 2
//	0x008     4  report size: 1236 + variable data size
//	0x00C     4  request type: 2, AK_CERT_REQUEST
//	0x010     4  status: 0
//	0x014    12  zero
//	0x020  1184  hardware report
//	0x4C0     4  data size: 20 + variable data size
//	0x4C4     4  data version: 1
//	0x4C8     4  report type: 2, SNP
//	0x4CC     4  hash type: 1, SHA-256
//	0x4D0     4  variable data size, at least 2
//	0x4D4        variable data: the runtime data, JSON
//	             zero up to the end of the index
//
// Source: openhcl_attestation_protocol in microsoft/openvmm; Azure's CVM guest
// attestation; genuine reports.
type HCL struct {
	HeaderVersion uint32
	Report        []byte // 1184 bytes, still to be parsed
	RuntimeData   []byte // the exact bytes that REPORT_DATA is the hash of
}

// hclFields are the integers of which one value is read, or two; some others have names.
var hclFields = []struct {
	id, name string
	at       int
	low, max uint32
	names    map[uint32]string
}{
	{"HCL-03", "header version", 0x004, 1, 2, nil},
	{"HCL-04", "request type", 0x00C, 2, 2, map[uint32]string{1: " (KEY_RELEASE_REQUEST)", 3: " (WRAPPED_KEY_REQUEST)"}},
	{"HCL-05", "status", 0x010, 0, 0, nil},
	{"HCL-06", "data version", 0x4C4, 1, 1, nil},
	{"HCL-07", "report type", 0x4C8, 2, 2, map[uint32]string{1: " (VBS)", 3: " (TVM, without a hardware report)", 4: " (TDX)", 5: " (CCA)"}},
	{"HCL-08", "hash type", 0x4CC, 1, 1, map[uint32]string{2: " (SHA-384)", 3: " (SHA-512)"}},
}

// ParseHCL parses an HCL attestation report of 1238 to 4096 bytes. It shares memory with
// b. On error the HCL is nil and the error is a *rule.Error. Checked in this order: size,
// signature, header version, request type, status, data version, report type, hash type,
// reserved bytes, the three sizes, and that every byte behind the runtime data is zero. Rules: HCL-01 to HCL-10.
func ParseHCL(b []byte) (*HCL, error) {
	if len(b) < runtimeAt+2 || len(b) > maxHCL {
		return nil, hclError("HCL-01", "HCL", 0, "1238 to 4096 bytes", fmt.Sprintf("%d bytes", len(b)))
	}
	if string(b[:4]) != "HCLA" {
		return nil, hclError("HCL-02", "signature", 0, `"HCLA"`, fmt.Sprintf("%q", b[:4]))
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	for _, f := range hclFields {
		if got := number(f.at); got < f.low || got > f.max {
			return nil, hclError(f.id, f.name, f.at, fmt.Sprint(f.max), fmt.Sprint(got)+f.names[got])
		}
	}
	if i := nonZero(b[0x014:hclHeader]); i >= 0 {
		return nil, hclError("HCL-05", "reserved bytes", 0x014+i, "0", fmt.Sprint(b[0x014+i]))
	}
	n := uint64(number(0x4D0)) // in 64 bits no sum below wraps
	for _, size := range []struct {
		name string
		at   int
		want uint64
	}{{"data size", 0x4C0, 20 + n}, {"report size", 0x008, runtimeAt + n}} {
		if got := number(size.at); uint64(got) != size.want {
			return nil, hclError("HCL-09", size.name, size.at, fmt.Sprintf("%d, for variable data of %d bytes", size.want, n), fmt.Sprint(got))
		}
	}
	if n < 2 || n > uint64(len(b)-runtimeAt) {
		return nil, hclError("HCL-09", "variable data size", 0x4D0, fmt.Sprintf("2 to %d", len(b)-runtimeAt), fmt.Sprint(n))
	}
	end := runtimeAt + int(n)
	if i := nonZero(b[end:]); i >= 0 {
		return nil, hclError("HCL-10", "padding", end+i, "0", fmt.Sprint(b[end+i]))
	}
	const reportEnd = hclHeader + snpreport.Size
	return &HCL{HeaderVersion: number(0x004), Report: b[hclHeader:reportEnd:reportEnd], RuntimeData: b[runtimeAt:end:end]}, nil
}

func hclError(id, where string, offset int, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Message: "the HCL report is malformed", Where: where, Offset: offset, Expected: expected, Actual: actual}
}

// nonZero returns the index of the first byte that is not zero, or -1.
func nonZero(b []byte) int {
	return bytes.IndexFunc(b, func(r rune) bool { return r != 0 })
}

// vector reads a TPM2B: a 16-bit size and as many bytes.
func vector(s *cryptobyte.String, to *[]byte) bool {
	var v cryptobyte.String
	ok := s.ReadUint16LengthPrefixed(&v)
	*to = v
	return ok
}
