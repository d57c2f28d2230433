package certchain_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// TestErrorPlace: an error says which certificate, and at which offset the field
// begins.
func TestErrorPlace(t *testing.T) {
	s := spec(certchain.VCEK, "Milan")
	s.Serial = []byte{0x80}
	var e *rule.Error
	if _, err := certchain.ParseCertificate(s.Encode(unsigned{})); !errors.As(err, &e) || e.Offset != 15 || e.Where != "certificate: serialNumber" {
		t.Errorf("%+v", e)
	}
	s = spec(certchain.VCEK, "Milan")
	s.SPKI = mint.SPKI(mint.P256Key("x").Public())
	der := s.Encode(unsigned{})
	if _, err := certchain.ParseCertificate(der); !errors.As(err, &e) || e.Offset != bytes.Index(der, s.SPKI) || e.Where != "VCEK: subjectPublicKeyInfo" {
		t.Errorf("%+v", e)
	}
	if got := e.Place(); !strings.HasPrefix(got, "VCEK: subjectPublicKeyInfo at offset 0x") {
		t.Error(got)
	}
	// An element with another tag, in two ways of reading.
	for _, der := range [][]byte{{0x30, 3, 2, 1, 5}, {0x31, 3, 2, 1, 5}} {
		at := 2 - 2*int(der[0]&1)
		if _, err := certchain.ParseCertificate(der); !errors.As(err, &e) || e.Offset != at {
			t.Errorf("offset %d, want %d: %v", e.Offset, at, e)
		}
	}
	_, err := certchain.Verify([][]byte{mint.CACert("ARK-Milan"), der}, nil, now)
	if !errors.As(err, &e) || e.Where != "certificate 2 (VCEK): subjectPublicKeyInfo" {
		t.Errorf("%+v", e)
	}
	if _, err = certchain.Verify([][]byte{{1}}, nil, now); !errors.As(err, &e) || e.Where != "certificate 1: Certificate" {
		t.Errorf("%+v", e)
	}
	if _, err = certchain.Verify(nil, nil, now); !errors.As(err, &e) || e.Place() != "chain: number of certificates" {
		t.Errorf("%+v", e)
	}
}

func TestStrings(t *testing.T) {
	for usage, want := range map[certchain.KeyUsage]string{
		0: "none", 4: "keyCertSign", 2: "cRLSign", 6: "keyCertSign cRLSign", 0x86: `keyCertSign cRLSign "80"`,
	} {
		if got := usage.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	root := mint.ARK("Milan")
	root.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1)
	_, err := certchain.NewRoots(root.Encode(unsigned{}))
	if err == nil || err.Error() != "certificate 1 (ARK): pathLenConstraint: expected none, got 1 [CHN-49]" {
		t.Error(err)
	}
	names := ""
	for r := range certchain.VLEK + 2 {
		names += r.String() + " "
	}
	if names != "no role ARK ASK ASVK VCEK VLEK no role " {
		t.Error(names)
	}
}

// TestExtensionIsNamed: so that one sees which one does not belong there.
func TestExtensionIsNamed(t *testing.T) {
	for oid, want := range map[string]string{mint.OIDCSPID: "cspID with OID", "1.2.3": "an unknown one with OID"} {
		s := spec(certchain.VCEK, "Milan")
		s.AddExt(mint.Extension{OID: oid})
		_, err := certchain.ParseCertificate(s.Encode(unsigned{}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

// TestVeniceIsNamed: the message tells a product that we don't know from one that
// we know of.
func TestVeniceIsNamed(t *testing.T) {
	s := spec(certchain.ARK, "Milan")
	s.Subject = mint.Name("ARK-Venice")
	_, err := certchain.ParseCertificate(s.Encode(unsigned{}))
	if err == nil || !strings.Contains(err.Error(), `"ARK-Venice" (recognised, but not supported)`) {
		t.Error(err)
	}
	var unsupported *certchain.UnsupportedError
	if !errors.As(err, &unsupported) || *unsupported != (certchain.UnsupportedError{Role: certchain.ARK, Name: "ARK-Venice"}) || !errors.Is(err, snpreport.ErrUnsupported) {
		t.Errorf("%+v", unsupported)
	}
	s.Subject, s.Issuer = mint.Name("ARK-Milan"), mint.Name("ARK-Venice") // an ARK of Milan is no coming one
	if _, err := certchain.ParseCertificate(s.Encode(unsigned{})); errors.As(err, &unsupported) {
		t.Error(err)
	}
	s.Subject = mint.Name("ARK-Rome")
	_, err = certchain.ParseCertificate(s.Encode(unsigned{}))
	if err == nil || !strings.Contains(err.Error(), `got "ARK-Rome"`) || strings.Contains(err.Error(), "recognised") {
		t.Error(err)
	}
}
