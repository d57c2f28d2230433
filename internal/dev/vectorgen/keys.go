package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"

	"github.com/tresorhq/attest/internal/mint"
)

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// releaseRootPEM is a public key as a release root file holds it (RFC 8410).
func releaseRootPEM(key ed25519.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(public(key))})
}

// okp is the JWK of an Ed25519 key (RFC 8037 section 2).
func okp(x []byte) doc {
	return doc{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64.RawURLEncoding.EncodeToString(x)}}
}
