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
	"github.com/tresorhq/attest/transport"
)

// netFlags are the flags of every command that may use the network.
type netFlags struct {
	caFile  string
	timeout time.Duration
	pool    *x509.CertPool // of caFile, once it was read: standard input is read once
}

func netDocs() []flagDoc {
	return []flagDoc{
		{help: "The network"},
		{"timeout", "DURATION", "bounds the whole run (default 30s)"},
		{"ca-file", "FILE", "further web roots, PEM or DER"},
	}
}

func (n *netFlags) declare(fs *flagSet) {
	n.timeout = 30 * time.Second
	fs.text(&n.caFile, "ca-file")
	fs.custom("timeout", duration(&n.timeout))
}

// duration parses a time span above zero.
func duration(p *time.Duration) func(string) error {
	return func(s string) (err error) {
		if *p, err = time.ParseDuration(s); err == nil && *p <= 0 {
			err = errors.New("not above zero")
		}
		return err
	}
}

// webRoots returns the system's web roots with those of --ca-file; nil: just the
// system's.
func (n *netFlags) webRoots(w world) (*x509.CertPool, error) {
	if n.caFile == "" || n.pool != nil {
		return n.pool, nil
	}
	b, err := w.read(n.caFile, maxCertFile)
	if err != nil {
		return nil, usagef("--ca-file: %v", err)
	}
	certs, err := webCertificates(b)
	if err != nil {
		return nil, usagef("--ca-file %s: %v", n.caFile, err)
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
// counts: one that can not be read would be a root that somebody misses.
func webCertificates(b []byte) ([]*x509.Certificate, error) {
	blocks := bytes.Count(b, []byte("-----BEGIN"))
	if blocks == 0 {
		cert, err := x509.ParseCertificate(b)
		return []*x509.Certificate{cert}, err
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %q, not CERTIFICATE", short(block.Type))
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
func (n *netFlags) fetch(ctx context.Context, w world, flag, what, address string) ([]byte, error) {
	roots, err := n.webRoots(w)
	if err != nil {
		return nil, err
	}
	defer w.slow("fetching the %s of --%s, for %v at most", what, flag, n.timeout)()
	b, err := transport.Fetch(ctx, what, address, transport.Config{WebRoots: roots, AttestTimeout: n.timeout})
	var refusal attest.AttestationError
	switch {
	case errors.As(err, &refusal):
		return nil, &advised{error: err, where: inFetch}
	case err != nil:
		return nil, usagef("--%s: %v", flag, err)
	}
	return b, nil
}
