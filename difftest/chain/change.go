package chain

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// A Part is a part of the evidence that is changed and signed again, so that the
// change is all that can be noticed.
type Part uint8

const (
	ReportPart Part = iota
	LeafPart
	IntermediatePart
	parts
)

// Change returns synthetic evidence in which the bytes of one part are changed
// by xor, at an offset in what is signed, and the part is signed again.
func Change(e difftest.Evidence, part Part, at int, change []byte) difftest.Evidence {
	switch part {
	case ReportPart:
		e.Report = xor(e.Report, at%mint.SignedSize, change)
		mint.Sign(e.Report, mint.LeafKey(e.Product, e.Kind))
	case LeafPart:
		e.Leaf = resign(e.Leaf, issuer(e), at, change)
	case IntermediatePart:
		e.Intermediate = resign(e.Intermediate, "ARK-"+e.Product, at, change)
	}
	return e
}

func issuer(e difftest.Evidence) string {
	if e.Kind == "vlek" {
		return "SEV-VLEK-" + e.Product
	}
	return "SEV-" + e.Product
}

// resign changes the tbsCertificate of a good certificate.
func resign(der []byte, signer string, at int, change []byte) []byte {
	tbs, algorithm := split(der)
	tbs = xor(tbs, at%len(tbs), change)
	signature := append([]byte{0}, mint.CAKey(signer).Sign(tbs)...)
	return mint.TLV(mint.TagSequence, tbs, algorithm, mint.TLV(mint.TagBitString, signature))
}

// split returns tbsCertificate and signatureAlgorithm.
func split(der []byte) (tbs, algorithm cryptobyte.String) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Element(&tbs, asn1.SEQUENCE) || !body.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		panic("not a certificate")
	}
	return tbs, algorithm
}

// xor returns b with the bytes from at on changed, as far as there are any.
func xor(b []byte, at int, change []byte) []byte {
	b = bytes.Clone(b)
	for i := range min(len(change), len(b)-at) {
		b[at+i] ^= change[i]
	}
	return b
}
