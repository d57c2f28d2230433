package mint

import (
	"bytes"
	"strings"
	"sync"
)

// A Forge imitates AMD's certificate authorities with the keys of one file. It
// may be used concurrently. The functions of this package that need such keys
// are methods of a Forge; those of the same name without one use the keys of
// testkeys.txt.
type Forge struct {
	file  string
	keys  sync.Map // name to *RSAKey
	certs sync.Map // common name to the DER of its default certificate
}

// NewForge gives a Forge. A line of the file is empty, or a comment that starts
// with #, or the name of a key and its two primes in hexadecimal. Of two keys of
// one name the first counts. A key is read when it is first asked for.
func NewForge(file string) *Forge { return &Forge{file: file} }

// CAKey gives the test key of that name, one of CANames or OtherCA.
func (f *Forge) CAKey(name string) *RSAKey {
	if known, ok := f.keys.Load(name); ok {
		return known.(*RSAKey)
	}
	for line := range strings.Lines(f.file) {
		if field := strings.Fields(line); len(field) == 3 && field[0] == name {
			key, _ := f.keys.LoadOrStore(name, newRSAKey(field[0], field[1], field[2]))
			return key.(*RSAKey)
		}
	}
	panic("mint: no test key named " + name)
}

// CACert gives the default certificate of an authority, one of CANames. It is
// signed once; each call gives a copy of its own.
func (f *Forge) CACert(cn string) []byte {
	known, ok := f.certs.Load(cn)
	if !ok {
		spec, product := f.authorityNamed(cn)
		known, _ = f.certs.LoadOrStore(cn, spec.Encode(f.CAKey("ARK-"+product)))
	}
	return bytes.Clone(known.([]byte))
}

func (f *Forge) authorityNamed(cn string) (spec CertSpec, product string) {
	for _, kind := range []struct {
		prefix   string
		describe func(product string) CertSpec
	}{{"ARK-", f.ARK}, {"SEV-VLEK-", f.ASVK}, {"SEV-", f.ASK}} {
		if product, ok := strings.CutPrefix(cn, kind.prefix); ok {
			return kind.describe(product), product
		}
	}
	panic("mint: no authority named " + cn)
}
