package inspect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/verdict"
)

// certificateNodes shows certificates of AMD's profile; others are refused.
func certificateNodes(ders [][]byte) ([]Node, error) {
	var nodes []Node
	for _, der := range ders {
		c, err := certchain.ParseCertificate(der)
		if err != nil {
			return nil, Malformed(err)
		}
		nodes = append(nodes, certificateNode(c))
	}
	return nodes, nil
}

func certificateNode(c *certchain.Certificate) Node {
	sum := func(b []byte) string { d := sha256.Sum256(b); return hex.EncodeToString(d[:]) }
	fields := []Node{
		leaf("role", c.Role.String()),
		leaf("product", c.Product.String()),
		leaf("subject", commonName(c, true)),
		leaf("issuer", commonName(c, false)),
		leaf("serial", hex.EncodeToString(c.Serial)),
		leaf("not_before", verdict.Stamp(c.NotBefore)),
		leaf("not_after", verdict.Stamp(c.NotAfter)),
		leaf("sha256", sum(c.Raw)),
		leaf("spki_sha256", sum(c.RawSPKI)),
	}
	if c.IsCA {
		fields = append(fields, leaf("key", "RSA-4096, exponent 65537"), leaf("key_usage", c.KeyUsage.String()))
		if c.PathLen >= 0 {
			fields = append(fields, leaf("path_len", c.PathLen))
		}
		return group("certificate", fields...)
	}
	return group("certificate", append(fields, leaf("key", "P-384"), amdNode(c))...)
}

// amdNode shows the extensions under 1.3.6.1.4.1.3704.1.
func amdNode(c *certchain.Certificate) Node {
	kids := []Node{
		leaf("structVersion", c.StructVersion, "3704.1.1"),
		leaf("productName", string(c.ProductName), "3704.1.2"),
	}
	oids := map[string]string{"bootloader": "3704.1.3.1, blSPL", "tee": "3704.1.3.2, teeSPL", "snp": "3704.1.3.3, snpSPL", "microcode": "3704.1.3.8, ucodeSPL", "fmc": "3704.1.3.9, fmcSPL"}
	for _, component := range c.TCB.Components() {
		level, _ := c.TCB.Level(component)
		kids = append(kids, leaf(component.String(), level, oids[component.String()]))
	}
	if c.Role == certchain.VCEK {
		kids = append(kids, leaf("hwID", hex.EncodeToString(c.HWID), "3704.1.4, the chip"))
	} else {
		kids = append(kids, leaf("cspID", string(c.CSPID), "3704.1.5, the provider"))
	}
	return group("amd_extensions", kids...)
}

// commonName tells names apart by what is left of them: all else is the same in
// every certificate of the profile.
func commonName(c *certchain.Certificate, subject bool) string {
	issuer := map[certchain.Role]string{certchain.VCEK: "SEV-", certchain.VLEK: "SEV-VLEK-"}[c.Role]
	if issuer == "" {
		issuer = "ARK-"
	}
	switch {
	case !subject:
		return issuer + c.Product.String()
	case c.Role == certchain.VCEK || c.Role == certchain.VLEK:
		return "SEV-" + c.Role.String()
	}
	return map[certchain.Role]string{certchain.ARK: "ARK-", certchain.ASK: "SEV-", certchain.ASVK: "SEV-VLEK-"}[c.Role] + c.Product.String()
}

func crlNode(l *certchain.CRL) Node {
	revoked := list("revoked_serials")
	for _, serial := range l.Serials() {
		revoked.kids = append(revoked.kids, leaf("serial", serial))
	}
	return group("crl",
		leaf("issuer", "ARK-"+l.Product.String()),
		leaf("number", l.Number),
		leaf("this_update", verdict.Stamp(l.ThisUpdate)),
		leaf("next_update", verdict.Stamp(l.NextUpdate)),
		leaf("revoked", fmt.Sprint(len(revoked.kids))),
		revoked,
	)
}
