package certchain

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/snpreport"
)

// Role is the place of a certificate in a chain.
type Role uint8

// The zero Role is none of them.
const (
	ARK  Role = iota + 1 // AMD root key
	ASK                  // AMD SEV key, signs VCEKs
	ASVK                 // AMD SEV-VLEK key, signs VLEKs
	VCEK                 // versioned chip endorsement key
	VLEK                 // versioned loaded endorsement key
)

var roleNames = [...]string{"no role", "ARK", "ASK", "ASVK", "VCEK", "VLEK"}

// String returns AMD's abbreviation.
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return roleNames[0]
	}
	return roleNames[r]
}

// issuer returns the role of the certificate that signs one of role r.
func (r Role) issuer() Role {
	switch r {
	case VCEK:
		return ASK
	case VLEK:
		return ASVK
	}
	return ARK
}

func (r Role) isLeaf() bool { return r == VCEK || r == VLEK }

// An identity is what a common name says. That of a leaf names no product; its
// issuer's does.
type identity struct {
	commonName string
	role       Role
	product    snpreport.Product
}

// identities are the common names of AMD 57230 and 58369. Venice is known by
// name and refused.
var identities = [...]identity{
	{"SEV-VCEK", VCEK, 0},
	{"SEV-VLEK", VLEK, 0},
	{"ARK-Milan", ARK, snpreport.Milan},
	{"ARK-Genoa", ARK, snpreport.Genoa},
	{"ARK-Turin", ARK, snpreport.Turin},
	{"ARK-Venice", ARK, 0},
	{"SEV-Milan", ASK, snpreport.Milan},
	{"SEV-Genoa", ASK, snpreport.Genoa},
	{"SEV-Turin", ASK, snpreport.Turin},
	{"SEV-Venice", ASK, 0},
	{"SEV-VLEK-Milan", ASVK, snpreport.Milan},
	{"SEV-VLEK-Genoa", ASVK, snpreport.Genoa},
	{"SEV-VLEK-Turin", ASVK, snpreport.Turin},
	{"SEV-VLEK-Venice", ASVK, 0},
}

// identify looks a common name up, exact in case.
func identify(commonName []byte) identity {
	for _, id := range identities {
		if id.commonName == string(commonName) {
			return id
		}
	}
	return identity{}
}

// unsupported reports whether the name is known, but of a product that is not.
func (id identity) unsupported() bool {
	return id.product == 0 && id.role != 0 && !id.role.isLeaf()
}

// nameStart is AMD's Name up to the common name: RelativeDistinguishedNames of
// one attribute each, in AMD's order, the country a PrintableString and the
// others UTF8Strings. AMD 57230 section 2, and every certificate seen.
const nameStart = "\x31\x14\x30\x12\x06\x03\x55\x04\x0b\x0c\x0bEngineering" + // OU
	"\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02US" + // C
	"\x31\x14\x30\x12\x06\x03\x55\x04\x07\x0c\x0bSanta Clara" + // L
	"\x31\x0b\x30\x09\x06\x03\x55\x04\x08\x0c\x02CA" + // ST
	"\x31\x1f\x30\x1d\x06\x03\x55\x04\x0a\x0c\x16Advanced Micro Devices" // O

// commonName returns the CN of a Name that is AMD's in every other byte. name
// is the whole SEQUENCE and nothing else.
func commonName(name []byte) (cn []byte, ok bool) {
	s := cryptobyte.String(name)
	var rdns cryptobyte.String
	s.ReadASN1(&rdns, asn1.SEQUENCE) // which it is, or rdns stays empty
	last, ok := bytes.CutPrefix(rdns, []byte(nameStart))
	n := len(last) - 11
	if !ok || n < 1 || n > 64 { // 64: RFC 5280, ub-common-name
		return nil, false
	}
	header := [11]byte{0x31, byte(n + 9), 0x30, byte(n + 7), 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, byte(n)}
	if [11]byte(last) != header {
		return nil, false
	}
	return last[11:], true
}
