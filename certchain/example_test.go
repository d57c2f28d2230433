package certchain_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tresorhq/attest/certchain"
)

// The certificates that came with a report, up to an AMD root. Real hardware needs
// no NewRoots: Builtin has AMD's keys, and then the leaf alone is enough.
func ExampleVerifyPEM() {
	read := func(name string) []byte {
		b, err := os.ReadFile("../testdata/sample/" + name)
		if err != nil {
			log.Fatal(err)
		}
		return b
	}
	synthetic, err := certchain.SplitPEM(read("ark.pem"))
	if err != nil {
		log.Fatal(err)
	}
	roots, err := certchain.NewRoots(synthetic...)
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	chain, err := certchain.VerifyPEM(read("chain.pem"), roots, at)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(chain.SigningKey, chain.Product, chain.TCB)

	_, err = certchain.VerifyPEM(read("chain.pem"), certchain.Builtin(), at)
	fmt.Println(err)
	// Output:
	// vcek Genoa bootloader=10 tee=0 snp=23 microcode=84
	// certificate 2 (ASK): signatureValue at offset 0x48d: expected a signature by the anchor, got another [CHN-51]
}
