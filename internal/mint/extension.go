package mint

// Object identifiers of extensions: AMD's (57230, VCEK and VLEK certificate
// extensions) and those of RFC 5280 section 4.2.1 and 5.2 that CAs and CRLs use.
const (
	OIDStructVersion = "1.3.6.1.4.1.3704.1.1"
	OIDProductName   = "1.3.6.1.4.1.3704.1.2"
	OIDBlSPL         = "1.3.6.1.4.1.3704.1.3.1"
	OIDTeeSPL        = "1.3.6.1.4.1.3704.1.3.2"
	OIDSnpSPL        = "1.3.6.1.4.1.3704.1.3.3"
	OIDSPL4          = "1.3.6.1.4.1.3704.1.3.4"
	OIDSPL5          = "1.3.6.1.4.1.3704.1.3.5"
	OIDSPL6          = "1.3.6.1.4.1.3704.1.3.6"
	OIDSPL7          = "1.3.6.1.4.1.3704.1.3.7"
	OIDUcodeSPL      = "1.3.6.1.4.1.3704.1.3.8"
	OIDFmcSPL        = "1.3.6.1.4.1.3704.1.3.9"
	OIDHWID          = "1.3.6.1.4.1.3704.1.4"
	OIDCSPID         = "1.3.6.1.4.1.3704.1.5"

	OIDSubjectKeyID      = "2.5.29.14"
	OIDKeyUsage          = "2.5.29.15"
	OIDBasicConstraints  = "2.5.29.19"
	OIDCRLNumber         = "2.5.29.20"
	OIDReasonCode        = "2.5.29.21"
	OIDDeltaCRLIndicator = "2.5.29.27"
	OIDIssuingDistPoint  = "2.5.29.28"
	OIDCRLDistPoints     = "2.5.29.31"
	OIDAuthorityKeyID    = "2.5.29.35"
)

// Extension is one X.509 extension. Value is the content of the OCTET STRING
// extnValue. Raw, when set, is written instead of all the rest.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte
	Raw      []byte
}

// Encode gives the DER of the Extension. FALSE is the default of critical and
// so not written.
func (e Extension) Encode() []byte {
	if e.Raw != nil {
		return e.Raw
	}
	var critical []byte
	if e.Critical {
		critical = TLV(TagBoolean, []byte{0xFF})
	}
	return TLV(TagSequence, OID(e.OID), critical, TLV(TagOctetString, e.Value))
}

// extensions writes a list of extensions inside an explicit tag; a nil list is
// not written, an empty one is.
func extensions(tag byte, list []Extension) []byte {
	if list == nil {
		return nil
	}
	return TLV(tag, extensionList(list))
}

func extensionList(list []Extension) []byte {
	var all []byte
	for _, e := range list {
		all = append(all, e.Encode()...)
	}
	return TLV(TagSequence, all)
}
