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
func (f *attestFlags) live(r *reading, v *attest.Verifier) *capture.Evidence {
	config := f.connection(r)
	if r.err != nil {
		return nil
	}
	config.Verifier = v
	t, err := transport.New(f.url, config)
	if err != nil {
		r.fail(cli.Usagef("--url: %v", err))
		return nil
	}
	defer t.Close()
	defer r.Slow("asking %s for its evidence, for %v at most", f.url, f.timeout)()
	e, err := t.Collect(r.ctx)
	r.fail(err)
	return (*capture.Evidence)(e)
}

// connection says how to reach an endpoint and what else is needed to judge it.
func (f *endpointFlags) connection(r *reading) transport.Config {
	config := transport.Config{BundleURL: f.bundleURL, AttestTimeout: f.timeout}
	if f.bundle != "" {
		config.Bundle = f.readBundle(r)
		if len(config.Bundle) == 0 {
			r.fail(verdict.Unavailable("--bundle", errors.New(f.bundle+": the file is empty")))
		}
	}
	config.WebRoots = f.webRoots(r)
	client := f.client(r, "--crl fetch")
	switch f.crl {
	case "":
	case "fetch":
		config.Revocation = func(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
			return client.Fetch(ctx, kds.CRL(p, key), collateral.IsCRL)
		}
	default:
		crl := readCRL(r, f.crl)
		config.Revocation = func(ctx context.Context, _ snpreport.Product, _ snpreport.SigningKey) ([]byte, error) {
			if f.crl == "-" {
				return crl, nil
			}
			again := &reading{Call: r.Call, ctx: ctx} // a day later it may have been replaced
			return readCRL(again, f.crl), again.err
		}
	}
	return config
}
