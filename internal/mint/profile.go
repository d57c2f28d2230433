package mint

import (
	"bytes"
	"crypto/sha1" // the key identifiers that AMD's certificates carry
	"crypto/x509"
	"time"
)

// Dates of the synthetic certificates: authorities 25 years, leaves 7 years as
// a VCEK has. A real VLEK has one year; use SetValidity for that.
var (
	NotBefore    = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	NotAfterCA   = time.Date(2049, 6, 1, 0, 0, 0, 0, time.UTC)
	NotAfterLeaf = time.Date(2031, 6, 1, 0, 0, 0, 0, time.UTC)
)

// DefaultCSPID is the cspID of the default VLEK.
const DefaultCSPID = "CN=cc-test-1.example.com"

// RDN is one attribute of a Name, alone in its SET.
type RDN struct {
	OID   string
	Tag   byte
	Value string
}

// AMDName gives the attributes of AMD's Name for a common name, in AMD's order:
// OU, C, L, ST, O, CN. The country is a PrintableString, the rest UTF8Strings.
func AMDName(cn string) []RDN {
	return []RDN{
		{"2.5.4.11", TagUTF8String, "Engineering"},
		{"2.5.4.6", TagPrintableString, "US"},
		{"2.5.4.7", TagUTF8String, "Santa Clara"},
		{"2.5.4.8", TagUTF8String, "CA"},
		{"2.5.4.10", TagUTF8String, "Advanced Micro Devices"},
		{"2.5.4.3", TagUTF8String, cn},
	}
}

// Name gives the DER of AMD's Name for a common name.
func Name(cn string) []byte { return EncodeName(AMDName(cn)) }

// EncodeName gives the DER of a Name.
func EncodeName(rdns []RDN) []byte {
	var sets []byte
	for _, r := range rdns {
		sets = append(sets, TLV(TagSet, TLV(TagSequence, OID(r.OID), TLV(r.Tag, []byte(r.Value))))...)
	}
	return TLV(TagSequence, sets)
}

// ARK describes the root of a product. Signer: CAKey("ARK-<product>").
func (f *Forge) ARK(product string) CertSpec {
	p := find(product)
	cn := "ARK-" + p.name
	s := f.authority(cn, cn, p.serial, 0, 0)
	s.Extensions = []Extension{
		{OID: OIDKeyUsage, Critical: true, Value: KeyUsage(0x06)},
		{OID: OIDSubjectKeyID, Value: f.subjectKeyID(cn)},
		{OID: OIDBasicConstraints, Critical: true, Value: BasicConstraints(true, -1)},
		{OID: OIDCRLDistPoints, Value: crlDistPoint("vcek", p.name)},
	}
	return s
}

// ASK describes the authority for VCEKs. Signer: CAKey("ARK-<product>").
func (f *Forge) ASK(product string) CertSpec {
	p := find(product)
	return f.intermediate("SEV-"+p.name, p, 0, p.ask, "vcek")
}

// ASVK describes the authority for VLEKs. Signer: CAKey("ARK-<product>").
func (f *Forge) ASVK(product string) CertSpec {
	p := find(product)
	return f.intermediate("SEV-VLEK-"+p.name, p, 1, 1, "vlek")
}

func (f *Forge) intermediate(cn string, p *product, middle, last byte, service string) CertSpec {
	ark := "ARK-" + p.name
	s := f.authority(cn, ark, p.serial, middle, last)
	s.Extensions = []Extension{
		{OID: OIDSubjectKeyID, Value: f.subjectKeyID(cn)},
		{OID: OIDAuthorityKeyID, Value: f.authorityKeyID(ark)},
		{OID: OIDBasicConstraints, Critical: true, Value: BasicConstraints(true, 0)},
		{OID: OIDKeyUsage, Critical: true, Value: KeyUsage(0x04)},
		{OID: OIDCRLDistPoints, Value: crlDistPoint(service, p.name)},
	}
	return s
}

func (f *Forge) authority(subject, issuer string, serial ...byte) CertSpec {
	s := CertSpec{
		Version: CertVersion(2), Serial: serial,
		Issuer: Name(issuer), Subject: Name(subject),
		SPKI: SPKI(f.CAKey(subject).Public()),
	}
	s.SetAlgorithm(ExplicitTrailer().Encode())
	s.SetValidity(NotBefore, NotAfterCA)
	return s
}

