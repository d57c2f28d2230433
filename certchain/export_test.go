package certchain

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tresorhq/attest/snpreport"
)

// Authority is an authority in a form that compares.
type Authority struct {
	Role                                   Role
	Product                                snpreport.Product
	Subject, Issuer, Serial, Dates, SHA256 string
	IsCA                                   bool
	PathLen                                int
	KeyUsage                               KeyUsage
	SPKISHA256                             string
}

func (a *authority) export() Authority {
	spki := rsaStart + string(a.key.N.FillBytes(make([]byte, modulusSize))) + rsaEnd
	sum := sha256.Sum256([]byte(spki))
	return Authority{
		a.role, a.product, string(a.subject), string(a.issuer), hex.EncodeToString(a.serial), a.validity.String(),
		hex.EncodeToString(a.sha256[:]), a.isCA, a.pathLen, a.keyUsage, hex.EncodeToString(sum[:]),
	}
}

// AuthorityOf returns what a certificate says.
func AuthorityOf(c *Certificate) Authority { return c.authority().export() }

// BuiltinAuthority returns what the table says.
func BuiltinAuthority(role Role, p snpreport.Product) Authority {
	if role == ARK {
		return Builtin().anchor(p).export()
	}
	return Builtin().intermediate(role, p).export()
}

// SameFacts compares two chains but for the identity of their keys.
func SameFacts(a, b *Chain) bool {
	x, y := *a, *b
	same := x.key.Equal(y.key)
	x.key, y.key = nil, nil
	return same && x == y
}
