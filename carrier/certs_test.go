package carrier_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/mint"
)

func thim(e *mint.Set) []byte {
	return object(m{"vcekCert": string(mint.PEM(e.Leaf)), "certificateChain": string(mint.PEM(e.Intermediate, e.ARK)),
		"tcbm": "DB18000000000004", "cacheControl": "86400"})
}

// TestCertificateForms: each form is read, and named.
// Rules: FRM-40, FRM-42, FRM-43, FRM-44.
func TestCertificateForms(t *testing.T) {
	e := evidence()
	pemText := string(e.PEM())
	for _, tt := range []struct {
		name  string
		form  carrier.Form
		input []byte
		want  [][]byte
	}{
		{"DER", carrier.DER, e.Leaf, [][]byte{e.Leaf}},
		{"three DER", carrier.DER, slices.Concat(e.Chain()...), e.Chain()},
		{"PEM", carrier.PEM, e.PEM(), e.Chain()},
		{"PEM, CRLF", carrier.PEM, []byte(strings.ReplaceAll(pemText, "\n", "\r\n")), e.Chain()},
		{"PEM behind a mark", carrier.PEM, []byte("\uFEFF" + pemText), e.Chain()},
		{"PEM in UTF-16", carrier.PEM, utf16Text(pemText, binary.LittleEndian), e.Chain()},
		{"PEM with blanks", carrier.PEM, []byte("  " + strings.ReplaceAll(pemText, "\n", " \n\n  ")), e.Chain()},
		{"PEM with text", carrier.PEM, []byte("Certificate:\n    Data:\n        Version: 3 (0x2)\n" + pemText + "# end\n"), e.Chain()},
		{"PEM with text about a key", carrier.PEM, []byte(pemText + "no PRIVATE KEY stands here\n"), e.Chain()},
		{"PEM with literal line breaks", carrier.PEM, []byte(`"` + strings.ReplaceAll(pemText, "\n", `\n`) + `"`), e.Chain()},
		{"base64 of DER", carrier.Text, []byte(wrap(b64(e.Leaf), 76, "\n")), [][]byte{e.Leaf}},
		{"hex of DER", carrier.Text, []byte(hex.EncodeToString(e.Leaf)), [][]byte{e.Leaf}},
		{"table", carrier.Table, e.Table().Encode(), e.Chain()},
		{"table of a VLEK", carrier.Table, mint.Evidence("Milan", 3, "vlek").Table().Encode(), mint.Evidence("Milan", 3, "vlek").Chain()},
		{"table with PEM", carrier.Table, mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: e.PEM()}}}.Encode(), e.Chain()},
		{"THIM", carrier.THIM, thim(e), e.Chain()},
		{"base64 of THIM", carrier.Text, []byte(b64(thim(e))), e.Chain()},
	} {
		g, err := carrier.OpenCertificates(tt.input)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if g.Form != tt.form || !slices.EqualFunc(g.Certificates, tt.want, func(c carrier.Certificate, der []byte) bool { return bytes.Equal(c.DER, der) }) {
			t.Errorf("%s: read as %s, %d certificates", tt.name, g.Form, len(g.Certificates))
		}
	}
}

// TestPassedOver: what is named and not used.
func TestPassedOver(t *testing.T) {
	e := evidence()
	crl := mint.CRL("Milan").Encode(mint.CAKey("ARK-Milan"))
	for name, tt := range map[string]struct {
		input []byte
		want  string
		crls  int
	}{
		"tcbm":          {thim(e), `tcbm "DB18000000000004"`, 0},
		"CRL, table":    {mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: e.Leaf}, {GUID: mint.GUIDCRL, Data: crl}}}.Encode(), "table entry 1 (CRL)", 0},
		"unknown kind":  {mint.Table{Entries: []mint.TableEntry{{GUID: "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6", Data: crl}, {GUID: mint.GUIDVCEK, Data: e.Leaf}}}.Encode(), "table entry 0 (unknown)", 0},
		"another block": {append(e.PEM(), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: crl})...), "PEM block 4: PUBLIC KEY", 0},
		"CRLs, PEM":     {append(e.PEM(), bytes.Repeat(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crl}), 2)...), "", 2},
		"CRL, DER":      {slices.Concat(crl, e.Leaf), "", 1},
		"CRL alone":     {crl, "", 1},
	} {
		g, err := carrier.OpenCertificates(tt.input)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Join(g.PassedOver, ";") != tt.want || len(g.CRLs) != tt.crls {
			t.Errorf("%s: passed over %q, %d CRLs", name, g.PassedOver, len(g.CRLs))
		}
	}
}

// TestTextAroundPEM: what is no boundary is text, and a block of another label is passed
// over.
// Rules: FRM-44.
func TestTextAroundPEM(t *testing.T) {
	block := func(label, body string) string {
		return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n"
	}
	long := strings.Repeat("A", 64)
	for text, want := range map[string]string{
		"-----BEGIN A\n": "", "A-----\n": "", "BEGIN A-----\n": "", "-----END A\n": "",
		block("AAAA", "AAAA"): "PEM block 2: AAAA", block(long, ""): "PEM block 2: " + long, block(long+"A", "A"): "",
		block("CERTIFICATES", "!"): "PEM block 2: CERTIFICATES", block("A CERTIFICATE", "!"): "PEM block 2: A CERTIFICATE",
		block("X509 CRLS", "!"): "PEM block 2: X509 CRLS", block("AX509 CRL", "!"): "PEM block 2: AX509 CRL",
	} {
		g, err := carrier.OpenCertificates(append(mint.PEM(leaf()), text...))
		if err != nil || len(g.Certificates) != 1 || strings.Join(g.PassedOver, ";") != want {
			t.Errorf("%.30q: %v, %+v", text, err, g)
		}
	}
}

