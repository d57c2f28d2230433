package mint_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/mint"
)

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkSigned verifies with the one set of parameters that AMD uses, without
// the certificate's word for it.
func checkSigned(t *testing.T, issuer *x509.Certificate, tbs, signature []byte) {
	t.Helper()
	digest := sha512.Sum384(tbs)
	err := rsa.VerifyPSS(issuer.PublicKey.(*rsa.PublicKey), crypto.SHA384, digest[:], signature, &rsa.PSSOptions{SaltLength: 48})
	if err != nil {
		t.Error(err)
	}
}

func TestChains(t *testing.T) {
	for _, product := range mint.Products {
		for _, kind := range []string{"vcek", "vlek"} {
			t.Run(product+" "+kind, func(t *testing.T) {
				e := mint.Evidence(product, 3, kind)
				leaf, intermediate, ark := parse(t, e.Leaf), parse(t, e.Intermediate), parse(t, e.ARK)
				for _, link := range []struct{ child, parent *x509.Certificate }{{leaf, intermediate}, {intermediate, ark}, {ark, ark}} {
					if err := link.child.CheckSignatureFrom(link.parent); err != nil {
						t.Error(err)
					}
					checkSigned(t, link.parent, link.child.RawTBSCertificate, link.child.Signature)
					if !bytes.Equal(link.child.RawIssuer, link.parent.RawSubject) {
						t.Error("issuer and subject differ")
					}
				}
				roots, between := x509.NewCertPool(), x509.NewCertPool()
				roots.AddCert(ark)
				between.AddCert(intermediate)
				_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: mint.NotAfterLeaf})
				if err != nil {
					t.Error(err)
				}
				if key := leaf.PublicKey.(*ecdsa.PublicKey); key.Curve != elliptic.P384() || !key.Equal(e.Key.Public()) {
					t.Error("the leaf's key is another one")
				}
			})
		}
	}
}

// TestAuthorities pins the profile of AMD's authorities, the sizes of the real
// certificates included.
func TestAuthorities(t *testing.T) {
	type facts struct {
		Serial             string
		Subject, Issuer    string
		Usage              x509.KeyUsage
		PathLen            int
		PathLenZero        bool
		CRL                []string
		AKI                bool
		Size               int
		Extensions         []string
		NotBefore, NotEnds string
	}
	ca := func(serial, product, cn, issuer, service string, size int) facts {
		f := facts{
			Serial: serial, Subject: cn, Issuer: issuer, Size: size, Usage: x509.KeyUsageCertSign, PathLenZero: true, AKI: true,
			CRL:        []string{"https://kdsintf.amd.com/" + service + "/v1/" + product + "/crl"},
			Extensions: []string{"2.5.29.14", "2.5.29.35", "2.5.29.19 critical", "2.5.29.15 critical", "2.5.29.31"},
			NotBefore:  "2024-06-01T00:00:00Z", NotEnds: "2049-06-01T00:00:00Z",
		}
		if cn == issuer {
			f.Usage, f.PathLenZero, f.PathLen, f.AKI = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, false, -1, false
			f.Extensions = []string{"2.5.29.15 critical", "2.5.29.14", "2.5.29.19 critical", "2.5.29.31"}
		}
		return f
	}
	want := []facts{
		ca("010000", "Milan", "ARK-Milan", "ARK-Milan", "vcek", 1639),
		ca("010001", "Milan", "SEV-Milan", "ARK-Milan", "vcek", 1677),
		ca("010101", "Milan", "SEV-VLEK-Milan", "ARK-Milan", "vlek", 1683),
		ca("020000", "Genoa", "ARK-Genoa", "ARK-Genoa", "vcek", 1639),
		ca("020002", "Genoa", "SEV-Genoa", "ARK-Genoa", "vcek", 1677),
		ca("020101", "Genoa", "SEV-VLEK-Genoa", "ARK-Genoa", "vlek", 1683),
		ca("030000", "Turin", "ARK-Turin", "ARK-Turin", "vcek", 1639),
		ca("030001", "Turin", "SEV-Turin", "ARK-Turin", "vcek", 1677),
		ca("030101", "Turin", "SEV-VLEK-Turin", "ARK-Turin", "vlek", 1683),
	}
	for i, cn := range mint.CANames {
		der := mint.CACert(cn)
		c := parse(t, der)
		got := facts{
			Serial: "0" + c.SerialNumber.Text(16), Subject: c.Subject.CommonName, Issuer: c.Issuer.CommonName,
			Usage: c.KeyUsage, PathLen: c.MaxPathLen, PathLenZero: c.MaxPathLenZero, CRL: c.CRLDistributionPoints,
			AKI: bytes.Equal(c.AuthorityKeyId, parse(t, mint.CACert(want[i].Issuer)).SubjectKeyId), Size: len(der),
			NotBefore: c.NotBefore.Format(time.RFC3339), NotEnds: c.NotAfter.Format(time.RFC3339),
		}
		for _, e := range c.Extensions {
			s := e.Id.String()
			if e.Critical {
				s += " critical"
			}
			got.Extensions = append(got.Extensions, s)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%s: -want +got\n%s", cn, diff)
		}
		if !c.IsCA || !c.BasicConstraintsValid || c.Version != 3 {
			t.Errorf("%s: no CA, or not version 3", cn)
		}
		if want := mint.ExplicitTrailer().Encode(); len(want) != 0x48 || bytes.Count(der, want) != 2 {
			t.Errorf("%s: the trailer field is not explicit in both places", cn)
		}
	}
}

