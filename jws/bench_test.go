package jws_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
)

// Next to the bare primitives: what framing, header and copies cost.

func benchmarkOpen(b *testing.B, compact []byte, kind jws.Kind, key jws.Key) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := open(compact, kind, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyEdDSA(b *testing.B) {
	compact := token(`{"alg":"EdDSA","typ":"JWT","kid":"2026-04"}`, strings.Repeat("x", 1024), signEd)
	b.Run("jws", func(b *testing.B) { benchmarkOpen(b, compact, bundle, edKey) })
	b.Run("primitive", func(b *testing.B) {
		signed := compact[:bytes.LastIndexByte(compact, '.')]
		signature := signEd(signed)
		b.ReportAllocs()
		for b.Loop() {
			if !ed25519.Verify(jws.Raw(edKey), signed, signature) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkVerifyES256(b *testing.B) {
	compact := token(`{"alg":"ES256","typ":"JWT","kid":"2026-04"}`, strings.Repeat("x", 1024), signEC)
	b.Run("jws", func(b *testing.B) { benchmarkOpen(b, compact, receipt, ecKey) })
	b.Run("primitive", func(b *testing.B) {
		signed := compact[:bytes.LastIndexByte(compact, '.')]
		signature := signEC(signed)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		b.ReportAllocs()
		for b.Loop() {
			digest := sha256.Sum256(signed)
			if !ecdsa.Verify(&ecPrivate.PublicKey, digest[:], r, s) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkParseDots(b *testing.B) {
	kind := jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 1 << 20}
	dots := bytes.Repeat([]byte("."), 1<<20)
	b.ReportAllocs()
	b.SetBytes(int64(len(dots)))
	for b.Loop() {
		if _, err := jws.Parse(dots, kind); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkParseJWKS(b *testing.B) {
	set := []byte(`{"keys":[` + edJWK(jws.Raw(edKey), `,"kid":"a"`) + `,` + ecJWK(ecPoint[1:33], ecPoint[33:], `,"kid":"b"`) + `]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jws.ParseJWKS(set); err != nil {
			b.Fatal(err)
		}
	}
}