func TestCertificateRefusals(t *testing.T) {
	e := evidence()
	list := []refusal{
		{"empty", nil, isUnread, "FRM-02", ""},
		{"too long", make([]byte, 1<<20+1), isMalformed, "FRM-01", ""},
		{"a report", e.Report, isUnread, "FRM-03", "--report"},
		{"text", []byte("hello, world"), isUnread, "FRM-02", "no known form"},
		{"hex of something else", []byte("0123"), isUnread, "FRM-02", ""},
		{"no certificate", pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: e.Leaf}), isUnread, "FRM-02", "PKCS7"},
		{"an empty table", make([]byte, 24), isUnread, "FRM-02", "no certificate"},
		{"gzip", zipped(e.PEM()), isUnread, "FRM-03", "gunzip"},
		{"HTML", []byte("<html>"), isUnread, "FRM-03", "HTML"},
		{"THIM, an empty certificate", []byte(`{"vcekCert": ""}`), isMalformed, "JSN-12", ""},
		{"THIM, an empty chain", with(m{"vcekCert": string(mint.PEM(e.Leaf))}, "certificateChain", ""), isMalformed, "JSN-12", ""},
		{"THIM, an empty tcbm", with(m{"vcekCert": string(mint.PEM(e.Leaf))}, "tcbm", ""), isMalformed, "JSN-12", ""},
		{"THIM, no PEM before a chain", with(m{"vcekCert": "x"}, "certificateChain", string(mint.PEM(e.Leaf))), isMalformed, "FRM-44", ""},
		{"THIM, no PEM in the chain", with(m{"vcekCert": string(mint.PEM(e.Leaf))}, "certificateChain", "x"), isMalformed, "FRM-44", ""},
		{"a private key first in a table", mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: privateKeys()["PKCS#8"]}, {GUID: mint.GUIDARK, Data: e.ARK}}}.Encode(), isKey, "FRM-04", ""},
		{"another JSON", []byte(`{}`), isMalformed, "JSN-12", ""},
		{"VcekCert", []byte(`{"VcekCert": ""}`), isMalformed, "JSN-10", ""},
		{"33 certificates", bytes.Repeat(e.Leaf, 33), isMalformed, "FRM-41", ""},
		{"33 certificates, PEM", bytes.Repeat(mint.PEM(e.Leaf), 33), isMalformed, "FRM-41", ""},
		{"something behind DER", append(bytes.Clone(e.Leaf), "text"...), isMalformed, "FRM-42", "element 2"},
		{"a byte behind DER", append(bytes.Clone(e.Leaf), 0x30), isMalformed, "FRM-42", "element 2"},
		{"DER, cut", e.Leaf[:len(e.Leaf)-1], isMalformed, "FRM-42", ""},
		{"65 blocks", bytes.Repeat(pem.EncodeToMemory(&pem.Block{Type: "A"}), 65), isMalformed, "FRM-44", ""},
		{"PEM without an end", e.PEM()[:500], isMalformed, "FRM-44", ""},
		{"a BEGIN in a block", append([]byte("-----BEGIN A-----\n"), mint.PEM(e.Leaf)...), isMalformed, "FRM-44", ""},
		{"a BEGIN in a block that ends", append(mint.PEM(e.Leaf), "-----BEGIN A-----\n-----BEGIN B-----\n-----END A-----\n"...), isMalformed, "FRM-44", ""},
		{"an END in a block that ends", append(mint.PEM(e.Leaf), "-----BEGIN A-----\n-----END B-----\n-----END A-----\n"...), isMalformed, "FRM-44", ""},
		{"an END with more behind", bytes.ReplaceAll(mint.PEM(e.Leaf), []byte("END CERTIFICATE"), []byte("END CERTIFICATES")), isMalformed, "FRM-44", ""},
		{"an END with more before", bytes.ReplaceAll(mint.PEM(e.Leaf), []byte("END CERTIFICATE"), []byte("END A CERTIFICATE")), isMalformed, "FRM-44", ""},
		{"65 blocks, that many behind each other", append(mint.PEM(e.Leaf), bytes.Repeat([]byte("-----BEGIN A-----\n-----END A-----\n"), 64)...), isMalformed, "FRM-44", "65 blocks"},
		{"an END of no block", append(mint.PEM(e.Leaf), "-----END CERTIFICATE-----\n"...), isMalformed, "FRM-44", ""},
		{"PEM of no base64", []byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), isMalformed, "FRM-44", ""},
		{"a damaged table", bytes.Repeat([]byte{1, 0}, 50), isMalformed, "CAR-11", ""},
	}
	for name, key := range privateKeys() {
		list = append(list, refusal{name, key, isKey, "FRM-04", ""})
		if strings.HasPrefix(name, "PEM") {
			list = append(list, refusal{name + " behind a chain", append(e.PEM(), key...), isKey, "FRM-04", ""})
		} else {
			list = append(list, refusal{name + " in base64", []byte(b64(key)), isKey, "FRM-04", ""}, refusal{name + " behind a certificate", slices.Concat(e.Leaf, key), isKey, "FRM-04", ""})
		}
	}
	for _, tt := range list {
		g, err := carrier.OpenCertificates(tt.input)
		checkRefusal(t, tt, g == nil, err)
	}
	if _, err := carrier.OpenCertificates(append(e.PEM(), bytes.Repeat(pem.EncodeToMemory(&pem.Block{Type: "A"}), 61)...)); err != nil {
		t.Errorf("64 blocks: %v", err)
	}
	if g, err := carrier.OpenCertificates(bytes.Repeat(e.Leaf, 32)); err != nil || len(g.Certificates) != 32 {
		t.Errorf("32 certificates: %v", err)
	}
}
