package demo

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// Attest fetches the evidence from a server as attest does, over the connection
// whose key it then holds against it.
func Attest(ctx context.Context, enclave *attesttest.Enclave, now time.Time) (*attest.Audit, error) {
	server, err := enclave.Serve(nil)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	verifier, err := enclave.Verifier()
	if err != nil {
		return nil, err
	}
	crl := func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
		return enclave.Evidence().CRLs[0], nil
	}
	direct := func(*http.Request) (*url.URL, error) { return nil, nil } // no proxy
	t, err := transport.New(server.URL, transport.Config{Verifier: verifier, BundleURL: server.BundleURL, WebRoots: enclave.WebRoots(), Revocation: crl, Proxy: direct})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	e, err := t.Collect(ctx)
	if err != nil {
		return nil, err
	}
	return verifier.Audit(e.Evidence, now), nil
}
