package paravisor

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// HCLSpec is what a paravisor of Azure writes around a report: microsoft/openvmm,
// openhcl_attestation_protocol. What is nil is the right size.
type HCLSpec struct {
	Signature                          string
	HeaderVersion, RequestType, Status uint32
	Reserved                           [12]byte
	Report                             []byte
	DataVersion, ReportType, HashType  uint32
	Runtime                            []byte
	ReportSize, DataSize, VariableSize *uint32
	Total                              int // bytes in all, at least
}

// NewHCL gives an HCL report as Azure has it in an NV index of 2600 bytes.
func NewHCL(report, runtime []byte) HCLSpec {
	return HCLSpec{Signature: "HCLA", HeaderVersion: 2, RequestType: 2, Report: report, DataVersion: 1, ReportType: 2, HashType: 1, Runtime: runtime, Total: 2600}
}

// Encode writes it down.
func (h HCLSpec) Encode() []byte {
	size := func(given *uint32, head int) uint32 { return *cmp.Or(given, new(uint32(head+len(h.Runtime)))) }
	b := []byte(h.Signature)
	for _, v := range []uint32{h.HeaderVersion, size(h.ReportSize, 0x4D4), h.RequestType, h.Status} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(append(b, h.Reserved[:]...), h.Report...)
	for _, v := range []uint32{size(h.DataSize, 20), h.DataVersion, h.ReportType, h.HashType, size(h.VariableSize, 0)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, h.Runtime...)
	return append(b, make([]byte, max(0, h.Total-len(b)))...)
}

// RuntimeSpec is the runtime data of a paravisor, member by member, as JSON.
type RuntimeSpec struct {
	Keys            []string // JSON objects
	VMConfiguration string   // a JSON object
	UserData        string   // hex; "": no such member
}

// AKJSON gives the JWK of an attestation key.
func AKJSON(kid string, k *mint.RSAKey) string {
	n := base64.RawURLEncoding.EncodeToString(k.Public().N.Bytes())
	return fmt.Sprintf(`{"kid":%q,"key_ops":["sign"],"kty":"RSA","e":"AQAB","n":%q}`, kid, n)
}

// newRuntime gives runtime data with an attestation key and, as captures have it, with an
// endorsement key behind it, which is here the key "other".
func newRuntime(k *mint.RSAKey, userData []byte) RuntimeSpec {
	return RuntimeSpec{
		Keys:            []string{AKJSON("HCLAkPub", k), AKJSON("HCLEkPub", AKKey("other"))},
		VMConfiguration: `{"root-cert-thumbprint":"","console-enabled":true,"secure-boot":true,"tpm-enabled":true,"tpm-persisted":true,"vmUniqueId":"5A2C3F0B-0000-4000-8000-000000000001"}`,
		UserData:        strings.ToUpper(hex.EncodeToString(append(bytes.Clone(userData), make([]byte, 64-len(userData))...))),
	}
}

// Encode writes it down, compact as paravisors do.
func (r RuntimeSpec) Encode() []byte {
	s := `{"keys":[` + strings.Join(r.Keys, ",") + `],"vm-configuration":` + r.VMConfiguration
	if r.UserData != "" {
		s += `,"user-data":"` + r.UserData + `"`
	}
	return []byte(s + "}")
}

// A Selection is a TPMS_PCR_SELECTION.
type Selection struct {
	Hash uint16
	Bits []byte
}

// QuoteSpec holds the fields of a TPMS_ATTEST of TPM2_Quote in their order: TPM 2.0 part 2,
// section 10.12.
type QuoteSpec struct {
	Magic                    uint32
	Type                     uint16
	Signer, Extra            []byte
	Clock                    uint64
	ResetCount, RestartCount uint32
	Safe                     byte
	Firmware                 uint64
	Selections               []Selection
	Digest                   []byte
	Trailer                  []byte
}

// NewQuote gives a quote by a key over the 24 registers of the SHA-256 bank.
func NewQuote(k *mint.RSAKey, extra []byte, pcrs [][]byte) QuoteSpec {
	digest := sha256.Sum256(bytes.Join(pcrs, nil))
	return QuoteSpec{
		Magic: 0xFF544347, Type: 0x8018, Signer: QualifiedName(k), Extra: extra, Clock: 1798044, ResetCount: 2, Safe: 1,
		Firmware: 0x2020031200120003, Selections: []Selection{{0x000B, []byte{0xFF, 0xFF, 0xFF}}}, Digest: digest[:],
	}
}

