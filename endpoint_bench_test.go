package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"testing"

	"github.com/tresorhq/attest/certchain"
)

// BenchmarkVerifyEndpoint is a whole Verify without a CRL, next to the two
// signatures of a verification whose chain is known: "warm" remembers chain and
// bundle, "chain" the chain alone.
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
