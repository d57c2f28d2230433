package carrier

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

// TestDecodeBase64: one text for each bytes, of either alphabet, and what is wrong with
// others.
// Rules: FRM-16.
func TestDecodeBase64(t *testing.T) {
	const padding, other, both, line = "base64 with wrong padding", "text that is neither hex nor base64", "base64 of both alphabets", "base64 with a line break"
	for text, want := range map[string]string{
		"": "", "AA": "", "AA==": "", "AAA": "", "AAA=": "", "AAAA": "", "+/+/": "", "-_-_": "", "+AAA": "", "/AAA": "", "-AAA": "", "_AAA": "",
		"AA=": padding, "AAA==": padding, "AAAA=": padding, "AAAA==": padding, "A===": padding, "AAAAA===": padding, "AAAA====": padding, "=": padding, "===": padding,
		"+-AA": both, "/_AA": both, "/-AA": both, "+_AA": both,
		"AA\nAA": line, "AA\rAA": line, "AAAA\n": line,
		"A": other, "AB": other, "AAB": other, "A=AA": other, "AA AA": other, "A!AA": other,
	} {
		b, problem := decodeBase64([]byte(text))
		if problem != want || (b == nil) != (want != "") {
			t.Errorf("%q: %x, %q, want %q", text, b, problem, want)
		}
	}
}

// TestDecodeTextCopies: the text stays as it is.
func TestDecodeTextCopies(t *testing.T) {
	text := []byte("0 0:1\n1")
	if b, problem := decodeText(text); string(b) != "\x00\x11" || problem != "" || string(text) != "0 0:1\n1" {
		t.Errorf("%x, %q, of %q", b, problem, text)
	}
}

// TestListings: an offset of 4 to 8 zeros, and what tools write behind it.
// Rules: FRM-03.
func TestListings(t *testing.T) {
	for text, want := range map[string]bool{
		"000: ": false, "0000: ": true, "00000000: ": true, "000000000: ": false, "0000  ": true, "00000000  ": true, "0000 - ": true,
		"0000000 1": true, "00000001": false, "000000 1": false, "00000000 1": false, "0000": false, "0000:": false, "1000: ": false, "": false,
	} {
		if isListing([]byte(text)) != want {
			t.Errorf("%q is a listing: %v", text, !want)
		}
	}
}

// TestMarks: the first bytes of each form that is recognised and not read.
// Rules: FRM-03.
func TestMarks(t *testing.T) {
	sized := func(n int, last byte) string {
		return strings.Repeat("A", n-2) + "\x00" + string([]byte{last})
	}
	for text, want := range map[string]bool{
		"\x1F\x8B": true, "H4sI": true, "PK\x03\x04": true, "<": true, "\x0A\xA0\x09": true, "\xD2\x84": true, "\"": true, "Certificate:": true, "0\x82": true,
		"\xA0": false, "\xA1": true, "\xB7": true, "\xB8": false, "\xD7": false, "\xD8": true, "\xD9": false, "": false, "A": false,
		sized(snpreport.Size+1, '\n'): true, sized(snpreport.Size, '\n'): false, sized(snpreport.Size+2, '\n'): false, sized(snpreport.Size+1, 'A'): false,
		strings.Repeat("A", snpreport.Size) + "\n": false, sized(snpreport.Size, 'A') + "\n": true, sized(snpreport.Size, 'A') + "\nA": false,
	} {
		if isUnread([]byte(text)) != want {
			t.Errorf("%.20q is unread: %v", text, !want)
		}
	}
	if hasZero(bytes.Repeat([]byte{1}, 8)) || !hasZero([]byte{0}) || !hasZero([]byte{1, 0}) {
		t.Error("zero bytes")
	}
}
