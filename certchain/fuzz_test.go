package certchain_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
)

// FuzzParseCertificate: whatever we accept, crypto/x509 accepts with equal
// fields, save for a leaf whose point is off the curve: that is found when the
// key is built, and then crypto/x509 refuses the certificate.
func FuzzParseCertificate(f *testing.F) {
	for _, product := range mint.Products {
		for role := certchain.ARK; role <= certchain.VLEK; role++ {
			s := spec(role, product)
			f.Add(s.Encode(unsigned{}))
		}
	}
	s := spec(certchain.VCEK, "Milan")
	s.SPKI = offCurve(s.SPKI)
	s.Ext(mint.OIDHWID).Value = octets(mint.DefaultHWID("Milan")...)
	s.SetAlgorithm(mint.ExplicitTrailer().Encode())
	f.Add(s.Encode(unsigned{}))
	f.Fuzz(func(t *testing.T, der []byte) { compareCertificate(t, der) })
}

func compareCertificate(t *testing.T, der []byte) {
	c, err := certchain.ParseCertificate(der)
	if err != nil {
		var e *rule.Error
		if c != nil || !errors.As(err, &e) || e.Rule == "" {
			t.Fatalf("certificate %v, error %#v", c, err)
		}
		return
	}
	keyErr := certchain.KeyError(c)
	x, err := x509.ParseCertificate(der)
	if (err == nil) != (keyErr == nil) {
		t.Fatalf("crypto/x509: %v; our key: %v", err, keyErr)
	}
	if err != nil {
		return
	}
	for name, pair := range map[string][2][]byte{
		"Raw": {c.Raw, x.Raw}, "TBS": {c.RawTBS, x.RawTBSCertificate}, "issuer": {c.RawIssuer, x.RawIssuer},
		"subject": {c.RawSubject, x.RawSubject}, "SPKI": {c.RawSPKI, x.RawSubjectPublicKeyInfo},
		"input": {c.Raw, der}, "signature": {certchain.SignatureOf(c), x.Signature},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %x, crypto/x509 %x", name, pair[0], pair[1])
		}
	}
	if new(big.Int).SetBytes(c.Serial).Cmp(x.SerialNumber) != 0 || !c.NotBefore.Equal(x.NotBefore) || !c.NotAfter.Equal(x.NotAfter) {
		t.Error("serial number or dates differ")
	}
	if x.Version != 3 || x.SignatureAlgorithm != x509.SHA384WithRSAPSS || len(x.UnhandledCriticalExtensions) != 0 {
		t.Errorf("version %d, %v", x.Version, x.SignatureAlgorithm)
	}
	switch key := x.PublicKey.(type) {
	case *rsa.PublicKey:
		if c.Role > certchain.ASVK || key.N.BitLen() != 4096 || key.E != 65537 {
			t.Errorf("key of %v: %d bits", c.Role, key.N.BitLen())
		}
		compareCA(t, c, x)
	case *ecdsa.PublicKey:
		if c.Role < certchain.VCEK || key.Curve.Params().BitSize != 384 {
			t.Errorf("key of %v: %v", c.Role, key.Curve.Params().Name)
		}
		compareLeaf(t, c, x)
	default:
		t.Errorf("key %T", key)
	}
}

func compareCA(t *testing.T, c *certchain.Certificate, x *x509.Certificate) {
	if c.IsCA != x.IsCA || c.IsCA && c.PathLen != x.MaxPathLen {
		t.Errorf("CA %t %d, crypto/x509 %t %d", c.IsCA, c.PathLen, x.IsCA, x.MaxPathLen)
	}
	sign := x.KeyUsage&x509.KeyUsageCertSign != 0
	crl := x.KeyUsage&x509.KeyUsageCRLSign != 0
	if sign != (c.KeyUsage&certchain.KeyCertSign != 0) || crl != (c.KeyUsage&certchain.CRLSign != 0) {
		t.Errorf("keyUsage %v, crypto/x509 %b", c.KeyUsage, x.KeyUsage)
	}
}

func compareLeaf(t *testing.T, c *certchain.Certificate, x *x509.Certificate) {
	if x.IsCA || x.KeyUsage != 0 {
		t.Error("a leaf with CA extensions")
	}
	for _, e := range x.Extensions {
		var got []byte
		switch e.Id.String() {
		case mint.OIDHWID:
			got = c.HWID
			if len(e.Value) == len(got)+2 {
				e.Value = e.Value[2:]
			}
		case mint.OIDCSPID:
			got = mint.TLV(mint.TagIA5String, c.CSPID)
		case mint.OIDProductName:
			got = mint.TLV(mint.TagIA5String, c.ProductName)
		case mint.OIDStructVersion:
			got = mint.Integer(uint64(c.StructVersion))
		default:
			continue
		}
		if !bytes.Equal(got, e.Value) {
			t.Errorf("%v: %x, crypto/x509 %x", e.Id, got, e.Value)
		}
	}
}

