package azure_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// fault is one thing that is wrong with a VM.
type fault struct {
	name, err, rule string
	change          func(a *paravisor.VM) // before the quote is signed
	after           func(e *azure.Evidence)
}

// evidence is that of a VM with the fault.
func (f fault) evidence() azure.Evidence {
	a := vm()
	if f.change != nil {
		f.change(a)
	}
	e := evidence(a)
	if f.after != nil {
		f.after(&e)
	}
	return e
}

func faults() []fault {
	const hcl, quote, signature, data, pcr = "HCLInvalidError", "QuoteInvalidError", "QuoteSignatureInvalidError", "QualifyingDataMismatchError", "PCRMismatchError"
	runtime := func(old, new string) func(a *paravisor.VM) {
		return func(a *paravisor.VM) {
			before := a.HCL.Runtime
			if a.HCL.Runtime = bytes.Replace(before, []byte(old), []byte(new), 1); bytes.Equal(before, a.HCL.Runtime) {
				panic("no " + old)
			}
			a.Bind()
		}
	}
	unbound := func(change func(b []byte) []byte) func(a *paravisor.VM) {
		return func(a *paravisor.VM) { a.HCL.Runtime = change(a.HCL.Runtime) }
	}
	n := func(v uint32) *uint32 { return &v }
	selections := func(s ...paravisor.Selection) func(a *paravisor.VM) {
		return func(a *paravisor.VM) { a.Quote.Selections = s }
	}
	everything := []byte{0xFF, 0xFF, 0xFF}
	sign := func(form func(k *mint.RSAKey, message, signature []byte) []byte) func(e *azure.Evidence) {
		return func(e *azure.Evidence) {
			e.Quote.Signature = form(paravisor.AKKey("ak"), e.Quote.Message, e.Quote.Signature)
		}
	}
	list := []fault{
		{"no HCL", hcl, "HCL-01", nil, func(e *azure.Evidence) { e.HCL = nil }},
		{"a report by itself", hcl, "HCL-01", nil, func(e *azure.Evidence) { e.HCL = e.HCL[0x20:0x4C0] }},
		{"4097 bytes", hcl, "HCL-01", func(a *paravisor.VM) { a.HCL.Total = 4097 }, nil},
		{"another signature", hcl, "HCL-02", func(a *paravisor.VM) { a.HCL.Signature = "HCLB" }, nil},
		{"header version 0", hcl, "HCL-03", func(a *paravisor.VM) { a.HCL.HeaderVersion = 0 }, nil},
		{"header version 3", hcl, "HCL-03", func(a *paravisor.VM) { a.HCL.HeaderVersion = 3 }, nil},
		{"a key release request", hcl, "HCL-04", func(a *paravisor.VM) { a.HCL.RequestType = 1 }, nil},
		{"status 1", hcl, "HCL-05", func(a *paravisor.VM) { a.HCL.Status = 1 }, nil},
		{"a reserved byte", hcl, "HCL-05", func(a *paravisor.VM) { a.HCL.Reserved[11] = 1 }, nil},
		{"data version 2", hcl, "HCL-06", func(a *paravisor.VM) { a.HCL.DataVersion = 2 }, nil},
		{"TDX", hcl, "HCL-07", func(a *paravisor.VM) { a.HCL.ReportType = 4 }, nil},
		{"VBS", hcl, "HCL-07", func(a *paravisor.VM) { a.HCL.ReportType = 1 }, nil},
		{"SHA-384", hcl, "HCL-08", func(a *paravisor.VM) { a.HCL.HashType = 2 }, nil},
		{"data size", hcl, "HCL-09", func(a *paravisor.VM) { a.HCL.DataSize = n(1) }, nil},
		{"report size", hcl, "HCL-09", func(a *paravisor.VM) { a.HCL.ReportSize = n(2600) }, nil},
		{"variable size, one less", hcl, "HCL-09", func(a *paravisor.VM) { a.HCL.VariableSize = n(uint32(len(a.HCL.Runtime) - 1)) }, nil},
		{"sizes, one less", hcl, "HCL-10", func(a *paravisor.VM) {
			v := uint32(len(a.HCL.Runtime) - 1)
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = n(v), n(20+v), n(1236+v)
		}, nil},
		{"sizes, one more", "ReportDataMismatchError", "AZR-01", func(a *paravisor.VM) {
			v := uint32(len(a.HCL.Runtime) + 1)
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = n(v), n(20+v), n(1236+v)
		}, nil},
		{"a size beyond the file", hcl, "HCL-09", func(a *paravisor.VM) {
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = n(3000), n(3020), n(4236)
		}, nil},
		{"sizes that wrap", hcl, "HCL-09", func(a *paravisor.VM) {
			v := uint32(0xFFFFFB2C)
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = n(v), n(20+v), n(1236+v)
		}, nil},
		{"no variable data", hcl, "HCL-09", func(a *paravisor.VM) {
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = n(0), n(20), n(1236)
		}, nil},
		{"a byte in the padding", hcl, "HCL-10", nil, func(e *azure.Evidence) { e.HCL[2599] = 1 }},

		{"report version 6", "ReportInvalidError", "RPT-02", func(a *paravisor.VM) { a.Spec.Version = 6; a.Bind() }, nil},
		{"a report that was changed", "ReportSignatureInvalidError", "RPT-23", nil, func(e *azure.Evidence) { e.HCL[0x20+0x90] ^= 1 }},
		{"another measurement", "MeasurementNotAllowedError", "POL-02", func(a *paravisor.VM) { a.Spec.Measurement[0] ^= 1; a.Bind() }, nil},
		{"VMPL 1", "PolicyViolationError", "POL-11", func(a *paravisor.VM) { a.Spec.VMPL = 1; a.Bind() }, nil},
		{"a debug policy", "PolicyViolationError", "POL-05", func(a *paravisor.VM) { a.Spec.Policy |= 1 << 19; a.Bind() }, nil},

		{"a blank in the JSON", "ReportDataMismatchError", "AZR-01", unbound(func(b []byte) []byte { return append([]byte("{ "), b[1:]...) }), nil},
		{"a zero behind the JSON", "ReportDataMismatchError", "AZR-01", unbound(func(b []byte) []byte { return append(bytes.Clone(b), 0) }), nil},
		{"REPORT_DATA with a tail", "ReportDataMismatchError", "AZR-01", func(a *paravisor.VM) {
			a.Spec.ReportData[63] = 1
			a.Resign()
			a.HCL.Report = a.Report
		}, nil},
		{"REPORT_DATA with another beginning", "ReportDataMismatchError", "AZR-01", func(a *paravisor.VM) {
			a.Spec.ReportData[0] ^= 1
			a.Resign()
			a.HCL.Report = a.Report
		}, nil},
		{"no JSON", hcl, "JSN-04", runtime(`{"keys"`, `["keys"`), nil},
		{"a member twice", hcl, "JSN-09", runtime(`{"keys":[`, `{"keys":[],"keys":[`), nil},
		{"Keys", hcl, "JSN-10", runtime(`{"keys"`, `{"Keys"`), nil},
		{"no keys", hcl, "JSN-12", runtime(`"keys"`, `"kees"`), nil},
		{"n twice", hcl, "JSN-09", runtime(`"kty":"RSA"`, `"n":"","kty":"RSA"`), nil},
		{"no AK", hcl, "HCL-21", runtime("HCLAkPub", "HCLXkPub"), nil},
		{"kid in another case", hcl, "HCL-21", runtime("HCLAkPub", "HCLakPub"), nil},
		{"a transfer key", hcl, "HCL-21", runtime("HCLAkPub", "HCLTransferKey"), nil},
		{"two AKs", hcl, "HCL-21", runtime("HCLEkPub", "HCLAkPub"), nil},
		{"a kid with more behind", hcl, "HCL-21", runtime("HCLAkPub", "HCLAkPub2"), nil},
		{"a kid with more before", hcl, "HCL-21", runtime("HCLAkPub", "xHCLAkPub"), nil},
		{"no kid", hcl, "JSN-12", runtime(`"kid"`, `"kyd"`), nil},
		{"an empty kid", hcl, "JSN-12", runtime("HCLAkPub", ""), nil},
		{"EC", hcl, "HCL-22", runtime(`"kty":"RSA"`, `"kty":"EC"`), nil},
		{"RSA with more behind", hcl, "HCL-22", runtime(`"kty":"RSA"`, `"kty":"RSAX"`), nil},
		{"RSA with more before", hcl, "HCL-22", runtime(`"kty":"RSA"`, `"kty":"XRSA"`), nil},
		{"no kty", hcl, "JSN-12", runtime(`"kty"`, `"kti"`), nil},
		{"an empty kty", hcl, "JSN-12", runtime(`"kty":"RSA"`, `"kty":""`), nil},
		{"no n", hcl, "JSN-12", runtime(`"n"`, `"m"`), nil},
		{"no e", hcl, "JSN-12", runtime(`"e"`, `"f"`), nil},
		{"an empty e", hcl, "JSN-12", runtime("AQAB", ""), nil},
		{"e with more behind", hcl, "HCL-24", runtime("AQAB", "AQABAA"), nil},
		{"e with more before", hcl, "HCL-24", runtime("AQAB", "AAAQAB"), nil},
		{"an even modulus", hcl, "HCL-23", modulus(func(n []byte) []byte { n[255] ^= 1; return n }), nil},
		{"255 bytes", hcl, "HCL-23", modulus(func(n []byte) []byte { return n[1:] }), nil},
		{"257 bytes", hcl, "HCL-23", modulus(func(n []byte) []byte { return append([]byte{0}, n...) }), nil},
		{"257 bytes, the first 256 odd and large", hcl, "HCL-23", modulus(func(n []byte) []byte { return append(n, 1) }), nil},
		{"a leading zero", hcl, "HCL-23", modulus(func(n []byte) []byte { n[0] = 0; return n }), nil},
		{"no key was made", hcl, "HCL-23", modulus(func(n []byte) []byte { return make([]byte, 256) }), nil},
		{"257 bytes of zero", hcl, "HCL-23", modulus(func(n []byte) []byte { return make([]byte, 257) }), nil},
		{"base64 with padding", hcl, "JSN-21", runtime(`"}`, `=="}`), nil},
		{"e = 3", hcl, "HCL-24", runtime("AQAB", "Aw"), nil},
		{"e = 65537 with a zero", hcl, "HCL-24", runtime("AQAB", "AAEAAQ"), nil},
		{"user-data of 126 digits", hcl, "HCL-25", runtime(`"user-data":"`, `"user-data":"00`), nil},
		{"user-data of no digits", hcl, "HCL-25", runtime(`"user-data":"7`, `"user-data":"x`), nil},
		{"secure-boot is a string", hcl, "JSN-13", runtime(`"secure-boot":true`, `"secure-boot":"true"`), nil},

		{"no Secure Boot", "PolicyViolationError", "AZR-03", runtime(`"secure-boot":true`, `"secure-boot":false`), nil},
		{"Secure Boot unsaid", "PolicyViolationError", "AZR-03", runtime(`"secure-boot":true`, `"x":true`), nil},
		{"other user-data", data, "AZR-04", runtime(`"user-data":"77`, `"user-data":"78`), nil},
		{"user-data with more behind", data, "AZR-04", runtime(`00"}`, `01"}`), nil},
		{"no user-data", data, "AZR-04", runtime(`"user-data"`, `"more"`), nil},

		{"no quote", quote, "AZR-05", nil, func(e *azure.Evidence) { e.Quote = nil }},
		{"an empty quote", quote, "TPM-02", nil, func(e *azure.Evidence) { e.Quote.Message = nil }},
		{"1025 bytes", quote, "TPM-01", nil, func(e *azure.Evidence) { e.Quote.Message = make([]byte, 1025) }},
		{"a wrong size before it", quote, "TPM-01", nil, func(e *azure.Evidence) {
			e.Quote.Message = append([]byte{0, byte(len(e.Quote.Message) + 1)}, e.Quote.Message...)
		}},
		{"another magic", quote, "TPM-02", func(a *paravisor.VM) { a.Quote.Magic = 0xFF544348 }, nil},
		{"a certification", quote, "TPM-03", func(a *paravisor.VM) { a.Quote.Type = 0x8017 }, nil},
		{"a long signer", quote, "TPM-04", func(a *paravisor.VM) { a.Quote.Signer = make([]byte, 69) }, nil},
		{"long qualifying data", quote, "TPM-04", func(a *paravisor.VM) { a.Quote.Extra = make([]byte, 67) }, nil},
		{"safe is 2", quote, "TPM-05", func(a *paravisor.VM) { a.Quote.Safe = 2 }, nil},
		{"no selection", quote, "TPM-06", selections(), nil},
		{"17 selections", quote, "TPM-06", selections(make([]paravisor.Selection, 17)...), nil},
		{"an unknown bank", quote, "TPM-07", selections(paravisor.Selection{Hash: 0x12, Bits: everything}), nil},
		{"a bank twice", quote, "TPM-07", selections(paravisor.Selection{Hash: 0xB, Bits: everything}, paravisor.Selection{Hash: 0xB, Bits: everything}), nil},
		{"a bitmap of nothing", quote, "TPM-08", selections(paravisor.Selection{Hash: 0xB}), nil},
		{"an empty bitmap", quote, "TPM-08", selections(paravisor.Selection{Hash: 0xB, Bits: []byte{0, 0, 0}}), nil},
		{"a bitmap of 5 bytes", quote, "TPM-08", selections(paravisor.Selection{Hash: 0xB, Bits: []byte{1, 0, 0, 0, 0}}), nil},
		{"register 24", quote, "TPM-08", selections(paravisor.Selection{Hash: 0xB, Bits: []byte{1, 0, 0, 1}}), nil},
		{"a digest of 20 bytes", quote, "TPM-09", func(a *paravisor.VM) { a.Quote.Digest = a.Quote.Digest[:20] }, nil},
		{"half a quote", quote, "TPM-09", nil, func(e *azure.Evidence) { e.Quote.Message = e.Quote.Message[:60] }},
		{"a selection that is cut", quote, "TPM-09", nil, func(e *azure.Evidence) { e.Quote.Message = e.Quote.Message[:len(e.Quote.Message)-36] }},
		{"a byte behind", quote, "TPM-09", func(a *paravisor.VM) { a.Quote.Trailer = []byte{0} }, nil},
		{"the signer is another key", quote, "TPM-20", func(a *paravisor.VM) { a.Quote.Signer = paravisor.QualifiedName(paravisor.AKKey("other")) }, nil},
		{"a signer with another beginning", quote, "TPM-20", func(a *paravisor.VM) { a.Quote.Signer[0] ^= 1 }, nil},
		{"a signer with another end", quote, "TPM-20", func(a *paravisor.VM) { a.Quote.Signer[33] ^= 1 }, nil},
		{"no signer", quote, "TPM-20", func(a *paravisor.VM) { a.Quote.Signer = nil }, nil},
		{"the signer is a handle", quote, "TPM-20", func(a *paravisor.VM) { a.Quote.Signer = []byte{0x81, 0, 0, 3} }, nil},

		{"signed by another key", signature, "TPM-31", nil, sign(func(_ *mint.RSAKey, m, _ []byte) []byte { return paravisor.SignQuote(paravisor.AKKey("other"), m) })},
		{"PSS in 256 bytes", signature, "TPM-31", nil, sign(func(k *mint.RSAKey, m, _ []byte) []byte { return pss(m) })},
		{"255 bytes of signature", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return s[1:] })},
		{"257 bytes of signature", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return append(s, 0) })},
		{"3 bytes of signature", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, _ []byte) []byte { return []byte{0, 0x14, 0} })},
		{"4 bytes of signature", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, _ []byte) []byte { return []byte{0, 0x14, 0, 4} })},
		{"no signature", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, _ []byte) []byte { return nil })},
		{"RSAPSS", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x16, 0xB, s) })},
		{"ECDSA", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x18, 0xB, s[:32]) })},
		{"SHA-1", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0x4, s) })},
		{"a byte behind TPMT_SIGNATURE", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return append(paravisor.TPMTSignature(0x14, 0xB, s), 0) })},
		{"a short TPMT_SIGNATURE", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0xB, s[:255]) })},

		{"a long TPMT_SIGNATURE", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0xB, append(s, 0)) })},
		{"a TPMT_SIGNATURE that is cut", signature, "TPM-30", nil, sign(func(_ *mint.RSAKey, _, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0xB, s)[:200] })},

		{"other qualifying data", data, "AZR-06", func(a *paravisor.VM) { a.Quote.Extra = []byte("challengf") }, nil},
		{"a prefix of it", data, "AZR-06", func(a *paravisor.VM) { a.Quote.Extra = nonce[:8] }, nil},
		{"it with zeros", data, "AZR-06", func(a *paravisor.VM) { a.Quote.Extra = append(bytes.Clone(nonce), make([]byte, 41)...) }, nil},
		{"none of it", data, "AZR-06", func(a *paravisor.VM) { a.Quote.Extra = nil }, nil},

		{"no values", pcr, "TPM-41", nil, func(e *azure.Evidence) { e.Quote.PCRs = nil }},
		{"a value changed", pcr, "TPM-41", nil, func(e *azure.Evidence) { e.Quote.PCRs[azure.Register{Bank: azure.SHA256, Index: 9}] = make([]byte, 32) }},
		{"a value of 31 bytes", pcr, "TPM-41", nil, func(e *azure.Evidence) { e.Quote.PCRs[azure.Register{Bank: azure.SHA256, Index: 9}] = make([]byte, 31) }},
		{"values of the SHA-256 bank for SHA-1", pcr, "TPM-41", selections(paravisor.Selection{Hash: 4, Bits: everything}), nil},
		{"a digest with another beginning", pcr, "TPM-41", func(a *paravisor.VM) { a.Quote.Digest[0] ^= 1 }, nil},
		{"a digest with another end", pcr, "TPM-41", func(a *paravisor.VM) { a.Quote.Digest[31] ^= 1 }, nil},
		{"a demanded register is not selected", pcr, "AZR-07", func(a *paravisor.VM) {
			a.Quote.Selections = []paravisor.Selection{{Hash: 0xB, Bits: []byte{0x80, 0, 0}}} // 7
			digest := sha256.Sum256(a.PCRs[7])
			a.Quote.Digest = digest[:]
		}, nil},
		{"a value that is not allowed", pcr, "AZR-08", func(a *paravisor.VM) {
			a.PCRs[7] = bytes.Repeat([]byte{7}, 32)
			digest := sha256.Sum256(bytes.Join(a.PCRs, nil))
			a.Quote.Digest = digest[:]
		}, nil},
		{"of resettable registers, at other places", pcr, "TPM-41", func(a *paravisor.VM) {
			a.Quote.Selections = []paravisor.Selection{{Hash: 0xB, Bits: []byte{0, 0, 0x81}}} // 16, 23
			digest := sha256.Sum256(slices.Concat(a.PCRs[4], a.PCRs[7]))
			a.Quote.Digest = digest[:]
		}, nil},
	}
	return list
}

