package web

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest/certchain"
)

// certificates shows each certificate with AMD's extensions.
func (v *View) certificates() node {
	if len(v.Certificates) == 0 {
		return fragment(nil)
	}
	return el("section", at("aria-labelledby", "h-certificates"),
		el("h2", at("id", "h-certificates"), "Certificates"),
		each(v.Certificates, func(c *certchain.Certificate) node {
			return el("details", el("summary", c.Role.String()+" of "+c.Product.String()), facts(describe(c)...))
		}))
}

// describe lists what a certificate says.
func describe(c *certchain.Certificate) []pair {
	list := []pair{
		{"SHA-256", hex.EncodeToString(hash(c.Raw))},
		{"SHA-256 of the key", hex.EncodeToString(hash(c.RawSPKI))},
		{"serial number", hex.EncodeToString(c.Serial)},
		{"valid", c.NotBefore.Format(time.RFC3339) + " to " + c.NotAfter.Format(time.RFC3339)},
	}
	if c.IsCA {
		uses := strings.ReplaceAll(c.KeyUsage.String(), " ", ", ")
		limit := "no limit"
		if c.PathLen >= 0 {
			limit = fmt.Sprint(c.PathLen)
		}
		return append(list, pair{"key usage", uses}, pair{"path length", limit})
	}
	return append(list, pair{"productName", string(c.ProductName)}, pair{"structVersion", fmt.Sprint(c.StructVersion)},
		pair{"firmware levels (blSPL, teeSPL, snpSPL, ucodeSPL, fmcSPL)", c.TCB.String()},
		pair{"hwID", hex.EncodeToString(c.HWID)}, pair{"cspID", string(c.CSPID)})
}
