package inspect

import (
	"crypto/sha256"
	"crypto/x509"
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
			return nil, err
		}
		nodes = append(nodes, certificateNode(c))
	}
	return nodes, nil
}

// pemNodes shows certificates in PEM.
func pemNodes(b []byte) ([]Node, error) {
	ders, err := certchain.SplitPEM(b)
	if err != nil {
		return nil, err
	}
	return certificateNodes(ders)
}

func certificateNode(c *certchain.Certificate) Node {
	sum := func(b []byte) string { d := sha256.Sum256(b); return hex.EncodeToString(d[:]) }
	fields := []Node{leaf("role", c.Role.String()), leaf("product", c.Product.String())}
	if names, err := x509.ParseCertificate(c.Raw); err == nil { // all else in them is the same in every certificate of the profile
		fields = append(fields, leaf("subject", names.Subject.CommonName), leaf("issuer", names.Issuer.CommonName))
	}
	fields = append(fields,
		leaf("serial", hex.EncodeToString(c.Serial)),
		leaf("not_before", verdict.Stamp(c.NotBefore)),
		leaf("not_after", verdict.Stamp(c.NotAfter)),
		leaf("sha256", sum(c.Raw)),
		leaf("spki_sha256", sum(c.RawSPKI)),
	)
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