// VCEK describes the leaf of one chip at one TCB. Its key is LeafKey(product,
// "vcek"), its signer CAKey("SEV-<product>").
func VCEK(product string, tcb TCB, hwid []byte) CertSpec {
	p := find(product)
	s := leaf("SEV-VCEK", "SEV-"+p.name, p, tcb, p.vcekName)
	s.SPKI = SPKI(LeafKey(product, "vcek").Public())
	s.AddExt(Extension{OID: OIDHWID, Value: bytes.Clone(hwid)})
	return s
}

// VLEK describes the leaf of one cloud provider at one TCB. Its key is
// LeafKey(product, "vlek"), its signer CAKey("SEV-VLEK-<product>"). No Turin
// VLEK is public: it is taken to carry the extensions of a Turin VCEK.
func VLEK(product string, tcb TCB, csp string) CertSpec {
	p := find(product)
	s := leaf("SEV-VLEK", "SEV-VLEK-"+p.name, p, tcb, p.name)
	s.SPKI = SPKI(LeafKey(product, "vlek").Public())
	s.AddExt(Extension{OID: OIDCSPID, Value: TLV(TagIA5String, []byte(csp))})
	return s
}

func leaf(subject, issuer string, p *product, tcb TCB, productName string) CertSpec {
	s := CertSpec{Version: CertVersion(2), Serial: []byte{0}, Issuer: Name(issuer), Subject: Name(subject)}
	s.SetAlgorithm(OmittedTrailer().Encode())
	s.SetValidity(NotBefore, NotAfterLeaf)

	spl := func(oid string, level uint8) Extension {
		return Extension{OID: oid, Value: Integer(uint64(level))}
	}
	version, name := spl(OIDStructVersion, 0), Extension{OID: OIDProductName, Value: TLV(TagIA5String, []byte(productName))}
	bl, tee, snp, ucode := spl(OIDBlSPL, tcb.BootLoader), spl(OIDTeeSPL, tcb.TEE), spl(OIDSnpSPL, tcb.SNP), spl(OIDUcodeSPL, tcb.Microcode)
	s4, s5, s6, s7 := spl(OIDSPL4, 0), spl(OIDSPL5, 0), spl(OIDSPL6, 0), spl(OIDSPL7, 0)

	// The order is AMD's: not that of the numbers, and another one on Turin.
	if p.fmc {
		version = spl(OIDStructVersion, 1)
		s.Extensions = []Extension{version, name, spl(OIDFmcSPL, tcb.FMC), bl, tee, snp, s5, s6, s7, ucode}
	} else {
		s.Extensions = []Extension{version, name, bl, tee, s4, s5, s6, s7, snp, ucode}
	}
	return s
}

// KeyUsage gives the value of a keyUsage extension as AMD encodes it: one byte
// of bits, one unused bit stated. 0x04 is keyCertSign, 0x02 cRLSign.
func KeyUsage(bits byte) []byte { return bitString(1, []byte{bits}) }

// BasicConstraints gives the value of a basicConstraints extension. A negative
// path length is not written.
func BasicConstraints(ca bool, pathLen int) []byte {
	var flag, length []byte
	if ca {
		flag = TLV(TagBoolean, []byte{0xFF})
	}
	if pathLen >= 0 {
		length = Integer(uint64(pathLen))
	}
	return TLV(TagSequence, flag, length)
}

func (f *Forge) subjectKeyID(cn string) []byte   { return TLV(TagOctetString, f.keyID(cn)) }
func (f *Forge) authorityKeyID(cn string) []byte { return TLV(TagSequence, TLV(0x80, f.keyID(cn))) }

// keyID is method 1 of RFC 5280 section 4.2.1.2, which AMD uses.
func (f *Forge) keyID(cn string) []byte {
	hash := sha1.Sum(x509.MarshalPKCS1PublicKey(f.CAKey(cn).Public()))
	return hash[:]
}

// crlDistPoint names the CRL of one of the two services of the KDS.
func crlDistPoint(service, product string) []byte {
	uri := "https://kdsintf.amd.com/" + service + "/v1/" + product + "/crl"
	fullName := TLV(0xA0, TLV(0x86, []byte(uri)))
	return TLV(TagSequence, TLV(TagSequence, TLV(0xA0, fullName)))
}
