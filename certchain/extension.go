package certchain

import (
	"bytes"
	"math/bits"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tresorhq/attest/snpreport"
)

// An extension is one that the profile knows: a row of extensionTable.
type extension uint8

const (
	extKeyUsage extension = iota
	extBasicConstraints
	extSubjectKeyID
	extAuthorityKeyID
	extCRLDistribution
	extStructVersion
	extProductName
	extBootLoader
	extTEE
	extSNP
	extSPL4
	extSPL5
	extSPL6
	extSPL7
	extMicrocode
	extFMC
	extHWID
	extCSPID
	numExtensions
)

const amdArc = "\x2b\x06\x01\x04\x01\x9c\x78\x01" // 1.3.6.1.4.1.3704.1

// extensionTable has the name and the OBJECT IDENTIFIER content of each. RFC
// 5280 section 4.2.1; AMD 57230, VCEK certificate extensions; AMD 58369 for cspID.
var extensionTable = [numExtensions]struct{ name, oid string }{
	extKeyUsage:         {"keyUsage", "\x55\x1d\x0f"},
	extBasicConstraints: {"basicConstraints", "\x55\x1d\x13"},
	extSubjectKeyID:     {"subjectKeyIdentifier", "\x55\x1d\x0e"},
	extAuthorityKeyID:   {"authorityKeyIdentifier", "\x55\x1d\x23"},
	extCRLDistribution:  {"cRLDistributionPoints", "\x55\x1d\x1f"},
	extStructVersion:    {"structVersion", amdArc + "\x01"},
	extProductName:      {"productName", amdArc + "\x02"},
	extBootLoader:       {"blSPL", amdArc + "\x03\x01"},
	extTEE:              {"teeSPL", amdArc + "\x03\x02"},
	extSNP:              {"snpSPL", amdArc + "\x03\x03"},
	extSPL4:             {"spl_4", amdArc + "\x03\x04"},
	extSPL5:             {"spl_5", amdArc + "\x03\x05"},
	extSPL6:             {"spl_6", amdArc + "\x03\x06"},
	extSPL7:             {"spl_7", amdArc + "\x03\x07"},
	extMicrocode:        {"ucodeSPL", amdArc + "\x03\x08"},
	extFMC:              {"fmcSPL", amdArc + "\x03\x09"},
	extHWID:             {"hwID", amdArc + "\x04"},
	extCSPID:            {"cspID", amdArc + "\x05"},
}

// An extensionSet has bit e for extension e.
type extensionSet uint32

func (s extensionSet) has(e extension) bool { return s>>e&1 != 0 }

// first returns the name of the first of a set that is not empty.
func (s extensionSet) first() string {
	return extensionTable[bits.TrailingZeros32(uint32(s))].name
}

const (
	caRequired = 1<<extKeyUsage | 1<<extBasicConstraints
	caOptional = 1<<extSubjectKeyID | 1<<extAuthorityKeyID | 1<<extCRLDistribution
	leafCommon = 1<<extStructVersion | 1<<extProductName | 1<<extBootLoader | 1<<extTEE | 1<<extSNP |
		1<<extSPL5 | 1<<extSPL6 | 1<<extSPL7 | 1<<extMicrocode
	legacy = leafCommon | 1<<extSPL4
	turin  = leafCommon | 1<<extFMC
)

// A profile says which extensions a certificate has. Those of a CA are critical
// when required; those of a leaf never are.
type profile struct {
	role               Role
	product            snpreport.Product // 0: any
	required, optional extensionSet
	critical           extensionSet
	structVersions     []uint8
}

// profiles are AMD's. No VLEK for Turin has been published: fmcSPL is required,
// since the product has that component, and structVersion and spl_4 are accepted
// in the forms of either generation.
var profiles = [...]profile{
	{role: ARK, required: caRequired, optional: caOptional, critical: caRequired},
	{role: ASK, required: caRequired, optional: caOptional, critical: caRequired},
	{role: ASVK, required: caRequired, optional: caOptional, critical: caRequired},
	{role: VCEK, product: snpreport.Milan, required: legacy | 1<<extHWID, structVersions: []uint8{0}},
	{role: VCEK, product: snpreport.Genoa, required: legacy | 1<<extHWID, structVersions: []uint8{0}},
	{role: VCEK, product: snpreport.Turin, required: turin | 1<<extHWID, structVersions: []uint8{1}},
	{role: VLEK, product: snpreport.Milan, required: legacy | 1<<extCSPID, structVersions: []uint8{0}},
	{role: VLEK, product: snpreport.Genoa, required: legacy | 1<<extCSPID, structVersions: []uint8{0}},
	{role: VLEK, product: snpreport.Turin, required: turin | 1<<extCSPID, optional: 1 << extSPL4, structVersions: []uint8{0, 1}},
}

func profileOf(role Role, product snpreport.Product) *profile {
	for i := range profiles {
		if p := &profiles[i]; p.role == role && (p.product == 0 || p.product == product) {
			return p
		}
	}
	return nil
}

// extensions are the values of a certificate's extensions, each the content of
// extnValue, nil when absent.
type extensions [numExtensions][]byte

// readExtensions reads Extensions into values, by the profile: known ones only, none
// twice, critical exactly where it says so, none missing.
func (c *Certificate) readExtensions(list cryptobyte.String, p *profile, values *extensions) error {
	var seen extensionSet
	whole := list
	for !list.Empty() {
		d := decoder{raw: c.Raw}
		oid, critical, value := d.extension(&list)
		if d.fault != nil {
			return c.malformed(d.fault)
		}
		e := lookUp(oid)
		if !(p.required | p.optional).has(e) {
			name := "an unknown one"
			if e != numExtensions {
				name = extensionTable[e].name
			}
			return c.fail("CHN-23", "extension", oid, "only those of the profile", name+" with OID "+quoteHex(oid))
		}
		name := extensionTable[e].name
		if seen.has(e) {
			return c.fail("CHN-24", name, oid, "one of each", "a second one")
		}
		seen |= 1 << e
		// DER has no explicit FALSE and one TRUE.
		switch wanted := p.critical.has(e); {
		case wanted && !bytes.Equal(critical, []byte{0x01, 0x01, 0xff}):
			return c.fail("CHN-25", name, oid, "critical TRUE", "critical "+quoteHex(critical))
		case !wanted && critical != nil:
			return c.fail("CHN-25", name, oid, "no critical flag", "critical "+quoteHex(critical))
		}
		values[e] = value
	}
	if missing := p.required &^ seen; missing != 0 {
		return c.fail("CHN-26", missing.first(), whole, "the extension", "none")
	}
	return nil
}

// lookUp returns the extension with that OID, or numExtensions, which no set has.
func lookUp(oid []byte) extension {
	for e := range extensionTable {
		if extensionTable[e].oid == string(oid) {
			return extension(e)
		}
	}
	return numExtensions
}
