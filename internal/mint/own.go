package mint

import (
	_ "embed"
	"sync"
)

// The keys of this package are for tests only: a program that uses no function
// of this file must not contain them. So no initialiser may refer to them; then
// the linker leaves them out. TestBinaries of package attesttest looks after it.

//go:embed testkeys.txt
var testKeys string

var own struct {
	once sync.Once
	*Forge
}

func ownForge() *Forge {
	own.once.Do(func() { own.Forge = NewForge(testKeys) })
	return own.Forge
}

// CAKey is Forge.CAKey with the keys of testkeys.txt.
func CAKey(name string) *RSAKey { return ownForge().CAKey(name) }

// CACert is Forge.CACert with the keys of testkeys.txt.
func CACert(cn string) []byte { return ownForge().CACert(cn) }

// ARK is Forge.ARK with the keys of testkeys.txt.
func ARK(product string) CertSpec { return ownForge().ARK(product) }

// ASK is Forge.ASK with the keys of testkeys.txt.
func ASK(product string) CertSpec { return ownForge().ASK(product) }

// ASVK is Forge.ASVK with the keys of testkeys.txt.
func ASVK(product string) CertSpec { return ownForge().ASVK(product) }

// CRL is Forge.CRL with the keys of testkeys.txt.
func CRL(product string) CRLSpec { return ownForge().CRL(product) }

// Evidence is Forge.Evidence with the keys of testkeys.txt.
func Evidence(product string, version uint32, kind string) *Set {
	return ownForge().Evidence(product, version, kind)
}
