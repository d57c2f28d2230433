package transport_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
)

// An ordinary client, against a synthetic enclave.
func ExampleNew() {
	enclave, err := attesttest.New(attesttest.Config{})
	if err != nil {
		panic(err)
	}
	server, err := enclave.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	if err != nil {
		panic(err)
	}
	defer server.Close()

	t, err := transport.New(server.URL, transport.Config{
		ReleaseRoots: []ed25519.PublicKey{enclave.ReleaseRoot()},
		BundleURL:    server.BundleURL,
		WebRoots:     enclave.WebRoots(),                                                                   // a test CA
		Demands:      attest.Config{Policy: policy.Default(), AMDRoots: enclave.VerifierConfig().AMDRoots}, // synthetic AMD roots
	})
	if err != nil {
		panic(err)
	}
	defer t.Close()
	client := &http.Client{Transport: t}

	res, err := client.Get(server.URL + "/")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	result, _ := transport.ResultOf(res)
	fmt.Printf("%s from the workload %q, trust bundle version %d\n", body, result.Workload, result.Bundle.Version)
	// Output: hello from the workload "router", trust bundle version 17
}

// A server whose key is not the attested one gets nothing.
func ExampleNew_refused() {
	enclave, err := attesttest.New(attesttest.Config{}, attesttest.LiveKey)
	if err != nil {
		panic(err)
	}
	server, err := enclave.Serve(nil)
	if err != nil {
		panic(err)
	}
	defer server.Close()
	t, err := transport.New(server.URL, transport.Config{
		ReleaseRoots: []ed25519.PublicKey{enclave.ReleaseRoot()},
		BundleURL:    server.BundleURL,
		WebRoots:     enclave.WebRoots(),
		Demands:      attest.Config{Policy: policy.Default(), AMDRoots: enclave.VerifierConfig().AMDRoots},
	})
	if err != nil {
		panic(err)
	}
	defer t.Close()

	_, err = (&http.Client{Transport: t}).Get(server.URL + "/")
	var refused attest.AttestationError
	fmt.Println(errors.As(err, &refused), refused.Requirement())
	// Output: true BIN-10
}
