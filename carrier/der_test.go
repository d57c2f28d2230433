package carrier

import (
	"bytes"
	"fmt"
	"testing"
)

// TestElement: one element of DER, at each bound of its length.
func TestElement(t *testing.T) {
	bytesOf := func(n int, head ...byte) []byte { return append(head, bytes.Repeat([]byte{7}, n)...) }
	for name, c := range map[string]struct {
		b             []byte
		tag           byte
		content, rest int // bytes
	}{
		"nothing":                     {nil, 0, 0, 0},
		"a tag alone":                 {[]byte{0x30}, 0, 0, 0},
		"empty":                       {[]byte{0x30, 0}, 0x30, 0, 0},
		"one byte, and one behind":    {bytesOf(2, 2, 1), 2, 1, 1},
		"one byte too few":            {bytesOf(1, 2, 2), 0, 0, 0},
		"127 bytes":                   {bytesOf(127, 4, 0x7F), 4, 127, 0},
		"of no said length":           {bytesOf(0, 0x30, 0x80), 0, 0, 0},
		"of no said length, with it":  {bytesOf(200, 0x30, 0x80), 0, 0, 0},
		"one digit":                   {bytesOf(128, 4, 0x81, 0x80), 4, 128, 0},
		"one digit, none behind it":   {[]byte{4, 0x81, 0}, 4, 0, 0},
		"one digit that is not there": {[]byte{4, 0x81}, 0, 0, 0},
		"two digits, one there":       {[]byte{4, 0x82, 1}, 0, 0, 0},
		"two digits":                  {bytesOf(258, 4, 0x82, 1, 1), 4, 257, 1},
		"three digits":                {bytesOf(1, 4, 0x83, 0, 0, 1), 4, 1, 0},
		"four digits":                 {bytesOf(1, 4, 0x84, 0, 0, 0, 1), 0, 0, 0},
		"four digits, and much more":  {bytesOf(300, 4, 0x84, 0, 0, 0, 1), 0, 0, 0},
	} {
		tag, content, rest := element(c.b)
		if tag != c.tag || len(content) != c.content || len(rest) != c.rest {
			t.Errorf("%s: %#x, %d bytes, and %d behind", name, tag, len(content), len(rest))
		}
	}
	for text, want := range map[string]bool{"": false, "0": false, "0\x80": true, "0\x7f": false, "1\x80": false} {
		if isDER([]byte(text)) != want {
			t.Errorf("%q is DER: %v", text, !want)
		}
	}
}

// TestKindOf: the tags of the first fields tell a kind, and no others do.
// Rules: FRM-04.
func TestKindOf(t *testing.T) {
	tlv := func(tag byte, parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append([]byte{tag, byte(len(body))}, body...)
	}
	of := func(outer, first, inner, second byte) []byte { return tlv(outer, tlv(first, tlv(inner)), tlv(second)) }
	number := func(first byte, content ...byte) []byte { return tlv(0x30, tlv(first, content)) }
	for want, list := range map[kind][][]byte{
		kindCertificate: {of(0x30, 0x30, 0xA0, 0x30)},
		kindCRL:         {of(0x30, 0x30, 0x02, 0x30)},
		kindPrivateKey:  {of(0x30, 0x30, 0x06, 0x04), number(2, 0), number(2, 1), number(2, 2)},
		kindOther: {
			nil, {0x30}, number(2), number(2, 3), number(2, 0, 0), number(3, 0), number(1, 0), number(4, 1),
			of(0x31, 0x30, 0xA0, 0x30), of(0x2F, 0x30, 0xA0, 0x30), of(0x30, 0x31, 0xA0, 0x30), of(0x30, 0x30, 0xA1, 0x30), of(0x30, 0x30, 0x9F, 0x30),
			of(0x30, 0x31, 0x02, 0x30), of(0x30, 0x30, 0x03, 0x30), of(0x30, 0x30, 0x01, 0x30),
			of(0x30, 0x31, 0x06, 0x04), of(0x30, 0x30, 0x07, 0x04), of(0x30, 0x30, 0x05, 0x04), of(0x30, 0x30, 0x06, 0x05), of(0x30, 0x30, 0x06, 0x03),
			tlv(0x31, tlv(2, []byte{0})),
		},
	} {
		for _, b := range list {
			if got := kindOf(b); got != want {
				t.Errorf("%s is of kind %d, want %d", fmt.Sprintf("%x", b), got, want)
			}
		}
	}
}
