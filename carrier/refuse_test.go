package carrier_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
)

// The three ends of a refusal.
const (
	isMalformed = "malformed"
	isUnread    = "unread"
	isKey       = "private key"
)

func endOf(err error) string {
	var unread *carrier.UnreadError
	var key *carrier.PrivateKeyError
	var fault *rule.Error
	switch {
	case errors.As(err, &unread):
		return isUnread
	case errors.As(err, &key):
		return isKey
	case errors.As(err, &fault):
		return isMalformed
	}
	return "none"
}

func ruleOf(err error) string {
	var d rule.Detailed
	if errors.As(err, &d) {
		return d.Details().Rule
	}
	return ""
}

type refusal struct {
	name    string
	input   []byte
	end     string
	rule    string
	contain string // of the message or the conversion
}

func with(o m, member string, value any) []byte {
	o[member] = value
	return object(o)
}

// reportRefusals are inputs of Open that it refuses.
func reportRefusals() []refusal {
	r := evidence().Report
	bomb := zipped(make([]byte, 10<<20))
	spaces := strings.Repeat(" ", 1<<20)
	list := []refusal{
		{"empty", nil, isUnread, "FRM-02", "empty"},
		{"white space", []byte(" \r\n"), isUnread, "FRM-02", "empty"},
		{"too long", []byte(spaces + "0"), isMalformed, "FRM-01", ""},
		{"another length", make([]byte, 1183), isUnread, "FRM-02", "1183 bytes"},
		{"no text", []byte("hello, world"), isUnread, "FRM-02", "neither hex nor base64"},
		{"both alphabets", []byte(b64(r)[:100] + "+/-_" + b64(r)[104:]), isUnread, "FRM-02", "both alphabets"},
		{"bits behind the last byte", []byte(b64(r)[:1578] + "//"), isUnread, "FRM-02", ""},
		{"too much padding", []byte(b64(r) + "="), isUnread, "FRM-02", "padding"},
		{"an odd hex digit", []byte(hex.EncodeToString(r)[1:]), isUnread, "FRM-02", ""},
		{"1184 characters, none of them zero", []byte(strings.Repeat("01", 592)), isUnread, "FRM-02", "592 bytes"},
		{"1184 bytes, none of them zero, and a line break", []byte(strings.Repeat("\x81", 1184) + "\n"), isUnread, "FRM-02", "neither hex nor base64"},
		{"0x alone", []byte("0x"), isUnread, "FRM-02", ""},
		{"two 0x", []byte("0x0x" + hex.EncodeToString(r)), isUnread, "FRM-02", ""},
		{"base64 of something else", []byte(b64(bytes.Repeat([]byte{1}, 300))), isUnread, "FRM-02", "300 bytes"},
		{"base64 of base64", []byte(b64([]byte(b64(r)))), isUnread, "FRM-02", ""},
		{"gzip", zipped(r), isUnread, "FRM-03", "gunzip"},
		{"base64 of gzip", []byte(b64(zipped(r))), isUnread, "FRM-03", "gunzip"},
		{"hex of gzip", []byte(hex.EncodeToString(zipped(r))), isUnread, "FRM-03", "gunzip"},
		{"zip", append([]byte("PK\x03\x04"), r...), isUnread, "FRM-03", "unzip"},
		{"HTML", []byte("<!DOCTYPE html><html></html>"), isUnread, "FRM-03", "HTML"},
		{"protobuf", append([]byte{0x0A, 0xA0, 0x09}, r...), isUnread, "FRM-03", "protobuf"},
		{"COSE", append([]byte{0xD2, 0x84}, r...), isUnread, "FRM-03", "COSE"},
		{"CBOR", append([]byte{0xA3}, r...), isUnread, "FRM-03", "CBOR"},
		{"CBOR with a tag", append([]byte{0xD8, 0x3D}, r...), isUnread, "FRM-03", "CBOR"},
		{"xxd", []byte("00000000: 0300 0000 0900 0100  ........\n"), isUnread, "FRM-03", "xxd -r"},
		{"hexdump -C", []byte("00000000  03 00 00 00 09 00 01 00  |........|\n"), isUnread, "FRM-03", "listing"},
		{"od", []byte("0000000 000003 000000 000011\n"), isUnread, "FRM-03", "listing"},
		{"openssl", []byte("0000 - 03 00 00 00 09 00 01 00-1f 00   ........\n"), isUnread, "FRM-03", "listing"},
		{"certificate", leaf(), isUnread, "FRM-03", "a DER certificate"},
		{"CRL", mint.CRL("Milan").Encode(mint.CAKey("ARK-Milan")), isUnread, "FRM-03", "DER"},
		{"PEM certificate", mint.PEM(leaf()), isUnread, "FRM-03", "--certs"},
		{"PEM chain", evidence().PEM(), isUnread, "FRM-03", "--certs"},
		{"PEM, a broken boundary", []byte("-----BEGIN REPORT\n"), isMalformed, "FRM-44", ""},
		{"two PEM blocks", append(pem.EncodeToMemory(&pem.Block{Type: "REPORT", Bytes: r}), mint.PEM(leaf())...), isMalformed, "FRM-18", ""},
		{"a PEM certificate as long as a report", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append([]byte{0x30, 0x82, 0x04, 0x9C}, make([]byte, 1180)...)}), isUnread, "FRM-03", "--certs"},
		{"PEM of CERTIFICATES, a report", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATES", Bytes: r}), isUnread, "FRM-03", "label"},
		{"PEM of CERTIFICATES, none", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATES", Bytes: leaf()}), isUnread, "FRM-03", "label"},
		{"PEM of A CERTIFICATE, a report", pem.EncodeToMemory(&pem.Block{Type: "A CERTIFICATE", Bytes: r}), isUnread, "FRM-03", "label"},
		{"PEM of A CERTIFICATE, none", pem.EncodeToMemory(&pem.Block{Type: "A CERTIFICATE", Bytes: leaf()}), isUnread, "FRM-03", "label"},
		{"numbers, 0x", []byte("[0x" + strings.Repeat(",0", 1183) + "]"), isMalformed, "FRM-17", "index 0"},
		{"numbers, -0", []byte("[-0" + strings.Repeat(",0", 1183) + "]"), isMalformed, "FRM-17", "index 0"},
		{"PEM with more behind the label", pem.EncodeToMemory(&pem.Block{Type: "REPORTS", Bytes: r}), isUnread, "FRM-03", "label"},
		{"a JSON string", object(b64(r)), isUnread, "FRM-03", "jq -r"},
		{"numbers, a sign", []byte("[+1" + strings.Repeat(",0", 1183) + "]"), isMalformed, "FRM-17", "index 0"},
		{"numbers, none", []byte("[]"), isMalformed, "FRM-17", "index 0"},
		{"PEM of another label", pem.EncodeToMemory(&pem.Block{Type: "SOMETHING", Bytes: r}), isUnread, "FRM-03", "label"},
		{"PEM without an end", []byte("-----BEGIN REPORT-----\n" + b64(r)), isMalformed, "FRM-44", ""},
		{"PEM with another end", []byte("-----BEGIN REPORT-----\n" + b64(r) + "\n-----END CERTIFICATE-----\n"), isMalformed, "FRM-44", ""},
		{"PEM of no base64", []byte("-----BEGIN REPORT-----\n!\n-----END REPORT-----\n"), isMalformed, "FRM-18", ""},
		{"armour around base64", pem.EncodeToMemory(&pem.Block{Type: "REPORT", Bytes: []byte(b64(r))}), isUnread, "FRM-02", ""},
		{"a certificate as text", []byte("Certificate:\n    Data:\n"), isUnread, "FRM-03", "--certs"},
		{"report and line break", append(bytes.Clone(r), '\n'), isUnread, "FRM-03", "head -c 1184"},
		{"damaged guest response", func() []byte { d := mint.NewDeviceResponse(r); d.Status = 0x16; return d.Encode() }(), isMalformed, "CAR-05", ""},
		{"damaged table", append(bytes.Clone(r), bytes.Repeat([]byte{1}, 40)...), isMalformed, "CAR-11", ""},
		{"JSON behind a mark", append([]byte("\uFEFF"), object(attestationRS(r))...), isMalformed, "FRM-14", ""},
		{"numbers behind a mark", []byte("\uFEFF[1]"), isMalformed, "FRM-14", ""},
		{"a report behind a mark", append([]byte("\uFEFF"), r...), isMalformed, "FRM-14", ""},
		{"half a UTF-16 unit", append(utf16Text(b64(r), binary.LittleEndian), 'x'), isMalformed, "FRM-14", ""},
		{"numbers, one less", []byte("[" + strings.Repeat("0,", 1182) + "0]"), isMalformed, "FRM-17", "1183"},
		{"numbers, one more", []byte("[" + strings.Repeat("0,", 1184) + "0]"), isMalformed, "FRM-17", "1184"},
		{"numbers, 256", []byte("[256" + strings.Repeat(",0", 1183) + "]"), isMalformed, "FRM-17", "index 0"},
		{"numbers, 007", []byte("[007" + strings.Repeat(",0", 1183) + "]"), isMalformed, "FRM-17", "index 0"},
		{"numbers, not closed", []byte("[0" + strings.Repeat(",0", 1183)), isMalformed, "FRM-17", "behind them"},
		{"numbers, something behind", []byte("[0" + strings.Repeat(",0", 1183) + "],1]"), isMalformed, "FRM-17", ""},
		{"JSON of no known form", []byte(`{"a": 1}`), isUnread, "FRM-02", ""},
		{"JSON, cut", []byte(`{"platform": "snp", `), isMalformed, "JSN-06", ""},
		{"JSON, a name twice", []byte(`{"platform": "snp", "platform": "snp"}`), isMalformed, "JSN-09", ""},
		{"JSON, another case", []byte(`{"Platform": "snp"}`), isMalformed, "JSN-10", ""},
		{"JSON, null", []byte(`{"platform": null, "evidence": {}}`), isMalformed, "JSN-12", ""},
		{"JSON, nine levels", []byte(`{"a":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`), isMalformed, "JSN-08", ""},
		{"two forms at once", with(attestationRS(r), "hcl_report", "SENMQQ"), isMalformed, "FRM-21", ""},
		{"virtee's JSON", []byte(`{"version": 2, "guest_svn": 0, "policy": {}}`), isUnread, "FRM-03", "virtee"},
		{"cmcp", with(m{"v": 1}, "snp_report", b64(r)), isUnread, "FRM-03", "jq -r .snp_report"},
		{"CoCo 0", with(m{"quote": m{}}, "report", []int{1}), isUnread, "FRM-03", "version 0"},
		{"THIM", with(m{}, "vcekCert", "x"), isUnread, "FRM-03", "--certs"},
		{"Tinfoil 1", with(tinfoil(zipped(r)), "format", "https://tinfoil.sh/predicate/sev-snp-guest/v1"), isUnread, "FRM-03", "jq -r .body"},
		{"Tinfoil, no gzip", object(tinfoil(r)), isMalformed, "FRM-26", ""},
		{"Tinfoil, a byte behind gzip", object(tinfoil(append(zipped(r), 0))), isMalformed, "FRM-26", ""},
		{"Tinfoil, two members", object(tinfoil(append(zipped(r), zipped(r)...))), isMalformed, "FRM-26", ""},
		{"Tinfoil, damaged", object(tinfoil(zipped(r)[:len(zipped(r))-1])), isMalformed, "FRM-26", ""},
		{"Tinfoil, another scheme", with(tinfoil(zipped(r)), "format", "xttps://tinfoil.sh/predicate/sev-snp-guest/v2"), isUnread, "FRM-03", "jq -r .body"},
		{"Tinfoil, more behind the format", with(tinfoil(zipped(r)), "format", "https://tinfoil.sh/predicate/sev-snp-guest/v21"), isUnread, "FRM-03", "jq -r .body"},
		{"Tinfoil, an empty format", with(tinfoil(r), "format", ""), isMalformed, "JSN-12", ""},
		{"Tinfoil, no body", func() []byte { o := tinfoil(r); delete(o, "body"); return object(o) }(), isMalformed, "JSN-12", ""},
		{"Tinfoil, an empty body", with(tinfoil(r), "body", ""), isMalformed, "JSN-12", ""},
		{"Tinfoil, 65536 bytes", object(tinfoil(zipped(bytes.Repeat([]byte{1}, 1<<16)))), isUnread, "FRM-02", "65536 bytes"},
		{"Tinfoil, 65537 bytes", object(tinfoil(zipped(bytes.Repeat([]byte{1}, 1<<16+1)))), isMalformed, "FRM-26", ""},
		{"Tinfoil, a bomb", object(tinfoil(bomb)), isMalformed, "FRM-26", ""},
		{"Tinfoil, a fourth layer", object(tinfoil(zipped(zipped(r)))), isUnread, "FRM-03", "gzip"},
		{"Tinfoil, base64 in gzip", object(tinfoil(zipped([]byte(b64(r))))), isUnread, "FRM-02", ""},
		{"CoCo, version 3", object(coco(r, 3)), isMalformed, "JSN-15", ""},
		{"CoCo, no version", func() []byte { o := coco(r, 1); delete(o, "version"); return object(o) }(), isMalformed, "JSN-12", ""},
		{"CoCo, version 0", object(coco(r, 0)), isMalformed, "JSN-15", ""},
		{"CoCo, an empty HCL", with(coco(r, 1), "hcl_report", ""), isMalformed, "JSN-12", ""},
		{"CoCo, no signature", with(coco(r, 1), "tpm_quote", m{"message": "00", "pcrs": []string{"00"}}), isMalformed, "JSN-12", ""},
		{"CoCo, an empty signature", with(coco(r, 1), "tpm_quote", m{"signature": "", "message": "00", "pcrs": []string{"00"}}), isMalformed, "JSN-12", ""},
		{"CoCo, no message", with(coco(r, 1), "tpm_quote", m{"signature": "00", "pcrs": []string{"00"}}), isMalformed, "JSN-12", ""},
		{"CoCo, no PCRs", with(coco(r, 1), "tpm_quote", m{"signature": "00", "message": "00"}), isMalformed, "JSN-12", ""},
		{"CoCo, an empty list of PCRs", with(coco(r, 1), "tpm_quote", m{"signature": "00", "message": "00", "pcrs": []string{}}), isMalformed, "JSN-16", ""},
		{"CoCo, an odd digit", with(coco(r, 1), "tpm_quote", m{"signature": "00", "message": "000", "pcrs": []string{"00"}}), isMalformed, "FRM-22", ""},
		{"attestation-rs, Azure without HCL", object(m{"platform": "az-snp", "evidence": m{"version": 1}}), isMalformed, "JSN-12", ""},
		{"attestation-rs, no evidence", object(m{"platform": "snp"}), isMalformed, "JSN-12", ""},
		{"attestation-rs, no platform", object(m{"platform": "", "evidence": m{}}), isMalformed, "JSN-12", ""},
		{"attestation-rs, no report", object(m{"platform": "snp", "evidence": m{}}), isMalformed, "JSN-12", ""},
		{"attestation-rs, an empty certificate", object(m{"platform": "snp", "evidence": m{"attestation_report": b64(r), "cert_chain": m{"vcek": ""}}}), isMalformed, "JSN-12", ""},
		{"two forms, of which the second is not read", with(attestationRS(nil), "guest_svn", 0), isMalformed, "JSN-12", ""},
		{"CoCo, no HCL", with(coco(r, 1), "hcl_report", b64(r)), isMalformed, "FRM-23", ""},
		{"CoCo, PEM for DER", with(coco(r, 1), "vcek", string(mint.PEM(leaf()))), isMalformed, "FRM-16", ""},
		{"CoCo, base64 with line breaks", with(coco(r, 1), "hcl_report", wrap(b64(hcl(r)), 76, "\n")), isMalformed, "FRM-16", "line break"},
		{"CoCo, a signature of no hex", with(coco(r, 1), "tpm_quote", m{"signature": "x", "message": "00", "pcrs": []string{"00"}}), isMalformed, "FRM-22", ""},
		{"CoCo, a long message", with(coco(r, 1), "tpm_quote", m{"signature": "00", "message": strings.Repeat("00", 1025), "pcrs": []string{"00"}}), isMalformed, "FRM-22", ""},
		{"CoCo, 25 PCRs", with(coco(r, 1), "tpm_quote", m{"signature": "00", "message": "00", "pcrs": strings.Split(strings.Repeat("00,", 24)+"00", ",")}), isMalformed, "JSN-16", ""},
		{"attestation-rs, another platform", with(attestationRS(r), "platform", "tdx"), isMalformed, "JSN-18", ""},
		{"attestation-rs, both alphabets", with(m{"platform": "snp"}, "evidence", m{"attestation_report": "ab+/-_"}), isMalformed, "FRM-16", ""},
	}
	for name, key := range privateKeys() {
		list = append(list, refusal{name, key, isKey, "FRM-04", ""})
	}
	return list
}

