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
	config, err := f.connection(w, u)
	if err != nil {
		return nil, err
	}
	config.Verifier = v
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
	return &collected{evidence: e.Evidence, origin: e.Origin, fetchedAt: e.FetchedAt, leaf: e.LeafDER}, nil
}

// connection says how to reach an endpoint and what else is needed to judge it.
func (f *attestFlags) connection(w world, u *ui) (transport.Config, error) {
	config := transport.Config{BundleURL: f.bundleURL, AttestTimeout: f.timeout}
	var err error
	if f.bundle != "" {
		if config.Bundle, err = f.readBundle(w); err != nil {
			return config, err
		}
	}
	if config.WebRoots, err = f.webRoots(w); err != nil {
		return config, err
	}
	client, err := f.client(w, u)
	if err != nil {
		return config, err
	}
	switch f.crl {
	case "":
	case "fetch":
		config.Revocation = func(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
			return client.Fetch(ctx, kds.CRL(p, key), isCRL)
		}
	default:
		crl, err := readCRL(w, f.crl)
		if err != nil {
			return config, err
		}
		config.Revocation = func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
			if f.crl == "-" {
				return crl, nil
			}
			return readCRL(w, f.crl) // a day later it may have been replaced
		}
	}
	return config, nil
}
