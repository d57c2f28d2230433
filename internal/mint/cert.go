package mint

import "time"

// CertSpec describes an X.509 certificate by the parts of its DER, in their
// order (RFC 5280 section 4.1). Every part can be replaced; a nil part is not
// written. The outer algorithm is kept apart from the inner one so that they
// can differ.
type CertSpec struct {
	Version             []byte // whole element [0], see CertVersion
	Serial              []byte // content octets of the INTEGER
	InnerAlgorithm      []byte // AlgorithmIdentifier in the TBSCertificate
	Issuer              []byte // Name
	NotBefore, NotAfter Time
	ValidityTrailer     []byte // after notAfter, inside the Validity
	Subject             []byte // Name
	SPKI                []byte // SubjectPublicKeyInfo
	UniqueIDs           []byte // whole elements [1], [2]
	Extensions          []Extension
	TBSTrailer          []byte // after the extensions, inside the TBSCertificate

	OuterAlgorithm []byte
	UnusedBits     byte                // of the signature BIT STRING
	Mangle         func([]byte) []byte // applied to the signature when set
	CertTrailer    []byte              // after the signature, inside the Certificate
	Trailing       []byte              // after the Certificate
}

// CertVersion gives the version element for the number as written: 2 means v3.
func CertVersion(n uint64) []byte { return TLV(0xA0, Integer(n)) }

// TBS gives the DER of the TBSCertificate, the bytes that are signed.
func (s CertSpec) TBS() []byte {
	return TLV(TagSequence,
		s.Version,
		TLV(TagInteger, s.Serial),
		s.InnerAlgorithm,
		s.Issuer,
		TLV(TagSequence, s.NotBefore.der(), s.NotAfter.der(), s.ValidityTrailer),
		s.Subject,
		s.SPKI,
		s.UniqueIDs,
		extensions(0xA3, s.Extensions),
		s.TBSTrailer,
	)
}

// Encode signs the certificate and gives its DER.
func (s CertSpec) Encode(signer Signer) []byte {
	tbs := s.TBS()
	return concat(signed(tbs, s.OuterAlgorithm, s.UnusedBits, s.Mangle, s.CertTrailer, signer), s.Trailing)
}

// signed is SIGNED{} of RFC 5912: what certificates and CRLs have in common.
func signed(tbs, algorithm []byte, unused byte, mangle func([]byte) []byte, trailer []byte, signer Signer) []byte {
	signature := signer.Sign(tbs)
	if mangle != nil {
		signature = mangle(signature)
	}
	return TLV(TagSequence, tbs, algorithm, bitString(unused, signature), trailer)
}

// SetAlgorithm replaces the inner and the outer signature algorithm.
func (s *CertSpec) SetAlgorithm(der []byte) { s.InnerAlgorithm, s.OuterAlgorithm = der, der }

// SetValidity replaces both dates, each in the form that RFC 5280 demands.
func (s *CertSpec) SetValidity(notBefore, notAfter time.Time) {
	s.NotBefore, s.NotAfter = At(notBefore), At(notAfter)
}