func TestRefusals(t *testing.T) {
	for _, tt := range reportRefusals() {
		e, err := carrier.Open(tt.input)
		checkRefusal(t, tt, e == nil, err)
	}
}

func checkRefusal(t *testing.T, tt refusal, nothing bool, err error) {
	t.Helper()
	text := fmt.Sprint(err)
	var unread *carrier.UnreadError
	if errors.As(err, &unread) {
		text += " " + unread.Convert
	}
	if !nothing || endOf(err) != tt.end || ruleOf(err) != tt.rule || !strings.Contains(text, tt.contain) {
		t.Errorf("%s: got %s %s, want %s %s: %v", tt.name, endOf(err), ruleOf(err), tt.end, tt.rule, text)
	}
	if len(text) > 400 {
		t.Errorf("%s: an error of %d bytes", tt.name, len(text))
	}
}

// TestShortHCL: what is cut is carried for package azure to judge, without a report.
func TestShortHCL(t *testing.T) {
	whole := hcl(evidence().Report)
	lengths := []int{0x20 + 1184 - 1, 0x20 + 1184, 0x20 + 1184 + 1}
	for n := 4; n <= len(whole); n += 50 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		e, err := carrier.Open(whole[:n])
		if err != nil || len(e.HCL) != n || (e.Report != nil) != (n >= 0x20+1184) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// TestOneEncodingEach: text that is damaged in one character is never another report.
func TestOneEncodingEach(t *testing.T) {
	report := evidence().Report
	text := []byte(base64.StdEncoding.EncodeToString(report))
	for i := range text {
		for _, c := range []byte("A+-=!\x00") {
			if text[i] == c {
				continue
			}
			damaged := bytes.Clone(text)
			damaged[i] = c
			if e, err := carrier.Open(damaged); err == nil && bytes.Equal(e.Report, report) {
				t.Fatalf("%q at %d reads as the same report", c, i)
			}
		}
	}
}
