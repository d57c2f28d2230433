package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// azureSections are about Azure confidential VMs: docs/spec/azure.md. The leaf is a VCEK
// throughout.
func azureSections() []section {
	const hcl, data, quote, signature, pcr, policy, binding = "HCLInvalidError", "QualifyingDataMismatchError", "QuoteInvalidError",
		"QuoteSignatureInvalidError", "PCRMismatchError", "PolicyViolationError", "ReportDataMismatchError"
	vm := func(change func(a *paravisor.VM)) func(X) { return func(x X) { change(x.vm) } }
	// written changes a file when it was made.
	written := func(name string, change func(b []byte) []byte) func(X) {
		return func(x X) {
			x.rewrite = func(files map[string][][]byte) { files[name] = [][]byte{change(files[name][0])} }
		}
	}
	signed := func(form func(message, s []byte) []byte) func(X) {
		return func(x X) {
			x.rewrite = func(files map[string][][]byte) {
				files["quote-signature"] = [][]byte{form(files["quote"][0], files["quote-signature"][0])}
			}
		}
	}
	cut := func(at int) func(X) { return written("quote", func(q []byte) []byte { return q[:at] }) }
	sized := func(more int) func(X) { // a TPM2B_ATTEST
		return written("quote", func(q []byte) []byte { return append([]byte{0, byte(len(q) + more)}, q...) })
	}
	sizes := func(n func(a *paravisor.VM) int) func(X) {
		return vm(func(a *paravisor.VM) {
			v := uint32(n(a))
			a.HCL.VariableSize, a.HCL.DataSize, a.HCL.ReportSize = new(v), new(20+v), new(1236+v)
		})
	}
	runtime := func(old, new string) func(X) {
		return vm(func(a *paravisor.VM) { a.HCL.Runtime = replace(old, new)(a.HCL.Runtime); a.Bind() })
	}
	keys := func(change func(list []string) []string) func(X) {
		return vm(func(a *paravisor.VM) { a.Runtime.Keys = change(a.Runtime.Keys); a.Seal() })
	}
	many := func(n int) func(list []string) []string {
		return func(list []string) []string {
			for len(list) < n {
				list = append(list, fmt.Sprintf(`{"kid":"k%d"}`, len(list)))
			}
			return list[:n]
		}
	}
	reportData := func(at int) func(X) { // with another byte
		return vm(func(a *paravisor.VM) { a.Spec.ReportData[at] ^= 1; a.Resign(); a.HCL.Report = a.Report })
	}
	signer := func(at int) func(X) { return vm(func(a *paravisor.VM) { a.Quote.Signer[at] ^= 1 }) }
	allowed := func(at int) func(X) { // all but that byte
		return func(x X) {
			v := slices.Clone(x.vm.PCRs[4])
			v[at] ^= 1
			x.options["pcr"] = "4=" + hexOf(v)
		}
	}
	modulus := func(change func(n []byte) []byte) func(X) {
		n := paravisor.AKKey("ak").Public().N.Bytes()
		text := base64.RawURLEncoding.EncodeToString
		return runtime(text(n), text(change(slices.Clone(n))))
	}
	digest := func(at int) func(X) { // all but that byte
		return vm(func(a *paravisor.VM) { a.Quote.Digest = slices.Clone(a.Quote.Digest); a.Quote.Digest[at] ^= 1 })
	}
	selects := func(s ...paravisor.Selection) func(X) { return vm(func(a *paravisor.VM) { a.Quote.Selections = s }) }
	over := func(bits []byte) func(X) { // what is said to be registers 4 and 7
		return vm(func(a *paravisor.VM) { a.SelectPCRs(4, 7); a.Quote.Selections[0].Bits = bits })
	}
	without := func(names ...string) func(X) {
		return func(x X) {
			for _, name := range names {
				x.inputs[name], x.options[name] = nil, nil
			}
		}
	}
	registers := func(name string, value any) func(X) { return demand(member{"azure", doc{{name, value}}}) }
	banks := func(banks ...member) func(X) { return registers("pcrs", doc(banks)) }
	values := func(text string) func(X) { return input("pcrs", []byte(text)) }
	zeros := strings.Repeat("00", 32)
	every, ones := []byte{0xFF, 0xFF, 0xFF}, slices.Repeat([]byte{0xFF}, 66)
	other9 := func(x X) { // another value of register 9
		written("pcrs", func(b []byte) []byte { return replace(hexOf(x.vm.PCRs[9]), zeros)(b) })(x)
	}
	reports := section{"azure-hcl", azureVM, hcl, []row{
		{"whole", yes("HCL-01", "AZR-14"), "an index of 2600 bytes, with all that is demanded", vm(func(*paravisor.VM) {})},
		{"cut", yes("HCL-10"), "cut at its report size", vm(func(a *paravisor.VM) { a.HCL.Total = 0 })},
		{"header-version-1", yes("HCL-03"), "older paravisors", vm(func(a *paravisor.VM) { a.HCL.HeaderVersion = 1 })},
		{"new-members", yes("HCL-20"), "unknown members are ignored", runtime(`{"keys"`, `{"new":[1.5,null],"keys"`)},
		{"keys-in-another-order", yes("HCL-21"), "by kid, and not by place", keys(func(list []string) []string { slices.Reverse(list); return list })},
		{"4097-bytes", no("HCL-01", "GEN-04"), "4096 at most", vm(func(a *paravisor.VM) { a.HCL.Total = 4097 })},
		{"4096-bytes", yes("HCL-01"), "and so many are allowed", vm(func(a *paravisor.VM) { a.HCL.Total = 4096 })},
		{"a-report-by-itself", no("HCL-01", "AZR-16"), "what is demanded of Azure is demanded of every report", func(x X) { x.inputs["report"] = [][]byte{x.vm.Report} }},
		{"header-version-3", no("HCL-03"), "unknown", vm(func(a *paravisor.VM) { a.HCL.HeaderVersion = 3 })},
		{"key-release", no("HCL-04"), "another request", vm(func(a *paravisor.VM) { a.HCL.RequestType = 1 })},
		{"status", no("HCL-05"), "the request failed", vm(func(a *paravisor.VM) { a.HCL.Status = 1 })},
		{"reserved", no("HCL-05"), "a reserved byte", vm(func(a *paravisor.VM) { a.HCL.Reserved[0] = 1 })},
		{"reserved-at-the-end", no("HCL-05"), "whichever it is", vm(func(a *paravisor.VM) { a.HCL.Reserved[11] = 1 })},
		{"data-version-2", no("HCL-06"), "for hosts only", vm(func(a *paravisor.VM) { a.HCL.DataVersion = 2 })},
		{"tdx", no("HCL-07"), "another kind of hardware", vm(func(a *paravisor.VM) { a.HCL.ReportType = 4 })},
		{"sha-384", no("HCL-08"), "another hash", vm(func(a *paravisor.VM) { a.HCL.HashType = 2 })},
		{"1237-bytes", no("HCL-01"), "1238 are the least", input("report", append([]byte("HCLA"), make([]byte, 1233)...))},
		{"4-bytes", no("HCL-01", "FRM-12"), "nor a report", input("report", []byte("HCLA"))},
		{"1215-bytes-in-base64", no("HCL-01", "FRM-12"), "a byte less than the report in it takes", written("report", func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b[:0x20+1183])) })},
		{"1238-bytes", no("JSN-12", "HCL-21"), "runtime data of two bytes", vm(func(a *paravisor.VM) { a.HCL.Runtime, a.HCL.Total = []byte("{}"), 0; a.Bind() })},
		{"data-size", no("HCL-09"), "the size of the request's data", vm(func(a *paravisor.VM) { a.HCL.DataSize = new(uint32(21 + len(a.HCL.Runtime))) })},
		{"report-size", no("HCL-09"), "the size of the file", vm(func(a *paravisor.VM) { a.HCL.ReportSize = new(uint32(2600)) })},
		{"beyond-the-file", no("HCL-09", "GEN-04"), "a byte more than there is", sizes(func(a *paravisor.VM) int { a.HCL.Total = 0; return len(a.HCL.Runtime) + 1 })},
		{"sum-wraps", no("HCL-09", "GEN-04"), "sums in 32 bits wrap", sizes(func(*paravisor.VM) int { return -0x4D4 })},
		{"no-runtime-data", no("HCL-09"), "n is 0", sizes(func(*paravisor.VM) int { return 0 })},
		{"runtime-data-of-one-byte", no("HCL-09"), "two bytes are the least JSON", sizes(func(*paravisor.VM) int { return 1 })},
		{"padding", no("HCL-10"), "somebody carries data behind it", written("report", func(b []byte) []byte { b[2599] = 1; return b })},
		{"first-byte-of-the-padding", no("HCL-10"), "directly behind it too", func(x X) {
			written("report", func(b []byte) []byte { b[0x4D4+len(x.vm.HCL.Runtime)] = 1; return b })(x)
		}},
		{"one-byte-more", as(binding, "AZR-01"), "a zero byte is hashed too", sizes(func(a *paravisor.VM) int { return len(a.HCL.Runtime) + 1 })},
		{"a-blank", as(binding, "AZR-01"), "JSON that says the same", vm(func(a *paravisor.VM) { a.HCL.Runtime = append([]byte("{ "), a.HCL.Runtime[1:]...) })},
		{"tail", as(binding, "AZR-01"), "REPORT_DATA with something behind the hash", reportData(63)},
		{"head", as(binding, "AZR-01"), "or with another first byte", reportData(0)},
		{"a-name-twice", no("JSN-09", "HCL-20"), "which reader sees which", runtime(`{"keys":[`, `{"keys":[],"keys":[`)},
		{"no-ak", no("HCL-21"), "a transfer key", runtime("HCLAkPub", "HCLTransferKey")},
		{"two-aks", no("HCL-21"), "which one signed", runtime("HCLEkPub", "HCLAkPub")},
		{"kid-that-ends-like-the-aks", yes("HCL-21"), "another key", runtime("HCLEkPub", "XHCLAkPub")},
		{"kid-that-begins-like-the-aks", yes("HCL-21"), "another one too", runtime("HCLEkPub", "HCLAkPub2")},
		{"kid-empty", no("JSN-12", "HCL-21"), "each key has a name", runtime("HCLEkPub", "")},
		{"ak-alone", yes("HCL-21"), "no other key", keys(func(list []string) []string { return list[:1] })},
		{"eight-keys", yes("HCL-20"), "as many as there may be", keys(many(8))},
		{"nine-keys", no("JSN-16", "HCL-20"), "and not one more", keys(many(9))},
		{"no-keys", no("JSN-16", "HCL-20"), "an empty list", keys(many(0))},
		{"kid-absent", no("JSN-12", "HCL-21"), "of another key", runtime(`"kid":"HCLEkPub",`, "")},
		{"empty-kty", no("JSN-12", "HCL-22"), "an empty kind", runtime(`"kty":"RSA"`, `"kty":""`)},
		{"ak-without-n", no("JSN-12", "HCL-21"), "a key that has no modulus", runtime(`"n":`, `"m":`)},
		{"ak-without-e", no("JSN-12", "HCL-24"), "or no exponent", runtime(`"e":`, `"f":`)},
		{"ak-without-kty", no("JSN-12", "HCL-22"), "or no kind", runtime(`"kty":`, `"use":`)},
		{"exponent-empty", no("JSN-12", "HCL-24"), "nothing in it", runtime("AQAB", "")},
		{"secure-boot-off", yes("AZR-03"), "which is refused on demand only", runtime(`"secure-boot":true`, `"secure-boot":false`)},
		{"secure-boot-absent", yes("HCL-26"), "each member may be absent", runtime(`"secure-boot":true,`, "")},
		{"ec", no("HCL-22"), "another kind of key", runtime(`"kty":"RSA"`, `"kty":"EC"`)},
		{"even-modulus", no("HCL-23"), "no RSA key", modulus(func(n []byte) []byte { n[255] ^= 1; return n })},
		{"modulus-of-255-bytes", no("HCL-23"), "2048 bits", modulus(func(n []byte) []byte { return n[1:] })},
		{"modulus-of-2047-bits", no("HCL-23"), "all of them", modulus(func(n []byte) []byte { n[0] &= 0x7F; return n })},
		{"modulus-of-257-bytes", no("HCL-23"), "and no more", modulus(func(n []byte) []byte { return append(n, 1) })},
		{"exponent-with-more", no("HCL-24"), "all of it is compared", runtime("AQAB", "AQABAAAB")},
		{"exponent-with-more-before", no("HCL-24"), "from its first digit on", runtime("AQAB", "AAAQAB")},
		{"another-kind-that-ends-like-rsa", no("HCL-22"), "whole words are compared", runtime(`"kty":"RSA"`, `"kty":"NORSA"`)},
		{"another-kind-that-begins-like-rsa", no("HCL-22"), "from both ends", runtime(`"kty":"RSA"`, `"kty":"RSAPSS"`)},
		{"user-data-empty", no("JSN-12", "HCL-25"), "it may be absent, and not empty", vm(func(a *paravisor.VM) { a.HCL.Runtime = replace(a.Runtime.UserData, "")(a.HCL.Runtime); a.Bind() })},
		{"zero-modulus", no("HCL-23"), "the paravisor could not make a key", modulus(func([]byte) []byte { return make([]byte, 256) })},
		{"exponent-3", no("HCL-24"), "65537 alone", runtime("AQAB", "Aw")},
		{"long-user-data", no("HCL-25"), "65 bytes", runtime(`"user-data":"`, `"user-data":"00`)},
		{"user-data-of-129-digits", no("HCL-25"), "64 bytes and a half", runtime(`"user-data":"`, `"user-data":"0`)},
		{"user-data-no-hex", no("HCL-25"), "of hex digits", runtime(hex.EncodeToString([]byte("gu")), "zzzz")},
		{"secure-boot-in-quotes", no("JSN-13", "HCL-26"), "a string", runtime(`"secure-boot":true`, `"secure-boot":"true"`)},
		{"not-the-signed-report", as("ReportSignatureInvalidError", "RPT-23", "ORD-01"), "step 11 comes before the runtime data", written("report", func(b []byte) []byte { b[0x20+0x90] ^= 1; return b })},
	}}
	quotes := section{"azure-quote", azureVM, quote, []row{
		{"tpm2b", yes("TPM-01"), "with its size before it", sized(0)},
		{"tpmt-signature", yes("TPM-30"), "as tpm2-tools write it", signed(func(_, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0xB, s) })},
		{"some-registers", yes("TPM-41", "AZR-14"), "values of others are not used, and these are facts", func(x X) {
			over([]byte{0x90, 0, 0, 0})(x)
			x.result = doc{{"azure", doc{{"pcrs", doc{{"sha256", doc{{"4", hexOf(x.vm.PCRs[4])}, {"7", hexOf(x.vm.PCRs[7])}}}}}}}}
		}},
		{"in-a-container", yes("FRM-23", "TPM-40", "AZR-05"), "a quote that comes with its report", func(x X) {
			x.rewrite = func(files map[string][][]byte) {
				files["report"] = [][]byte{[]byte(fmt.Sprintf(`{"version": 1, "hcl_report": %q, "tpm_quote": {"message": "%x", "signature": "%x", "pcrs": %s}}`,
					base64.StdEncoding.EncodeToString(x.vm.HCL.Encode()), files["quote"][0], files["quote-signature"][0], files["pcrs"][0]))}
				files["quote"], files["quote-signature"], files["pcrs"] = nil, nil, nil
			}
		}},
		{"no-quote", no("AZR-05"), "a container that could carry one", both(without("quote", "quote-signature", "pcrs"), func(x X) {
			x.inputs["report"] = [][]byte{[]byte(fmt.Sprintf(`{"version": 1, "hcl_report": %q}`, base64.StdEncoding.EncodeToString(x.vm.HCL.Encode())))}
		})},
		{"no-quote-for-one-of-two", no("AZR-05"), "one policy asks for it, and the other one does not", func(x X) {
			without("quote", "quote-signature", "pcrs", "pcr")(x)
			registers("secure_boot", true)(x)
			x.inputs["report"] = [][]byte{[]byte(fmt.Sprintf(`{"version": 1, "hcl_report": %q}`, base64.StdEncoding.EncodeToString(x.vm.HCL.Encode())))}
		}},
		{"too-long", no("TPM-01", "GEN-04"), "1025 bytes", input("quote", make([]byte, 1025))},
		{"1024-bytes", no("TPM-09", "TPM-01"), "which is not too long", written("quote", func(q []byte) []byte { return append(q, make([]byte, 1024-len(q))...) })},
		{"too-long-behind-a-good-one", no("TPM-01", "GEN-04"), "1025 bytes that begin well", written("quote", func(q []byte) []byte { return append(q, make([]byte, 1025-len(q))...) })},
		{"tpm2b-of-a-byte-less", no("TPM-01"), "a size that is not that of the rest", sized(-1)},
		{"tpm2b-of-a-byte-more", no("TPM-01"), "nor is this one", sized(1)},
		{"cut-off", no("TPM-09"), "a quote that ends early", written("quote", func(q []byte) []byte { return q[:len(q)-1] })},
		{"one-byte", no("TPM-02"), "no magic, and no size", input("quote", []byte{0})},
		{"two-bytes", no("TPM-01"), "a size of what is not there", input("quote", []byte{0, 5})},
		{"cut-off-in-a-signer-that-reads-on", no("TPM-09"), "what follows its size is a quote with a bad flag", both(vm(func(a *paravisor.VM) { a.Quote.Signer = append([]byte{0, 0}, ones...) }), cut(68))},
		{"cut-off-in-data-that-read-on", no("TPM-09"), "and the same of the data", both(vm(func(a *paravisor.VM) { a.Quote.Extra = ones }), cut(104))},
		{"cut-off-in-the-counts", no("TPM-09"), "wherever it is", cut(80)},
		{"cut-off-in-the-count-of-selections", no("TPM-09"), "which is none of zero", cut(76)},
		{"cut-off-in-the-type", no("TPM-03"), "what is cut off reads as zero", cut(5)},
		{"cut-off-in-the-signer", no("TPM-09"), "of which the size is there", cut(30)},
		{"cut-off-in-the-data", no("TPM-09"), "the same of the qualifying data", cut(46)},
		{"cut-off-in-the-clock", no("TPM-09"), "in numbers", cut(60)},
		{"cut-off-in-a-hash", no("TPM-09"), "in a selection", cut(79)},
		{"cut-off-in-a-bitmap", no("TPM-09"), "and in its bitmap", cut(82)},
		{"cut-off-in-the-size-of-the-digest", no("TPM-09"), "and behind the selections", cut(85)},
		{"magic", no("TPM-02"), "other data that the TPM signed", vm(func(a *paravisor.VM) { a.Quote.Magic++ })},
		{"certify", no("TPM-03"), "a certification", vm(func(a *paravisor.VM) { a.Quote.Type = 0x8017 })},
		{"creation", no("TPM-03"), "or of another kind", vm(func(a *paravisor.VM) { a.Quote.Type = 0x801A })},
		{"long-signer", no("TPM-04"), "69 bytes", vm(func(a *paravisor.VM) { a.Quote.Signer = make([]byte, 69) })},
		{"longest-signer", no("TPM-20", "TPM-04"), "68 bytes are of the form, and no name of this key", vm(func(a *paravisor.VM) { a.Quote.Signer = make([]byte, 68) })},
		{"long-data", no("TPM-04"), "67 bytes", vm(func(a *paravisor.VM) { a.Quote.Extra = make([]byte, 67) })},
		{"longest-data", as(data, "AZR-06", "TPM-04"), "66 bytes are of the form, and not the ones that were asked for", vm(func(a *paravisor.VM) { a.Quote.Extra = make([]byte, 66) })},
		{"not-safe", yes("TPM-05", "AZR-14"), "a clock that is not safe is shown", both(vm(func(a *paravisor.VM) { a.Quote.Safe = 0 }), answers(doc{{"azure", doc{{"quote", doc{{"safe", false}}}}}}))},
		{"safe-2", no("TPM-05"), "neither yes nor no", vm(func(a *paravisor.VM) { a.Quote.Safe = 2 })},
		{"no-selection", no("TPM-06"), "none", selects()},
		{"17-selections", no("TPM-06", "GEN-04"), "16 at most", selects(make([]paravisor.Selection, 17)...)},
		{"16-selections", no("TPM-07", "TPM-06"), "so many may be there, of the four banks", selects(make([]paravisor.Selection, 16)...)},
		{"bank-twice", no("TPM-07"), "which value is which", selects(paravisor.Selection{Hash: 0xB, Bits: every}, paravisor.Selection{Hash: 0xB, Bits: every})},
		{"unknown-bank", no("TPM-07"), "SM3", selects(paravisor.Selection{Hash: 0x12, Bits: every})},
		{"empty-bitmap", no("TPM-08"), "nothing is selected", selects(paravisor.Selection{Hash: 0xB, Bits: []byte{0, 0, 0}})},
		{"register-24", no("TPM-08"), "there is none", selects(paravisor.Selection{Hash: 0xB, Bits: []byte{1, 0, 0, 1}})},
		{"bitmap-of-5-bytes", no("TPM-08"), "four at most", selects(paravisor.Selection{Hash: 0xB, Bits: []byte{1, 0, 0, 0, 0}})},
		{"bitmap-of-no-byte", no("TPM-08"), "and one at least", selects(paravisor.Selection{Hash: 0xB})},
		{"digest-of-31-bytes", no("TPM-09"), "a digest of SHA-256", vm(func(a *paravisor.VM) { a.Quote.Digest = make([]byte, 31) })},
		{"digest-of-33-bytes", no("TPM-09"), "and no more", vm(func(a *paravisor.VM) { a.Quote.Digest = make([]byte, 33) })},
		{"trailing-byte", no("TPM-09"), "a byte behind pcrDigest", vm(func(a *paravisor.VM) { a.Quote.Trailer = []byte{0} })},
		{"other-signer", no("TPM-20"), "the name of another key", vm(func(a *paravisor.VM) { a.Quote.Signer = paravisor.QualifiedName(paravisor.AKKey("other")) })},
		{"other-signer-by-its-last-byte", no("TPM-20"), "all of it is compared", signer(33)},
		{"other-signer-by-its-first-byte", no("TPM-20"), "from its first byte on", signer(0)},
		{"of-another-key", as(signature, "TPM-31"), "a key in software", signed(func(m, _ []byte) []byte { return paravisor.SignQuote(paravisor.AKKey("other"), m) })},
		{"rsapss", as(signature, "TPM-30"), "another scheme", signed(func(_, s []byte) []byte { return paravisor.TPMTSignature(0x16, 0xB, s) })},
		{"tpmt-signature-with-a-tail", as(signature, "TPM-30"), "a byte behind it", signed(func(_, s []byte) []byte { return append(paravisor.TPMTSignature(0x14, 0xB, s), 0) })},
		{"tpmt-signature-of-257-bytes", as(signature, "TPM-30"), "a key of 2048 bits makes no longer one", signed(func(_, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0xB, append(s, 0)) })},
		{"sha-1", as(signature, "TPM-30"), "another hash", signed(func(_, s []byte) []byte { return paravisor.TPMTSignature(0x14, 0x4, s) })},
		{"255-bytes", as(signature, "TPM-30"), "neither form", signed(func(_, s []byte) []byte { return s[1:] })},
		{"old-quote", as(data, "AZR-06"), "for an earlier question", vm(func(a *paravisor.VM) { a.Quote.Extra = []byte("earlier") })},
		{"data-with-zeros", as(data, "AZR-06"), "the length counts", vm(func(a *paravisor.VM) { a.Quote.Extra = append(slices.Clone(a.Quote.Extra), 0) })},
		{"no-data", as(data, "AZR-06"), "nobody asked", vm(func(a *paravisor.VM) { a.Quote.Extra = nil })},
		{"value-changed", as(pcr, "TPM-41"), "one of the 24", other9},
		{"value-changed-and-none-demanded", as(pcr, "TPM-41"), "values that are given count", both(option("pcr", nil), other9)},
		{"digest-whose-first-byte-differs", as(pcr, "TPM-41"), "all 32 bytes of the digest count", digest(0)},
		{"digest-whose-last-byte-differs", as(pcr, "TPM-41"), "from both ends", digest(31)},
		{"digest-of-zeros-and-a-value-less", as(pcr, "TPM-41"), "a digest that was not computed is none", both(option("pcr", nil), func(x X) {
			vm(func(a *paravisor.VM) { a.SelectPCRs(4, 7); a.Quote.Digest = make([]byte, 32) })(x)
			x.inputs["pcrs"] = [][]byte{[]byte(`{"sha256": {"7": "` + hexOf(x.vm.PCRs[7]) + `"}}`)}
		})},
		{"no-values", as(pcr, "TPM-40"), "an empty object", values("{}")},
		{"values-in-an-array", yes("TPM-40"), "the 24 values of the SHA-256 bank", func(x X) { x.inputs["pcrs"] = [][]byte{[]byte(strings.ReplaceAll(x.pcrs(), ",", ", "))} }},
		{"values-of-65536-bytes", yes("TPM-40"), "as long as the file may be", func(x X) { x.inputs["pcrs"] = [][]byte{spaces(65536)([]byte(x.pcrs()))} }},
		{"values-in-an-object", yes("TPM-40", "TPM-41"), "of the registers that are selected, and of other banks", func(x X) {
			over([]byte{0x90, 0, 0})(x)
			x.inputs["pcrs"] = [][]byte{[]byte(`{"sha1": {"23": "` + zeros[:40] + `"}, "sha384": {"0": "` + zeros + zeros[:32] + `"}, "sha512": {"0": "` + zeros + zeros + `"}, "sha256": {"7": "` + hexOf(x.vm.PCRs[7]) + `", "4": "` + strings.ToUpper(hexOf(x.vm.PCRs[4])) + `"}}`)}
		}},
		{"values-of-an-empty-file", as(pcr, "JSN-04", "TPM-40"), "no values", values("")},
		{"values-23-in-an-array", as(pcr, "JSN-16", "TPM-40"), "24, no fewer", values(`["` + strings.Repeat(zeros+`", "`, 22) + zeros + `"]`)},
		{"values-25-in-an-array", as(pcr, "JSN-16", "TPM-40"), "nor more", values(`["` + strings.Repeat(zeros+`", "`, 24) + zeros + `"]`)},
		{"no-values-for-a-demand", as(pcr, "TPM-41"), "a PCR is demanded, and none is given", without("pcrs")},
		{"value-of-register-24", as(pcr, "TPM-40"), "there is none", values(`{"sha256": {"24": "` + zeros + `"}}`)},
		{"value-of-register-25", as(pcr, "TPM-40"), "nor any behind it", values(`{"sha256": {"25": "` + zeros + `"}}`)},
		{"value-of-register-minus-1", as(pcr, "TPM-40"), "nor one below 0", values(`{"sha256": {"-1": "` + zeros + `"}}`)},
		{"value-of-register-04", as(pcr, "TPM-40"), "each has one name", values(`{"sha256": {"04": "` + zeros + `"}}`)},
		{"value-of-a-named-register", as(pcr, "TPM-40"), "which is a number", values(`{"sha256": {"0x": "` + zeros + `"}}`)},
		{"value-of-31-bytes", as(pcr, "TPM-40"), "of the size of its bank", values(`{"sha256": {"4": "` + zeros[2:] + `"}}`)},
		{"value-of-65-digits", as(pcr, "TPM-40"), "32 bytes and a half", values(`{"sha256": {"4": "` + zeros + `0"}}`)},
		{"value-no-hex", as(pcr, "TPM-40"), "in hex", values(`{"sha256": {"4": "` + zeros[2:] + `zz"}}`)},
		{"value-empty", as(pcr, "JSN-12", "TPM-40"), "or empty", values(`{"sha256": {"4": ""}}`)},
		{"value-of-the-first-bank", as(pcr, "TPM-40"), "each bank is read, needed or not", values(`{"sha1": {"0": "00"}, "sha256": {"4": "` + zeros + `"}}`)},
		{"value-of-the-last-bank", as(pcr, "TPM-40"), "and the last one", values(`{"sha512": {"0": "00"}, "sha256": {"4": "` + zeros + `"}}`)},
		{"bank-in-capitals", as(pcr, "JSN-10", "TPM-40"), "names are exact", values(`{"SHA512": {}, "sha256": {"4": "` + zeros + `"}}`)},
		{"bank-that-is-not-read", as(pcr, "JSN-11", "TPM-40"), "another bank", values(`{"sm3": {}, "sha256": {"4": "` + zeros + `"}}`)},
		{"other-bank", as(pcr, "TPM-41"), "SHA-1 is selected, and values of SHA-256 are there", selects(paravisor.Selection{Hash: 4, Bits: every})},
		{"resettable", as(pcr, "TPM-41"), "registers that the guest reset, with values at the places of others", over([]byte{0, 0, 0x81})},
		{"not-selected", as(pcr, "AZR-07"), "a fitting value beside the quote", vm(func(a *paravisor.VM) { a.SelectPCRs(7) })},
		{"first-of-two-not-allowed", as(pcr, "AZR-08"), "each register is compared", func(x X) {
			banks(member{"sha256", doc{{"3", []string{zeros}}, {"4", []string{hexOf(x.vm.PCRs[4])}}}})(x)
		}},
		{"not-allowed-by-one-of-two", as(pcr, "AZR-08"), "each policy is met, here that of the file", banks(member{"sha256", doc{{"7", []string{zeros}}}})},
		{"not-allowed-by-the-flag", as(pcr, "AZR-08"), "or that of the flags", func(x X) {
			option("pcr", "4="+zeros)(x)
			banks(member{"sha256", doc{{"7", []string{hexOf(x.vm.PCRs[7])}}}})(x)
		}},
		{"not-allowed", as(pcr, "AZR-08"), "another boot loader", option("pcr", "4="+zeros)},
		{"not-allowed-by-its-last-byte", as(pcr, "AZR-08"), "all of it is compared", allowed(31)},
		{"not-allowed-by-its-first-byte", as(pcr, "AZR-08"), "from its first byte on", allowed(0)},
	}}
	rules := section{"azure-policy", azureVM, "UsageError", []row{
		{"quote-not-needed", yes("AZR-04"), "user-data needs no quote", both(without("quote", "quote-signature", "pcrs", "qualifying-data", "pcr"), func(x X) {
			x.result = doc{{"azure", doc{{"user_data", strings.ToLower(x.vm.Runtime.UserData)}}}}
		})},
		{"nothing-is-a-fact", yes("AZR-13", "AZR-02"), "without a demand on the code nothing is checked behind step 22", both(without("quote", "quote-signature", "pcrs", "qualifying-data", "user-data", "pcr", "measurement"), answers(nil))},
		{"warning", yes("AZR-15"), "an ID key without a floor for GUEST_SVN", both(without("measurement"), func(x X) {
			x.policy(member{"id_block", doc{{"id_keys", []string{hexOf(x.vm.Spec.IDKeyDigest[:])}}}})
		})},
		{"other-user-data", as(data, "AZR-04"), "a prefix of it", option("user-data", hex.EncodeToString([]byte("gues")))},
		{"secure-boot", as(policy, "AZR-03"), "it was off", both(runtime(`"secure-boot":true`, `"secure-boot":false`), registers("secure_boot", true))},
		{"secure-boot-on", yes("AZR-03"), "as it was demanded", registers("secure_boot", true)},
		{"secure-boot-unknown", as(policy, "AZR-03"), "nothing says that it was on", both(runtime(`"secure-boot":true,`, ""), registers("secure_boot", true))},
		{"no-values", yes("AZR-07"), "and none demanded", without("pcrs", "pcr")},
		{"65-bytes", no("AZR-10"), "64 at most", option("qualifying-data", strings.Repeat("00", 65))},
		{"one-byte", yes("AZR-10", "AZR-06"), "the shortest there is", both(vm(func(a *paravisor.VM) { a.Quote.Extra = []byte{7} }), option("qualifying-data", "07"), answers(nil))},
		{"hex-in-a-policy-in-upper-case", no("AZR-10"), "in a policy as everywhere", registers("qualifying_data", "AB")},
		{"user-data-of-a-policy", yes("AZR-10", "AZR-04"), "and nothing else of Azure", both(without("quote", "quote-signature", "pcrs", "qualifying-data", "user-data", "pcr"), both(registers("user_data", hex.EncodeToString([]byte("guest"))), answers(nil)))},
		{"64-bytes", yes("AZR-10", "AZR-06"), "the longest there is", both(vm(func(a *paravisor.VM) { a.Quote.Extra = slices.Repeat([]byte{7}, 64) }), both(option("qualifying-data", strings.Repeat("07", 64)), answers(nil)))},
		{"register-22", yes("AZR-11"), "the last register that can be demanded", func(x X) { x.options["pcr"] = "22=" + hexOf(x.vm.PCRs[22]) }},
		{"zero-user-data", no("AZR-10"), "stands for none", option("user-data", "00")},
		{"register-23", no("AZR-11"), "the guest can reset it", option("pcr", "23="+zeros)},
		{"register-with-a-leading-zero", no("AZR-11"), "a register has one name", banks(member{"sha256", doc{{"04", []string{zeros}}}})},
		{"unknown-bank-of-a-policy", no("AZR-11"), "a bank that is not read", banks(member{"sm3", doc{{"4", []string{zeros}}}})},
		{"bad-bank-before-a-good-one", no("AZR-11"), "each bank is judged", banks(member{"sha1", doc{{"16", []string{strings.Repeat("00", 20)}}}}, member{"sha256", doc{{"4", []string{zeros}}}})},
		{"bad-value-before-a-good-one", no("AZR-11"), "and each value", banks(member{"sha256", doc{{"4", []string{"00", zeros}}}})},
		{"value-in-upper-case", no("AZR-11"), "in lower case", banks(member{"sha256", doc{{"4", []string{strings.Repeat("AB", 32)}}}})},
		{"no-values-of-a-register", no("POL-61", "GEN-02"), "an empty list allows nothing", banks(member{"sha256", doc{{"4", []string{}}}})},
		{"no-code-and-no-quote", no("AZR-12"), "nor does a policy by itself prove a thing", both(without("quote", "quote-signature", "pcrs", "qualifying-data", "user-data", "pcr", "measurement"), registers("secure_boot", true))},
		{"no-code", no("AZR-12"), "whoever has an SEV-SNP machine can make all of this", option("measurement", nil)},
		{"no-code-for-a-quote", no("AZR-12"), "a quote is a demand by itself", without("qualifying-data", "user-data", "pcr", "measurement")},
		{"code-by-a-launch-file", yes("AZR-12", "LCH-71"), "which demands measurements too", func(x X) {
			g := launched().guest
			x.vm.Spec.Measurement = g.digest(2)
			x.vm.Bind()
			x.inputs["launch"], x.options["measurement"] = [][]byte{fileOf(g).Text()}, nil
		}},
		{"debug", no("AZR-12"), "the host may watch", option("allow-debug", true)},
	}}
	return []section{reports, quotes, rules}
}

