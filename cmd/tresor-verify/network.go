package main

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// netFlags are the flags of every command that may use the network.
type netFlags struct {
	caFile  string
	timeout time.Duration
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
	if n.caFile == "" {
		return nil, nil
	}
	b, err := w.read(n.caFile, maxCertFile)
	if err != nil {
		return nil, usagef("--ca-file: %v", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if pool.AppendCertsFromPEM(b) {
		return pool, nil
	}
	cert, err := x509.ParseCertificate(b)
	if err != nil {
		return nil, usagef("--ca-file %s: no certificate in it: %v", n.caFile, err)
	}
	pool.AddCert(cert)
	return pool, nil
}

// fetch gets a document by the rules of trust bundles.
func (n *netFlags) fetch(ctx context.Context, w world, flag, what, address string) ([]byte, error) {
	roots, err := n.webRoots(w)
	if err != nil {
		return nil, err
	}
	b, err := transport.Fetch(ctx, what, address, transport.Config{WebRoots: roots, AttestTimeout: n.timeout})
	var refusal attest.AttestationError
	if err != nil && !errors.As(err, &refusal) {
		return nil, usagef("--%s: %v", flag, err)
	}
	return b, err
}
