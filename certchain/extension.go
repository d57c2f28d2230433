package certchain

import (
	"bytes"

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

// A use says whether a certificate has an extension.
type use uint8

const (
	none use = iota // it has not
	may
	must
	crit // it must, and it is critical
)

// A profile is a column of extensionTable: which extensions a certificate has.
type profile uint8

const (
	ofAuthority profile = iota
	ofVCEK
	ofVCEKTurin
	ofVLEK
	ofVLEKTurin
	numProfiles
)

func profileOf(role Role, product snpreport.Product) profile {
	p := ofAuthority
	switch role {
	case VCEK:
		p = ofVCEK
	case VLEK:
		p = ofVLEK
	}
	if p != ofAuthority && product == snpreport.Turin {
		p++
	}
	return p
}

// extensionTable has the name and the OBJECT IDENTIFIER content of each, and its use
// in each profile. RFC 5280 section 4.2.1; AMD 57230, VCEK certificate extensions; AMD
// 58369 for cspID. No VLEK of Turin has been published: fmcSPL is required, since the
// product has that component, and spl_4 is accepted as in either generation.
var extensionTable = [numExtensions]struct {
	name, oid string
	uses      [numProfiles]use // authority, VCEK, VCEK of Turin, VLEK, VLEK of Turin
}{
	extKeyUsage:         {"keyUsage", "\x55\x1d\x0f", [...]use{crit, none, none, none, none}},
	extBasicConstraints: {"basicConstraints", "\x55\x1d\x13", [...]use{crit, none, none, none, none}},
	extSubjectKeyID:     {"subjectKeyIdentifier", "\x55\x1d\x0e", [...]use{may, none, none, none, none}},
	extAuthorityKeyID:   {"authorityKeyIdentifier", "\x55\x1d\x23", [...]use{may, none, none, none, none}},
	extCRLDistribution:  {"cRLDistributionPoints", "\x55\x1d\x1f", [...]use{may, none, none, none, none}},
	extStructVersion:    {"structVersion", amdArc + "\x01", [...]use{none, must, must, must, must}},
	extProductName:      {"productName", amdArc + "\x02", [...]use{none, must, must, must, must}},
	extBootLoader:       {"blSPL", amdArc + "\x03\x01", [...]use{none, must, must, must, must}},
	extTEE:              {"teeSPL", amdArc + "\x03\x02", [...]use{none, must, must, must, must}},
	extSNP:              {"snpSPL", amdArc + "\x03\x03", [...]use{none, must, must, must, must}},
	extSPL4:             {"spl_4", amdArc + "\x03\x04", [...]use{none, must, none, must, may}},
	extSPL5:             {"spl_5", amdArc + "\x03\x05", [...]use{none, must, must, must, must}},
	extSPL6:             {"spl_6", amdArc + "\x03\x06", [...]use{none, must, must, must, must}},
	extSPL7:             {"spl_7", amdArc + "\x03\x07", [...]use{none, must, must, must, must}},
	extMicrocode:        {"ucodeSPL", amdArc + "\x03\x08", [...]use{none, must, must, must, must}},
	extFMC:              {"fmcSPL", amdArc + "\x03\x09", [...]use{none, none, must, none, must}},
	extHWID:             {"hwID", amdArc + "\x04", [...]use{none, must, must, none, none}},
	extCSPID:            {"cspID", amdArc + "\x05", [...]use{none, none, none, must, must}},
}

// extensions are the values of a certificate's extensions, each the content of
// extnValue, nil when absent.
type extensions [numExtensions][]byte

// readExtensions reads Extensions into values, by the profile: known ones only, none
// twice, critical exactly where it says so, none missing.
func (c *Certificate) readExtensions(list cryptobyte.String, p profile, values *extensions) error {
	whole := list
	for !list.Empty() {
		d := decoder{of: c, id: "CHN-10"}
		oid, critical, value := d.extension(&list)
		if d.fault != nil {
			return d.fault
		}
		e := lookUp(oid)
		name, use := "an unknown one", none
		if e != numExtensions {
			name, use = extensionTable[e].name, extensionTable[e].uses[p]
		}
		switch { // DER has no explicit FALSE and one TRUE
		case use == none:
			return c.fail("CHN-23", "extension", oid, "only those of the profile", name+" with OID "+quoteHex(oid))
		case values[e] != nil:
			return c.fail("CHN-24", name, oid, "one of each", "a second one")
		case use == crit && !bytes.Equal(critical, []byte{0x01, 0x01, 0xff}):
			return c.fail("CHN-25", name, oid, "critical TRUE", "critical "+quoteHex(critical))
		case use != crit && critical != nil:
			return c.fail("CHN-25", name, oid, "no critical flag", "critical "+quoteHex(critical))
		}
		values[e] = value
	}
	for e, row := range extensionTable {
		if row.uses[p] >= must && values[e] == nil {
			return c.fail("CHN-26", row.name, whole, "the extension", "none")
		}
	}
	return nil
}

// lookUp returns the extension with that OID, or numExtensions.
func lookUp(oid []byte) extension {
	for e := range extensionTable {
		if extensionTable[e].oid == string(oid) {
			return extension(e)
		}
	}
	return numExtensions
}
