package mint_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"

	"github.com/tresorhq/attest/internal/mint"
)

// One thing is wrong with this evidence, and only that one: the report has the
// DEBUG bit, and a signature that holds.
func ExampleEvidence() {
	e := mint.Evidence("Genoa", 3, "vcek")
	e.Spec.Policy |= 1 << 19
	e.Resign()

	leaf, err := x509.ParseCertificate(e.Leaf)
	if err != nil {
		panic(err)
	}
	fmt.Println(reportVerifies(e.Report, leaf.PublicKey.(*ecdsa.PublicKey)))
	// Output: true
}

// A VCEK whose boot loader level does not fit in a byte, signed by the right
// authority.
func ExampleCertSpec() {
	spec := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan"))
	spec.Ext(mint.OIDBlSPL).Value = mint.Integer(256)
	leaf := spec.Encode(mint.CAKey("SEV-Milan"))
	fmt.Println(len(leaf), "bytes")
	// Output: 1352 bytes
}
