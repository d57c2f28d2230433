package certchain

import "github.com/tresorhq/attest/snpreport"

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
