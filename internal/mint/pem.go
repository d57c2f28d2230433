package mint

import (
	"cmp"
	"encoding/base64"
	"slices"
)

// PEMSpec says how PEM text is written. The zero PEMSpec writes CERTIFICATE
// blocks as AMD's KDS does: lines of 64 characters, LF, a final line break.
type PEMSpec struct {
	Type           string // "CERTIFICATE" when empty
	Width          int    // characters per line, 64 when zero
	CRLF           bool
	NoFinalNewline bool
	Between        string // written between two blocks
}

// PEM writes plain blocks.
func PEM(ders ...[]byte) []byte { return PEMSpec{}.Encode(ders...) }

// Encode writes one block for each DER.
func (s PEMSpec) Encode(ders ...[]byte) []byte {
	label, width, eol := cmp.Or(s.Type, "CERTIFICATE"), cmp.Or(s.Width, 64), "\n"
	if s.CRLF {
		eol = "\r\n"
	}
	var out []byte
	for i, der := range ders {
		if i > 0 {
			out = append(out, s.Between...)
		}
		out = append(out, "-----BEGIN "+label+"-----"+eol...)
		for line := range slices.Chunk(base64.StdEncoding.AppendEncode(nil, der), width) {
			out = append(append(out, line...), eol...)
		}
		out = append(out, "-----END "+label+"-----"+eol...)
	}
	if s.NoFinalNewline && len(out) > 0 {
		out = out[:len(out)-len(eol)]
	}
	return out
}
