package carrier_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/mint"
)

// A form is one way to write a report down.
type form struct {
	name   string
	want   carrier.Form
	encode func(report []byte) []byte
}

var std, url = base64.StdEncoding, base64.URLEncoding

func b64(b []byte) string { return std.EncodeToString(b) }

// wrap breaks text into lines.
func wrap(text string, width int, end string) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + end)
		text = text[width:]
	}
	return b.String() + text + end
}

func utf16Text(s string, order binary.AppendByteOrder) []byte {
	b := order.AppendUint16(nil, 0xFEFF)
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// hcl is an Azure HCL report around a report, padded as an NV index is.
func hcl(report []byte) []byte {
	runtime := []byte(`{"keys":[]}`)
	b := []byte("HCLA")
	for _, v := range []uint32{2, uint32(1236 + len(runtime)), 2, 0, 0, 0, 0} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, report...)
	for _, v := range []uint32{uint32(20 + len(runtime)), 1, 2, 1, uint32(len(runtime))} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, runtime...)
	return append(b, make([]byte, 2600-len(b))...)
}

func object(t any) []byte {
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		panic(err)
	}
	return b
}

type m = map[string]any

var quote = m{"signature": "aa", "message": "bb", "pcrs": []string{"00", "ff"}}

func coco(report []byte, version int) m {
	return m{"version": version, "hcl_report": strings.TrimRight(url.EncodeToString(hcl(report)), "="), "vcek": url.EncodeToString(leaf()), "tpm_quote": quote, "other": []any{1.5, nil}}
}

func attestationRS(report []byte) m {
	return m{"platform": "snp", "evidence": m{"attestation_report": b64(report), "cert_chain": m{"vcek": b64(leaf())}}}
}

func tinfoil(body []byte) m {
	return m{"format": "https://tinfoil.sh/predicate/sev-snp-guest/v2", "body": b64(body)}
}

func evidence() *mint.Set { return mint.Evidence("Milan", 3, "vcek") }
func leaf() []byte        { return evidence().Leaf }

