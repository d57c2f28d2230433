package attesttest

import (
	"crypto/sha256"
	_ "embed"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

//go:embed testkeys.txt
var testKeys string

// forge imitates AMD with the keys of testkeys.txt. It remembers their nine
// certificates and a bounded number of signatures.
var forge = mint.NewForge(testKeys)

// rogue returns a Forge with another key for the ARK of a product: same names,
// same authorities below it, another root.
func rogue(product string) *mint.Forge {
	_, key, _ := strings.Cut(testKeys, "\n"+mint.OtherCA+" ")
	return mint.NewForge("ARK-" + product + " " + key + "\n" + testKeys)
}

// TestRoots returns the SHA-256 of the SubjectPublicKeyInfo of every RSA key in
// this package. Everybody has the private keys, so whoever lets a user choose
// AMD roots must refuse these.
func TestRoots() [][32]byte {
	var hashes [][32]byte
	for _, name := range append([]string{mint.OtherCA}, mint.CANames...) {
		hashes = append(hashes, sha256.Sum256(mint.SPKI(forge.CAKey(name).Public())))
	}
	return hashes
}
