// Package cert compares certchain's certificates and chains with crypto/x509.
package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// Compare parses a certificate with both.
func Compare(der []byte) difftest.Outcome {
	c, err := certchain.ParseCertificate(der)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var x *x509.Certificate
	var theirs error
	o.Theirs, theirs = difftest.Call(func() (err error) {
		x, err = x509.ParseCertificate(der)
		return err
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\ncertificate: %x", err, theirs, der)
	if o.Ours == difftest.Accepts && o.Theirs == difftest.Accepts {
		o.Fields = differ(c, x)
	}
	return o
}

// differ names the fields that are not the same in both.
func differ(c *certchain.Certificate, x *x509.Certificate) []string {
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"Raw", bytes.Equal(c.Raw, x.Raw)},
		{"tbsCertificate", bytes.Equal(c.RawTBS, x.RawTBSCertificate)},
		{"version", x.Version == 3},
		{"serialNumber", new(big.Int).SetBytes(c.Serial).Cmp(x.SerialNumber) == 0},
		{"signatureAlgorithm", x.SignatureAlgorithm == x509.SHA384WithRSAPSS},
		{"issuer", bytes.Equal(c.RawIssuer, x.RawIssuer)},
		{"subject", bytes.Equal(c.RawSubject, x.RawSubject)},
		{"common name", sameName(c, x)},
		{"notBefore", c.NotBefore.Equal(x.NotBefore)},
		{"notAfter", c.NotAfter.Equal(x.NotAfter)},
		{"subjectPublicKeyInfo", bytes.Equal(c.RawSPKI, x.RawSubjectPublicKeyInfo) && sameKey(c, x)},
		{"basicConstraints", sameConstraints(c, x)},
		{"keyUsage", sameUsage(c, x)},
		{"AMD's extensions", sameExtensions(c, x)},
		{"critical extensions", len(x.UnhandledCriticalExtensions) == 0},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

func isLeaf(c *certchain.Certificate) bool {
	return c.Role == certchain.VCEK || c.Role == certchain.VLEK
}

// sameName compares role and product with what their reading of the names says.
func sameName(c *certchain.Certificate, x *x509.Certificate) bool {
	product := c.Product.String()
	subject, issuer := map[certchain.Role]string{
		certchain.ARK: "ARK-" + product, certchain.ASK: "SEV-" + product, certchain.ASVK: "SEV-VLEK-" + product,
		certchain.VCEK: "SEV-VCEK", certchain.VLEK: "SEV-VLEK",
	}[c.Role], map[certchain.Role]string{certchain.VCEK: "SEV-" + product, certchain.VLEK: "SEV-VLEK-" + product}[c.Role]
	return x.Subject.CommonName == subject && (issuer == "" || x.Issuer.CommonName == issuer)
}

func sameKey(c *certchain.Certificate, x *x509.Certificate) bool {
	switch key := x.PublicKey.(type) {
	case *rsa.PublicKey:
		return !isLeaf(c) && key.N.BitLen() == 4096 && key.E == 65537
	case *ecdsa.PublicKey:
		return isLeaf(c) && key.Curve.Params().BitSize == 384
	}
	return false
}

func sameConstraints(c *certchain.Certificate, x *x509.Certificate) bool {
	if !c.IsCA {
		return !x.IsCA
	}
	return x.IsCA && c.PathLen == x.MaxPathLen
}

func sameUsage(c *certchain.Certificate, x *x509.Certificate) bool {
	if isLeaf(c) {
		return x.KeyUsage == 0
	}
	return (x.KeyUsage&x509.KeyUsageCertSign != 0) == (c.KeyUsage&certchain.KeyCertSign != 0) &&
		(x.KeyUsage&x509.KeyUsageCRLSign != 0) == (c.KeyUsage&certchain.CRLSign != 0)
}

var levels = map[snpreport.Component]string{
	snpreport.FMC: mint.OIDFmcSPL, snpreport.BootLoader: mint.OIDBlSPL, snpreport.TEE: mint.OIDTeeSPL,
	snpreport.SNP: mint.OIDSnpSPL, snpreport.Microcode: mint.OIDUcodeSPL,
}

// sameExtensions writes what we read of a leaf anew, and looks for it in theirs.
func sameExtensions(c *certchain.Certificate, x *x509.Certificate) bool {
	if !isLeaf(c) {
		return true
	}
	want := map[string][]byte{
		mint.OIDStructVersion: mint.Integer(uint64(c.StructVersion)),
		mint.OIDProductName:   mint.TLV(mint.TagIA5String, c.ProductName),
	}
	for _, component := range c.TCB.Components() {
		level, _ := c.TCB.Level(component)
		want[levels[component]] = mint.Integer(uint64(level))
	}
	if c.Role == certchain.VLEK {
		want[mint.OIDCSPID] = mint.TLV(mint.TagIA5String, c.CSPID)
	} else {
		want[mint.OIDHWID] = c.HWID
	}
	for _, e := range x.Extensions {
		value, ok := want[e.Id.String()]
		if !ok {
			continue
		}
		// hwID comes bare, or in an OCTET STRING.
		if !bytes.Equal(value, e.Value) && !(e.Id.String() == mint.OIDHWID && bytes.Equal(mint.TLV(mint.TagOctetString, value), e.Value)) {
			return false
		}
		delete(want, e.Id.String())
	}
	return len(want) == 0
}