// TestLeaves pins the extensions: AMD's order, values and sizes.
func TestLeaves(t *testing.T) {
	legacy := []string{"1 020100", "2 PRODUCT", "3.1 020104", "3.2 020105", "3.4 020100", "3.5 020100", "3.6 020100", "3.7 020100", "3.3 020118", "3.8 020200db"}
	turin := []string{"1 020101", "2 PRODUCT", "3.9 020103", "3.1 020104", "3.2 020105", "3.3 020118", "3.5 020100", "3.6 020100", "3.7 020100", "3.8 020200db"}
	tests := []struct {
		product, kind string
		name          string
		base          []string
		size          int // of AMD's with a value of the same length; 0: none is public
	}{
		{"Milan", "vcek", "16084d696c616e2d4230", legacy, 1351},
		{"Genoa", "vcek", "160547656e6f61", legacy, 1348},
		{"Turin", "vcek", "1605547572696e", turin, 1290},
		{"Milan", "vlek", "16054d696c616e", legacy, 1319},
		{"Genoa", "vlek", "160547656e6f61", legacy, 0},
		{"Turin", "vlek", "1605547572696e", turin, 0},
	}
	tcb := mint.TCB{FMC: 3, BootLoader: 4, TEE: 5, SNP: 0x18, Microcode: 0xDB}
	for _, tt := range tests {
		t.Run(tt.product+" "+tt.kind, func(t *testing.T) {
			hwid := mint.DefaultHWID(tt.product)
			spec, last := mint.VCEK(tt.product, tcb, hwid), "4 "+hex.EncodeToString(hwid)
			signer, cn := mint.CAKey("SEV-"+tt.product), "SEV-VCEK"
			if tt.kind == "vlek" {
				csp := "CN=cc-us-east-2.amazonaws.com"
				spec, last = mint.VLEK(tt.product, tcb, csp), "5 161d"+hex.EncodeToString([]byte(csp))
				signer, cn = mint.CAKey("SEV-VLEK-"+tt.product), "SEV-VLEK"
			}
			hwid[0] ^= 0xFF // the spec must have a copy
			der := spec.Encode(signer)
			c := parse(t, der)
			want := append(slices.Clone(tt.base), last)
			want[1] = "2 " + tt.name
			var got []string
			for _, e := range c.Extensions {
				if e.Critical {
					t.Errorf("%v is critical", e.Id)
				}
				suffix, ok := bytes.CutPrefix([]byte(e.Id.String()), []byte("1.3.6.1.4.1.3704.1."))
				if !ok {
					t.Errorf("%v is not AMD's", e.Id)
				}
				got = append(got, string(suffix)+" "+hex.EncodeToString(e.Value))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if tt.size != 0 && len(der) != tt.size {
				t.Errorf("%d bytes, want %d", len(der), tt.size)
			}
			if c.Version != 3 || c.SerialNumber.Sign() != 0 || c.Subject.CommonName != cn {
				t.Errorf("version %d, serial %v, subject %v", c.Version, c.SerialNumber, c.Subject)
			}
			if !c.NotBefore.Equal(mint.NotBefore) || !c.NotAfter.Equal(mint.NotAfterLeaf) {
				t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
			}
			if bytes.Count(der, mint.OmittedTrailer().Encode()) != 2 {
				t.Error("the trailer field is not omitted in both places")
			}
			spec.SetAlgorithm(mint.ExplicitTrailer().Encode())
			if err := parse(t, spec.Encode(signer)).CheckSignatureFrom(parse(t, mint.CACert(signer.Name))); err != nil {
				t.Errorf("explicit trailer: %v", err)
			}
		})
	}
}

// TestName compares with a Name built by encoding/asn1.
func TestName(t *testing.T) {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type rdn []attribute
	var name []asn1.RawValue
	for _, a := range []struct {
		arc, tag int
		value    string
	}{{11, 12, "Engineering"}, {6, 19, "US"}, {7, 12, "Santa Clara"}, {8, 12, "CA"}, {10, 12, "Advanced Micro Devices"}, {3, 12, "ARK-Milan"}} {
		set, err := asn1.MarshalWithParams(rdn{{asn1.ObjectIdentifier{2, 5, 4, a.arc}, asn1.RawValue{Tag: a.tag, Bytes: []byte(a.value)}}}, "set")
		if err != nil {
			t.Fatal(err)
		}
		name = append(name, asn1.RawValue{FullBytes: set})
	}
	want, err := asn1.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := mint.Name("ARK-Milan"); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}
