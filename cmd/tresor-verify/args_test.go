package main

import (
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"os"
	"slices"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/mint"
)

var ed25519Options = ed25519.Options{Hash: crypto.Hash(0)}

func releaseHex() string {
	return hex.EncodeToString(mint.Ed25519Key("release").Public().(ed25519.PublicKey))
}

// removeFlag leaves out a flag and its value.
func removeFlag(args []string, name string) []string {
	i := slices.Index(args, name)
	return slices.Concat(args[:i], args[i+2:])
}

// replaceFlag replaces the value of a flag, or adds it.
func replaceFlag(args, flag []string) []string {
	if slices.Contains(args, flag[0]) {
		args = removeFlag(args, flag[0])
	}
	return slices.Concat(args, flag)
}

func testKitRoot(t *testing.T) []byte {
	t.Helper()
	e, err := attesttest.New(attesttest.Config{Now: recent})
	if err != nil {
		t.Fatal(err)
	}
	return e.AMDRoot()
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