// modulus changes n of the attestation key.
func modulus(change func(n []byte) []byte) func(a *paravisor.VM) {
	return func(a *paravisor.VM) {
		n := change(paravisor.AKKey("ak").Public().N.Bytes())
		a.Runtime.Keys[0] = strings.Replace(a.Runtime.Keys[0], b64url(paravisor.AKKey("ak").Public().N.Bytes()), b64url(n), 1)
		a.Seal()
	}
}

// pss signs with RSASSA-PSS by the key "ak".
func pss(message []byte) []byte {
	digest := sha256.Sum256(message)
	return must(rsa.SignPSS(rand.Reader, privateAK(), crypto.SHA256, digest[:], nil))
}

// TestFaults: each thing that is wrong has the error and the rule of its own.
// Rules: HCL-20, HCL-26.
func TestFaults(t *testing.T) {
	v := verifier(t, all())
	for _, f := range faults() {
		e := f.evidence()
		r, err := v.Verify(e, at)
		checkError(t, f.name, err, f.err, f.rule)
		audit := v.Audit(e, at)
		if r != nil || audit.Result != nil || audit.Passed() || ruleOf(audit.Err) != f.rule || len(audit.Checks) != 30 {
			t.Errorf("%s: an audit says %v", f.name, audit.Err)
		}
		i := slices.IndexFunc(audit.Checks, func(c attest.Check) bool { return c.Status == attest.Fail })
		if i < 0 || audit.Checks[i].Requirement != f.rule {
			t.Errorf("%s: the first failed check is another", f.name)
		}
	}
}
