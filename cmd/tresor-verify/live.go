package main

import (
	"context"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// live fetches the evidence of an endpoint, over the connection whose key is
// then held against it.
func (f *attestFlags) live(ctx context.Context, w world, u *ui, v *attest.Verifier) (*collected, error) {
	config := transport.Config{Verifier: v, BundleURL: f.bundleURL, AttestTimeout: f.timeout}
	var crl []byte
	var err error
	if f.bundle != "" {
		if config.Bundle, err = f.readBundle(w); err != nil {
			return nil, err
		}
	}
	if config.WebRoots, err = f.webRoots(w); err != nil {
		return nil, err
	}
	client, err := f.client(w, u)
	if err != nil {
		return nil, err
	}
	switch f.crl {
	case "":
	case "fetch":
		config.Revocation = func(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
			return client.Fetch(ctx, kds.CRL(p, key), isCRL)
		}
	default:
		if crl, err = readCRL(w, f.crl); err != nil {
			return nil, err
		}
	}
	t, err := transport.New(f.url, config)
	if err != nil {
		return nil, usagef("%v", err)
	}
	defer t.Close()
	done := u.slow("asking %s for its evidence, for %v at most", f.url, f.timeout)
	e, err := t.Collect(ctx)
	done()
	if err != nil {
		return nil, err
	}
	if crl != nil {
		e.CRLs = append(e.CRLs, crl)
	}
	return &collected{evidence: e.Evidence, origin: e.Origin, fetchedAt: e.FetchedAt, leaf: e.LeafDER}, nil
}
