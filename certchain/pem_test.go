package certchain_test

import (
	"bytes"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

const begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"

// TestSplitPEM has the forms that are accepted and those that are not.
func TestSplitPEM(t *testing.T) {
	a, b := bytes.Repeat([]byte{0x30, 1, 2, 3}, 40), []byte{9}
	two := [][]byte{a, b}
	good := string(mint.PEM(a, b))
	block := string(mint.PEM(b))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, row := range []struct{ name, rule, text string }{
		{"LF", "", good},
		{"CRLF", "", string(mint.PEMSpec{CRLF: true}.Encode(two...))},
		{"LF in one block, CRLF in the other", "", string(mint.PEM(a)) + string(mint.PEMSpec{CRLF: true}.Encode(b))},
		{"lines of 76", "", string(mint.PEMSpec{Width: 76}.Encode(two...))},
		{"lines of 1", "", string(mint.PEMSpec{Width: 1}.Encode(two...))},
		{"no last line break", "", string(mint.PEMSpec{NoFinalNewline: true}.Encode(two...))},
		{"CRLF, no last line break", "", string(mint.PEMSpec{NoFinalNewline: true, CRLF: true}.Encode(two...))},
		{"white space around and between", "", " \t\r\n\n" + string(mint.PEMSpec{Between: "\n \t\r\n"}.Encode(two...)) + "\r\n\t "},
		{"white space behind END", "", strings.ReplaceAll(good, "END CERTIFICATE-----", "END CERTIFICATE----- \t")},
		{"8 blocks", "", strings.Repeat(block, 8)},
		{"64 KiB", "", block + strings.Repeat("\n", 64<<10-len(block))},
		{"64 KiB and a byte", "CHN-03", block + strings.Repeat("\n", 64<<10-len(block)+1)},
		{"empty", "CHN-04", ""},
		{"white space only", "CHN-04", "\n \n"},
		{"9 blocks", "CHN-04", strings.Repeat(block, 9)},
		// Lesson: the usual decoder skips text and malformed blocks without a word.
		{"text before", "CHN-05", "subject=/CN=SEV-VCEK\n" + good},
		{"text between", "CHN-05", string(mint.PEMSpec{Between: "x\n"}.Encode(two...))},
		{"text behind", "CHN-05", good + "x"},
		{"NUL between", "CHN-05", string(mint.PEMSpec{Between: "\x00"}.Encode(two...))},
		{"form feed between", "CHN-05", string(mint.PEMSpec{Between: "\f\n"}.Encode(two...))},
		{"byte order mark", "CHN-05", "\xef\xbb\xbf" + good},
		{"BEGIN not at the start of a line", "CHN-05", " " + good},
		{"BEGIN behind END", "CHN-07", replace(end+begin, strings.TrimSuffix(end, "\n")+" "+begin)},
		{"malformed first block", "CHN-05", "-----BEGIN CERTIFICATE----\nxx\n" + good},
		{"another type", "CHN-05", string(mint.PEMSpec{Type: "X509 CERTIFICATE"}.Encode(two...))},
		{"trusted certificate", "CHN-05", string(mint.PEMSpec{Type: "TRUSTED CERTIFICATE"}.Encode(two...))},
		{"private key", "CHN-05", good + string(mint.PEMSpec{Type: "PRIVATE KEY"}.Encode(b))},
		{"white space behind BEGIN", "CHN-05", replace(begin, "-----BEGIN CERTIFICATE----- \n")},
		{"BEGIN alone", "CHN-06", strings.TrimSuffix(begin, "\n")},
		{"no END", "CHN-06", strings.TrimSuffix(block, end)},
		{"END of another type", "CHN-07", strings.Replace(block, "END CERTIFICATE", "END PRIVATE KEY", 1) + block},
		{"header", "CHN-06", replace(begin, begin+"Proc-Type: 4\n\n")},
		{"header without an empty line", "CHN-06", replace(begin, begin+"Proc-Type: 4\n")},
		{"CR behind END", "CHN-06", replace(end, strings.TrimSuffix(end, "\n")+"\r \n")},
		{"CR and another line break behind END", "CHN-06", replace(end, strings.TrimSuffix(end, "\n")+"\r\r\n")},
		{"bad base64 before a ninth block", "CHN-07", strings.Replace(strings.Repeat(block, 9), "CQ==", "CQ=", 1)},
		{"a ninth block before bad base64", "CHN-04", strings.Repeat(block, 8) + strings.Replace(block, "CQ==", "CQ=", 1)},
		{"bad base64 before a bad line", "CHN-07", strings.Replace(block, "CQ==", "CQ=", 1) + strings.Replace(block, "CQ==", "CQ==\n\n", 1)},
		{"empty line", "CHN-06", replace(begin, begin+"\n")},
		{"no line", "CHN-06", begin + end},
		{"line of 77", "CHN-06", string(mint.PEMSpec{Width: 77}.Encode(two...))},
		{"CR in a line", "CHN-06", replace("CQ==", "CQ\r==")},
		{"CR CR LF", "CHN-06", replace("CQ==\n", "CQ==\r\r\n")},
		{"CR alone as line break", "CHN-05", strings.ReplaceAll(good, "\n", "\r")},
		{"space in a line", "CHN-07", replace("CQ==", "CQ ==")},
		{"space behind a line", "CHN-07", replace("CQ==\n", "CQ== \n")},
		{"base64url", "CHN-07", replace("CQ==", "-_==")},
		{"no padding", "CHN-07", replace("CQ==", "CQ")},
		{"too much padding", "CHN-07", replace("CQ==", "CQ===")},
		{"padding in the middle", "CHN-07", replace("CQ==\n", "CQ==\nCQ==\n")},
		{"bits behind the last byte", "CHN-07", replace("CQ==", "CR==")},
	} {
		blocks, err := certchain.SplitPEM([]byte(row.text))
		t.Run(row.name, func(t *testing.T) { wantRule(t, row.rule, err) })
		if err != nil && blocks != nil {
			t.Errorf("%s: blocks with an error", row.name)
		}
		if err == nil && len(blocks) == 2 && !slices.EqualFunc(blocks, two, bytes.Equal) {
			t.Errorf("%s: other bytes", row.name)
		}
	}
	wantRule(t, "CHN-04", second(certchain.VerifyPEM(nil, certchain.Builtin(), now)))
}

// FuzzSplitPEM: what is accepted, encoding/pem splits into the same blocks, and
// writing the blocks again changes nothing but white space.
func FuzzSplitPEM(f *testing.F) {
	e := mint.Evidence("Turin", 3, "vcek")
	f.Add(e.PEM())
	f.Add(mint.PEMSpec{CRLF: true, Width: 76, NoFinalNewline: true, Between: "\t\n"}.Encode([]byte{1}, []byte{2, 3}))
	f.Add([]byte(begin + "CQ==\n" + end + " " + begin + "CQ==\n" + end))
	f.Add([]byte(begin + "Q\nQ\n=\n=\n" + end))
	f.Fuzz(func(t *testing.T, text []byte) {
		blocks, err := certchain.SplitPEM(text)
		if err != nil {
			if blocks != nil {
				t.Fatal("blocks with an error")
			}
			return
		}
		rest, again := text, []byte(nil)
		for _, der := range blocks {
			var b *pem.Block
			b, rest = pem.Decode(rest)
			if b == nil || b.Type != "CERTIFICATE" || len(b.Headers) != 0 || !bytes.Equal(b.Bytes, der) {
				t.Fatalf("encoding/pem reads %+v, we %x", b, der)
			}
			again = append(again, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		if b, _ := pem.Decode(rest); b != nil || len(bytes.TrimSpace(rest)) != 0 {
			t.Fatalf("left over: %q", rest)
		}
		if squeeze(again) != squeeze(text) {
			t.Fatalf("%q becomes %q", text, again)
		}
	})
}

// squeeze removes white space.
func squeeze(text []byte) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, string(text))
}

// TestSplitCRLPEM: one block X509 CRL, as strictly as certificates.
// Rules: CHN-04, CHN-05, CHN-06, CHN-07.
func TestSplitCRLPEM(t *testing.T) {
	text := string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte("a list, whatever is in it, of more than one line of text")}))
	for _, row := range []struct{ name, rule, text string }{
		{"as written", "", text},
		{"CRLF", "", strings.ReplaceAll(text, "\n", "\r\n")},
		{"white space around", "", "\n" + text + "\n "},
		{"two", "CHN-04", text + text},
		{"none", "CHN-04", ""},
		{"text before", "CHN-05", "a list\n" + text},
		{"certificate", "CHN-05", strings.ReplaceAll(text, "X509 CRL", "CERTIFICATE")},
		{"header", "CHN-06", strings.Replace(text, "CRL-----\n", "CRL-----\nx: y\n\n", 1)},
		{"a line of 77", "CHN-06", "-----BEGIN X509 CRL-----\n" + strings.Repeat("A", 77) + "\n-----END X509 CRL-----\n"},
		{"a blank in the base64", "CHN-07", strings.Replace(text, "Y", " ", 1)},
		{"too long", "CHN-03", text + strings.Repeat("\n", 256<<10)},
	} {
		der, err := certchain.SplitCRLPEM([]byte(row.text))
		wantRule(t, row.rule, err)
		if (err == nil) != bytes.HasPrefix(der, []byte("a list")) {
			t.Errorf("%s: %q", row.name, der)
		}
	}
}
