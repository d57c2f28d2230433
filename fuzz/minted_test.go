package fuzz

import (
	"crypto/ed25519"
	"errors"
	"sync"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/policy"
)

// A minted endpoint has authorities of this test's: everything can be signed anew.
type minted struct{ *document.Endpoint }

func newMinted(product string, version uint32) *minted {
	m := &minted{document.NewEndpoint(mint.Evidence(product, version, "vcek"))}
	m.Bundle.Sign = document.EdDSA(release)
	return m
}

// evidence encodes and signs everything, innermost first.
func (m *minted) evidence() attest.Evidence {
	m.Sign()
	crl := mint.CRL(m.Product)
	return attest.Evidence{
		Envelope: m.Seal(), Bundle: m.Bundle.Encode(), LiveSPKI: m.SPKI,
		CRLs: [][]byte{crl.Encode(mint.CAKey("ARK-" + m.Product))},
	}
}

// mintedRoots returns the synthetic roots of all products.
var mintedRoots = sync.OnceValue(func() *certchain.Roots {
	var arks [][]byte
	for _, p := range mint.Products {
		arks = append(arks, mint.CACert("ARK-"+p))
	}
	return must(certchain.NewRoots(arks...))
})

// config accepts the endpoint.
func (m *minted) config() attest.Config {
	return attest.Config{Policy: policy.Default(), AMDRoots: mintedRoots(), Workload: "router", RequireCRL: true}
}

func verifier(c attest.Config) *attest.Verifier {
	return must(attest.NewVerifier([]ed25519.PublicKey{release.Public().(ed25519.PublicKey)}, c))
}

// with returns an envelope with another value of a member.
func with(o document.Object, name string, value any) []byte {
	changed := o.Clone()
	changed.Set(name, value)
	return changed.Text()
}

// wantError checks the type and, unless it is empty, the rule of a refusal.
func wantError(t *testing.T, err error, typ, rule string) {
	t.Helper()
	var a attest.AttestationError
	if !errors.As(err, &a) || attest.ErrorType(a) != typ || rule != "" && a.Requirement() != rule {
		t.Errorf("%v, want %s of %s", err, typ, rule)
	}
}
