package main

import (
	"crypto/ed25519"
	"encoding/pem"

	"github.com/tresorhq/attest/internal/mint"
)

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// releaseRootPEM is a public key as a release root file holds it (RFC 8410).
func releaseRootPEM(key ed25519.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(public(key))})
}
