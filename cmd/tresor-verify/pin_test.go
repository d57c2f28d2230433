package main

import (
	"github.com/tresorhq/attest/internal/mint"
)

// withCert replaces --spki by --cert, which --save needs.
func withCert(f folder, args []string) []string {
	spec := mint.ARK("Milan") // any certificate with the key will do
	spec.SPKI = mint.SPKI(mint.P256Key("tls").Public())
	return append(removeFlag(args, "--spki"), "--cert", f.write("leaf.der", spec.Encode(mint.CAKey("ARK-Milan"))))
}
