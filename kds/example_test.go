package kds_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
)

// A mirror of the key server that answers for every chip.
func Example() {
	report := &snpreport.Report{
		Version:     3,
		CPUID:       snpreport.CPUID{Family: 0x1a, Model: 0x02, Stepping: 1},
		ReportedTCB: snpreport.TCBVersion{0: 2, 1: 4, 2: 1, 3: 7, 7: 81},
		ChipID:      [64]byte{0xc0, 0xff, 0xee, 0, 0, 0, 0, 1},
	}
	mirror := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := kds.ParseURL(kds.DefaultBase + r.RequestURI); err != nil {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, "(the bytes of %s)", r.URL.Path)
	}))
	defer mirror.Close()

	roots := x509.NewCertPool()
	roots.AddCert(mirror.Certificate())
	client, err := kds.NewClient(kds.Config{
		Base:     mirror.URL, // usually kds.DefaultBase, with the system's roots
		WebRoots: roots,
		Wait:     func(d time.Duration, reason string) { fmt.Printf("waiting %v: %s\n", d, reason) }, // when it is busy
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	vcek, err := kds.VCEKFor(report, snpreport.Turin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vcek.URL(kds.DefaultBase))
	for _, r := range []kds.Request{vcek, kds.CertChain(snpreport.Turin, snpreport.VCEK)} {
		b, err := client.Fetch(context.Background(), r)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", b)
	}

	report.ChipID = [64]byte{}
	_, err = kds.VCEKFor(report, snpreport.Turin)
	fmt.Println(err)
	// Output:
	// https://kdsintf.amd.com/vcek/v1/Turin/c0ffee0000000001?fmcSPL=2&blSPL=4&teeSPL=1&snpSPL=7&ucodeSPL=81
	// (the bytes of /vcek/v1/Turin/c0ffee0000000001)
	// (the bytes of /vcek/v1/Turin/cert_chain)
	// CHIP_ID: expected the id of a chip, got 64 zero bytes: the host masks it, so the certificate has to come with the evidence [KDS-04]
}
