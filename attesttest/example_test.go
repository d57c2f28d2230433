package attesttest_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
)

// The evidence of an enclave with which nothing is wrong, judged by a verifier
// that was set up by hand.
func ExampleNew() {
	e, err := attesttest.New(attesttest.Config{Workload: "router"})
	if err != nil {
		panic(err)
	}
	roots, err := certchain.NewRoots(e.AMDRoot())
	if err != nil {
		panic(err)
	}
	v, err := attest.NewVerifier([]ed25519.PublicKey{e.ReleaseRoot()}, attest.Config{Policy: policy.Default(), AMDRoots: roots})
	if err != nil {
		panic(err)
	}
	result, err := v.Verify(e.Evidence(), e.Now())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Workload, result.Manifest.Version)
	// Output: router v1.42.3
}

// Something else was launched. The error says what.
func ExampleFault() {
	e, err := attesttest.New(attesttest.Config{}, attesttest.Measurement)
	if err != nil {
		panic(err)
	}
	v, err := e.Verifier()
	if err != nil {
		panic(err)
	}
	_, err = v.Verify(e.Evidence(), e.Now())
	var refused *attest.MeasurementNotAllowedError
	fmt.Println(errors.As(err, &refused), refused.Measurement[:16])
	// Output: true c9625fa883f09bec
}

// An attested endpoint, and a client that looks at the key of its connection.
func ExampleEnclave_Serve() {
	e, err := attesttest.New(attesttest.Config{})
	if err != nil {
		panic(err)
	}
	server, err := e.Serve(nil)
	if err != nil {
		panic(err)
	}
	defer server.Close()

	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.WebRoots()}}
	defer transport.CloseIdleConnections()
	get := func(url string) (body []byte, spki [32]byte) {
		response, err := (&http.Client{Transport: transport}).Get(url)
		if err != nil {
			panic(err)
		}
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
		if err != nil {
			panic(err)
		}
		return body, sha256.Sum256(response.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)
	}
	evidence := e.Evidence() // for its CRL
	evidence.Envelope, evidence.LiveSPKI = get(server.URL + "/attestation")
	evidence.Bundle, _ = get(server.BundleURL)

	v, err := e.Verifier()
	if err != nil {
		panic(err)
	}
	result, err := v.Verify(evidence, e.Now())
	fmt.Println(result != nil, err)
	// Output: true <nil>
}