// azureVM is an Azure VM, what is demanded of it, and what must be shown.
func azureVM() *exhibit {
	x, nonce, user := hardware("Milan", 3, "vcek")(), []byte("nonce"), []byte("guest")
	x.vm = paravisor.Evidence("Milan", nonce, user)
	x.result = doc{{"azure", doc{{"quote", doc{{"qualifying_data", hexOf(nonce)}, {"safe", true}}}}}}
	x.options["measurement"], x.options["qualifying-data"], x.options["user-data"] = hexOf(x.vm.Spec.Measurement[:]), hexOf(nonce), hexOf(user)
	x.options["pcr"] = "sha256:4=" + hexOf(x.vm.PCRs[4])
	return x
}

// azureFiles are the files of the VM.
func (x *exhibit) azureFiles() map[string][][]byte {
	message, signature := x.vm.SignedQuote()
	files := map[string][][]byte{
		"report": {x.vm.HCL.Encode()}, "quote": {message}, "quote-signature": {signature}, "pcrs": {[]byte(x.pcrs())},
		"certs": {mint.PEM(x.vm.Leaf, x.vm.Intermediate)},
	}
	if x.rewrite != nil {
		x.rewrite(files)
	}
	return files
}

// pcrs are the values of the registers, as a JSON array.
func (x *exhibit) pcrs() string {
	var values []string
	for _, v := range x.vm.PCRs {
		values = append(values, fmt.Sprintf("%q", hexOf(v)))
	}
	return "[" + strings.Join(values, ",") + "]"
}
