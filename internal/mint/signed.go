package mint

import "slices"

// Signed is what certificates and CRLs have in common: SIGNED{} of RFC 5912, around
// something that ends with extensions. The outer algorithm is kept apart from the inner
// one so that they can differ.
type Signed struct {
	InnerAlgorithm []byte // AlgorithmIdentifier in what is signed
	Extensions     []Extension
	TBSTrailer     []byte // after the extensions, inside what is signed

	OuterAlgorithm []byte
	UnusedBits     byte                // of the signature BIT STRING
	Mangle         func([]byte) []byte // applied to the signature; nil: nothing
	Trailer        []byte              // after the signature, inside the SEQUENCE
	Trailing       []byte              // after the SEQUENCE
}

// encode signs the DER of what is to be signed, and gives the whole.
func (s *Signed) encode(tbs []byte, signer Signer) []byte {
	signature := signer.Sign(tbs)
	if s.Mangle != nil {
		signature = s.Mangle(signature)
	}
	return slices.Concat(TLV(TagSequence, tbs, s.OuterAlgorithm, bitString(s.UnusedBits, signature), s.Trailer), s.Trailing)
}

// SetAlgorithm replaces the inner and the outer signature algorithm.
func (s *Signed) SetAlgorithm(der []byte) { s.InnerAlgorithm, s.OuterAlgorithm = der, der }

// Ext gives the extension of that OID for changing it in place. It panics when
// there is none.
func (s *Signed) Ext(oid string) *Extension {
	i := slices.IndexFunc(s.Extensions, func(e Extension) bool { return e.OID == oid })
	if i < 0 {
		panic("mint: no extension " + oid)
	}
	return &s.Extensions[i]
}

// DropExt removes the extension of that OID. It panics when there is none.
func (s *Signed) DropExt(oid string) {
	s.Ext(oid)
	s.Extensions = slices.DeleteFunc(s.Extensions, func(e Extension) bool { return e.OID == oid })
}

// AddExt appends an extension.
func (s *Signed) AddExt(e Extension) { s.Extensions = append(s.Extensions, e) }
