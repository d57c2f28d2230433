package paravisor

import (
	_ "embed"
	"sync"

	"github.com/tresorhq/attest/internal/mint"
)

// As those of package mint, these keys must not be in a program that uses none: no
// initialiser may refer to them.

//go:embed akkeys.txt
var akKeys string

var own struct {
	once sync.Once
	*mint.Forge
}

// AKKey is an attestation key of an imitated virtual TPM: "ak", or "other" of another
// machine.
func AKKey(name string) *mint.RSAKey {
	own.once.Do(func() { own.Forge = mint.NewForge(akKeys) })
	return own.CAKey(name)
}
