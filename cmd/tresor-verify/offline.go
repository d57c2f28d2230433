package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/verdict"
)

// replay reads what --save wrote.
func (f *attestFlags) replay(ctx context.Context, c *cli.Call) (*capture.Evidence, error) {
	b, err := c.ReadEvidence(ctx, "evidence", f.evidenceFile, capture.MaxEvidenceFile)
	if err != nil {
		return nil, verdict.Unavailable("--evidence", err)
	}
	e, err := capture.ParseEvidence(cli.TrimLine(b))
	if err != nil {
		return nil, verdict.Unavailable("--evidence "+f.evidenceFile, err)
	}
	c.Subject.ClaimedOrigin = e.Origin
	return e, nil
}

// offline reads the evidence from files.
func (f *attestFlags) offline(ctx context.Context, c *cli.Call) (*capture.Evidence, error) {
	fr, err := f.frame(c, nil) // what is saved must verify again as it did now
	if err != nil {
		return nil, err
	}
	e := &capture.Evidence{FetchedAt: fr.At}
	if e.Envelope, err = c.ReadEvidence(ctx, "envelope", f.envelope, maxFile); err != nil {
		return nil, verdict.Unavailable("--envelope", err)
	}
	if e.Bundle, err = f.readBundle(ctx, c); err != nil {
		return nil, err
	}
	e.Envelope = cli.TrimLine(e.Envelope)
	return e, f.liveKey(ctx, c, e)
}

// revocation adds the CRL that --crl names to evidence from files.
func (f *attestFlags) revocation(ctx context.Context, c *cli.Call, e *capture.Evidence) error {
	switch f.crl {
	case "":
		return nil
	case "fetch":
		envelope, err := attest.ParseEnvelope(e.Envelope)
		if err != nil {
			return nil // verifying it will say why
		}
		client, err := f.client(ctx, c, "--crl fetch")
		if err != nil {
			return err
		}
		outline, err := collateral.Parse(attest.ReportEvidence{Report: envelope.Report, Certificates: [][]byte{envelope.ChainPEM}})
		if err != nil {
			return nil // as above
		}
		crls, err := client.CRLs(ctx, outline)
		e.CRLs = append(e.CRLs, crls...)
		return err
	}
	crl, err := readCRL(ctx, c, f.crl)
	e.CRLs = append(e.CRLs, crl)
	return err
}

func (f *endpointFlags) readBundle(ctx context.Context, c *cli.Call) ([]byte, error) {
	b, err := c.ReadEvidence(ctx, "bundle", f.bundle, maxFile)
	if err != nil {
		return nil, verdict.Unavailable("--bundle", err)
	}
	return cli.TrimLine(b), nil
}

// liveKey reads the key that was seen on the connection.
func (f *attestFlags) liveKey(ctx context.Context, c *cli.Call, e *capture.Evidence) error {
	if f.spki != "" {
		var ok bool
		if e.LiveSPKI, ok = strictjson.ParseHex[[32]byte](f.spki); !ok {
			return cli.Usagef("--spki is 64 lower-case hex digits")
		}
		return nil
	}
	b, err := c.ReadEvidence(ctx, "cert", f.cert, maxCertFile)
	if err != nil {
		return verdict.Unavailable("--cert", err)
	}
	if bytes.HasPrefix(b, []byte("-----BEGIN")) {
		const end = "-----END CERTIFICATE-----"
		first, _, _ := bytes.Cut(b, []byte(end))                                       // the rest of a chain does not count
		ders, err := certchain.SplitPEM(append(first[:len(first):len(first)], end...)) // strictly: a block that was passed over would make another the leaf
		if err != nil {
			return verdict.Unavailable("--cert", err)
		}
		b = ders[0]
	}
	leaf, err := x509.ParseCertificate(b)
	if err != nil {
		return verdict.Unavailable("--cert", errors.New("no certificate in it: "+err.Error()))
	}
	e.LeafDER, e.LiveSPKI = leaf.Raw, sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return nil
}