// forms are all that Open reads.
func forms() []form {
	text := func(s func(r []byte) string) func([]byte) []byte {
		return func(r []byte) []byte { return []byte(s(r)) }
	}
	armour := func(label string) func([]byte) []byte {
		return func(r []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: r}) }
	}
	container := func(make func(r []byte) m) func([]byte) []byte {
		return func(r []byte) []byte { return object(make(r)) }
	}
	numbers := func(separator string) func([]byte) []byte {
		return text(func(r []byte) string { return strings.ReplaceAll(fmt.Sprint(r), " ", separator) + "\n" })
	}
	return []form{
		{"raw", carrier.Raw, func(r []byte) []byte { return r }},
		{"guest response", carrier.GuestResponse, func(r []byte) []byte { return mint.NewDeviceResponse(r).Encode() }},
		{"extended", carrier.Extended, func(r []byte) []byte { return append(bytes.Clone(r), evidence().Table().Encode()...) }},
		{"hex", carrier.Hex, text(hex.EncodeToString)},
		{"hex and a line break", carrier.Hex, text(func(r []byte) string { return hex.EncodeToString(r) + "\r\n" })},
		{"base64", carrier.Base64, text(b64)},
		{"upper case", carrier.Hex, text(func(r []byte) string { return fmt.Sprintf("%X", r) })},
		{"0x", carrier.Text, text(func(r []byte) string { return fmt.Sprintf("0x%x\n", r) })},
		{"xxd -p", carrier.Text, text(func(r []byte) string { return wrap(hex.EncodeToString(r), 60, "\n") })},
		{"blanks", carrier.Text, text(func(r []byte) string { return fmt.Sprintf("% x", r) })},
		{"colons", carrier.Text, text(func(r []byte) string { return strings.ReplaceAll(fmt.Sprintf("% X", r), " ", ":") })},
		{"base64 -w76", carrier.Text, text(func(r []byte) string { return wrap(b64(r), 76, "\n") })},
		{"base64, CRLF", carrier.Text, text(func(r []byte) string { return wrap(b64(r), 64, "\r\n") })},
		{"base64 without padding", carrier.Text, text(base64.RawStdEncoding.EncodeToString)},
		{"base64url", carrier.Text, text(url.EncodeToString)},
		{"base64url without padding", carrier.Text, text(base64.RawURLEncoding.EncodeToString)},
		{"base64 of a guest response", carrier.Text, text(func(r []byte) string { return b64(mint.NewDeviceResponse(r).Encode()) })},
		{"hex of an HCL report", carrier.Text, text(func(r []byte) string { return hex.EncodeToString(hcl(r)) })},
		{"UTF-8 with a mark", carrier.Base64, text(func(r []byte) string { return "\uFEFF" + b64(r) })},
		{"UTF-16LE", carrier.Text, func(r []byte) []byte { return utf16Text(wrap(b64(r), 76, "\r\n"), binary.LittleEndian) }},
		{"UTF-16BE", carrier.Base64, func(r []byte) []byte { return utf16Text(b64(r)+"\r\n", binary.BigEndian) }},
		{"REPORT", carrier.PEM, armour("REPORT")},
		{"SNP REPORT", carrier.PEM, armour("SNP REPORT")},
		{"ATTESTATION REPORT", carrier.PEM, armour("ATTESTATION REPORT")},
		{"certutil", carrier.PEM, armour("CERTIFICATE")},
		{"HCL", carrier.HCL, hcl},
		{"0X", carrier.Text, text(func(r []byte) string { return fmt.Sprintf("0X%X", r) })},
		{"tabs", carrier.Text, text(func(r []byte) string { return wrap(hex.EncodeToString(r), 60, "\t") })},
		{"carriage returns", carrier.Text, text(func(r []byte) string { return wrap(hex.EncodeToString(r), 60, "\r") })},
		{"REPORT behind blanks", carrier.PEM, func(r []byte) []byte { return append([]byte(" \r\n\t"), armour("REPORT")(r)...) }},
		{"numbers behind blanks", carrier.Numbers, func(r []byte) []byte { return append([]byte(" \r\n\t"), numbers(",")(r)...) }},
		{"CoCo 1", carrier.CoCoV1, container(func(r []byte) m { return coco(r, 1) })},
		{"CoCo 2", carrier.CoCoV2, container(func(r []byte) m { return coco(r, 2) })},
		{"attestation-rs", carrier.AttestationRS, container(attestationRS)},
		{"attestation-rs, Azure", carrier.AttestationRS, container(func(r []byte) m { return m{"platform": "az-snp", "evidence": coco(r, 1)} })},
		{"attestation-rs beside a form that is not read", carrier.AttestationRS, container(func(r []byte) m { o := attestationRS(r); o["quote"] = 1; return o })},
		{"numbers", carrier.Numbers, numbers(",")},
		{"attestation-rs behind a line break", carrier.AttestationRS, func(r []byte) []byte { return append([]byte("\n"), object(attestationRS(r))...) }},
		{"numbers, in lines", carrier.Numbers, numbers(",\n  ")},
		{"Tinfoil 2", carrier.TinfoilV2, container(func(r []byte) m { return tinfoil(zipped(r)) })},
	}
}

// TestForms: each form is read, and named.
// Rules: FRM-10, FRM-11, FRM-12, FRM-13, FRM-15, FRM-20, FRM-24, FRM-25.
func TestForms(t *testing.T) {
	report := evidence().Report
	for _, f := range forms() {
		e, err := carrier.Open(f.encode(report))
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if e.Form != f.want || !bytes.Equal(e.Report, report) {
			t.Errorf("%s: read as %s, %d bytes", f.name, e.Form, len(e.Report))
		}
		isAzure := bytes.Contains([]byte(f.name), []byte("HCL")) || strings.Contains(f.name, "CoCo") || strings.Contains(f.name, "Azure")
		if (e.HCL != nil) != isAzure || isAzure && !bytes.Equal(e.HCL, hcl(report)) {
			t.Errorf("%s: %d bytes of HCL", f.name, len(e.HCL))
		}
	}
}