// Encode writes it down.
func (q QuoteSpec) Encode() []byte {
	be := binary.BigEndian
	sized := func(b, v []byte) []byte { return append(be.AppendUint16(b, uint16(len(v))), v...) }
	b := be.AppendUint16(be.AppendUint32(nil, q.Magic), q.Type)
	b = sized(sized(b, q.Signer), q.Extra)
	b = be.AppendUint32(be.AppendUint32(be.AppendUint64(b, q.Clock), q.ResetCount), q.RestartCount)
	b = be.AppendUint64(append(b, q.Safe), q.Firmware)
	b = be.AppendUint32(b, uint32(len(q.Selections)))
	for _, s := range q.Selections {
		b = append(append(be.AppendUint16(b, s.Hash), byte(len(s.Bits))), s.Bits...)
	}
	return append(sized(b, q.Digest), q.Trailer...)
}

// QualifiedName gives the Qualified Name of an attestation key: TPM 2.0 part 1, section 16.
func QualifiedName(k *mint.RSAKey) []byte {
	const public = "\x00\x01\x00\x0B\x00\x05\x04\x72\x00\x00\x00\x10" + "\x00\x14\x00\x0B" + "\x08\x00" + "\x00\x00\x00\x00" + "\x01\x00"
	name := sha256.Sum256(append([]byte(public), k.Public().N.Bytes()...))
	qualified := sha256.Sum256(append([]byte{0x40, 0, 0, 0x0B, 0, 0x0B}, name[:]...))
	return append([]byte{0, 0x0B}, qualified[:]...)
}

// SignQuote signs a message as a TPM does with RSASSA and SHA-256 (RFC 8017 section 8.2).
func SignQuote(k *mint.RSAKey, message []byte) []byte {
	digest := sha256.Sum256(message)
	return k.SignPKCS1(mint.TLV(mint.TagSequence, mint.OID("2.16.840.1.101.3.4.2.1"), mint.TLV(mint.TagNull)), digest[:])
}

// TPMTSignature puts a signature into a TPMT_SIGNATURE of a scheme and a hash.
func TPMTSignature(scheme, hash uint16, signature []byte) []byte {
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, scheme), hash)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(signature))), signature...)
}

// A VM is the evidence of an Azure confidential VM, and all that it takes to change it.
type VM struct {
	*mint.Set
	AK      *mint.RSAKey
	Runtime RuntimeSpec
	HCL     HCLSpec
	Quote   QuoteSpec
	PCRs    [][]byte // 24 of the SHA-256 bank
}

// Evidence gives a VM that holds together, with the default MEASUREMENT and ID_KEY_DIGEST.
func Evidence(product string, qualifyingData, userData []byte) *VM {
	return New(mint.Evidence(product, 3, "vcek"), qualifyingData, userData)
}

// New makes a VM of a report and its certificates.
func New(set *mint.Set, qualifyingData, userData []byte) *VM {
	a := &VM{Set: set, AK: AKKey("ak")}
	a.Spec.GuestSVN, a.Spec.IDKeyDigest = 10, [48]byte(bytes.Repeat([]byte{0x94}, 48))
	for i := range 24 {
		value := sha256.Sum256([]byte{byte(i)})
		a.PCRs = append(a.PCRs, value[:])
	}
	a.Runtime = newRuntime(a.AK, userData)
	a.Quote = NewQuote(a.AK, qualifyingData, a.PCRs)
	a.HCL = NewHCL(nil, nil)
	a.Seal()
	return a
}

// Seal writes the runtime data down, puts its hash into REPORT_DATA, and signs the report.
func (a *VM) Seal() {
	a.HCL.Runtime = a.Runtime.Encode()
	a.Bind()
}

// Bind puts the hash of the runtime data that HCL has into REPORT_DATA, and signs the report.
func (a *VM) Bind() {
	hash := sha256.Sum256(a.HCL.Runtime)
	a.Spec.ReportData = [64]byte{}
	copy(a.Spec.ReportData[:], hash[:])
	a.Resign()
	a.HCL.Report = a.Report
}

// SignedQuote gives the quote and its signature by the attestation key.
func (a *VM) SignedQuote() (message, signature []byte) {
	message = a.Quote.Encode()
	return message, SignQuote(a.AK, message)
}

// SelectPCRs makes the quote one over these registers of the SHA-256 bank, ascending.
func (a *VM) SelectPCRs(registers ...int) {
	bits, values := make([]byte, 3), []byte(nil)
	for _, r := range registers {
		bits[r/8] |= 1 << (r % 8)
		values = append(values, a.PCRs[r]...)
	}
	digest := sha256.Sum256(values)
	a.Quote.Selections, a.Quote.Digest = []Selection{{0x000B, bits}}, digest[:]
}
