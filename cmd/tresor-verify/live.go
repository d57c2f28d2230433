package main

import (
	"context"
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// live fetches the evidence of an endpoint, over the connection whose key is
// then held against it.
func (f *attestFlags) live(ctx context.Context, c *cli.Call, v *attest.Verifier) (*capture.Evidence, error) {
	config, err := f.connection(ctx, c)
	if err != nil {
		return nil, err
	}
	config.Verifier = v
	t, err := transport.New(f.url, config)
	if err != nil {
		return nil, cli.Usagef("--url: %v", err)
	}
	defer t.Close()
	done := c.Slow("asking %s for its evidence, for %v at most", f.url, f.timeout)
	e, err := t.Collect(ctx)
	done()
	if err != nil {
		return nil, err
	}
	return (*capture.Evidence)(e), nil
}

// connection says how to reach an endpoint and what else is needed to judge it.
func (f *endpointFlags) connection(ctx context.Context, c *cli.Call) (transport.Config, error) {
	config := transport.Config{BundleURL: f.bundleURL, AttestTimeout: f.timeout}
	var err error
	if f.bundle != "" {
		config.Bundle, err = f.readBundle(ctx, c)
		if err == nil && len(config.Bundle) == 0 {
			err = verdict.Unavailable("--bundle", errors.New(f.bundle+": the file is empty"))
		}
		if err != nil {
			return config, err
		}
	}
	if config.WebRoots, err = f.webRoots(ctx, c); err != nil {
		return config, err
	}
	client, err := f.client(ctx, c, "--crl fetch")
	if err != nil {
		return config, err
	}
	switch f.crl {
	case "":
	case "fetch":
		config.Revocation = func(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
			return client.Fetch(ctx, kds.CRL(p, key), collateral.IsCRL)
		}
	default:
		crl, err := readCRL(ctx, c, f.crl)
		if err != nil {
			return config, err
		}
		config.Revocation = func(ctx context.Context, _ snpreport.Product, _ snpreport.SigningKey) ([]byte, error) {
			if f.crl == "-" {
				return crl, nil
			}
			return readCRL(ctx, c, f.crl) // a day later it may have been replaced
		}
	}
	return config, nil
}
