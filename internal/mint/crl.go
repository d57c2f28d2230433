package mint

// CRLSpec describes a CRL by the parts of its DER (RFC 5280 section 5.1), those of its
// own in their order. Every part can be replaced; a nil part is not written.
type CRLSpec struct {
	Version                []byte // whole INTEGER element; 1 means v2
	Issuer                 []byte // Name
	ThisUpdate, NextUpdate Time
	Entries                []CRLEntry // nil: no list; empty: an empty list, which RFC 5280 forbids
	Signed
}

// CRLEntry is one revoked certificate.
type CRLEntry struct {
	Serial     []byte // content octets of the INTEGER
	Date       Time
	Extensions []Extension
	Trailer    []byte // after the extensions, inside the entry
}

// CRL describes the CRL of a product: number 1, nothing revoked, in force as
// long as the default leaves. Signer: CAKey("ARK-<product>").
func (f *Forge) CRL(product string) CRLSpec {
	ark := "ARK-" + find(product).name
	s := CRLSpec{Version: Integer(1), Issuer: Name(ark), ThisUpdate: At(NotBefore), NextUpdate: At(NotAfterLeaf)}
	s.Extensions = []Extension{{OID: OIDAuthorityKeyID, Value: f.authorityKeyID(ark)}, {OID: OIDCRLNumber, Value: Integer(1)}}
	s.SetAlgorithm(ExplicitTrailer().Encode())
	return s
}

// TBS gives the DER of the TBSCertList, the bytes that are signed.
func (s CRLSpec) TBS() []byte {
	return TLV(TagSequence,
		s.Version,
		s.InnerAlgorithm,
		s.Issuer,
		s.ThisUpdate.der(),
		s.NextUpdate.der(),
		s.entries(),
		extensions(0xA0, s.Extensions),
		s.TBSTrailer,
	)
}

func (s CRLSpec) entries() []byte {
	if s.Entries == nil {
		return nil
	}
	var all []byte
	for _, e := range s.Entries {
		var exts []byte
		if e.Extensions != nil {
			exts = extensionList(e.Extensions)
		}
		all = append(all, TLV(TagSequence, TLV(TagInteger, e.Serial), e.Date.der(), exts, e.Trailer)...)
	}
	return TLV(TagSequence, all)
}

// Encode signs the CRL and gives its DER.
func (s CRLSpec) Encode(signer Signer) []byte { return s.encode(s.TBS(), signer) }

// Revoke appends an entry for a serial, given by its content octets, with the
// date of ThisUpdate.
func (s *CRLSpec) Revoke(serial ...byte) {
	s.Entries = append(s.Entries, CRLEntry{Serial: serial, Date: s.ThisUpdate})
}
