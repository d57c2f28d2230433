package attest_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
)

// A report and its certificates, from files. Real hardware needs no roots here:
// AMD's are built in.
func ExampleReportVerifier() {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/sample/" + name)
		if err != nil {
			log.Fatal(err)
		}
		return b
	}
	synthetic, err := form.SplitCertificates(read("ark.pem"))
	if err != nil {
		log.Fatal(err)
	}
	roots, err := certchain.NewRoots(synthetic...)
	if err != nil {
		log.Fatal(err)
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: roots})
	if err != nil {
		log.Fatal(err)
	}
	result, err := v.Verify(attest.ReportEvidence{
		Report:       read("report.bin"),
		Certificates: [][]byte{read("chain.pem")},
	}, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Chain.Product, result.Chain.TCB)
	// Output: Genoa bootloader=10 tee=0 snp=23 microcode=84
}

// An endpoint's evidence, all of it: envelope, trust bundle and the key that was
// seen on the connection. The kit attesttest stands in for the endpoint.
func ExampleVerifier() {
	enclave, err := attesttest.New(attesttest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	roots, err := certchain.NewRoots(enclave.AMDRoot())
	if err != nil {
		log.Fatal(err)
	}
	v, err := attest.NewVerifier([]ed25519.PublicKey{enclave.ReleaseRoot()}, attest.Config{
		Policy:   policy.Default(),
		AMDRoots: roots, // leave out for real hardware
		Workload: "router",
		Memory:   attest.NewBundleMemory(),
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := v.Verify(enclave.Evidence(), enclave.Now())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Workload, "bundle", result.Bundle.Version)
	// Output: router bundle 17
}

// Refusals are typed: by what is wrong, and by the rule of SPEC.md.
func ExampleAttestationError() {
	enclave, err := attesttest.New(attesttest.Config{}, attesttest.Measurement)
	if err != nil {
		log.Fatal(err)
	}
	v, err := enclave.Verifier()
	if err != nil {
		log.Fatal(err)
	}
	_, err = v.Verify(enclave.Evidence(), enclave.Now())

	var m *attest.MeasurementNotAllowedError
	if errors.As(err, &m) {
		fmt.Println("measured", len(m.Measurement)/2, "bytes, allowed:", len(m.Allowed))
	}
	var a attest.AttestationError
	if errors.As(err, &a) {
		fmt.Println(attest.ErrorType(a), "by rule", a.Requirement())
	}
	// Output:
	// measured 48 bytes, allowed: 1
	// MeasurementNotAllowedError by rule POL-02
}