// TestContainersBringMore: certificates and quotes come along.
func TestContainersBringMore(t *testing.T) {
	e := evidence()
	for name, tt := range map[string]struct {
		input        []byte
		certificates [][]byte
		quote        bool
	}{
		"extended":       {append(bytes.Clone(e.Report), e.Table().Encode()...), e.Chain(), false},
		"CoCo":           {object(coco(e.Report, 2)), [][]byte{e.Leaf}, true},
		"attestation-rs": {object(attestationRS(e.Report)), [][]byte{e.Leaf}, false},
		"with ask and ark": {object(m{"platform": "snp", "evidence": m{"attestation_report": b64(e.Report),
			"cert_chain": m{"vcek": b64(e.Leaf), "ask": b64(e.Intermediate), "ark": b64(e.ARK)}}}), e.Chain(), false},
		"HCL": {hcl(e.Report), nil, false},
	} {
		got, err := carrier.Open(tt.input)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Certificates) != len(tt.certificates) {
			t.Errorf("%s: %d certificates", name, len(got.Certificates))
			continue
		}
		for i, c := range got.Certificates {
			if !bytes.Equal(c.DER, tt.certificates[i]) || c.Source == "" {
				t.Errorf("%s: certificate %d is another, from %q", name, i, c.Source)
			}
		}
		if q := got.Quote; (q != nil) != tt.quote || tt.quote && (string(q.Signature) != "\xaa" || string(q.Message) != "\xbb" || len(q.PCRs) != 2) {
			t.Errorf("%s: quote %v", name, q)
		}
	}
}

// privateKeys are private keys as people hold them.
func privateKeys() map[string][]byte {
	key := mint.P256Key("a key that is no secret")
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	sec1, _ := x509.MarshalECPrivateKey(key)
	return map[string][]byte{
		"PKCS#8":           pkcs8,
		"SEC 1":            sec1,
		"PEM":              pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		"PEM, RSA":         pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: pkcs8}),
		"encrypted PKCS#8": mint.TLV(0x30, mint.TLV(0x30, mint.OID("1.2.840.113549.1.5.13")), mint.TLV(0x04, make([]byte, 200))),
	}
}

// TestQuoteBounds: a container has 1 to 24 PCRs, and hex of at most 1024 bytes.
// Rules: FRM-22, FRM-23.
func TestQuoteBounds(t *testing.T) {
	for n, size := range map[int]int{1: 1024, 24: 1} {
		o := coco(evidence().Report, 1)
		o["tpm_quote"] = m{"signature": strings.Repeat("ab", size), "message": strings.Repeat("cd", size), "pcrs": strings.Split(strings.Repeat("00,", n-1)+"00", ",")}
		e, err := carrier.Open(object(o))
		if err != nil || len(e.Quote.PCRs) != n || len(e.Quote.Message) != size || len(e.Quote.Signature) != size {
			t.Errorf("%d PCRs, %d bytes: %v", n, size, err)
		}
	}
}

// TestLargestContainers: JSON may fill an input to its end.
// Rules: FRM-01.
func TestLargestContainers(t *testing.T) {
	fill := func(b []byte) []byte { return append(b, bytes.Repeat([]byte("\n"), carrier.MaxSize-len(b))...) }
	if _, err := carrier.Open(fill(object(attestationRS(evidence().Report)))); err != nil {
		t.Error(err)
	}
	if _, err := carrier.OpenCertificates(fill(thim(evidence()))); err != nil {
		t.Error(err)
	}
}

// TestInputIsCopied: what a caller does to the input afterwards changes nothing.
func TestInputIsCopied(t *testing.T) {
	report, leaf := evidence().Report, leaf()
	for _, f := range forms() {
		input := f.encode(bytes.Clone(report))
		e, err := carrier.Open(input)
		if err != nil {
			t.Fatal(f.name, err)
		}
		whole := bytes.Clone(e.HCL)
		if clear(input); !bytes.Equal(e.Report, report) || !bytes.Equal(e.HCL, whole) {
			t.Errorf("%s: the report is the caller's", f.name)
		}
	}
	for name, head := range map[string]string{"DER": "", "DER behind a mark": "\uFEFF"} {
		input := append([]byte(head), leaf...)
		g, err := carrier.OpenCertificates(input)
		if err != nil {
			t.Fatal(name, err)
		}
		if clear(input); !bytes.Equal(g.Certificates[0].DER, leaf) {
			t.Errorf("%s: the certificate is the caller's", name)
		}
	}
}