// FuzzParseCRL: whatever we accept, crypto/x509 accepts with equal fields.
func FuzzParseCRL(f *testing.F) {
	s := mint.CRL("Milan")
	f.Add(s.Encode(unsigned{}))
	s.Revoke(1, 0, 1)
	s.Entries[0].Extensions = []mint.Extension{{OID: mint.OIDReasonCode, Value: []byte{0x0a, 1, 4}}}
	s.SetAlgorithm(mint.OmittedTrailer().Encode())
	f.Add(s.Encode(unsigned{}))
	s.AddExt(mint.Extension{OID: "1.2.3.4", Value: []byte{5, 0}})
	f.Add(s.Encode(unsigned{}))
	f.Fuzz(func(t *testing.T, der []byte) {
		l, err := certchain.ParseCRL(der)
		if err != nil {
			var e *rule.Error
			if l != nil || !errors.As(err, &e) || e.Rule == "" {
				t.Fatalf("CRL %v, error %#v", l, err)
			}
			return
		}
		x, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatalf("crypto/x509: %v", err)
		}
		if !bytes.Equal(x.Raw, der) || x.SignatureAlgorithm != x509.SHA384WithRSAPSS || l.Number != x.Number.String() ||
			!l.ThisUpdate.Equal(x.ThisUpdate) || !l.NextUpdate.Equal(x.NextUpdate) {
			t.Errorf("%+v, crypto/x509 %+v", l, x)
		}
		if tbs, issuer := certchain.CRLParts(l); !bytes.Equal(tbs, x.RawTBSRevocationList) || !bytes.Equal(issuer, x.RawIssuer) {
			t.Error("tbsCertList or issuer differ")
		}
		var serials []string
		for _, e := range x.RevokedCertificateEntries {
			serials = append(serials, e.SerialNumber.String())
		}
		if got := certchain.CRLSerials(l); !slices.Equal(got, serials) {
			t.Errorf("serial numbers %v, crypto/x509 %v", got, serials)
		}
	})
}

// FuzzVerify changes a chain: it is accepted only while what AMD signed in the
// leaf and in the intermediate is what it was.
func FuzzVerify(f *testing.F) {
	e := mint.Evidence("Turin", 3, "vcek")
	roots := rootsOf(f, "Turin")
	originals := map[string]bool{string(e.LeafSpec.TBS()): true, string(mint.ASK("Turin").TBS()): true, string(mint.ARK("Turin").TBS()): true}
	f.Add(e.Leaf, e.Intermediate, e.ARK)
	f.Add(e.ARK, e.Leaf, e.Intermediate)
	f.Add(e.Intermediate, e.Leaf, []byte(nil))
	off := e.LeafSpec
	off.SPKI = offCurve(off.SPKI)
	f.Add(off.Encode(unsigned{}), e.Intermediate, e.ARK)
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		certs := [][]byte{a, b}
		if len(c) > 0 {
			certs = append(certs, c)
		}
		chain, err := certchain.Verify(certs, roots, now)
		if err != nil {
			var e *rule.Error
			if chain != nil || !errors.As(err, &e) || e.Rule == "" {
				t.Fatalf("chain %v, error %#v", chain, err)
			}
			return
		}
		for _, der := range certs {
			parsed, err := certchain.ParseCertificate(der)
			if err != nil || !originals[string(parsed.RawTBS)] {
				t.Fatalf("accepted a changed certificate: %v, %x", err, der)
			}
		}
	})
}

// TestMutations gives the comparison of FuzzParseCertificate every certificate
// with each of its bytes changed in several ways, which reaches deeper than chance.
func TestMutations(t *testing.T) {
	for _, role := range []certchain.Role{certchain.ASK, certchain.VCEK, certchain.VLEK} {
		s := spec(role, "Turin")
		der := s.Encode(unsigned{})
		accepted := 0
		for i := range len(der) - 512 {
			for _, change := range []byte{0x01, 0x80, 0x20, 0xff} {
				changed := bytes.Clone(der)
				changed[i] ^= change
				compareCertificate(t, changed)
				if _, err := certchain.ParseCertificate(changed); err == nil {
					accepted++
				}
			}
		}
		if accepted == 0 {
			t.Errorf("%v: no change was accepted, so nothing was compared", role)
		}
	}
}
