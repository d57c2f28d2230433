// Command sample writes the synthetic evidence of this folder anew:
//
//	go run ./testdata/sample
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/tresorhq/attest/internal/mint"
)

func main() {
	e := mint.Evidence("Genoa", 5, "vcek")
	crl := mint.CRL(e.Product)
	altered := append([]byte(nil), e.Report...)
	altered[0x90] ^= 1 // the first bit of MEASUREMENT
	for name, data := range map[string][]byte{
		"report.bin":  e.Report,
		"altered.bin": altered,
		"chain.pem":   mint.PEM(e.Leaf, e.Intermediate),
		"ark.pem":     mint.PEM(e.ARK),
		"crl.der":     crl.Encode(mint.CAKey("ARK-" + e.Product)),
	} {
		if err := os.WriteFile(filepath.Join("testdata", "sample", name), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
