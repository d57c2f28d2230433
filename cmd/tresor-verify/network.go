package main

import (
	"bytes"
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
func (n *netFlags) webRoots(r *reading) *x509.CertPool {
	if n.caFile != "" && n.pool == nil {
		n.pool = configured(r, "ca-file", n.caFile, maxCertFile, systemRootsWith)
	}
	return n.pool
}

// systemRootsWith reads PEM with one or more certificates, or one in DER. Text
// around the blocks is passed over, as RFC 7468 section 2 has it, but every block
// counts: one that can not be read would be a root that is missing.
func systemRootsWith(b []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	add := func(der []byte) error {
		cert, err := x509.ParseCertificate(der)
		if err == nil {
			pool.AddCert(cert)
		}
		return err
	}
	blocks, read := bytes.Count(b, []byte("-----BEGIN")), 0
	if blocks == 0 {
		return pool, add(b)
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %q, not CERTIFICATE", printable.Short(block.Type))
		}
		if err := add(block.Bytes); err != nil {
			return nil, err
		}
		read++
	}
	if read != blocks {
		return nil, fmt.Errorf("%d PEM blocks, of which %d can be read", blocks, read)
	}
	return pool, nil
}

// fetch gets a document by the rules of trust bundles.
func (n *netFlags) fetch(r *reading, flag, what, address string) []byte {
	roots := n.webRoots(r)
	if r.err != nil {
		return nil
	}
	defer r.Slow("fetching the %s of --%s, for %v at most", what, flag, n.timeout)()
	b, err := transport.Fetch(r.ctx, what, address, transport.Config{WebRoots: roots, AttestTimeout: n.timeout})
	if _, refused := errors.AsType[attest.AttestationError](err); refused {
		r.fail(advice.About(err, "", advice.InFetch))
	} else if err != nil {
		r.fail(cli.Usagef("--%s: %v", flag, err))
	}
	return b
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
func (k *kdsFlags) client(r *reading, what string) *collateral.Client {
	note := r.Note
	client, err := kds.NewClient(kds.Config{
		Base: k.base, CacheDir: k.cache, Timeout: k.timeout, WebRoots: k.webRoots(r),
		Wait: func(d time.Duration, reason string) { note("waiting %v: %s", d.Round(time.Millisecond), reason) },
		Warn: func(err error) { note("cache: %v", err) },
	})
	r.usage("--kds-url: %v", err)
	return &collateral.Client{KDS: client, What: what, Note: note, Slow: r.Slow}
}
