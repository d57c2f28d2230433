package main

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// heldSections are about evidence as people hold it: docs/spec/carrier.md.
func heldSections() []section {
	std, url, vlek := base64.StdEncoding, base64.URLEncoding, mint.Evidence("Milan", 3, "vlek").Chain()
	held := func(write func(r []byte) string) func(X) {
		return func(x X) { x.inputs["report"] = [][]byte{[]byte(write(x.sealed()))} }
	}
	b64 := std.EncodeToString
	lines := func(text string, width int, end string) string {
		var b strings.Builder
		for len(text) > width {
			b.WriteString(text[:width] + end)
			text = text[width:]
		}
		return b.String() + text + end
	}
	wide := func(text string) string { return strings.Join(strings.Split(text, ""), "\x00") } // without a last zero
	armour := func(label string) func(r []byte) string {
		return func(r []byte) string { return string(mint.PEMSpec{Type: label}.Encode(r)) }
	}
	rs := func(platform string) func(r []byte) string {
		return func(r []byte) string {
			return fmt.Sprintf(`{"platform": %q, "evidence": {"attestation_report": %q, "cert_chain": {}}}`, platform, b64(r))
		}
	}
	tinfoil := func(body func(r []byte) []byte) func(X) {
		return held(func(r []byte) string {
			return fmt.Sprintf(`{"format": "https://tinfoil.sh/predicate/sev-snp-guest/v2", "body": %q}`, b64(body(r)))
		})
	}
	coco := func(version int, change func(hcl string) string) func(X) {
		return func(x X) {
			a := paravisor.Evidence("Milan", []byte("nonce"), nil)
			text := change(strings.TrimRight(url.EncodeToString(a.HCL.Encode()), "="))
			x.inputs["report"] = [][]byte{[]byte(fmt.Sprintf(`{"version": %d, "hcl_report": %q, "vcek": %q}`, version, text, url.EncodeToString(a.Leaf)))}
		}
	}
	same := func(s string) string { return s }
	quoted := func(members string) func(X) { // evidence with a quote
		return both(coco(1, same), func(x X) {
			x.inputs["report"] = [][]byte{[]byte(strings.TrimSuffix(string(x.inputs["report"][0]), "}") + `, "tpm_quote": {` + members + "}}")}
		})
	}
	pcr := `"` + strings.Repeat("00", 32) + `"`
	const unread, invalid, chain = "EvidenceUnavailableError", "ReportInvalidError", "CertChainInvalidError"
	reports := section{"held", hardware("Milan", 3, "vcek"), invalid, []row{
		{"base64-in-lines", yes("FRM-15"), "as base64 writes it", held(func(r []byte) string { return lines(b64(r), 76, "\n") })},
		{"base64-in-lines-crlf", yes("FRM-15"), "with the line breaks of Windows", held(func(r []byte) string { return lines(b64(r), 64, "\r\n") })},
		{"base64url-without-padding", yes("FRM-16"), "the other alphabet", held(func(r []byte) string { return strings.TrimRight(url.EncodeToString(r), "=") })},
		{"xxd", yes("FRM-15"), "hex in lines of 60", held(func(r []byte) string { return lines(hex.EncodeToString(r), 60, "\n") })},
		{"0x", yes("FRM-15"), "0x before it", held(func(r []byte) string { return "0x" + hex.EncodeToString(r) })},
		{"colons", yes("FRM-15"), "colons between bytes", held(func(r []byte) string { return strings.ReplaceAll(fmt.Sprintf("% X", r), " ", ":") })},
		{"0x-in-upper-case", yes("FRM-15"), "or 0X", held(func(r []byte) string { return fmt.Sprintf("%#X", r) })},
		{"blanks", yes("FRM-15"), "blanks between bytes", held(func(r []byte) string { return fmt.Sprintf("% x", r) })},
		{"base64-of-hex", as(unread, "FRM-02", "FRM-13"), "text in text is one layer too many", held(func(r []byte) string { return b64([]byte(hex.EncodeToString(r))) })},
		{"raw-with-two-line-breaks", as(unread, "FRM-02", "FRM-11"), "a report, and two bytes that are no table", held(func(r []byte) string { return string(r) + "\n\n" })},
		{"mark", yes("FRM-14"), "a byte order mark before text", held(func(r []byte) string { return "\uFEFF" + b64(r) })},
		{"utf-16", yes("FRM-14"), "as PowerShell writes it", held(func(r []byte) string { return "\xFF\xFE" + wide(b64(r)) + "\x00" })},
		{"armour", yes("FRM-18"), "PEM around a report", held(armour("REPORT"))},
		{"certutil", yes("FRM-18"), "certutil labels everything as a certificate", held(armour("CERTIFICATE"))},
		{"armour-behind-a-line-break", yes("FRM-14", "FRM-18"), "white space before BEGIN", held(func(r []byte) string { return " \n" + armour("REPORT")(r) })},
		{"armour-whose-end-begins-alike", no("FRM-44", "FRM-18"), "whole labels are compared", held(func(r []byte) string { return strings.Replace(armour("REPORT")(r), "END REPORT", "END REPORT 2", 1) })},
		{"armour-whose-label-begins-as-certificate", as(unread, "FRM-03", "FRM-18"), "and no label of certutil", held(armour("CERTIFICATE REQUEST"))},
		{"armour-whose-label-ends-as-certificate", as(unread, "FRM-03", "FRM-18"), "nor is this one", held(armour("TRUSTED CERTIFICATE"))},
		{"armour-without-its-end", no("FRM-44", "FRM-18"), "all of the base64, and no END", held(func(r []byte) string {
			return strings.TrimSuffix(armour("REPORT")(r), "-----END REPORT-----\n")
		})},
		{"armour-with-an-end-too-many", no("FRM-44", "FRM-18"), "an END without a BEGIN", held(func(r []byte) string { return armour("REPORT")(r) + "-----END REPORT-----\n" })},
		{"cbor-map-of-1", as(unread, "FRM-03"), "a map of CBOR, by its first byte alone", held(func([]byte) string { return "\xA1" })},
		{"cbor-map-of-23", as(unread, "FRM-03"), "the longest whose size stands in its first byte", held(func(r []byte) string { return "\xB7" + string(r) })},
		{"cbor-map-of-0", as(unread, "FRM-02"), "one without members holds no report", held(func(r []byte) string { return "\xA0" + string(r) })},
		{"byte-b8", as(unread, "FRM-02"), "nor is this a first byte that is known", held(func(r []byte) string { return "\xB8" + string(r) })},
		{"numbers", yes("FRM-17"), "a JSON array of bytes", held(func(r []byte) string { return strings.ReplaceAll(fmt.Sprint(r), " ", ", ") })},
		{"attestation-rs", yes("FRM-24", "FRM-20"), "a JSON container", held(rs("snp"))},
		{"white-space-before-json", yes("FRM-10", "FRM-20"), "before a container", held(func(r []byte) string { return " \r\n\t" + rs("snp")(r) })},
		{"white-space-before-numbers", yes("FRM-10", "FRM-17"), "and before an array", held(func(r []byte) string { return "\n" + strings.ReplaceAll(fmt.Sprint(r), " ", ",") })},
		{"attestation-rs-with-a-member-of-another", yes("FRM-20", "FRM-21"), "one that tells no container", held(func(r []byte) string { return strings.Replace(rs("snp")(r), "{", `{"snp_report": "", `, 1) })},
		{"attestation-rs-with-its-chain", yes("FRM-24"), "and no certificate elsewhere", both(input("certs"), func(x X) {
			x.inputs["report"] = [][]byte{replace("{}", fmt.Sprintf(`{"vcek": %q, "ask": %q}`, b64(x.Leaf), b64(x.Intermediate)))([]byte(rs("snp")(x.sealed())))}
		})},
		{"attestation-rs-with-an-empty-report", no("JSN-12", "FRM-24"), "a report of no bytes", held(func([]byte) string { return rs("snp")(nil) })},
		{"attestation-rs-of-azure-without-hcl", no("JSN-12", "FRM-23"), "a version alone", held(func([]byte) string { return `{"platform": "az-snp", "evidence": {"version": 1}}` })},
		{"tinfoil", yes("FRM-25", "FRM-26"), "base64 of gzip in JSON", tinfoil(zipped)},
		{"gzip-of-65536-bytes", yes("FRM-26"), "a report with a table of zeros, as long as it may be", tinfoil(func(r []byte) []byte { return zipped(append(r, make([]byte, 65536-1184)...)) })},
		{"gzip-of-65537-bytes", no("FRM-26"), "and a byte more", tinfoil(func(r []byte) []byte { return zipped(append(r, make([]byte, 65537-1184)...)) })},
		{"tinfoil-without-gzip", no("FRM-26", "FRM-25"), "a report as it is", tinfoil(asIs)},
		{"tinfoil-of-a-format-that-ends-alike", as(unread, "FRM-03", "FRM-25"), "whole addresses are compared", held(func(r []byte) string {
			return fmt.Sprintf(`{"format": "x-https://tinfoil.sh/predicate/sev-snp-guest/v2", "body": %q}`, b64(zipped(r)))
		})},
		{"text-of-a-guest-response", yes("FRM-13", "FRM-11"), "text holds any binary form", held(func(r []byte) string { return b64(mint.NewDeviceResponse(r).Encode()) })},
		{"table-with-its-certificates", yes("FRM-11"), "and none elsewhere", both(input("certs"), func(x X) { x.inputs["report"] = [][]byte{slices.Concat(x.sealed(), x.Table().Encode())} })},
		{"coco", yes("FRM-23", "FRM-12"), "evidence of Confidential Containers, whose report is behind 32 bytes", coco(2, same)},
		{"coco-1", yes("FRM-23", "FRM-12"), "of version 1", coco(1, same)},
		{"coco-chosen", yes("FRM-12", "FRM-50"), "whose report says which of five certificates go on", both(coco(1, same), func(x X) { x.inputs["certs"] = [][]byte{mint.PEM(slices.Concat(vlek, [][]byte{x.Intermediate})...)} })},
		{"coco-with-its-leaf", yes("FRM-23", "FRM-20"), "and the certificates of its issuers", both(coco(1, same), func(x X) { x.inputs["certs"] = [][]byte{mint.PEM(x.Intermediate)} })},
		{"coco-3", no("JSN-15", "FRM-23"), "of an unknown version", coco(3, same)},
		{"coco-0", no("JSN-15", "FRM-23"), "nor is this one", coco(0, same)},
		{"attestation-rs-of-azure", yes("FRM-24", "FRM-23"), "a container in a container, which is one layer", both(coco(1, same), func(x X) {
			x.inputs["report"] = [][]byte{[]byte(`{"platform": "az-snp", "evidence": ` + string(x.inputs["report"][0]) + `}`)}
		})},
		{"empty", as(unread, "FRM-02"), "there is nothing to judge", held(func([]byte) string { return "" })},
		{"no-form", as(unread, "FRM-02", "FRM-10"), "of no known form", held(func(r []byte) string { return string(r[:1000]) })},
		{"text-as-long-as-a-report", as(unread, "FRM-02", "FRM-10"), "1184 characters without a zero byte are text, and no report", held(func(r []byte) string { return hex.EncodeToString(r[:592]) })},
		{"text-of-1184-characters-and-a-line-break", as(unread, "FRM-02", "FRM-10"), "nor is this a report that an editor saved", held(func(r []byte) string { return hex.EncodeToString(r[:592]) + "\n" })},
		{"mixed-alphabets", as(unread, "FRM-02", "FRM-16"), "base64 of both alphabets", held(func(r []byte) string { return "+-" + b64(r)[2:] })},
		{"gzip", as(unread, "FRM-03"), "recognised, and not read", held(func(r []byte) string { return string(zipped(r)) })},
		{"certificate", as(unread, "FRM-03"), "a certificate where the report is due", func(x X) { x.inputs["report"] = [][]byte{x.Leaf} }},
		{"a-fourth-layer", as(unread, "FRM-03", "FRM-13"), "gzip in gzip, of 1184 bytes in all", tinfoil(func(r []byte) []byte { return zipped(padded(zipped(r[:100]))) })},
		{"too-long", as(unread, "CLI-03", "FRM-01", "GEN-04"), "a byte more than 1 MiB: a file that is too long is not read", held(func(r []byte) string { return strings.Repeat("0", 1<<20+1) })},
		{"private-key", as("UsageError", "FRM-04"), "a private key", held(func([]byte) string { return armour("PRIVATE KEY")([]byte("no key")) })},
		{"mark-before-json", no("FRM-14"), "JSON has no byte order mark", held(func(r []byte) string { return "\uFEFF" + rs("snp")(r) })},
		{"damaged-table", no("CAR-14", "FRM-11"), "a known form that is broken is refused, and no unknown one", held(func(r []byte) string {
			return string(r) + string(mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Offset: new(uint32(24)), Data: []byte("x")}}}.Encode())
		})},
		{"damaged-guest-response", no("CAR-05", "FRM-11"), "and so is one in text", held(func(r []byte) string {
			d := mint.NewDeviceResponse(r)
			d.Status = 0x16
			return b64(d.Encode())
		})},
		{"numbers-one-less", no("FRM-17"), "1183 numbers", held(func(r []byte) string { return strings.ReplaceAll(fmt.Sprint(r[1:]), " ", ",") })},
		{"numbers-one-more", no("FRM-17"), "1185 numbers", held(func(r []byte) string { return strings.ReplaceAll(fmt.Sprint(append(r, 0)), " ", ",") })},
		{"number-with-a-zero-before-it", no("FRM-17"), "each number has one form", held(func(r []byte) string { return "[0" + strings.ReplaceAll(fmt.Sprint(r), " ", ",")[1:] })},
		{"number-of-256", no("FRM-17"), "a number that is no byte", held(func(r []byte) string {
			return strings.ReplaceAll(strings.Replace(fmt.Sprint(r), "0", "256", 1), " ", ",")
		})},
		{"armour-no-base64", no("FRM-18"), "armour around something else", held(func(r []byte) string { return strings.Replace(armour("REPORT")(r), "A", "!", 1) })},
		{"der", as(unread, "FRM-03"), "a SEQUENCE of something else", held(func([]byte) string { return string(sequence(1)) })},
		{"private-key-in-der", as("UsageError", "FRM-04"), "a private key without a label", held(func([]byte) string { return string(must(x509.MarshalPKCS8PrivateKey(releaseKey))) })},
		{"mark-before-numbers", no("FRM-14"), "nor has an array", held(func(r []byte) string { return "\uFEFF" + strings.ReplaceAll(fmt.Sprint(r), " ", ",") })},
		{"armour-whose-end-ends-alike", no("FRM-44", "FRM-18"), "whole labels are compared", held(func(r []byte) string { return strings.Replace(armour("REPORT")(r), "END REPORT", "END SNP REPORT", 1) })},
		{"gzip-cut-off", no("FRM-26"), "a member that broke off", tinfoil(func(r []byte) []byte { z := zipped(r); return z[:len(z)-4] })},
		{"quote-of-no-pcrs", no("JSN-16", "FRM-23"), "one at least", quoted(`"signature": "00", "message": "00", "pcrs": []`)},
		{"quote-without-pcrs", no("JSN-12", "FRM-23"), "which are required", quoted(`"signature": "00", "message": "00"`)},
		{"zip", as(unread, "FRM-03"), "an archive", held(func(r []byte) string { return "PK\x03\x04" + string(r) })},
		{"base64-of-gzip", as(unread, "FRM-03"), "recognised by its first letters", held(func(r []byte) string { return b64(zipped(r)) })},
		{"html", as(unread, "FRM-03"), "an error page", held(func([]byte) string { return "<html>404</html>" })},
		{"cose", as(unread, "FRM-03"), "a signed message", held(func(r []byte) string { return "\xD2\x84" + string(r) })},
		{"cbor-tag", as(unread, "FRM-03"), "a tag of CBOR", held(func(r []byte) string { return "\xD8\x3D" + string(r) })},
		{"json-string", as(unread, "FRM-03"), "a string of JSON", held(func(r []byte) string { return `"` + b64(r) + `"` })},
		{"listing", as(unread, "FRM-03"), "hex with offsets", held(func(r []byte) string { return "00000000: " + hex.EncodeToString(r) })},
		{"certificate-as-text", as(unread, "FRM-03"), "what openssl prints", held(func([]byte) string { return "Certificate:\n    Data:\n" })},
		{"raw-with-a-line-break", as(unread, "FRM-03"), "bytes that an editor saved", held(func(r []byte) string { return string(r) + "\n" })},
		{"json-with-a-report", as(unread, "FRM-03", "FRM-20"), "JSON of another tool", held(func(r []byte) string { return `{"snp_report": "` + b64(r) + `"}` })},
		{"json-of-fields", as(unread, "FRM-03", "FRM-20"), "fields of a report, which are not what was signed", held(func([]byte) string { return `{"guest_svn": 1}` })},
		{"json-with-a-quote", as(unread, "FRM-03", "FRM-20"), "an older version of a container", held(func([]byte) string { return `{"quote": {}, "report": "AAAA"}` })},
		{"white-space-alone", as(unread, "FRM-02"), "nothing but white space", held(func([]byte) string { return " \n" })},
		{"armour-snp-report", yes("FRM-18"), "another label", held(armour("SNP REPORT"))},
		{"armour-attestation-report", yes("FRM-18"), "and another one", held(armour("ATTESTATION REPORT"))},
		{"armour-of-another-label", as(unread, "FRM-03", "FRM-18"), "a label that is none of a report", held(armour("QUOTE"))},
		{"certutil-around-less", as(unread, "FRM-03", "FRM-18"), "1183 bytes", held(func(r []byte) string { return armour("CERTIFICATE")(r[1:]) })},
		{"certutil-around-more", as(unread, "FRM-03", "FRM-18"), "1185 bytes", held(func(r []byte) string { return armour("CERTIFICATE")(append(r, 0)) })},
		{"armour-that-begins-twice", no("FRM-44", "FRM-18"), "a BEGIN inside of a block", held(func(r []byte) string { return "-----BEGIN REPORT-----\n" + armour("REPORT")(r) })},
		{"numbers-without-end", no("FRM-17"), "an array that broke off", held(func(r []byte) string { return strings.TrimSuffix(strings.ReplaceAll(fmt.Sprint(r), " ", ","), "]") })},
		{"coco-without-version", no("JSN-12", "FRM-23"), "a version is required", both(coco(1, same), func(x X) { x.inputs["report"][0] = replace(`"version"`, `"vers"`)(x.inputs["report"][0]) })},
		{"quote-without-signature", no("JSN-12", "FRM-23"), "a quote has one", quoted(`"message": "00", "pcrs": ["00"]`)},
		{"quote-without-message", no("JSN-12", "FRM-23"), "and a message", quoted(`"signature": "00", "pcrs": ["00"]`)},
		{"quote-of-1024-bytes-and-one-pcr", as("PCRMismatchError", "TPM-40", "FRM-22", "FRM-23"), "a container may have them, and a quote has 24", quoted(`"signature": "` + strings.Repeat("00", 1024) + `", "message": "00", "pcrs": ["00"]`)},
		{"tinfoil-without-body", no("JSN-12", "FRM-25"), "nothing in it", held(func([]byte) string { return `{"format": "https://tinfoil.sh/predicate/sev-snp-guest/v2"}` })},
		{"attestation-rs-without-evidence", no("JSN-12", "FRM-24"), "nothing in it", held(func([]byte) string { return `{"platform": "snp"}` })},
		{"attestation-rs-without-report", no("JSN-12", "FRM-24"), "certificates alone", held(func([]byte) string { return `{"platform": "snp", "evidence": {"cert_chain": {}}}` })},
		{"protobuf", as(unread, "FRM-03"), "the protobuf of a tool", held(func(r []byte) string { return "\x0A\xA0\x09" + string(r) })},
		{"base64-of-three-paddings", as(unread, "FRM-02", "FRM-16"), "two are the most there can be", held(func(r []byte) string { return b64(r) + "==" })},
		{"base64-of-four-paddings", as(unread, "FRM-02", "FRM-16"), "nor four, behind what needs none", held(func(r []byte) string { return b64(append(r, make([]byte, 25)...)) + "====" })},
		{"base64-of-half-a-padding", as(unread, "FRM-02", "FRM-16"), "one, where two are due", held(func(r []byte) string { return strings.TrimSuffix(b64(mint.NewDeviceResponse(r).Encode()), "=") })},
		{"two-blocks", no("FRM-18"), "two reports in armour", held(func(r []byte) string { return armour("REPORT")(r) + armour("REPORT")(r) })},
		{"two-forms", no("FRM-21", "FRM-20"), "members of two containers", held(func(r []byte) string { return strings.Replace(rs("snp")(r), "{", `{"format": "x", `, 1) })},
		{"long-hex", no("FRM-22"), "a quote of 1025 bytes", quoted(`"signature": "` + strings.Repeat("00", 1025) + `", "message": "00", "pcrs": ["00"]`)},
		{"quote-no-hex", no("FRM-22"), "or in another form", quoted(`"signature": "0g", "message": "00", "pcrs": ["00"]`)},
		{"quote-empty", no("JSN-12", "FRM-22"), "or of no byte", quoted(`"signature": "", "message": "00", "pcrs": ["00"]`)},
		{"quote-with-25-pcrs", no("JSN-16", "FRM-23"), "24 registers", quoted(`"signature": "00", "message": "00", "pcrs": [` + strings.Repeat(`"00", `, 24) + `"00"]`)},
		{"quote-with-23-pcrs", as("PCRMismatchError", "TPM-40", "FRM-23"), "as many are not all", quoted(`"signature": "00", "message": "00", "pcrs": [` + strings.Repeat(pcr+", ", 22) + pcr + "]")},
		{"quote-with-a-pcr-of-31-bytes", as("PCRMismatchError", "TPM-40", "FRM-23"), "of SHA-256 each", quoted(`"signature": "00", "message": "00", "pcrs": [` + strings.Repeat(pcr+", ", 23) + `"` + pcr[3:] + "]")},
		{"quote-of-nothing", yes("AZR-13", "FRM-23"), "it was not asked for, and proves nothing", quoted(`"signature": "00", "message": "00", "pcrs": [` + strings.Repeat(pcr+", ", 23) + pcr + "]")},
		{"coco-without-hcl", no("FRM-23"), "what hcl_report holds is a report by itself", coco(1, func(string) string { return b64(make([]byte, 1184)) })},
		{"base64-with-a-line-break-in-json", no("FRM-16"), "text has these freedoms, and JSON has not", coco(1, func(s string) string { return s[:64] + "\n" + s[64:] })},
		{"another-platform", no("JSN-18", "FRM-24"), "a platform that is not read", held(rs("tdx"))},
		{"gzip-with-more", no("FRM-26"), "a byte behind the member", tinfoil(func(r []byte) []byte { return append(zipped(r), 0) })},
		{"gzip-of-two-members", no("FRM-26"), "a second member behind the first", tinfoil(func(r []byte) []byte { return append(zipped(r[:600]), zipped(r[600:])...) })},
		{"tinfoil-of-another-format", as(unread, "FRM-03", "FRM-25"), "a document of a later version", held(func(r []byte) string {
			return fmt.Sprintf(`{"format": "https://tinfoil.sh/predicate/sev-snp-guest/v3", "body": %q}`, b64(zipped(r)))
		})},
		{"tinfoil-without-format", no("JSN-12", "FRM-25"), "or of none", held(func(r []byte) string { return fmt.Sprintf(`{"format": "", "body": %q}`, b64(zipped(r))) })},
		{"thim", as(unread, "FRM-03", "FRM-20"), "certificates where the report is due, in JSON", held(func([]byte) string { return `{"vcekCert": "x", "certificateChain": "y", "tcbm": "00"}` })},
		{"container-name-in-another-case", no("JSN-10", "FRM-20"), "a member that folds to one of a container", held(func(r []byte) string { return strings.Replace(rs("snp")(r), "{", `{"VcekCert": "x", `, 1) })},
		{"utf-16-big-endian", yes("FRM-14"), "of the other byte order", held(func(r []byte) string { return "\xFE\xFF\x00" + wide(b64(r)) })},
		{"utf-16-of-odd-length", no("FRM-14"), "half a character", held(func(r []byte) string { return "\xFF\xFE" + wide(b64(r)) })},
		{"mark-before-bytes", no("FRM-14"), "a byte order mark before a binary form", held(func(r []byte) string { return "\uFEFF" + string(r) })},
		{"gzip-bomb", no("FRM-26", "GEN-04"), "more than 65536 bytes unpacked", tinfoil(func([]byte) []byte { return zipped(make([]byte, 1<<20)) })},
		{"a-name-twice", no("JSN-09", "FRM-20"), "JSON is read strictly here too", held(func(r []byte) string { return strings.Replace(rs("snp")(r), "{", `{"platform": "snp", `, 1) })},
	}}
	certs := func(write func(x X) []byte) func(X) {
		return func(x X) {
			x.sealed()
			x.inputs["certs"] = [][]byte{write(x)}
		}
	}
	thim := func(x X) string {
		quote := func(b []byte) string { return `"` + strings.ReplaceAll(string(b), "\n", `\n`) + `"` }
		return `{"vcekCert": ` + quote(mint.PEM(x.Leaf)) + `, "certificateChain": ` + quote(mint.PEM(x.Intermediate, x.ARK)) + `, "tcbm": "00"}`
	}
	chained := func(change func(pem []byte) []byte) func(X) { // leaf and intermediate
		return certs(func(x X) []byte { return change(mint.PEM(x.Leaf, x.Intermediate)) })
	}
	bag := func(ders func(x X) [][]byte) func(X) {
		return certs(func(x X) []byte { return mint.PEM(ders(x)...) })
	}
	other, alien := mint.Evidence("Genoa", 3, "vcek"), mint.VCEK("Milan", mint.DefaultTCB("Milan"), make([]byte, 64))
	ask, older := mint.CAKey("SEV-Milan"), alien
	older.SetValidity(mint.NotBefore.AddDate(-1, 0, 0), mint.NotAfterLeaf)
	bags := section{"held-certs", hardware("Milan", 3, "vcek"), chain, []row{
		{"thim", yes("FRM-43", "FRM-40"), "an answer of Azure's THIM", certs(func(x X) []byte { return []byte(thim(x)) })},
		{"thim-in-base64", yes("FRM-43", "FRM-40"), "as ACI has it", certs(func(x X) []byte { return []byte(b64([]byte(thim(x)))) })},
		{"der-behind-der", yes("FRM-42"), "one behind the other", certs(func(x X) []byte { return append(bytes.Clone(x.Leaf), x.Intermediate...) })},
		{"pem-with-text", yes("FRM-44"), "text of openssl x509 before a block", chained(wrap("Certificate:\n    Data:\n", ""))},
		{"pem-with-words", yes("FRM-44"), "which are no label", chained(wrap("here is no PRIVATE KEY\n", ""))},
		{"pem-of-other-labels", yes("FRM-44"), "blocks that are passed over may hold anything, their label too", chained(func(pem []byte) []byte {
			for _, label := range []string{"CERTIFICATE REQUEST", "TRUSTED CERTIFICATE", "X509 CRL 2", "OLD X509 CRL"} {
				pem = fmt.Appendf(pem, "-----BEGIN %s-----\n!\n%[1]s\n-----END %[1]s-----\n", label)
			}
			return pem
		})},
		{"pem-with-a-crl-of-no-base64", no("FRM-44"), "a CRL is read", chained(wrap("", "-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n"))},
		{"begin-within-a-line", no("FRM-44"), "PEM without a block", certs(func(X) []byte { return []byte("see -----BEGIN CERTIFICATE-----") })},
		{"64-blocks", yes("FRM-44"), "as many as there may be", chained(wrap("", strings.Repeat(armour("NOTE")([]byte("x")), 62)))},
		{"65-blocks", no("FRM-44", "GEN-04"), "and not one more", chained(wrap("", strings.Repeat(armour("NOTE")([]byte("x")), 63)))},
		{"private-key-labelled-as-a-certificate", as("UsageError", "FRM-04"), "by its DER", certs(func(x X) []byte {
			return mint.PEM(x.Leaf, x.Intermediate, must(x509.MarshalPKCS8PrivateKey(releaseKey)))
		})},
		{"literal-breaks", yes("FRM-44"), "literal line breaks", chained(func(pem []byte) []byte { return bytes.ReplaceAll(pem, []byte("\n"), []byte(`\n`)) })},
		{"chosen", yes("FRM-50", "FRM-52"), "out of a larger bag", bag(func(x X) [][]byte {
			return slices.Concat(vlek, [][]byte{x.Leaf, other.Leaf, x.Intermediate, other.Intermediate})
		})},
		{"none-fits", as("EndorsementMismatchError", "END-05", "FRM-51"), "the first of the right kind goes on, and the verifier says why it is not the one", bag(func(x X) [][]byte {
			return slices.Concat(vlek, [][]byte{alien.Encode(ask), x.Intermediate})
		})},
		{"chosen-of-two-chips", yes("FRM-50", "FRM-52"), "the leaf of this chip, which is newer and stands behind the other", bag(func(x X) [][]byte { return [][]byte{older.Encode(ask), x.Leaf, x.Intermediate} })},
		{"none-fits-among-unreadable", as("EndorsementMismatchError", "END-05", "FRM-51"), "certificates that cannot be read do not go before it", bag(func(x X) [][]byte { return [][]byte{sequence(1), alien.Encode(ask), x.Intermediate} })},
		{"only-of-the-other-kind-behind-its-issuer", as("ReportSignatureInvalidError", "RPT-23", "FRM-51"), "a leaf goes before an intermediate that stands before it", bag(func(X) [][]byte { return [][]byte{vlek[1], vlek[0]} })},
		{"only-of-the-other-kind", as("ReportSignatureInvalidError", "RPT-23", "FRM-51"), "then the first leaf, whatever its kind", bag(func(X) [][]byte { return slices.Concat([][]byte{sequence(1)}, vlek) })},
		{"unreadable-alone", no("CHN-10", "FRM-51"), "then the first that cannot be read", certs(func(x X) []byte { return mint.PEM(x.Intermediate, sequence(1)) })},
		{"no-leaf", no("CHN-40", "FRM-51"), "then the first of all", certs(func(x X) []byte { return mint.PEM(x.Intermediate) })},
		{"a-report", as(unread, "FRM-03"), "a report where certificates are due", func(x X) { x.inputs["certs"] = [][]byte{x.sealed()} }},
		{"base64-of-der", yes("FRM-40", "FRM-42"), "DER behind DER, as text", certs(func(x X) []byte { return []byte(b64(slices.Concat(x.Leaf, x.Intermediate))) })},
		{"two-bytes-of-der", no("FRM-42"), "a SEQUENCE that broke off", certs(func(X) []byte { return []byte{0x30, 0x82} })},
		{"gzip", as(unread, "FRM-03"), "recognised, although it has zero bytes as a table has", certs(func(x X) []byte { return zipped(x.Leaf) })},
		{"base64-of-html", as(unread, "FRM-03", "FRM-40"), "recognised in text", certs(func(X) []byte { return []byte(b64([]byte("<html>404</html>"))) })},
		{"base64-of-something-else", as(unread, "FRM-02", "FRM-40"), "and of no known form", certs(func(X) []byte { return []byte(b64([]byte("no certificate"))) })},
		{"chosen-of-two-roots", yes("FRM-50"), "of two roots the one of this product", certs(func(x X) []byte { return mint.PEM(other.ARK, x.ARK, x.Intermediate, x.Leaf) })},
		{"chosen-of-two-products", yes("FRM-50"), "not the later root, of another product", certs(func(x X) []byte {
			root := mint.ARK("Genoa")
			root.SetValidity(mint.NotBefore.AddDate(0, 0, 1), mint.NotAfterCA)
			return mint.PEM(root.Encode(mint.CAKey("ARK-Genoa")), x.Leaf, x.Intermediate)
		})},
		{"chosen-with-a-false-root", no("CHN-43", "FRM-50"), "a root that is there goes on", certs(func(x X) []byte {
			return mint.PEM(mint.ARK("Milan").Encode(mint.CAKey(mint.OtherCA)), x.Leaf, x.Intermediate)
		})},
		{"chosen-for-a-vlek", yes("FRM-50"), "SIGNING_KEY says of which kind the leaf is", func(x X) {
			own := x.Leaf
			*x = *hardware("Milan", 3, "vlek")()
			x.inputs["certs"] = [][]byte{mint.PEM(own, x.Leaf, x.Intermediate)}
		}},
		{"a-vcek-for-a-vlek", as("ReportSignatureInvalidError", "RPT-23", "FRM-51"), "the first leaf behind its issuer, of the kind that the report is not signed by", func(x X) {
			own := mint.PEM(x.Intermediate, x.Leaf)
			*x = *hardware("Milan", 3, "vlek")()
			x.inputs["certs"] = [][]byte{own}
		}},
		{"private-key-in-der", as("UsageError", "FRM-04"), "behind a certificate", certs(func(x X) []byte {
			return slices.Concat(x.Leaf, must(x509.MarshalPKCS8PrivateKey(releaseKey)))
		})},
		{"table-with-an-unknown-entry", yes("CAR-18", "CAR-22", "FRM-40"), "which may hold anything, and so may a CRL", certs(func(x X) []byte {
			t := x.Table()
			for _, guid := range []string{"00112233-4455-6677-8899-aabbccddeeff", mint.GUIDCRL} {
				t.Entries = append(t.Entries, mint.TableEntry{GUID: guid, Data: []byte("-----BEGIN NOTHING")})
			}
			return t.Encode()
		})},
		{"table-of-pem", yes("CAR-14", "FRM-40"), "entries in PEM", certs(func(x X) []byte {
			t := x.Table()
			for i, e := range t.Entries {
				t.Entries[i].Data = mint.PEM(e.Data)
			}
			slices.Reverse(t.Entries) // the leaf is last
			return t.Encode()
		})},
		{"thim-with-an-empty-certificate", no("JSN-12", "FRM-43"), "no leaf", certs(func(X) []byte { return []byte(`{"vcekCert": ""}`) })},
		{"thim-without-a-certificate", no("JSN-12", "FRM-43"), "the leaf is required", certs(func(x X) []byte { return []byte(`{"tcbm": "00"}`) })},
		{"thim-with-an-empty-tcbm", no("JSN-12", "FRM-43"), "it is never used, and not empty", certs(func(x X) []byte { return replace(`"00"`, `""`)([]byte(thim(x))) })},
		{"thim-with-half-a-certificate", no("FRM-44", "FRM-43"), "before a good chain", certs(func(x X) []byte { return replace("-----END", "")([]byte(thim(x))) })},
		{"thim-with-an-empty-chain", no("JSN-12", "FRM-43"), "a chain may be absent, and not empty", certs(func(x X) []byte {
			return doc{{"vcekCert", string(mint.PEM(x.Leaf))}, {"certificateChain", ""}}.Text()
		})},
		{"chosen-before-one-that-ended", yes("FRM-52"), "of two leaves of this chip, the one that is valid", certs(func(x X) []byte {
			old := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan"))
			old.SetValidity(mint.NotBefore, mint.NotBefore.AddDate(0, 0, 1))
			return mint.PEM(old.Encode(mint.CAKey("SEV-Milan")), x.Leaf, x.Intermediate)
		})},
		{"absent", as(unread, "CLI-03"), "no certificate at all", input("certs")},
		{"table", yes("FRM-40"), "a certificate table, each entry of which counts", certs(func(x X) []byte { return x.Table().Encode() })},
		{"table-with-a-private-key", as("UsageError", "FRM-04", "FRM-40"), "among certificates", certs(func(x X) []byte {
			return mint.Table{Entries: append(x.Table().Entries, mint.TableEntry{GUID: mint.GUIDVLEK, Data: must(x509.MarshalPKCS8PrivateKey(releaseKey))})}.Encode()
		})},
		{"thim-name-in-another-case", no("JSN-10", "FRM-43"), "a member that folds to a known one", certs(func(x X) []byte { return []byte(strings.Replace(thim(x), "tcbm", "TCBM", 1)) })},
		{"32-in-two-files", yes("FRM-41"), "as many as there may be", func(x X) { x.sealed(); x.inputs["certs"] = [][]byte{mint.PEM(x.Leaf, x.Intermediate), sequences(30)} }},
		{"32-in-a-file", yes("FRM-41"), "in one file too", certs(func(x X) []byte { return slices.Concat(x.Leaf, x.Intermediate, sequences(30)) })},
		{"32-and-a-crl", yes("FRM-41"), "a CRL is no certificate", func(x X) {
			x.sealed()
			crl := mint.CRL("Milan")
			x.inputs["certs"] = [][]byte{append(mint.PEM(x.Leaf, x.Intermediate), mint.PEMSpec{Type: "X509 CRL"}.Encode(crl.Encode(mint.CAKey("ARK-Milan")))...), sequences(30)}
		}},
		{"utf-16-of-odd-length", no("FRM-14"), "half a character", chained(func(pem []byte) []byte { return wrap("\xFF\xFE", "\x00x")([]byte(wide(string(pem)))) })},
		{"white-space-before-pem", yes("FRM-14"), "before BEGIN, as before JSON", chained(wrap("\t\r\n ", ""))},
		{"end-without-begin", no("FRM-44"), "an END in the wrong place", chained(wrap("-----END CERTIFICATE-----\n", ""))},
		{"33-in-two-files", no("FRM-41", "GEN-04"), "and not one more", func(x X) { x.sealed(); x.inputs["certs"] = [][]byte{mint.PEM(x.Leaf, x.Intermediate), sequences(31)} }},
		{"33-certificates", no("FRM-41", "GEN-04"), "32 at most", certs(func(x X) []byte { return bytes.Repeat(x.Leaf, 33) })},
		{"damaged-table", no("CAR-16", "FRM-40"), "a table that is broken is refused, and not tried as another form", certs(func(x X) []byte {
			return mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Length: new(uint32(8192)), Data: x.Leaf}}}.Encode()
		})},
		{"broken-der", no("FRM-42"), "something behind DER", certs(func(x X) []byte { return append(bytes.Clone(x.Leaf), 'x') })},
		{"no-end", no("FRM-44"), "BEGIN without END", certs(func(x X) []byte { return mint.PEM(x.Leaf)[:500] })},
		{"private-key", as("UsageError", "FRM-04"), "behind a chain", certs(func(x X) []byte { return append(mint.PEM(x.Leaf), armour("EC PRIVATE KEY")([]byte("no key"))...) })},
		{"none", as(unread, "FRM-02"), "a bag without a certificate", certs(func(X) []byte { return nil })},
	}}
	return []section{reports, bags}
}

// sequence is DER that is no certificate, another for each n.
func sequence(n int) []byte { return mint.TLV(mint.TagSequence, bytes.Repeat([]byte{byte(n)}, 200)) }

// sequences are n of them, one behind the other.
func sequences(n int) (all []byte) {
	for i := range n {
		all = append(all, sequence(i)...)
	}
	return all
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func padded(b []byte) []byte { return append(b, make([]byte, 1184-len(b))...) }
