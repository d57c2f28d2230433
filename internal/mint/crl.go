package mint

// CRLSpec describes a CRL by the parts of its DER, in their order (RFC 5280
// section 5.1). Every part can be replaced; a nil part is not written.
type CRLSpec struct {
	Version        []byte // whole INTEGER element; 1 means v2
	InnerAlgorithm []byte
	Issuer         []byte // Name
	ThisUpdate     Time
	NextUpdate     Time
	Entries        []CRLEntry // nil: no list; empty: an empty list, which RFC 5280 forbids
	Extensions     []Extension
	TBSTrailer     []byte // after the extensions, inside the TBSCertList

	OuterAlgorithm []byte
	UnusedBits     byte
	Mangle         func([]byte) []byte // applied to the signature when set
	CRLTrailer     []byte              // after the signature, inside the CertificateList
	Trailing       []byte              // after the CertificateList
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
	s := CRLSpec{
		Version: Integer(1), Issuer: Name(ark),
		ThisUpdate: At(NotBefore), NextUpdate: At(NotAfterLeaf),
		Extensions: []Extension{
			{OID: OIDAuthorityKeyID, Value: f.authorityKeyID(ark)},
			{OID: OIDCRLNumber, Value: Integer(1)},
		},
	}
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
func (s CRLSpec) Encode(signer Signer) []byte {
	return concat(signed(s.TBS(), s.OuterAlgorithm, s.UnusedBits, s.Mangle, s.CRLTrailer, signer), s.Trailing)
}

// SetAlgorithm replaces the inner and the outer signature algorithm.
func (s *CRLSpec) SetAlgorithm(der []byte) { s.InnerAlgorithm, s.OuterAlgorithm = der, der }

// Revoke appends an entry for a serial, given by its content octets, with the
// date of ThisUpdate.
func (s *CRLSpec) Revoke(serial ...byte) {
	s.Entries = append(s.Entries, CRLEntry{Serial: serial, Date: s.ThisUpdate})
}

// Ext gives the extension of that OID for changing it in place. It panics when
// there is none.
func (s *CRLSpec) Ext(oid string) *Extension { return ext(s.Extensions, oid) }

// DropExt removes the extension of that OID. It panics when there is none.
func (s *CRLSpec) DropExt(oid string) { s.Extensions = dropExt(s.Extensions, oid) }

// AddExt appends an extension.
func (s *CRLSpec) AddExt(e Extension) { s.Extensions = append(s.Extensions, e) }
