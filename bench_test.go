package attest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// BenchmarkVerify is a whole verification of a report with its chain, next to
// the bare signatures and hashes that it can not do without.
func BenchmarkVerify(b *testing.B) {
	e := mint.Evidence("Milan", 3, "vcek")
	evidence := attest.ReportEvidence{Report: e.Report, Certificates: [][]byte{e.PEM()}}
	verify := func(cache *certchain.Cache) func(*testing.B) {
		return func(b *testing.B) {
			v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(b), Cache: cache})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := v.Verify(evidence, at); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(evidence, at); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	p := newPrimitives(b, e)
	b.Run("cold", verify(nil))
	b.Run("cold/primitives", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.pss(b, 0)
			p.pss(b, 1)
			p.ecdsa(b)
		}
	})
	b.Run("warm", verify(certchain.NewCache(4)))
	b.Run("warm/primitives", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.ecdsa(b)
		}
	})
}

// primitives are the inputs of the signatures of one verification.
type primitives struct {
	keys       [2]*rsa.PublicKey
	tbs        [2][]byte
	signatures [2][]byte
	leaf       *ecdsa.PublicKey
	report     []byte
	der        []byte
}

func newPrimitives(b *testing.B, e *mint.Set) *primitives {
	p := &primitives{report: e.Report}
	for i, der := range [][]byte{e.Leaf, e.Intermediate} {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			b.Fatal(err)
		}
		p.tbs[i], p.signatures[i] = c.RawTBSCertificate, c.Signature
		if i == 0 {
			p.leaf = c.PublicKey.(*ecdsa.PublicKey)
		}
	}
	p.keys[0], p.keys[1] = mint.CAKey("SEV-"+e.Product).Public(), mint.CAKey("ARK-"+e.Product).Public()
	digest := sha512.Sum384(p.report[:mint.SignedSize])
	var err error
	if p.der, err = e.Key.Sign(nil, digest[:], crypto.SHA384); err != nil {
		b.Fatal(err)
	}
	return p
}

func (p *primitives) pss(b *testing.B, i int) {
	digest := sha512.Sum384(p.tbs[i])
	if err := rsa.VerifyPSS(p.keys[i], crypto.SHA384, digest[:], p.signatures[i], &rsa.PSSOptions{SaltLength: 48}); err != nil {
		b.Fatal(err)
	}
}

func (p *primitives) ecdsa(b *testing.B) {
	digest := sha512.Sum384(p.report[:mint.SignedSize])
	if !ecdsa.VerifyASN1(p.leaf, digest[:], p.der) {
		b.Fatal("signature")
	}
}

// BenchmarkVerifyEndpoint is a whole Verify without a CRL, next to the two
// signatures of a verification whose chain is known: "warm" remembers chain and
// bundle, "chain" the chain alone, "cold" nothing.
func BenchmarkVerifyEndpoint(b *testing.B) {
	p := newEndpoint("Milan", 3, "vcek")
	c := p.config(b)
	c.RequireCRL, c.Cache = false, certchain.NewCache(4)
	v, e := p.verifierOf(b, c), p.evidenceOf(b)
	e.CRLs = nil
	if _, err := v.Verify(e, at); err != nil {
		b.Fatal(err)
	}
	b.Run("warm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(e, at); err != nil {
				b.Fatal(err)
			}
		}
	})
	c.Cache = nil
	bare := p.verifierOf(b, c)
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bare.Verify(e, at); err != nil {
				b.Fatal(err)
			}
		}
	})
	c.Cache = certchain.NewCache(4)
	b.Run("chain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.verifierOf(b, c).Verify(e, at); err != nil { // one that has seen no bundle
				b.Fatal(err)
			}
		}
	})
	primitives := newPrimitives(b, p.Set)
	dot := bytes.LastIndexByte(e.Bundle, '.')
	signature, err := base64.RawURLEncoding.DecodeString(string(e.Bundle[dot+1:]))
	if err != nil {
		b.Fatal(err)
	}
	public := p.release.Public().(ed25519.PublicKey)
	b.Run("primitives", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			primitives.ecdsa(b)
			if !ed25519.Verify(public, e.Bundle[:dot], signature) {
				b.Fatal("signature")
			}
		}
	})
}
