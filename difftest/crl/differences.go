package crl

import (
	"bytes"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Differences are all from crypto/x509 of the Go that compiles this. It reads
// every list of the web, we read AMD's.
var Differences = difftest.Table[[]byte]{
	refused("above 128 KiB", "CRL-01", "input is refused by its size before it is parsed; AMD's have less than 1 KiB",
		list(func(s *mint.CRLSpec) { s.AddExt(mint.Extension{OID: "1.2.3.4", Value: make([]byte, 1<<17)}) })),
	refused("without nextUpdate", "CRL-02", "a list that never ends to be in force hides every later one",
		list(func(s *mint.CRLSpec) { s.NextUpdate = mint.Time{} })),
	refused("another signature algorithm", "CRL-04", "AMD signs with RSASSA-PSS, SHA-384 and a salt of 48 bytes only",
		list(func(s *mint.CRLSpec) {
			s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), mint.TLV(mint.TagNull)))
		})),
	refused("an issuer that is no ARK", "CRL-06", "AMD's lists are the ARKs'",
		list(func(s *mint.CRLSpec) { s.Issuer = mint.Name("SEV-Milan") })),
	refused("GeneralizedTime before 2050", "CRL-07", "RFC 5280 section 5.1.2.4 demands UTCTime through 2049",
		list(func(s *mint.CRLSpec) { s.ThisUpdate = mint.GeneralizedTime(mint.NotBefore) })),
	refused("a signature that is not 512 bytes long", "CRL-08", "those of RSA-4096 are",
		list(func(s *mint.CRLSpec) { s.Mangle = func(b []byte) []byte { return b[1:] } })),
	refused("a serial number above 20 bytes", "CRL-09", "RFC 5280 section 4.1.2.2 allows 20",
		list(func(s *mint.CRLSpec) { s.Revoke(bytes.Repeat([]byte{1}, 21)...) })),
	refused("a critical extension", "CRL-10", "what it says must be obeyed, and we obey none; crypto/x509 leaves that to its caller",
		list(func(s *mint.CRLSpec) { s.AddExt(mint.Extension{OID: "1.2.3.4", Critical: true, Value: []byte{5, 0}}) })),
	refused("an extension twice, or more than 16 of them", "CRL-11", "RFC 5280 section 4.2: one of each",
		list(func(s *mint.CRLSpec) { s.Extensions = append(s.Extensions, s.Extensions[0]) })),
	refused("a part of a list, or changes to one", "CRL-12", "what it leaves out may be what is asked for; crypto/x509 leaves that to its caller",
		list(func(s *mint.CRLSpec) {
			s.AddExt(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Value: mint.Integer(1)})
		})),
	refused("without cRLNumber", "CRL-13", "RFC 5280 section 5.2.3 demands it",
		list(func(s *mint.CRLSpec) { s.DropExt(mint.OIDCRLNumber) })),
	refused("another form of authorityKeyIdentifier", "CRL-14", "AMD's has one",
		list(func(s *mint.CRLSpec) {
			s.Ext(mint.OIDAuthorityKeyID).Value = mint.TLV(mint.TagSequence, mint.TLV(0x80, []byte{1}), mint.TLV(0x82, []byte{1}))
		})),
}

// refused is a row of what our profile excludes.
func refused(input, rule, reason string, example func() []byte) difftest.Difference[[]byte] {
	return difftest.Difference[[]byte]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Both, Example: example,
	}
}

func list(change func(*mint.CRLSpec)) func() []byte {
	return func() []byte {
		s := mint.CRL("Milan")
		change(&s)
		return s.Encode(unsigned{})
	}
}

// unsigned is a signer for what is only parsed: it fills in zeros.
type unsigned struct{}

func (unsigned) Sign([]byte) []byte { return make([]byte, 512) }
