package receipt_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
)

// A receipt is held against the request that it is said to be for, and what it
// embeds against the pinned release root.
func Example() {
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	e, err := attesttest.New(attesttest.Config{Seed: "example", Now: at})
	if err != nil {
		fmt.Println(err)
		return
	}
	prompt := []byte(`{"messages":[]}`)
	compact, jwks := e.Receipt(prompt, []byte(`{"choices":[]}`)) // from the service, and its key set

	keys, err := jws.ParseJWKS(jwks)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := receipt.NewVerifier(receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := v.Verify(receipt.Evidence{Receipt: compact, Request: prompt}, at)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.RequestedRoute, "was answered by", r.RoutedModel, "under trust bundle", r.Router.Bundle.Version)
	for _, n := range r.NotChecked {
		fmt.Println("not checked:", n.Name)
	}

	_, err = v.Verify(receipt.Evidence{Receipt: compact, Request: []byte("another")}, at)
	var other *receipt.ReceiptDigestMismatchError
	fmt.Println(errors.As(err, &other), other.Requirement())
	// Output:
	// auto was answered by example-model under trust bundle 17
	// not checked: age
	// not checked: response_digest
	// not checked: inference_attestation
	// not checked: router_attestation.bundle_rollback
	// not checked: router_attestation.bundle_validity
	// not checked: router_attestation.manifest_signature
	// not checked: hardware evidence
	// not checked: revocation
	// true RCP-40
}
