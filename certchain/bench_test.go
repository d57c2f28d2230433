package certchain_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

var benchTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func BenchmarkParseLeaf(b *testing.B) {
	der := mint.Evidence("Milan", 3, "vcek").Leaf
	b.Run("certchain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := certchain.ParseCertificate(der); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crypto-x509", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := x509.ParseCertificate(der); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchEvidence is a report and its chain, taken apart into what the primitives
// need.
type benchEvidence struct {
	set    *mint.Set
	roots  *certchain.Roots
	report *snpreport.Report
	certs  []*x509.Certificate // leaf, intermediate, root
	r, s   *big.Int
}

func newBenchEvidence(b *testing.B) benchEvidence {
	e := benchEvidence{set: mint.Evidence("Milan", 3, "vcek")}
	var err error
	if e.roots, err = certchain.NewRoots(e.set.ARK); err != nil {
		b.Fatal(err)
	}
	if e.report, err = snpreport.Parse(e.set.Report); err != nil {
		b.Fatal(err)
	}
	for _, der := range e.set.Chain() {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			b.Fatal(err)
		}
		e.certs = append(e.certs, c)
	}
	le := func(b []byte) *big.Int { b = slices.Clone(b); slices.Reverse(b); return new(big.Int).SetBytes(b) }
	e.r, e.s = le(e.set.Report[0x2A0:0x2D0]), le(e.set.Report[0x2E8:0x318])
	return e
}

// rsaChain is the two signatures of a chain by the bare primitives, with the
// hashes of the certificates.
func (e benchEvidence) rsaChain(b *testing.B) {
	options := &rsa.PSSOptions{SaltLength: 48, Hash: crypto.SHA384}
	for i := range 2 {
		digest := sha512.Sum384(e.certs[i].RawTBSCertificate)
		if err := rsa.VerifyPSS(e.certs[i+1].PublicKey.(*rsa.PublicKey), crypto.SHA384, digest[:], e.certs[i].Signature, options); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range e.certs {
		sha256.Sum256(c.Raw)
	}
}

// ecdsaReport is the signature of the report by the bare primitive.
func (e benchEvidence) ecdsaReport(b *testing.B) {
	digest := sha512.Sum384(e.set.Report[:0x2A0])
	if !ecdsa.Verify(e.certs[0].PublicKey.(*ecdsa.PublicKey), digest[:], e.r, e.s) {
		b.Fatal("signature")
	}
}

// BenchmarkVerify compares the verification of a chain and the signature of a
// report with the primitives that they consist of. Run with -count and compare
// within one run.
func BenchmarkVerify(b *testing.B) {
	e := newBenchEvidence(b)
	check := func(b *testing.B, chain *certchain.Chain, err error) {
		if err != nil {
			b.Fatal(err)
		}
		if err := chain.VerifyReport(e.report); err != nil {
			b.Fatal(err)
		}
	}
	text := e.set.PEM()
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			chain, err := certchain.VerifyPEM(text, e.roots, benchTime)
			check(b, chain, err)
		}
	})
	b.Run("cold-primitives", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.rsaChain(b)
			e.ecdsaReport(b)
		}
	})
	b.Run("warm", func(b *testing.B) {
		cache := certchain.NewCache(1)
		b.ReportAllocs()
		for b.Loop() {
			chain, err := cache.VerifyPEM(text, e.roots, benchTime)
			check(b, chain, err)
		}
	})
	b.Run("warm-primitives", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.ecdsaReport(b)
		}
	})
}

// BenchmarkCacheHit is the cost of a remembered chain.
func BenchmarkCacheHit(b *testing.B) {
	e := newBenchEvidence(b)
	cache, text := certchain.NewCache(1), e.set.PEM()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.VerifyPEM(text, e.roots, benchTime); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseCRL(b *testing.B) {
	spec := mint.CRL("Milan")
	for i := range byte(100) {
		spec.Revoke(7, i)
	}
	der := spec.Encode(mint.CAKey("ARK-Milan"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := certchain.ParseCRL(der); err != nil {
			b.Fatal(err)
		}
	}
}
