package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/transport"
)

// netFlags are the flags of every command that may use the network.
type netFlags struct {
	caFile  string
	timeout time.Duration
	pool    *x509.CertPool // of caFile, once it was read: standard input is read once
}

func (n *netFlags) rows() []cli.Flag {
	n.timeout = 30 * time.Second
	return []cli.Flag{
		cli.Heading("The network"),
		cli.Row("timeout", "DURATION", "bounds the whole run (default 30s)", cli.Duration(&n.timeout)),
		cli.Row("ca-file", "FILE", "further web roots, PEM or DER", cli.Text(&n.caFile)),
	}
}

// webRoots returns the system's web roots with those of --ca-file; nil: just the
// system's.
func (n *netFlags) webRoots(ctx context.Context, c *cli.Call) (*x509.CertPool, error) {
	if n.caFile == "" || n.pool != nil {
		return n.pool, nil
	}
	b, err := c.ReadConfig(ctx, "ca-file", n.caFile, maxCertFile)
	if err != nil {
		return nil, cli.Usagef("--ca-file: %v", err)
	}
	certs, err := webCertificates(b)
	if err != nil {
		return nil, cli.Usagef("--ca-file %s: %v", n.caFile, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	n.pool = pool
	return pool, nil
}

// webCertificates reads PEM with one or more certificates, or one in DER. Text
// around the blocks is passed over, as RFC 7468 section 2 has it, but every block
// counts: one that can not be read would be a root that is missing.
func webCertificates(b []byte) ([]*x509.Certificate, error) {
	blocks := bytes.Count(b, []byte("-----BEGIN"))
	if blocks == 0 {
		cert, err := x509.ParseCertificate(b)
		return []*x509.Certificate{cert}, err
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %q, not CERTIFICATE", printable.Short(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	if len(certs) != blocks {
		return nil, fmt.Errorf("%d PEM blocks, of which %d can be read", blocks, len(certs))
	}
	return certs, nil
}

// fetch gets a document by the rules of trust bundles.
func (n *netFlags) fetch(ctx context.Context, c *cli.Call, flag, what, address string) ([]byte, error) {
	roots, err := n.webRoots(ctx, c)
	if err != nil {
		return nil, err
	}
	defer c.Slow("fetching the %s of --%s, for %v at most", what, flag, n.timeout)()
	b, err := transport.Fetch(ctx, what, address, transport.Config{WebRoots: roots, AttestTimeout: n.timeout})
	var refusal attest.AttestationError
	switch {
	case errors.As(err, &refusal):
		return nil, advice.About(err, "", advice.InFetch)
	case err != nil:
		return nil, cli.Usagef("--%s: %v", flag, err)
	}
	return b, nil
}

// kdsFlags say where collateral is fetched from.
type kdsFlags struct {
	netFlags
	base  string
	cache string
}

func (k *kdsFlags) rows() []cli.Flag {
	k.base = kds.DefaultBase
	return append(k.netFlags.rows(),
		cli.Row("kds-url", "URL", "a mirror of AMD's key server", cli.Text(&k.base)),
		cli.Row("cache", "DIR", "keep what the key server sends", cli.Text(&k.cache)),
	)
}

// client returns what asks the key server. what names the flag or command that asks.
func (k *kdsFlags) client(ctx context.Context, c *cli.Call, what string) (*collateral.Client, error) {
	config := kds.Config{
		Base: k.base, CacheDir: k.cache, Timeout: k.timeout,
		Wait: func(d time.Duration, reason string) { c.Note("waiting %v: %s", d.Round(time.Millisecond), reason) },
		Warn: func(err error) { c.Note("cache: %v", err) },
	}
	var err error
	if config.WebRoots, err = k.webRoots(ctx, c); err != nil {
		return nil, err
	}
	client, err := kds.NewClient(config)
	if err != nil {
		return nil, cli.Usagef("--kds-url: %v", err)
	}
	return &collateral.Client{KDS: client, What: what, Note: c.Note, Slow: c.Slow}, nil
}
