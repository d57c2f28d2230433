// Command auditor verifies a report by itself and prints the document that
// "tresor-verify report --json" prints, byte for byte:
//
//	auditor REPORT CERTS AMD-ROOT TIME
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: auditor REPORT CERTS AMD-ROOT TIME")
	}
	report, certs, root := read(os.Args[1]), read(os.Args[2]), read(os.Args[3])
	at, err := time.Parse(time.RFC3339, os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	arks, err := form.SplitCertificates(root)
	if err != nil {
		log.Fatal(err)
	}
	roots, err := certchain.NewRoots(arks...)
	if err != nil {
		log.Fatal(err)
	}
	demands := policy.Default()
	verifier, err := attest.NewReportVerifier(attest.ReportConfig{Policy: demands, AMDRoots: roots})
	if err != nil {
		log.Fatal(err)
	}
	audit := verifier.Audit(attest.ReportEvidence{Report: report, Certificates: [][]byte{certs}}, at)
	document := verdict.New(audit, verdict.Frame{Tool: "tresor-verify 0.1.0", Mode: "offline", At: at, TimeSource: "given", Relaxed: demands.Relaxed(), Enforced: verdict.Enforced(demands)})
	document.Subject = &verdict.Subject{Files: []verdict.File{file("report", os.Args[1], report, "raw"), file("certs", os.Args[2], certs, "pem")}}
	fmt.Print(document.JSON())
	os.Exit(document.ExitCode)
}

func file(flag, name string, b []byte, carrier string) verdict.File {
	return verdict.File{Flag: flag, Name: name, SHA256: fmt.Sprintf("%x", sha256.Sum256(b)), Carrier: carrier}
}

func read(name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	return b
}
