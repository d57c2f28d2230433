package mint

import "time"

// CertSpec describes an X.509 certificate by the parts of its DER (RFC 5280 section
// 4.1), those of its own in their order. Every part can be replaced; a nil part is not
// written.
type CertSpec struct {
	Version             []byte // whole element [0], see CertVersion
	Serial              []byte // content octets of the INTEGER
	Issuer              []byte // Name
	NotBefore, NotAfter Time
	ValidityTrailer     []byte // after notAfter, inside the Validity
	Subject             []byte // Name
	SPKI                []byte // SubjectPublicKeyInfo
	UniqueIDs           []byte // whole elements [1], [2]
	Signed
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
func (s CertSpec) Encode(signer Signer) []byte { return s.encode(s.TBS(), signer) }

// SetValidity replaces both dates, each in the form that RFC 5280 demands.
func (s *CertSpec) SetValidity(notBefore, notAfter time.Time) {
	s.NotBefore, s.NotAfter = At(notBefore), At(notAfter)
}
